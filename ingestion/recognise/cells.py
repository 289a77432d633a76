"""Read every figure of a section in one vectorised pass; text is looked at cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion.read.normalise import Figure, Reading, read_figure
from ingestion.read.workbook import PRINTED_DECIMALS, Grid
from ingestion.recognise.locate import ABSENT, Table

_NUMBER = r"^[+-]?\d+(\.\d+)?$"
_TRUNCATED = rf"\.\d{{{PRINTED_DECIMALS}}}"


@dataclass(frozen=True, slots=True)
class TextCell:
    """A cell that holds more than a plain number; places from 0 in the form's lines and columns."""

    line: int
    column: int
    text: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Figures:
    """`values` has the shape (lines, columns), NaN where no figure could be read."""

    values: NDArray[np.float64]
    texts: tuple[TextCell, ...]


def read_figures(grid: Grid, table: Table, exact: Grid | None = None) -> Figures:
    """The figures of the located table, in the order of the contract.

    `exact` holds the same sheet as numbers, where the texts of `grid` have lost decimals.
    """
    shape = (len(table.rows), len(table.columns))
    joined = pa.concat_arrays([_column(grid, table, int(place)) for place in table.columns])
    numbers, texts = _cast(joined)
    if exact is not None:
        full = pa.concat_arrays([_column(exact, table, int(place)) for place in table.columns])
        known = full.to_numpy(zero_copy_only=False)
        numbers = np.where(np.isnan(known), numbers, known)
    lines = shape[0]
    cells = []
    for index in texts:
        text = joined[index].as_py()
        figure = read_figure(text)
        if figure.reading is Reading.BLANK:
            continue
        if figure.value is not None:
            numbers[index] = figure.value
        cells.append(TextCell(int(index % lines), int(index // lines), text, figure))
    return Figures(numbers.reshape(shape[::-1]).T, tuple(cells))


def is_truncated(grid: Grid, table: Table) -> bool:
    """Whether a figure has more decimals than the fast parser prints."""
    return any(
        pc.any(pc.match_substring_regex(_column(grid, table, int(place)), _TRUNCATED)).as_py()
        for place in table.columns
    )


def _column(grid: Grid, table: Table, place: int) -> pa.Array:
    count = len(table.rows)
    if place == ABSENT:
        return pa.nulls(count, grid.columns[0].type)
    if table.contiguous_from != ABSENT:
        return grid.columns[place].slice(table.contiguous_from, count)
    rows = pa.array(table.rows, mask=table.rows == ABSENT)
    return grid.columns[place].take(rows)


def _cast(joined: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Numbers, NaN where there is none, and the places of the cells that hold other text."""
    try:
        numbers = pc.cast(joined, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        plain = pc.fill_null(pc.match_substring_regex(joined, _NUMBER), False)
        numbers = pc.cast(pc.if_else(plain, joined, None), pa.float64())
        numbers = numbers.to_numpy(zero_copy_only=False)
    numbers = np.array(numbers, dtype=np.float64)
    filled = pc.is_valid(joined).to_numpy(zero_copy_only=False)
    # "nan" and "inf" are numbers to a cast and text to us.
    texts = np.flatnonzero(filled & ~np.isfinite(numbers))
    numbers[texts] = np.nan
    return numbers, texts
