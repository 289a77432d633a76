"""Whatever comes in, and however often a release is built on another, its content is that of a
build of everything from the lake."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.request import Services
from mvd.build import attempts, steps
from tests.tools.object_store import ObjectStore
from warehouse.build.planning import Inputs, Plan, Whole
from warehouse.core.settings import Settings
from warehouse.ledger import Finding, IncomingFile, Verdict
from warehouse.releases import catalogue, verification
from warehouse.storage import lake

REGIONS = ["430000000", "590000000", "610000000"]
PERIODS = ["2022-05", "2022-06", "2023-12", "2024-01", "2024-02", "2025-01", "2025-02"]
START = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Arrival:
    """A file: whose, of which month, its figure, the hour it came, and what became of it."""

    territory: str
    period: str
    value: int
    hour: int
    fate: str = "accepted"


def arrivals() -> st.SearchStrategy[Arrival]:
    """Corrected, refused, late, doubted and returned files of a few regions and months."""
    return st.builds(
        Arrival,
        territory=st.sampled_from(REGIONS),
        period=st.sampled_from(PERIODS),
        value=st.integers(0, 9),
        hour=st.integers(0, 2000),
        fate=st.sampled_from(["accepted", "accepted", "warned", "rejected", "held", "returned"]),
    )


class Installation:
    """A home in which releases are built from arrivals."""

    def __init__(self, root: Path, given: Settings | None = None) -> None:
        self.settings = given or Settings(home=root)
        self.services = Services.open(self.settings)
        self.home = self.services.home

    def receive(self, arrival: Arrival) -> str:
        form = self.services.contracts.forms["1-M"]
        ledger = self.services.ledger
        submission = ledger.register(
            IncomingFile(
                form_code="1-M",
                form_version=form.version,
                territory_kato=arrival.territory,
                period=arrival.period,
                file_name="1.xlsx",
                file_sha256=hashlib.sha256(f"{arrival}".encode()).hexdigest(),
                file_size=1,
                received_at=START + timedelta(hours=arrival.hour),
            ),
            hold=arrival.fate == "held",
        ).submission
        value = float(arrival.value)
        cells = pa.table(
            {
                "section": ["R1", "R1", "R1-1", "R2"],
                "line": [1, 1, 1, 1],
                "column_number": [2, 6, 4, 1],
                "value": [value, value // 2, value, 1.0],
            }
        )
        warning = Finding("CONTROL_RULE_BROKEN", "warning", section="R1", line=1, column=2)
        verdict = {
            "rejected": Verdict.REJECTED,
            "warned": Verdict.ACCEPTED_WITH_WARNINGS,
            "held": Verdict.ACCEPTED_WITH_WARNINGS,
        }.get(arrival.fate, Verdict.ACCEPTED)
        ledger.record_verdict(
            submission.submission_id,
            verdict,
            [warning] if verdict is not Verdict.ACCEPTED else [],
            cells=lake.write_cells(self.home, submission, cells) if verdict.is_accepted else None,
            contract_hash="c",
        )
        found = ledger.submission(submission.submission_id)
        if arrival.fate == "returned" and found.standing == "counts" and verdict.is_accepted:
            ledger.send_back(submission.submission_id, by=None, comment="")
        return submission.submission_id

    def plan(self, *, whole: bool = False) -> Plan:
        """What a build would compute now."""
        with attempts.alone(self.home):
            release_id = steps.begin(self.services)
        return steps.make_plan(self.home, release_id, whole=whole)

    def release(self) -> tuple[Plan, dict[str, str]]:
        """Build and publish; gives the plan and the content hash of every table."""
        with attempts.alone(self.home):
            release_id = steps.begin(self.services)
        plan = steps.make_plan(self.home, release_id)
        built = steps.transform(self.home, release_id, self.settings)
        (self.home.builds / release_id / "gate.json").write_text('{"is_passed": true}')
        assert built.is_successful
        manifest = steps.publish(self.services, release_id, self.settings)
        return plan, {table.name: table.content_hash for table in manifest.tables}

    def rebuilt(self) -> dict[str, str]:
        """Content hashes of a build of the release in force from its inputs and the lake alone."""
        release_id = catalogue.current(self.home)
        assert release_id is not None
        with tempfile.TemporaryDirectory(dir=self.home.root) as folder:
            inputs = verification.rebuild_inputs(self.home, release_id).inputs
            built = steps.run_models(self.home, inputs, Path(folder), self.settings)
            return verification.table_hashes(built.database, self.settings)


pytestmark = pytest.mark.usefixtures("quick_models")

FIRST = [
    Arrival("430000000", "2022-05", 3, 1),
    Arrival("430000000", "2023-12", 4, 2),
    Arrival("590000000", "2024-01", 5, 3),
    Arrival("430000000", "2025-01", 6, 4),
    Arrival("590000000", "2025-01", 7, 5),
]


@pytest.fixture(scope="module")
def founded(quick_models: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a first release of everything, to be copied."""
    here = Installation(tmp_path_factory.mktemp("founded") / "home")
    for arrival in FIRST:
        here.receive(arrival)
    plan, _ = here.release()
    assert (plan.base, plan.reason) == (None, Whole.NO_RELEASE)
    here.services.ledger.close()
    return here.home.root


@contextmanager
def copied(founded: Path) -> Iterator[Installation]:
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(shutil.copytree(founded, Path(folder) / "home", symlinks=True))
        yield here
        here.services.ledger.close()


@pytest.fixture
def here(founded: Path) -> Iterator[Installation]:
    with copied(founded) as opened:
        yield opened


@settings(max_examples=2, deadline=None)
@given(rounds=st.lists(st.lists(arrivals(), min_size=1, max_size=4), min_size=2, max_size=2))
def test_releases_built_on_each_other_equal_a_build_from_the_lake(
    founded: Path, rounds: Sequence[Sequence[Arrival]]
) -> None:
    with copied(founded) as here:
        for batch in rounds:
            for arrival in batch:
                here.receive(arrival)
            _, published = here.release()
        assert published == here.rebuilt()


def test_only_the_year_of_a_correction_and_the_one_after_are_computed(here: Installation) -> None:
    here.receive(Arrival("590000000", "2024-01", 9, 6))
    first, _ = here.release()
    here.receive(Arrival("430000000", "2025-02", 9, 7))
    second, published = here.release()

    assert (first.years, first.context, first.base) == ((2024, 2025), (2023,), "r000001")
    assert (second.years, second.context, second.base) == ((2025,), (2024,), "r000002")
    assert published == here.rebuilt()
    manifest = catalogue.read_manifest(here.home)
    assert (manifest.base, manifest.years) == ("r000002", [2025])


def test_a_machine_with_nothing_but_the_ledger_and_the_store_goes_on_and_rebuilds_the_same(
    store_server: ObjectStore, tmp_path: Path
) -> None:
    def machine(name: str) -> Installation:
        """A new one; only the ledger is shared."""
        ledger = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        given = store_server.settings(tmp_path / name, "partial-builds", ledger_url=ledger)
        return Installation(tmp_path / name, given)

    first = machine("first")
    for arrival in FIRST:
        first.receive(arrival)
    first.release()
    second = machine("second")
    second.receive(Arrival("430000000", "2025-02", 9, 7))
    plan, published = second.release()
    third = machine("third")

    assert (plan.years, plan.base) == ((2025,), "r000001")
    assert catalogue.current(first.home) == "r000001"
    assert catalogue.catch_up(third.home) == "r000002"
    assert third.rebuilt() == published
    assert verification.verify(third.home, "r000001", third.settings, third.services.ledger) == []
    for each in (first, second, third):
        each.services.ledger.close()


def test_what_is_returned_is_gone_and_its_year_with_it(here: Installation) -> None:
    (early,) = here.services.ledger.submissions(period="2022-05")
    here.services.ledger.send_back(early.submission_id, by=None, comment="")
    plan, published = here.release()

    assert (plan.years, plan.base) == ((2022, 2023), "r000001")
    assert published == here.rebuilt()


def test_damaged_extracts_are_made_again_from_the_lake(here: Installation) -> None:
    here.receive(Arrival("430000000", "2025-02", 8, 6))
    here.release()
    for file in here.home.extracts.rglob("*.parquet"):
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-20])
    here.receive(Arrival("430000000", "2025-02", 9, 7))
    plan, published = here.release()

    assert plan.base == "r000002"
    assert published == here.rebuilt()


def coordinates(folder: Path) -> set[tuple[str, int, int]]:
    """Section, line and column of every cell in the files of a folder."""
    return {
        (row["section"], row["line"], row["graph"])
        for file in folder.rglob("*.parquet")
        for row in pq.ParquetFile(file).read().to_pylist()
    }


def test_models_read_no_cell_but_those_at_needed_coordinates(here: Installation) -> None:
    here.receive(Arrival("430000000", "2025-02", 8, 6))
    here.release()
    tables = Inputs.read(catalogue.directory(here.home) / "inputs").tables
    needed = {
        (row["section"], row["line"], row["column_number"])
        for name in ("indicator_sources", "offence_measures")
        for row in tables[name].to_pylist()
    }
    extracted, in_lake = coordinates(here.home.extracts), coordinates(here.home.lake)
    assert extracted == in_lake & needed
    assert extracted < in_lake


def test_a_damaged_release_is_no_base(here: Installation) -> None:
    database = catalogue.database(here.home)
    database.chmod(0o644)
    with duckdb.connect(database) as connection:
        connection.execute("update marts.fct_indicator_values set value = 1 where value = 3")
    here.receive(Arrival("430000000", "2025-02", 8, 6))
    assert here.plan().reason is Whole.RELEASE_DAMAGED


def test_a_release_without_its_inputs_is_no_base(here: Installation) -> None:
    (catalogue.directory(here.home) / "inputs" / "submissions.parquet").unlink()
    assert here.plan().reason is Whole.RELEASE_DAMAGED


def test_other_models_are_no_base(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.build.planning.models_hash", lambda: "other")
    assert here.plan().reason is Whole.MODELS_CHANGED


def test_other_contracts_are_no_base(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "warehouse.build.contract_rows.RECONCILIATION_CODES", ("PRINTED_MONTH_DIFFERS",)
    )
    assert here.plan().reason is Whole.CONTRACTS_CHANGED


def test_a_new_year_is_computed_with_all_others(here: Installation) -> None:
    here.receive(Arrival("430000000", "2026-01", 8, 7500))
    assert here.plan().reason is Whole.OTHER_YEARS


def test_everything_is_computed_when_asked(here: Installation) -> None:
    plan = here.plan(whole=True)
    assert (plan.years, plan.base, plan.reason) == ((2022, 2023, 2024, 2025), None, Whole.ASKED)


def test_without_news_nothing_is_computed(here: Installation) -> None:
    plan, published = here.release()
    first = catalogue.read_manifest(here.home, "r000001")
    assert (plan.years, plan.base) == ((), "r000001")
    assert published == {table.name: table.content_hash for table in first.tables}
