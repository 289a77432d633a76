"""Annotated workbooks: what is marked in them, and workbooks with faults to be marked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
from lxml import etree
from openpyxl.workbook import Workbook as Book
from openpyxl.worksheet.worksheet import Worksheet as Sheet

from ingestion.annotate.answer import Subject, annotate
from ingestion.annotate.styles import FILLS
from tests.unit.ingestion.conftest import edited
from warehouse.contracts import load_contracts
from warehouse.core.texts import Language
from warehouse.ledger import Finding, Verdict

SUBJECT = Subject(
    form="SNG-1",
    territory="430000000",
    period="2022-12",
    verdict=Verdict.REJECTED,
    number="0123456789abcdef",
    received_at=datetime(2023, 1, 10, 6, 0, tzinfo=UTC),
)
FIGURES = {"R1_1_1": 5.0, "R1_4_1": 7.0}


def note(sheet: str, cell: str | None, code: str = "NOT_A_NUMBER", **more: object) -> Finding:
    """A finding made by hand."""
    severity = load_contracts().message(code).severity
    params = {"cells": more.pop("cells", [])}
    fields = {"line": 1, "column": 1, "found": "x", **more}
    return Finding(code, severity, sheet=sheet, cell=cell, params=params, **fields)  # type: ignore[arg-type]


def annotated(content: bytes, *findings: Finding, language: Language = "ru") -> bytes:
    return annotate(
        content, findings, language=language, contracts=load_contracts(), submission=SUBJECT
    )


def opened(content: bytes) -> Book:
    return openpyxl.load_workbook(io.BytesIO(content))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(content: bytes, **changes: Callable[[str], str]) -> bytes:
    """The workbook with some parts changed as text; `sheet1` is xl/worksheets/sheet1.xml."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts(content).items():
            change = changes.get(Path(name).stem)
            target.writestr(name, change(data.decode()) if change else data)
    return buffer.getvalue()


def marked(book: Book) -> dict[tuple[str, str], str]:
    """Sheet and address of the filled cells of the form, with their notes."""
    return {
        (sheet.title, cell.coordinate): cell.comment.text if cell.comment else ""
        for sheet in book.worksheets[1:]
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb in FILLS.values()
    }


def links(sheet: Sheet) -> dict[str, str]:
    return {
        cell.coordinate: cell.hyperlink.location
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink
    }


def with_marked_cells_from(annotated_workbook: bytes, right: bytes) -> bytes:
    """What a clerk sends who types the right values into the marked cells and nowhere else."""
    source = opened(right)

    def fix(book: Book) -> None:
        for sheet, address in marked(book):
            book[sheet][address].value = source[sheet][address].value

    return edited(annotated_workbook, fix)


def opened_names(content: bytes) -> list[str]:
    root = etree.fromstring(parts(content)["xl/workbook.xml"])
    return [sheet.get("name", "") for sheet in root.iter("{*}sheet")]
