"""Figures of the compact forms: districts of a region, plausible and true to the control rules.

`tables.csv` names every figure of a form in the order in which it is computed:

| kind | the figure is |
| --- | --- |
| rate | drawn: `amount` per 100,000 people, a year for flows, at hand for stocks |
| share | a part of the figure `of`; parts of one figure do not overlap |
| sum | the figures `of` together |
| each | `amount` for each of the figure `of`, such as damage per case |
| daily | the figure `of` divided by the days since 1 January |
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mvd.demo.simulate import BASE_YEAR, SEASONS, TREND_PER_YEAR
from warehouse.contracts import Contracts, Form, Graph
from warehouse.contracts.calendar import last_day

_PER = 100_000
_MONTHS = 12
# Shape of the gamma: a few large seizures make the sum; amounts per case vary less.
_SHAPE_OF_SEIZURES = 0.8
_SHAPE_OF_AMOUNTS = 4.0
_REGIONAL_SPREAD = 0.25
_DECIMALS = 3
# Districts founded after the last count.
_PEOPLE_OF_A_NEW_DISTRICT = 30_000

_Figures = NDArray[np.float64]


@dataclass(frozen=True)
class _Rule:
    """How one figure is made; `name` is the number of its graph, or a word for a mere step."""

    name: str
    kind: str
    of: tuple[str, ...]
    amount: float
    season: str


@cache
def _profile() -> Mapping[str, tuple[_Rule, ...]]:
    found: dict[str, list[_Rule]] = defaultdict(list)
    with files("mvd.demo").joinpath("tables.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            of = tuple(name.strip() for name in row["of"].split("+")) if row["of"] else ()
            amount = float(row["amount"] or 0)
            found[row["form"]].append(_Rule(row["figure"], row["kind"], of, amount, row["season"]))
    return {form: tuple(rules) for form, rules in found.items()}


def table_figures(contracts: Contracts, form: Form, period: str, seed: int) -> _Figures:
    """Figures of a compact form that is bound to its territory, in the order of its coordinates.

    The last row is the sum of the others. The same seed gives the same figures. Raises KeyError
    for a form that `tables.csv` does not describe.
    """
    month = int(period[5:])
    draws = _Draws(form, _people(contracts, form, period), int(period[:4]), seed)
    for rule in _profile()[form.code]:
        draws.draw(rule)
    graphs = form.sections[0].graphs
    units = np.column_stack([draws.until(str(graph.number), month) for graph in graphs])
    rows = np.vstack([units, units.sum(axis=0)])
    return np.asarray(np.round(rows, _DECIMALS), dtype=np.float64).ravel()


def _people(contracts: Contracts, form: Form, period: str) -> _Figures:
    day = last_day(period)
    units = [str(line.territory) for line in form.sections[0].lines if not line.is_total]
    known = [contracts.population.population_on(unit, day) for unit in units]
    return np.array([_PEOPLE_OF_A_NEW_DISTRICT if k is None else k.value for k in known], float)


class _Draws:
    """Months x units of every figure of one form, territory and year."""

    def __init__(self, form: Form, people: _Figures, year: int, seed: int) -> None:
        place = [seed, 7, int(str(form.territory)), *form.code.encode()]
        self._of_the_year = np.random.default_rng([*place, year])
        self._of_the_region = np.random.default_rng(place)
        self._graphs = {str(graph.number): graph for graph in form.sections[0].graphs}
        self._people = people
        self._year = year
        self._found: dict[str, _Figures] = {}
        self._rest: dict[str, _Figures] = {}
        self._used: dict[str, float] = defaultdict(float)

    def draw(self, rule: _Rule) -> None:
        """Make the figure of a rule from those before it."""
        kinds = {
            "rate": self._rate,
            "share": self._share,
            "sum": self._sum,
            "each": self._each,
            "daily": self._daily,
        }
        self._found[rule.name] = kinds[rule.kind](rule)

    def until(self, name: str, month: int) -> _Figures:
        """The figure of every unit as a report for the month shows it."""
        months = self._found[name]
        shown = months[:month].sum(axis=0) if self._is_flow(name) else months[month - 1]
        return np.asarray(shown)

    def _is_flow(self, name: str) -> bool:
        return name not in self._graphs or self._graphs[name].measure == "flow"

    def _is_integral(self, name: str) -> bool:
        graph: Graph | None = self._graphs.get(name)
        return graph is None or graph.integral

    def _rate(self, rule: _Rule) -> _Figures:
        spread = self._of_the_region.lognormal(0, _REGIONAL_SPREAD)
        level = rule.amount * spread * self._people / _PER
        growth = 1 + TREND_PER_YEAR * (self._year - BASE_YEAR + np.arange(_MONTHS) / _MONTHS)
        if not self._is_flow(rule.name):
            return np.asarray(np.floor(np.outer(growth, self._of_the_region.poisson(level))))
        expected = np.outer(growth * np.array(SEASONS[rule.season]) / _MONTHS, level)
        if self._is_integral(rule.name):
            return self._of_the_year.poisson(expected).astype(float)
        drawn = self._of_the_year.gamma(_SHAPE_OF_SEIZURES, expected / _SHAPE_OF_SEIZURES)
        return np.asarray(np.round(drawn, _DECIMALS))

    def _share(self, rule: _Rule) -> _Figures:
        """From what earlier parts left, so that parts together never exceed their whole."""
        (whole,) = rule.of
        rest = self._rest.get(whole, self._found[whole])
        share = rule.amount / (1 - self._used[whole])
        if not self._is_integral(rule.name):
            part = np.floor(rest * share * 10**_DECIMALS) / 10**_DECIMALS
        elif self._is_flow(rule.name):
            part = self._of_the_year.binomial(rest.astype(np.int64), share).astype(float)
        else:
            part = np.floor(rest * share)
        self._rest[whole] = rest - part
        self._used[whole] += rule.amount
        return np.asarray(part)

    def _sum(self, rule: _Rule) -> _Figures:
        return np.asarray(np.sum([self._found[name] for name in rule.of], axis=0))

    def _each(self, rule: _Rule) -> _Figures:
        cases = self._found[rule.of[0]]
        scale = rule.amount / _SHAPE_OF_AMOUNTS
        return np.round(cases * self._of_the_year.gamma(_SHAPE_OF_AMOUNTS, scale, cases.shape))

    def _daily(self, rule: _Rule) -> _Figures:
        ends = [last_day(f"{self._year}-{month:02d}") for month in range(1, _MONTHS + 1)]
        days = np.array([(end - date(self._year, 1, 1)).days + 1 for end in ends])
        return np.asarray(np.round(self._found[rule.of[0]].cumsum(axis=0) / days[:, np.newaxis]))
