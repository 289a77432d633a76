"""Compare the build of a located table with the contract: lines, columns, labels, headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc

from ingestion.findings import Findings
from ingestion.read.workbook import Grid
from ingestion.recognise.expected import ExpectedSection, plain
from ingestion.recognise.locate import ABSENT, Table, row_label
from warehouse.contracts import Line
from warehouse.contracts.cells import column_letters


def note_structure(grid: Grid, table: Table, expected: ExpectedSection, findings: Findings) -> None:
    """Add a finding for each missing, repeated, unknown or mislabelled line and column."""
    _note_place(grid, table, expected, findings)
    _note_columns(grid, table, expected, findings)
    _note_lines(grid, table, expected, findings)
    _note_labels(grid, table, expected, findings)
    _note_headers(grid, table, expected, findings)


def _note_place(grid: Grid, table: Table, expected: ExpectedSection, findings: Findings) -> None:
    section, row, column = expected.section, int(table.rows[0]), int(table.columns[0])
    if ABSENT in (row, column):
        return
    first, found = section.layout.first_data_row, grid.address(row, column)
    official = f"{column_letters(section.columns[0].sheet_column)}{first}"
    if found != official:
        findings.add(
            "TABLE_SHIFTED", sheet=grid.sheet, section=section.code, cell=found, expected=official
        )


def _note_columns(grid: Grid, table: Table, expected: ExpectedSection, findings: Findings) -> None:
    section = expected.section
    where: dict[str, Any] = {"sheet": grid.sheet, "section": section.code}
    for form_column, place in zip(section.columns, table.columns.tolist(), strict=True):
        if place == ABSENT:
            findings.add(
                "COLUMN_MISSING", **where, column=form_column.number, name=form_column.name.ru
            )
    for number, place in table.repeated_columns:
        address = grid.address(table.column_number_row, place)
        first = int(table.columns[section.column_index[number]])
        findings.add(
            "COLUMN_REPEATED",
            **where,
            column=number,
            cell=address,
            cells=[grid.address(table.column_number_row, first)],
        )
    for number, place in table.unknown_columns:
        address = grid.address(table.column_number_row, place)
        findings.add("COLUMN_UNKNOWN", **where, cell=address, found=number)


def _note_lines(grid: Grid, table: Table, expected: ExpectedSection, findings: Findings) -> None:
    section = expected.section
    where: dict[str, Any] = {"sheet": grid.sheet, "section": section.code}
    if (table.rows == ABSENT).all():
        findings.add("CODES_NOT_FOUND", **where, count=len(section.lines))
        return
    for line, row in zip(section.lines, table.rows.tolist(), strict=True):
        if row == ABSENT:
            count = len(section.columns)
            findings.add("LINE_MISSING", **where, line=line.code, name=line.name.ru, count=count)
    code_column = max(table.code_column, 0)
    for code, row in table.repeated_lines:
        first = grid.address(int(table.rows[section.line_index[code]]), code_column)
        findings.add(
            "LINE_REPEATED",
            **where,
            line=code,
            cell=grid.address(row, code_column),
            first=first,
            cells=[first],
        )
    for text, row in table.unknown_lines:
        findings.add("LINE_UNKNOWN", **where, cell=grid.address(row, code_column), found=text)


def _labels_as_printed(grid: Grid, table: Table, expected: ExpectedSection) -> bool:
    """Whether every label stands in its column exactly as in the official file."""
    if table.contiguous_from == ABSENT:
        return False
    layout = expected.section.layout
    for column, texts in zip(layout.label_columns, expected.label_texts, strict=True):
        place = table.code_column - layout.code_column + column
        if not 0 <= place < table.code_column:
            return False
        printed = grid.columns[place].slice(table.contiguous_from, len(texts))
        if not printed.equals(texts) and not pc.fill_null(printed, "").equals(
            pc.fill_null(texts, "")
        ):
            return False
    return True


def differing_labels(
    grid: Grid, table: Table, expected: ExpectedSection
) -> Iterator[tuple[int, int, str]]:
    """(place of the line, row, label found) where a line has another label than in the contract."""
    if not expected.section.layout.codes_printed or _labels_as_printed(grid, table, expected):
        return
    for index, row in enumerate(table.rows.tolist()):
        if row == ABSENT:
            continue
        found, wanted = row_label(grid, row, table.code_column), expected.labels[index]
        if found != wanted and not _same_letters(found, wanted):
            yield index, row, found


def _note_labels(grid: Grid, table: Table, expected: ExpectedSection, findings: Findings) -> None:
    section = expected.section
    owners = {label: line.code for label, line in zip(expected.labels, section.lines, strict=True)}
    for index, row, found in differing_labels(grid, table, expected):
        line = section.lines[index]
        # The name of another line beside this code: one of the two stands in the wrong row.
        other = owners.get(found)
        findings.add(
            "LINE_LABEL_DIFFERS" if other is None else "LINE_LABEL_MOVED",
            sheet=grid.sheet,
            section=section.code,
            line=line.code,
            cell=grid.address(row, table.code_column),
            found=found,
            expected=line.name.ru,
            cells=_label_cells(grid, table, expected, line, row),
            **({} if other is None else {"other": other}),
        )


def _label_cells(
    grid: Grid, table: Table, expected: ExpectedSection, line: Line, row: int
) -> list[str]:
    """Addresses of the label of a row: it may stand wrong as well as the code."""
    layout = expected.section.layout
    cells = []
    # A line has three labels, also where the sheet has fewer columns for them.
    for column, text in zip(layout.label_columns, line.labels, strict=False):
        place = table.code_column - layout.code_column + column
        if 0 <= place < table.code_column and (text or grid.columns[place][row].as_py()):
            cells.append(grid.address(row, place))
    return cells


def _same_letters(found: str, wanted: str) -> bool:
    return _letters(found) == _letters(wanted)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def differing_headers(
    grid: Grid, table: Table, expected: ExpectedSection
) -> Iterator[tuple[int, int, int, str]]:
    """(rows above the column numbers, place on the sheet, column number, text) of every header
    text that does not stand over its column, in whatever row."""
    for row, sheet_column, number, text in _header_texts(expected):
        place = _place_of_column(table, expected, sheet_column)
        if place is not None and not _stands_over(grid, table, place, text):
            yield row, place, number, text


def _note_headers(grid: Grid, table: Table, expected: ExpectedSection, findings: Findings) -> None:
    section = expected.section
    over: dict[str, int] = {}
    for row, place, number, text in differing_headers(grid, table, expected):
        if not over:
            over = _texts_over_columns(grid, table, expected)
        other = over.get(plain(text))
        findings.add(
            "COLUMN_HEADER_DIFFERS" if other in (None, number) else "COLUMN_HEADER_MOVED",
            sheet=grid.sheet,
            section=section.code,
            column=number,
            cell=grid.address(table.column_number_row, place),
            expected=" ".join(text.split()),
            cells=[grid.address(max(table.column_number_row - row, 0), place)],
            **({} if other in (None, number) else {"other": other}),
        )


def _header_texts(expected: ExpectedSection) -> Iterator[tuple[int, int, int, str]]:
    """(rows above the column numbers, sheet column, column number, text) of the header texts."""
    layout = expected.section.layout
    numbers = {
        form_column.sheet_column: form_column.number for form_column in expected.section.columns
    }
    for row, sheet_column, text in layout.texts:
        if layout.header_row <= row < layout.column_number_row and sheet_column in numbers:
            yield layout.column_number_row - row, sheet_column, numbers[sheet_column], text


def _place_of_column(table: Table, expected: ExpectedSection, sheet_column: int) -> int | None:
    for index, form_column in enumerate(expected.section.columns):
        if form_column.sheet_column == sheet_column:
            place = int(table.columns[index])
            return None if place == ABSENT else place
    return None


def _stands_over(grid: Grid, table: Table, place: int, text: str) -> bool:
    wanted = plain(text)
    above = grid.columns[place].slice(0, table.column_number_row).to_pylist()
    return any(cell and (cell == text or plain(cell) == wanted) for cell in above)


def _texts_over_columns(grid: Grid, table: Table, expected: ExpectedSection) -> dict[str, int]:
    found: dict[str, int] = {}
    for form_column, place in zip(expected.section.columns, table.columns.tolist(), strict=True):
        if place != ABSENT:
            for cell in grid.columns[place].slice(0, table.column_number_row).to_pylist():
                if cell:
                    found.setdefault(plain(cell), form_column.number)
    return found
