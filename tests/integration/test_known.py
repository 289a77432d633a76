# ruff: noqa: S608 - the query is put together from constants of the test
"""`mvd sql --known-on` and `--as-of` agree with the releases that existed then."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion.request import Services
from mvd.build.as_of_build import known_on
from mvd.build.pipeline import build_release
from warehouse.contracts import load_contracts
from warehouse.core.clock import utc_now
from warehouse.core.settings import Settings
from warehouse.ledger import IncomingFile, Verdict
from warehouse.query.as_of import published_by
from warehouse.query.reader import query
from warehouse.releases import catalogue, verification
from warehouse.storage import lake

KYZYLORDA = "430000000"
FIRST = datetime(2025, 2, 4, 7, tzinfo=UTC)
CORRECTED = datetime(2025, 2, 20, 7, tzinfo=UTC)
BETWEEN = datetime(2025, 2, 10, tzinfo=UTC)
FIGURE = (
    "SELECT value FROM marts.fct_indicator_values WHERE indicator_code = 'CRM_TOTAL'"
    f" AND territory_kato = '{KYZYLORDA}' AND basis = 'ytd' AND period_month = '2025-01-01'"
)


pytestmark = pytest.mark.usefixtures("quick_models")


def submit(services: Services, figure: float, received_at: datetime) -> None:
    """A report of January that holds the total of registered offences and nothing else."""
    (source, *others) = [
        cell for cell in load_contracts().source_cells
        if cell.indicator_code == "CRM_TOTAL" and cell.basis == "ytd"
    ]  # fmt: skip
    assert not others
    submission = services.ledger.register(
        IncomingFile(
            form_code=source.form,
            form_version=load_contracts().forms[source.form].version,
            territory_kato=KYZYLORDA,
            period="2025-01",
            file_name="1.xlsx",
            file_sha256=f"{figure:064}",
            file_size=1,
            received_at=received_at,
        ),
    ).submission
    cells = pa.table(
        {
            "section": [source.section],
            "line": [source.line],
            "column_number": [source.column],
            "value": [figure],
        }
    )
    written = lake.write_cells(services.home, submission, cells)
    services.ledger.record_verdict(submission.submission_id, Verdict.ACCEPTED, [], written, "c")


def test_the_past_is_what_was_released_then(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, threads=2)
    services = Services.open(settings)
    home = services.home
    try:
        submit(services, 100, FIRST)
        first = build_release(services, settings)
        assert first.is_published, first.reasons_in("en")
        first_published = utc_now()
        submit(services, 90, CORRECTED)
        second = build_release(services, settings)
        assert second.is_published, second.reasons_in("en")

        known = known_on(services, settings, BETWEEN)
        again = known_on(services, settings, BETWEEN)
    finally:
        services.ledger.close()

    published = {t.name: t.content_hash for t in catalogue.read_manifest(home, "r000001").tables}
    assert verification.table_hashes(known, settings) == published
    assert again == known
    assert published_by(home, first_published) == first.release_id
    assert query(home, FIGURE, release=first.release_id).to_pylist() == [{"value": 100}]
    assert query(home, FIGURE, database=known).to_pylist() == [{"value": 100}]
    assert query(home, FIGURE).to_pylist() == [{"value": 90}]
    restated = query(home, "SELECT first_value, value, classification FROM marts.rpt_restatements")
    assert {(r["first_value"], r["value"], r["classification"]) for r in restated.to_pylist()} >= {
        (100, 90, "correction")
    }
