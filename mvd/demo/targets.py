"""What the demonstration aims at: figures of the claims register, never figures of its own.

Every published figure that a release can answer is a target, except those of `set_aside.csv`:
figures that cannot all be true at once, where the file says which one gives way and why.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from itertools import groupby
from typing import Any

from warehouse.contracts import Contracts
from warehouse.contracts.indicators import Indicator
from warehouse.published.claims.register import claim_rows

# How far above (below) an open bound the demonstration goes: "more than 8,000" is not 8,000.
_BEYOND = 0.02
_WORDS = ("exact", "about")

Row = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A figure to be met: `low` to `high` allowed, `value` aimed at, in units of the indicator.

    `month` is the first day of the last month counted. `quantity` is `value`, or `change_pct` or
    `change_abs` against the same period of the year before; `basis` is `ytd` or `month`.
    """

    indicator: Indicator
    territory: str
    month: date
    basis: str
    quantity: str
    value: float
    low: float
    high: float
    claims: tuple[str, ...]


def set_aside() -> Mapping[str, str]:
    """Claims that are no targets -> why, in Russian."""
    with files("mvd.demo").joinpath("set_aside.csv").open(encoding="utf-8") as stream:
        return {row["claim_id"]: row["reason"] for row in csv.DictReader(stream)}


def targets(contracts: Contracts) -> tuple[Target, ...]:
    """Figures of months in which their form is in force; claims about one figure are one target."""
    left_out = set_aside()
    rows = [
        row
        for row in claim_rows(contracts.claims, contracts)
        if not row["not_checkable_reason"]
        and row["claim_id"] not in left_out
        and _is_reported(contracts, row)
    ]
    rows.sort(key=_figure)
    return tuple(_target(contracts, list(same)) for _, same in groupby(rows, _figure))


def _is_reported(contracts: Contracts, row: Row) -> bool:
    form = contracts.indicators[row["indicator_code"]].sources[0].form
    return contracts.histories[form].versions[0].valid_from <= f"{row['period_month']:%Y-%m}"


def by_form(found: Iterable[Target]) -> Mapping[str, list[Target]]:
    """Targets by the form that carries the indicator."""
    result: dict[str, list[Target]] = defaultdict(list)
    for target in found:
        result[target.indicator.sources[0].form].append(target)
    return result


def _figure(row: Row) -> tuple[str, str, date, str, str]:
    key = ("indicator_code", "territory_kato", "period_month", "basis", "quantity")
    code, territory, month, basis, quantity = (row[name] for name in key)
    return code, territory, month, basis, quantity


def _target(contracts: Contracts, same: list[Row]) -> Target:
    low = max(-_INFINITY if row["low"] is None else row["low"] for row in same)
    high = min(_INFINITY if row["high"] is None else row["high"] for row in same)
    first = same[0]
    return Target(
        indicator=contracts.indicators[first["indicator_code"]],
        territory=first["territory_kato"],
        month=first["period_month"],
        basis=first["basis"],
        quantity=first["quantity"],
        value=_aim(same, low, high),
        low=low,
        high=high,
        claims=tuple(row["claim_id"] for row in same),
    )


_INFINITY = float("inf")


def _aim(same: list[Row], low: float, high: float) -> float:
    """What was said, where it was said exactly; else the middle, or a little beyond the bound."""
    if _INFINITY not in (high, -low):
        said = [_said(row) for row in same if row["qualifier"] in _WORDS]
        return next((value for value in said if low <= value <= high), (low + high) / 2)
    return low * (1 + _BEYOND) if high == _INFINITY else high * (1 - _BEYOND)


def _said(row: Row) -> float:
    """The figure of the text in the unit of the indicator: the middle of what it allows."""
    return (float(row["low"]) + float(row["high"])) / 2
