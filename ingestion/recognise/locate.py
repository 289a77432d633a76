"""Find the table of a section on a sheet by its content.

Anchors are the row of column numbers and the column of line codes, wherever they stand: moved
headers, hidden or inserted columns, blank rows and shifted tables are all the same to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingestion.read.normalise import read_figure
from ingestion.read.workbook import Grid
from ingestion.recognise.expected import ExpectedSection, plain
from warehouse.contracts import Section

_SEARCHED_ROWS = 200
_MARKER = re.compile(r"[А-ГA-D]", re.IGNORECASE)
_COLUMN_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Table:
    """Where a section stands in a `Grid`: places from 0, ABSENT for what is not there.

    `rows` is one place per line and `columns` one per column of the form, in the order of the
    contract.
    """

    column_number_row: int
    code_column: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    repeated_lines: tuple[tuple[int, int], ...] = ()
    """(line code, row) of every further occurrence of a line."""
    unknown_lines: tuple[tuple[str, int], ...] = ()
    """(text in the column of codes, row) of lines the form does not have."""
    repeated_columns: tuple[tuple[int, int], ...] = ()
    unknown_columns: tuple[tuple[int, int], ...] = ()
    """(column number, place on the sheet)."""
    contiguous_from: int = field(default=ABSENT)
    """First row when the lines follow each other without a gap, in the order of the contract."""


def locate(grid: Grid, expected: ExpectedSection) -> Table | None:
    """The table of a section, None when there is no row of column numbers to be found."""
    section = expected.section
    header = _column_number_row(grid, section)
    if header is None:
        return None
    columns = np.array(
        [header.places.get(form_column.number, [ABSENT])[0] for form_column in section.columns],
        dtype=np.int64,
    )
    known = section.column_index
    repeated = [(n, place) for n, all_ in header.places.items() if n in known for place in all_[1:]]
    unknown = [(n, all_[0]) for n, all_ in header.places.items() if n not in known]
    lines = _lines(grid, expected, header.row, int(columns[columns >= 0].min()))
    return Table(
        column_number_row=header.row,
        code_column=lines.code_column,
        rows=lines.rows,
        columns=columns,
        repeated_lines=tuple(lines.repeated),
        unknown_lines=tuple(lines.unknown),
        repeated_columns=tuple(repeated),
        unknown_columns=tuple(unknown),
        contiguous_from=lines.contiguous_from,
    )


@dataclass(slots=True)
class _ColumnNumberRow:
    row: int
    places: dict[int, list[int]]
    score: int


def _column_number_row(grid: Grid, section: Section) -> _ColumnNumberRow | None:
    wanted = [form_column.number for form_column in section.columns]
    best: _ColumnNumberRow | None = None
    for row in _search_order(section.layout.column_number_row - 1, grid.row_count):
        found = _read_column_number_row(grid.row(row), row, wanted)
        if found and found.score == len(wanted):
            return found
        if found and (best is None or found.score > best.score):
            best = found
    return best


def _search_order(expected: int, row_count: int) -> Iterator[int]:
    if expected < row_count:
        yield expected
    yield from (row for row in range(min(row_count, _SEARCHED_ROWS)) if row != expected)


def _read_column_number_row(
    texts: list[str], row: int, wanted: list[int]
) -> _ColumnNumberRow | None:
    numbers = [(int(t), c) for c, t in enumerate(texts) if t and _COLUMN_NUMBER.fullmatch(t)]
    if not numbers:
        return None
    first = numbers[0][1]
    marked = any(_MARKER.fullmatch(text) for text in texts[:first])
    score = _in_order([number for number, _ in numbers], wanted)
    if score < max(1, (len(wanted) + 1) // 2) or not (marked or score >= 3):
        return None
    places: dict[int, list[int]] = {}
    for number, column in numbers:
        places.setdefault(number, []).append(column)
    return _ColumnNumberRow(row, places, score)


def _in_order(numbers: Iterable[int], wanted: list[int]) -> int:
    """How many of the wanted numbers stand from left to right in their order."""
    position, count = {number: i for i, number in enumerate(wanted)}, 0
    last = -1
    for number in numbers:
        place = position.get(number, -1)
        if place > last:
            last, count = place, count + 1
    return count


@dataclass(slots=True)
class _Lines:
    code_column: int
    rows: NDArray[np.int64]
    repeated: list[tuple[int, int]] = field(default_factory=list)
    unknown: list[tuple[str, int]] = field(default_factory=list)
    contiguous_from: int = ABSENT


def _lines(
    grid: Grid, expected: ExpectedSection, column_number_row: int, first_column: int
) -> _Lines:
    section, layout = expected.section, expected.section.layout
    if not layout.codes_printed:
        return _lines_by_label(grid, section, column_number_row, first_column)
    first = column_number_row + layout.first_data_row - layout.column_number_row
    code_column = first_column + layout.code_column - section.columns[0].sheet_column
    count = len(section.lines)
    if (
        0 <= code_column < first_column
        and grid.row_count >= first + count
        and grid.columns[code_column].slice(first, count).equals(expected.code_texts)
        and not any(True for _ in _codes(grid.columns[code_column], first + count))
    ):
        rows = np.arange(first, first + count, dtype=np.int64)
        return _Lines(code_column, rows, contiguous_from=first)
    return _lines_by_code(grid, section, column_number_row, first_column)


def _lines_by_code(
    grid: Grid, section: Section, column_number_row: int, first_column: int
) -> _Lines:
    known = section.line_index
    best: list[tuple[str, int | None, int]] = []
    best_score, code_column = 0, max(first_column - 1, 0)
    # From the figures leftwards: a column of running numbers may stand further left.
    for column in range(first_column - 1, -1, -1):
        codes = list(_codes(grid.columns[column], column_number_row + 1))
        score = len({code for _, code, _ in codes if code in known})
        if score > best_score:
            best, best_score, code_column = codes, score, column
    result = _Lines(code_column, np.full(len(section.lines), ABSENT, dtype=np.int64))
    for text, code, row in best:
        if code is None or code not in known:
            if code is not None:
                result.unknown.append((text, row))
        elif result.rows[known[code]] == ABSENT:
            result.rows[known[code]] = row
        else:
            result.repeated.append((code, row))
    return result


def _codes(column: pa.Array, first_row: int) -> Iterator[tuple[str, int | None, int]]:
    """(text, code or None, row) of the cells from `first_row` down that are not empty."""
    for row, text in enumerate(column.slice(first_row).to_pylist(), start=first_row):
        if text and text.strip():
            value = read_figure(text).value
            yield text.strip(), int(value) if value is not None and value % 1 == 0 else None, row


def _lines_by_label(
    grid: Grid, section: Section, column_number_row: int, first_column: int
) -> _Lines:
    wanted = {
        plain(" ".join(label for label in line.labels if label)): index
        for index, line in enumerate(section.lines)
    }
    result = _Lines(ABSENT, np.full(len(section.lines), ABSENT, dtype=np.int64))
    for row in range(column_number_row + 1, grid.row_count):
        index = wanted.get(row_label(grid, row, first_column))
        if index is None:
            continue
        if result.rows[index] == ABSENT:
            result.rows[index] = row
        else:
            result.repeated.append((section.lines[index].code, row))
    return result


def row_label(grid: Grid, row: int, end: int) -> str:
    """The texts of a row in the columns before `end`, joined for comparison."""
    texts = (grid.columns[column][row].as_py() for column in range(end))
    return plain(" ".join(text for text in texts if text))
