"""What people decide about submissions and periods: confirm, withdraw, return, lock, except.

Everything is added, nothing is overwritten. The functions work inside a transaction of the caller.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, case, func, insert, select

from warehouse.core.clock import as_utc
from warehouse.core.errors import UserError
from warehouse.ledger import schema as t

Kind = Literal["held", "confirmed", "withdrawn", "returned"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about a submission."""

    submission_id: str
    number: int
    kind: Kind
    decided_at: datetime
    decided_by: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class PeriodLock:
    """A lock in force: no new version of this form for this period is taken."""

    form_code: str
    period: str
    changed_at: datetime
    changed_by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LockException:
    """Leave for one territory to send although the period is locked, up to a moment."""

    exception_id: str
    form_code: str
    territory_kato: str
    period: str
    granted_at: datetime
    granted_by: str | None
    valid_until: datetime
    reason: str

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether it lets a file of `moment` in."""
        return self.granted_at <= moment <= self.valid_until


def standing_column() -> ColumnElement[str]:
    """The standing of the submission in the row, for queries on `t.submission`."""
    latest = (
        select(t.decision.c.kind)
        .where(t.decision.c.submission_id == t.submission.c.submission_id)
        .order_by(t.decision.c.number.desc())
        .limit(1)
        .correlate(t.submission)
        .scalar_subquery()
    )
    return case((latest.in_(("held", "withdrawn", "returned")), latest), else_="counts")


def standing_of(connection: Connection, submission_id: str) -> str:
    """How the submission stands now."""
    query = select(standing_column()).where(t.submission.c.submission_id == submission_id)
    return connection.execute(query).scalar_one()


def add_decision(
    connection: Connection,
    submission_id: str,
    kind: Kind,
    *,
    moment: datetime,
    by: str | None,
    comment: str | None = None,
) -> None:
    """Note a decision after the earlier ones. The caller holds the lock on the submission."""
    latest = select(func.max(t.decision.c.number)).where(
        t.decision.c.submission_id == submission_id
    )
    number = (connection.execute(latest).scalar() or 0) + 1
    connection.execute(
        insert(t.decision).values(
            submission_id=submission_id,
            number=number,
            kind=kind,
            decided_at=as_utc(moment),
            decided_by=by,
            comment=comment,
        )
    )


def decisions(connection: Connection, submission_id: str) -> list[Decision]:
    """All decisions about a submission, oldest first."""
    query = (
        select(t.decision)
        .where(t.decision.c.submission_id == submission_id)
        .order_by(t.decision.c.number)
    )
    return [Decision(**row) for row in connection.execute(query).mappings()]


def refuse_if_locked(connection: Connection, key: tuple[str, str, str], moment: datetime) -> None:
    """UserError PERIOD_LOCKED when nothing new may come for (form, territory, period)."""
    form_code, territory_kato, period = key
    lock = lock_at(connection, form_code, period, moment)
    if lock is None:
        return
    granted = exceptions(connection, period=period, form_code=form_code)
    if any(e.territory_kato == territory_kato and e.is_valid_at(moment) for e in granted):
        return
    raise UserError("PERIOD_LOCKED", form=form_code, period=period, reason=lock.reason)


def lock_at(
    connection: Connection, form_code: str, period: str, moment: datetime
) -> PeriodLock | None:
    """The lock in force at `moment`."""
    query = (
        select(t.period_lock)
        .where(
            t.period_lock.c.form_code == form_code,
            t.period_lock.c.period == period,
            t.period_lock.c.changed_at <= as_utc(moment),
        )
        .order_by(t.period_lock.c.number.desc())
        .limit(1)
    )
    locks = _in_force(connection.execute(query).mappings().all())
    return locks[0] if locks else None


def locks(connection: Connection, period: str | None = None) -> list[PeriodLock]:
    """Locks in force now, of one period or of all."""
    changes = t.period_lock.alias()
    latest = (
        select(func.max(changes.c.number))
        .where(
            changes.c.form_code == t.period_lock.c.form_code,
            changes.c.period == t.period_lock.c.period,
        )
        .scalar_subquery()
    )
    query = select(t.period_lock).where(t.period_lock.c.number == latest)
    if period is not None:
        query = query.where(t.period_lock.c.period == period)
    query = query.order_by(t.period_lock.c.period, t.period_lock.c.form_code)
    return _in_force(connection.execute(query).mappings().all())


def set_lock(
    connection: Connection,
    form_code: str,
    period: str,
    *,
    is_locked: bool,
    reason: str,
    by: str | None,
    moment: datetime,
) -> bool:
    """Lock or unlock; False when that is how it was already."""
    if (lock_at(connection, form_code, period, moment) is not None) == is_locked:
        return False
    latest = select(func.max(t.period_lock.c.number)).where(
        t.period_lock.c.form_code == form_code, t.period_lock.c.period == period
    )
    connection.execute(
        insert(t.period_lock).values(
            form_code=form_code,
            period=period,
            number=(connection.execute(latest).scalar() or 0) + 1,
            is_locked=is_locked,
            changed_at=as_utc(moment),
            changed_by=by,
            reason=reason,
        )
    )
    return True


def add_exception(
    connection: Connection,
    key: tuple[str, str, str],
    *,
    valid_until: datetime,
    reason: str,
    by: str | None,
    moment: datetime,
) -> LockException:
    """Grant (form, territory, period) leave until `valid_until`."""
    form_code, territory_kato, period = key
    granted = LockException(
        exception_id=secrets.token_hex(8),
        form_code=form_code,
        territory_kato=territory_kato,
        period=period,
        granted_at=as_utc(moment),
        granted_by=by,
        valid_until=as_utc(valid_until),
        reason=reason,
    )
    connection.execute(insert(t.lock_exception).values(**asdict(granted)))
    return granted


def exceptions(
    connection: Connection, *, period: str, form_code: str | None = None
) -> list[LockException]:
    """Exceptions granted for a period, oldest first, expired ones included."""
    query = select(t.lock_exception).where(t.lock_exception.c.period == period)
    if form_code is not None:
        query = query.where(t.lock_exception.c.form_code == form_code)
    query = query.order_by(t.lock_exception.c.granted_at)
    return [LockException(**row) for row in connection.execute(query).mappings()]


def _in_force(rows: Sequence[Any]) -> list[PeriodLock]:
    return [
        PeriodLock(**{k: v for k, v in row.items() if k not in ("number", "is_locked")})
        for row in rows
        if row["is_locked"]
    ]
