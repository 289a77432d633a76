"""DuckDB connections: one kind that builds, one kind that may only read."""

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.settings import Settings

_Config = dict[str, str | bool | int | float | list[str]]

_NO_EXTENSIONS: _Config = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
}


def connect_build(path: Path | None, settings: Settings) -> duckdb.DuckDBPyConnection:
    """A writer on the file `path`, or in memory; what exceeds the memory limit goes to disk.

    Processes must not share a directory for that, so it is named after this one.
    """
    folder = path.parent.absolute() if path else settings.paths.builds
    config: _Config = {
        **_NO_EXTENSIONS,
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(folder / f"spill-{os.getpid()}"),
    }
    return duckdb.connect(path or ":memory:", config=config)


def connect_reader(
    path: Path, *, memory_limit: str, threads: int, meta: Mapping[str, pa.Table] | None = None
) -> duckdb.DuckDBPyConnection:
    """A reader of the file `path` that can neither write nor reach anything else.

    The file is attached to an instance of its own: DuckDB would otherwise share one among all
    connections of the process, refuse other limits, and let one query's settings reach the next.
    The tables of `meta` are copied in and read as `meta.<name>`.
    Nothing is spilled to disk: the directory of a release stays as it was published.
    """
    config: _Config = {
        **_NO_EXTENSIONS,
        "python_enable_replacements": False,
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": "",
    }
    connection = duckdb.connect(":memory:", config=config)
    attach(connection, path, path.stem)
    if meta:
        connection.execute("ATTACH ':memory:' AS meta")
        for name, table in meta.items():
            connection.register("copied", table)
            connection.execute(f"CREATE TABLE meta.{name} AS FROM copied")
            connection.unregister("copied")
    connection.execute(f"USE {path.stem}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Make the file `path` readable, and only readable, under `name`."""
    literal = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{literal}' AS {name} (READ_ONLY)")
