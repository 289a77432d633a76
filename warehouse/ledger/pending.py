"""What has been accepted and is in no release yet: the reason for the next build."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from warehouse.ledger import schema as t
from warehouse.ledger.database import reading
from warehouse.ledger.operations import Ledger


@dataclass(frozen=True, slots=True)
class Pending:
    """How the submissions in force differ from those of the latest finished build."""

    added: frozenset[str]
    removed: frozenset[str]

    @property
    def digest(self) -> str:
        """The same difference has the same digest; empty when there is none."""
        if not self:
            return ""
        lines = [*(f"+{name}" for name in sorted(self.added)), *sorted(self.removed)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def pending(ledger: Ledger) -> Pending:
    """Compare the submissions in force with the latest build that was published or refused.

    A refused build counts: the same submissions would be refused again, until something changes.
    """
    in_force = {s.submission_id for s in ledger.submissions(in_force=True)}
    with reading(ledger.engine) as connection:
        built = _members_of_latest(connection)
    return Pending(frozenset(in_force - built), frozenset(built - in_force))


def mark(ledger: Ledger) -> tuple[int, ...]:
    """Numbers that grow whenever the ledger changes: cheap to ask for, again and again."""
    with reading(ledger.engine) as connection:
        tables = (t.arrival, t.judgement, t.decision, t.release)
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        ]
        finished = select(func.count()).where(t.release.c.state != "building")
        return (*counts, connection.execute(finished).scalar_one())


def _members_of_latest(connection: Connection) -> set[str]:
    latest = (
        select(t.release.c.release_id)
        .where(t.release.c.state.in_(("published", "refused")))
        .order_by(func.length(t.release.c.release_id).desc(), t.release.c.release_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    members = select(t.release_submission.c.submission_id).where(
        t.release_submission.c.release_id == latest
    )
    return set(connection.execute(members).scalars())
