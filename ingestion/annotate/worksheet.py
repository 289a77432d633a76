"""Cells of a worksheet part, found where they stand or made where they belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from lxml import etree

from ingestion.annotate.package import OFFICE, main, plain_text
from warehouse.contracts.cells import column_letters

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_MAX_CELLS = 100_000
# What may stand behind the reference to the notes of a sheet.
_AFTER_NOTES = {
    "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
    "tableParts", "extLst", "AlternateContent",
}  # fmt: skip

Place = tuple[int, int]
"""Row and column, from 1."""


def place_of(address: str) -> Place:
    """`E7` is (7, 5). Raises ValueError."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"{address!r} is no address of a cell")
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def address_of(place: Place) -> str:
    """(7, 5) is `E7`."""
    return f"{column_letters(place[1])}{place[0]}"


def places_in(reference: str) -> list[Place]:
    """The cells of `E7` or `E7:F9`, row by row. Raises ValueError, also for far too many."""
    first, _, last = reference.partition(":")
    top, left = place_of(first)
    bottom, right = place_of(last or first)
    if (bottom - top + 1) * (right - left + 1) > _MAX_CELLS:
        raise ValueError(f"{reference} is too large to be marked cell by cell")
    return [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]


class Worksheet:
    """The XML of one worksheet."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root

    def style(self, place: Place) -> int:
        """The format in which a cell is shown, whether or not the file has the cell."""
        row, column = place
        row_element = self._rows.get(row)
        if row_element is not None:
            cell = _cells(row_element).get(column)
            if cell is not None:
                return int(cell.get("s", "0"))
            if row_element.get("customFormat") in ("1", "true"):
                return int(row_element.get("s", "0"))
        for first, last, style in self._column_styles:
            if first <= column <= last:
                return style
        return 0

    def set_style(self, place: Place, style: int) -> None:
        """Give a cell its format; an empty cell is made where there was none."""
        row = self._row(place[0])
        cells = _cells(row)
        cell = cells.get(place[1])
        if cell is None:
            cell = etree.Element(main("c"), r=address_of(place))
            before = [element for column, element in cells.items() if column < place[1]]
            row.insert(row.index(before[-1]) + 1 if before else 0, cell)
            row.attrib.pop("spans", None)
        cell.set("s", str(style))

    def say(self, place: Place, text: str) -> None:
        """Show a text in a cell that holds a plain value; a formula is left alone."""
        row = self._rows.get(place[0])
        cell = None if row is None else _cells(row).get(place[1])
        if cell is None or cell.find(main("f")) is not None:
            return
        for child in list(cell):
            cell.remove(child)
        cell.set("t", "inlineStr")
        inline = etree.SubElement(cell, main("is"))
        etree.SubElement(inline, main("t")).text = plain_text(text)

    def restyle(self, styles: dict[int, int]) -> None:
        """Replace formats by others, wherever a cell has them."""
        names = {str(old): str(new) for old, new in styles.items()}
        for cell in self._data.iter(main("c")):
            if (name := cell.get("s", "0")) in names:
                cell.set("s", names[name])

    def shown_at(self, place: Place) -> Place:
        """The cell that shows `place`: of merged cells only the first can be seen."""
        for top, left, bottom, right in self._merged:
            if top <= place[0] <= bottom and left <= place[1] <= right:
                return top, left
        return place

    @property
    def notes_relation(self) -> str | None:
        """Id of the relationship to the drawing that holds the notes."""
        element = self.root.find(main("legacyDrawing"))
        return None if element is None else element.get(f"{{{OFFICE}}}id")

    @notes_relation.setter
    def notes_relation(self, relation_id: str) -> None:
        element = etree.Element(main("legacyDrawing"))
        element.set(f"{{{OFFICE}}}id", relation_id)
        for place, child in enumerate(self.root):
            if isinstance(child.tag, str) and etree.QName(child).localname in _AFTER_NOTES:
                self.root.insert(place, element)
                return
        self.root.append(element)

    @cached_property
    def _data(self) -> etree._Element:
        data = self.root.find(main("sheetData"))
        if data is None:
            raise ValueError("the sheet has no cells")
        return data

    @cached_property
    def _rows(self) -> dict[int, etree._Element]:
        rows: dict[int, etree._Element] = {}
        number = 0
        for row in self._data.iter(main("row")):
            number = int(row.get("r", number + 1))
            rows[number] = row
        return rows

    @cached_property
    def _column_styles(self) -> list[tuple[int, int, int]]:
        return [
            (int(c.get("min", "1")), int(c.get("max", "1")), int(c.get("style", "0")))
            for c in self.root.iterfind(f"{main('cols')}/{main('col')}")
        ]

    @cached_property
    def _merged(self) -> list[tuple[int, int, int, int]]:
        found = self.root.iterfind(f"{main('mergeCells')}/{main('mergeCell')}")
        corners = (merge.get("ref", "A1").partition(":") for merge in found)
        return [(*place_of(first), *place_of(last or first)) for first, _, last in corners]

    def _row(self, number: int) -> etree._Element:
        row = self._rows.get(number)
        if row is None:
            row = etree.Element(main("row"), r=str(number))
            before = [other for other in self._rows if other < number]
            place = self._data.index(self._rows[max(before)]) + 1 if before else 0
            self._data.insert(place, row)
            self._rows[number] = row
        return row


def _cells(row: etree._Element) -> dict[int, etree._Element]:
    return dict(_numbered(row))


def _numbered(row: etree._Element) -> Iterator[tuple[int, etree._Element]]:
    column = 0
    for cell in row.iter(main("c")):
        address = cell.get("r")
        column = place_of(address)[1] if address else column + 1
        yield column, cell
