"""Releases of a country of two regions, small enough to check by eye."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse import releases
from warehouse.ledger import Ledger
from warehouse.paths import Home
from warehouse.releases import Draft
from warehouse.settings import Settings

COUNTRY, KYZYLORDA, KOSTANAY = "000000000", "430000000", "390000000"
TOWN_OF_KYZYLORDA, TOWN_OF_KOSTANAY = "431000000", "391000000"
VALUES = {
    COUNTRY: 1000,
    KYZYLORDA: 43,
    TOWN_OF_KYZYLORDA: 431,
    KOSTANAY: 39,
    TOWN_OF_KOSTANAY: 391,
}
_TERRITORIES = [
    (COUNTRY, "republic", None, "Республика Казахстан"),
    (KYZYLORDA, "oblast", KYZYLORDA, "Кызылординская область"),
    (TOWN_OF_KYZYLORDA, "oblast_city", KYZYLORDA, "Кызылорда"),
    (KOSTANAY, "oblast", KOSTANAY, "Костанайская область"),
    (TOWN_OF_KOSTANAY, "oblast_city", KOSTANAY, "Костанай"),
]


def publish(root: Path) -> str:
    """One more release; every figure of it is marked with its number."""
    home, settings = Home(root), Settings(home=root)
    ledger = Ledger(settings.ledger)
    now = datetime.now(UTC)
    release_id = ledger.begin_release(contract_hash="c" * 64, submission_ids=[], created_at=now)
    folder = home.builds / release_id
    (folder / "inputs").mkdir(parents=True)
    _write(folder / releases.DATABASE, release_id)
    snapshot = ledger.snapshot()
    draft = Draft(release_id, folder, snapshot, "c" * 64, {"passed": True}, now)
    releases.publish(home, ledger, draft, settings)
    return release_id


def _write(path: Path, mark: str) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute(
            "CREATE TABLE marts.dim_territory (territory_kato VARCHAR, territory_level VARCHAR,"
            " oblast_kato VARCHAR, name_ru VARCHAR)"
        )
        connection.executemany("INSERT INTO marts.dim_territory VALUES (?, ?, ?, ?)", _TERRITORIES)
        for table in ("fct_indicator_values", "rpt_findings", "rpt_claims", "secret_table"):
            connection.execute(
                f"CREATE TABLE marts.{table} (territory_kato VARCHAR, value INTEGER, mark VARCHAR)"
            )
            connection.executemany(
                f"INSERT INTO marts.{table} VALUES (?, ?, '{mark}')",  # noqa: S608
                list(VALUES.items()),
            )
