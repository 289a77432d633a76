"""Breaks in series: where figures before and after do not mean the same."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import Field

from warehouse.contracts.files import CONTRACTS_DIR, ContractError, Record, read_record
from warehouse.contracts.indicators import Indicator, Texts


class Break(Record):
    """From `from_month` on the `indicators` are counted otherwise. `verified`: seen in a law."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    indicators: tuple[str, ...] = Field(min_length=1)
    from_month: date
    reason: Texts
    source: str = Field(min_length=1)
    verified: bool
    note: str = ""

    def crossed(self, earlier: date, later: date) -> bool:
        """Whether a comparison of two months runs across the break."""
        return earlier < self.from_month <= later


class _File(Record):
    breaks: tuple[Break, ...]


def load_breaks(
    indicators: Mapping[str, Indicator], root: Path = CONTRACTS_DIR
) -> tuple[Break, ...]:
    """Read `breaks.yml` below `root`; raises ContractError."""
    path = root / "breaks.yml"
    breaks = read_record(path, _File).breaks
    for entry in breaks:
        unknown = sorted(set(entry.indicators) - set(indicators))
        if unknown:
            raise ContractError(f"{path}: {entry.id}.indicators: unknown {', '.join(unknown)}")
    return breaks
