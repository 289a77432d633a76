"""What a build reads: the contracts and the ledger, as Parquet."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.build.export import BuildInputs, write_build_inputs
from warehouse.build.schemas import SCHEMAS, table, write_tables
from warehouse.contracts import load_contracts
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.ledger import Finding, IncomingFile, Ledger, Submission, Verdict
from warehouse.storage import lake

NORTH, KYZYLORDA = "590000000", "430000000"
NOON = datetime(2023, 1, 5, 7, tzinfo=UTC)


def submit(
    home: Home,
    ledger: Ledger,
    territory: str,
    verdict: Verdict = Verdict.ACCEPTED,
    findings: list[Finding] | None = None,
    received_at: datetime = NOON,
) -> Submission:
    """A submission of 1-М for December 2022 whose only cell holds its number."""
    content = f"{territory} {received_at}".encode()
    submission = ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version=load_contracts().forms["1-M"].version,
            territory_kato=territory,
            period="2022-12",
            file_name="1.xlsx",
            file_sha256=hashlib.sha256(content).hexdigest(),
            file_size=len(content),
            received_at=received_at,
        ),
    ).submission
    cells = pa.table({"section": ["R1"], "line": [1], "column_number": [2], "value": [7.0]})
    accepted = verdict is not Verdict.REJECTED
    ledger.record_verdict(
        submission.submission_id,
        verdict,
        findings or [],
        cells=lake.write_cells(home, submission, cells) if accepted else None,
        contract_hash="c",
    )
    return ledger.submission(submission.submission_id)


@pytest.fixture
def ledger(home: Home) -> Ledger:
    return Ledger(f"sqlite:///{home.ledger_file}")


def write(
    home: Home, ledger: Ledger, name: str = "b", as_of: datetime | None = None
) -> BuildInputs:
    directory = home.builds / name / "inputs"
    return write_build_inputs(home, ledger.snapshot(as_of), load_contracts(), directory=directory)


def rows(inputs: BuildInputs, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(inputs.directory / f"{name}.parquet").to_pylist()
    return found


def test_every_input_table_is_written_with_its_schema(home: Home, ledger: Ledger) -> None:
    inputs = write(home, ledger)
    assert {file.stem for file in inputs.directory.iterdir()} == set(SCHEMAS)
    for name, schema in SCHEMAS.items():
        assert pq.read_schema(inputs.directory / f"{name}.parquet").equals(schema)


def test_the_same_ledger_gives_the_same_bytes(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, NORTH, findings=[Finding("CONTROL_RULE_BROKEN", "warning")])
    submit(home, ledger, KYZYLORDA)
    first, second = write(home, ledger, "first"), write(home, ledger, "second")
    for file in first.directory.iterdir():
        assert file.read_bytes() == (second.directory / file.name).read_bytes()


def test_accepted_versions_are_read_and_the_last_is_in_force(home: Home, ledger: Ledger) -> None:
    earlier = submit(home, ledger, NORTH)
    later = submit(home, ledger, NORTH, received_at=NOON + timedelta(hours=1))
    returned = submit(home, ledger, NORTH, received_at=NOON + timedelta(hours=3))
    ledger.send_back(returned.submission_id, by=None, comment="wrong month")
    submit(home, ledger, NORTH, Verdict.REJECTED, received_at=NOON + timedelta(hours=2))

    inputs = write(home, ledger)

    read = {entry["submission_id"] for entry in rows(inputs, "cell_files")}
    assert read == {earlier.submission_id, later.submission_id}
    assert [s.submission_id for s in inputs.in_force] == [later.submission_id]
    in_force = {r["submission_id"]: r["is_in_force"] for r in rows(inputs, "submissions")}
    assert len(in_force) == 4
    assert in_force[earlier.submission_id] is False
    assert in_force[later.submission_id] is True


def test_as_of_knows_only_what_had_arrived(home: Home, ledger: Ledger) -> None:
    earlier = submit(home, ledger, NORTH)
    submit(home, ledger, NORTH, received_at=NOON + timedelta(days=2))

    inputs = write(home, ledger, as_of=NOON + timedelta(days=1))

    assert [s.submission_id for s in inputs.in_force] == [earlier.submission_id]
    assert len(rows(inputs, "submissions")) == 1


def test_a_lost_cell_file_stops_the_build(home: Home, ledger: Ledger) -> None:
    lost = submit(home, ledger, NORTH)
    (home.lake / str(lost.cells_path)).unlink()
    with pytest.raises(UserError) as refused:
        write(home, ledger)
    assert str(lost.cells_path) in refused.value.text("ru")


def test_findings_are_told_in_three_languages(home: Home, ledger: Ledger) -> None:
    finding = Finding(
        "CONTROL_RULE_BROKEN",
        "warning",
        sheet="R1",
        cell="F9",
        line=3,
        column=2,
        found="6",
        expected="5",
        rule_id="1M-R1-SEVERITY",
    )
    submit(home, ledger, NORTH, Verdict.ACCEPTED_WITH_WARNINGS, [finding])
    (told,) = rows(write(home, ledger), "findings")
    assert "F9" in told["message_ru"]
    assert "1M-R1-SEVERITY" in told["message_en"]
    assert len({told["message_ru"], told["message_kk"], told["message_en"]}) == 3


def test_duties_and_deadlines_follow_the_calendar(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, NORTH)
    expected = rows(write(home, ledger), "expected_submitters")
    assert len(expected) == 20
    assert {row["period_month"] for row in expected} == {date(2022, 12, 1)}
    # 5 January 2023, 18:00 at UTC+5
    assert {row["deadline_at"] for row in expected} == {datetime(2023, 1, 5, 13)}  # noqa: DTZ001


def test_population_is_given_for_every_month_of_the_year(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, NORTH)
    inputs = write(home, ledger)
    assert len(rows(inputs, "periods")) == 12
    months = {r["period_month"] for r in rows(inputs, "population") if r["territory_kato"] == NORTH}
    assert months == {date(2022, month, 1) for month in range(1, 13)}


def test_offences_know_their_kind_and_severity(home: Home, ledger: Ledger) -> None:
    offences = {int(r["offence_code"]): r for r in rows(write(home, ledger), "offences")}
    assert len(offences) == 422
    assert offences[1]["offence_kind"] == "total"
    assert (offences[6]["offence_kind"], offences[6]["severity"]) == ("severity", "grave")
    assert offences[13]["offence_kind"] == "chapter"
    assert (offences[109]["offence_kind"], offences[109]["article"]) == ("article", "188")
    assert (offences[111]["offence_kind"], offences[111]["parent_offence_code"]) == ("item", "109")
    assert [code for code, row in offences.items() if row["is_drugs"]] == list(range(239, 248))
    assert offences[290]["is_traffic"]


def test_every_indicator_has_one_form_or_none(home: Home, ledger: Ledger) -> None:
    inputs = write(home, ledger)
    indicators = {r["indicator_code"]: r for r in rows(inputs, "indicators")}
    assert indicators["CRM_CLEARANCE"]["form_code"] == "1-M"
    assert indicators["CRM_CLEARANCE"]["formula_scale"] == 100
    sourced = {r["indicator_code"] for r in rows(inputs, "indicator_sources")}
    derived = {r["indicator_code"] for r in rows(inputs, "indicator_formulas")}
    assert all(indicators[code]["form_code"] for code in sourced)
    assert all(
        row["form_code"] is None
        for code, row in indicators.items()
        if code not in sourced | derived
    )


def test_a_misspelt_column_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(KeyError, match="populaton"):
        table("population", [{"populaton": 1}])


def test_the_order_of_rows_does_not_change_the_bytes(tmp_path: Path) -> None:
    months = [{"period_month": date(2025, month, 1)} for month in (1, 2, 3)]
    for name, given in (("a", months), ("b", months[::-1])):
        write_tables(tmp_path / name, {"periods": table("periods", given)})
    left, right = (tmp_path / name / "periods.parquet" for name in "ab")
    assert left.read_bytes() == right.read_bytes()
