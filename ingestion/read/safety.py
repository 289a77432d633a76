"""Refuse files that must not be opened, before any parser sees them.

The checks look at the bytes, never at the file name. Each problem is returned, none is raised:
a hostile file is an ordinary event here.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF_MAGICS = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WORKSHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
# Cheap necessary condition for a far-away cell: a reference with three letters or five digits,
# or one written so oddly that it escapes that pattern. (A literal first letter keeps RE2 fast.)
_FAR_REFERENCE = r"r=[\"'](?:[A-Za-z]{3}[0-9]|[A-Za-z]*[0-9]{5})|r\s+=|r=\s"
# Necessary for the tag of a formula. Without its "<", which begins every tag, the search can hop
# from one "f" to the next.
_FORMULA = r"f[ >/]"
# Entities can be declared only inside a document type, and XML is case-sensitive.
_DOCUMENT_TYPE = b"<!DOCTYPE"


PROBLEMS = frozenset(
    {
        "DAMAGED_WORKBOOK",
        "EMPTY_FILE",
        "ENCRYPTED_WORKBOOK",
        "EXTERNAL_LINKS",
        "FILE_TOO_LARGE",
        "MACROS",
        "NOT_A_WORKBOOK",
        "NOT_XLSX",
        "OLD_XLS_FORMAT",
        "SHEET_TOO_LARGE",
        "XML_ENTITIES",
        "ZIP_BOMB",
    }
)
"""Codes of what `inspect` finds; a file with one of them must not be opened."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, except where named otherwise. A real 1-М is 1 MB and inflates to 10 MB."""

    file_bytes: int = 64 * 2**20
    inflated_bytes: int = 256 * 2**20
    inflation_ratio: int = 200
    ratio_applies_from_bytes: int = 32 * 2**20
    parts: int = 5_000
    cells_per_sheet: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason to refuse the file: the code of a finding and its parameters."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """`problems` empty means safe to parse; `formulas` are worksheet parts that may hold some."""

    problems: tuple[Problem, ...]
    formulas: tuple[str, ...] = ()


def inspect(content: bytes, limits: Limits = Limits()) -> Inspection:
    """Everything that speaks against parsing `content` as an .xlsx workbook."""
    if problem := _not_a_package(content, limits):
        return Inspection((problem,))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if problem := _inflates_too_much(parts, len(content), limits):
                return Inspection((problem,))
            if problem := _not_xlsx(package):
                return Inspection((problem,))
            xml = {
                part.filename: package.read(part)
                for part in parts
                if part.filename.lower().endswith((".xml", ".rels", ".vml"))
            }
            for part in parts:
                if part.filename not in xml:
                    _drain(package, part)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
    ) as e:
        return Inspection((Problem("DAMAGED_WORKBOOK", {"reason": str(e)}),))
    except RuntimeError:
        # zipfile says so when an entry needs a password.
        return Inspection((Problem("ENCRYPTED_WORKBOOK"),))
    names = [part.filename for part in parts]
    sheets = {name: data for name, data in xml.items() if _WORKSHEET.fullmatch(name)}
    scanned = pa.array(sheets.values(), pa.large_binary())
    far = _matching(sheets, scanned, _FAR_REFERENCE)
    problems = [
        *_active_content(names, xml),
        *_dangerous_xml(xml),
        *_too_large_sheets({name: sheets[name] for name in sorted(far)}, limits),
    ]
    return Inspection(tuple(problems), tuple(sorted(_matching(sheets, scanned, _FORMULA))))


def _not_a_package(content: bytes, limits: Limits) -> Problem | None:
    if not content:
        return Problem("EMPTY_FILE")
    if len(content) > limits.file_bytes:
        return too_large(len(content), limits)
    if content.startswith(_OLE_MAGIC):
        encrypted = "EncryptedPackage".encode("utf-16-le") in content
        return Problem("ENCRYPTED_WORKBOOK" if encrypted else "OLD_XLS_FORMAT")
    if content.startswith(_BIFF_MAGICS):
        return Problem("OLD_XLS_FORMAT")
    if not content.startswith(b"PK"):
        return Problem("NOT_A_WORKBOOK")
    return None


def too_large(size: int, limits: Limits) -> Problem:
    """The problem of a file of `size` bytes, which the caller need not even read."""
    return Problem(
        "FILE_TOO_LARGE",
        {"megabytes": round(size / 2**20, 1), "limit_megabytes": limits.file_bytes // 2**20},
    )


def _inflates_too_much(parts: list[zipfile.ZipInfo], packed: int, limits: Limits) -> Problem | None:
    # The declared sizes can be believed here: zipfile stops at them, and a part that is longer
    # fails its checksum and is refused as damaged.
    inflated = sum(part.file_size for part in parts)
    ratio = inflated / packed
    suspicious = inflated > limits.ratio_applies_from_bytes and ratio > limits.inflation_ratio
    if inflated > limits.inflated_bytes or suspicious or len(parts) > limits.parts:
        return Problem(
            "ZIP_BOMB", {"inflated_megabytes": round(inflated / 2**20, 1), "ratio": round(ratio)}
        )
    return None


def _not_xlsx(package: zipfile.ZipFile) -> Problem | None:
    names = set(package.namelist())
    if "xl/workbook.xml" in names:
        return None
    if "xl/workbook.bin" in names:
        return Problem("NOT_XLSX", {"format": ".xlsb"})
    if "mimetype" in names and b"opendocument" in package.read("mimetype"):
        return Problem("NOT_XLSX", {"format": ".ods"})
    return Problem("NOT_A_WORKBOOK")


def _drain(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with package.open(part) as stream:
        while stream.read(2**20):
            pass


def _active_content(names: list[str], xml: dict[str, bytes]) -> list[Problem]:
    lower = [name.lower() for name in names]
    problems = []
    has_macros = any("vbaproject" in name or "/activex/" in name for name in lower)
    if has_macros or b"macroEnabled" in xml.get("[Content_Types].xml", b""):
        problems.append(Problem("MACROS"))
    if any(name.startswith("xl/externallinks/") for name in lower):
        problems.append(Problem("EXTERNAL_LINKS"))
    return problems


def _dangerous_xml(xml: dict[str, bytes]) -> list[Problem]:
    # A parser told to read UTF-16 would see markup that a scan of the bytes does not.
    return [
        Problem("XML_ENTITIES", {"part": name})
        for name, data in xml.items()
        # A single byte is found ten times faster, and figures hold no exclamation marks.
        if (b"!" in data and _DOCUMENT_TYPE in data) or data.startswith(_UTF16_MARKS)
    ]


def _too_large_sheets(suspects: dict[str, bytes], limits: Limits) -> list[Problem]:
    """Two cells at opposite corners of a sheet make a parser allocate everything in between."""
    problems = []
    for name, data in suspects.items():
        columns, rows = 0, 0
        for letters, digits in _CELL.findall(data):
            columns = max(columns, _column_number(letters))
            rows = max(rows, int(digits))
        if columns * rows > limits.cells_per_sheet:
            problems.append(
                Problem("SHEET_TOO_LARGE", {"part": name, "rows": rows, "columns": columns})
            )
    return problems


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _matching(parts: dict[str, bytes], scanned: pa.Array, pattern: str) -> set[str]:
    # One pass of RE2 over all parts is several times faster than `re` part by part.
    hits = pc.match_substring_regex(scanned, pattern).to_pylist()
    return {name for name, hit in zip(parts, hits, strict=True) if hit}
