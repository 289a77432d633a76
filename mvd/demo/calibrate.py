"""Figures of a compact form brought to the published ones, in all their parts, months and units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from mvd.demo.allocate import Amounts, Goal, Mask, allocate, base_of, meet, rescaled
from mvd.demo.country import MONTHS, Country
from mvd.demo.targets import Target


@dataclass(frozen=True)
class Wanted:
    """A target of one part of a figure, or of all its parts together (`part` None)."""

    target: Target
    part: int | None


@dataclass(frozen=True)
class Calibration:
    """Brings parts x months x units to what is wanted of them.

    `step` is how many of the smallest amount make one of the figure. Both ways raise
    UnreachableError when the caps do not admit what was published.
    """

    country: Country
    wanted: Sequence[Wanted]
    step: int
    random: np.random.Generator

    def flows(self, parts: Amounts, caps: Amounts) -> Amounts:
        """Figures that count from 1 January."""
        levels = [w for w in self.wanted if w.target.quantity == "value"]
        result = np.minimum(self._levelled(parts, levels), caps)
        goals = [self._goal(w, parts) for w in levels]
        result = meet(result, goals, caps)
        for wanted in self.wanted:
            if wanted.target.quantity == "change_pct":
                goals += self._growth(wanted, result, goals)
                result = meet(result, goals, caps)
        return result

    def stocks(self, parts: Amounts, caps: Amounts) -> Amounts:
        """Figures at the end of a month: what was published holds until the next is."""
        result = parts.swapaxes(1, 2).copy()
        limits = caps.swapaxes(1, 2)
        settled = np.zeros(result.shape[:2], dtype=bool)
        ordered = sorted(self.wanted, key=lambda w: (*self._width(w), w.target.month))
        for _, same in groupby(ordered, self._width):
            for number, wanted in enumerate(same):
                rows = self._rows(wanted, len(parts))
                month, free = self.country.month(wanted.target.month), rows & ~settled
                rest = self._total(wanted) - int(result[rows & settled][:, month].sum())
                weights = result[free][:, month].astype(np.float64)
                shared = allocate(weights, rest, limits[free][:, month])
                result[free, month if number else 0 :] = shared[:, None]
            settled |= rows
        return np.minimum(result, limits).swapaxes(1, 2)

    def _levelled(self, parts: Amounts, levels: Sequence[Wanted]) -> Amounts:
        """The draws at the level of what was published, in all years, so that no year jumps."""
        result = parts.copy()
        settled = np.zeros(parts.shape, dtype=bool)
        lasting = [w for w in levels if w.target.basis == "ytd"]
        for wanted in sorted(lasting, key=lambda w: (*self._width(w), -w.target.month.month)):
            mine = self._rows(wanted, len(parts))[:, None] & ~settled
            counted = self._cells(wanted, parts)
            drawn = result[counted & mine].sum()
            rest = self._total(wanted) - result[counted & settled].sum()
            if drawn > 0 and rest > 0:
                result[mine] = rescaled(result[mine], rest / drawn, self.random)
            settled |= mine
        return result

    def _growth(self, wanted: Wanted, result: Amounts, goals: Sequence[Goal]) -> Iterator[Goal]:
        """Goals for a year and the year before; the years before that get the level of the base."""
        now = self._cells(wanted, result)
        before = np.zeros_like(now)
        before[:, :-MONTHS] = now[:, MONTHS:]
        before &= self.country.exists
        is_fixed = any(np.array_equal(goal.cells, now) for goal in goals)
        target = wanted.target
        level, base = base_of(int(result[now].sum()), target.low, target.high, is_fixed=is_fixed)
        start = self.country.month(target.month.replace(month=1)) - MONTHS
        older = self._rows(wanted, len(result))[:, None] & self.country.exists
        older[:, start:] = False
        factor = base / max(int(result[before].sum()), 1)
        result[older] = rescaled(result[older], factor, self.random)
        yield Goal(now, level, target.claims)
        yield Goal(before, base, target.claims)

    def _goal(self, wanted: Wanted, parts: Amounts) -> Goal:
        return Goal(self._cells(wanted, parts), self._total(wanted), wanted.target.claims)

    def _total(self, wanted: Wanted) -> int:
        return round(wanted.target.value * self.step)

    def _width(self, wanted: Wanted) -> tuple[int, str, bool, int]:
        """Smaller territories and single parts come first."""
        territory = wanted.target.territory
        units = int(self.country.within(territory).sum())
        return units, territory, wanted.part is None, wanted.part or 0

    def _rows(self, wanted: Wanted, parts: int) -> Mask:
        """Parts x units that the target is about."""
        chosen = (
            np.arange(parts) == wanted.part if wanted.part is not None else np.full(parts, True)
        )
        return np.outer(chosen, self.country.within(wanted.target.territory))

    def _cells(self, wanted: Wanted, parts: Amounts) -> Mask:
        """Parts x months x units that the target counts."""
        last = self.country.month(wanted.target.month)
        first = last if wanted.target.basis == "month" else last - last % MONTHS
        months = np.zeros(parts.shape[1], dtype=bool)
        months[first : last + 1] = True
        counted = self._rows(wanted, len(parts))[:, None] & months[None, :, None]
        return np.asarray(counted & self.country.exists)
