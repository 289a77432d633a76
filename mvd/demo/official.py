"""Facts of the official forms brought to the published figures, region by region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvd.demo.allocate import Amounts, Mask, UnreachableError, allocate, base_of
from mvd.demo.simulate import Simulation
from mvd.demo.targets import Target

_MONTHS = 12
# Tells equal draws apart: cells where more is expected come first.
_HINT = 1e-6
_NO_CAP = 2**40
# Known offences are not multiplied beyond this where others can make up a published figure.
_MOST_OF_THE_KNOWN = 4.0


@dataclass(frozen=True)
class _Goal:
    """Facts of the first `months` of a year, weighted by `each`, must be `total`."""

    each: Amounts
    months: int
    total: int
    claims: tuple[str, ...]

    @property
    def size(self) -> int:
        return int(np.count_nonzero(self.each)) * self.months

    @property
    def cells(self) -> Mask:
        return np.outer(np.arange(_MONTHS) < self.months, self.each > 0)


def calibrate(simulation: Simulation, targets: Sequence[Target], regions: Sequence[str]) -> None:
    """Bring the facts of the simulation to the targets.

    `regions` (KATO) make up the republic. Raises UnreachableError when published figures exclude
    each other.
    """
    calibration = _Calibration(simulation, targets, regions)
    calibration.set_levels()
    calibration.settle_regions()
    calibration.share_out_totals()


class _Calibration:
    def __init__(
        self, simulation: Simulation, targets: Sequence[Target], regions: Sequence[str]
    ) -> None:
        self._simulation = simulation
        self._regions = regions
        self._own = [t for t in targets if t.territory in regions]
        self._shared = [t for t in targets if t.territory not in regions]
        self._goals: dict[tuple[str, int], list[_Goal]] = defaultdict(list)

    def set_levels(self) -> None:
        """How often facts happen, in all years alike, so that no year jumps."""
        for target in (t for t in (*self._shared, *self._own) if t.quantity == "value"):
            each = self._simulation.adding_to(target.indicator)
            members = [target.territory] if target in self._own else self._regions
            expected = [self._simulation.expected(m, target.month.year) for m in members]
            reached = sum(float((e[: target.month.month] @ each).sum()) for e in expected)
            new = self._simulation.new_to(target.indicator)
            factor = target.value / reached if reached > 0 else 1.0
            usual = min(factor, _MOST_OF_THE_KNOWN) if new.any() else factor
            for member in members:
                self._simulation.scale(member, each > 0, usual)
            self._fill_up(target, members, each * new, target.value - usual * reached)

    def _fill_up(
        self, target: Target, members: Sequence[str], each: Amounts, missing: float
    ) -> None:
        """What the known offences do not explain are those of which the profile knows nothing."""
        if missing <= 0 or not each.any():
            return
        rhythms = [self._simulation.rhythm(m, target.month.year) for m in members]
        once = sum(float((r[: target.month.month] @ each).sum()) for r in rhythms)
        for member in members:
            self._simulation.add(member, each > 0, missing / once)

    def settle_regions(self) -> None:
        """Figures that were published of a region, then their growth, year by year."""
        for target in (t for t in self._own if t.quantity == "value"):
            self._add(target, target.month.year, round(target.value))
        growth = [t for t in self._own if t.quantity == "change_pct"]
        for target in growth:
            if (level := self._published(target)) is not None:
                _, base = base_of(level, target.low, target.high, is_fixed=True)
                self._add(target, target.month.year - 1, base)
        years = {(t.territory, t.month.year - 1) for t in growth} | set(self._goals)
        for territory, year in sorted(years, key=lambda key: key[1]):
            for target in growth:
                if (target.territory, target.month.year) == (territory, year):
                    self._follow(target)
            self._settle(territory, year)
        for target in growth:
            self._keep_up(target)

    def _keep_up(self, target: Target) -> None:
        """Years that are still to be drawn go on from the level that was reached."""
        each = self._simulation.adding_to(target.indicator)
        if self._published(target) is None and target.month.month == _MONTHS:
            settled = self._simulation.year(target.territory, target.month.year)
            expected = self._simulation.expected(target.territory, target.month.year)
            reached = float((settled @ each).sum()) / float((expected @ each).sum())
            self._simulation.scale(target.territory, each > 0, reached)

    def _follow(self, target: Target) -> None:
        """The level that the year before and the growth give, unless it was published."""
        if self._published(target) is None:
            before = self._simulation.year(target.territory, target.month.year - 1)
            each = self._simulation.adding_to(target.indicator)
            base = int((before[: target.month.month] @ each).sum())
            self._add(target, target.month.year, round(base * (1 + target.value / 100)))

    def share_out_totals(self) -> None:
        """Figures of the republic, by what was drawn for the regions of which nothing was said."""
        for target in self._shared:
            each, year = self._simulation.adding_to(target.indicator), target.month.year
            facts = [self._simulation.year(region, year) for region in self._regions]
            drawn = np.array([int((f[: target.month.month] @ each).sum()) for f in facts])
            is_free = np.array([(region, year) not in self._goals for region in self._regions])
            rest = round(target.value) - int(drawn[~is_free].sum())
            shares = allocate(drawn[is_free].astype(float), rest, np.full(is_free.sum(), _NO_CAP))
            free = [r for r, mine in zip(self._regions, is_free, strict=True) if mine]
            for region, share in zip(free, shares.tolist(), strict=True):
                goal = _Goal(each, target.month.month, share, target.claims)
                facts_of = self._met(region, year, [goal])
                self._simulation.settle(region, year, facts_of)

    def _add(self, target: Target, year: int, total: int) -> None:
        each = self._simulation.adding_to(target.indicator)
        goal = _Goal(each, target.month.month, total, target.claims)
        self._goals[target.territory, year].append(goal)

    def _published(self, growth: Target) -> int | None:
        same = (t for t in self._own if t.quantity == "value" and t.indicator == growth.indicator)
        found = [t for t in same if (t.territory, t.month) == (growth.territory, growth.month)]
        return round(found[0].value) if found else None

    def _settle(self, territory: str, year: int) -> None:
        met = self._met(territory, year, self._goals[territory, year])
        self._simulation.settle(territory, year, met)

    def _met(self, territory: str, year: int, goals: Sequence[_Goal]) -> Amounts:
        """Months x atoms that meet the goals, the smallest first and then left alone."""
        facts = self._simulation.year(territory, year).copy()
        hint = self._simulation.expected(territory, year) * _HINT
        settled = np.zeros(facts.shape, dtype=bool)
        for goal in sorted(goals, key=lambda g: g.size):
            each = np.broadcast_to(goal.each, facts.shape)
            known = goal.cells & settled
            rest = goal.total - int((facts * each)[known].sum())
            free = goal.cells & ~settled
            try:
                facts[free] = _shared(facts[free], hint[free], each[free], rest)
            except UnreachableError as error:
                raise UnreachableError(f"{', '.join(goal.claims)}: {error}") from error
            settled |= goal.cells
        return facts


def _shared(facts: Amounts, hint: NDArray[np.float64], each: Amounts, total: int) -> Amounts:
    """Facts in their proportions whose weighted sum is `total`.

    Facts that count several times are brought near, those that count once make it exact.
    """
    result = facts.copy()
    several = each > 1
    drawn = int((facts * each).sum())
    if drawn > total:
        result[several] = np.floor(facts[several] * (total / drawn)).astype(np.int64)
    rest = total - int((result * each)[several].sum())
    once = ~several
    caps = np.full(int(once.sum()), _NO_CAP)
    result[once] = allocate(facts[once] + hint[once], rest, caps)
    return result
