"""Spark in the place of DuckDB: the settings of its session, and its tables brought to a release.

dbt on Spark leaves each mart as Parquet below `builds/<id>/spark`. They are loaded into the build's
DuckDB file, so everything after the models (carry-over, gate, publication) is the same.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from warehouse.core.errors import UserError
from warehouse.core.memory import in_bytes
from warehouse.releases.content import quoted
from warehouse.releases.marts import SCHEMA

_JAVA = 17
_PACKAGES = ("dbt-spark", "pyspark")


def require() -> None:
    """Raise UserError SPARK_MISSING with the command that installs what is not there."""
    if missing := [name for name in _PACKAGES if not _is_installed(name)]:
        command = "uv sync --group spark (make setup-spark)"
        raise UserError("SPARK_MISSING", missing=", ".join(missing), command=command)
    if (java := _java_version()) is None or java < _JAVA:
        missing_java = f"Java {_JAVA}" if java is None else f"Java {_JAVA} (≠ {java})"
        command = f"apt-get install openjdk-{_JAVA}-jre-headless (make system)"
        raise UserError("SPARK_MISSING", missing=missing_java, command=command)


def session(build_dir: Path, *, threads: int, memory_limit: str, master: str) -> dict[str, str]:
    """Settings of the Spark session of one build. An empty `master` means this machine.

    It wins over the `spark-defaults.conf` of SPARK_CONF_DIR, where all else may stand.
    """
    same_figures = {
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
    }
    one_build = {
        "spark.master": master or f"local[{threads}]",
        "spark.driver.memory": f"{in_bytes(memory_limit) // 2**20}m",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": (build_dir / "spark").resolve().as_uri(),
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    this_machine = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str((build_dir / "spark-spill").resolve()),
        "spark.sql.shuffle.partitions": str(2 * threads),
        # Spark takes the size of a file for that of its rows, and what it believes small it keeps
        # in memory whole; our Parquet is a tenth of its rows and less.
        "spark.sql.sources.fileCompressionFactor": "10",
        "spark.sql.adaptive.autoBroadcastJoinThreshold": "1m",
    }
    return same_figures | one_build | ({} if master else this_machine)


def clear(build_dir: Path) -> None:
    """Remove what an earlier attempt left."""
    for name in ("spark", "spark-spill"):
        shutil.rmtree(build_dir / name, ignore_errors=True)


def load(database: Path, build_dir: Path, manifest: dict[str, Any], memory_limit: str) -> None:
    """Make `database` of the marts below `build_dir`, with columns and types of their contracts.

    Rows keep the order in which Spark wrote them. `manifest` is dbt's. duckdb.Error when a mart
    does not fit its contract.
    """
    with duckdb.connect(database, config={"memory_limit": memory_limit}) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for name, columns in _marts(manifest):
            described = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns)
            mart = f"{SCHEMA}.{quoted(name)}"
            connection.execute(f"CREATE TABLE {mart} ({described})")
            folder = build_dir / "spark" / f"{SCHEMA}.db" / name
            if files := sorted(str(file) for file in folder.glob("part-*.parquet")):
                connection.execute(
                    f"INSERT INTO {mart} BY NAME FROM read_parquet($files)", {"files": files}
                )


def _marts(manifest: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == SCHEMA:
            columns = node["columns"].values()
            yield node["name"], [(column["name"], column["data_type"]) for column in columns]


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _java_version() -> int | None:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        return None
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found else None
