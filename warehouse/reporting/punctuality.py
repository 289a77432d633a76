"""Who reported a form of a month, when, and whether in time: the one definition.

Pages, command line, letters, metrics and the published tables all take it from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from warehouse.contracts import Contracts
from warehouse.contracts.calendar import last_day
from warehouse.ledger import Submission
from warehouse.reporting.outcomes import DutyState, is_in_vain, state_of


@dataclass(frozen=True, slots=True)
class Report:
    """What a unit that owes a form for a month has reported of it; `own` is all that it sent.

    It reported when the first of its versions came in that was accepted and neither returned nor
    withdrawn, so a correction does not make a punctual unit late. Where nothing of its own counts,
    it reported when the last of its parts did, if all of them did. `reported_at` is None before.
    """

    territory: str
    deadline: datetime
    own: Sequence[Submission]
    reported_at: datetime | None

    @property
    def state(self) -> DutyState:
        """What became of the duty."""
        return state_of(self.own)

    @property
    def is_on_time(self) -> bool:
        """Reported by the deadline."""
        return self.reported_at is not None and self.reported_at <= self.deadline

    @property
    def is_sent_in_vain(self) -> bool:
        """Sent something of which nothing counts: refused, returned or not yet confirmed."""
        return self.reported_at is None and is_in_vain(self.state)

    def is_late(self, now: datetime) -> bool:
        """Reported after the deadline, or not reported although it has passed."""
        return (self.reported_at or now) > self.deadline


def reports(
    contracts: Contracts, form: str, period: str, submissions: Iterable[Submission]
) -> dict[str, Report]:
    """The reports of all units that owe `form` for `period`, by KATO code, in its order.

    Empty where no version of the form is in force. `submissions` may hold those of other forms and
    periods.
    """
    if not contracts.is_in_force(form, period):
        return {}
    sent: dict[str, list[Submission]] = defaultdict(list)
    for submission in submissions:
        if (submission.form_code, submission.period) == (form, period):
            sent[submission.territory_kato].append(submission)
    counted = {kato: first for kato, own in sent.items() if (first := _first_counted(own))}
    deadline = contracts.deadline(form, period)
    found = {}
    for kato, parts in _owing(contracts, form, period):
        reported_at = _reported_at(kato, counted, parts)
        found[kato] = Report(kato, deadline, sent.get(kato, ()), reported_at)
    return found


def _owing(contracts: Contracts, form: str, period: str) -> Iterator[tuple[str, list[str]]]:
    """Each unit that owes the form, with the parts that it has on the last day of the month."""
    parts: dict[str | None, list[str]] = defaultdict(list)
    for unit in contracts.territories.valid_on(last_day(period)):
        parts[unit.parent_kato].append(unit.kato)
    for kato in contracts.expected_submitters(form, period):
        yield kato, parts[kato]


def _reported_at(
    kato: str, counted: Mapping[str, datetime], parts: Sequence[str]
) -> datetime | None:
    if kato in counted:
        return counted[kato]
    reported = [counted[part] for part in parts if part in counted]
    return max(reported) if reported and len(reported) == len(parts) else None


def _first_counted(own: Sequence[Submission]) -> datetime | None:
    """When the first version that counts, or counted until it was corrected, came in."""
    if not any(submission.in_force for submission in own):
        return None
    return min(submission.received_at for submission in own if submission.is_counted)


@dataclass(frozen=True, slots=True)
class FormState:
    """One form of one month. `lags` are seconds from the deadline to the report, of those who
    reported; `not_accepted` counts the units that sent something of which nothing counts."""

    form: str
    period: str
    deadline: datetime
    expected: int
    lags: Sequence[float]
    in_time: int
    not_accepted: int


def form_states(
    submissions: Iterable[Submission], contracts: Contracts, periods: Iterable[str]
) -> Iterator[FormState]:
    """One state per form and month of `periods` in which the form is owed."""
    by_key: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for submission in submissions:
        by_key[submission.form_code, submission.period].append(submission)
    for period in periods:
        for form in contracts.forms:
            if found := [*reports(contracts, form, period, by_key[form, period]).values()]:
                yield _form_state(form, period, found)


def _form_state(form: str, period: str, found: Sequence[Report]) -> FormState:
    deadline = found[0].deadline
    reported = [report.reported_at for report in found if report.reported_at is not None]
    return FormState(
        form=form,
        period=period,
        deadline=deadline,
        expected=len(found),
        lags=[(moment - deadline).total_seconds() for moment in reported],
        in_time=sum(report.is_on_time for report in found),
        not_accepted=sum(report.is_sent_in_vain for report in found),
    )
