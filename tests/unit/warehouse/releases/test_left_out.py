"""Whatever lies in the ledger, a build reads the rest and says what it left out."""

import hashlib
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from warehouse.build.export import ledger_tables, write_build_inputs
from warehouse.build.planning import Inputs
from warehouse.contracts import CONTRACTS_DIR, ContractError, Contracts, load_contracts
from warehouse.contracts.messages import Messages
from warehouse.core.clock import PERIOD_PATTERN
from warehouse.core.paths import Home
from warehouse.ledger import Finding, IncomingFile, Ledger, Submission, Verdict
from warehouse.ledger import schema as t
from warehouse.ledger.database import writing
from warehouse.releases.left_out import LeftOut, Reason, known, summary, why_left_out
from warehouse.storage import lake

NORTH, KYZYLORDA = "590000000", "430000000"
NOON = datetime(2025, 8, 4, 7, tzinfo=UTC)
GONE = "CYB-M"
MONTH = "2025-07"


def contracts_of_today() -> Contracts:
    """Those of the project, without one form and without one message."""
    whole = load_contracts()
    versions = tuple(form for form in whole.form_versions if form.code != GONE)
    messages = {c: m for c, m in whole.messages.by_code.items() if c != "CELL_UNREADABLE"}
    return replace(whole, form_versions=versions, messages=Messages(messages))


TODAY = contracts_of_today()


def is_period(period: str) -> bool:
    """Earlier versions registered months of any year; this one refuses them."""
    return re.fullmatch(PERIOD_PATTERN, period) is not None


@dataclass(frozen=True)
class Entry:
    """What lies in the ledger: its key, and what became of it."""

    form: str = "1-M"
    territory: str = KYZYLORDA
    period: str = MONTH
    fate: str = "accepted"
    version: str = "2022"
    code: str = "CONTROL_RULE_BROKEN"

    @property
    def is_usable(self) -> bool:
        """Told from the key alone, by the lists of this test and not by the contracts."""
        is_form = (self.form == "1-M" and self.period >= "2021-01") or (
            self.form == "LVS-M" and self.period >= "2022-01"
        )
        return is_form and self.territory in {KYZYLORDA, NORTH} and self.period <= "2025-08"

    def put_into(self, home: Home, ledger: Ledger, number: int) -> Submission:
        received_at = NOON + timedelta(minutes=number)
        submission = ledger.register(
            IncomingFile(
                form_code=self.form,
                form_version=self.version,
                territory_kato=self.territory,
                period=self.period if is_period(self.period) else MONTH,
                file_name="1.xlsx",
                file_sha256=hashlib.sha256(f"{self}{number}".encode()).hexdigest(),
                file_size=1,
                received_at=received_at,
            ),
            hold=self.fate in {"held", "withdrawn"},
        ).submission
        if self.fate != "waiting":
            self._judge(home, ledger, submission)
        if not is_period(self.period):
            with writing(ledger.engine) as connection:
                mine = t.submission.c.submission_id == submission.submission_id
                connection.execute(update(t.submission).where(mine).values(period=self.period))
        return ledger.submission(submission.submission_id)

    def _judge(self, home: Home, ledger: Ledger, submission: Submission) -> None:
        is_accepted = self.fate != "rejected"
        cells = pa.table({"section": ["R1"], "line": [1], "column_number": [2], "value": [7.0]})
        ledger.record_verdict(
            submission.submission_id,
            Verdict.ACCEPTED_WITH_WARNINGS if is_accepted else Verdict.REJECTED,
            [Finding(self.code, "warning" if is_accepted else "error", section="R1", line=1)],
            cells=lake.write_cells(home, submission, cells) if is_accepted else None,
            contract_hash="c",
        )
        standing = ledger.submission(submission.submission_id).standing
        if self.fate == "returned" and standing == "counts":
            ledger.send_back(submission.submission_id, by=None, comment="wrong month")
        if self.fate == "withdrawn":
            ledger.withdraw(submission.submission_id, by=None)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{home.ledger_file}") as opened:
        yield opened


GOOD = Entry()
LEFT_OUT: dict[str, tuple[Entry, Reason]] = {
    "junk of no form": (Entry("unknown", "unknown", fate="rejected"), "form_unknown"),
    "junk of no form that waits": (Entry("unknown", fate="waiting"), "form_unknown"),
    "a territory nobody knows": (Entry(territory="unknown", fate="rejected"), "territory_unknown"),
    "a territory that is gone": (Entry(territory="999999999"), "territory_unknown"),
    "a form that is gone": (Entry(GONE), "form_unknown"),
    "a form that is gone, refused": (Entry(GONE, fate="rejected"), "form_unknown"),
    "a month before every version": (Entry(period="1999-01"), "form_not_in_force"),
    "the first year there is": (Entry(period="0001-01", fate="rejected"), "form_not_in_force"),
    "the last month there is": (Entry(period="9999-12", fate="rejected"), "month_not_begun"),
    "a month to come": (Entry(period="2031-05", fate="rejected"), "month_not_begun"),
}
USABLE = {
    "a version of the form that is gone": Entry(territory=NORTH, version="1899"),
    "a refused report": Entry(territory=NORTH, fate="rejected", version="unknown"),
    "one that waits": Entry(territory=NORTH, fate="waiting"),
    "one that its sender must confirm": Entry(territory=NORTH, fate="held"),
    "one that was returned": Entry(territory=NORTH, fate="returned"),
    "a finding whose message is gone": Entry(territory=NORTH, code="CELL_UNREADABLE"),
    "a finding of no message": Entry(territory=NORTH, code="NO_SUCH_CODE"),
}


def read(ledger: Ledger) -> dict[str, set[str]]:
    """The submissions that the tables of a build hold, by table."""
    snapshot, _ = known(ledger.snapshot(), TODAY)
    tables = ledger_tables(snapshot, TODAY)
    names = ("submissions", "findings", "cell_files")
    return {name: set(tables[name]["submission_id"].to_pylist()) for name in names}


@pytest.mark.parametrize(("entry", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_contracts_do_not_know_is_left_out_and_named(
    home: Home, ledger: Ledger, entry: Entry, reason: Reason
) -> None:
    good, bad = GOOD.put_into(home, ledger, 1), entry.put_into(home, ledger, 2)
    one = {good.submission_id}
    assert read(ledger) == {"submissions": one, "findings": one, "cell_files": one}
    assert why_left_out(bad, TODAY) == reason
    (told,) = summary(ledger.submissions(), TODAY)
    assert told == LeftOut(reason, entry.form, 1, (bad.submission_id,) if bad.in_force else ())


@pytest.mark.parametrize("entry", USABLE.values(), ids=USABLE)
def test_what_contracts_know_is_read_whatever_became_of_it(
    home: Home, ledger: Ledger, entry: Entry
) -> None:
    good, other = GOOD.put_into(home, ledger, 1), entry.put_into(home, ledger, 2)
    assert read(ledger)["submissions"] == {good.submission_id, other.submission_id}
    assert summary(ledger.submissions(), TODAY) == []


def test_with_all_of_it_together_the_rest_is_written_and_the_log_says_what_is_not(
    home: Home, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    good = [GOOD, *USABLE.values()]
    kept = {entry.put_into(home, ledger, n).submission_id for n, entry in enumerate(good)}
    bad = [entry for entry, _ in LEFT_OUT.values()]
    lost = [entry.put_into(home, ledger, n) for n, entry in enumerate(bad, start=100)]
    for submission in lost:
        if submission.cells_path:
            (home.lake / submission.cells_path).unlink()
    directory = home.builds / "b" / "inputs"
    with caplog.at_level(logging.WARNING, "warehouse.build.export"):
        write_build_inputs(home, ledger.snapshot(), TODAY, directory=directory)
    inputs = Inputs.read(directory)
    assert set(inputs.tables["submissions"]["submission_id"].to_pylist()) == kept
    assert inputs.years == (2025,)
    assert all(inputs.tables["findings"]["message_ru"].to_pylist())
    said = {(record.reason, record.form) for record in caplog.records}  # type: ignore[attr-defined]
    assert said == {(reason, entry.form) for entry, reason in LEFT_OUT.values()}


def test_a_form_that_nobody_owes_is_an_error_of_the_contracts(tmp_path: Path) -> None:
    root = Path(shutil.copytree(CONTRACTS_DIR, tmp_path / "contracts"))
    file = root / "calendar.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f"  {GONE}:", "  OTHER:"), encoding="utf-8")
    with pytest.raises(ContractError, match=GONE):
        load_contracts(root)


entries = st.builds(
    Entry,
    form=st.sampled_from(["1-M", "LVS-M", GONE, "unknown", "SNG-0"]),
    territory=st.sampled_from([KYZYLORDA, NORTH, "unknown", "000000001"]),
    period=st.sampled_from([MONTH, "2025-06", "2022-12", "1999-01", "2031-05", "9999-12"]),
    fate=st.sampled_from(["accepted", "rejected", "waiting", "held", "returned", "withdrawn"]),
    version=st.sampled_from(["2022", "1", "1899", "unknown"]),
    code=st.sampled_from(["CONTROL_RULE_BROKEN", "CELL_UNREADABLE", "NO_SUCH_CODE"]),
)


@settings(max_examples=20)
@given(st.lists(entries, min_size=1, max_size=8))
def test_after_every_step_of_any_intake_the_rest_is_exported(steps: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
            usable: set[str] = set()
            for number, step in enumerate(steps):
                put = step.put_into(home, ledger, number)
                usable |= {put.submission_id} if step.is_usable else set()
                snapshot, left = known(ledger.snapshot(), TODAY)
                tables = ledger_tables(snapshot, TODAY)
                assert set(tables["submissions"]["submission_id"].to_pylist()) == usable
                assert set(tables["findings"]["submission_id"].to_pylist()) <= usable
                assert {s.submission_id for s in left} == {
                    s.submission_id for s in ledger.submissions()
                } - usable
