"""Drawn figures brought to totals: nothing but arithmetic on arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Amounts = NDArray[np.int64]
Mask = NDArray[np.bool_]

_FARTHEST_LEVEL = 2_000


@dataclass(frozen=True)
class Goal:
    """What the sum over `cells` must be; `claims` name the published figures behind it."""

    cells: Mask
    total: int
    claims: tuple[str, ...]


class UnreachableError(ValueError):
    """Published figures that no workbook could hold together."""


def allocate(weights: NDArray[np.float64], total: int, caps: Amounts) -> Amounts:
    """Whole numbers that add up to `total`, in proportion to `weights`, none above its cap.

    Where the weighted cells are full (or no cell has a weight), the others share alike. Raises
    UnreachableError when the caps do not admit the total.
    """
    if total < 0 or caps.sum() < total:
        raise UnreachableError(f"{total} cannot be shared out among at most {caps.sum()}")
    given = np.zeros(weights.shape, dtype=np.int64)
    while (rest := total - int(given.sum())) > 0:
        is_open = given < caps
        weight = np.where(is_open, weights, 0.0)
        if weight.sum() <= 0:
            weight = is_open.astype(np.float64)
        ideal = weight / weight.sum() * rest
        step = np.minimum(np.floor(ideal).astype(np.int64), caps - given)
        if (excess := int(step.sum()) - rest) > 0:  # by rounding of the quotients
            step[np.flatnonzero(step)[:excess]] -= 1
        if not step.any():
            step[np.argsort(-ideal, kind="stable")[:rest]] = 1
        given += step
    return given


def meet(drawn: Amounts, goals: Iterable[Goal], caps: Amounts) -> Amounts:
    """The drawn figures changed so that every goal holds; the smallest goals are met first.

    What a smaller goal has settled is left alone by the larger ones around it. Raises
    UnreachableError.
    """
    result = np.minimum(drawn, caps)
    settled = np.zeros(drawn.shape, dtype=bool)
    for goal in sorted(goals, key=lambda g: int(g.cells.sum())):
        free = goal.cells & ~settled
        rest = goal.total - int(result[goal.cells & settled].sum())
        try:
            result[free] = allocate(result[free].astype(np.float64), rest, caps[free])
        except UnreachableError as error:
            raise UnreachableError(f"{', '.join(goal.claims)}: {error}") from error
        settled |= goal.cells
    return result


def base_of(level: int, low: float, high: float, *, is_fixed: bool) -> tuple[int, int]:
    """A level and a base whose growth in per cent lies between `low` and `high`.

    The level nearest above the given one is taken, or the given one when it `is_fixed`. Raises
    UnreachableError.
    """
    factor = 1 + (low + high) / 200
    for candidate in range(level, level + (1 if is_fixed else _FARTHEST_LEVEL)):
        base = round(candidate / factor)
        if base and low <= 100 * (candidate - base) / base <= high:
            return candidate, base
    raise UnreachableError(f"no base gives {level} a growth between {low} and {high} per cent")


def rescaled(amounts: Amounts, factor: float, random: np.random.Generator) -> Amounts:
    """Amounts times a factor, rounded by chance so that no small ones are lost."""
    return np.floor(amounts * factor + random.random(amounts.shape)).astype(np.int64)
