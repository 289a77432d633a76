"""From the sheets of a table to the figures of a form: one row per district, whatever its looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingestion.cells import TextCell
from ingestion.findings import Findings
from ingestion.locate import ABSENT
from ingestion.normalise import Figure, Reading
from ingestion.read import Grid
from ingestion.tables.columns import Column, Columns, find_columns, header_words, known_names
from ingestion.tables.identity import Identity, find_identity
from ingestion.tables.quantities import read_quantity
from ingestion.tables.rows import Rows, find_rows
from warehouse.contracts import Contracts, Form
from warehouse.ledger import Finding

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
    rows = find_rows(grid, form, contracts)
    if rows is None:
        findings.add("TABLE_ROWS_NOT_FOUND", sheet=grid.sheet, form=form.code)
        return None
    words = header_words(form, contracts.tables)
    columns = find_columns(
        grid, words, form, first_row=rows.first, label_column=rows.label_column, period=period
    )
    note = _Notes(grid, form, contracts, findings)
    note.rows(rows)
    note.columns(columns)
    if not columns.places:
        return None
    return _figures(grid, form, rows, columns, note, contracts, decimal_comma)


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
    note: _Notes,
    contracts: Contracts,
    decimal_comma: bool,
) -> TableFigures:
    section = form.sections[0]
    row_places = np.full(len(section.lines), ABSENT, dtype=np.int64)
    for line, row in rows.places.items():
        row_places[line] = row
    column_places = np.full(len(section.graphs), ABSENT, dtype=np.int64)
    values = np.full((len(section.lines), len(section.graphs)), np.nan)
    texts: list[TextCell] = []
    for index, column in columns.places.items():
        column_places[index] = column.place
        graph = section.graphs[index]
        cells = grid.columns[column.place]
        for line, row in rows.places.items():
            text = cells[row].as_py()
            if not text or not text.strip():
                continue
            quantity = read_quantity(
                text,
                graph.unit,
                contracts.tables,
                decimal_comma=decimal_comma,
                column=column.factor,
            )
            figure = quantity.figure
            if figure.value is not None:
                values[line, index] = figure.value
            if quantity.note is not None:
                note.quantity(quantity.note, line, index, row, column, text, figure)
            if decimal_comma and figure.reading is Reading.WRITTEN_AS_TEXT:
                figure = Figure(Reading.PLAIN, figure.value)  # a CSV holds nothing but text
            if figure.reading is not Reading.PLAIN:
                texts.append(TextCell(line, index, text, figure))
    whole = next(i for i, line in enumerate(section.lines) if line.is_total)
    told = {text.line for text in texts}
    if row_places[whole] != ABSENT and np.isnan(values[whole]).all() and whole not in told:
        note.total_is_empty(int(row_places[whole]), rows.label_column)
        row_places[whole] = ABSENT
    return TableFigures(values.ravel(), row_places, column_places, tuple(texts))


def with_territories(findings: Iterable[Finding], form: Form | None) -> Iterator[Finding]:
    """Findings on rows of a bound table, with the unit of the row among the parameters."""
    units: dict[int | None, str | None] = {}
    if form is not None and form.unbound is not None:
        units = {line.code: line.territory for line in form.sections[0].lines}
    for finding in findings:
        kato = units.get(finding.line)
        if kato is None or finding.line is None:
            yield finding
        else:
            yield replace(finding, params={**finding.params, "territory_kato": kato})


class _Notes:
    """Findings on rows, columns and cells of one table."""

    def __init__(self, grid: Grid, form: Form, contracts: Contracts, findings: Findings) -> None:
        self._grid = grid
        self._form = form
        self._contracts = contracts
        self._findings = findings
        self._where = {"sheet": grid.sheet, "section": form.sections[0].code}

    def rows(self, rows: Rows) -> None:
        lines = self._form.sections[0].lines
        at = rows.label_column
        for row in rows.unknown:
            self._at("TABLE_ROW_UNKNOWN", row, at, found=self._label(row, at))
        for row, choices in rows.ambiguous:
            found = self._label(row, at)
            self._at("TABLE_ROW_AMBIGUOUS", row, at, found=found, choices=" / ".join(choices))
        for line, row in rows.repeated:
            self._at(
                "TABLE_ROW_REPEATED",
                row,
                at,
                found=self._label(row, at),
                name=lines[line].name.ru,
                first=self._grid.address(rows.places[line], at),
            )
        for row in rows.subtotals:
            self._at("TABLE_SUBTOTAL_SKIPPED", row, at, found=self._label(row, at))
        for line, row in rows.restored:
            name = lines[line].name.ru
            self._at("TABLE_NAME_RESTORED", row, at, found=self._label(row, at), expected=name)
        for index, line in enumerate(lines):
            if index not in rows.places and not line.is_total:
                self._findings.add(
                    "TABLE_ROW_MISSING", **self._where, line=line.code, name=line.name.ru
                )

    def columns(self, columns: Columns) -> None:
        graphs = self._form.sections[0].graphs
        row = columns.header_row
        for column in columns.unknown:
            self._at("TABLE_COLUMN_UNKNOWN", row, column.place, found=column.text)
        for column in columns.ambiguous:
            choices = " / ".join(graphs[graph].name.ru for graph in column.graphs)
            self._at(
                "TABLE_COLUMN_AMBIGUOUS", row, column.place, found=column.text, choices=choices
            )
        for graph, column in columns.repeated:
            self._at(
                "TABLE_COLUMN_REPEATED",
                row,
                column.place,
                graph=graphs[graph].number,
                found=column.text,
                name=graphs[graph].name.ru,
                first=self._grid.address(row, columns.places[graph].place),
            )
        for graph, column in columns.months:
            self._at(
                "TABLE_MONTH_ONLY",
                row,
                column.place,
                graph=graphs[graph].number,
                found=column.text,
                name=graphs[graph].name.ru,
            )
        told = {graph for graph, _ in columns.months} | set(columns.places)
        for index, graph in enumerate(graphs):
            if index not in told:
                self._findings.add(
                    "TABLE_COLUMN_MISSING", **self._where, graph=graph.number, name=graph.name.ru
                )
        if columns.skipped:
            self._at(
                "TABLE_COLUMNS_SKIPPED",
                row,
                columns.skipped[0].place,
                count=len(columns.skipped),
                found=columns.skipped[0].text,
            )
        for graph, column in columns.places.items():
            if column.factor != 1:
                self._at(
                    "TABLE_COLUMN_CONVERTED",
                    row,
                    column.place,
                    graph=graphs[graph].number,
                    found=column.unit,
                    expected=self._unit(graph),
                )

    def quantity(
        self,
        note: str,
        line: int,
        graph: int,
        row: int,
        column: Column,
        text: str,
        figure: Figure,
    ) -> None:
        code = "TABLE_UNIT_CONVERTED" if note == "converted" else "TABLE_FOOTNOTE_DROPPED"
        section = self._form.sections[0]
        value = None if figure.value is None else f"{figure.value:.6f}".rstrip("0").rstrip(".")
        self._at(
            code,
            row,
            column.place,
            line=section.lines[line].code,
            graph=section.graphs[graph].number,
            found=text.strip(),
            expected=value,
            unit=self._unit(graph),
        )

    def total_is_empty(self, row: int, label_column: int) -> None:
        self._at("TABLE_TOTAL_EMPTY", row, label_column)

    def _unit(self, graph: int) -> dict[str, str]:
        name = self._contracts.tables.units[self._form.sections[0].graphs[graph].unit].name
        return {"ru": name.ru, "kk": name.kk, "en": name.en}

    def _at(self, code: str, row: int, place: int, /, **fields: object) -> None:
        unit = fields.get("expected")
        if isinstance(unit, dict):
            fields["unit"] = unit
            fields["expected"] = unit["ru"]
        cell = self._grid.address(row, place)
        self._findings.add(code, **self._where, cell=cell, **fields)  # type: ignore[arg-type]

    def _label(self, row: int, label_column: int) -> str:
        texts = (column[row].as_py() for column in self._grid.columns[: label_column + 1])
        return " ".join(text.strip() for text in texts if text) or "…"
