"""A workbook is called one of another version only where its sheets say so."""

import io
from collections.abc import Callable

import numpy as np
import openpyxl
import pytest
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from ingestion.documents.official import write_workbook
from ingestion.judge.extract import extract
from ingestion.read.safety import Limits
from tests.tools.form_versions import Edits, NewVersion, copied_contracts, read_lines
from warehouse.contracts import Contracts, Section, load_contracts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    """1-М 2026 has one line more in R11."""
    root = copied_contracts(tmp_path_factory.mktemp("versions") / "c", with_rules=False)
    version = NewVersion(root, "1-M", "2026", "2026-01", "2025-12").begin()
    old = [int(row["line_code"]) for row in read_lines(version.base, "R11")]
    edits = Edits.of(old)
    edits.insert_after(4)
    version.lines("R11", ["R11"], edits.done(old))
    version.declare()
    return load_contracts(root)


def found(
    contracts: Contracts, layout: str, period: str, spoil: Callable[[Worksheet, Section], None]
) -> set[str]:
    form = contracts.form("1-M", layout)
    content = write_workbook(form, np.zeros(len(form.coordinates)), title="1-M", description="")
    book = openpyxl.load_workbook(io.BytesIO(content))
    section = form.section("R11")
    spoil(book[section.sheet], section)
    buffer = io.BytesIO()
    book.save(buffer)
    read = extract(buffer.getvalue(), contracts, period=period, form_code="1-M", limits=Limits())
    return {finding.code for finding in read.findings}


def nothing(_: Worksheet, __: Section) -> None:
    """A sound sheet."""


def no_column_numbers(sheet: Worksheet, section: Section) -> None:
    for cell in sheet[section.layout.column_number_row]:
        if not isinstance(cell, MergedCell):
            cell.value = None


def other_label(sheet: Worksheet, section: Section) -> None:
    sheet.cell(section.layout.first_data_row + 10, section.layout.label_columns[0], "Другое")


def test_a_sheet_that_no_version_can_read_says_nothing(contracts: Contracts) -> None:
    assert "FORM_VERSION_OTHER" in found(contracts, "2025-12", "2026-01", nothing)
    assert "FORM_VERSION_OTHER" not in found(contracts, "2026-01", "2026-01", no_column_numbers)


def test_a_label_differs_on_a_sheet_with_two_columns_of_labels(contracts: Contracts) -> None:
    assert "LINE_LABEL_DIFFERS" in found(contracts, "2025-12", "2025-12", other_label)
