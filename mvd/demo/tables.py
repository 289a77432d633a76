"""Figures of the compact forms: all districts of the country, plausible, true to the control rules.

`tables.csv` names every figure of a form in the order in which it is computed:

| kind | the figure is |
| --- | --- |
| rate | drawn: `amount` per 100,000 people, a year for flows, at hand for stocks |
| share | a part of the figure `of`; parts of one figure do not overlap |
| sum | the figures `of` together |
| each | `amount` for each of the figure `of`, such as damage per case |
| daily | the figure `of` divided by the days since 1 January |

Figures are then brought to the published ones (`mvd.demo.targets`): a sum by its parts.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mvd.demo.allocate import Amounts
from mvd.demo.calibrate import Calibration, Wanted
from mvd.demo.country import MONTHS, Country
from mvd.demo.simulate import BASE_YEAR, SEASONS, TREND_PER_YEAR
from mvd.demo.targets import Target
from warehouse.contracts import Form, FormColumn
from warehouse.contracts.calendar import last_day

_PER = 100_000
# Shape of the gamma: a few large seizures make the sum; amounts per case vary less.
_SHAPE_OF_SEIZURES = 0.8
_SHAPE_OF_AMOUNTS = 4.0
_REGIONAL_SPREAD = 0.25
_DECIMALS = 3
_NO_CAP = 2**45

_Figures = NDArray[np.float64]


@dataclass(frozen=True)
class _Rule:
    """How one figure is made; `name` is the number of its column, or a word for a mere step."""

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


class TableFigures:
    """Figures of one compact form; the same seed and targets give the same figures."""

    def __init__(
        self, form: Form, country: Country, seed: int, targets: Sequence[Target] = ()
    ) -> None:
        """Raises KeyError for a form that `tables.csv` does not describe."""
        self._country = country
        draws = _Draws(form, country, seed, targets)
        for rule in _profile()[form.code]:
            draws.draw(rule)
        columns = form.sections[0].columns
        self._figures = np.stack([draws.figure(column) for column in columns])
        self._is_flow = np.array([column.measure == "flow" for column in columns])

    def of(self, form: Form, period: str) -> _Figures:
        """Figures of the form bound to a territory, in the order of its coordinates.

        The last row is the sum of the others. Raises ValueError for a period outside the years.
        """
        month = self._country.months.index(period)
        january = month - month % MONTHS
        units = [str(line.territory) for line in form.sections[0].lines if not line.is_total]
        columns = [self._country.place[unit] for unit in units]
        since_january = self._figures[:, january : month + 1, columns].sum(axis=1)
        shown = np.where(self._is_flow[:, None], since_january, self._figures[:, month, columns]).T
        rows = np.vstack([shown, shown.sum(axis=0)])
        return np.asarray(np.round(rows, _DECIMALS), dtype=np.float64).ravel()


class _Draws:
    """Months x units of every figure of one form."""

    def __init__(self, form: Form, country: Country, seed: int, targets: Sequence[Target]) -> None:
        place = [seed, 7, *form.code.encode()]
        self._of_the_year = {y: np.random.default_rng([*place, y]) for y in country.years}
        self._of_the_region = np.random.default_rng(place)
        self._chance = np.random.default_rng([*place, 1])
        self._columns = {str(column.number): column for column in form.sections[0].columns}
        self._country = country
        self._targets = _by_figure(targets, _profile()[form.code])
        self._found: dict[str, Amounts] = {}
        self._used: dict[str, float] = defaultdict(float)
        self._taken: dict[str, Amounts] = {}
        self._wholes: dict[str, str] = {}
        sums = (rule.of for rule in _profile()[form.code] if rule.kind == "sum")
        self._summed = {name for names in sums for name in names}

    def draw(self, rule: _Rule) -> None:
        """Make the figure of a rule from those before it, in the smallest unit it is told in."""
        kinds: Mapping[str, Callable[[_Rule], Amounts]] = {
            "rate": self._rate,
            "share": self._share,
            "sum": self._sum,
            "each": self._each,
            "daily": self._daily,
        }
        self._found[rule.name] = kinds[rule.kind](rule)

    def figure(self, column: FormColumn) -> _Figures:
        """The figure of every unit and month in the unit of the column."""
        name = str(column.number)
        return np.asarray(self._found[name] / self._step(name))

    def _is_flow(self, name: str) -> bool:
        return name not in self._columns or self._columns[name].measure == "flow"

    def _step(self, name: str) -> int:
        """How many of the smallest amount make one: figures with decimals have three."""
        column = self._columns.get(name)
        return 1 if column is None or column.integral or column.measure == "average" else 1000

    def _rate(self, rule: _Rule) -> Amounts:
        country, years = self._country, self._country.years
        spread = self._of_the_region.lognormal(0, _REGIONAL_SPREAD, len(country.regions))
        level = rule.amount * spread[country.region] * country.people / _PER
        since = np.arange(len(country.months)) / MONTHS + years[0] - BASE_YEAR
        growth = 1 + TREND_PER_YEAR * since
        if not self._is_flow(rule.name):
            drawn = np.floor(np.outer(growth, self._of_the_region.poisson(level)))
        else:
            season = np.tile(np.array(SEASONS[rule.season]) / MONTHS, len(years))
            drawn = self._yearly(np.outer(growth * season, level), self._happened(rule.name))
        amounts = np.round(drawn * self._step(rule.name)).astype(np.int64) * country.exists
        return np.asarray(self._calibrated([rule.name], amounts[None])[0])

    def _happened(self, name: str) -> Callable[[np.random.Generator, _Figures], _Figures]:
        if self._step(name) == 1:
            return lambda random, expected: random.poisson(expected).astype(np.float64)
        return lambda random, expected: random.gamma(
            _SHAPE_OF_SEIZURES, expected / _SHAPE_OF_SEIZURES
        )

    def _yearly(
        self, given: _Figures, drawn: Callable[[np.random.Generator, _Figures], _Figures]
    ) -> _Figures:
        """Year by year with a chance of its own, so that more years change no year."""
        parts = np.split(given, len(self._country.years))
        of_years = zip(self._country.years, parts, strict=True)
        return np.concatenate([drawn(self._of_the_year[year], part) for year, part in of_years])

    def _share(self, rule: _Rule) -> Amounts:
        """From what earlier parts left, so that parts together never exceed their whole."""
        (whole,) = rule.of
        taken = self._taken.get(whole, np.zeros_like(self._found[whole]))
        rest = self._found[whole] - taken
        share = rule.amount / (1 - self._used[whole])
        if self._step(rule.name) > 1 or not self._is_flow(rule.name):
            drawn = np.floor(rest * share)
        else:
            drawn = self._yearly(rest.astype(np.float64), partial(_some, share=share))
        # A whole that nobody published grows with what was published of its part.
        is_settled = whole in self._targets or whole in self._summed
        caps = rest if is_settled else np.full_like(rest, _NO_CAP)
        part = self._calibrated([rule.name], drawn.astype(np.int64)[None], caps[None])[0]
        self._found[whole] = np.maximum(self._found[whole], taken + part)
        self._taken[whole] = taken + part
        self._used[whole] += rule.amount
        self._wholes[rule.name] = whole
        return np.asarray(part)

    def _sum(self, rule: _Rule) -> Amounts:
        names = list(rule.of)
        parts = np.stack([self._found[name] for name in names])
        caps = np.stack([self._cap(name) for name in names])
        parts = self._calibrated([rule.name, *names], parts, caps)
        self._found.update(zip(names, parts, strict=True))
        return np.asarray(parts.sum(axis=0))

    def _cap(self, name: str) -> Amounts:
        found = self._found[name]
        whole = self._wholes.get(name)
        if whole is None:
            return np.full_like(found, _NO_CAP)
        return self._found[whole] - self._taken[whole] + found

    def _each(self, rule: _Rule) -> Amounts:
        scale = rule.amount / _SHAPE_OF_AMOUNTS
        cases = self._found[rule.of[0]].astype(np.float64)
        amounts = self._yearly(
            cases, lambda random, c: np.round(c * random.gamma(_SHAPE_OF_AMOUNTS, scale, c.shape))
        )
        return amounts.astype(np.int64) * self._step(rule.name)

    def _daily(self, rule: _Rule) -> Amounts:
        calls = self._found[rule.of[0]].reshape(len(self._country.years), MONTHS, -1)
        ends = [last_day(period) for period in self._country.months]
        days = np.array([end.timetuple().tm_yday for end in ends])
        until = calls.cumsum(axis=1).reshape(len(days), -1)
        return np.asarray(np.round(until / days[:, np.newaxis]).astype(np.int64))

    # Published figures

    def _calibrated(
        self, names: Sequence[str], parts: Amounts, caps: Amounts | None = None
    ) -> Amounts:
        """Parts x months x units brought to the targets of their sum and of each of them.

        `names` are that of the sum and those of the parts, or the one of a figure of no parts.
        """
        whole, *members = names
        if whole not in self._targets:
            return parts
        wanted = [
            Wanted(target, members.index(name) if name in members else None)
            for name in names
            for target in self._targets.get(name, ())
        ]
        limits = np.full_like(parts, _NO_CAP) if caps is None else caps
        calibration = Calibration(self._country, wanted, self._step(whole), self._chance)
        bring = calibration.flows if self._is_flow(whole) else calibration.stocks
        return bring(parts, limits * self._country.exists)


def _some(random: np.random.Generator, whole: _Figures, share: float) -> _Figures:
    return random.binomial(whole.astype(np.int64), share).astype(np.float64)


def _by_figure(
    targets: Sequence[Target], rules: Sequence[_Rule]
) -> Mapping[str, tuple[Target, ...]]:
    """Targets by the figure that can meet them: those of a daily average by what is averaged."""
    daily = {rule.name: rule.of[0] for rule in rules if rule.kind == "daily"}
    found: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        name = str(target.indicator.sources[0].column)
        if name in daily:
            found[daily[name]].append(_of_all_days(target))
        else:
            found[name].append(target)
    return {name: tuple(same) for name, same in found.items()}


def _of_all_days(target: Target) -> Target:
    days = last_day(f"{target.month:%Y-%m}").timetuple().tm_yday
    return replace(
        target, value=target.value * days, low=target.low * days, high=target.high * days
    )
