"""What can be asked of the ledger; each answer is read in one transaction."""

from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy import Engine, select

from warehouse.ledger import arrivals
from warehouse.ledger import decisions as d
from warehouse.ledger import schema as t
from warehouse.ledger.arrivals import Arrival
from warehouse.ledger.database import open_engine, reading
from warehouse.ledger.reading import (
    as_finding,
    as_judgement,
    as_submission,
    findings_table,
    judgement_count,
    judgement_query,
    one_submission,
    ranked_submissions,
)
from warehouse.ledger.records import (
    BuildState,
    Finding,
    Judgement,
    ReleaseRecord,
    Snapshot,
    Submission,
    Verdict,
)

State = Literal["received", "judged"]


class LedgerInquiries:
    """The reading half of the ledger behind a SQLAlchemy URL."""

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

    def decisions(self, submission_id: str) -> list[d.Decision]:
        """What people decided about a submission, oldest first."""
        with reading(self._engine) as connection:
            return d.decisions(connection, submission_id)

    def locks(self, period: str | None = None) -> list[d.PeriodLock]:
        """Locks in force, of one period or of all."""
        with reading(self._engine) as connection:
            return d.locks(connection, period)

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
            latest = judgement_count(connection, submission_id) if number is None else number
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
