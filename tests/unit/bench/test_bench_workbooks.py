import io
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from bench.workbooks import template, under_territory
from ingestion.documents.official import write_workbook
from warehouse.contracts import load_contracts


@pytest.fixture
def original(tmp_path: Path) -> Path:
    form = load_contracts().forms["SNG-1"]
    file = tmp_path / "original.xlsx"
    values = np.arange(len(form.coordinates), dtype=np.float64)
    file.write_bytes(
        write_workbook(form, values, title="СНГ-1  Алматы (Свод)", description="1;2;1975%;__")
    )
    return file


def test_a_copy_is_the_report_of_another_territory_with_the_same_figures(original: Path) -> None:
    copy = under_territory(template(original), load_contracts(), "430000000")
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert archive.testzip() is None
    book, first = openpyxl.load_workbook(io.BytesIO(copy)), openpyxl.load_workbook(original)
    assert book.properties.title == "1-M  Кызылординская область (Свод)"
    assert book.properties.description == "28327;50119;1943%;__"
    for sheet in first.sheetnames:
        assert [*book[sheet].values] == [*first[sheet].values]


def test_copies_for_two_units_of_a_region_differ(original: Path) -> None:
    packed, contracts = template(original), load_contracts()
    units = [unit.kato for unit in contracts.territories.units if unit.kato.startswith("43")][:3]
    assert len({under_territory(packed, contracts, kato) for kato in units}) == 3
