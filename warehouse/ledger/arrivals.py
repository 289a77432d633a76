"""The log of arrivals: every time that a file came in, whether it changed something or not.

Rows are only added. What holds at a moment follows from the arrivals up to it and not from the
order in which they were registered: bytes count from their first arrival on, and sending them again
changes nothing, not even where they were returned since, unless the reinstatement of a replaced or
withdrawn version was asked for.

The functions work inside a transaction of the caller, who holds the counter of submissions.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from warehouse.core.clock import as_utc
from warehouse.ledger import decisions as d
from warehouse.ledger import schema as t

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came in: under what form, territory and period, and what it led to."""

    number: int
    form_code: str
    territory_kato: str
    period: str
    file_sha256: str
    file_name: str
    submitted_by: str | None
    received_at: datetime
    registered_at: datetime
    is_reinstatement: bool
    submission_id: str


def of_key(key: Key) -> ColumnElement[bool]:
    """Submissions of (form, territory, period)."""
    form_code, territory_kato, period = key
    return and_(
        t.submission.c.form_code == form_code,
        t.submission.c.territory_kato == territory_kato,
        t.submission.c.period == period,
    )


def is_reinstatement() -> ColumnElement[bool]:
    """Whether the submission of the row was asked for as a reinstatement."""
    asked = select(t.arrival.c.number).where(
        t.arrival.c.submission_id == t.submission.c.submission_id,
        t.arrival.c.is_reinstatement,
    )
    return asked.correlate(t.submission).exists()


def holder(connection: Connection, key: Key, sha256: str, *, hold: bool) -> str | None:
    """The submission of the key that these bytes belong to; None when they are to be a new one.

    Returned bytes stay returned, and withdrawn bytes withdrawn, however often they come again;
    only with `hold` withdrawn bytes are a new submission, since its sender has to confirm it.
    """
    s = t.submission.c
    query = (
        select(
            s.submission_id,
            s.sequence,
            d.standing_column().label("standing"),
            is_reinstatement().label("is_reinstatement"),
        )
        .where(of_key(key), s.file_sha256 == sha256)
        .order_by(s.received_at, s.sequence)
    )
    chosen = _holder_among(connection.execute(query).all(), hold=hold)
    return None if chosen is None else str(chosen.submission_id)


def returned(connection: Connection, key: Key, sha256: str) -> str | None:
    """The submission of these bytes if the ministry returned them and that still stands."""
    held = holder(connection, key, sha256, hold=False)
    query = select(t.submission.c.submission_id).where(
        t.submission.c.submission_id == held, d.standing_column() == "returned"
    )
    found: str | None = connection.execute(query).scalar()
    return found


def _holder_among(found: Sequence[Row[Any]], *, hold: bool) -> Row[Any] | None:
    standing = [row for row in found if row.standing in ("counts", "held")]
    for row in standing:
        if not row.is_reinstatement:
            return row
    if standing:
        # Bytes that came only as a reinstatement have not been sent yet.
        is_sent = any(not row.is_reinstatement for row in found)
        return standing[-1] if is_sent else None
    latest = max(found, key=lambda row: row.sequence, default=None)
    is_asked_again = hold and latest is not None and latest.standing == "withdrawn"
    return None if is_asked_again else latest


def same_bytes(connection: Connection, key: Key, sha256: str) -> list[str]:
    """Submissions of the key with these bytes that count or wait, reinstatements too."""
    query = select(t.submission.c.submission_id).where(
        of_key(key),
        t.submission.c.file_sha256 == sha256,
        d.standing_column().in_(("counts", "held")),
    )
    ids: list[str] = list(connection.execute(query).scalars())
    return ids


def repetitions(connection: Connection, key: Key, sha256: str) -> int:
    """How many submissions of the key these bytes have, reinstatements not counted."""
    return connection.execute(
        select(func.count())
        .select_from(t.submission)
        .where(of_key(key), t.submission.c.file_sha256 == sha256, ~is_reinstatement())
    ).scalar_one()


def add(connection: Connection, arrival: Arrival) -> None:
    """Append to the log."""
    connection.execute(insert(t.arrival).values(**asdict(arrival)))


def begin_no_later(connection: Connection, key: Key, arrival: Arrival) -> None:
    """Let the submission begin with this arrival, if it is the earliest of its bytes so far.

    Bytes that were withdrawn and sent again keep their times: each sending was a new start.
    """
    if repetitions(connection, key, arrival.file_sha256) > 1:
        return
    connection.execute(
        update(t.submission)
        .where(
            t.submission.c.submission_id == arrival.submission_id,
            t.submission.c.received_at > as_utc(arrival.received_at),
            ~is_reinstatement(),
        )
        .values(
            received_at=arrival.received_at,
            file_name=arrival.file_name,
            submitted_by=arrival.submitted_by,
        )
    )


def arrivals(connection: Connection, key: Key) -> list[Arrival]:
    """All arrivals of (form, territory, period), in the order of registration."""
    form_code, territory_kato, period = key
    query = (
        select(t.arrival)
        .where(
            t.arrival.c.form_code == form_code,
            t.arrival.c.territory_kato == territory_kato,
            t.arrival.c.period == period,
        )
        .order_by(t.arrival.c.number)
    )
    return [Arrival(**row) for row in connection.execute(query).mappings()]
