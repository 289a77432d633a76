"""Attempts at signing in, counted per account name and per address before a password is looked at.

An attempt that turns out right is taken back. So failures alone add up, and attempts at the same
moment cannot be more than the limit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.access.roles import account_rules
from portal.problems import PortalError
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing

_INSERT = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Throttle:
    """Who has to wait before the next attempt."""

    engine: Engine

    def check(self, login: str, address: str) -> None:
        """PortalError too_many (429) while the name or the address is blocked; counts nothing."""
        with reading(self.engine) as connection:
            _refuse_blocked(connection, [_key("login", login), _key("address", address)])

    def attempt(self, login: str, address: str) -> Attempt:
        """An attempt that has not begun."""
        return Attempt(self, login, address)

    def begin(self, login: str, address: str) -> None:
        """Count an attempt; PortalError too_many, and nothing is counted, where it is one too many.

        The attempt that reaches the limit is the last that is admitted until the wait is over.
        """
        rules = account_rules().sign_in
        by_login, by_address = _key("login", login), _key("address", address)
        with writing(self.engine) as connection:
            # Always in this order: two attempts never wait for each other.
            _lock(connection, by_login)
            _lock(connection, by_address)
            _refuse_blocked(connection, [by_login, by_address])
            _count(connection, by_login, rules.failures_per_account)
            _count(connection, by_address, rules.failures_per_address)

    def succeed(self, login: str, address: str) -> None:
        """Take the attempt back. The right password clears the name; the address keeps what it
        had before."""
        by_address = t.throttle.c.key == _key("address", address)
        limit = account_rules().sign_in.failures_per_address
        with writing(self.engine) as connection:
            connection.execute(delete(t.throttle).where(t.throttle.c.key == _key("login", login)))
            connection.execute(
                update(t.throttle)
                .where(by_address, t.throttle.c.failures > 0)
                .values(failures=t.throttle.c.failures - 1)
            )
            connection.execute(
                update(t.throttle)
                .where(by_address, t.throttle.c.failures < limit)
                .values(blocked_until=None)
            )

    def is_blocked(self, login: str) -> bool:
        """Whether the name has to wait."""
        with reading(self.engine) as connection:
            return _is_blocked(connection, [_key("login", login)])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at signing in."""

    throttle: Throttle
    login: str
    address: str

    def begin(self) -> None:
        """Count it; PortalError too_many."""
        self.throttle.begin(self.login, self.address)

    def succeed(self) -> None:
        """The password was right."""
        self.throttle.succeed(self.login, self.address)


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}|{value.strip().lower()}".encode()).hexdigest()


def _is_blocked(connection: Connection, keys: list[str]) -> bool:
    query = select(t.throttle.c.key).where(
        t.throttle.c.key.in_(keys), t.throttle.c.blocked_until > utc_now()
    )
    return connection.execute(query).first() is not None


def _refuse_blocked(connection: Connection, keys: list[str]) -> None:
    if _is_blocked(connection, keys):
        minutes = account_rules().sign_in.wait_minutes
        raise PortalError("too_many", 429, retry_seconds=minutes * 60, minutes=minutes)


def _lock(connection: Connection, key: str) -> None:
    """The row of the key, made where there is none and held until the transaction ends."""
    fresh = {"key": key, "window_started_at": utc_now(), "failures": 0}
    made: Any = _INSERT[connection.dialect.name](t.throttle).values(**fresh)
    connection.execute(made.on_conflict_do_nothing())
    query = select(t.throttle.c.key).where(t.throttle.c.key == key)
    connection.execute(query.with_for_update())


def _count(connection: Connection, key: str, limit: int) -> None:
    rules, now = account_rules().sign_in, utc_now()
    mine = t.throttle.c.key == key
    is_over = or_(
        t.throttle.c.window_started_at < now - timedelta(minutes=rules.window_minutes),
        t.throttle.c.blocked_until <= now,
    )
    connection.execute(
        update(t.throttle)
        .where(mine, is_over)
        .values(window_started_at=now, failures=0, blocked_until=None)
    )
    connection.execute(update(t.throttle).where(mine).values(failures=t.throttle.c.failures + 1))
    until = now + timedelta(minutes=rules.wait_minutes)
    connection.execute(
        update(t.throttle).where(mine, t.throttle.c.failures >= limit).values(blocked_until=until)
    )
