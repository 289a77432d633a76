"""Which cells hold formulas or errors of Excel. Only workbooks that may have some come here."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable
from xml.etree import ElementTree

from ingestion.read.workbook import reading

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_CELL_WITH_FORMULA = re.compile(rb"<c\s[^>]*?\br=[\"']([A-Z]{1,3}\d{1,7})[\"'][^>]*>\s*<f[ >/]")

_CELL_WITH_ERROR = re.compile(
    rb"<c\s([^>]*\bt=[\"']e[\"'][^>]*)>\s*(?:<f[^>]*/>|<f[ >][^<]*</f>)?\s*<v>([^<]{1,40})</v>"
)
_ADDRESS = re.compile(rb"\br=[\"']([A-Z]{1,3}\d{1,7})[\"']")


def error_cells(content: bytes) -> dict[tuple[str, str], str]:
    """(sheet name, address) of every cell that shows an error such as `#REF!`, and the error."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {
            (sheet, address[1].decode()): match[2].decode(errors="replace")
            for part, sheet in _sheet_names(package).items()
            if part in package.NameToInfo
            for match in _CELL_WITH_ERROR.finditer(package.read(part))
            if (address := _ADDRESS.search(match[1]))
        }


def formula_cells(content: bytes, parts: Iterable[str]) -> frozenset[tuple[str, str]]:
    """(sheet name, address) of every cell with a formula in the worksheet `parts`."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = _sheet_names(package)
        return frozenset(
            (names[part], match.decode())
            for part in parts
            if part in names
            for match in _CELL_WITH_FORMULA.findall(package.read(part))
        )


def _sheet_names(package: zipfile.ZipFile) -> dict[str, str]:
    """Worksheet part -> sheet name."""
    relations = _parsed(package, "xl/_rels/workbook.xml.rels")
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    book = _parsed(package, "xl/workbook.xml")
    return {
        posixpath.normpath(posixpath.join("xl", targets[sheet.get(f"{_OFFICE}id")])).lstrip("/"): (
            sheet.get("name", "")
        )
        for sheet in book.iter(f"{_MAIN}sheet")
        if sheet.get(f"{_OFFICE}id") in targets
    }


def _parsed(package: zipfile.ZipFile, part: str) -> ElementTree.Element:
    with reading(part):
        # Parts that declare entities were refused by `safety.inspect`.
        return ElementTree.fromstring(package.read(part))  # noqa: S314
