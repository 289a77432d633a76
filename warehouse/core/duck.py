"""DuckDB connections: one kind that builds, one kind that may only read."""

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.core.memory import ENGINE_OF_BUILD, share, threads_of_build
from warehouse.core.settings import Settings

_Config = dict[str, str | bool | int | float | list[str]]

_SPILL_AT_MOST = "20GB"
"""On disk; a question that needs more is not a question."""

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
        "memory_limit": share(settings.memory_limit, ENGINE_OF_BUILD),
        "threads": threads_of_build(settings.memory_limit, settings.threads),
        "temp_directory": str(folder / f"spill-{os.getpid()}"),
    }
    return _connect(path or ":memory:", config)


def connect_reader(
    path: Path,
    *,
    memory_limit: str,
    threads: int,
    spill: Path | None = None,
    meta: Mapping[str, pa.Table] | None = None,
) -> duckdb.DuckDBPyConnection:
    """A reader of the file `path` that can neither write nor reach anything else.

    The file is attached to an instance of its own: DuckDB would otherwise share one among all
    connections of the process, refuse other limits, and let one query's settings reach the next.
    The tables of `meta` are copied in and read as `meta.<name>`.
    What exceeds the memory limit goes to the folder `spill`, if there is one: the directory of a
    release stays as it was published.
    """
    config: _Config = {
        **_NO_EXTENSIONS,
        "python_enable_replacements": False,
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(spill or ""),
    }
    if spill:
        config["max_temp_directory_size"] = _SPILL_AT_MOST
    connection = _connect(":memory:", config)
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


def _connect(path: Path | str, config: _Config) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path, config=config)
    # Written to standard output, between the words of a program that prints JSON.
    connection.execute("SET enable_progress_bar = false")
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Make the file `path` readable, and only readable, under `name`."""
    literal = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{literal}' AS {name} (READ_ONLY)")
