"""Findings on the rows, columns and cells of one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ingestion.findings import Findings
from ingestion.read.normalise import Figure
from ingestion.read.workbook import Grid
from ingestion.tables.columns import Column, Columns
from ingestion.tables.rows import Rows
from warehouse.contracts import Contracts, Form
from warehouse.ledger import Finding


class Notes:
    """Adds to the findings what was odd about the table of a bound form."""

    def __init__(self, grid: Grid, form: Form, contracts: Contracts, findings: Findings) -> None:
        self._grid = grid
        self._section = form.sections[0]
        self._contracts = contracts
        self._findings = findings

    def rows(self, rows: Rows) -> None:
        """Rows that were not read, not certain, or not there."""
        lines = self._section.lines
        self._left_aside(rows)
        for row in rows.unknown:
            self._row("TABLE_ROW_UNKNOWN", rows, row)
        for row, choices in rows.ambiguous:
            self._row("TABLE_ROW_AMBIGUOUS", rows, row, choices=" / ".join(choices))
        for line, row in rows.repeated:
            first = self._grid.address(rows.places[line], rows.label_column)
            self._row("TABLE_ROW_REPEATED", rows, row, name=lines[line].name.ru, first=first)
        for line, row in rows.restored:
            self._row("TABLE_NAME_RESTORED", rows, row, expected=lines[line].name.ru)
        for place, missing in enumerate(lines):
            if place not in rows.places and not missing.is_total:
                self._add("TABLE_ROW_MISSING", line=missing.code, name=missing.name.ru)

    def _left_aside(self, rows: Rows) -> None:
        if rows.second is not None:
            self._row(
                "TABLE_TWO_SIDE_BY_SIDE",
                rows,
                rows.first,
                first=self._grid.address(rows.first, rows.label_column),
                second=self._grid.address(*rows.second),
            )
        for row in rows.special:
            self._row("TABLE_ROW_SPECIAL", rows, row)
        for row in rows.subtotals:
            self._row("TABLE_SUBTOTAL_SKIPPED", rows, row)

    def columns(self, columns: Columns) -> None:
        """Columns that were not read, not certain, or not there."""
        form_columns = self._section.columns
        for column in columns.unknown:
            self._column("TABLE_COLUMN_UNKNOWN", columns, column)
        for column in columns.ambiguous:
            choices = " / ".join(form_columns[place].name.ru for place in column.form_columns)
            self._column("TABLE_COLUMN_AMBIGUOUS", columns, column, choices=choices)
        for place, column in columns.repeated:
            first = self._grid.address(columns.header_row, columns.places[place].place)
            self._column("TABLE_COLUMN_REPEATED", columns, column, place, first=first)
        for place, column in columns.months:
            self._column("TABLE_MONTH_ONLY", columns, column, place)
        if columns.skipped:
            count = len(columns.skipped)
            self._column("TABLE_COLUMNS_SKIPPED", columns, columns.skipped[0], count=count)
        self._missing_columns(columns)
        self._converted_columns(columns)

    def _missing_columns(self, columns: Columns) -> None:
        told = {place for place, _ in columns.months} | set(columns.places)
        for place, form_column in enumerate(self._section.columns):
            if place not in told:
                self._add(
                    "TABLE_COLUMN_MISSING", column=form_column.number, name=form_column.name.ru
                )

    def _converted_columns(self, columns: Columns) -> None:
        for place, column in columns.places.items():
            if column.factor != 1:
                converted = replace(column, text=column.unit)
                unit = self._unit(place)
                self._column("TABLE_COLUMN_CONVERTED", columns, converted, place, unit=unit)

    def quantity(
        self,
        note: str,
        line: int,
        form_column: int,
        row: int,
        place: int,
        text: str,
        figure: Figure,
    ) -> None:
        """A figure that was read only after a unit or a footnote mark had been taken off."""
        value = None if figure.value is None else f"{figure.value:.6f}".rstrip("0").rstrip(".")
        self._add(
            "TABLE_UNIT_CONVERTED" if note == "converted" else "TABLE_FOOTNOTE_DROPPED",
            cell=self._grid.address(row, place),
            line=self._section.lines[line].code,
            column=self._section.columns[form_column].number,
            found=text.strip(),
            expected=value,
            unit=self._unit(form_column),
        )

    def total_is_empty(self, row: int, label_column: int) -> None:
        """The row of the whole is there without figures."""
        self._add("TABLE_TOTAL_EMPTY", cell=self._grid.address(row, label_column))

    def _unit(self, form_column: int) -> dict[str, str]:
        name = self._contracts.tables.units[self._section.columns[form_column].unit].name
        return {"ru": name.ru, "kk": name.kk, "en": name.en}

    def _row(self, code: str, rows: Rows, row: int, **fields: object) -> None:
        cell = self._grid.address(row, rows.label_column)
        texts = (column[row].as_py() for column in self._grid.columns[: rows.label_column + 1])
        found = " ".join(text.strip() for text in texts if text and text.strip()) or "…"
        self._add(code, cell=cell, found=found, **fields)

    def _column(
        self,
        code: str,
        columns: Columns,
        column: Column,
        place: int | None = None,
        **fields: object,
    ) -> None:
        cell = self._grid.address(columns.header_row, column.place)
        if place is not None:
            form_column = self._section.columns[place]
            fields |= {"column": form_column.number, "name": form_column.name.ru}
        self._add(code, cell=cell, found=column.text, **fields)

    def _add(self, code: str, /, **fields: object) -> None:
        where: dict[str, object] = {"sheet": self._grid.sheet, "section": self._section.code}
        self._findings.add(code, **{**where, **fields})  # type: ignore[arg-type]


def with_territories(findings: Iterable[Finding], form: Form | None) -> Iterator[Finding]:
    """Findings on rows of a bound table, with the unit of the row among the parameters."""
    units: dict[int, str | None] = {}
    if form is not None and form.unbound is not None:
        units = {line.code: line.territory for line in form.sections[0].lines}
    for finding in findings:
        kato = None if finding.line is None else units.get(finding.line)
        if kato is None:
            yield finding
        else:
            yield replace(finding, params={**finding.params, "territory_kato": kato})
