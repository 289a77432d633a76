"""Tables of districts as departments send them, made by hand for the tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import openpyxl
import pytest

from ingestion.intake.submit import submit
from ingestion.request import Request, Services, SubmissionResult
from warehouse.contracts import load_contracts
from warehouse.ledger import Finding
from warehouse.storage import lake

KYZYLORDA = "430000000"
PERIOD = "2026-05"
RECEIVED = datetime(2026, 6, 4, 6, 0, tzinfo=UTC)

Cell = str | float | None
Rows = Sequence[Sequence[Cell]]

# The eight units of Kyzylorda in the order of their codes.
DISTRICTS = (
    "г. Кызылорда",
    "Аральский район",
    "Жалагашский район",
    "Жанакорганский район",
    "Казалинский район",
    "Кармакшинский район",
    "Сырдарьинский район",
    "Шиелийский район",
)
CODES = (
    "431000000",
    "433200000",
    "433600000",
    "434000000",
    "434400000",
    "434600000",
    "434800000",
    "435200000",
)


def xlsx(rows: Rows, sheet: str = "Лист1") -> bytes:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def csv_text(rows: Rows, encoding: str, delimiter: str = ";") -> bytes:
    """The rows as Excel saves them in Russian settings: decimal commas, quoted line breaks."""
    lines = [delimiter.join(_csv_cell(cell, delimiter) for cell in row) for row in rows]
    return "\r\n".join(lines).encode(encoding, errors="replace")


def _csv_cell(cell: Cell, delimiter: str) -> str:
    text = str(cell).replace(".", ",") if isinstance(cell, float) else str(cell or "")
    if cell == 0:
        text = "0"
    return f'"{text}"' if "\n" in text or delimiter in text or '"' in text else text


def ods(rows: Rows, sheet: str = "Лист1") -> bytes:
    """An OpenDocument spreadsheet as LibreOffice lays it out, without styles."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    body = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{office}'
        f'office:1.0" xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0" '
        f'office:version="1.3"><office:body><office:spreadsheet><table:table table:name="{sheet}">'
        f"{body}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{office}'
        f'manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        "</manifest:manifest>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", kind)
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def _ods_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, str):
        paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in cell.split("\n"))
        return f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'


def rows_of(content: bytes) -> list[list[Cell]]:
    """All cells of the first sheet of a workbook."""
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell.value for cell in row] for row in page.iter_rows()]


class Counter:
    """Takes tables in and shows what became of them."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def submit(
        self,
        content: bytes,
        *,
        territory: str | None = KYZYLORDA,
        period: str = PERIOD,
        form: str | None = None,
        file_name: str = "таблица.xlsx",
    ) -> SubmissionResult:
        """Submit one file, received on 4 June 2026."""
        request = Request(
            source=content,
            file_name=file_name,
            period=period,
            territory=territory,
            form=form,
            received_at=RECEIVED,
        )
        return submit(self.services, request, workers=0)

    def figures(self, result: SubmissionResult) -> dict[tuple[str, int], float]:
        """What the lake keeps: (unit, column) -> figure."""
        assert result.submission_id is not None
        kept = self.services.ledger.submission(result.submission_id)
        assert kept.cells_path is not None
        cells = lake.read_cells(self.services.home, kept.cells_path).to_pylist()
        assert {(cell["section"], cell["line"]) for cell in cells} <= {("T", 1)}
        return {(cell["territory_kato"], cell["column_number"]): cell["value"] for cell in cells}


def only(result: SubmissionResult, code: str) -> Finding:
    """The one finding of a code."""
    found = [finding for finding in result.findings if finding.code == code]
    if len(found) != 1:
        pytest.fail(f"{code} in {[(f.code, f.cell, f.found) for f in result.findings]}")
    return found[0]


def column_of(form: str, indicator: str) -> int:
    """Number of the column that carries an indicator."""
    (source,) = load_contracts().indicators[indicator].sources
    assert source.form == form
    return source.column
