"""The content hash of a table: the same for the same rows, wherever and however they are stored.

How anyone can compute it again is written in `docs/content-hash.md`; the tests do it in Python.
"""

import hashlib
from collections.abc import Iterable

import duckdb
import pyarrow as pa

_FLOATS = {"FLOAT", "DOUBLE"}
_DIGEST = pa.binary(32)


def columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    """(name, DuckDB type) of each column. `relation` is SQL made by us, never by a user."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}")  # noqa: S608
    return [(name, kind) for name, kind, *_ in described.fetchall()]


def content_hash(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Hash of the rows and columns of `relation`, whatever their order. `relation` is our SQL.

    Doubles count with 12 significant digits: the order in which threads add up fractions
    changes the last ones.
    """
    described = columns(connection, relation)
    digests = f"(SELECT {row_digest(described)} AS digest FROM {relation})"  # noqa: S608
    return hash_of_digests(connection, described, digests)


def row_digest(described: Iterable[tuple[str, str]]) -> str:
    """SQL of the digest of a row, given the names and types of its columns."""
    return f"unhex(sha256({' || '.join(_field(name, kind) for name, kind in sorted(described))}))"


def hash_of_digests(
    connection: duckdb.DuckDBPyConnection, described: Iterable[tuple[str, str]], digests: str
) -> str:
    """Content hash of a table from the column `digest` of `digests`, which is our SQL."""
    digest = hashlib.sha256()
    for name, kind in sorted(described):
        digest.update(f"{name} {kind}\n".encode())
    rows = connection.execute(f"SELECT digest FROM {digests} ORDER BY digest")  # noqa: S608
    for batch in rows.to_arrow_reader(100_000):
        column = batch.column(0).cast(_DIGEST)
        start = column.offset * 32
        digest.update(column.buffers()[1][start : start + len(column) * 32])
    return digest.hexdigest()


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _field(name: str, kind: str) -> str:
    text = _text(quoted(name), kind)
    return f"coalesce('V' || strlen({text}) || ':' || {text}, 'N')"


def _text(column: str, kind: str) -> str:
    if kind in _FLOATS:
        return f"format('{{:.11e}}', {column}::DOUBLE + 0.0)"
    if kind.startswith("TIMESTAMP"):
        return f"epoch_us({column})::VARCHAR"
    if kind == "BLOB":
        return f"hex({column})"
    return f"{column}::VARCHAR"
