"""Releases of a simulated country, with a few rows to check by eye in tables that no dashboard
asks."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from bench.lakes import simulated
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import marts, publication
from warehouse.releases.publication import Draft

LAST = date(2025, 3, 1)
COUNTRY, KYZYLORDA, KOSTANAY = "000000000", "430000000", "390000000"
TOWN_OF_KYZYLORDA, TOWN_OF_KOSTANAY = "431000000", "391000000"
VALUES = {
    COUNTRY: 1000,
    KYZYLORDA: 43,
    TOWN_OF_KYZYLORDA: 431,
    KOSTANAY: 39,
    TOWN_OF_KOSTANAY: 391,
}
# What the contract gives a region of each: it and the country, it alone, nothing, nothing.
COMPARED, OWN, CLOSED, UNNAMED = (
    "fct_indicator_values",
    "rpt_outliers",
    "rpt_claim_contradictions",
    "secret_table",
)
PROBES = (COMPARED, OWN, CLOSED, UNNAMED)


def publish(root: Path, *, whole: bool = False) -> str:
    """One more release; every row to check by eye is marked with its number.

    Only a `whole` one has the country that the dashboards show.
    """
    home, settings = Home(root), Settings(home=root)
    ledger = Ledger(settings.ledger)
    now = datetime.now(UTC)
    release_id = ledger.begin_release(contract_hash="c" * 64, submission_ids=[], created_at=now)
    folder = home.builds / release_id
    (folder / "inputs").mkdir(parents=True)
    if whole:
        shutil.copyfile(_country(), folder / marts.DATABASE)
    else:
        _territories(folder / marts.DATABASE)
    _mark(folder / marts.DATABASE, release_id)
    draft = Draft(release_id, folder, ledger.snapshot(), "c" * 64, {"passed": True}, now)
    publication.publish(home, ledger, draft, settings)
    return release_id


_FOLDER = TemporaryDirectory(prefix="simulated-")


@cache
def _country() -> Path:
    """The database of a simulated country, written once."""
    path = Path(_FOLDER.name) / marts.DATABASE
    simulated.write(path, months=3, last=LAST)
    return path


def _territories(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute(f"ATTACH '{_country()}' AS country (READ_ONLY)")
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE TABLE marts.dim_territory AS FROM country.marts.dim_territory")


def _mark(path: Path, mark: str) -> None:
    with duckdb.connect(path) as connection:
        for table in PROBES:
            connection.execute(
                f"CREATE OR REPLACE TABLE marts.{table} "
                "(territory_kato VARCHAR, value INTEGER, mark VARCHAR)"
            )
            connection.executemany(
                f"INSERT INTO marts.{table} VALUES (?, ?, '{mark}')",  # noqa: S608
                list(VALUES.items()),
            )
