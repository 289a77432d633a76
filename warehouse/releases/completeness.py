"""Two questions that are easily taken for one.

`completeness`: does the release in force hold all that was accepted? Whoever closes, tags, counts
or shows what is released asks this one; only the manifest of the release answers it.

`build_is_due`: is there a reason to start another build? What was refused is not in the release,
yet building it once more would only have it refused once more.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Row, func, select

from warehouse.contracts import Contracts
from warehouse.core.paths import Home
from warehouse.ledger import Ledger, Submission
from warehouse.ledger import schema as t
from warehouse.ledger.database import reading
from warehouse.ledger.records import BuildState
from warehouse.releases import catalogue
from warehouse.releases.left_out import why_left_out

_NEWEST_FIRST = (func.length(t.release.c.release_id).desc(), t.release.c.release_id.desc())
_Report = tuple[str, str | None, str | None]
"""A submission as it was judged: id, verdict, hash of its cells."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How the release in force differs from the submissions in force, by submission id."""

    release_id: str | None
    """None before the first release."""
    missing: frozenset[str]
    """In force, and not in the release as they were judged last."""
    overtaken: frozenset[str]
    """In the release, and in force no longer: corrected, withdrawn or returned since."""
    left_out: frozenset[str]
    """In force, and left out of the release by its build, which named them. They are no reason for
    a build, for the contracts do not know them still; who asks must be shown them."""
    periods: frozenset[str] = frozenset()
    """Months of which the release holds a report in force."""

    @property
    def is_complete(self) -> bool:
        """Whether the release holds what is in force, and nothing else."""
        return not self.missing and not self.overtaken

    @property
    def digest(self) -> str:
        """The same difference has the same digest."""
        lines = [*(f"+{name}" for name in sorted(self.missing)), *sorted(self.overtaken)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Build:
    """A build and how it ended; `problem` says why it was refused or failed."""

    release_id: str
    state: BuildState
    problem: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """What a release holds."""

    reports: frozenset[_Report]
    left_out: frozenset[str]
    periods: frozenset[str] = frozenset()


def completeness(home: Home, ledger: Ledger, contracts: Contracts) -> Completeness:
    """Compare the submissions in force with the manifest of the release in force.

    What the release left out and `contracts` know by now is missing.
    """
    return _compare(home, ledger.submissions(in_force=True), contracts)


def build_is_due(home: Home, ledger: Ledger, contracts: Contracts) -> Completeness | None:
    """What another build would bring into the release; None when there is no reason for one.

    There is none when the release is complete, and none when the latest build that was judged was
    refused and nothing has changed since. A build that failed was not judged, so it counts for
    nothing here.
    """
    in_force = ledger.submissions(in_force=True)
    found = _compare(home, in_force, contracts)
    if found.is_complete or _is_refused_already(ledger, in_force):
        return None
    return found


def latest_build(ledger: Ledger) -> Build | None:
    """The build that began last, whatever became of it; None before the first."""
    query = select(t.release.c.release_id, t.release.c.state, t.release.c.problem)
    with reading(ledger.engine) as connection:
        found = connection.execute(query.order_by(*_NEWEST_FIRST).limit(1)).mappings().first()
    return Build(**found) if found else None


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


def _compare(home: Home, in_force: list[Submission], contracts: Contracts) -> Completeness:
    release_id = catalogue.current(home)
    held = _held(home, release_id) if release_id else _Held(frozenset(), frozenset())
    wanted = {_report(each): each.submission_id for each in in_force}
    unknown = {each.submission_id for each in in_force if why_left_out(each, contracts)}
    left_out = held.left_out & unknown
    return Completeness(
        release_id,
        frozenset(name for report, name in wanted.items() if report not in held.reports) - left_out,
        frozenset(name for name, *_ in held.reports) - frozenset(wanted.values()),
        left_out,
        held.periods,
    )


def _report(submission: Submission) -> _Report:
    return submission.submission_id, submission.verdict, submission.cells_sha256


def _held(home: Home, release_id: str) -> _Held:
    manifest = catalogue.directory(home, release_id) / "manifest.json"
    return _read(home, release_id, manifest, manifest.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(home: Home, release_id: str, _file: Path, _changed: int) -> _Held:
    """A manifest never changes and is large, and the watcher asks for it with every report."""
    manifest = catalogue.read_manifest(home, release_id)
    return _Held(
        frozenset(
            (each.submission_id, each.verdict, each.cells_sha256)
            for each in manifest.submissions
            if each.in_force
        ),
        frozenset(name for each in manifest.left_out for name in each.in_force),
        frozenset(each.period for each in manifest.submissions if each.in_force),
    )


def _is_refused_already(ledger: Ledger, in_force: list[Submission]) -> bool:
    with reading(ledger.engine) as connection:
        judged = _latest_judged(connection)
        if judged is None or judged.state != "refused":
            return False
        members = select(t.release_submission.c.submission_id).where(
            t.release_submission.c.release_id == judged.release_id
        )
        built: set[str] = set(connection.execute(members).scalars())
    if built != {each.submission_id for each in in_force}:
        return False
    # Read again by other contracts, a submission keeps its id.
    return all(each.judged_at is None or each.judged_at <= judged.created_at for each in in_force)


def _latest_judged(connection: Connection) -> Row[tuple[str, str, datetime]] | None:
    query = (
        select(t.release.c.release_id, t.release.c.state, t.release.c.created_at)
        .where(t.release.c.state.in_(("published", "refused")))
        .order_by(*_NEWEST_FIRST)
        .limit(1)
    )
    return connection.execute(query).first()
