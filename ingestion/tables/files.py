"""Open a table that came as .ods or .csv: the same grids as a workbook gives."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass

import pyarrow as pa

from ingestion.read.safety import Limits, Problem
from ingestion.read.workbook import Grid

_BODY = "content.xml"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_DELIMITERS = ";\t,"
_LEAST_ROWS = 2
_REPEATED_VALUE = re.compile(
    rb"<table:table-(?:cell|row)\s[^>]*?number-(?:columns|rows)-repeated=\"(\d{5,})\"[^>]*?"
    rb"(?:office:value|office:value-type)="
)


@dataclass(frozen=True, slots=True)
class TextTable:
    """A CSV file. `decimal_comma`: fields are not apart by commas, so a comma is a decimal one."""

    grid: Grid
    decimal_comma: bool


def is_opendocument(content: bytes) -> bool:
    """Whether the bytes are an OpenDocument spreadsheet: its type stands uncompressed in front."""
    return content.startswith(b"PK") and _ODS in content[:200]


def opendocument_problems(content: bytes, limits: Limits) -> list[Problem]:
    """What speaks against parsing an .ods; empty when nothing does."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            inflated = sum(part.file_size for part in parts)
            if len(parts) > limits.parts or inflated > limits.inflated_bytes:
                megabytes = round(inflated / 2**20)
                ratio = round(inflated / max(len(content), 1))
                return [Problem("ZIP_BOMB", {"inflated_megabytes": megabytes, "ratio": ratio})]
            names = {part.filename for part in parts}
            if _BODY not in names:
                return [Problem("NOT_XLSX", {"format": ".ods"})]
            manifest = _read(package, "META-INF/manifest.xml", names)
            body = package.read(_BODY)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
        return [Problem("DAMAGED_WORKBOOK", {"reason": str(error)})]
    if b"encryption-data" in manifest:
        return [Problem("ENCRYPTED_WORKBOOK")]
    if any(name.startswith(("Basic/", "Scripts/")) for name in names):
        return [Problem("MACROS")]
    if b"<!DOCTYPE" in body:
        return [Problem("XML_ENTITIES", {"part": _BODY})]
    if repeated := _REPEATED_VALUE.search(body):
        rows = int(repeated[1])
        return [Problem("SHEET_TOO_LARGE", {"rows": rows, "columns": 1, "part": _BODY})]
    return []


def _read(package: zipfile.ZipFile, name: str, names: set[str]) -> bytes:
    return package.read(name) if name in names else b""


def read_text_table(content: bytes, limits: Limits) -> TextTable | None:
    """A CSV in UTF-8 or Windows-1251, apart by `;`, tab or comma; None when it is not one."""
    if not content or len(content) > limits.file_bytes or content.startswith(b"PK"):
        return None
    text = _decoded(content)
    if text is None:
        return None
    lines = text.splitlines()
    counts = {d: sum(d in line for line in lines) for d in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: counts[d])
    if counts[delimiter] < _LEAST_ROWS:
        return None
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return None
    width = max(map(len, rows))
    if width * len(rows) > limits.cells_per_sheet:
        return None
    columns = tuple(
        pa.array([(row[i].strip() or None) if i < len(row) else None for row in rows], pa.string())
        for i in range(width)
    )
    return TextTable(Grid("CSV", columns, len(rows)), delimiter != ",")


def _decoded(content: bytes) -> str | None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if _BINARY.search(content):
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Bytes that Windows-1251 does not have are lost letters.
        return content.decode("cp1251", errors="replace")
