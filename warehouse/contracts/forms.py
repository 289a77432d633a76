"""Forms: sections, lines, columns, and the layout of the official workbook."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from warehouse.contracts.cells import cell_position, column_letters, sheet_column_number
from warehouse.core.records import Record
from warehouse.core.texts import Names


def _sheet_column(value: Any) -> Any:
    return sheet_column_number(value) if isinstance(value, str) else value


def _range(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    first, _, last = value.partition(":")
    return (*cell_position(first), *cell_position(last))


def _texts(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return tuple((*cell_position(address), text) for address, text in value.items())


def _widths(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return tuple((sheet_column_number(letters), width) for letters, width in value.items())


SheetColumn = Annotated[int, BeforeValidator(_sheet_column), Field(ge=1)]
Range = Annotated[tuple[int, int, int, int], BeforeValidator(_range)]


class Layout(Record):
    """Where things stand on the official sheet. Rows and columns are 1-based as in Excel.

    Files give columns as letters and cells as addresses; here they are numbers. `texts` are
    (row, column, text) above the data, exactly as printed; merges are
    (first row, first column, last row, last column).
    """

    header_row: int = Field(ge=1)
    column_number_row: int = Field(ge=1)
    first_data_row: int = Field(ge=1)
    label_columns: tuple[SheetColumn, ...] = Field(min_length=1)
    code_column: SheetColumn
    codes_printed: bool = True
    hidden_columns: tuple[SheetColumn, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    column_widths: Annotated[tuple[tuple[int, float], ...], BeforeValidator(_widths)] = ()
    texts: Annotated[tuple[tuple[int, int, str], ...], BeforeValidator(_texts)]
    merges: tuple[Range, ...] = ()
    label_merges: tuple[Range, ...] = ()

    @model_validator(mode="after")
    def _rows_in_order(self) -> "Layout":
        if not self.header_row < self.column_number_row < self.first_data_row:
            raise ValueError("rows must satisfy header_row < column_number_row < first_data_row")
        return self

    def header_path(self, sheet_column: int) -> tuple[str, ...]:
        """Header texts over a column of the sheet from the top down, spaces collapsed."""
        covering: dict[tuple[int, int], str] = {}
        spans = {(m[0], m[1]): m for m in self.merges}
        for row, first, text in self.texts:
            last = spans.get((row, first), (row, first, row, first))[3]
            in_header = self.header_row <= row < self.column_number_row
            if in_header and self.code_column < first <= sheet_column <= last:
                covering[row, first] = " ".join(text.split())
        return tuple(covering[place] for place in sorted(covering))


class Value(Record):
    """What the cells of a section hold."""

    unit: str
    integral: bool = True
    minimum: float | None = 0
    maximum: float = 1e11
    """No figure of the police is greater, not even a sum in thousands of tenge."""
    blank_allowed: bool = False


class Identification(Record):
    """How a workbook says which form it is: prefix of its title, report code in its description."""

    document_title_prefixes: tuple[str, ...]
    document_report_codes: tuple[str, ...] = ()


Kind = Literal["sheets", "table"]
Measure = Literal["flow", "stock", "average"]


class OffenceReference(Record):
    """The section that lists the offences which the lines of the form stand for."""

    form: str
    section: str


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column (графа) of a section, known by its number.

    It stands in `sheet_column` of the official sheet; `header` holds the texts over it, top down.

    In a table, `aliases` are the other names that departments give the column, and `is_additive`
    says whether the rows of a territory's parts add up to its own.
    """

    number: int
    sheet_column: int
    name: Names
    header: tuple[str, ...]
    unit: str
    integral: bool
    measure: Measure = "flow"
    is_additive: bool = True
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered row of a section. `labels` are the printed texts of the label columns.

    `parent` is the code of the line that includes this one, as the form prints it; `offence` is the
    number of the offence that it stands for, the same in every version of every form: the code that
    the first version of the reference section gave it. `article` and `chapter` are of the Criminal
    Code. A row of a table stands for the unit `territory` (KATO); `is_total` marks the row of the
    whole.
    """

    code: int
    labels: tuple[str, ...]
    name: Names
    article: str
    chapter: int | None
    parent: int | None
    offence: int | None
    territory: str | None = None
    is_total: bool = False


@dataclass(frozen=True, eq=False)
class Section:
    """One sheet of a form."""

    code: str
    sheet: str
    title: Names
    line_set: str
    value: Value
    layout: Layout
    lines: tuple[Line, ...]
    columns: tuple[FormColumn, ...]

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.lines) * len(self.columns)

    @cached_property
    def line_codes(self) -> NDArray[np.int16]:
        """Line codes in the order of the sheet."""
        return np.array([line.code for line in self.lines], dtype=np.int16)

    @cached_property
    def column_numbers(self) -> NDArray[np.int16]:
        """Column numbers in the order of the sheet."""
        return np.array([column.number for column in self.columns], dtype=np.int16)

    @cached_property
    def line_index(self) -> Mapping[int, int]:
        """Line code -> place in `lines`, from 0."""
        return {line.code: index for index, line in enumerate(self.lines)}

    @cached_property
    def column_index(self) -> Mapping[int, int]:
        """Column number -> place in `columns`, from 0."""
        return {column.number: index for index, column in enumerate(self.columns)}

    def line(self, code: int) -> Line:
        """Give the line with this code. Raises KeyError."""
        return self.lines[self.line_index[code]]

    def column(self, number: int) -> FormColumn:
        """Give the column with this number. Raises KeyError."""
        return self.columns[self.column_index[number]]

    def cell(self, line: int, column: int) -> str:
        """Address of a coordinate on the official sheet, such as E7. Raises KeyError."""
        row = self.layout.first_data_row + self.line_index[line]
        return f"{column_letters(self.column(column).sheet_column)}{row}"


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Every coordinate of a form in workbook order: sheet by sheet, row by row.

    Three int16 arrays of equal length; `section` is the place of the section in the form, from 0.
    """

    section: NDArray[np.int16]
    line: NDArray[np.int16]
    column: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.section)


@dataclass(frozen=True, eq=False)
class Form:
    """One version of a statistical form. `folders`: its own, then those that it is based on.

    Forms read from the same folder are equal, in whichever process they were read. A form of kind
    `table` has one row per unit: `tables.bind` gives it the rows of a `territory`; `unbound` is
    then the form as the contract has it, with a single row that stands for any unit.
    """

    code: str
    name: Names
    version: str
    valid_from: str
    valid_to: str | None
    source: str
    cumulative: bool
    identification: Identification
    offence_reference: OffenceReference | None
    sections: tuple[Section, ...]
    folders: tuple[Path, ...]
    kind: Kind = "sheets"
    territory: str | None = None
    unbound: "Form | None" = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[object, ...]:
        rows = tuple(x.territory for x in self.sections[0].lines) if self.unbound else ()
        return self.code, self.version, self.folders, self.territory, rows

    @property
    def is_table(self) -> bool:
        """Whether its rows are territories."""
        return self.kind == "table"

    @cached_property
    def row_territories(self) -> tuple[str | None, ...]:
        """Unit of every coordinate; None where it is the submission's own territory."""
        return tuple(
            line.territory
            for section in self.sections
            for line in section.lines
            for _ in section.columns
        )

    @cached_property
    def section_index(self) -> Mapping[str, int]:
        """Section code -> place in `sections`, from 0."""
        return {section.code: index for index, section in enumerate(self.sections)}

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Place of the first coordinate of each section; the last item is the total."""
        return np.cumsum([0, *(section.size for section in self.sections)])

    @cached_property
    def coordinates(self) -> Coordinates:
        """Every coordinate in workbook order. The arrays are read-only."""
        parts = [
            (
                np.full(section.size, index, dtype=np.int16),
                np.repeat(section.line_codes, len(section.columns)),
                np.tile(section.column_numbers, len(section.lines)),
            )
            for index, section in enumerate(self.sections)
        ]
        arrays = [np.concatenate(column) for column in zip(*parts, strict=True)]
        for array in arrays:
            array.setflags(write=False)
        return Coordinates(*arrays)

    def section(self, code: str) -> Section:
        """Give the section with this code. Raises KeyError."""
        return self.sections[self.section_index[code]]

    def grid(self, section: str) -> NDArray[np.int64]:
        """Positions of the coordinates of a section, shape (lines, columns). Raises KeyError."""
        index = self.section_index[section]
        found = self.sections[index]
        shape = (len(found.lines), len(found.columns))
        return np.arange(self.offsets[index], self.offsets[index + 1]).reshape(shape)

    def position(self, section: str, line: int, column: int) -> int:
        """Place of one coordinate in `coordinates`. Raises KeyError when the form has none such."""
        index = self.section_index[section]
        found = self.sections[index]
        within = found.line_index[line] * len(found.columns) + found.column_index[column]
        return int(self.offsets[index]) + within

    def valid_in(self, period: str) -> bool:
        """Say whether the version is in force in `period` (YYYY-MM)."""
        return self.valid_from <= period and (self.valid_to is None or period <= self.valid_to)
