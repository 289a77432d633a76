"""The slips a clerk makes, put into a month on purpose: for tests, the bench and the demo."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SLIPS = ("lost_digit", "doubled_month", "swapped_rows", "oblast_in_district", "month_as_ytd")


@dataclass(frozen=True)
class SpoiledMonth:
    """One month with slips: `values` and `slip`, both of shape (indicators, districts).

    `slip` is the number of the slip in SLIPS, -1 where the value was left alone. A slip may leave
    the value as it was (a zero doubled is zero).
    """

    values: Floats
    slip: Integers


def spoil(
    rng: np.random.Generator, values: Floats, before: Floats, oblast: Integers, share: float
) -> SpoiledMonth:
    """Put each slip of SLIPS into about `share` of the cells, no cell twice.

    `values` are the true months (indicators, districts), `before` the year to date up to the
    month before, `oblast` the oblast of each district. Cells below zero are left alone.
    """
    fit = np.isfinite(values) & np.isfinite(before) & (values >= 0)
    draw = np.where(fit, rng.random(values.shape), 1.0)
    slip = np.full(values.shape, -1, dtype=np.int64)
    for number, name in enumerate(SLIPS):
        chosen = (draw >= number * share) & (draw < (number + 1) * share)
        if name != "swapped_rows":
            slip[chosen] = number
    result = values.copy()
    swapped = _swap(rng, result, slip, fit, oblast, share)

    at = {name: slip == number for number, name in enumerate(SLIPS)}
    result[at["lost_digit"]] = lose_digit(rng, values[at["lost_digit"]])
    result[at["doubled_month"]] = 2 * values[at["doubled_month"]]
    member = oblast[:, None] == oblast
    total = np.nan_to_num(values) @ member
    result[at["oblast_in_district"]] = total[at["oblast_in_district"]]
    typed = values - before
    result[at["month_as_ytd"]] = typed[at["month_as_ytd"]]
    slip[swapped] = SLIPS.index("swapped_rows")
    return SpoiledMonth(result, slip)


def lose_digit(rng: np.random.Generator, values: Floats) -> Floats:
    """Drop the first or the last digit, each as often; of one digit nothing remains (0)."""
    place = 10.0 ** np.floor(np.log10(np.maximum(values, 1)))
    first = rng.random(values.shape) < 0.5
    return np.where(first, values % place, values // 10)


def _swap(
    rng: np.random.Generator,
    values: Floats,
    slip: Integers,
    fit: npt.NDArray[np.bool_],
    oblast: Integers,
    share: float,
) -> npt.NDArray[np.bool_]:
    """Exchange pairs in place: half between districts of an oblast, half between lines."""
    swapped = np.zeros(values.shape, dtype=np.bool_)
    indicators, districts = values.shape
    for _ in range(round(share * values.size / 2)):
        i, d = int(rng.integers(indicators)), int(rng.integers(districts))
        if rng.random() < 0.5:
            j, e = i, int(rng.choice(np.flatnonzero(oblast == oblast[d])))
        else:
            j, e = int(rng.integers(indicators)), d
        free = fit[i, d] and fit[j, e] and slip[i, d] < 0 and slip[j, e] < 0
        if (i, d) == (j, e) or not free or swapped[i, d] or swapped[j, e]:
            continue
        values[i, d], values[j, e] = values[j, e], values[i, d]
        swapped[i, d] = swapped[j, e] = True
    return swapped
