"""Hashing passwords: 64 MB and a tenth of a second each, on purpose; therefore few at a time.

Whoever finds no place in the short queue is told to come back in a moment, before anything is
computed or counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.access.secret import new_secret
from portal.problems import PortalError

_AT_ONCE = 2
_WAITING = 8
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 5


@dataclass
class Hashing:
    """The places of one process for computing hashes."""

    at_once: int = _AT_ONCE
    waiting: int = _WAITING
    wait_seconds: float = _WAIT_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _present: int = 0

    def __post_init__(self) -> None:
        self._places = threading.BoundedSemaphore(self.at_once)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and keep it. PortalError busy (503) when too many wait already, or when
        none becomes free in time."""
        with self._queued():
            if not self._places.acquire(timeout=self.wait_seconds):
                raise _busy()
            try:
                yield
            finally:
                self._places.release()

    @contextmanager
    def _queued(self) -> Iterator[None]:
        with self._lock:
            if self._present >= self.at_once + self.waiting:
                raise _busy()
            self._present += 1
        try:
            yield
        finally:
            with self._lock:
                self._present -= 1


HASHING = Hashing()
"""Memory is the process's, so its places are too. Take one around each of the functions below."""


def hashed(password: str) -> str:
    """What is kept of a password."""
    return _hasher().hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Whether `kept` was made of the password; nothing kept costs as much time."""
    try:
        return _hasher().verify(kept or _hash_of_nothing(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether hashes are made with other parameters today."""
    return _hasher().check_needs_rehash(kept)


def _busy() -> PortalError:
    return PortalError("busy", status=503, retry_seconds=_RETRY_SECONDS)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _hash_of_nothing() -> str:
    return _hasher().hash(new_secret())
