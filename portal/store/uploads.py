"""Files that came in through the desk, from the last byte to the verdict.

The row is written before the sender gets an answer, so a restart loses nothing: whatever is not
finished is taken up again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, func, insert, select, update

from portal.problems import PortalError
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing
from warehouse.ledger.uploads import Upload
from warehouse.storage.originals import StoredFile

_WAITING_PER_ACCOUNT = 40
_CLAIM_LOCK = 0x6D7665
"""Key of the advisory lock that lets one judge at a time choose on Postgres."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Files without an answer; `oldest_at` is when the first of them came in."""

    waiting: int
    checking: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads of one installation."""

    engine: Engine

    def add(
        self,
        *,
        account_id: str,
        territory: str,
        period: str,
        form: str | None,
        file_name: str,
        stored: StoredFile,
        language: str,
        signature: bytes | None = None,
    ) -> Upload:
        """Put a stored file in the queue; the same bytes that wait already are not put twice.

        PortalError queue_full when the account has too many files waiting.
        """
        u = t.upload.c
        same = select(t.upload).where(
            u.territory_kato == territory,
            u.period == period,
            u.file_sha256 == stored.sha256,
            u.form_code.is_not_distinct_from(form),
            u.signature.is_not_distinct_from(signature),
            u.state.in_(("waiting", "checking")),
        )
        mine = select(func.count()).where(u.account_id == account_id, u.state == "waiting")
        values: dict[str, Any] = {
            "upload_id": secrets.token_hex(8),
            "account_id": account_id,
            "territory_kato": territory,
            "period": period,
            "form_code": form,
            "file_name": file_name,
            "file_sha256": stored.sha256,
            "file_size": stored.size,
            "language": language,
            "received_at": utc_now(),
            "state": "waiting",
            "attempts": 0,
            "signature": signature,
        }
        with writing(self.engine) as connection:
            row = connection.execute(same).mappings().first()
            if row is not None:
                return _upload(row)
            if connection.execute(mine).scalar_one() >= _WAITING_PER_ACCOUNT:
                raise PortalError("queue_full", status=429)
            connection.execute(insert(t.upload).values(**values))
        return self.get(values["upload_id"])

    def get(self, upload_id: str) -> Upload:
        """One upload; KeyError."""
        with reading(self.engine) as connection:
            query = select(t.upload).where(t.upload.c.upload_id == upload_id)
            row = connection.execute(query).mappings().first()
        if row is None:
            raise KeyError(upload_id)
        return _upload(row)

    def recent(self, territory: str, period: str) -> list[Upload]:
        """Uploads of a territory for a period, newest first."""
        query = (
            select(t.upload)
            .where(t.upload.c.territory_kato == territory, t.upload.c.period == period)
            .order_by(t.upload.c.received_at.desc())
            .limit(50)
        )
        with reading(self.engine) as connection:
            return [_upload(row) for row in connection.execute(query).mappings()]

    def unfinished(self, period: str) -> list[Upload]:
        """Uploads of a period that still have no answer."""
        query = select(t.upload).where(
            t.upload.c.period == period, t.upload.c.state.in_(("waiting", "checking"))
        )
        with reading(self.engine) as connection:
            return [_upload(row) for row in connection.execute(query).mappings()]

    def ahead(self, upload: Upload) -> int:
        """How many files came before this one and still wait."""
        u = t.upload.c
        query = select(func.count()).where(u.state == "waiting", u.received_at < upload.received_at)
        with reading(self.engine) as connection:
            return int(connection.execute(query).scalar_one())

    def queue(self) -> Queue:
        """How much is still to be judged."""
        u = t.upload.c
        is_open = u.state.in_(("waiting", "checking"))
        query = select(u.state, func.count(), func.min(u.received_at)).where(is_open)
        with reading(self.engine) as connection:
            found = {row[0]: row for row in connection.execute(query.group_by(u.state))}
        counts = {state: row[1] for state, row in found.items()}
        oldest = min((row[2] for row in found.values()), default=None)
        return Queue(counts.get("waiting", 0), counts.get("checking", 0), oldest)

    def claim(self, worker: str) -> Upload | None:
        """The oldest waiting file, now this worker's.

        Files of one territory and period are judged one after another: rules across forms need
        the form before.
        """
        busy = t.upload.alias("busy")
        same_desk = select(busy.c.upload_id).where(
            busy.c.state == "checking",
            busy.c.territory_kato == t.upload.c.territory_kato,
            busy.c.period == t.upload.c.period,
        )
        query = (
            select(t.upload)
            .where(t.upload.c.state == "waiting", ~same_desk.exists())
            .order_by(t.upload.c.received_at, t.upload.c.upload_id)
            .limit(1)
        )
        with reading(self.engine) as connection:
            waiting = select(t.upload.c.upload_id).where(t.upload.c.state == "waiting").limit(1)
            if connection.execute(waiting).first() is None:
                return None
        with writing(self.engine) as connection:
            if connection.dialect.name == "postgresql":
                # Two claims at once would both see that nobody judges for the territory.
                connection.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            changed = {
                "state": "checking",
                "worker": worker,
                "claimed_at": utc_now(),
                "attempts": row["attempts"] + 1,
            }
            mine = and_(t.upload.c.upload_id == row["upload_id"], t.upload.c.state == "waiting")
            if connection.execute(update(t.upload).where(mine).values(**changed)).rowcount != 1:
                return None
            return _upload({**row, **changed})

    def finish(
        self,
        upload_id: str,
        *,
        submission_id: str | None,
        refusal: Mapping[str, Any] | None = None,
    ) -> None:
        """Note the answer."""
        with writing(self.engine) as connection:
            connection.execute(
                update(t.upload)
                .where(t.upload.c.upload_id == upload_id)
                .values(
                    state="done" if submission_id and not refusal else "refused",
                    submission_id=submission_id,
                    refusal=json.dumps(refusal, ensure_ascii=False) if refusal else None,
                    finished_at=utc_now(),
                )
            )

    def give_back(self, worker: str) -> None:
        """Put what a dead worker left behind in the queue again."""
        with writing(self.engine) as connection:
            connection.execute(
                update(t.upload)
                .where(t.upload.c.worker == worker, t.upload.c.state == "checking")
                .values(state="waiting", worker=None)
            )


def _upload(row: Mapping[Any, Any]) -> Upload:
    refusal = row["refusal"]
    return Upload(**{**row, "refusal": json.loads(refusal) if refusal else None})
