import io
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import fastexcel
import numpy as np
import openpyxl
import pytest
from numpy.typing import NDArray
from python_calamine import CalamineWorkbook

from ingestion.documents.official import write_blank, write_workbook
from tests.shared_data import official_forms
from warehouse.contracts import Form, load_contracts
from warehouse.core.errors import UserError

pytestmark = pytest.mark.slow

MARK = "СИНТЕТИЧЕСКИЕ ДАННЫЕ"
TITLE = "1-M  Кызылординская область (Свод)"
DESCRIPTION = "28327;50119;1943%;__"
ORIGINALS = {"1-M": "1-M/Kyzylorda Region.XLSX", "SNG-1": "SNG-1/Kyzylorda region.XLSX"}


@pytest.fixture(scope="module", params=["1-M", "SNG-1"])
def form(request: pytest.FixtureRequest) -> Form:
    return load_contracts().forms[request.param]


def written(form: Form, values: NDArray[np.float64], **options: Any) -> bytes:
    return write_workbook(form, values, title=TITLE, description=DESCRIPTION, **options)


def every_figure_different(form: Form) -> NDArray[np.float64]:
    return np.arange(1, len(form.coordinates) + 1, dtype=np.float64)


def addresses(form: Form) -> dict[str, list[tuple[int, int]]]:
    return {
        section.sheet: [
            (section.layout.first_data_row + row, form_column.sheet_column)
            for row in range(len(section.lines))
            for form_column in section.columns
        ]
        for section in form.sections
    }


def test_every_figure_stands_in_the_cell_of_its_coordinate(form: Form) -> None:
    content = written(form, every_figure_different(form))
    read = []
    book = fastexcel.read_excel(content)
    for section, (sheet, cells) in zip(form.sections, addresses(form).items(), strict=True):
        # fastexcel leaves out the empty hidden column before the labels of R11.
        left_out = section.layout.label_columns[0]
        table = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_arrow()
        columns = [column.to_pylist() for column in table.columns]
        read += [float(columns[column - left_out][row - 1]) for row, column in cells]
    assert np.array_equal(read, every_figure_different(form))


def test_calamine_and_openpyxl_read_the_same_figures() -> None:
    form = load_contracts().forms["SNG-1"]
    content = written(form, every_figure_different(form))
    calamine = CalamineWorkbook.from_filelike(io.BytesIO(content))
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet, cells in addresses(form).items():
        rows = calamine.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        for row, column in cells:
            assert rows[row - 1][column - 1] == book[sheet].cell(row, column).value


def test_sheets_look_like_the_original_but_for_the_mark(form: Form) -> None:
    """Every text, code and figure of a real workbook comes back in its own cell."""
    original = official_forms() / ORIGINALS[form.code]
    expected = CalamineWorkbook.from_path(original)
    values = []
    for sheet, cells in addresses(form).items():
        rows = expected.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        values += [rows[row - 1][column - 1] for row, column in cells]
    figures = np.array([np.nan if value == "" else value for value in values], dtype=np.float64)
    content = written(form, figures, mark=MARK)
    copy = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert copy.sheet_names == expected.sheet_names
    for sheet in expected.sheet_names:
        assert texts(copy, sheet) == texts(expected, sheet)
        assert MARK in str(copy.get_sheet_by_name(sheet).to_python())


def texts(book: CalamineWorkbook, sheet: str) -> dict[tuple[int, int], str]:
    rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    found = {}
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            if value not in ("", MARK):
                found[row, column] = f"{value:g}" if isinstance(value, float) else str(value)
    return found


def test_merges_hidden_columns_and_hidden_rows_are_those_of_the_original() -> None:
    form = load_contracts().forms["1-M"]
    original = official_forms() / ORIGINALS["1-M"]
    content = written(form, np.zeros(len(form.coordinates)))
    for number in range(1, len(form.sections) + 1):
        name = f"xl/worksheets/sheet{number}.xml"
        assert drawn(io.BytesIO(content), name) == drawn(original, name)


def drawn(book: io.BytesIO | Path, sheet: str) -> tuple[set[str], set[int], set[int]]:
    """Merged ranges, hidden columns and hidden rows, from the XML itself."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(book) as archive:
        tree = Xml.fromstring(archive.read(sheet))  # noqa: S314 our own and official files
    merges = {entry.attrib["ref"] for entry in tree.iter(f"{space}mergeCell")}
    columns = {
        number
        for entry in tree.iter(f"{space}col")
        if entry.get("hidden") == "1"
        for number in range(int(entry.attrib["min"]), int(entry.attrib["max"]) + 1)
    }
    rows = {int(e.attrib["r"]) for e in tree.iter(f"{space}row") if e.get("hidden") == "1"}
    return merges, columns, rows


def test_the_document_says_which_report_it_is_and_how_it_is_marked() -> None:
    form = load_contracts().forms["SNG-1"]
    content = written(form, np.zeros(len(form.coordinates)), creator="demo", mark=MARK)
    properties = openpyxl.load_workbook(io.BytesIO(content)).properties
    assert properties.title == TITLE
    assert properties.description == DESCRIPTION
    assert properties.creator == "demo"
    assert properties.keywords == MARK


def test_texts_empty_cells_and_left_out_sheets_can_be_planted() -> None:
    form = load_contracts().forms["SNG-1"]
    values = every_figure_different(form)
    values[1] = np.nan
    content = written(form, values, texts={0: "1 234", 7: "<уточняется> & т.д."}, without=("R2",))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["R1", "R3"]
    cells = [book["R1"].cell(row, column).value for row, column in addresses(form)["R1"][:8]]
    assert cells == ["1 234", None, 3, 4, 5, 6, 7, "<уточняется> & т.д."]
    assert book["R3"].cell(*addresses(form)["R3"][0]).value == 201


def test_money_keeps_its_three_decimals() -> None:
    form = load_contracts().forms["1-M"]
    values = np.zeros(len(form.coordinates))
    values[form.position("R4", 1, 1)] = 2810695.693
    content = written(form, values)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("R4").to_python()
    assert 2810695.693 in [value for row in rows for value in row]


def test_the_same_figures_give_the_same_bytes(form: Form) -> None:
    values = every_figure_different(form)
    assert written(form, values) == written(form, values)


def test_a_wrong_number_of_figures_is_refused(form: Form) -> None:
    with pytest.raises(ValueError, match="values for"):
        written(form, np.zeros(3))


def test_a_blank_is_the_official_workbook_without_figures_and_names_its_territory() -> None:
    contracts = load_contracts()
    content = write_blank(contracts, form="1-M", territory="430000000", period="2022-12")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    form = contracts.forms["1-M"]
    assert book.sheet_names == [section.sheet for section in form.sections]
    rows = book.get_sheet_by_name("R1").to_python(skip_empty_area=False)
    assert {rows[row - 1][column - 1] for row, column in addresses(form)["R1"]} == {""}
    properties = openpyxl.load_workbook(io.BytesIO(content), read_only=True).properties
    assert properties.title == "1-M  Кызылординская область"


def test_a_blank_of_a_table_or_of_nobody_is_refused() -> None:
    contracts = load_contracts()
    with pytest.raises(ValueError, match="territories"):
        write_blank(contracts, form="ADM-M", territory="430000000", period="2026-10")
    with pytest.raises(UserError, match="TERRITORY_CODE_UNKNOWN"):
        write_blank(contracts, form="1-M", territory="999999999", period="2026-10")
    with pytest.raises(UserError, match="FORM_CODE_UNKNOWN"):
        write_blank(contracts, form="X", territory="430000000", period="2026-10")
