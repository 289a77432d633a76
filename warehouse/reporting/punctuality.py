"""How far each form of each month has come: how many owe it, how many reported, how late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from warehouse.contracts import Contracts
from warehouse.ledger import Submission
from warehouse.reporting.outcomes import is_sent_in_vain


@dataclass(frozen=True, slots=True)
class FormState:
    """One form of one month. `lags` are seconds from the deadline to the first accepted file;
    `not_accepted` counts the units that sent something of which nothing counts."""

    form: str
    period: str
    deadline: datetime
    expected: int
    lags: Sequence[float]
    not_accepted: int

    @property
    def in_time(self) -> int:
        return sum(lag <= 0 for lag in self.lags)


def form_states(
    submissions: Iterable[Submission], contracts: Contracts, periods: Iterable[str]
) -> Iterator[FormState]:
    """One state per form and month of `periods` in which the form is owed."""
    by_key: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for submission in submissions:
        by_key[submission.form_code, submission.period].append(submission)
    for period in periods:
        for form in contracts.forms:
            owing = set(contracts.expected_submitters(form, period))
            if owing and contracts.is_in_force(form, period):
                deadline = contracts.deadline(form, period)
                own = by_key[form, period]
                lags = _lags(own, owing, deadline)
                yield FormState(form, period, deadline, len(owing), lags, _in_vain(own, owing))


def _in_vain(submissions: Iterable[Submission], owing: set[str]) -> int:
    sent: dict[str, list[Submission]] = defaultdict(list)
    for submission in submissions:
        sent[submission.territory_kato].append(submission)
    return sum(is_sent_in_vain(own) for kato, own in sent.items() if kato in owing)


def _lags(submissions: Iterable[Submission], owing: set[str], deadline: datetime) -> list[float]:
    """A correction does not make a punctual unit late: its first accepted file counts."""
    first: dict[str, datetime] = {}
    in_force = set()
    for submission in submissions:
        kato = submission.territory_kato
        if kato in owing and submission.verdict is not None and submission.verdict.is_accepted:
            first[kato] = min(submission.received_at, first.get(kato, submission.received_at))
            if submission.in_force:
                in_force.add(kato)
    return [(first[kato] - deadline).total_seconds() for kato in sorted(in_force)]
