"""Sessions of browsers and tokens of programs: random secrets, kept as hashes, ended at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select, update

from portal.access.authorisation import Access, access_of
from portal.access.roles import account_rules
from portal.access.secret import digest, new_secret
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing

_SEEN_EVERY = timedelta(seconds=60)
TOKEN_PREFIX = "mvd_"  # noqa: S105 - lets secret scanners recognise a leaked one


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    access: Access
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Token:
    """A program's token, without its secret."""

    token_id: str
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions and tokens of one installation."""

    engine: Engine

    def open(self, account_id: str, *, replaces: str | None = None) -> str:
        """The secret of a new session; the one that the browser came with ends."""
        secret, now = new_secret(), utc_now()
        with writing(self.engine) as connection:
            s = t.session
            connection.execute(s.delete().where(s.c.expires_at < now))
            if replaces is not None:
                connection.execute(s.delete().where(s.c.token_sha256 == digest(replaces)))
            connection.execute(
                insert(s).values(
                    token_sha256=digest(secret),
                    account_id=account_id,
                    csrf_token=new_secret(),
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + timedelta(hours=account_rules().sign_in.session_hours),
                )
            )
        return secret

    def find(self, secret: str) -> Session | None:
        """The session while it lasts and its account is open."""
        now, s = utc_now(), t.session
        idle = timedelta(minutes=account_rules().sign_in.session_idle_minutes)
        query = (
            select(s.c.csrf_token, s.c.last_seen_at, *_ACCOUNT)
            .join(t.account, t.account.c.account_id == s.c.account_id)
            .where(
                s.c.token_sha256 == digest(secret),
                s.c.expires_at > now,
                s.c.last_seen_at > now - idle,
                t.account.c.disabled_at.is_(None),
            )
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if now - row["last_seen_at"] > _SEEN_EVERY:
            with writing(self.engine) as connection:
                mine = s.c.token_sha256 == digest(secret)
                connection.execute(update(s).where(mine).values(last_seen_at=now))
        return Session(_access(row), row["csrf_token"])

    def close(self, secret: str) -> None:
        """End a session."""
        with writing(self.engine) as connection:
            mine = t.session.c.token_sha256 == digest(secret)
            connection.execute(t.session.delete().where(mine))

    def issue_token(self, account_id: str, name: str, days: int | None = None) -> str:
        """The secret of a new token; it is shown once."""
        secret, now = TOKEN_PREFIX + new_secret(), utc_now()
        longest = account_rules().sign_in.token_days
        with writing(self.engine) as connection:
            connection.execute(
                insert(t.api_token).values(
                    token_id=secrets.token_hex(8),
                    token_sha256=digest(secret),
                    account_id=account_id,
                    name=name[:80],
                    created_at=now,
                    expires_at=now + timedelta(days=min(days or longest, longest)),
                )
            )
        return secret

    def find_token(self, secret: str) -> Access | None:
        """Whose token this is, while it may be used."""
        now, k = utc_now(), t.api_token
        query = (
            select(k.c.token_id, k.c.last_used_at, *_ACCOUNT)
            .join(t.account, t.account.c.account_id == k.c.account_id)
            .where(
                k.c.token_sha256 == digest(secret),
                k.c.revoked_at.is_(None),
                k.c.expires_at > now,
                t.account.c.disabled_at.is_(None),
            )
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if row["last_used_at"] is None or now - row["last_used_at"] > _SEEN_EVERY:
            with writing(self.engine) as connection:
                mine = k.c.token_id == row["token_id"]
                connection.execute(update(k).where(mine).values(last_used_at=now))
        return _access(row)

    def tokens(self, account_id: str) -> list[Token]:
        """The account's tokens, newest first."""
        k = t.api_token
        columns = [k.c[name] for name in Token.__slots__]
        query = select(*columns).where(k.c.account_id == account_id)
        with reading(self.engine) as connection:
            found = connection.execute(query.order_by(k.c.created_at.desc())).mappings()
            return [Token(**row) for row in found]

    def revoke_token(self, account_id: str, token_id: str) -> None:
        """End a token of the account; another's is left alone."""
        k = t.api_token
        with writing(self.engine) as connection:
            connection.execute(
                update(k)
                .where(
                    k.c.token_id == token_id,
                    k.c.account_id == account_id,
                    k.c.revoked_at.is_(None),
                )
                .values(revoked_at=utc_now())
            )


_ACCOUNT = [
    t.account.c[name]
    for name in ("account_id", "login", "display_name", "role", "territory_kato", "language")
]


def _access(row: Any) -> Access:
    return access_of(
        account_id=row["account_id"],
        login=row["login"],
        display_name=row["display_name"],
        role=row["role"],
        territory=row["territory_kato"],
        language=row["language"],
    )
