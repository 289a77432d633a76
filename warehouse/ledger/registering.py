"""The steps of taking a submission in, confirming it and noting who did so."""

import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from warehouse.core.clock import utc_now
from warehouse.ledger import arrivals, audit
from warehouse.ledger import decisions as d
from warehouse.ledger import schema as t
from warehouse.ledger.arrivals import Arrival
from warehouse.ledger.database import advance_counter, lock_counter, next_number
from warehouse.ledger.reading import one_submission, version_in_force
from warehouse.ledger.records import IncomingFile, Registration, Submission


def register(
    connection: Connection, file: IncomingFile, moment: datetime, *, hold: bool, reinstate: bool
) -> Registration:
    """Note that a file came in at `moment`, as `Ledger.register` says."""
    key, sha256 = file.key, file.file_sha256
    number = lock_counter(connection, "submission")
    known = (
        _not_reinstated(connection, key, sha256, moment)
        if reinstate
        else arrivals.holder(connection, key, sha256, hold=hold)
    )
    submission_id = known or submission_id_of(
        connection, key, sha256, moment if reinstate else None
    )
    arrival = Arrival(
        number=next_number(connection, "arrival"),
        form_code=file.form_code,
        territory_kato=file.territory_kato,
        period=file.period,
        file_sha256=sha256,
        file_name=file.file_name,
        submitted_by=file.submitted_by,
        received_at=moment,
        registered_at=utc_now(),
        is_reinstatement=reinstate,
        submission_id=submission_id,
    )
    if known is not None:
        repeat(connection, key, arrival, hold=hold)
        return Registration(one_submission(connection, known), is_new=False)
    d.refuse_if_locked(connection, key, moment)
    connection.execute(
        insert(t.submission).values(
            **asdict(file) | {"received_at": moment},
            submission_id=submission_id,
            sequence=advance_counter(connection, "submission", number),
            judgements=0,
            is_author_read=True,
        )
    )
    arrivals.add(connection, arrival)
    if hold:
        d.add_decision(connection, submission_id, "held", moment=moment, by=file.submitted_by)
    action = "submission.reinstated" if reinstate else "submission.received"
    note(connection, file.submitted_by, action, submission_id, sha256=sha256)
    return Registration(one_submission(connection, submission_id), is_new=True)


def _not_reinstated(
    connection: Connection, key: tuple[str, str, str], sha256: str, moment: datetime
) -> str | None:
    """The submission that these bytes stay, although their reinstatement is asked for.

    One that was registered for the same moment before, or one that the ministry returned: to
    overrule it is not the sender's business.
    """
    submission_id = submission_id_of(connection, key, sha256, moment)
    query = select(t.submission.c.submission_id).where(
        t.submission.c.submission_id == submission_id
    )
    found: str | None = connection.execute(query).scalar()
    return found or arrivals.returned(connection, key, sha256)


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
