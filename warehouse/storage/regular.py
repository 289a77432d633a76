"""Files that others name: only regular ones are opened, and what is wrong with one is said."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from warehouse.core.errors import FileError

_OF_ONE_PATH = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENXIO,
        errno.ENODEV,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.ESTALE,
    }
)
"""A disk that fails, or files that this process may open no more of, is no fault of a path."""


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """FileError FILE_UNREADABLE where the system refuses this path; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_ONE_PATH:
            raise
        raise FileError("FILE_UNREADABLE", file=_shown(path), problem=error.strerror) from error
    except ValueError as error:  # a zero byte in a name
        raise FileError("FILE_UNREADABLE", file=_shown(path), problem=str(error)) from error


@contextmanager
def open_regular(path: Path) -> Iterator[BufferedReader]:
    """A regular file, open for reading; never waits for the other end of a pipe.

    FileError FILE_NOT_REGULAR for a pipe, device or socket, FILE_UNREADABLE for a path that the
    system refuses.
    """
    with told_of(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def read_regular(path: Path) -> bytes:
    """All of a regular file; errors as of `open_regular`."""
    with open_regular(path) as stream:
        return stream.read()


def is_file(path: Path) -> bool:
    """Whether a path leads to a regular file; False for one that the system refuses."""
    return _leads_to(path, stat.S_ISREG)


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False for one that the system refuses."""
    return _leads_to(path, stat.S_ISDIR)


def _leads_to(path: Path, is_kind: Callable[[int], bool]) -> bool:
    try:
        with told_of(path):
            return is_kind(path.stat().st_mode)
    except FileError:
        return False


def refuse_irregular(path: Path) -> None:
    """The errors of `open_regular` that the name of a file shows, without opening it."""
    with told_of(path):
        found = path.stat()
    _require(path, found)


def _require(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise FileError("FILE_NOT_REGULAR", file=_shown(path))


def _shown(path: Path) -> str:
    """The name as any output can print it."""
    return path.name.encode("utf-8", errors="replace").decode()
