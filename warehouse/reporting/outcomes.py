"""What became of a duty to report: one answer for pages, lists, letters and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from warehouse.ledger import Outcome, Submission

DutyState = Literal["not_sent", Outcome]


def latest(own: Sequence[Submission]) -> Submission | None:
    """What came in last of the submissions of one form, territory and period."""
    return max(own, key=lambda s: (s.received_at, s.sequence), default=None)


def state_of(own: Sequence[Submission]) -> DutyState:
    """The state of a duty by its submissions: what is in force, else what came in last.

    What its sender withdrew has not been sent.
    """
    shown = next((s for s in own if s.in_force), None) or latest(
        [s for s in own if s.outcome != "withdrawn"]
    )
    return shown.outcome if shown else "not_sent"


def is_in_vain(state: DutyState) -> bool:
    """Whether something was sent of which nothing counts: refused, returned or not confirmed."""
    return state not in ("not_sent", "accepted", "accepted_with_warnings")
