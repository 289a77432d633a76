"""Failed attempts at signing in, counted per account name and per address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from portal.roles import account_rules
from warehouse.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing


@dataclass(frozen=True, slots=True)
class Throttle:
    """Who has to wait before the next attempt."""

    engine: Engine

    def must_wait(self, login: str, address: str) -> bool:
        """Whether the name or the address is blocked now."""
        keys = [_key("login", login), _key("address", address)]
        query = select(t.throttle.c.key).where(
            t.throttle.c.key.in_(keys), t.throttle.c.blocked_until > utc_now()
        )
        with reading(self.engine) as connection:
            return connection.execute(query).first() is not None

    def failed(self, login: str, address: str) -> bool:
        """Count a failure; True when from now on the name has to wait."""
        rules = account_rules().sign_in
        with writing(self.engine) as connection:
            by_login = _count(connection, _key("login", login), rules.failures_per_account)
            _count(connection, _key("address", address), rules.failures_per_address)
        return by_login

    def succeeded(self, login: str) -> None:
        """The right password clears the name; the address keeps its count."""
        with writing(self.engine) as connection:
            connection.execute(delete(t.throttle).where(t.throttle.c.key == _key("login", login)))


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}|{value.strip().lower()}".encode()).hexdigest()


def _count(connection: Any, key: str, limit: int) -> bool:
    rules, now = account_rules().sign_in, utc_now()
    query = select(t.throttle).where(t.throttle.c.key == key).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        connection.execute(insert(t.throttle).values(key=key, window_started_at=now, failures=1))
        return limit <= 1
    is_old = now - row["window_started_at"] > timedelta(minutes=rules.window_minutes)
    failures = 1 if is_old else row["failures"] + 1
    blocked = failures >= limit
    connection.execute(
        update(t.throttle)
        .where(t.throttle.c.key == key)
        .values(
            window_started_at=now if is_old else row["window_started_at"],
            failures=failures,
            blocked_until=now + timedelta(minutes=rules.wait_minutes) if blocked else None,
        )
    )
    return blocked
