"""A lake to measure on: years of reports straight as Parquet, with the ledger that belongs to it.

`python -m bench.lakes.lake HOME --years 10` writes the 1-М that twenty regions would have sent;
`--units districts` what every district and city would; `--tables` adds the compact forms of all
domains, from the year in which they begin. Figures are those of the demonstration, with
corrections, late arrivals and warnings among them. Started again it goes on where it stopped.
"""

import argparse
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingestion.lake_cells import cells_table
from mvd.demo.country import Country
from mvd.demo.plan import FORMS as DEMO_FORMS
from mvd.demo.simulate import Simulation, balance, catalogue
from mvd.demo.space import Space
from mvd.demo.tables import TableFigures
from warehouse.contracts import Contracts, load_contracts
from warehouse.contracts.territories import REGION_LEVELS, REPUBLIC
from warehouse.core.clock import period_month
from warehouse.core.paths import Home
from warehouse.core.settings import load_settings
from warehouse.ledger import Finding, IncomingFile, Ledger, Verdict
from warehouse.storage import lake

FORM = "1-M"
LAST_YEAR = 2025
_ATOMS = 2_000
_SEED = 1
_CORRECTED = 0.03
_LATE = 0.02
_WARNED = 0.3
_UNREPORTED_AT_FIRST = 0.03

Units = Literal["oblasts", "districts"]


@dataclass(frozen=True)
class Arrival:
    """A file of a territory and period. `version` 0 is what everybody sends first."""

    territory: str
    period: str
    form: str = FORM
    version: int = 0
    is_incomplete: bool = False
    days_late: int = 0
    warnings: int = 0

    @property
    def sha256(self) -> str:
        """Stands for the bytes of a workbook that nobody wrote."""
        return hashlib.sha256(f"{self}".encode()).hexdigest()


def history(
    contracts: Contracts, *, years: int, units: Units, months: int = 12, with_tables: bool = False
) -> list[Arrival]:
    """The 1-М that `units` sent in `years` years up to LAST_YEAR, the last with `months` months.

    `with_tables` adds what regions sent on the compact forms, each with a row for every district.
    """
    periods = [
        f"{year}-{month:02d}"
        for year in range(LAST_YEAR - years + 1, LAST_YEAR + 1)
        for month in range(1, (months if year == LAST_YEAR else 12) + 1)
    ]
    reports = [
        (FORM, territory, period)
        for period in periods
        for territory in territories(contracts, period, units)
    ]
    if with_tables:
        reports += [
            (form, territory, period)
            for period in periods
            for form in sorted({form.code for form in contracts.table_forms})
            for territory in contracts.expected_submitters(form, period)
        ]
    return [arrival for report in reports for arrival in _versions(*report)]


def territories(contracts: Contracts, period: str, units: Units) -> list[str]:
    """Who reports in a period."""
    everyone = contracts.territories.valid_on(period_month(period))
    regions = [unit.kato for unit in everyone if unit.level in REGION_LEVELS]
    if units == "oblasts":
        return regions
    return [unit.kato for unit in everyone if unit.kato not in {REPUBLIC, *regions}]


def write(
    home: Home,
    ledger: Ledger,
    arrivals: Sequence[Arrival],
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Put the arrivals that are not there yet into lake and ledger; gives their number of cells."""
    contracts = load_contracts()
    known = {submission.file_sha256 for submission in ledger.submissions(state="judged")}
    missing = [arrival for arrival in arrivals if arrival.sha256 not in known]
    missing.sort(key=lambda a: (*_job(a), a.version))
    jobs = [list(group) for _, group in groupby(missing, _job)]
    if not missing:
        return 0
    draw = _Draw(contracts, missing)
    done = cells = 0
    # Compression and numpy, where the time goes, leave the interpreter free.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for ahead in range(0, len(jobs), 8):
            drawn = pool.map(draw.figures, jobs[ahead : ahead + 8])
            for arrival, values in (pair for pairs in drawn for pair in pairs):
                cells += _take_in(home, ledger, contracts, arrival, values)
                done += 1
                progress(done, len(missing))
    return cells


def _job(arrival: Arrival) -> tuple[str, str, str]:
    """Arrivals whose figures are drawn together."""
    return arrival.form, arrival.territory, arrival.period[:4]


def _versions(form: str, territory: str, period: str) -> Iterator[Arrival]:
    place = [_SEED, int(territory), int(period.replace("-", ""))]
    random = np.random.default_rng(place if form == FORM else [*place, *form.encode()])
    late = int(random.integers(5, 60)) if random.random() < _LATE else 0
    warnings = int(random.integers(1, 9)) if random.random() < _WARNED else 0
    first = Arrival(territory, period, form, days_late=late, warnings=warnings)
    if random.random() >= _CORRECTED:
        yield first
        return
    yield Arrival(territory, period, form, is_incomplete=True, days_late=late)
    yield Arrival(territory, period, form, version=1, days_late=late + 20, warnings=warnings)


class _Draw:
    """Figures of what is to be written."""

    def __init__(self, contracts: Contracts, arrivals: Sequence[Arrival]) -> None:
        self._contracts = contracts
        self._units = frozenset(a.territory for a in arrivals if a.form == FORM)
        years = [int(arrival.period[:4]) for arrival in arrivals]
        country = Country(contracts, min(years), max(years))
        sent = {arrival.form for arrival in arrivals}
        self._tables = {
            form.code: TableFigures(form, country, _SEED)
            for form in contracts.table_forms
            if form.code in sent
        }

    def figures(self, job: Sequence[Arrival]) -> list[tuple[Arrival, NDArray[np.float64]]]:
        """Figures of arrivals of one form, territory and year."""
        if job[0].form == FORM:
            return list(_figures(_simulation(self._units), job))
        return [(arrival, self._table(arrival)) for arrival in job]

    def _table(self, arrival: Arrival) -> NDArray[np.float64]:
        form = self._contracts.form(arrival.form, arrival.period, arrival.territory)
        values = self._tables[arrival.form].of(form, arrival.period)
        if not arrival.is_incomplete:
            return values
        (section,) = form.sections
        rows = np.floor(values * (1 - _UNREPORTED_AT_FIRST)).reshape(len(section.lines), -1)
        rows[-1] = rows[:-1].sum(axis=0)
        return rows.ravel()


@cache
def _simulation(katos: frozenset[str]) -> Simulation:
    contracts = load_contracts()
    space = Space([contracts.forms[code] for code in DEMO_FORMS])
    facts = catalogue(space, balance(space, contracts), atoms=_ATOMS, seed=_SEED)
    day = period_month(f"{LAST_YEAR}-12")
    found = {kato: contracts.population.population_on(kato, day) for kato in katos}
    people = {kato: 50_000 if figure is None else figure.value for kato, figure in found.items()}
    return Simulation(space, facts, people, _SEED)


def _figures(
    simulation: Simulation, job: Sequence[Arrival]
) -> Iterator[tuple[Arrival, NDArray[np.float64]]]:
    """Figures of arrivals of one territory and year."""
    territory, year = job[0].territory, job[0].period[:4]
    by_period: Mapping[str, list[Arrival]] = {
        period: list(group)
        for period, group in groupby(
            sorted(job, key=lambda a: a.period), lambda arrival: arrival.period
        )
    }
    months = simulation.year(territory, int(year))
    for number, total in enumerate(months.cumsum(axis=0), start=1):
        period, month = f"{year}-{number:02d}", months[number - 1]
        for arrival in by_period.get(period, ()):
            told = total
            if arrival.is_incomplete or arrival.version > 1:
                random = np.random.default_rng([_SEED, arrival.version, int(territory)])
                told = total - random.binomial(month, _UNREPORTED_AT_FIRST)
            figures = simulation.figures(told, month, territory)
            yield arrival, simulation.space.of(FORM, figures)


def _take_in(
    home: Home,
    ledger: Ledger,
    contracts: Contracts,
    arrival: Arrival,
    values: NDArray[np.float64],
) -> int:
    # The present 1-М stands for what was sent before it came into force.
    form = contracts.forms[FORM]
    if arrival.form != FORM:
        form = contracts.form(arrival.form, arrival.period, arrival.territory)
    received = contracts.deadline(arrival.form, arrival.period) + timedelta(
        days=arrival.days_late + (arrival.version > 1), hours=-5, minutes=int(arrival.territory[:3])
    )
    submission = ledger.register(
        IncomingFile(
            form_code=arrival.form,
            form_version=form.version,
            territory_kato=arrival.territory,
            period=arrival.period,
            file_name=f"{arrival.form}-{arrival.territory}-{arrival.period}.xlsx",
            file_sha256=arrival.sha256,
            file_size=1,
            received_at=received,
        ),
    ).submission
    written = lake.write_cells(home, submission, cells_table(form, values))
    ledger.record_verdict(
        submission.submission_id,
        Verdict.ACCEPTED_WITH_WARNINGS if arrival.warnings else Verdict.ACCEPTED,
        [_warning(number) for number in range(arrival.warnings)],
        written,
        contracts.content_hash,
        judged_at=received,
    )
    return written.rows


def _warning(number: int) -> Finding:
    return Finding(
        code="CONTROL_RULE_BROKEN",
        severity="warning",
        sheet="1",
        cell=f"F{9 + number}",
        section="R1",
        line=1 + number,
        column=2,
        found="2",
        expected="1",
        rule_id="1M-R1-SEVERITY",
        params={"rule": "1M-R1-SEVERITY", "left": "(2)", "right": "(3)", "rule_name": "—"},
    )


def main() -> None:
    """Write a lake and say how big it is."""
    parser = argparse.ArgumentParser(prog="python -m bench.lakes.lake", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--tables", action="store_true", help="the compact forms, too")
    parser.add_argument("--units", choices=("oblasts", "districts"), default="oblasts")
    options = parser.parse_args()
    settings = load_settings(home=options.home)
    started = time.perf_counter()

    def tell(done: int, total: int) -> None:
        if done % 100 == 0 or done == total:
            print(f"{done} of {total}, {time.perf_counter() - started:.0f} s", flush=True)

    arrivals = history(
        load_contracts(), years=options.years, units=options.units, with_tables=options.tables
    )
    with Ledger(settings.ledger) as ledger:
        cells = write(settings.paths, ledger, arrivals, tell)
    print(f"{cells:,} cells written in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
