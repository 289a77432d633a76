"""A workbook to be filled in: a table form with the districts of its territory.

A table is protected but for its figures, says the units and the limits, shows last month's figures
beside, and colours what breaks a control rule while it is typed. A small cell in its corner tells
the parser what it is, also after it was saved as .ods or .csv.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import xlsxwriter
from numpy.typing import NDArray

from ingestion.documents.form_of_period import form_of_period
from ingestion.judge.control_rules import CompiledRules, compile_rules
from ingestion.lake_cells import values_of
from ingestion.tables.identity import Identity
from warehouse.contracts import Contracts, Form, FormColumn, Section
from warehouse.contracts.cells import column_letters
from warehouse.contracts.tables import (
    CODE_COLUMN,
    COLUMN_NUMBER_ROW,
    FIRST_DATA_ROW,
    HEADER_ROW,
    NAME_COLUMN,
    NUMBER_COLUMN,
    ROW_HEADINGS,
    UNIT_ROW,
    bilingual,
)
from warehouse.core.clock import period_month
from warehouse.core.paths import Home
from warehouse.core.texts import Language, load_texts
from warehouse.ledger import Ledger
from warehouse.storage import lake


def write_template(
    contracts: Contracts,
    *,
    form: str,
    territory: str,
    period: str,
    previous: NDArray[np.float64] | None = None,
) -> bytes:
    """The .xlsx to fill in for a form, territory (KATO) and period (YYYY-MM).

    `previous` are last month's figures in the order of the form, NaN where unknown. Raises
    UserError for an unknown form or territory, ValueError for a form that is no table.
    """
    contracts.territories.require(territory)
    bound = form_of_period(contracts, form, period, territory)
    if not bound.is_table:
        raise ValueError(f"the rows of form {form} are not territories")
    return _Sheet(bound, contracts, period, previous).write()


def previous_figures(
    home: Home, ledger: Ledger, contracts: Contracts, *, form: str, territory: str, period: str
) -> NDArray[np.float64] | None:
    """Figures of the month before from the lake, in the order of the form; None without a report
    by the same version of the form.

    January has none: cumulative figures begin anew.
    """
    month = period_month(period)
    if month.month == 1:
        return None
    before = f"{month.year}-{month.month - 1:02d}"
    bound = contracts.form(form, period, territory)
    found = ledger.submissions(
        form_code=form, territory_kato=territory, period=before, in_force=True
    )
    if not found or found[0].cells_path is None or found[0].form_version != bound.version:
        return None
    return values_of(bound, lake.read_cells(home, found[0].cells_path, found[0].cells_sha256))


class _Sheet:
    """Draws one table form."""

    def __init__(
        self, form: Form, contracts: Contracts, period: str, previous: NDArray[np.float64] | None
    ) -> None:
        self._form = form
        self._section: Section = form.sections[0]
        self._contracts = contracts
        self._period = period
        self._previous = previous
        self._rules: CompiledRules = compile_rules(form, contracts.rule_book(form))
        self._buffer = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._buffer, {"in_memory": True})
        self._sheet = self._book.add_worksheet(self._section.sheet)
        self._formats = self._make_formats()

    def write(self) -> bytes:
        self._identify()
        self._head()
        self._rows()
        self._limits()
        self._hints()
        if self._previous is not None:
            self._last_month(self._previous)
        sheet = self._sheet
        sheet.freeze_panes(FIRST_DATA_ROW - 1, CODE_COLUMN)
        sheet.protect("", {"format_columns": True, "format_rows": True})
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        self._book.close()
        return self._buffer.getvalue()

    def _make_formats(self) -> dict[str, Any]:
        base = {"font_name": "Arial", "font_size": 9, "valign": "vcenter"}
        box = {**base, "border": 1}
        kinds = {
            "identity": {"font_size": 6, "font_color": "#A6A6A6"},
            "title": {**base, "bold": True, "font_size": 11},
            "note": {**base, "text_wrap": True, "italic": True},
            "header": {**box, "bold": True, "align": "center", "text_wrap": True},
            "unit": {**box, "align": "center", "text_wrap": True, "font_color": "#595959"},
            "label": {**box, "text_wrap": True},
            "count": {**box, "locked": False, "num_format": "#,##0", "bg_color": "#FFFBE6"},
            "figure": {**box, "locked": False, "num_format": "#,##0.###", "bg_color": "#FFFBE6"},
            "before": {**box, "num_format": "#,##0.###", "font_color": "#7F7F7F"},
            "broken": {"bg_color": "#F8CBAD", "font_color": "#9C0006"},
        }
        return {name: self._book.add_format(options) for name, options in kinds.items()}

    def _identify(self) -> None:
        form = self._form
        identity = Identity(form.code, str(form.territory), self._period, form.version)
        self._sheet.write_string(0, 0, str(identity), self._formats["identity"])
        name = self._contracts.territories[str(form.territory)].name_ru
        self._book.set_properties({"title": f"{form.code}  {name}", "comments": str(identity)})

    def _head(self) -> None:
        sheet, formats = self._sheet, self._formats
        territory = self._contracts.territories[str(self._form.territory)]
        told = [
            (self._form.name.ru, territory.name_ru, self._span("ru"), self._year("ru")),
            (self._form.name.kk, territory.name_kk, self._span("kk"), self._year("kk")),
        ]
        for row, (name, unit, span, year) in enumerate(told, start=1):
            sheet.write_string(row, 0, f"{name} — {unit}, {span} {year}", formats["title"])
        last = self._section.columns[-1].sheet_column - 1
        note = self._bilingual("note", "\n")
        sheet.merge_range(3, 0, 3, max(last, CODE_COLUMN + 3), note, formats["note"])
        sheet.set_row(3, 40)
        sheet.set_row(HEADER_ROW - 1, 96)
        for column, text in ROW_HEADINGS.items():
            sheet.write_string(HEADER_ROW - 1, column - 1, text, formats["header"])
            sheet.write_blank(UNIT_ROW - 1, column - 1, None, formats["unit"])
        for column, letter in zip(ROW_HEADINGS, "АБВ", strict=True):
            sheet.write_string(COLUMN_NUMBER_ROW - 1, column - 1, letter, formats["unit"])
        for form_column in self._section.columns:
            self._column_head(form_column, form_column.sheet_column - 1, form_column.header[0])
        sheet.set_column(0, 0, 4)
        sheet.set_column(NAME_COLUMN - 1, NAME_COLUMN - 1, 30)
        sheet.set_column(CODE_COLUMN - 1, CODE_COLUMN - 1, 11)
        sheet.set_column(CODE_COLUMN, last, 14)

    def _column_head(self, form_column: FormColumn, column: int, text: str) -> None:
        unit = bilingual(self._contracts.tables.units[form_column.unit].name)
        self._sheet.write_string(HEADER_ROW - 1, column, text, self._formats["header"])
        self._sheet.write_string(UNIT_ROW - 1, column, unit, self._formats["unit"])
        self._sheet.write_number(
            COLUMN_NUMBER_ROW - 1, column, form_column.number, self._formats["unit"]
        )

    def _text(self, key: str, language: Language, **params: object) -> str:
        return load_texts("template", self._contracts.root).text(key, language, **params)

    def _bilingual(self, key: str, between: str, **params: object) -> str:
        texts = self._text(key, "ru", **params), self._text(key, "kk", **params)
        return between.join(texts)

    def _year(self, language: Language) -> str:
        return self._text("year", language, year=period_month(self._period).year)

    def _span(self, language: Language) -> str:
        months = load_texts("months", self._contracts.root)
        last = period_month(self._period).month
        first, newest = (months.text(f"{month:02}", language) for month in (1, last))
        return first if last == 1 else f"{first}–{newest}"

    def _rows(self) -> None:
        for row, line in enumerate(self._section.lines, start=FIRST_DATA_ROW - 1):
            sheet, formats = self._sheet, self._formats
            sheet.write_number(row, NUMBER_COLUMN - 1, line.code, formats["label"])
            sheet.write_string(row, NAME_COLUMN - 1, line.labels[1], formats["label"])
            sheet.write_string(row, CODE_COLUMN - 1, str(line.territory), formats["label"])
            sheet.set_row(row, 26)
            for form_column in self._section.columns:
                kind = "count" if form_column.integral else "figure"
                sheet.write_blank(row, form_column.sheet_column - 1, None, formats[kind])

    def _limits(self) -> None:
        value = self._section.value
        lowest = 0.0 if value.minimum is None else value.minimum
        highest = value.maximum
        first, last = self._data_rows()
        for form_column in self._section.columns:
            whole = form_column.integral
            self._sheet.data_validation(
                first,
                form_column.sheet_column - 1,
                last,
                form_column.sheet_column - 1,
                {
                    # A whole number of Excel ends at 2³¹; larger ones are judged on arrival.
                    "validate": "integer" if whole and highest < 2**31 else "decimal",
                    "criteria": "between",
                    "minimum": lowest,
                    "maximum": highest,
                    "input_title": f"{self._bilingual('column', ' / ')} {form_column.number}",
                    "input_message": bilingual(self._contracts.tables.units[form_column.unit].name),
                    "error_title": self._bilingual("number", " / "),
                    "error_message": self._bilingual(
                        "whole_number" if whole else "any_number", "\n", lowest=f"{lowest:g}"
                    ),
                },
            )

    def _data_rows(self) -> tuple[int, int]:
        return FIRST_DATA_ROW - 1, FIRST_DATA_ROW - 2 + len(self._section.lines)

    def _hints(self) -> None:
        """Colour the anchor of a comparison that does not hold, once all its cells are filled."""
        for comparison in range(len(self._rules)):
            left, right = self._rules.participants(comparison)
            cells = [self._address(int(c)) for c in (*left, *right)]
            slack = float(self._rules.slack[comparison])
            sides = (
                self._sum(self._rules.left, comparison),
                self._sum(self._rules.right, comparison),
            )
            filled = f"COUNT({','.join(cells)})={len(cells)}"
            broken = _broken(*sides, int(self._rules.op[comparison]), slack)
            anchor = self._address(int(self._rules.anchor[comparison])).replace("$", "")
            self._sheet.conditional_format(
                anchor,
                {
                    "type": "formula",
                    "criteria": f"=AND({filled},{broken})",
                    "format": self._formats["broken"],
                },
            )

    def _sum(self, matrix: Any, comparison: int) -> str:
        start, end = matrix.indptr[comparison], matrix.indptr[comparison + 1]
        terms = zip(matrix.indices[start:end], matrix.data[start:end], strict=True)
        text = "".join(
            f"{'+' if sign > 0 else '-'}{self._address(int(place))}" for place, sign in terms
        )
        return text.removeprefix("+")

    def _address(self, coordinate: int) -> str:
        line, form_column = divmod(coordinate, len(self._section.columns))
        column = column_letters(self._section.columns[form_column].sheet_column)
        return f"${column}${FIRST_DATA_ROW + line}"

    def _last_month(self, values: NDArray[np.float64]) -> None:
        width = len(self._section.columns)
        first = self._section.columns[-1].sheet_column + 1
        grid = values.reshape(len(self._section.lines), width)
        before = self._bilingual("before", " / ")
        for index, form_column in enumerate(self._section.columns):
            header = f"{form_column.name.ru} — {before}"
            self._sheet.write_string(HEADER_ROW - 1, first + index, header, self._formats["header"])
            for row, value in self._known(grid[:, index]):
                place = FIRST_DATA_ROW - 1 + row
                self._sheet.write_number(place, first + index, value, self._formats["before"])
        self._sheet.set_column(first, first + width - 1, 12, None, {"level": 1})

    def _known(self, column: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
        for row in np.flatnonzero(~np.isnan(column)).tolist():
            yield row, float(column[row])


def _broken(left: str, right: str, op: int, slack: float) -> str:
    """A formula that is true when the comparison does not hold."""
    difference = f"ROUND(({left})-({right}),6)"
    if op == 0:
        return f"ABS({difference})>{slack:g}"
    return f"{difference}<{-slack:g}" if op == 1 else f"{difference}>{slack:g}"
