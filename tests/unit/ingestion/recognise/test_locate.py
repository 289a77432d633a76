"""Tables are found wherever they stand: shifting a sheet never changes the figures read."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.read.workbook import Grid
from ingestion.recognise.cells import read_figures
from ingestion.recognise.expected import ExpectedSection, expected_form
from ingestion.recognise.locate import locate
from warehouse.contracts import load_contracts

Rows = list[list[str | None]]


def section(code: str) -> ExpectedSection:
    contracts = load_contracts()
    form = expected_form(contracts, contracts.forms["SNG-1"])
    return form.sections[contracts.forms["SNG-1"].section_index[code]]


def printed(expected: ExpectedSection) -> Rows:
    """The sheet of a section as the contract prints it; each figure is its own running number."""
    layout, lines, form_columns = (
        expected.section.layout,
        expected.section.lines,
        expected.section.columns,
    )
    width = max(form_column.sheet_column for form_column in form_columns)
    height = layout.first_data_row - 1 + len(lines)
    rows: Rows = [[None] * width for _ in range(height)]
    for place, column, text in layout.texts:
        if place <= height and column <= width:
            rows[place - 1][column - 1] = text
    for number, form_column in enumerate(form_columns):
        rows[layout.column_number_row - 1][form_column.sheet_column - 1] = str(form_column.number)
        for index, line in enumerate(lines):
            row = rows[layout.first_data_row - 1 + index]
            row[form_column.sheet_column - 1] = str(1000 * (index + 1) + number)
            row[layout.code_column - 1] = str(line.code)
            for column, label in zip(layout.label_columns, line.labels, strict=False):
                row[column - 1] = label or None
    return rows


def as_grid(rows: Rows) -> Grid:
    columns = tuple(pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    return Grid("sheet", columns, len(rows))


def figures(expected: ExpectedSection, rows: Rows) -> np.ndarray:
    grid = as_grid(rows)
    table = locate(grid, expected)
    assert table is not None
    return read_figures(grid, table).values


def running_numbers(expected: ExpectedSection) -> np.ndarray:
    shape = len(expected.section.lines), len(expected.section.columns)
    return 1000.0 * (np.arange(shape[0])[:, None] + 1) + np.arange(shape[1])[None, :]


@settings(max_examples=60, deadline=None)
@given(
    code=st.sampled_from(["R1", "R2"]),
    top=st.integers(0, 30),
    left=st.integers(0, 6),
    blank_rows=st.lists(st.integers(0, 60), max_size=8),
    blank_columns=st.lists(st.integers(0, 12), max_size=4),
    padding=st.sampled_from(["", " ", "  ", "\u00a0"]),
)
def test_shifts_blank_rows_blank_columns_and_spaces_never_change_the_figures(
    code: str,
    top: int,
    left: int,
    blank_rows: list[int],
    blank_columns: list[int],
    padding: str,
) -> None:
    expected = section(code)
    margin: list[str | None] = [None] * left
    rows = [margin + [c if c is None else c + padding for c in r] for r in printed(expected)]
    for place in blank_columns:
        for row in rows:
            row.insert(min(place, len(row)), None)
    for place in blank_rows:
        rows.insert(min(place, len(rows)), [None] * len(rows[0]))
    blank: list[str | None] = [None] * len(rows[0])
    rows = [list(blank) for _ in range(top)] + rows
    assert (figures(expected, rows) == running_numbers(expected)).all()


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(32)))
def test_lines_are_known_by_their_codes_in_whatever_order_they_stand(order: list[int]) -> None:
    expected = section("R1")
    rows = printed(expected)
    first = expected.section.layout.first_data_row - 1
    shuffled = rows[:first] + [rows[first + place] for place in order]
    assert (figures(expected, shuffled) == running_numbers(expected)).all()


def test_a_column_of_running_numbers_is_not_taken_for_the_codes() -> None:
    expected = section("R1")
    rows = printed(expected)
    first = expected.section.layout.first_data_row - 1
    numbered = [[None, *row] for row in rows]
    for number, row in enumerate(numbered[first:], start=1):
        row[0] = str(len(numbered) - number)
    assert (figures(expected, numbered) == running_numbers(expected)).all()


def test_a_sheet_without_column_numbers_has_no_table() -> None:
    expected = section("R1")
    rows = printed(expected)
    del rows[expected.section.layout.column_number_row - 1]
    assert locate(as_grid(rows), expected) is None


def test_a_line_that_stands_twice_and_one_that_is_missing_are_both_noted() -> None:
    expected = section("R1")
    rows = printed(expected)
    code_column = expected.section.layout.code_column - 1
    rows[10][code_column] = rows[9][code_column]
    table = locate(as_grid(rows), expected)
    assert table is not None
    assert table.repeated_lines == ((4, 10),)
    assert np.flatnonzero(table.rows < 0).tolist() == [4]
