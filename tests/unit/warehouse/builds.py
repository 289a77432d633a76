"""Small builds for the tests of releases: what dbt would have left in a build directory."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.core.paths import Home
from warehouse.ledger import IncomingFile, Ledger, Verdict
from warehouse.releases import catalogue, marts
from warehouse.releases.left_out import LeftOut
from warehouse.releases.manifest import Manifest
from warehouse.releases.publication import Draft
from warehouse.storage import lake

CREATED = datetime(2025, 7, 20, 8, 0, tzinfo=UTC)
CONTRACTS = "c" * 64
Publish = Callable[[int], Manifest]
"""Publishes a build with that mark."""


def submit(
    home: Home,
    ledger: Ledger,
    territory: str = "430000000",
    value: float = 1.0,
    *,
    is_demonstration: bool = False,
) -> str:
    """One accepted submission with its cell file."""
    registration = ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2019",
            territory_kato=territory,
            period="2025-06",
            file_name="1-M.xlsx",
            file_sha256=hashlib.sha256(f"{territory}{value}".encode()).hexdigest(),
            file_size=1,
            received_at=CREATED,
            is_demonstration=is_demonstration,
        ),
    )
    cells = pa.table({"section": ["R1"], "line": [1], "column_number": [1], "value": [value]})
    written = lake.write_cells(home, registration.submission, cells)
    ledger.record_verdict(registration.submission_id, Verdict.ACCEPTED, [], written, CONTRACTS)
    return registration.submission_id


def build(
    home: Home, ledger: Ledger, mark: int, rows: int = 3, *, only_in_force: bool = False
) -> Draft:
    """A build whose every table carries `mark`, so that a mixture would show."""
    snapshot = ledger.snapshot()
    members = snapshot.in_force if only_in_force else snapshot.submissions
    release_id = ledger.begin_release(
        contract_hash=CONTRACTS,
        submission_ids=[s.submission_id for s in members],
        created_at=CREATED,
    )
    folder = home.builds / release_id
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / "territories.csv").write_text("kato\n430000000\n")
    write_marts(folder / marts.DATABASE, mark, rows)
    return Draft(release_id, folder, snapshot, CONTRACTS, {"passed": True}, CREATED)


def write_marts(path: Path, mark: int, rows: int = 3) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE SCHEMA staging")
        connection.execute("CREATE VIEW staging.stg_cells AS SELECT 1 AS one")
        connection.execute(
            "CREATE TABLE marts.fct_crimes AS"
            " SELECT range AS line, $mark AS mark, range / 7 AS share FROM range($rows)",
            {"mark": mark, "rows": rows},
        )
        connection.execute(
            "CREATE TABLE marts.rpt_coverage AS SELECT $mark AS mark, sum(range) AS total,"
            " 'Қызылорда'::VARCHAR AS territory FROM range(4)",
            {"mark": mark},
        )


def leave_out(home: Home, release_id: str, submission_id: str) -> None:
    """As if the contracts had not known the submission when the release was built."""
    file = home.releases / release_id / "manifest.json"
    manifest = catalogue.read_manifest(home)
    kept = [each for each in manifest.submissions if each.submission_id != submission_id]
    left_out = [LeftOut("territory_unknown", "1-M", 1, (submission_id,))]
    manifest = manifest.model_copy(update={"submissions": kept, "left_out": left_out})
    file.chmod(0o644)
    file.write_text(manifest.model_dump_json(), encoding="utf-8")
