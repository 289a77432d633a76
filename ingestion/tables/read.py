"""From the sheets of a table to the figures of a form: one row per district, whatever its looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingestion.findings import Findings, note_version
from ingestion.read.normalise import Reading
from ingestion.read.workbook import Grid
from ingestion.recognise.cells import TextCell
from ingestion.recognise.locate import ABSENT
from ingestion.tables.columns import (
    Columns,
    find_columns,
    header_words,
    known_names,
    numbered_columns,
)
from ingestion.tables.identity import Identity, find_identity
from ingestion.tables.notes import Notes
from ingestion.tables.quantities import read_quantity
from ingestion.tables.rows import Rows, find_rows
from warehouse.contracts import Contracts, Form

_SEARCHED_ROWS = 40
_MOST_SHEETS = 8
_LEAST_NAMES = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sheet that is, or is said to be, a table form."""

    grid: Grid
    form: Form
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class TableFigures:
    """Figures of a bound form in its order, and where they stand. `texts` as in `Extract`."""

    values: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    texts: tuple[TextCell, ...]


def find_table(
    grids: Sequence[Grid], contracts: Contracts, period: str, form_code: str | None
) -> Candidate | None:
    """The table form that a file holds: by its identity, by what its sender says, by its headers.

    By headers only when no other form fits as many of them.
    """
    forms = {f.code: f for f in contracts.table_forms if f.valid_in(period)}
    if (found := find_identity(grids)) and found[1].form in forms:
        return Candidate(found[0], forms[found[1].form], found[1])
    if form_code is not None:
        form = forms.get(form_code)
        return None if form is None else _best([form], grids, contracts, least=0)
    if len(grids) > _MOST_SHEETS:
        return None
    return _best(forms.values(), grids, contracts, least=_LEAST_NAMES)


def _best(
    forms: Iterable[Form], grids: Sequence[Grid], contracts: Contracts, least: int
) -> Candidate | None:
    scores = [
        (len(known_names(grid, header_words(form, contracts.tables), _SEARCHED_ROWS)), grid, form)
        for form in forms
        for grid in grids
        if grid.row_count
    ]
    scores.sort(key=lambda score: -score[0])
    if not scores or scores[0][0] < least:
        return None
    best, grid, form = scores[0]
    rivals = [other for score, _, other in scores[1:] if score == best and other is not form]
    return None if rivals else Candidate(grid, form)


def read_table(
    candidate: Candidate,
    form: Form,
    contracts: Contracts,
    period: str,
    findings: Findings,
    *,
    decimal_comma: bool = False,
) -> TableFigures | None:
    """The figures of a bound form; None when its rows or columns cannot be found at all."""
    grid = candidate.grid
    if candidate.identity is not None:
        _check_identity(candidate.identity, form, period, contracts, findings, grid)
        if candidate.identity.version != form.version:
            note_version(candidate.identity.version, form, period, findings)
            return None
    rows = find_rows(grid, form, contracts)
    if rows is None:
        findings.add("TABLE_ROWS_NOT_FOUND", sheet=grid.sheet, form=form.code)
        return None
    columns = numbered_columns(grid, form, rows.first) if candidate.identity else None
    if columns is None:
        words = header_words(form, contracts.tables)
        columns = find_columns(
            grid, words, form, first_row=rows.first, label_column=rows.label_column, period=period
        )
    if not columns.is_whole(form) and (
        other := _other_version(grid, form, contracts, rows, period)
    ):
        note_version(other.version, form, period, findings)
        return None
    notes = Notes(grid, form, contracts, findings)
    notes.rows(rows)
    notes.columns(columns)
    if not columns.places:
        return None
    return _figures(grid, form, rows, columns, notes, contracts, decimal_comma)


def _other_version(
    grid: Grid, form: Form, contracts: Contracts, rows: Rows, period: str
) -> Form | None:
    """Another version of a form all of whose columns the sheet has, and no other."""
    for other in contracts.table_forms:
        if other.code != form.code or other.version == form.version:
            continue
        words = header_words(other, contracts.tables)
        columns = find_columns(
            grid, words, other, first_row=rows.first, label_column=rows.label_column, period=period
        )
        if columns.is_whole(other):
            return other
    return None


def _check_identity(
    identity: Identity,
    form: Form,
    period: str,
    contracts: Contracts,
    findings: Findings,
    grid: Grid,
) -> None:
    if identity.period != period:
        findings.add(
            "TABLE_PERIOD_CONTRADICTED", sheet=grid.sheet, found=identity.period, expected=period
        )
    if identity.territory != form.territory:
        territories = contracts.territories
        known = identity.territory in territories
        findings.add(
            "TABLE_TERRITORY_CONTRADICTED",
            sheet=grid.sheet,
            found=territories[identity.territory].name_ru if known else identity.territory,
            expected=territories[form.territory].name_ru if form.territory else None,
        )


def _figures(
    grid: Grid,
    form: Form,
    rows: Rows,
    columns: Columns,
    notes: Notes,
    contracts: Contracts,
    decimal_comma: bool,
) -> TableFigures:
    section = form.sections[0]
    row_places = _places(rows.places, len(section.lines))
    column_places = _places(
        {form_column: column.place for form_column, column in columns.places.items()},
        len(section.columns),
    )
    values = np.full((len(section.lines), len(section.columns)), np.nan)
    texts: list[TextCell] = []
    for cell in _cells(grid, rows, columns):
        unit = section.columns[cell.form_column].unit
        quantity = read_quantity(
            cell.text, unit, contracts.tables, decimal_comma=decimal_comma, column=cell.factor
        )
        figure = quantity.figure
        if figure.value is not None:
            values[cell.line, cell.form_column] = figure.value
        if quantity.note is not None:
            at = (cell.line, cell.form_column, rows.places[cell.line], cell.sheet_column)
            notes.quantity(quantity.note, *at, cell.text, figure)
        is_csv_number = decimal_comma and figure.reading is Reading.WRITTEN_AS_TEXT
        if figure.reading is not Reading.PLAIN and not is_csv_number:
            texts.append(TextCell(cell.line, cell.form_column, cell.text, figure))
    whole = next(i for i, line in enumerate(section.lines) if line.is_total)
    is_blank = np.isnan(values[whole]).all() and all(text.line != whole for text in texts)
    if row_places[whole] != ABSENT and is_blank:
        notes.total_is_empty(int(row_places[whole]), rows.label_column)
        row_places[whole] = ABSENT
    return TableFigures(values.ravel(), row_places, column_places, tuple(texts))


def _places(found: Mapping[int, int], count: int) -> NDArray[np.int64]:
    places = np.full(count, ABSENT, dtype=np.int64)
    for index, place in found.items():
        places[index] = place
    return places


@dataclass(frozen=True, slots=True)
class _FilledCell:
    line: int
    form_column: int
    sheet_column: int
    factor: float
    text: str


def _cells(grid: Grid, rows: Rows, columns: Columns) -> Iterator[_FilledCell]:
    for form_column, column in columns.places.items():
        texts = grid.columns[column.place]
        for line, row in rows.places.items():
            text = texts[row].as_py()
            if text and text.strip():
                yield _FilledCell(line, form_column, column.place, column.factor, text)
