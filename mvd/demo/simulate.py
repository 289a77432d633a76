"""Figures of the demonstration: every region and month, plausible, and true to the control rules.

Facts are drawn, not cells: a Poisson-gamma number of each atom (see `mvd.demo.atoms`) per region
and month, with season, trend and regional differences. Figures are sums of atoms, so they obey
every control rule, within a form and across forms.
"""

import csv
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mvd.demo.atoms import AtomGrower, Balance
from mvd.demo.space import Space
from warehouse.contracts import Contracts
from warehouse.contracts.indicators import Indicator
from warehouse.contracts.rules import (
    Comparisons,
    Rule,
    expand,
)

_CALIBRATION_STEPS = 60
_REGIONAL_SPREAD = 0.25
TREND_PER_YEAR = 0.03
BASE_YEAR = 2022
_PER = 100_000
# Shape of the gamma: below 1 a few large amounts make the sum (money), above it counts.
_SHAPE_OF_COUNTS = 6.0
_SHAPE_OF_MONEY = 0.8
_COMMITTED_IN_MONTH = 0.85
# Thousand tenge per case, to weigh cells of money against cells of counts when seeding.
_TYPICAL_AMOUNT = 2_000
SEASONS: Mapping[str, tuple[float, ...]] = {
    "other": (0.92, 0.94, 1.02, 1.03, 1.04, 1.04, 1.02, 1.01, 1.02, 1.03, 0.98, 0.95),
    # Hemp ripens in the Chu valley from August: seizures and cases peak in September.
    "drugs": (0.70, 0.75, 0.90, 0.90, 0.95, 1.05, 1.10, 1.45, 1.60, 1.25, 0.75, 0.60),
    "traffic": (0.85, 0.75, 0.80, 0.90, 1.00, 1.10, 1.20, 1.25, 1.15, 1.10, 1.00, 0.90),
}
_CHAPTER_OF_SEASON = {11: "drugs", 14: "traffic"}


@dataclass(frozen=True)
class Catalogue:
    """What facts there are.

    `atoms` (atoms x cells) says what one fact adds, `annual` how many of it 100,000 people see in
    a year, `season` its monthly factors (atoms x 12), `shape` that of its gamma; `is_new` marks the
    cells of which the profile knows nothing, such as offences of a later law.
    """

    atoms: sparse.csr_matrix
    annual: NDArray[np.float64]
    season: NDArray[np.float64]
    shape: NDArray[np.float64]
    is_new: NDArray[np.bool_]


def target(space: Space) -> NDArray[np.float64]:
    """Annual figure per 100,000 people of every cell, from the profile of lines and columns."""
    profile: dict[tuple[str, str, str], dict[int, float]] = {}
    with files("mvd.demo").joinpath("profile.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            key = (row["form"], row["section"], row["axis"])
            profile.setdefault(key, {})[int(row["number"])] = float(row["annual_per_100k"])
    result = np.zeros(space.size)
    for form in space.forms:
        for section in form.sections:
            by_line = profile.get((form.code, section.code, "line"), {})
            by_column = profile.get((form.code, section.code, "column"), {})
            lines = np.array([by_line.get(line.code, 0.0) for line in section.lines])
            form_columns = np.array(
                [by_column.get(form_column.number, 0.0) for form_column in section.columns]
            )
            share = form_columns / max(form_columns.sum(), 1e-9)
            result[space.grid(form.code, section.code)] = np.outer(lines, share)
    for column in space.month_columns:
        result[column.cells] = 0
    return result


def catalogue(
    space: Space,
    balance: Balance,
    *,
    atoms: int,
    seed: int,
    always: Sequence[int] = (),
) -> Catalogue:
    """Grow `atoms` atoms around the cells of the target and calibrate how often each happens.

    Around the cells `always` one more is grown each, so that their figures can be met exactly.
    """
    random = np.random.default_rng([seed, 1])
    wanted = target(space)
    grower = AtomGrower(balance, wanted, random)
    # The printed month is filled in from the facts of that month, never by an atom itself.
    printed = {int(cell) for column in space.month_columns for cell in column.cells}
    seeds = [*_seeds(space, wanted, atoms, random), *always]
    grown = [grower.grow(int(cell)) for cell in seeds]
    kept = [atom for atom in grown if atom is not None and printed.isdisjoint(atom)]
    matrix = _matrix(kept, space.size)
    return Catalogue(
        matrix,
        _calibrated(matrix, wanted),
        _season(space, matrix),
        _shape(space, matrix),
        wanted == 0,
    )


def _seeds(
    space: Space, wanted: NDArray[np.float64], count: int, random: np.random.Generator
) -> NDArray[np.int64]:
    scale = np.where(space.is_integral, 1.0, _TYPICAL_AMOUNT)
    chance = np.sqrt(wanted / scale)
    count = min(count, int(np.count_nonzero(chance)))
    return random.choice(space.size, size=count, replace=False, p=chance / chance.sum())


def _matrix(atoms: Sequence[Mapping[int, int]], cells: int) -> sparse.csr_matrix:
    lengths = [len(atom) for atom in atoms]
    indices = np.fromiter(itertools.chain.from_iterable(atoms), dtype=np.int64)
    data = np.fromiter(
        itertools.chain.from_iterable(atom.values() for atom in atoms), dtype=np.float64
    )
    starts = np.cumsum([0, *lengths])
    return sparse.csr_matrix((data, indices, starts), shape=(len(atoms), cells))


def _calibrated(atoms: sparse.csr_matrix, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rates of the atoms whose sums come nearest the target: Richardson-Lucy iterations."""
    transposed = atoms.T.tocsr()
    sizes = atoms @ np.ones(atoms.shape[1])
    rates: NDArray[np.float64] = np.full(atoms.shape[0], wanted.sum() / sizes.sum())
    for _ in range(_CALIBRATION_STEPS):
        reached = transposed @ rates
        ratio = np.divide(wanted, reached, out=np.zeros_like(wanted), where=reached > 0)
        rates *= (atoms @ ratio) / sizes
    return rates


def _season(space: Space, atoms: sparse.csr_matrix) -> NDArray[np.float64]:
    """Monthly factors of each atom by the chapter of the Criminal Code that it touches."""
    result = np.tile(np.array(SEASONS["other"]), (atoms.shape[0], 1))
    for chapter, name in _CHAPTER_OF_SEASON.items():
        cells = np.zeros(space.size)
        for form in space.forms:
            for section in form.sections:
                lines = np.array([line.chapter == chapter for line in section.lines])
                cells[space.grid(form.code, section.code)[lines]] = 1
        result[(atoms @ cells) > 0] = SEASONS[name]
    factors: NDArray[np.float64] = result / result.mean(axis=1, keepdims=True)
    return factors


def _shape(space: Space, atoms: sparse.csr_matrix) -> NDArray[np.float64]:
    is_money = (atoms @ (~space.is_integral).astype(np.float64)) > 0
    return np.where(is_money, _SHAPE_OF_MONEY, _SHAPE_OF_COUNTS)


class Simulation:
    """Facts and figures of any territory and month; the same seed gives the same figures."""

    def __init__(
        self, space: Space, facts: Catalogue, population: Mapping[str, int], seed: int
    ) -> None:
        """`population` is people per territory (KATO code)."""
        self.space = space
        self._facts = facts
        self._population = population
        self._seed = seed
        self._cells = facts.atoms.T.tocsr()
        self._levels: dict[str, NDArray[np.float64]] = {}
        self._added: dict[str, NDArray[np.float64]] = {}
        self._settled: dict[tuple[str, int], NDArray[np.int64]] = {}

    def touching(self, cell: int) -> NDArray[np.bool_]:
        """Which atoms add to a cell."""
        touched: NDArray[np.bool_] = self._cells[[cell]].toarray()[0] > 0
        return touched

    def adding_to(self, indicator: Indicator) -> NDArray[np.int64]:
        """How much one fact of each atom adds to the year to date of an indicator."""
        cells = self.space.cells_of(indicator)
        return np.asarray(self._cells[cells].sum(axis=0)).ravel().astype(np.int64)

    def new_to(self, indicator: Indicator) -> NDArray[np.bool_]:
        """Atoms that add to cells of the indicator of which the profile knows nothing."""
        cells = self.space.cells_of(indicator)
        unknown = cells[self._facts.is_new[cells]]
        return np.asarray(self._cells[unknown].sum(axis=0)).ravel() > 0

    def scale(self, territory: str, atoms: NDArray[np.bool_], factor: float) -> None:
        """Let some atoms of a territory happen more often, or more rarely, in all years."""
        self._levels.setdefault(territory, np.ones(len(atoms)))[atoms] *= factor

    def add(self, territory: str, atoms: NDArray[np.bool_], annual: float) -> None:
        """Let each of some atoms happen so many times more to 100,000 people a year."""
        self._added.setdefault(territory, np.zeros(len(atoms)))[atoms] += annual

    def settle(self, territory: str, year: int, facts: NDArray[np.int64]) -> None:
        """Put facts (months x atoms) in place of those that would be drawn."""
        self._settled[territory, year] = facts

    def rhythm(self, territory: str, year: int) -> NDArray[np.float64]:
        """How often what happens once to 100,000 people a year is expected: months x atoms."""
        growth = (1 + TREND_PER_YEAR) ** (year - BASE_YEAR)
        return np.asarray(self._facts.season.T * growth * self._population[territory] / _PER / 12)

    def expected(self, territory: str, year: int) -> NDArray[np.float64]:
        """How often each atom is expected in each month of a year: months x atoms."""
        local = np.random.default_rng([self._seed, 2, int(territory)])
        habits = local.lognormal(0, _REGIONAL_SPREAD, len(self._facts.annual))
        level = self._facts.annual * habits * self._levels.get(territory, 1.0)
        return self.rhythm(territory, year) * (level + self._added.get(territory, 0.0))

    def year(self, territory: str, year: int) -> NDArray[np.int64]:
        """How often each atom happens in each month of a year: months x atoms."""
        if (territory, year) in self._settled:
            return self._settled[territory, year]
        shape = self._facts.shape
        expected = self.expected(territory, year)
        months = []
        for month in range(1, 13):
            random = np.random.default_rng([self._seed, 3, int(territory), year, month])
            months.append(random.poisson(random.gamma(shape, expected[month - 1] / shape)))
        return np.stack(months)

    def figures(
        self, year_to_date: NDArray[np.int64], month: NDArray[np.int64], territory: str
    ) -> NDArray[np.float64]:
        """Figures of the space: facts since January, and those of the last month by themselves."""
        values: NDArray[np.float64] = self._cells @ year_to_date.astype(np.float64)
        registered = self._cells @ month.astype(np.float64)
        random = np.random.default_rng([self._seed, 4, int(territory), int(month.sum())])
        committed = self._cells @ random.binomial(month, _COMMITTED_IN_MONTH).astype(np.float64)
        for column in self.space.month_columns:
            source = committed if column.committed else registered
            values[column.cells] = source[column.base]
        return values


def balance(space: Space, contracts: Contracts) -> Balance:
    """All control rules of the space's forms, and of form against form, as one matrix."""
    found: list[tuple[Comparisons, Rule, int]] = []
    for form in space.forms:
        start = space.offsets[form.code]
        for rule in contracts.rules_for(form):
            found += [(comparisons, rule, start) for comparisons in expand(rule, [form])]
    for rule in contracts.cross_rules:
        found += [(comparisons, rule, 0) for comparisons in expand(rule, space.forms)]
    parts = [_signed(comparisons, rule, start, space.size) for comparisons, rule, start in found]
    exact = [np.full(len(comparisons), rule.op == "=") for comparisons, rule, _ in found]
    return Balance(sparse.vstack(parts, format="csr"), np.concatenate(exact))


def _signed(comparisons: Comparisons, rule: Rule, start: int, cells: int) -> sparse.csr_matrix:
    """Left minus right (right minus left for <=), one row per comparison."""
    direction = -1 if rule.op == "<=" else 1
    terms = [(direction * sign, places) for sign, places in comparisons.left]
    terms += [(-direction * sign, places) for sign, places in comparisons.right]
    count = len(comparisons)
    rows = np.tile(np.arange(count), len(terms))
    columns = np.concatenate([places for _, places in terms]) + start
    data = np.repeat([float(sign) for sign, _ in terms], count)
    matrix = sparse.csr_matrix((data, (rows, columns)), shape=(count, cells))
    matrix.eliminate_zeros()
    return matrix


def restated(
    simulation: Simulation, cell: int, before: NDArray[np.int64], month: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Year to date and month after a fifth of the facts behind a cell is struck off.

    `before` is the year to date of the month before. Those facts do not happen in the month, so
    the year to date of the cell falls.
    """
    struck = simulation.touching(cell)
    month = np.where(struck, 0, month)
    return before + month - np.where(struck, -(-before // 5), 0), month
