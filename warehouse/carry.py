"""Completes the marts of a build with the years that it took over from an earlier release."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.content import columns, quoted
from warehouse.duck import attach, connect_build
from warehouse.settings import Settings
from warehouse.transform import DATABASE_NAME

SCHEMA = "marts"

REFILLED = ("rpt_outliers",)
"""Marts that are computed over all published months, each time."""


def complete(database: Path, base: Path, computed: Sequence[int], settings: Settings) -> None:
    """Replace, in every mart with a period, all years but those in `computed` by those of the
    release directory `base`. Marts without a period stay as they were computed.

    RuntimeError when a mart has other columns in the release: then the plan was wrong.
    """
    with connect_build(database, settings) as connection:
        attach(connection, base / DATABASE_NAME, "base")
        for name in _marts(connection):
            _complete_mart(connection, name, computed)
        connection.execute("DETACH base")


def _marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_catalog = current_database() AND table_schema = $schema"
        " AND column_name = 'period_month' ORDER BY 1",
        {"schema": SCHEMA},
    )
    return [name for (name,) in found.fetchall() if name not in REFILLED]


def _complete_mart(
    connection: duckdb.DuckDBPyConnection, name: str, computed: Sequence[int]
) -> None:
    mart = f"{SCHEMA}.{quoted(name)}"
    here = [column for column, _ in columns(connection, mart)]
    there = [column for column, _ in columns(connection, f"base.{mart}")]
    if here != there:
        raise RuntimeError(f"{name} has other columns in the release: {here}, {there}")
    # Rows without a period, such as claims that cannot be checked, depend on contracts alone.
    kept = "list_contains($years::BIGINT[], year(period_month))"
    years = {"years": list(computed)}
    connection.execute(f"DELETE FROM {mart} WHERE NOT {kept}", years)  # noqa: S608
    connection.execute(f"INSERT INTO {mart} FROM base.{mart} WHERE NOT {kept}", years)
