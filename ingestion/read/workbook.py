"""Open a workbook and hand out its sheets as columns of text, straight from the parser."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import fastexcel
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from warehouse.contracts.cells import column_letters
from warehouse.core.faults import is_panic

_CORE = "docProps/core.xml"
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
# The parser prints this many decimals; longer numbers are taken from `Workbook.numbers`.
PRINTED_DECIMALS = 9
SUMMARY_NAME = "mvd_findings"
"""The defined name by which the sheet of findings in an annotated workbook is known."""
_DAMAGE = (
    fastexcel.FastExcelError,
    CalamineError,
    pa.ArrowException,
    ElementTree.ParseError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ValueError,
)
"""What the libraries raise over a damaged part: each knows some damage by an error of its own."""


class UnreadableError(Exception):
    """A part of the file (a sheet, or a file inside the package) is damaged.

    Without a name of the part nothing of it could be opened.
    """

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(part, reason)
        self.part = part
        self.reason = reason


@contextmanager
def reading(part: str) -> Iterator[None]:
    """Turn whatever a library says about damage into UnreadableError for `part`."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, _DAMAGE) or is_panic(error):
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise UnreadableError(part, reason) from error
        raise


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet as text: `columns` of equal length, null where a cell is empty.

    Row 0 is row 1 of the sheet. The parser drops empty columns at the left edge of the sheet;
    `left_edge` says how many.
    """

    sheet: str
    columns: tuple[pa.Array, ...]
    row_count: int
    left_edge: int = 0

    def row(self, index: int) -> list[str]:
        """Texts of a row, stripped; empty for an empty cell."""
        return [(column[index].as_py() or "").strip() for column in self.columns]

    def address(self, row: int, column: int) -> str:
        """The A1 address of a place in the grid."""
        return f"{column_letters(column + self.left_edge + 1)}{row + 1}"


SYNTHETIC = "СИНТЕТИЧЕСКИЕ ДАННЫЕ — демонстрация"
"""The author of every workbook of the demonstration, and the words in its footer."""


@dataclass(frozen=True, slots=True)
class DocumentProperties:
    """What the file says about itself; empty strings when it says nothing."""

    title: str = ""
    description: str = ""
    creator: str = ""

    @property
    def is_demonstration(self) -> bool:
        """Whether the file says that `mvd demo` wrote it."""
        return self.creator == SYNTHETIC


class Workbook:
    """A workbook that `safety.inspect` found safe. UnreadableError says which part is damaged."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        with reading(""):
            self._reader = fastexcel.read_excel(content)

    @property
    def sheet_names(self) -> list[str]:
        """Names of the sheets in their order, without the list of findings of an earlier check."""
        with reading("xl/workbook.xml"):
            defined_names = self._reader.defined_names()
        own = {sheet_of(each.formula) for each in defined_names if each.name == SUMMARY_NAME}
        return [name for name in self._reader.sheet_names if name not in own]

    def grid(self, sheet: str) -> Grid:
        """The cells of `sheet` as displayed numbers and texts."""
        with reading(sheet):
            return self._grid(sheet)

    def _grid(self, sheet: str) -> Grid:
        try:
            loaded = self._reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
            batch = loaded.to_arrow()
        except (fastexcel.FastExcelError, pa.ArrowException):
            # Cells that the fast parser cannot print as text, e.g. broken dates.
            return self._slow_grid(sheet)
        left_edge = loaded.selected_columns[0].absolute_index if batch.num_columns else 0
        return Grid(sheet, tuple(batch.columns), batch.num_rows, left_edge)

    def numbers(self, sheet: str) -> Grid:
        """The numbers of `sheet` in full precision, null for everything else."""
        with reading(sheet):
            loaded = self._reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="float")
            batch = loaded.to_arrow()
        return Grid(sheet, tuple(batch.columns), batch.num_rows)

    def _slow_grid(self, sheet: str) -> Grid:
        kinds = {meta.name: meta.typ for meta in self._exact.sheets_metadata}
        if kinds[sheet] is not SheetTypeEnum.WorkSheet:
            return Grid(sheet, (), 0)
        source = self._exact.get_sheet_by_name(sheet)
        if source.start is None:
            return Grid(sheet, (), 0)
        rows = source.to_python(skip_empty_area=True)
        blank = [[""] * len(rows[0])] * source.start[0]
        columns = [
            pa.array([_text(cell) for cell in column], pa.string())
            for column in zip(*blank, *rows, strict=True)
        ]
        return Grid(sheet, tuple(columns), len(blank) + len(rows), source.start[1])

    @cached_property
    def properties(self) -> DocumentProperties:
        return read_properties(io.BytesIO(self._content))

    @cached_property
    def _exact(self) -> CalamineWorkbook:
        return CalamineWorkbook.from_filelike(io.BytesIO(self._content))


def read_properties(source: Path | BinaryIO) -> DocumentProperties:
    """What a file that `safety.inspect` found safe says about itself; of no workbook nothing."""
    try:
        with reading(_CORE), zipfile.ZipFile(source) as package:
            # Parts that declare entities were refused by `safety.inspect`.
            core = ElementTree.fromstring(package.read(_CORE))  # noqa: S314
    except UnreadableError:
        # Figures do not depend on it: the part may be missing, damaged or in an encoding that
        # the parser does not know.
        return DocumentProperties()
    return DocumentProperties(
        title=core.findtext(f"{_DUBLIN_CORE}title") or "",
        description=core.findtext(f"{_DUBLIN_CORE}description") or "",
        creator=core.findtext(f"{_DUBLIN_CORE}creator") or "",
    )


def sheet_of(reference: str) -> str:
    """The sheet of a reference such as `'Замечания'!$A$1`; empty when it names none."""
    title = reference.lstrip("=$").rpartition("!")[0].lstrip("$")
    if title.startswith("'"):
        title = title[1:-1].replace("''", "'")
    return title


def reference(sheet: str, address: str) -> str:
    """`'R1'!E7` for a cell of a sheet; the name is quoted whether or not it need be."""
    return "'" + sheet.replace("'", "''") + f"'!{address}"


def _text(cell: object) -> str | None:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)
