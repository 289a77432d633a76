"""The forms in which an answer leaves the program: every value of DuckDB in each of them."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, cast

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType
from pyarrow import csv, parquet

Form = Literal["table", "csv", "json", "parquet"]

_NUMBERS = frozenset(
    {
        *("boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "decimal"),
        *("utinyint", "usmallint", "uinteger", "ubigint", "float", "double"),
    }
)
_PLAIN = _NUMBERS | {"varchar"}
"""Types whose values pass through Arrow, Python and CSV without loss."""
_STORED = _PLAIN | {"date", "time", "timestamp", "timestamp with time zone", "blob", "uuid"}
"""Types that Parquet holds as themselves."""
_NESTED = frozenset({"list", "array", "struct", "map", "union"})
_MOMENTS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"}) | {
    "timestamp with time zone"
}
_PIECE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Shaped:
    """An answer whose every value has a place in a form; `nested` are columns of JSON text."""

    relation: duckdb.DuckDBPyRelation
    nested: frozenset[str]


def shaped(connection: duckdb.DuckDBPyConnection, sql: str, form: Form) -> Shaped:
    """The answer with what `form` cannot hold cast to text by DuckDB, not yet computed.

    Nested values become JSON text. JSON and Parquet need names that are unique.
    """
    answer = connection.sql(sql)
    names = answer.columns if form in ("table", "csv") else unique(answer.columns)
    places = [f"column_{index}" for index in range(len(names))]
    columns = [
        f"{_expression(place, kind, form)} AS {_quoted(name)}"
        for place, kind, name in zip(places, answer.types, names, strict=True)
    ]
    select = f"SELECT {', '.join(columns)} FROM answer AS answer({', '.join(places)})"  # noqa: S608 - names are quoted
    kinds = zip(names, answer.types, strict=True)
    return Shaped(
        answer.query("answer", select),
        frozenset(name for name, kind in kinds if kind.id in _NESTED),
    )


def unique(names: Sequence[str]) -> list[str]:
    """The names in order; one that stood before gets the first free `_2`, `_3` and so on.

    Case counts for nothing, as in DuckDB and most readers of Parquet.
    """
    given = {name.lower() for name in names}
    used: set[str] = set()
    told = []
    for name in names:
        free, number = name, 1
        while free.lower() in used or (number > 1 and free.lower() in given):
            number += 1
            free = f"{name}_{number}"
        used.add(free.lower())
        told.append(free)
    return told


def pieces(table: pa.Table, nested: frozenset[str], form: Form) -> Iterator[bytes]:
    """A shaped answer as the bytes of `form`, csv, json or parquet, a part of the rows at a time.

    JSON has null for a number that is not finite.
    """
    if form == "json":
        return _json(table, nested)
    return _csv(table) if form == "csv" else _parquet(table)


def rows(table: pa.Table) -> list[list[Any]]:
    """A shaped answer as values of Python, whatever its columns are called."""
    return [list(row) for row in zip(*(c.to_pylist() for c in table.columns), strict=True)]


def _expression(place: str, kind: DuckDBPyType, form: Form) -> str:
    if _is_held(kind, _STORED if form == "parquet" else _PLAIN, form):
        return place
    if kind.id in _NESTED:
        return f"CAST(to_json({place}) AS VARCHAR)"
    text = f"CAST({place} AS VARCHAR)"
    if form == "json" and kind.id in _MOMENTS:
        return rf"regexp_replace({text}, '^(\d+-\d\d-\d\d) (\d)', '\1T\2')"
    return text


def _is_held(kind: DuckDBPyType, held: frozenset[str], form: Form) -> bool:
    if form == "parquet" and kind.id in ("list", "struct", "map"):
        return all(_is_held(cast(DuckDBPyType, child), held, form) for _, child in kind.children)
    return kind.id in held


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from table.to_batches(max_chunksize=_PIECE_ROWS)


def _csv(table: pa.Table) -> Iterator[bytes]:
    stream = _Sink()
    with csv.CSVWriter(stream, table.schema) as writer:
        for batch in _batches(table):
            writer.write_batch(batch)
            yield stream.taken()
    yield stream.taken()


def _parquet(table: pa.Table) -> Iterator[bytes]:
    stream = _Sink()
    with parquet.ParquetWriter(stream, table.schema, compression="zstd") as writer:
        for batch in table.to_batches():
            writer.write_batch(batch)
            yield stream.taken()
    yield stream.taken()


class _Sink(io.RawIOBase):
    """What Parquet writes, handed on in parts; it asks where it stands and never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        self._written += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        """What was written since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken


def _json(table: pa.Table, nested: frozenset[str]) -> Iterator[bytes]:
    before = "[\n  "
    for batch in _batches(table):
        said = [
            json.dumps({k: _plain(v, k in nested) for k, v in row.items()}, ensure_ascii=False)
            for row in batch.to_pylist()
        ]
        yield (before + ",\n  ".join(said)).encode()
        before = ",\n  "
    yield b"\n]\n" if table.num_rows else b"[]\n"


def _plain(value: Any, is_nested: bool) -> Any:
    if value is None:
        return None
    if is_nested:
        # DuckDB writes NaN and Infinity, which are no JSON.
        return json.loads(value, parse_constant=lambda _: None)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Decimal) else value
