"""Outliers a clerk can act on: which months surprise, by how much, and what slip may explain it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from warehouse.statistics.counts import false_discovery, two_sided
from warehouse.statistics.expectation import Expectation, expect
from warehouse.statistics.frame import HistoryFrame, OutlierParameters
from warehouse.statistics.patterns import PATTERNS, Explanations, evidence, explain

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

REASONS = ("own_history", "peers", "both")
SEVERITIES = ("info", "warning")


@dataclass(frozen=True)
class OutlierTable:
    """One row per surprising cell, most surprising first; all arrays have the same length.

    `indicator`, `district`, `month` index the frame. `low` and `high` bound the values that would
    not have surprised. `probability` is two-sided, `q_value` the expected share of false entries
    in the month's list down to this row. `direction` is +1 or -1. `reason`, `pattern`, `severity`
    index REASONS, PATTERNS, SEVERITIES; the reason is `peers` where the district's own history
    alone would have raised no doubt. `partner` is a district (swapped_districts) or an indicator
    (swapped_lines), otherwise -1. `suggested` is NaN where the pattern names no value.
    """

    indicator: Integers
    district: Integers
    month: Integers
    observed: Floats
    expected: Floats
    low: Floats
    high: Floats
    probability: Floats
    q_value: Floats
    direction: Integers
    reason: Integers
    severity: Integers
    pattern: Integers
    suggested: Floats
    partner: Integers

    def __len__(self) -> int:
        return self.indicator.size

    def codes(self) -> list[str]:
        """Message code of each row, see `contracts/messages/outliers.yml`."""
        plain = np.where(self.direction > 0, "OUTLIER_HIGH", "OUTLIER_LOW")
        named = np.array([f"OUTLIER_{name.upper()}" for name in PATTERNS])[self.pattern]
        chosen: list[str] = np.where(self.pattern > 0, named, plain).tolist()
        return chosen

    def message_parameters(self, frame: HistoryFrame) -> list[dict[str, str]]:
        """Values of the placeholders of each row's message, numbers rounded for reading."""
        names = ("indicator_code", "territory_kato", "period_month", "partner")
        numbers = ("observed", "expected", "low", "high", "suggested_value")
        rows: list[dict[str, str]] = []
        for row in self.to_arrow(frame).select([*names, *numbers]).to_pylist():
            texts = {name: "—" if row[name] is None else str(row[name]) for name in names}
            texts["period_month"] = texts["period_month"][:7]
            rows.append(texts | {name: _readable(row[name]) for name in numbers})
        return rows

    def to_arrow(self, frame: HistoryFrame) -> "pa.Table":
        """The table with the frame's codes and months; one row per outlier."""
        import pyarrow as pa

        indicators = np.array(frame.indicator_codes or np.arange(frame.values.shape[0]).astype(str))
        districts = np.array(frame.territory_codes or np.arange(frame.values.shape[1]).astype(str))
        swapped = np.array(PATTERNS)[self.pattern]
        partner = np.where(
            swapped == "swapped_districts", districts[self.partner % len(districts)], ""
        )
        partner = np.where(
            swapped == "swapped_lines", indicators[self.partner % len(indicators)], partner
        )
        days = (frame.first + self.month).astype("datetime64[D]")
        nullable = np.isnan(self.suggested)
        return pa.table(
            {
                "indicator_code": indicators[self.indicator],
                "territory_kato": districts[self.district],
                "period_month": pa.array(days, pa.date32()),
                "observed": self.observed,
                "expected": self.expected,
                "low": self.low,
                "high": self.high,
                "probability": self.probability,
                "q_value": self.q_value,
                "direction": np.where(self.direction > 0, "high", "low"),
                "reason": np.array(REASONS)[self.reason],
                "severity": np.array(SEVERITIES)[self.severity],
                "pattern": swapped,
                "suggested_value": pa.array(self.suggested, mask=nullable),
                "partner": pa.array(partner, pa.string(), mask=partner == ""),
                "code": self.codes(),
            }
        )


def _readable(number: float | None) -> str:
    if number is None:
        return "—"
    return f"{number:.1f}" if abs(number) < 10 and number != round(number) else f"{number:.0f}"


@dataclass(frozen=True)
class Scores:
    """Two-sided probability of every cell of the tested months (indicators, districts, months).

    NaN where nothing was reported or history is too short; 1 where the cell was screened out.
    """

    months: Integers
    probability: Floats
    expectation: Expectation
    before: Floats


def detect(
    history: HistoryFrame,
    parameters: OutlierParameters,
    months: npt.ArrayLike | None = None,
) -> OutlierTable:
    """The outliers of the given months (indexes; all by default), each judged by what preceded it.

    A pure function: the same history and parameters give the same table.
    """
    tested = np.arange(history.values.shape[2]) if months is None else np.asarray(months)
    scores = score(history, parameters, tested)
    return _table(history, parameters, scores)


def score(
    history: HistoryFrame, parameters: OutlierParameters, months: npt.NDArray[np.int64]
) -> Scores:
    """Probabilities behind `detect`, for every cell of the given months."""
    expectation = expect(history, parameters)
    before = history.before_in_year()
    at = (slice(None), slice(None), months)
    mean, variation = _judged_by(expectation, at)
    probability = _probability(history.values[at], mean, variation, before[at], parameters)
    return Scores(months, probability, expectation, before)


def _judged_by(expectation: Expectation, at: tuple[Any, Any, Any]) -> tuple[Floats, Floats]:
    """Mean and variation of the verdict: with the peers' movement where there are peers."""
    by_peers = expectation.has_peers[at]
    return (
        np.where(by_peers, expectation.expected[at], expectation.own[at]),
        np.where(by_peers, expectation.variation[at], expectation.own_variation[at]),
    )


def _probability(
    value: Floats, mean: Floats, variation: Floats, before: Floats, parameters: OutlierParameters
) -> Floats:
    known = np.isfinite(value) & np.isfinite(mean)
    result = np.where(known, 1.0, np.nan)
    deviation = np.sqrt(mean + variation * mean**2)
    with np.errstate(invalid="ignore"):
        far = known & (np.abs(value - mean) >= parameters.screen_deviations * deviation)
        below = known & (value < 0)
    result[far] = two_sided(value[far], mean[far], variation[far])
    # The lower tail of a count ends at zero: a negative month is a correction of earlier months.
    rule = parameters.requalification
    size = 1 + rule.ytd_share * np.nan_to_num(before[below])
    result[below] = rule.share * np.exp(-(-value[below] - 1) / size)
    return result


def _table(history: HistoryFrame, parameters: OutlierParameters, scores: Scores) -> OutlierTable:
    q_value = _q_values(scores.probability)
    warned = q_value <= parameters.warning_false_discovery
    with np.errstate(invalid="ignore"):
        listed = warned | (scores.probability <= parameters.info_probability)
        doubted = ~listed & (scores.probability <= parameters.slip_probability)
    listed[doubted] = _slips(history, parameters, scores, doubted)
    order = np.argsort(scores.probability[listed], kind="stable")
    indicator, district, position = (axis[order] for axis in np.nonzero(listed))
    tested = (indicator, district, position)
    month = scores.months[position]
    cell = (indicator, district, month)
    expectation = scores.expectation
    expected, variation = _judged_by(expectation, cell)
    observed = history.values[cell]
    own = _probability(
        observed,
        expectation.own[cell],
        expectation.own_variation[cell],
        scores.before[cell],
        parameters,
    )
    low, high = _interval(expected, variation, parameters.interval_probability)
    slips: Explanations = explain(history, expectation, scores.before, cell, parameters)
    return OutlierTable(
        indicator=indicator,
        district=district,
        month=month,
        observed=observed,
        expected=expected,
        low=low,
        high=high,
        probability=scores.probability[tested],
        q_value=q_value[tested],
        direction=np.where(observed > expected, 1, -1),
        reason=np.select(
            [~expectation.has_peers[cell], own <= parameters.slip_probability], [0, 2], 1
        ),
        severity=warned[tested].astype(np.int64),
        pattern=slips.pattern,
        suggested=slips.suggested,
        partner=slips.partner,
    )


def _slips(
    history: HistoryFrame, parameters: OutlierParameters, scores: Scores, doubted: Booleans
) -> Booleans:
    """Which of the doubted cells look like a known slip."""
    indicator, district, position = np.nonzero(doubted)
    cells = (indicator, district, scores.months[position])
    odds = evidence(history, scores.expectation, scores.before, cells)
    return odds >= parameters.slip_odds


def _q_values(probability: Floats) -> Floats:
    """q-values within each month; 1 beyond those that could be listed."""
    result = np.ones_like(probability)
    for t in range(probability.shape[2]):
        month = probability[:, :, t]
        small = month < 0.1
        result[:, :, t][small] = false_discovery(month[small], int(np.isfinite(month).sum()))
    return result


def _interval(mean: Floats, variation: Floats, probability: float) -> tuple[Floats, Floats]:
    from scipy import stats

    size = 1 / variation
    distribution = stats.nbinom(size, size / (size + mean))
    tail = (1 - probability) / 2
    return distribution.ppf(tail), distribution.ppf(1 - tail)
