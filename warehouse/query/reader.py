"""Questions to a release: one reading query, within time and memory."""

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.core.duck import connect_reader
from warehouse.core.durable import make_directories
from warehouse.core.errors import UserError
from warehouse.core.memory import (
    ANSWER_OF_QUERY,
    ENGINE_OF_QUERY,
    in_bytes,
    share,
)
from warehouse.core.paths import Home
from warehouse.query.as_of import release_tables
from warehouse.query.forms import Form, shaped
from warehouse.query.guard import refuse_all_but_one_select
from warehouse.releases import catalogue

_BATCH_ROWS = 50_000

_META = re.compile(r"\bmeta\b", re.IGNORECASE)

_GRACE_SECONDS = 2.0
"""The engine is asked to stop before the process that runs it is stopped."""


def load_engine() -> None:
    """What the engine holds when it does nothing is no part of a question."""
    with duckdb.connect() as connection:
        connection.execute("SELECT 1")


def query(
    home: Home,
    sql: str,
    *,
    release: str | None = None,
    database: Path | None = None,
    timeout: float = 60.0,
    memory_limit: str = "2GB",
    threads: int = 2,
) -> pa.Table:
    """Answer of one SELECT from the release in force, or from `release`, as an Arrow table.

    For questions that stand in the program or the contracts; those of people come by
    `warehouse.query.asking`.

    The release is chosen once, so one answer never mixes two; `database` is asked instead of it. A
    query that names the schema `meta` finds in it `releases` and `release_submissions`.
    UserError QUERY_REFUSED for anything but one reading statement, QUERY_FAILED for a mistake in
    it, QUERY_TIMEOUT after `timeout` seconds. What does not fit into `memory_limit` is put on disk
    while the query runs; QUERY_TOO_LARGE when that is impossible, or the answer itself too large.
    """
    return answer(
        home,
        database or catalogue.database(home, release),
        sql,
        None,
        timeout=timeout,
        memory_limit=memory_limit,
        threads=threads,
    ).table


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that were kept and how many there are; `nested` as in `forms.Shaped`."""

    table: pa.Table
    total: int
    nested: frozenset[str] = frozenset()


def answer(
    home: Home,
    database: Path,
    sql: str,
    form: Form | None,
    *,
    most_rows: int | None = None,
    timeout: float,
    memory_limit: str,
    threads: int,
) -> Answer:
    """As `query`, in the shape that `form` needs; of more than `most_rows` rows the first ones."""
    tables = release_tables(home) if _META.search(sql) else {}
    engine = share(memory_limit, ENGINE_OF_QUERY)
    most = _Most(in_bytes(memory_limit) * ANSWER_OF_QUERY, most_rows)
    with (
        _spill(home) as spill,
        connect_reader(
            database, memory_limit=engine, threads=threads, spill=spill, meta=tables
        ) as connection,
    ):
        try:
            refuse_all_but_one_select(connection, sql)
            return _within(connection, sql, form, timeout, most)
        except duckdb.InterruptException as error:
            raise UserError("QUERY_TIMEOUT", seconds=f"{timeout:g}") from error
        except (duckdb.OutOfMemoryException, _AnswerTooLargeError) as error:
            raise UserError("QUERY_TOO_LARGE", limit=memory_limit) from error
        except duckdb.PermissionException as error:
            raise UserError("QUERY_REFUSED", problem=str(error)) from error
        except duckdb.Error as error:
            raise UserError("QUERY_FAILED", problem=str(error)) from error
        except (OSError, pa.ArrowException) as error:
            raise _passed_on(error, timeout, memory_limit) from error


@contextmanager
def _spill(home: Home) -> Iterator[Path | None]:
    """A folder for what exceeds the memory; None where the home may only be read."""
    try:
        make_directories(home.spill)
        folder = tempfile.TemporaryDirectory(dir=home.spill, ignore_cleanup_errors=True)
    except OSError:
        yield None
        return
    with folder as name:
        yield Path(name)


def _passed_on(error: Exception, timeout: float, memory_limit: str) -> UserError:
    """What an error of the engine means that came through Arrow, which keeps only its text."""
    text = str(error)
    if "Out of Memory" in text:
        return UserError("QUERY_TOO_LARGE", limit=memory_limit)
    if "INTERRUPT" in text:
        return UserError("QUERY_TIMEOUT", seconds=f"{timeout:g}")
    return UserError("QUERY_FAILED", problem=text)


class _AnswerTooLargeError(Exception):
    """More rows than may be held."""


@dataclass(frozen=True, slots=True)
class _Most:
    """What may be held of an answer: bytes, more of which is an error, and rows, if so few do."""

    size: float
    rows: int | None


def _within(
    connection: duckdb.DuckDBPyConnection, sql: str, form: Form | None, timeout: float, most: _Most
) -> Answer:
    timer = threading.Timer(timeout, connection.interrupt)
    timer.start()
    try:
        if form is None:
            return _held(connection.execute(sql).to_arrow_reader(_BATCH_ROWS), most)
        shape = shaped(connection, sql, form)
        return _held(shape.relation.to_arrow_reader(_BATCH_ROWS), most, shape.nested)
    finally:
        timer.cancel()
        timer.join()


def _held(
    reader: pa.RecordBatchReader, most: _Most, nested: frozenset[str] = frozenset()
) -> Answer:
    batches: list[pa.RecordBatch] = []
    held = total = 0
    for batch in reader:
        room = batch.num_rows if most.rows is None else max(0, most.rows - total)
        total += batch.num_rows
        if room:
            batches.append(batch.slice(0, room))
            held += batches[-1].nbytes
        if held > most.size:
            raise _AnswerTooLargeError
    return Answer(pa.Table.from_batches(batches, reader.schema), total, nested)
