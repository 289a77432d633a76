"""Workbooks in the official layout, made from the contract of the form alone.

The package of a form (styles, headers, labels, merges) is built once with a library; a workbook
is that package with the figures put in their places, which takes a fraction of a second for the
217,460 figures of a 1-М.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from xml.sax.saxutils import escape

import numpy as np
import xlsxwriter
from numpy.typing import NDArray

from ingestion.documents.form_of_period import form_of_period
from warehouse.contracts import Contracts, Form, Section

_PROPERTIES = "docProps/core.xml"
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_STAMP = (2025, 1, 1, 0, 0, 0)
# A figure that no contract text can hold, so that its places in the XML are found by searching.
_PLACEHOLDER = 987654321
_TITLE, _DESCRIPTION, _CREATOR = "@title@", "@description@", "@creator@"


@dataclass(frozen=True)
class _Sheet:
    """XML of a sheet where every figure is 0; `places` are the offsets of those zeros."""

    section: str
    name: str
    xml: bytes
    places: NDArray[np.int64]


@dataclass(frozen=True)
class _Package:
    sheets: tuple[_Sheet, ...]
    properties: str
    others: tuple[tuple[str, bytes], ...]


def write_workbook(
    form: Form,
    values: NDArray[np.float64],
    *,
    title: str,
    description: str,
    creator: str = "mvd",
    texts: Mapping[int, str] | None = None,
    without: Sequence[str] = (),
    mark: str = "",
) -> bytes:
    """Give the bytes of an .xlsx with one figure per coordinate of the form.

    `values` has the length and the order of `form.coordinates`; NaN leaves the cell empty. `texts`
    puts words in place of figures: position of the coordinate -> what the cell says. `without`
    names sections whose sheets are left out; `mark`, if any, is printed on every sheet. Raises
    ValueError when the number of values is not that of the form's coordinates.
    """
    if len(values) != len(form.coordinates):
        raise ValueError(f"{len(values)} values for {len(form.coordinates)} coordinates")
    package = _package(form, tuple(without), mark)
    properties = package.properties
    for place, text in ((_TITLE, title), (_DESCRIPTION, description), (_CREATOR, creator)):
        properties = properties.replace(place, escape(text))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in (*package.others, (_PROPERTIES, properties.encode())):
            _add(
                archive, name, content.replace(_DESCRIPTION.encode(), escape(description).encode())
            )
        for sheet in package.sheets:
            index = form.section_index[sheet.section]
            first, last = form.offsets[index], form.offsets[index + 1]
            words = {
                place - first: text
                for place, text in (texts or {}).items()
                if first <= place < last
            }
            _add(archive, sheet.name, _filled(sheet, values[first:last], words))
    return buffer.getvalue()


def write_blank(contracts: Contracts, *, form: str, territory: str, period: str) -> bytes:
    """The official workbook of a form for a territory (KATO) and period (YYYY-MM), to be filled in.

    Raises UserError for an unknown form or territory, ValueError for a table form.
    """
    contracts.territories.require(territory)
    official = form_of_period(contracts, form, period)
    if official.is_table:
        raise ValueError(f"the rows of form {form} are territories")
    prefix = official.identification.document_title_prefixes[0]
    return write_workbook(
        official,
        np.full(len(official.coordinates), np.nan),
        title=f"{prefix}  {contracts.territories[territory].name_ru}",
        description="",
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_STAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=1)


def _filled(sheet: _Sheet, values: NDArray[np.float64], texts: Mapping[int, str]) -> bytes:
    parts: list[bytes] = []
    written = 0
    told = np.union1d(np.flatnonzero(values), np.fromiter(texts, dtype=np.int64))
    for index in told.tolist():
        place = int(sheet.places[index])
        if index in texts or np.isnan(values[index]):
            # What replaces `><v>0</v>` begins four characters before the zero.
            parts += sheet.xml[written : place - 4], _inline(texts.get(index))
            written = place + len("0</v>")
        else:
            parts += sheet.xml[written:place], _number(float(values[index]))
            written = place + 1
    parts.append(sheet.xml[written:])
    return b"".join(parts)


def _inline(text: str | None) -> bytes:
    if text is None:
        return b">"
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is>'.encode()


def _number(value: float) -> bytes:
    return (b"%d" % int(value)) if value.is_integer() else repr(value).encode()


@lru_cache(maxsize=4)
def _package(form: Form, without: tuple[str, ...], mark: str) -> _Package:
    skeleton = io.BytesIO()
    workbook = xlsxwriter.Workbook(skeleton, {"in_memory": True})
    workbook.set_properties(
        {
            "title": _TITLE,
            "comments": _DESCRIPTION,
            "author": _CREATOR,
            "created": datetime(*_STAMP, tzinfo=UTC),
            "subject": mark,
            "keywords": mark,
        }
    )
    styles = _Styles(workbook)
    drawn = [section for section in form.sections if section.code not in without]
    for section in drawn:
        _draw(workbook.add_worksheet(section.sheet), section, styles, mark)
    workbook.close()
    sheets: dict[int, _Sheet] = {}
    others: list[tuple[str, bytes]] = []
    properties = ""
    with zipfile.ZipFile(skeleton) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if match := _SHEET.fullmatch(name):
                number = int(match[1])
                sheets[number] = _with_places(drawn[number - 1].code, name, content)
            elif name == _PROPERTIES:
                properties = content.decode()
            else:
                others.append((name, content))
    return _Package(tuple(sheets[number] for number in sorted(sheets)), properties, tuple(others))


def _with_places(section: str, name: str, xml: bytes) -> _Sheet:
    mark = str(_PLACEHOLDER).encode()
    pieces = xml.split(mark)
    # Every placeholder shrinks to one character, so the n-th place moves by what was cut before.
    lengths = np.array([len(piece) for piece in pieces[:-1]], dtype=np.int64)
    places = np.cumsum(lengths + 1) - 1
    return _Sheet(section, name, b"0".join(pieces), places)


class _Styles:
    """The few formats of the official sheets."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        base = {"font_name": "Times New Roman", "font_size": 9, "valign": "vcenter"}
        box = base | {"border": 1}
        self.note = workbook.add_format(base | {"bold": True, "font_color": "#C00000"})
        self.title = workbook.add_format(base | {"bold": True, "text_wrap": False})
        self.header = workbook.add_format(box | {"align": "center", "text_wrap": True})
        self.label = workbook.add_format(box | {"align": "left", "text_wrap": True})
        self.code = workbook.add_format(box | {"align": "center"})
        self.figure = workbook.add_format(box | {"align": "right"})


def _draw(
    sheet: "xlsxwriter.worksheet.Worksheet", section: Section, styles: _Styles, mark: str
) -> None:
    _set_columns(sheet, section)
    _draw_headers(sheet, section, styles)
    _draw_lines(sheet, section, styles)
    if section.lines[0].territory is not None:
        # A table says in its corner what it is, as the template does.
        sheet.write_string(0, 0, _DESCRIPTION, styles.label)
    if mark:
        _mark(sheet, section, styles, mark)
        sheet.set_footer(f"&C{mark}")
    layout = section.layout
    sheet.freeze_panes(layout.first_data_row - 1, layout.code_column)


def _draw_headers(
    sheet: "xlsxwriter.worksheet.Worksheet", section: Section, styles: _Styles
) -> None:
    layout = section.layout
    for row in layout.hidden_rows:
        sheet.set_row(row - 1, None, None, {"hidden": True})
    for merge in (*layout.merges, *layout.label_merges):
        style = styles.header if merge[0] >= layout.header_row else styles.title
        sheet.merge_range(*(number - 1 for number in merge), "", style)
    for row, column, text in layout.texts:
        style = styles.header if row >= layout.header_row else styles.title
        sheet.write_string(row - 1, column - 1, text, style)
    for form_column in section.columns:
        sheet.write_number(
            layout.column_number_row - 1,
            form_column.sheet_column - 1,
            form_column.number,
            styles.header,
        )


def _draw_lines(sheet: "xlsxwriter.worksheet.Worksheet", section: Section, styles: _Styles) -> None:
    layout = section.layout
    for row, line in enumerate(section.lines, layout.first_data_row - 1):
        for column, text in zip(layout.label_columns, line.labels, strict=False):
            if text:
                sheet.write_string(row, column - 1, text, styles.label)
        if line.territory is not None:
            sheet.write_string(row, layout.code_column - 1, line.territory, styles.code)
        elif layout.codes_printed:
            sheet.write_number(row, layout.code_column - 1, line.code, styles.code)
        for form_column in section.columns:
            sheet.write_number(row, form_column.sheet_column - 1, _PLACEHOLDER, styles.figure)


def _set_columns(sheet: "xlsxwriter.worksheet.Worksheet", section: Section) -> None:
    widths = dict(section.layout.column_widths)
    hidden = set(section.layout.hidden_columns)
    for column in sorted(widths.keys() | hidden):
        options = {"hidden": True} if column in hidden else {}
        sheet.set_column(column - 1, column - 1, widths.get(column), None, options)


def _mark(
    sheet: "xlsxwriter.worksheet.Worksheet", section: Section, styles: _Styles, mark: str
) -> None:
    """Print the mark, such as that the data are synthetic, in a free cell above the header."""
    layout = section.layout
    taken = {(row, column) for row, column, _ in layout.texts}
    for merge in layout.merges:
        taken |= {
            (row, column)
            for row in range(merge[0], merge[2] + 1)
            for column in range(merge[1], merge[3] + 1)
        }
    rows = [row for row in range(1, layout.header_row) if row not in layout.hidden_rows]
    # Above the header, else to the right of everything.
    columns = [form_column.sheet_column for form_column in section.columns]
    places = [(row, column) for row in rows for column in (*columns, max(columns) + 1)]
    row, column = next(place for place in places if place not in taken)
    sheet.write_string(row - 1, column - 1, mark, styles.note)
