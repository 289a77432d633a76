"""New ledgers on SQLite as copies of one that the migrations made: they run once in a process.

What opens a ledger in another process, on Postgres, or where a file lies already, migrates it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, make_url

from warehouse.ledger import database

_open: Callable[[str], Engine] = database._sqlite


@contextmanager
def copied() -> Iterator[None]:
    """While this lasts, a ledger that is opened for the first time is such a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_sqlite", _opened)
        yield


def _opened(url: str) -> Engine:
    engine = _open(url)
    file = Path(make_url(url).database or "")
    if not file.exists():
        _write(file)
    return engine


def _write(file: Path) -> None:
    """Whole or not at all: another thread may open it at the same moment."""
    with TemporaryDirectory(dir=file.parent) as folder:
        whole = Path(folder) / file.name
        whole.write_bytes(_migrated())
        try:
            os.link(whole, file)
        except FileExistsError:
            return


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite"
        engine = _open(f"sqlite:///{file}")
        database._migrate(engine)
        engine.dispose()
        return file.read_bytes()
