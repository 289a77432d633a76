"""Letters waiting to be sent. One occasion makes one letter, whoever notices it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing

_ATTEMPTS = 8
_RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of one kind to one account."""

    notification_id: str
    account_id: str
    kind: str
    params: Mapping[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Letters:
    """The outbox of one installation."""

    engine: Engine

    def add(self, account_id: str, *, kind: str, occasion: str, params: Mapping[str, Any]) -> bool:
        """Put a letter into the outbox; False when there was one for this occasion already."""
        now = utc_now()
        known = select(t.notification.c.notification_id).where(
            t.notification.c.occasion == occasion
        )
        with reading(self.engine) as connection:
            if connection.execute(known).first() is not None:
                return False
        try:
            with writing(self.engine) as connection:
                connection.execute(
                    insert(t.notification).values(
                        notification_id=secrets.token_hex(8),
                        account_id=account_id,
                        occasion=occasion,
                        kind=kind,
                        params=json.dumps(dict(params), ensure_ascii=False),
                        created_at=now,
                        attempts=0,
                        next_attempt_at=now,
                    )
                )
        except IntegrityError:
            return False
        return True

    def take(self) -> Letter | None:
        """The next letter that is due; nobody else takes it for a while."""
        n, now = t.notification, utc_now()
        is_due = (n.c.sent_at.is_(None), n.c.next_attempt_at <= now, n.c.attempts < _ATTEMPTS)
        query = select(n).where(*is_due).order_by(n.c.created_at).limit(1).with_for_update()
        with reading(self.engine) as connection:
            if connection.execute(select(n.c.occasion).where(*is_due).limit(1)).first() is None:
                return None
        with writing(self.engine) as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            attempts = row["attempts"] + 1
            connection.execute(
                update(n)
                .where(n.c.notification_id == row["notification_id"])
                .values(attempts=attempts, next_attempt_at=now + _RETRY * 2**attempts)
            )
        return Letter(
            notification_id=row["notification_id"],
            account_id=row["account_id"],
            kind=row["kind"],
            params=json.loads(row["params"]),
            attempts=attempts,
        )

    def sent(self, letter: Letter) -> None:
        """The mail server has taken it."""
        self._note(letter, sent_at=utc_now(), last_error=None)

    def failed(self, letter: Letter, reason: str) -> None:
        """It is tried again later."""
        self._note(letter, last_error=reason[:500])

    def _note(self, letter: Letter, **values: Any) -> None:
        mine = t.notification.c.notification_id == letter.notification_id
        with writing(self.engine) as connection:
            connection.execute(update(t.notification).where(mine).values(**values))
