"""Hashing passwords: 64 MB and a tenth of a second each, on purpose; the portal takes a turn
(`guards/turns.py`) for each."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.access.secret import new_secret


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


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _hash_of_nothing() -> str:
    return _hasher().hash(new_secret())
