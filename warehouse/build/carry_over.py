"""Completes the marts of a build with the years that it took over from an earlier release."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.core.duck import attach, connect_build
from warehouse.core.settings import Settings
from warehouse.releases.content import columns, quoted
from warehouse.releases.marts import DATABASE, NAMEPLATE, PERIOD, REFILLED, SCHEMA


def complete(database: Path, base: Path, computed: Sequence[int], settings: Settings) -> None:
    """Replace the file `database` of a build by all of its marts: those of the release directory
    `base` with the years in `computed`, and what has no period, as the build has them.

    The file of the release is copied, which costs next to nothing, and changed; reading its rows
    into another file would cost the more the longer the history. RuntimeError when a mart has
    other columns in the release: then the plan was wrong.
    """
    carried = database.with_name("carried.duckdb")
    shutil.copyfile(base / DATABASE, carried)
    with connect_build(carried, settings) as connection:
        attach(connection, database, "build")
        connection.execute(f"DROP TABLE {SCHEMA}.{NAMEPLATE}")
        names = _marts(connection, "build")
        if names != _marts(connection, carried.stem):
            raise RuntimeError(f"the release has other marts than {', '.join(names)}")
        for name in names:
            _complete_mart(connection, name, computed)
        connection.execute("DETACH build")
    carried.replace(database)


def _marts(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_catalog = $catalog AND table_schema = $schema ORDER BY 1",
        {"catalog": catalog, "schema": SCHEMA},
    )
    return [name for (name,) in found.fetchall()]


def _complete_mart(
    connection: duckdb.DuckDBPyConnection, name: str, computed: Sequence[int]
) -> None:
    mart = f"{SCHEMA}.{quoted(name)}"
    described = columns(connection, mart)
    here = [column for column, _ in columns(connection, f"build.{mart}")]
    there = [column for column, _ in described]
    if here != there:
        raise RuntimeError(f"{name} has other columns in the release: {here}, {there}")
    if PERIOD not in there or name in REFILLED:
        connection.execute(f"DELETE FROM {mart}")  # noqa: S608
        connection.execute(f"INSERT INTO {mart} FROM build.{mart}")
        return
    # Rows without a period, such as claims that cannot be checked, depend on contracts alone.
    fresh = f"coalesce(list_contains($years::BIGINT[], year({PERIOD})), true)"
    years = {"years": list(computed)}
    connection.execute(f"DELETE FROM {mart} WHERE {fresh}", years)  # noqa: S608
    connection.execute(f"INSERT INTO {mart} FROM build.{mart} WHERE {fresh}", years)
