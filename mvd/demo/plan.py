"""Which reports the demonstration sends: who, for which month, on which form, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np

from mvd.demo.faults import Fault, Submission, plant
from mvd.demo.targets import Target
from warehouse.contracts import Contracts
from warehouse.contracts.territories import REGION_LEVELS

Extent = Literal["months", "story", "series"]
"""`months`: the months asked for and a year before; `story`: also what the published figures, the
division of the regions and the region told in detail need; `series`: also every compact form of
every region and month since January of the year before, as dashboards show months and changes."""

FORMS = ("1-M", "SNG-1")
# Compact forms of which the demonstration has the year before, too.
TABLES_OF_BOTH_YEARS = ("TRF-M", "DRG-M", "CYB-M")
# The form and the months before and after by which the division of 2022 is shown.
SPLIT_FORM = "TRF-M"
_MONTHS_AROUND = 2
_MINUTES_BEFORE_DEADLINE = (4 * 60, 76 * 60)


@dataclass(frozen=True)
class Scope:
    """What is asked for: the months (YYYY-MM, both included) and what `extent` adds to them; with
    `forms` only those forms, of all that are sent."""

    first_period: str = "2026-02"
    last_period: str = "2026-03"
    extent: Extent = "months"
    forms: Collection[str] | None = None


class Report(NamedTuple):
    """A duty that is met: a territory (KATO) sends a form for a period (YYYY-MM)."""

    period: str
    form: str
    territory: str


@dataclass(frozen=True)
class Plan:
    """What is sent, what is wrong with it, and the region that is told in every month."""

    submissions: tuple[Submission, ...]
    faults: tuple[Fault, ...]
    periods: tuple[str, ...]
    pilot: str | None


def plan(
    contracts: Contracts,
    targets: Sequence[Target],
    scope: Scope,
    *,
    order: Sequence[str],
    random: np.random.Generator,
) -> Plan:
    """Reports with their moments of receipt and the planted faults, in the order of arrival.

    `order` are the regions (KATO) in which they get a fault. Raises ValueError when the last period
    is before the first.
    """
    last_period = scope.last_period
    periods = _both_years(scope.first_period, last_period)
    reports = set(_months(contracts, periods, last_period))
    series = _between(f"{int(last_period[:4]) - 1}-01", last_period)
    pilot = None
    if scope.extent != "months":
        pilot = _told_most(contracts, targets)
        reports |= set(_all_forms(contracts, series, pilot))
        reports |= set(_published(contracts, targets))
        reports |= set(_divided(contracts))
    if scope.extent == "series":
        reports |= set(_tables(contracts, series))
    clean = [_sent(contracts, report, random) for report in sorted(reports)]
    regions = [contracts.territories[kato] for kato in order if kato != pilot]
    submissions, faults = plant(clean, regions, periods)
    if scope.forms is not None:
        submissions = [s for s in submissions if s.form in scope.forms]
        faults = [f for f in faults if f.form in (*scope.forms, "")]
    submissions.sort(key=lambda s: (s.received_at, s.territory, s.form))
    return Plan(tuple(submissions), tuple(faults), tuple(periods), pilot)


def _both_years(first: str, last: str) -> list[str]:
    if last < first:
        raise ValueError(f"the last period {last} is before the first {first}")
    now = _between(first, last)
    return sorted({*now, *(_year_before(period) for period in now)})


def _year_before(period: str) -> str:
    return f"{int(period[:4]) - 1}{period[4:]}"


def _between(first: str, last: str) -> list[str]:
    start, end = (int(p[:4]) * 12 + int(p[5:]) - 1 for p in (first, last))
    return [f"{month // 12}-{month % 12 + 1:02d}" for month in range(start, end + 1)]


def _months(contracts: Contracts, periods: Sequence[str], last: str) -> Iterator[Report]:
    for period in periods:
        for form in FORMS:
            yield from _by_all(contracts, form, period)
    for form in (form.code for form in contracts.table_forms):
        yield from _by_all(contracts, form, last)
        if form in TABLES_OF_BOTH_YEARS:
            yield from _by_all(contracts, form, _year_before(last))


def _by_all(contracts: Contracts, form: str, period: str) -> Iterator[Report]:
    for territory in contracts.expected_submitters(form, period):
        yield Report(period, form, territory)


def _all_forms(contracts: Contracts, periods: Iterable[str], territory: str) -> Iterator[Report]:
    """Every form of every month, of one territory."""
    codes = [*FORMS, *(form.code for form in contracts.table_forms)]
    for period in periods:
        for form in codes:
            reports = _by_all(contracts, form, period)
            yield from (report for report in reports if report.territory == territory)


def _tables(contracts: Contracts, periods: Iterable[str]) -> Iterator[Report]:
    """Every compact form of every month, of all territories."""
    for period in periods:
        for form in contracts.table_forms:
            yield from _by_all(contracts, form.code, period)


def _published(contracts: Contracts, targets: Iterable[Target]) -> Iterator[Report]:
    """The reports by which the published figures of the republic and of regions are answered."""
    for target in targets:
        form, period = target.indicator.sources[0].form, f"{target.month:%Y-%m}"
        needed = [period]
        if target.basis == "month":
            needed.append(_between(f"{target.month.year}-01", period)[-2])
        if target.quantity != "value":
            needed.append(_year_before(period))
        for month in needed:
            yield from (
                report
                for report in _by_all(contracts, form, month)
                if target.territory
                in (report.territory, *contracts.territories.ancestors(report.territory))
            )


def _told_most(contracts: Contracts, targets: Iterable[Target]) -> str:
    """The region of which most was published."""
    regions = {r.kato for r in contracts.territories.regions_on(date.max)}
    named = Counter(t.territory for t in targets if t.territory in regions)
    return named.most_common(1)[0][0]


def _divided(contracts: Contracts) -> Iterator[Report]:
    """The months around the day on which regions were divided, of those regions."""
    regions = (unit for unit in contracts.territories.units if unit.level in REGION_LEVELS)
    new = [unit for unit in regions if unit.split_from_kato]
    touched = {unit.kato for unit in new} | {str(unit.split_from_kato) for unit in new}
    for day in {unit.valid_from for unit in new}:
        middle = day.year * 12 + day.month - 1
        for month in range(middle - _MONTHS_AROUND, middle + _MONTHS_AROUND + 1):
            period = f"{month // 12}-{month % 12 + 1:02d}"
            for report in _by_all(contracts, SPLIT_FORM, period):
                if report.territory in touched:
                    yield report


def _sent(contracts: Contracts, report: Report, random: np.random.Generator) -> Submission:
    deadline = contracts.deadline(report.form, report.period)
    received = deadline - timedelta(minutes=int(random.integers(*_MINUTES_BEFORE_DEADLINE)))
    return Submission(report.territory, report.period, report.form, received, report.territory)
