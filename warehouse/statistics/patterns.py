"""Which slip of a clerk would explain a surprising value: likelihood of each known slip.

A slip is suggested when the value that should have stood there, recovered by undoing the slip, is
as likely as that, against an unexplained change of any size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warehouse.statistics.counts import log_probability
from warehouse.statistics.expectation import Expectation
from warehouse.statistics.frame import HistoryFrame, OutlierParameters

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PATTERNS = (
    "none",
    "lost_digit",
    "doubled_month",
    "swapped_districts",
    "swapped_lines",
    "oblast_in_district",
    "month_as_ytd",
    "ytd_as_month",
)
_MOST_A_PARTNER_GAINS = 15.0


@dataclass(frozen=True)
class Explanations:
    """For each outlier: number of the pattern in PATTERNS, the value it suggests (NaN when it
    does not say), the partner it was swapped with (-1 when none)."""

    pattern: Integers
    suggested: Floats
    partner: Integers


@dataclass(frozen=True)
class _Cells:
    """The surprising cells and their expectation."""

    frame: HistoryFrame
    expectation: Expectation
    before: Floats
    indicator: Integers
    district: Integers
    month: Integers

    def __len__(self) -> int:
        return self.indicator.size

    @property
    def value(self) -> Floats:
        return self.frame.values[self.indicator, self.district, self.month]

    def likelihood(self, value: Floats) -> Floats:
        """Log-probability of these values in place of the ones reported."""
        at = (self.indicator, self.district, self.month)
        mean, variation = self.expectation.expected[at], self.expectation.variation[at]
        if value.ndim > 1:
            mean, variation = mean[:, None], variation[:, None]
        return log_probability(value, mean, variation)


_Explained = tuple[Floats, Floats, Integers]


def explain(
    frame: HistoryFrame,
    expectation: Expectation,
    before: Floats,
    cells: tuple[Integers, Integers, Integers],
    parameters: OutlierParameters,
) -> Explanations:
    """Suggest a pattern for each cell (indicator, district, month index).

    `before` holds the year to date up to the previous month, shape of the frame.
    """
    outliers = _Cells(frame, expectation, before, *cells)
    rules = _SINGLE | {"swapped_districts": _swapped_districts, "swapped_lines": _swapped_lines}
    best = _unexplained(outliers, parameters.change_factor) + np.log(parameters.pattern_odds)
    pattern = np.zeros(len(outliers), dtype=np.int64)
    suggested = np.full(len(outliers), np.nan)
    partner = np.full(len(outliers), -1)
    for name, rule in rules.items():
        likelihood, value, other = rule(outliers)
        better = likelihood > best
        best = np.where(better, likelihood, best)
        pattern = np.where(better, PATTERNS.index(name), pattern)
        suggested = np.where(better, value, suggested)
        partner = np.where(better, other, partner)
    return Explanations(pattern, suggested, partner)


def evidence(
    frame: HistoryFrame,
    expectation: Expectation,
    before: Floats,
    cells: tuple[Integers, Integers, Integers],
) -> Floats:
    """How many times better the best slip of a single cell explains each cell than chance does."""
    doubted = _Cells(frame, expectation, before, *cells)
    if not len(doubted):
        return np.zeros(0)
    best = np.max([rule(doubted)[0] for rule in _SINGLE.values()], axis=0)
    chance = doubted.likelihood(doubted.value)
    ratio: Floats = np.exp(np.clip(best - np.maximum(chance, -700.0), -50.0, 50.0))
    return ratio


def _alone(cells: _Cells, likelihood: Floats, value: Floats) -> _Explained:
    return likelihood, value, np.full(len(cells), -1)


def _unexplained(cells: _Cells, factor: float) -> Floats:
    """A change of any size: even on the logarithmic scale, as if over the range of one factor."""
    size = np.maximum(np.abs(cells.value), 1.0)
    result: Floats = -np.log(size * 2 * np.log(factor))
    return result


def _lost_digit(cells: _Cells) -> _Explained:
    value = cells.value
    whole = np.maximum(value, 0)
    last = 10 * whole[:, None] + np.arange(10)
    place = 10.0 ** (np.floor(np.log10(np.maximum(whole, 1))) + 1)
    leading = np.where(whole > 0, 1.0, 0.0)[:, None] * place[:, None] * np.arange(1, 10)
    candidates = np.concatenate([last, leading + whole[:, None]], axis=1)
    scores = cells.likelihood(candidates)
    # A zero says only that something below ten may have stood there; leading digits of it do not.
    scores[:, 10:] = np.where(whole[:, None] > 0, scores[:, 10:], -np.inf)
    scores[:, 0] = np.where(whole > 0, scores[:, 0], -np.inf)
    likelihood = np.logaddexp.reduce(scores, axis=1) - np.log(2)
    best = candidates[np.arange(len(cells)), scores.argmax(axis=1)]
    lost_last = scores.argmax(axis=1) < last.shape[1]
    likelihood = np.where(value >= 0, likelihood, -np.inf)
    return _alone(cells, likelihood, np.where(lost_last, np.nan, best))


def _doubled(cells: _Cells) -> _Explained:
    half = cells.value / 2
    fits = (half > 0) & (half == np.floor(half))
    return _alone(cells, np.where(fits, cells.likelihood(half), -np.inf), half)


def _month_as_ytd(cells: _Cells) -> _Explained:
    """The month stands where the year to date should: the derived month is short by all before."""
    before = cells.before[cells.indicator, cells.district, cells.month]
    typed = cells.value + before
    fits = before > 0
    return _alone(cells, np.where(fits, cells.likelihood(np.where(fits, typed, 0)), -np.inf), typed)


def _ytd_as_month(cells: _Cells) -> _Explained:
    """The year to date stands where the month should."""
    before = cells.before[cells.indicator, cells.district, cells.month]
    true = cells.value - before
    fits = before > 0
    return _alone(cells, np.where(fits, cells.likelihood(np.where(fits, true, 0)), -np.inf), true)


def _oblast_total(cells: _Cells) -> _Explained:
    frame = cells.frame
    same = frame.oblast[cells.district][:, None] == frame.oblast
    same[np.arange(len(cells)), cells.district] = False
    reported = frame.values[cells.indicator, :, cells.month]
    others = np.where(same, np.nan_to_num(reported), 0.0).sum(1)
    fits = (others > 0) & (cells.value >= others)
    true = np.where(fits, cells.value - others, 0.0)
    return _alone(cells, np.where(fits, cells.likelihood(true), -np.inf), true)


def _swapped_districts(cells: _Cells) -> _Explained:
    neighbours = _neighbours(cells.frame.oblast)[cells.district]
    at = (cells.indicator[:, None], np.maximum(neighbours, 0), cells.month[:, None])
    return _swapped(cells, at, neighbours, cells.district)


def _swapped_lines(cells: _Cells) -> _Explained:
    lines = np.broadcast_to(
        np.arange(cells.frame.values.shape[0]), (len(cells), cells.frame.values.shape[0])
    )
    return _swapped(
        cells, (lines, cells.district[:, None], cells.month[:, None]), lines, cells.indicator
    )


def _neighbours(oblast: Integers) -> Integers:
    """Districts of each district's oblast, one row per district, filled up with -1."""
    order = np.argsort(oblast, kind="stable")
    _, group, size = np.unique(oblast, return_inverse=True, return_counts=True)
    place = np.arange(size.max())
    start = np.cumsum(size) - size
    rows = order[np.minimum(start[:, None] + place, oblast.size - 1)]
    filled: Integers = np.where(place < size[:, None], rows, -1)[group]
    return filled


def _swapped(
    cells: _Cells, at: tuple[Integers, Integers, Integers], partners: Integers, own: Integers
) -> _Explained:
    """Best of the partners (cells, candidates): its value fits here and the value here fits it."""
    theirs = cells.frame.values[at]
    mean, variation = cells.expectation.expected[at], cells.expectation.variation[at]
    possible = (partners >= 0) & (partners != own[:, None])
    possible &= np.isfinite(theirs) & np.isfinite(mean) & (theirs >= 0)
    possible &= (theirs != cells.value[:, None]) & (cells.value >= 0)[:, None]
    theirs = np.where(possible, theirs, 0.0)
    mean, variation = np.where(possible, mean, 1.0), np.where(possible, variation, 1.0)
    gained = log_probability(cells.value[:, None], mean, variation) - log_probability(
        theirs, mean, variation
    )
    score = cells.likelihood(theirs) + np.minimum(gained, _MOST_A_PARTNER_GAINS)
    score = np.where(possible, score, -np.inf)
    rivals = np.maximum(possible.sum(1), 1)
    here, best = np.arange(len(cells)), score.argmax(axis=1)
    return score[here, best] - np.log(rivals), theirs[here, best], partners[here, best]


_SINGLE: dict[str, Callable[[_Cells], _Explained]] = {
    "lost_digit": _lost_digit,
    "doubled_month": _doubled,
    "oblast_in_district": _oblast_total,
    "month_as_ytd": _month_as_ytd,
    "ytd_as_month": _ytd_as_month,
}
