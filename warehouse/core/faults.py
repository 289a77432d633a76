"""Which errors say nothing about a file in hand, and what a log may say about the others."""

from __future__ import annotations

import traceback

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from warehouse.core.errors import UserError

_OF_THE_DATA = (DataError, IntegrityError)


def is_of_machine(error: BaseException) -> bool:
    """Whether the machine or the installation failed: then the work is to be tried again.

    A disk that is full, memory that is used up, a database that is away, a library that is
    missing, and what a person has to put right first; also whatever ends the process.
    """
    if isinstance(error, SQLAlchemyError):
        return not isinstance(error, _OF_THE_DATA)
    machine = (OSError, MemoryError, ImportError, UserError)
    return isinstance(error, machine) or not (isinstance(error, Exception) or is_panic(error))


def is_panic(error: BaseException) -> bool:
    """Whether a Rust library gave up: its error is no Exception."""
    return type(error).__name__ == "PanicException"


def trace_of(error: BaseException) -> str:
    """Where an error arose and what it was made of, as lines of code.

    Without the texts of errors and the values of variables: both may hold what a file holds.
    """
    parts = []
    found: BaseException | None = error
    while found is not None:
        frames = "".join(traceback.format_list(traceback.extract_tb(found.__traceback__)))
        parts.append(f"{frames}{type(found).__module__}.{type(found).__qualname__}")
        found = found.__cause__ or found.__context__
    return "\ncaused by\n".join(parts)
