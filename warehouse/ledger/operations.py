"""Everything that is done with the ledger; each action is one transaction."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from warehouse.core.clock import as_utc, period_month, utc_now
from warehouse.core.errors import UserError
from warehouse.ledger import arrivals
from warehouse.ledger import decisions as d
from warehouse.ledger import schema as t
from warehouse.ledger.database import advance_counter, insert_many, lock_counter, writing
from warehouse.ledger.inquiries import LedgerInquiries
from warehouse.ledger.reading import (
    finding_values,
    judgement_count,
    key_of,
    one_judgement,
    one_submission,
    version_in_force,
)
from warehouse.ledger.records import (
    BuildState,
    Finding,
    IncomingFile,
    Judgement,
    Registration,
    Submission,
    Verdict,
)
from warehouse.ledger.registering import (
    confirm,
    is_held,
    is_overtaken,
    note,
    register,
)
from warehouse.storage.lake import CellFile


class Ledger(LedgerInquiries):
    """The ledger behind a SQLAlchemy URL. Opening it brings its schema up to date."""

    def register(
        self, file: IncomingFile, *, hold: bool = False, reinstate: bool = False
    ) -> Registration:
        """Note that a file came in; its bytes must be in the originals already.

        Bytes that came before for this form, territory and period change nothing (`is_new` False),
        also when a later version is in force or they were returned; withdrawn bytes are new only
        with `hold`. With `reinstate` they are a submission of their own: a version that a later one
        replaced or its sender withdrew comes back in force; returned bytes stay returned.

        With `hold` the submission waits for `confirm` when it carries warnings or replaces an
        accepted version; without, one that waited is confirmed by its bytes coming again.
        UserError PERIOD_LOCKED when the period is closed for this territory.
        """
        period_month(file.period)
        moment = as_utc(file.received_at) if file.received_at else utc_now()
        with writing(self._engine) as connection:
            return register(connection, file, moment, hold=hold, reinstate=reinstate)

    def record_verdict(
        self,
        submission_id: str,
        verdict: Verdict,
        findings: Sequence[Finding],
        cells: CellFile | None,
        contract_hash: str,
        *,
        form_version: str | None = None,
        judged_at: datetime | None = None,
    ) -> Judgement:
        """Add a judgement with its findings, in one transaction.

        `form_version` is the version of the form that the file was read by.
        An accepted submission needs `cells`. The same judgement again changes nothing, so a
        judge that was killed may simply start over; another one is added after the earlier ones.
        """
        verdict = Verdict(verdict)
        if verdict.is_accepted and cells is None:
            raise ValueError(f"submission {submission_id} is {verdict} but has no cells")
        rows = [finding_values(finding) for finding in findings]
        values: dict[str, Any] = {
            "verdict": verdict.value,
            "contract_hash": contract_hash,
            "form_version": form_version,
            "cells_path": cells.relative if cells else None,
            "cells_sha256": cells.sha256 if cells else None,
            "cell_count": cells.rows if cells else None,
            "error_count": sum(f.severity == "error" for f in findings),
            "warning_count": sum(f.severity == "warning" for f in findings),
            "findings_sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        }
        with writing(self._engine) as connection:
            latest = judgement_count(connection, submission_id, lock=True)
            if latest and _is_same_judgement(connection, submission_id, latest, values):
                return one_judgement(connection, submission_id, latest)
            named = {"submission_id": submission_id, "number": latest + 1}
            moment = as_utc(judged_at) if judged_at else utc_now()
            connection.execute(insert(t.judgement).values(**named, **values, judged_at=moment))
            insert_many(
                connection,
                t.finding,
                [named | {"position": i} | row for i, row in enumerate(rows)],
            )
            connection.execute(
                update(t.submission)
                .where(t.submission.c.submission_id == submission_id)
                .values(judgements=latest + 1)
            )
            waits = verdict is Verdict.ACCEPTED and is_held(connection, submission_id)
            if waits and version_in_force(connection, submission_id) is None:
                confirm(connection, submission_id, None)
            return one_judgement(connection, submission_id, latest + 1)

    def confirm(self, submission_id: str, *, by: str | None, comment: str | None = None) -> None:
        """Let a held submission count. Saying so twice changes nothing.

        UserError NOT_CONFIRMABLE for one that is not accepted, was withdrawn or returned, or
        after which a later version came into force; PERIOD_LOCKED as in `register`.
        """
        with writing(self._engine) as connection:
            found = _locked(connection, submission_id)
            if found.standing == "counts":
                return
            if not found.awaits_confirmation or is_overtaken(connection, found):
                raise UserError("NOT_CONFIRMABLE", submission_id=submission_id)
            d.refuse_if_locked(connection, key_of(found), utc_now())
            confirm(connection, submission_id, by, comment)

    def withdraw(self, submission_id: str, *, by: str | None) -> None:
        """Give up a submission that waits for confirmation; UserError NOT_CONFIRMABLE if not."""
        with writing(self._engine) as connection:
            found = _locked(connection, submission_id)
            if not found.awaits_confirmation:
                raise UserError("NOT_CONFIRMABLE", submission_id=submission_id)
            d.add_decision(connection, submission_id, "withdrawn", moment=utc_now(), by=by)
            note(connection, by, "submission.withdrawn", submission_id)

    def send_back(self, submission_id: str, *, by: str | None, comment: str) -> None:
        """Return an accepted submission to its sender: the accepted version before it counts.

        Whatever else holds the same bytes for this form, territory and period is returned too.
        UserError NOT_RETURNABLE for one that is not accepted, or was returned already.
        """
        with writing(self._engine) as connection:
            lock_counter(connection, "submission")
            found = _locked(connection, submission_id)
            is_accepted = found.verdict is not None and found.verdict.is_accepted
            if not is_accepted or found.standing in ("returned", "withdrawn"):
                raise UserError("NOT_RETURNABLE", submission_id=submission_id)
            moment = utc_now()
            for each in arrivals.same_bytes(connection, key_of(found), found.file_sha256):
                d.add_decision(connection, each, "returned", moment=moment, by=by, comment=comment)
                note(connection, by, "submission.returned", each, comment=comment)

    def set_lock(
        self, form_code: str, period: str, *, is_locked: bool, reason: str, by: str | None
    ) -> None:
        """Close a form's period for new versions, or open it again."""
        period_month(period)
        with writing(self._engine) as connection:
            lock_counter(connection, "submission")
            is_changed = d.set_lock(
                connection,
                form_code,
                period,
                is_locked=is_locked,
                reason=reason,
                by=by,
                moment=utc_now(),
            )
            if is_changed:
                action = "period.locked" if is_locked else "period.unlocked"
                note(connection, by, action, f"{form_code} {period}", reason=reason)

    def grant_exception(
        self,
        form_code: str,
        territory_kato: str,
        period: str,
        *,
        valid_until: datetime,
        reason: str,
        by: str | None,
    ) -> d.LockException:
        """Let one territory send a locked form and period until `valid_until`."""
        key = (form_code, territory_kato, period)
        with writing(self._engine) as connection:
            granted = d.add_exception(
                connection, key, valid_until=valid_until, reason=reason, by=by, moment=utc_now()
            )
            until = granted.valid_until.isoformat()
            note(connection, by, "exception.granted", " ".join(key), reason=reason, until=until)
            return granted

    def record_authors(self, marks: dict[str, bool]) -> None:
        """Note of submissions whether their files say that they are of the demonstration."""
        with writing(self._engine) as connection:
            for submission_id, is_demonstration in marks.items():
                connection.execute(
                    update(t.submission)
                    .where(t.submission.c.submission_id == submission_id)
                    .values(is_demonstration=is_demonstration, is_author_read=True)
                )

    def begin_release(
        self,
        *,
        contract_hash: str,
        submission_ids: Iterable[str],
        as_of: datetime | None = None,
        period_first: str | None = None,
        period_last: str | None = None,
        created_at: datetime | None = None,
    ) -> str:
        """Give out the next running number (`r000001`) to a build and note what goes into it."""
        with writing(self._engine) as connection:
            number = advance_counter(connection, "release", lock_counter(connection, "release"))
            release_id = f"r{number:06d}"
            connection.execute(
                insert(t.release).values(
                    release_id=release_id,
                    state="building",
                    created_at=created_at or utc_now(),
                    as_of=as_of,
                    contract_hash=contract_hash,
                    period_first=period_first,
                    period_last=period_last,
                )
            )
            members = [{"release_id": release_id, "submission_id": name} for name in submission_ids]
            insert_many(connection, t.release_submission, members)
            return release_id

    def record_release(
        self,
        release_id: str,
        *,
        state: BuildState,
        content_hash: str | None = None,
        published_at: datetime | None = None,
        problem: str | None = None,
    ) -> None:
        """Note how a build ended, or `building` when one that failed is taken up again.

        Saying so twice changes nothing.
        """
        with writing(self._engine) as connection:
            done = connection.execute(
                update(t.release)
                .where(t.release.c.release_id == release_id)
                .values(
                    state=state,
                    content_hash=content_hash,
                    published_at=published_at,
                    problem=problem,
                )
            )
            if done.rowcount == 0:
                raise UserError("RELEASE_UNKNOWN", release_id=release_id)


def _locked(connection: Connection, submission_id: str) -> Submission:
    """The submission, its row locked until the transaction ends."""
    judgement_count(connection, submission_id, lock=True)
    return one_submission(connection, submission_id)


def _is_same_judgement(
    connection: Connection, submission_id: str, number: int, values: dict[str, Any]
) -> bool:
    row = connection.execute(
        select(*(t.judgement.c[name] for name in values)).where(
            t.judgement.c.submission_id == submission_id, t.judgement.c.number == number
        )
    )
    return dict(row.mappings().one()) == values
