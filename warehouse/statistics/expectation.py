"""What a district's month was expected to be, from what was known before it and from its peers.

One pass over the months; each step works on all indicators and districts at once. A verdict on a
month uses that month and earlier ones only, so later data never change an earlier verdict.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warehouse.statistics.frame import MONTHS, HistoryFrame, OutlierParameters

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

_TINY = 1e-9


@dataclass(frozen=True)
class Expectation:
    """Mean and relative variance beyond Poisson, each of shape (indicators, districts, months).

    `own` follows from the district's level and season alone; `expected` moves it by what the
    peers did in the month. NaN where there is too little history.
    """

    own: Floats
    own_variation: Floats
    expected: Floats
    variation: Floats
    has_peers: Booleans


class _Groups:
    """Sums over the districts of an oblast, spread back to the districts."""

    def __init__(self, oblast: npt.NDArray[np.int64]) -> None:
        self.member = (oblast[:, None] == np.arange(oblast.max() + 1)).astype(np.float64)

    def total(self, values: Floats) -> Floats:
        """Group totals, shape (indicators, groups, …)."""
        totals: Floats = np.einsum("id...,dg->ig...", values, self.member, optimize=True)
        return totals

    def spread(self, totals: Floats) -> Floats:
        """Totals of each district's group, shape (indicators, districts, …)."""
        values: Floats = np.einsum("ig...,dg->id...", totals, self.member, optimize=True)
        return values


class _Dispersion:
    """Variance beyond Poisson and estimation error, from squared one-step residuals.

    Each residual counts by the precision with which it tells the dispersion, which vanishes for
    small means; series are shrunken to the indicator and the indicator to the start value.
    """

    def __init__(self, shape: tuple[int, int], parameters: OutlierParameters) -> None:
        self._p = parameters.dispersion
        self._keep = 0.5 ** (1 / self._p.half_life_months)
        self._sum = np.zeros(shape)
        self._precision = np.zeros(shape)

    def value(self) -> Floats:
        """Shrunken dispersion of each series, shape (indicators, districts)."""
        p = self._p
        prior = p.indicator_deviation**-2
        indicator = (self._sum.sum(1) + prior * p.start) / (self._precision.sum(1) + prior)
        indicator = np.maximum(indicator, p.floor)[:, None]
        prior = p.district_deviation**-2
        district = (self._sum + prior * indicator) / (self._precision + prior)
        shrunken: Floats = np.maximum(district, p.floor)
        return shrunken

    def learn(self, value: Floats, mean: Floats, variation: Floats, estimation: Floats) -> None:
        """Take in one month; NaN values are passed over."""
        variance = mean + variation * mean**2
        scale = np.where(np.isfinite(value), mean**2 / (2 * variance**2 + variance), 0.0)
        excess = (value - mean) ** 2 - mean - estimation * mean**2
        self._sum = self._keep * self._sum + scale * np.where(scale > 0, excess, 0.0)
        self._precision = self._keep * self._precision + scale * mean**2


class _Season:
    """Factors of the twelve months, from whole past years: country, then oblast, then district."""

    def __init__(
        self, shape: tuple[int, int], groups: _Groups, parameters: OutlierParameters
    ) -> None:
        self._p = parameters
        self._groups = groups
        self._keep = 0.5 ** (1 / parameters.season_half_life_years)
        indicators, districts = shape
        sizes = {"country": 1, "oblast": groups.member.shape[1], "district": districts}
        self._sum = {name: np.zeros((indicators, n, MONTHS)) for name, n in sizes.items()}
        self._weight = {name: np.zeros((indicators, n, MONTHS)) for name, n in sizes.items()}
        self.factor = np.ones((indicators, districts, MONTHS))

    def learn(self, year: Floats, dispersion: Floats) -> None:
        """Take in the cleaned months of one whole year, shape (indicators, districts, 12)."""
        known = np.isfinite(year).all(axis=2, keepdims=True)
        cleaned = np.where(known, year, 0.0)
        oblast = self._groups.total(cleaned)
        country = cleaned.sum(1, keepdims=True)
        common = np.full((1, 1, 1), self._p.group_dispersion)
        deviation = self._p.season_deviation
        flat = np.ones((1, 1, MONTHS))
        country_factor = self._update("country", country, common, flat, deviation.country)
        oblast_factor = self._update("oblast", oblast, common, country_factor, deviation.oblast)
        self.factor = self._update(
            "district",
            cleaned,
            dispersion[:, :, None],
            self._groups.spread(oblast_factor),
            deviation.district,
        )

    def _update(
        self, name: str, year: Floats, dispersion: Floats, parent: Floats, deviation: float
    ) -> Floats:
        mean = np.maximum(year.mean(axis=2, keepdims=True), 0.0)
        weight = np.where(mean > 0, mean / (1 + dispersion * mean), 0.0)
        ratio = np.where(mean > 0, year / np.maximum(mean, _TINY), 1.0)
        self._sum[name] = self._keep * self._sum[name] + weight * ratio
        self._weight[name] = self._keep * self._weight[name] + weight
        precision = deviation**-2
        factor = (precision * parent + self._sum[name]) / (precision + self._weight[name])
        factor = np.maximum(factor, 0.02)
        normalised: Floats = factor / factor.mean(axis=2, keepdims=True)
        return normalised


class _Peers:
    """The common movement of a month against expectation: country, then oblast, without oneself."""

    def __init__(self, groups: _Groups, parameters: OutlierParameters) -> None:
        self._groups = groups
        self._p = parameters

    def movement(
        self, value: Floats, own: Floats, variation: Floats
    ) -> tuple[Floats, Floats, Booleans]:
        """Factor, its relative variance, and whether enough peers reported, per district."""
        known = np.isfinite(value)
        mean = np.where(known, own, 0.0)
        seen = np.where(known, value, 0.0)
        deviation = self._p.movement_deviation
        rough = self._factor(seen.sum(1, keepdims=True), mean.sum(1, keepdims=True), 1.0, 5.0)[0]
        clipped = seen
        for _ in range(2):
            clipped = self._clip(seen, mean * rough, variation)
            rough, _ = self._factor(
                clipped.sum(1, keepdims=True), mean.sum(1, keepdims=True), 1.0, 5.0
            )
        country, _ = self._factor(
            clipped.sum(1, keepdims=True) - clipped,
            mean.sum(1, keepdims=True) - mean,
            1.0,
            deviation.country**-2,
        )
        near = country
        for _ in range(2):
            clipped = self._clip(seen, mean * near, variation)
            near, uncertainty = self._factor(
                self._groups.spread(self._groups.total(clipped)) - clipped,
                self._groups.spread(self._groups.total(mean)) - mean,
                country,
                deviation.oblast**-2,
            )
        peers = known.sum(1, keepdims=True) - known
        return near, uncertainty, peers >= self._p.minimum_peers

    def _clip(self, value: Floats, mean: Floats, variation: Floats) -> Floats:
        reach = self._p.clip_deviations * np.sqrt(mean + variation * mean**2) + 0.5
        return np.clip(value, mean - reach, mean + reach)

    def _factor(
        self, value: Floats, mean: Floats, parent: Floats | float, precision: float
    ) -> tuple[Floats, Floats]:
        positive = np.maximum(mean, _TINY)
        weight = positive / (1 + self._p.group_dispersion * positive)
        factor = (precision * parent + weight * value / positive) / (precision + weight)
        return np.maximum(factor, 0.05), 1 / (precision + weight)


class _Level:
    """The district's events and exposure, both forgetting, shrunken to the peers' rate."""

    def __init__(self, frame: HistoryFrame, parameters: OutlierParameters) -> None:
        indicators, districts, _ = frame.values.shape
        self._drift = parameters.yearly_drift**2 / MONTHS
        longest = parameters.longest_half_life_months
        self._least_gain = 1 - 0.5 ** (1 / longest)
        self._prior = parameters.prior_events
        population = frame.population
        if population is None:
            population = np.ones(districts)
        self._population = np.where(np.isfinite(population), population, np.nanmean(population))
        self.events = np.zeros((indicators, districts))
        self.exposure = np.zeros((indicators, districts))
        self.reported = np.zeros((indicators, districts))

    def restart(self, series: Booleans) -> None:
        """Forget the history of these (indicators, districts)."""
        for state in (self.events, self.exposure, self.reported):
            state[series] = 0.0

    def value(self) -> tuple[Floats, Floats]:
        """Level per month without season, and its relative variance."""
        reporting = self.exposure > 0
        people = np.where(reporting, self._population, 0.0)
        rate = np.where(reporting, self.events / np.maximum(self.exposure, _TINY), 0.0)
        per_head = rate.sum(1, keepdims=True) / np.maximum(people.sum(1, keepdims=True), _TINY)
        prior = np.maximum(per_head * self._population, 1e-3)
        shape = self._prior + self.events
        return shape / (self._prior / prior + self.exposure), 1 / shape

    def learn(self, value: Floats, season: Floats, level: Floats, dispersion: Floats) -> None:
        """Take in one month; NaN values only let time pass.

        A small count says little about a month, so its memory must be long; the gain is that of
        a level which drifts, observed with this noise (steady state of the local-level model).
        """
        noise = 1 / np.maximum(level, _TINY) + dispersion
        keep = 1 - np.maximum(np.sqrt(self._drift / (noise + self._drift)), self._least_gain)
        known = np.isfinite(value)
        self.events = np.maximum(keep * self.events + np.where(known, value, 0.0), 0.0)
        self.exposure = keep * self.exposure + np.where(known, season, 0.0)
        self.reported += known


def expect(frame: HistoryFrame, parameters: OutlierParameters) -> Expectation:
    """Expectation of every cell of the frame."""
    shape = frame.values.shape
    series = shape[:2]
    groups = _Groups(frame.oblast)
    level = _Level(frame, parameters)
    season = _Season(series, groups, parameters)
    peers = _Peers(groups, parameters)
    dispersion, own_dispersion = (_Dispersion(series, parameters) for _ in range(2))
    cleaned = np.full(shape, np.nan)
    own, own_variation, expected, variation = (np.full(shape, np.nan) for _ in range(4))
    has_peers = np.zeros(shape, dtype=np.bool_)

    for t in range(shape[2]):
        month = (frame.january_offset + t) % MONTHS
        level.restart(frame.restarts(t))
        value = frame.values[:, :, t]
        base, uncertainty = level.value()
        mean = base * season.factor[:, :, month]
        tested = level.reported >= parameters.minimum_history_months
        spread = dispersion.value()
        factor, movement, enough = peers.movement(
            np.where(level.reported > 0, value, np.nan), mean, spread + uncertainty
        )
        moved = mean * factor
        total = spread + uncertainty + movement
        own_total = own_dispersion.value() + uncertainty
        for target, result in (
            (own, mean),
            (own_variation, own_total),
            (expected, moved),
            (variation, total),
        ):
            target[:, :, t] = np.where(tested, result, np.nan)
        has_peers[:, :, t] = enough

        first = level.reported == 0
        clean = np.where(first, value, _winsorise(value, moved, total, parameters.clip_deviations))
        cleaned[:, :, t] = clean
        learned = np.where(tested, clean, np.nan)
        dispersion.learn(learned, moved, total, uncertainty + movement)
        own_dispersion.learn(learned, mean, own_total, uncertainty)
        level.learn(clean, season.factor[:, :, month], base, spread)
        if month == MONTHS - 1 and t >= MONTHS - 1:
            year = cleaned[:, :, t - MONTHS + 1 : t + 1]
            season.learn(np.where(frame.is_whole_year(t), year, np.nan), spread)
    return Expectation(own, own_variation, expected, variation, has_peers)


def _winsorise(value: Floats, mean: Floats, variation: Floats, deviations: float) -> Floats:
    reach = deviations * np.sqrt(mean + variation * mean**2) + 0.5
    return np.clip(value, mean - reach, mean + reach)
