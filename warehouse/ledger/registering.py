"""The steps of taking a submission in, confirming it and noting who did so."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from warehouse.core.clock import utc_now
from warehouse.ledger import arrivals, audit
from warehouse.ledger import decisions as d
from warehouse.ledger.arrivals import Arrival
from warehouse.ledger.reading import one_submission, version_in_force
from warehouse.ledger.records import Submission


def repeat(
    connection: Connection, key: tuple[str, str, str], arrival: Arrival, *, hold: bool
) -> None:
    """Note bytes that came before. They confirm what waits, but never what was overtaken.

    UserError PERIOD_LOCKED when they would confirm it for a closed period.
    """
    arrivals.add(connection, arrival)
    if not arrival.is_reinstatement:
        arrivals.begin_no_later(connection, key, arrival)
    found = one_submission(connection, arrival.submission_id)
    if not hold and found.standing == "held" and not is_overtaken(connection, found):
        d.refuse_if_locked(connection, key, arrival.received_at)
        confirm(connection, arrival.submission_id, arrival.submitted_by)


def confirm(
    connection: Connection, submission_id: str, by: str | None, comment: str | None = None
) -> None:
    """Note that a submission that was held is confirmed; others stay as they are."""
    if is_held(connection, submission_id):
        moment = utc_now()
        d.add_decision(
            connection, submission_id, "confirmed", moment=moment, by=by, comment=comment
        )
        note(connection, by, "submission.confirmed", submission_id, comment=comment)


def is_held(connection: Connection, submission_id: str) -> bool:
    """Whether the submission waits to be confirmed."""
    return d.standing_of(connection, submission_id) == "held"


def note(connection: Connection, by: str | None, action: str, what: str, **details: Any) -> None:
    """Add what was done to the audit log, in the transaction that did it."""
    audit.append(connection, actor=by or "mvd", action=action, object=what, details=details)


def is_overtaken(connection: Connection, submission: Submission) -> bool:
    """Whether a version that came later is in force."""
    current = version_in_force(connection, submission.submission_id)
    return current is not None and submission.is_older_than(current)


def submission_id_of(
    connection: Connection, key: tuple[str, str, str], sha256: str, reinstated_at: datetime | None
) -> str:
    """Id of the submission of these bytes for (form, territory, period)."""
    parts = [*key, sha256]
    if reinstated_at is not None:
        parts.append(f"{reinstated_at:%Y-%m-%dT%H:%M:%S.%f}")
    elif earlier := arrivals.repetitions(connection, key, sha256):
        parts.append(str(earlier + 1))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
