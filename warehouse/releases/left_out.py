"""Submissions that no build can use: the contracts do not know what they are about.

The one definition of "known": the form and the territory are in the contracts, a version of the
form is in force in the month, and the month had begun when the report came in: the months of a
release are those that something came in for. A submission that was read by a version whose name the
contracts no longer have is taken for one of the version in force.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from warehouse.contracts import Contracts
    from warehouse.ledger import Snapshot, Submission

Reason = Literal["form_unknown", "territory_unknown", "form_not_in_force", "month_not_begun"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Submissions of one form that are left out for one reason.

    Those `in_force` of the `count`, by id, would be published if the contracts knew them.
    """

    reason: Reason
    form: str
    count: int
    in_force: tuple[str, ...]


def why_left_out(submission: Submission, contracts: Contracts) -> Reason | None:
    """Why a build has to leave a submission out; None for one that it can use."""
    form, period = submission.form_code, submission.period
    if form not in contracts.forms:
        return "form_unknown"
    if submission.territory_kato not in contracts.territories:
        return "territory_unknown"
    if not contracts.is_in_force(form, period):
        return "form_not_in_force"
    return "month_not_begun" if period > f"{submission.received_at:%Y-%m}" else None


def known(snapshot: Snapshot, contracts: Contracts) -> tuple[Snapshot, list[Submission]]:
    """The snapshot without what has to be left out, and that."""
    left = [s for s in snapshot.submissions if why_left_out(s, contracts)]
    names = pa.array([s.submission_id for s in left], pa.string())
    is_left = pc.is_in(snapshot.findings["submission_id"], names)
    kept = [s for s in snapshot.submissions if not why_left_out(s, contracts)]
    findings = snapshot.findings.filter(pc.invert(is_left))
    return replace(snapshot, submissions=kept, findings=findings), left


def summary(submissions: Iterable[Submission], contracts: Contracts) -> list[LeftOut]:
    """What of `submissions` is left out, by reason and form, in their order."""
    found: dict[tuple[Reason, str], list[Submission]] = defaultdict(list)
    for submission in submissions:
        if reason := why_left_out(submission, contracts):
            found[reason, submission.form_code].append(submission)
    return [
        LeftOut(reason, form, len(left), tuple(s.submission_id for s in left if s.in_force))
        for (reason, form), left in sorted(found.items())
    ]
