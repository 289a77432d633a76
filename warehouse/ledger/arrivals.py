"""The log of arrivals: every time that a file came in, whether it changed something or not.

Rows are only added. What holds at a moment follows from the arrivals up to it and not from the
order in which they were registered: bytes count from their first arrival on, and sending them again
changes nothing unless their reinstatement was asked for. The functions work inside a transaction
of the caller, who holds the counter of submissions.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from warehouse.clock import as_utc
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


def holder(connection: Connection, key: Key, sha256: str) -> str | None:
    """The submission of the key that these bytes belong to; None when they are to be a new one.

    Returned and withdrawn ones hold nothing: their bytes may be sent again.
    """
    found: str | None = connection.execute(
        select(t.submission.c.submission_id)
        .where(
            of_key(key),
            t.submission.c.file_sha256 == sha256,
            d.standing_column().in_(("counts", "held")),
            ~is_reinstatement(),
        )
        .order_by(t.submission.c.received_at, t.submission.c.sequence)
        .limit(1)
    ).scalar()
    return found


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

    Bytes that were returned and sent again keep their times: each sending was a new start.
    """
    if repetitions(connection, key, arrival.file_sha256) > 1:
        return
    connection.execute(
        update(t.submission)
        .where(
            t.submission.c.submission_id == arrival.submission_id,
            t.submission.c.received_at > as_utc(arrival.received_at),
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
