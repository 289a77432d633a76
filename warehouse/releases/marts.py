"""The tables of a release, as a build leaves them and as they are published."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.core.duck import attach, connect_build
from warehouse.core.errors import UserError
from warehouse.core.settings import Settings
from warehouse.releases.content import columns, quoted

SCHEMA = "marts"
NAMEPLATE = "release"
"""The table that names the release, no mart."""
PERIOD = "period_month"

REFILLED = ("rpt_outliers",)
"""Marts that are computed over all published months, each time."""

DATABASE = "warehouse.duckdb"
_PORTABLE = {"HUGEINT": "BIGINT", "UHUGEINT": "BIGINT", "UBIGINT": "BIGINT"}
"""Types that Parquet does not have, or other tools do not read, as they are published."""


@contextmanager
def attached(
    target: Path | None, build: Path, settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on `target` (None: in memory) that can read the file `build` as `build`."""
    if not build.is_file():
        raise UserError("BUILD_INCOMPLETE", build=build.parent.name, problem=build.name)
    with connect_build(target, settings) as connection:
        attach(connection, build, "build")
        yield connection


def tables_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    """Names of the marts of an attached file, in order."""
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_catalog = $catalog AND table_schema = $schema AND table_name <> $nameplate"
        " ORDER BY 1",
        {"catalog": catalog, "schema": SCHEMA, "nameplate": NAMEPLATE},
    )
    return [name for (name,) in found.fetchall()]


def select_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """SELECT of a table of the build in the types in which it is published."""
    relation = f"build.{SCHEMA}.{quoted(table)}"
    fields = []
    for name, kind in columns(connection, relation):
        portable = "VARCHAR" if kind.startswith("ENUM") else _PORTABLE.get(kind)
        field = quoted(name)
        fields.append(f"{field}::{portable} AS {field}" if portable else field)
    return f"SELECT {', '.join(fields)} FROM {relation}"  # noqa: S608
