"""A form that a unit owes for a period: how far it has come, and whether it is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from warehouse.ledger import LockException, PeriodLock, Submission
from warehouse.ledger.uploads import Upload
from warehouse.reporting.outcomes import DutyState, latest
from warehouse.reporting.punctuality import Report

State = Literal[DutyState, "late", "locked"]


@dataclass(frozen=True, slots=True)
class Duty:
    """One form that one unit owes for one period.

    `latest` is what came in last, `in_force` the version that counts. `exception` lets the unit
    send although the period is locked.
    """

    form: str
    territory: str
    period: str
    state: State
    deadline: datetime
    in_force: Submission | None
    latest: Submission | None
    upload: Upload | None
    lock: PeriodLock | None
    exception: LockException | None
    is_late: bool
    """Reported after the deadline, or not reported although it has passed."""

    @property
    def is_open(self) -> bool:
        """Whether a new version may be sent."""
        return self.lock is None or self.exception is not None

    def days_left(self, now: datetime) -> int:
        """Whole days to the deadline, negative after it."""
        return (self.deadline - now) // timedelta(days=1)


def duty_of(
    form: str,
    period: str,
    report: Report,
    *,
    upload: Upload | None,
    lock: PeriodLock | None,
    exception: LockException | None,
    now: datetime,
) -> Duty:
    """The duty of a unit, from what it sent and what stands in its way."""
    in_force = next((s for s in report.own if s.in_force), None)
    last = latest(report.own)
    is_late = report.is_late(now)
    is_locked = lock is not None and exception is None
    return Duty(
        form=form,
        territory=report.territory,
        period=period,
        state=_state(last, in_force, upload, is_late=is_late, is_locked=is_locked),
        deadline=report.deadline,
        in_force=in_force,
        latest=last,
        upload=upload,
        lock=lock,
        exception=exception,
        is_late=is_late,
    )


def _state(
    latest: Submission | None,
    in_force: Submission | None,
    upload: Upload | None,
    *,
    is_late: bool,
    is_locked: bool,
) -> State:
    if upload is not None or (latest is not None and latest.state == "received"):
        return "checking"
    if latest is None or (latest.standing == "withdrawn" and in_force is None):
        if is_locked:
            return "locked"
        return "late" if is_late else "not_sent"
    return in_force.outcome if latest.standing == "withdrawn" and in_force else latest.outcome
