"""A question that a person wrote, asked in a process of its own within hard bounds.

The engine's own limits do not cover the texts and lists that functions make, nor can it be
interrupted while one function makes one. What asks loads neither the engine nor Arrow.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from warehouse.core.bounded import Bounded, Bounds, End, EndedError
from warehouse.core.errors import UserError
from warehouse.core.memory import PROCESS_OF_QUERY, in_bytes
from warehouse.core.paths import Home

if TYPE_CHECKING:
    from warehouse.query.forms import Form

T = TypeVar("T")

ROWS_SHOWN = 1000
"""Of an answer that people read as a table; programs get all of it."""

_GRACE_SECONDS = 2.0
"""The engine is asked to stop before the process that runs it is stopped."""

_written: Iterator[bytes] = iter(())
"""In the process that answers: what is still to be handed over."""


@dataclass(frozen=True, slots=True)
class Question:
    """A SELECT to the release in force, to `release` or what was in force at `published_by`, or to
    the file `database`; `form` is what becomes of the answer."""

    home: Home
    sql: str
    form: Form
    timeout: float
    memory_limit: str
    threads: int
    release: str | None = None
    published_by: datetime | None = None
    database: Path | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: as `rows` of at most ROWS_SHOWN for the form `table`, else as `pieces` of bytes.

    `is_demonstration` says whether the release has figures of the demonstration; of `database`
    nothing is known.
    """

    columns: list[str]
    total: int
    is_demonstration: bool
    rows: list[list[Any]]
    pieces: Iterator[bytes]


@contextmanager
def asked(question: Question) -> Iterator[Told]:
    """The answer; the bytes can be read while the context lasts.

    UserError as `reader.query`, QUERY_NOT_TEXT for a query that is no UTF-8, and QUERY_UNANSWERED
    for whatever else prevents an answer.
    """
    _require_text(question.sql)
    wall = question.timeout + _GRACE_SECONDS
    memory = int(in_bytes(question.memory_limit) * PROCESS_OF_QUERY)
    process: Bounded[Any] = Bounded(
        Bounds(memory, wall * (question.threads + 1), wall),
        load,
        preload=["warehouse.query.reader"],
        method="fork" if _has_one_thread() else "forkserver",
    )
    try:
        columns, total, is_demonstration, rows = _given(process, question, _answer, question)
        yield Told(columns, total, is_demonstration, rows, _pieces(process, question))
    finally:
        process.stop()


def load() -> None:
    """What the engine holds when it does nothing is no part of a question."""
    from warehouse.query.reader import load_engine

    load_engine()


def _require_text(sql: str) -> None:
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise UserError("QUERY_NOT_TEXT", place=error.start + 1) from error


def _has_one_thread() -> bool:
    """The child of a process with threads may find locks that nobody will release."""
    return len(list(Path("/proc/self/task").iterdir())) == 1


def _pieces(process: Bounded[Any], question: Question) -> Iterator[bytes]:
    while piece := _given(process, question, _next):
        yield piece


def _given(process: Bounded[Any], question: Question, work: Callable[..., T], *given: Any) -> T:
    try:
        return process.call(work, *given)  # type: ignore[no-any-return]
    except EndedError as error:
        if error.end is End.TIME:
            raise UserError("QUERY_TIMEOUT", seconds=f"{question.timeout:g}") from error
        # The kernel kills a process when the memory of the machine is used up.
        if error.end is End.MEMORY or error.exit_code == -signal.SIGKILL:
            raise UserError("QUERY_TOO_LARGE", limit=question.memory_limit) from error
        raise UserError("QUERY_UNANSWERED", problem=f"exit {error.exit_code}") from error


@contextmanager
def _explained() -> Iterator[None]:
    """An error that nobody foresaw is told as one of the question, without a traceback."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise UserError("QUERY_UNANSWERED", problem=f"{type(error).__name__}: {error}") from error


def _answer(question: Question) -> tuple[list[str], int, bool, list[list[Any]]]:
    global _written
    from warehouse.query import forms, reader
    from warehouse.releases import catalogue

    is_table = question.form == "table"
    with _explained():
        release = _release(question)
        answer = reader.answer(
            question.home,
            question.database or catalogue.database(question.home, release),
            question.sql,
            question.form,
            most_rows=ROWS_SHOWN if is_table else None,
            timeout=question.timeout,
            memory_limit=question.memory_limit,
            threads=question.threads,
        )
        rows = forms.rows(answer.table) if is_table else []
        if not is_table:
            _written = forms.pieces(answer.table, answer.nested, question.form)
        is_demonstration = question.database is None and _is_demonstration(question.home, release)
    return answer.table.column_names, answer.total, is_demonstration, rows


def _next() -> bytes:
    """The next piece that is not empty; empty after the last."""
    with _explained():
        return next(filter(None, _written), b"")


def _release(question: Question) -> str | None:
    from warehouse.query.as_of import published_by

    if question.published_by is None:
        return question.release
    return published_by(question.home, question.published_by)


def _is_demonstration(home: Home, release: str | None) -> bool:
    from warehouse.releases.catalogue import read_manifest

    return read_manifest(home, release).is_demonstration is True
