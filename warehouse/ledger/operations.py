"""Everything that is done with the ledger: one class, so that each action is one transaction."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy import Connection, Engine, insert, select, update

from warehouse.core.clock import as_utc, period_month, utc_now
from warehouse.core.errors import UserError
from warehouse.ledger import arrivals
from warehouse.ledger import decisions as d
from warehouse.ledger import schema as t
from warehouse.ledger.arrivals import Arrival
from warehouse.ledger.counters import advance_counter, lock_counter, next_number
from warehouse.ledger.database import insert_many, open_engine, reading, writing
from warehouse.ledger.reading import (
    as_finding,
    as_judgement,
    as_submission,
    finding_values,
    findings_table,
    judgement_query,
    key_of,
    one_judgement,
    one_submission,
    ranked_submissions,
    version_in_force,
)
from warehouse.ledger.records import (
    BuildState,
    Finding,
    Judgement,
    Registration,
    ReleaseRecord,
    Snapshot,
    Submission,
    Verdict,
)
from warehouse.ledger.registering import (
    confirm,
    is_held,
    is_overtaken,
    note,
    repeat,
    submission_id_of,
)
from warehouse.storage.lake import CellFile

State = Literal["received", "judged"]


class Ledger:
    """The ledger behind a SQLAlchemy URL. Opening it brings its schema up to date."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The database, for the tables that other parts keep in it."""
        return self._engine

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def register(
        self,
        *,
        form_code: str,
        form_version: str,
        territory_kato: str,
        period: str,
        file_name: str,
        file_sha256: str,
        file_size: int,
        submitted_by: str | None = None,
        language: str = "ru",
        received_at: datetime | None = None,
        hold: bool = False,
        reinstate: bool = False,
        is_demonstration: bool = False,
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
        period_month(period)
        moment = as_utc(received_at) if received_at else utc_now()
        key = (form_code, territory_kato, period)
        with writing(self._engine) as connection:
            number = lock_counter(connection, "submission")
            known = (
                _not_reinstated(connection, key, file_sha256, moment)
                if reinstate
                else arrivals.holder(connection, key, file_sha256, hold=hold)
            )
            submission_id = known or submission_id_of(
                connection, key, file_sha256, moment if reinstate else None
            )
            arrival = Arrival(
                number=next_number(connection, "arrival"),
                form_code=form_code,
                territory_kato=territory_kato,
                period=period,
                file_sha256=file_sha256,
                file_name=file_name,
                submitted_by=submitted_by,
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
                    submission_id=submission_id,
                    form_code=form_code,
                    form_version=form_version,
                    territory_kato=territory_kato,
                    period=period,
                    file_name=file_name,
                    file_sha256=file_sha256,
                    file_size=file_size,
                    submitted_by=submitted_by,
                    language=language,
                    received_at=moment,
                    sequence=advance_counter(connection, "submission", number),
                    judgements=0,
                    is_demonstration=is_demonstration,
                    is_author_read=True,
                )
            )
            arrivals.add(connection, arrival)
            if hold:
                d.add_decision(connection, submission_id, "held", moment=moment, by=submitted_by)
            action = "submission.reinstated" if reinstate else "submission.received"
            note(connection, submitted_by, action, submission_id, sha256=file_sha256)
            return Registration(one_submission(connection, submission_id), is_new=True)

    def record_verdict(
        self,
        submission_id: str,
        verdict: Verdict,
        findings: Sequence[Finding],
        cells: CellFile | None,
        contract_hash: str,
        *,
        judged_at: datetime | None = None,
    ) -> Judgement:
        """Add a judgement with its findings, in one transaction.

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
            "cells_path": cells.relative if cells else None,
            "cells_sha256": cells.sha256 if cells else None,
            "cell_count": cells.rows if cells else None,
            "error_count": sum(f.severity == "error" for f in findings),
            "warning_count": sum(f.severity == "warning" for f in findings),
            "findings_sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        }
        with writing(self._engine) as connection:
            latest = _lock_judgements(connection, submission_id)
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

    def decisions(self, submission_id: str) -> list[d.Decision]:
        """What people decided about a submission, oldest first."""
        with reading(self._engine) as connection:
            return d.decisions(connection, submission_id)

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

    def locks(self, period: str | None = None) -> list[d.PeriodLock]:
        """Locks in force, of one period or of all."""
        with reading(self._engine) as connection:
            return d.locks(connection, period)

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

    def exceptions(self, period: str) -> list[d.LockException]:
        """Exceptions granted for a period, oldest first, expired ones included."""
        with reading(self._engine) as connection:
            return d.exceptions(connection, period=period)

    def arrivals(self, form_code: str, territory_kato: str, period: str) -> list[Arrival]:
        """Every time that a file came in for a key, in the order of registration."""
        with reading(self._engine) as connection:
            return arrivals.arrivals(connection, (form_code, territory_kato, period))

    def submission(self, submission_id: str) -> Submission:
        """One submission; UserError SUBMISSION_UNKNOWN when there is none."""
        with reading(self._engine) as connection:
            return one_submission(connection, submission_id)

    def submissions(
        self,
        *,
        form_code: str | None = None,
        territory_kato: str | None = None,
        period: str | None = None,
        state: State | None = None,
        verdict: Verdict | None = None,
        in_force: bool | None = None,
        as_of: datetime | None = None,
    ) -> list[Submission]:
        """Submissions in the order they came in; `in_force` is meant at the moment `as_of`."""
        wanted = {
            "form_code": form_code,
            "territory_kato": territory_kato,
            "period": period,
        }
        inside = [t.submission.c[name] == v for name, v in wanted.items() if v is not None]
        query = ranked_submissions(as_of, inside).subquery()
        outside = {"state": state, "verdict": verdict, "in_force": in_force}
        chosen = [query.c[name] == v for name, v in outside.items() if v is not None]
        with reading(self._engine) as connection:
            found = connection.execute(select(query).where(*chosen).order_by(query.c.sequence))
            return [as_submission(row) for row in found.mappings()]

    def is_demonstration(self) -> bool:
        """Whether figures of the demonstration count here, or did until a later version came."""
        query = ranked_submissions(None, [t.submission.c.is_demonstration]).subquery()
        accepted = query.c.verdict != Verdict.REJECTED.value
        found = select(query.c.submission_id).where(accepted, query.c.standing == "counts")
        with reading(self._engine) as connection:
            return connection.execute(found.limit(1)).first() is not None

    def unread_authors(self) -> set[str]:
        """Submissions of earlier versions: whether they are of the demonstration is not known."""
        unread = t.submission.c.is_author_read.is_(False)
        with reading(self._engine) as connection:
            return set(connection.scalars(select(t.submission.c.submission_id).where(unread)))

    def record_authors(self, marks: dict[str, bool]) -> None:
        """Note of submissions whether their files say that they are of the demonstration."""
        with writing(self._engine) as connection:
            for submission_id, is_demonstration in marks.items():
                connection.execute(
                    update(t.submission)
                    .where(t.submission.c.submission_id == submission_id)
                    .values(is_demonstration=is_demonstration, is_author_read=True)
                )

    def unfinished(self) -> list[Submission]:
        """Received but never judged: left by a process that was killed. Judge them again."""
        return self.submissions(state="received")

    def judgements(self, submission_id: str) -> list[Judgement]:
        """All judgements of a submission, oldest first."""
        with reading(self._engine) as connection:
            found = connection.execute(
                judgement_query(submission_id).order_by(t.judgement.c.number)
            )
            return [as_judgement(row) for row in found.mappings()]

    def findings(self, submission_id: str, number: int | None = None) -> list[Finding]:
        """Findings of the latest judgement, or of judgement `number`, in the judge's order."""
        with reading(self._engine) as connection:
            latest = _one_number(connection, submission_id) if number is None else number
            found = connection.execute(
                select(t.finding)
                .where(t.finding.c.submission_id == submission_id, t.finding.c.number == latest)
                .order_by(t.finding.c.position)
            )
            return [as_finding(row) for row in found.mappings()]

    def snapshot(self, as_of: datetime | None = None) -> Snapshot:
        """What had been received by `as_of` (None: everything), judged as it is judged now.

        A replay after a change of contracts therefore changes earlier views too; what had been
        *published* by a day is answered by the releases.
        """
        with reading(self._engine) as connection:
            query = ranked_submissions(as_of, []).order_by(t.submission.c.sequence)
            rows = connection.execute(query).mappings()
            submissions = [as_submission(row) for row in rows]
            return Snapshot(as_of, submissions, findings_table(connection, as_of))

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

    def releases(self, state: BuildState | None = None) -> list[ReleaseRecord]:
        """Releases, oldest first."""
        query = select(t.release).order_by(t.release.c.release_id)
        if state:
            query = query.where(t.release.c.state == state)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
            members = connection.execute(
                select(t.release_submission).order_by(t.release_submission.c.submission_id)
            ).all()
        contents: dict[Any, list[str]] = {row["release_id"]: [] for row in rows}
        for release_id, submission_id in members:
            if release_id in contents:
                contents[release_id].append(str(submission_id))
        return [ReleaseRecord(**row, submission_ids=contents[row["release_id"]]) for row in rows]


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


def _locked(connection: Connection, submission_id: str) -> Submission:
    """The submission, its row locked until the transaction ends."""
    _lock_judgements(connection, submission_id)
    return one_submission(connection, submission_id)


def _one_number(connection: Connection, submission_id: str, *, lock: bool = False) -> int:
    query = select(t.submission.c.judgements).where(t.submission.c.submission_id == submission_id)
    number: int | None = connection.execute(query.with_for_update() if lock else query).scalar()
    if number is None:
        raise UserError("SUBMISSION_UNKNOWN", submission_id=submission_id)
    return number


def _lock_judgements(connection: Connection, submission_id: str) -> int:
    return _one_number(connection, submission_id, lock=True)


def _is_same_judgement(
    connection: Connection, submission_id: str, number: int, values: dict[str, Any]
) -> bool:
    row = connection.execute(
        select(*(t.judgement.c[name] for name in values)).where(
            t.judgement.c.submission_id == submission_id, t.judgement.c.number == number
        )
    )
    return dict(row.mappings().one()) == values
