"""Who is to be reminded, and who is late: stated once, at fixed moments around each deadline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from warehouse.contracts import Contracts
from warehouse.ledger import Ledger
from warehouse.reporting.punctuality import reports

MOMENTS: Mapping[str, timedelta] = {
    "report_expected": timedelta(days=-2),
    "report_due_today": timedelta(hours=-4),
    "report_late": timedelta(0),
    "report_late_a_day": timedelta(days=1),
    "report_late_three_days": timedelta(days=3),
}
"""Kinds of notices and when they are sent, counted from the deadline."""
_PERIODS_BACK = 4


@dataclass(frozen=True, slots=True)
class DeadlineNotice:
    """One form and period at one moment. Territories are KATO codes in order."""

    kind: str
    form: str
    period: str
    deadline: datetime
    expected: int
    reported: int
    missing: tuple[str, ...]
    rejected: tuple[str, ...]
    """Those of `missing` that sent something of which nothing counts: refused, returned or not
    yet confirmed."""


def notices(
    contracts: Contracts, ledger: Ledger, *, since: datetime, until: datetime
) -> list[DeadlineNotice]:
    """What is to be said for the moments in (since, until]; nothing where all have reported."""
    found = []
    for form, period, kind in _moments(contracts, since, until):
        notice = _notice(contracts, ledger, form, period, kind)
        if notice.missing:
            found.append(notice)
    return found


def _moments(
    contracts: Contracts, since: datetime, until: datetime
) -> Iterator[tuple[str, str, str]]:
    for period in _periods(since, until):
        for form in contracts.forms:
            deadline = contracts.deadline(form, period)
            for kind, distance in MOMENTS.items():
                if since < deadline + distance <= until and contracts.is_in_force(form, period):
                    yield form, period, kind


def _periods(since: datetime, until: datetime) -> list[str]:
    first = since.year * 12 + since.month - 1 - _PERIODS_BACK
    last = until.year * 12 + until.month - 1
    return [f"{month // 12}-{month % 12 + 1:02d}" for month in range(first, last + 1)]


def _notice(
    contracts: Contracts, ledger: Ledger, form: str, period: str, kind: str
) -> DeadlineNotice:
    submissions = ledger.submissions(form_code=form, period=period)
    expected = reports(contracts, form, period, submissions)
    missing = [report for report in expected.values() if report.reported_at is None]
    return DeadlineNotice(
        kind=kind,
        form=form,
        period=period,
        deadline=contracts.deadline(form, period),
        expected=len(expected),
        reported=len(expected) - len(missing),
        missing=tuple(report.territory for report in missing),
        rejected=tuple(report.territory for report in missing if report.is_sent_in_vain),
    )
