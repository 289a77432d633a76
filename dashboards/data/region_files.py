"""What a region may see of a release, as a DuckDB file of its own.

Whoever is connected to such a file cannot read more than is in it, whatever is asked. Files are
written when a release appears and somebody of the region has an account, or at the first question.
"""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import duckdb

from dashboards.access import AccessRules, TableAccess, rules
from dashboards.database import FILE, SCHEMA
from dashboards.paths import Place

_COUNTRY = "000000000"
_KEPT_RELEASES = 3
_SMALL_BLOCKS = 16_384
"""Many small tables: with DuckDB's usual blocks the files would be twice as large."""


def file_of(place: Place, release: str, region: str) -> Path:
    """The file of a region, written if it is not there yet."""
    path = place.regions / release / region / FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _write(place.releases / release / FILE, path, region, rules())
    return path


def forget_old(place: Place) -> None:
    """Only the newest releases keep their files; a reader of an older one gets them again."""
    releases = sorted(place.regions.glob("r*"), key=lambda path: int(path.name[1:]))
    for path in releases[:-_KEPT_RELEASES]:
        shutil.rmtree(path, ignore_errors=True)


def _write(source: Path, target: Path, region: str, access: AccessRules) -> None:
    temporary = target.with_name(".half-written")
    temporary.unlink(missing_ok=True)
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute(f"ATTACH '{_quoted(source)}' AS whole (READ_ONLY)")
        connection.execute(f"ATTACH '{_quoted(temporary)}' AS part (BLOCK_SIZE {_SMALL_BLOCKS})")
        connection.execute(f"CREATE SCHEMA part.{SCHEMA}")
        for (table,) in connection.execute(
            "SELECT table_name FROM duckdb_tables()"
            " WHERE database_name = 'whole' AND schema_name = $schema ORDER BY 1",
            {"schema": SCHEMA},
        ).fetchall():
            name = f'{SCHEMA}."{table}"'
            condition = _condition(access.of(table), region)
            connection.execute(
                f"CREATE TABLE part.{name} AS SELECT * FROM whole.{name} WHERE {condition}"  # noqa: S608
            )
        connection.execute("DETACH part")
    temporary.replace(target)


def _condition(access: TableAccess, region: str) -> str:
    """What a row must meet to be in the file of the region."""
    if access.rows in ("all", "none"):
        return "true" if access.rows == "all" else "false"
    column = f'"{access.column}"'
    own = (
        f"{column} IN (SELECT territory_kato FROM whole.{SCHEMA}.dim_territory"  # noqa: S608
        f" WHERE oblast_kato = '{int(region):09}' OR territory_kato = '{int(region):09}')"
    )
    return f"({own} OR {column} = '{_COUNTRY}')" if access.rows == "compare" else own


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
