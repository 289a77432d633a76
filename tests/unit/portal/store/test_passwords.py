"""What is kept of a password, and what it costs to try one."""

import pytest
from argon2 import Type, extract_parameters

from portal.store import passwords
from tests.unit.portal.conftest import PASSWORD

_of_the_desk = passwords._hasher


@pytest.fixture(autouse=True)
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hashes of the desk itself in place of those of the tests."""
    monkeypatch.setattr(passwords, "_hasher", _of_the_desk)


def test_a_try_costs_what_rfc_9106_asks_of_machines_with_little_memory() -> None:
    found = extract_parameters(passwords.hashed(PASSWORD))
    assert (found.type, found.memory_cost, found.time_cost) == (Type.ID, 65_536, 3)
    assert (found.hash_len, found.salt_len) == (32, 16)


def test_only_the_password_itself_is_right() -> None:
    kept = passwords.hashed(PASSWORD)
    assert passwords.is_right(kept, PASSWORD)
    assert not passwords.is_right(kept, PASSWORD + " ")
    assert not passwords.is_right(None, PASSWORD)
    assert not passwords.is_right("no hash", PASSWORD)


def test_a_cheaper_hash_is_outdated() -> None:
    cheap = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$rCJFRxQpN1s"
    assert passwords.is_outdated(cheap)
    assert not passwords.is_outdated(passwords.hashed(PASSWORD))
