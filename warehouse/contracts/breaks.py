"""Breaks in series: where figures before and after do not mean the same."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from warehouse.contracts.indicators import Indicator
from warehouse.core.records import CONTRACTS_DIR, ContractError, Record, read_record
from warehouse.core.texts import Texts


class Break(Record):
    """From `from_month` on `indicators` are, or may be, counted otherwise; from `settled_month` on
    wholly so. `verified`: the law or order was seen."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    indicators: tuple[str, ...] = Field(min_length=1)
    from_month: date
    settled_month: date | None = None
    reason: Texts
    source: str = Field(min_length=1)
    verified: bool
    note: str = ""

    @model_validator(mode="after")
    def _months_in_order(self) -> Self:
        if self.from_month.day != 1 or self.settled_from.day != 1:
            raise ValueError("a month is written as its first day")
        if self.settled_from < self.from_month:
            raise ValueError("settled_month is before from_month")
        return self

    @property
    def settled_from(self) -> date:
        """First month that is wholly counted in the new way."""
        return self.settled_month or self.from_month


class _File(Record):
    breaks: tuple[Break, ...]


def load_breaks(
    indicators: Mapping[str, Indicator],
    root: Path = CONTRACTS_DIR,
    of_versions: tuple[Break, ...] = (),
) -> tuple[Break, ...]:
    """Read `breaks.yml` below `root` and add those that versions of forms bring.

    Raises ContractError.
    """
    path = root / "breaks.yml"
    breaks = (*read_record(path, _File).breaks, *of_versions)
    for entry in breaks:
        unknown = sorted(set(entry.indicators) - set(indicators))
        if unknown:
            raise ContractError(f"{path}: {entry.id}.indicators: unknown {', '.join(unknown)}")
    for code, broken in breaks_by_indicator(breaks, indicators).items():
        for earlier, later in pairwise(broken):
            if later.from_month <= earlier.settled_from:
                raise ContractError(f"{path}: {code}: {earlier.id} and {later.id} overlap")
    return breaks


def breaks_by_indicator(
    breaks: tuple[Break, ...], indicators: Mapping[str, Indicator]
) -> dict[str, tuple[Break, ...]]:
    """Breaks of every indicator that has any, earliest first; rates have those of their parts."""
    found = {
        code: tuple(
            sorted(
                (entry for entry in breaks if not _parts(indicator).isdisjoint(entry.indicators)),
                key=lambda entry: entry.from_month,
            )
        )
        for code, indicator in indicators.items()
    }
    return {code: broken for code, broken in found.items() if broken}


def _parts(indicator: Indicator) -> set[str]:
    formula = indicator.formula
    components = (*formula.numerator, *formula.denominator) if formula else ()
    return {indicator.code, *components}
