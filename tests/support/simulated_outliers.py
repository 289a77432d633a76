"""A simulated decade: districts × indicators × months, and the submissions that reported it."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]

MONTHS = 12
HARVEST_MONTHS = (7, 8, 9)
"""August to October, counted from January = 0: the harvest of wild hemp."""


@dataclass(frozen=True)
class DecadeParameters:
    """What the decade looks like; shares are of submissions, deviations are of logarithms."""

    districts: int = 240
    oblasts: int = 17
    indicators: int = 20
    years: int = 10
    first_year: int = 2016
    smallest_mean: float = 0.2
    largest_mean: float = 500.0
    harvest_indicators: int = 3
    population_deviation: float = 0.6
    district_deviation: float = 0.35
    season_amplitude: float = 0.25
    district_season_deviation: float = 0.04
    yearly_trend: float = 0.06
    yearly_drift: float = 0.05
    country_shock: float = 0.04
    oblast_shock: float = 0.04
    dispersion: tuple[float, float] = (0.01, 0.08)
    requalified_share: float = 0.002
    missing_share: float = 0.003
    late_share: float = 0.06
    corrected_share: float = 0.04
    new_oblasts: int = 3
    oblast_reform: tuple[int, int] = (2022, 6)
    district_split: tuple[int, int] = (2024, 7)


@dataclass(frozen=True)
class Submissions:
    """Submission events in the order of receipt; all arrays share the first axis.

    `ytd` has shape (events, indicators), counts from 1 January; `received_at` is UTC in seconds.
    """

    district: Integers
    month: Integers
    version: Integers
    received_at: Moments
    ytd: Floats

    def known_at(self, moment: np.datetime64, districts: int, months: int) -> Floats:
        """YTD of shape (indicators, districts, months) as known at `moment`; NaN = no report."""
        arrived = self.received_at <= moment
        known = np.full((months, districts, self.ytd.shape[1]), np.nan)
        # Events are in the order of receipt, so of repeated indices the last assignment stays.
        known[self.month[arrived], self.district[arrived]] = self.ytd[arrived]
        return known.transpose(2, 1, 0)


@dataclass(frozen=True)
class Decade:
    """The truth (arrays) and what was submitted (events).

    `counts` and `means` have shape (indicators, districts, months): the count registered in the
    month, NaN while a district did not exist, and the mean it was drawn from. `oblast_as_was`
    has shape (districts, months), `oblast` (districts,) is the present one. `split` holds the
    month index of the district split, the old district and the new one.
    """

    parameters: DecadeParameters
    counts: Floats
    means: Floats
    population: Floats
    oblast: Integers
    oblast_as_was: Integers
    harvest: Booleans
    reform_month: int
    split: tuple[int, int, int]
    submissions: Submissions = field(repr=False)

    @property
    def months(self) -> int:
        """Number of months."""
        return int(self.counts.shape[2])

    @property
    def breaks(self) -> Booleans:
        """(districts, months): the months in which a district's borders changed."""
        month, old, new = self.split
        result = np.zeros(self.counts.shape[1:], dtype=np.bool_)
        result[[old, new], month] = True
        return result


def year_to_date(counts: Floats) -> Floats:
    """Cumulative counts from January; the last axis holds whole years of months.

    Months before a district exists (NaN) count as nothing in the sum and stay NaN.
    """
    years = counts.reshape(*counts.shape[:-1], -1, MONTHS)
    total = np.nancumsum(years, axis=-1)
    return np.where(np.isnan(counts), np.nan, total.reshape(counts.shape))


def simulate(seed: int, parameters: DecadeParameters | None = None) -> Decade:
    """Draw a decade; the same seed and parameters give the same decade."""
    p = parameters or DecadeParameters()
    rng = np.random.default_rng(seed)
    months = p.years * MONTHS
    reform = _month_index(p, p.oblast_reform)
    old_oblast, oblast = _oblasts(rng, p)
    as_was = np.where(np.arange(months) < reform, old_oblast[:, None], oblast[:, None])
    population = rng.lognormal(0, p.population_deviation, p.districts)
    population *= 80_000 / population.mean()
    harvest = np.arange(p.indicators) % 6 == 2
    harvest &= np.cumsum(harvest) <= p.harvest_indicators

    means = _means(rng, p, population, oblast, harvest)
    dispersion = rng.uniform(*p.dispersion, p.indicators)[:, None, None]
    counts = rng.poisson(means * rng.gamma(1 / dispersion, dispersion, means.shape)).astype(float)
    counts -= _requalified(rng, p, counts)
    split = _split_district(rng, p, counts, means, population)
    return Decade(
        parameters=p,
        counts=counts,
        means=means,
        population=population,
        oblast=oblast,
        oblast_as_was=as_was,
        harvest=harvest,
        reform_month=reform,
        split=split,
        submissions=_submit(rng, p, counts),
    )


def _month_index(p: DecadeParameters, year_month: tuple[int, int]) -> int:
    year, month = year_month
    return min(max((year - p.first_year) * MONTHS + month - 1, 1), p.years * MONTHS - 1)


def _oblasts(rng: np.random.Generator, p: DecadeParameters) -> tuple[Integers, Integers]:
    """Oblast of each district before and after the reform, which halves some oblasts."""
    old = np.sort(np.arange(p.districts) % p.oblasts)
    new = old.copy()
    halved = rng.choice(p.oblasts, p.new_oblasts, replace=False)
    for number, parent in enumerate(halved):
        members = np.flatnonzero(old == parent)
        new[members[len(members) // 2 :]] = p.oblasts + number
    return old, new


def _means(
    rng: np.random.Generator,
    p: DecadeParameters,
    population: Floats,
    oblast: Integers,
    harvest: Booleans,
) -> Floats:
    months = p.years * MONTHS
    groups = p.oblasts + p.new_oblasts
    base = np.geomspace(p.smallest_mean, p.largest_mean, p.indicators)
    # Small and large indicators must both have a harvest, so the order is mixed.
    base = rng.permutation(base)
    level = np.log(base)[:, None] + np.log(population / population.mean())
    level = level + rng.normal(0, p.district_deviation, level.shape)
    drift = rng.normal(0, p.yearly_drift / np.sqrt(MONTHS), (*level.shape, months)).cumsum(2)
    trend = rng.uniform(-p.yearly_trend, p.yearly_trend, p.indicators)
    time = (np.arange(months) - months / 2) / MONTHS
    country = trend[:, None] * time + rng.normal(0, p.country_shock, (p.indicators, months))
    shock = rng.normal(0, p.oblast_shock, (p.indicators, groups, months))[:, oblast]
    season = _season(rng, p, oblast, harvest)
    logarithm = level[:, :, None] + drift + country[:, None, :] + shock
    logarithm += np.tile(season, (1, 1, p.years))
    means: Floats = np.exp(logarithm)
    return means


def _season(
    rng: np.random.Generator, p: DecadeParameters, oblast: Integers, harvest: Booleans
) -> Floats:
    month = np.arange(MONTHS)
    phase = rng.uniform(0, MONTHS, p.indicators)[:, None]
    amplitude = rng.uniform(0, p.season_amplitude, p.indicators)[:, None]
    wave = amplitude * np.cos(2 * np.pi * (month - phase) / MONTHS)
    strength = rng.uniform(np.log(1.5), np.log(4.0), p.oblasts + p.new_oblasts)[oblast]
    peak = np.zeros(MONTHS)
    peak[list(HARVEST_MONTHS)] = (0.7, 1.0, 0.7)
    season: Floats = wave[:, None, :] + harvest[:, None, None] * strength[:, None] * peak
    season += rng.normal(0, p.district_season_deviation, season.shape)
    return season


def _requalified(rng: np.random.Generator, p: DecadeParameters, counts: Floats) -> Floats:
    """Offences of earlier months taken off the register; a month may turn negative, a YTD not."""
    hit = rng.random(counts.shape) < p.requalified_share
    before = year_to_date(counts) - counts
    size = np.minimum(1.0 + rng.poisson(0.3 * before), before // 3)
    removed: Floats = np.where(hit, size, 0.0)
    return removed


def _split_district(
    rng: np.random.Generator,
    p: DecadeParameters,
    counts: Floats,
    means: Floats,
    population: Floats,
) -> tuple[int, int, int]:
    """Let the last district stand within its neighbour until the split; changes the arrays."""
    month = _month_index(p, p.district_split)
    new = p.districts - 1
    old = new - 1
    # The shares of population after the split are those of the districts as drawn.
    population[new] *= rng.uniform(0.9, 1.1)
    counts[:, old, :month] += counts[:, new, :month]
    means[:, old, :month] += means[:, new, :month]
    counts[:, new, :month] = np.nan
    means[:, new, :month] = np.nan
    return month, old, new


def _submit(rng: np.random.Generator, p: DecadeParameters, counts: Floats) -> Submissions:
    ytd = year_to_date(counts).transpose(1, 2, 0)
    district, month = np.nonzero(~np.isnan(ytd[:, :, 0]))
    sent = rng.random(district.size) >= p.missing_share
    district, month = district[sent], month[sent]
    truth = ytd[district, month]

    starts = np.datetime64(f"{p.first_year}-01", "M") + np.arange(p.years * MONTHS + 1)
    due = starts[month + 1].astype("datetime64[s]")
    day = 86_400
    delay = rng.uniform(0, 5 * day, month.size)
    late = rng.random(month.size) < p.late_share
    delay += late * rng.uniform(5 * day, 40 * day, month.size)
    first_at = due + delay.astype(np.int64)

    corrected = rng.random(month.size) < p.corrected_share
    wrong = corrected[:, None] & (rng.random(truth.shape) < 0.2)
    first = np.where(wrong, np.floor(truth * rng.uniform(0.8, 0.99, truth.shape)), truth)
    second_at = first_at + rng.uniform(2 * day, 200 * day, month.size).astype(np.int64)

    received = np.concatenate([first_at, second_at[corrected]])
    order = np.argsort(received, kind="stable")
    version = np.repeat([1, 2], [month.size, int(corrected.sum())])
    return Submissions(
        district=np.concatenate([district, district[corrected]])[order],
        month=np.concatenate([month, month[corrected]])[order],
        version=version[order],
        received_at=received[order],
        ytd=np.concatenate([first, truth[corrected]])[order],
    )
