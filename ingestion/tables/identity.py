"""The small cell by which a filled template says what it is: `TRF-M;430000000;2026-05;1`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingestion.read.workbook import Grid

_CELL = re.compile(
    r"(?P<form>[A-Z0-9]+-M);(?P<kato>\d{9});(?P<period>\d{4}-\d{2});(?P<version>\S+)"
)
_ROWS, _COLUMNS = 5, 5


@dataclass(frozen=True, slots=True)
class Identity:
    """What a template was made for."""

    form: str
    territory: str
    period: str
    version: str

    def __str__(self) -> str:
        return f"{self.form};{self.territory};{self.period};{self.version}"


def read_identity(grid: Grid) -> Identity | None:
    """The identity in the upper left corner of a sheet, None when there is none."""
    for column in grid.columns[:_COLUMNS]:
        for text in column.slice(0, _ROWS).to_pylist():
            if text and (match := _CELL.fullmatch(text.strip())):
                return Identity(match["form"], match["kato"], match["period"], match["version"])
    return None


def find_identity(grids: Iterable[Grid]) -> tuple[Grid, Identity] | None:
    """The first sheet with an identity."""
    for grid in grids:
        if identity := read_identity(grid):
            return grid, identity
    return None
