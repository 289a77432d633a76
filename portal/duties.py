"""What each unit owes for a period, and how far it has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ingestion.request import Services
from portal.store.uploads import Upload, Uploads
from warehouse.clock import utc_now
from warehouse.duties import DutyState, latest
from warehouse.ledger import LockException, PeriodLock, Submission

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
    """Accepted after the deadline, or not accepted although it has passed."""

    @property
    def is_open(self) -> bool:
        """Whether a new version may be sent."""
        return self.lock is None or self.exception is not None

    def days_left(self, now: datetime) -> int:
        """Whole days to the deadline, negative after it."""
        return (self.deadline - now) // timedelta(days=1)


def duties(
    services: Services, uploads: Uploads, period: str, territories: frozenset[str] | None = None
) -> list[Duty]:
    """A duty per form and expected unit, of all units or of some, in the order of the forms."""
    contracts, ledger, now = services.contracts, services.ledger, utc_now()
    sent: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for submission in ledger.submissions(period=period):
        sent[submission.form_code, submission.territory_kato].append(submission)
    waiting: dict[tuple[str | None, str], Upload] = {
        (upload.form_code, upload.territory_kato): upload for upload in uploads.unfinished(period)
    }
    locks = {lock.form_code: lock for lock in ledger.locks(period)}
    granted = {
        (e.form_code, e.territory_kato): e for e in ledger.exceptions(period) if e.is_valid_at(now)
    }
    found = []
    for form in contracts.forms:
        if not contracts.is_in_force(form, period):
            continue
        for territory in contracts.expected_submitters(form, period):
            if territories is not None and territory not in territories:
                continue
            found.append(
                _duty(
                    form,
                    territory,
                    period,
                    deadline=contracts.deadline(form, period),
                    own=sent[form, territory],
                    upload=waiting.get((form, territory)),
                    lock=locks.get(form),
                    exception=granted.get((form, territory)),
                    now=now,
                )
            )
    return found


def _duty(
    form: str,
    territory: str,
    period: str,
    *,
    deadline: datetime,
    own: Sequence[Submission],
    upload: Upload | None,
    lock: PeriodLock | None,
    exception: LockException | None,
    now: datetime,
) -> Duty:
    in_force = next((s for s in own if s.in_force), None)
    last = latest(own)
    is_late = now > deadline if in_force is None else _first_accepted(own) > deadline
    is_locked = lock is not None and exception is None
    return Duty(
        form=form,
        territory=territory,
        period=period,
        state=_state(last, in_force, upload, is_late=is_late, is_locked=is_locked),
        deadline=deadline,
        in_force=in_force,
        latest=last,
        upload=upload,
        lock=lock,
        exception=exception,
        is_late=is_late,
    )


def _first_accepted(own: Sequence[Submission]) -> datetime:
    # A correction does not make a punctual unit late: its first accepted file counts.
    return min(
        s.received_at
        for s in own
        if s.verdict is not None and s.verdict.is_accepted and s.standing == "counts"
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
