"""The digests of the published rows, kept so that a year that was taken over is not hashed again.

digests/<release>/<sha256 of the file>-<table>.parquet, of the newest release alone. Safe to delete:
what is missing, damaged or does not fit the table is computed from its rows.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.core.durable import commit_file, make_directories, temporary_in
from warehouse.core.hashing import hash_of_file
from warehouse.core.paths import Home
from warehouse.releases.content import columns, hash_of_digests, row_digest
from warehouse.releases.marts import PERIOD, REFILLED


@dataclass(frozen=True)
class Digests:
    """Hashes the tables of one release. `base` and `years` as in the plan of its build."""

    home: Home
    release_id: str
    base: str | None
    years: Sequence[int] | None

    def content_hash(self, connection: duckdb.DuckDBPyConnection, table: str, relation: str) -> str:
        """Content hash of `relation` (our SQL), the table `table` of the release."""
        described = columns(connection, relation)
        has_period = PERIOD in dict(described)
        year = f"year({PERIOD})" if has_period else "NULL"
        own = f"SELECT {year}::INTEGER AS year, {row_digest(described)} AS digest FROM {relation}"  # noqa: S608
        known = self._known(table) if has_period and table not in REFILLED else None
        connection.execute("DROP TABLE IF EXISTS digests")
        if known is not None:
            self._join(connection, own, known)
        if known is None or _count(connection, "digests") != _count(connection, relation):
            connection.execute(f"CREATE OR REPLACE TEMPORARY TABLE digests AS {own}")
        if has_period:
            self._keep(connection, table)
        return hash_of_digests(connection, described, "digests")

    def forget_others(self) -> None:
        """Remove what was kept of other releases."""
        make_directories(self.home.digests)
        for folder in self.home.digests.iterdir():
            if folder.name != self.release_id:
                shutil.rmtree(folder)

    def _known(self, table: str) -> Path | None:
        if self.base is None or self.years is None:
            return None
        for file in (self.home.digests / self.base).glob(f"*-{table}.parquet"):
            sha256, _, named = file.stem.partition("-")
            if named == table and hash_of_file(file) == sha256:
                return file
        return None

    def _join(self, connection: duckdb.DuckDBPyConnection, own: str, known: Path) -> None:
        computed = "list_contains($years::INTEGER[], year)"
        fresh = f"SELECT * FROM ({own}) WHERE year IS NULL OR {computed}"  # noqa: S608
        connection.execute(
            f"CREATE TEMPORARY TABLE digests AS {fresh}"
            f" UNION ALL FROM read_parquet($known) WHERE NOT {computed}",
            {"years": list(self.years or ()), "known": str(known)},
        )

    def _keep(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        folder = self.home.digests / self.release_id
        make_directories(folder)
        with temporary_in(folder) as temporary:
            target = str(temporary).replace("'", "''")
            connection.execute(
                f"COPY digests TO '{target}' (FORMAT parquet, COMPRESSION uncompressed)"
            )
            commit_file(temporary, folder / f"{hash_of_file(temporary)}-{table}.parquet")


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()  # noqa: S608
    return int(found[0]) if found else 0
