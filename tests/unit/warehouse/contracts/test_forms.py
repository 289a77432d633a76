"""The form contracts against the workbooks themselves, and contracts that are wrong."""

import re
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineSheet, CalamineWorkbook

from tests.shared_data import official_forms, official_workbooks
from warehouse.contracts import Form, Section, load_contracts
from warehouse.contracts.cells import cell_position, column_letters, sheet_column_number

Cells = dict[tuple[int, int], Any]

WORKBOOKS = [
    pytest.param((form, path), id=f"{form} {path.stem}")
    for form in ("1-M", "SNG-1")
    for path in official_workbooks(form)
] or [pytest.param(None, id="no workbooks beside the checkout")]


@pytest.fixture(scope="module")
def form_1m() -> Form:
    return load_contracts().forms["1-M"]


# The contract and the real workbooks


@dataclass(frozen=True)
class Workbook:
    """A real workbook read without any code of ours: filled cells and merged areas by sheet."""

    form: Form
    cells: dict[str, Cells]
    merges: dict[str, set[tuple[int, ...]]]


@pytest.fixture(scope="module", params=WORKBOOKS)
def workbook(request: pytest.FixtureRequest) -> Workbook:
    official_forms()
    code, path = request.param
    book = CalamineWorkbook.from_path(path)
    sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    return Workbook(
        form=load_contracts().forms[code],
        cells={name: filled_cells(sheet) for name, sheet in sheets.items()},
        merges={
            name: {
                (top + 1, left + 1, bottom + 1, right + 1)
                for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
            }
            for name, sheet in sheets.items()
        },
    )


def filled_cells(sheet: CalamineSheet) -> Cells:
    """Every filled cell by (row, column), 1-based."""
    top, left = sheet.start or (0, 0)
    return {
        (row, column): value
        for row, values in enumerate(sheet.to_python(skip_empty_area=True), top + 1)
        for column, value in enumerate(values, left + 1)
        if value != ""
    }


def expected_texts(section: Section) -> Cells:
    layout = section.layout
    texts: Cells = {(row, column): text for row, column, text in layout.texts}
    for row, line in enumerate(section.lines, layout.first_data_row):
        for column, label in zip(layout.label_columns, line.labels, strict=False):
            if label:
                texts[row, column] = label
    return texts


def expected_numbers(section: Section) -> Cells:
    """Column numbers and line codes: the numbers that are the same in every workbook."""
    layout = section.layout
    numbers: Cells = {
        (layout.column_number_row, form_column.sheet_column): form_column.number
        for form_column in section.columns
    }
    if layout.codes_printed:
        for row, line in enumerate(section.lines, layout.first_data_row):
            numbers[row, layout.code_column] = line.code
    return numbers


def coordinate_cells(section: Section) -> set[tuple[int, int]]:
    return {
        cell_position(section.cell(line.code, form_column.number))
        for line in section.lines
        for form_column in section.columns
    }


def test_the_contract_has_the_sheets_of_the_workbook_in_order(workbook: Workbook) -> None:
    assert list(workbook.cells) == [section.sheet for section in workbook.form.sections]


def test_the_contract_has_every_text_of_the_workbook(workbook: Workbook) -> None:
    for section in workbook.form.sections:
        cells = workbook.cells[section.sheet]
        texts = {place: value for place, value in cells.items() if isinstance(value, str)}
        assert texts == expected_texts(section), section.code


def test_the_contract_has_every_line_code_and_column_number(workbook: Workbook) -> None:
    for section in workbook.form.sections:
        cells, numbers = workbook.cells[section.sheet], expected_numbers(section)
        assert {place: cells.get(place) for place in numbers} == numbers, section.code


def test_the_figures_of_the_workbook_are_the_coordinates_of_the_contract(
    workbook: Workbook,
) -> None:
    for section in workbook.form.sections:
        cells = workbook.cells[section.sheet]
        known = expected_texts(section).keys() | expected_numbers(section).keys()
        figures, coordinates = cells.keys() - known, coordinate_cells(section)
        assert figures <= coordinates, section.code
        assert section.value.blank_allowed or figures == coordinates, section.code


def test_the_contract_has_every_merged_area_of_the_workbook(workbook: Workbook) -> None:
    for section in workbook.form.sections:
        merges = {*section.layout.merges, *section.layout.label_merges}
        assert merges == workbook.merges[section.sheet], section.code


def test_no_line_counts_more_than_its_parent(workbook: Workbook) -> None:
    for section in workbook.form.sections:
        cells, first = workbook.cells[section.sheet], section.layout.first_data_row
        broken = [
            (line.code, form_column.number)
            for row, line in enumerate(section.lines, first)
            if line.parent is not None
            for form_column in section.columns
            if cells[row, form_column.sheet_column]
            > cells[first + section.line_index[line.parent], form_column.sheet_column]
        ]
        assert broken == [], section.code


def test_the_contract_knows_every_hidden_column(form_1m: Form) -> None:
    path = official_forms() / "1-M" / "Kyzylorda Region.XLSX"
    with zipfile.ZipFile(path) as archive:
        for number, section in enumerate(form_1m.sections, 1):
            head = archive.open(f"xl/worksheets/sheet{number}.xml").read(20_000).decode()
            hidden = [
                int(match[1])
                for column in re.findall(r"<col [^>]*>", head)
                if 'hidden="1"' in column and (match := re.search(r'min="(\d+)"', column))
            ]
            assert list(section.layout.hidden_columns) == hidden, section.code


# The shape of the forms


def test_form_1m_has_26_sheets_and_217460_coordinates(form_1m: Form) -> None:
    assert len(form_1m.sections) == 26
    assert len(form_1m.coordinates) == 217_460
    assert [len(form_1m.section(code).lines) for code in ("R1", "R4", "R11", "PRIL4")] == [
        422, 405, 21, 80,
    ]  # fmt: skip
    assert [len(form_1m.section(code).columns) for code in ("R1", "R1-1", "PRIL4")] == [31, 30, 49]


def test_form_sng1_has_3_sheets_and_201_coordinates() -> None:
    form = load_contracts().forms["SNG-1"]
    assert [section.size for section in form.sections] == [192, 8, 1]
    population = form.section("R3")
    assert population.value.blank_allowed
    assert not population.layout.codes_printed
    assert population.cell(1, 1) == "C7"


def test_coordinates_run_sheet_by_sheet_row_by_row(form_1m: Form) -> None:
    coordinates = form_1m.coordinates
    assert [int(array[31]) for array in (coordinates.section, coordinates.line)] == [0, 2]
    assert int(coordinates.column[31]) == 1
    assert (
        coordinates.section.dtype == coordinates.line.dtype == coordinates.column.dtype == np.int16
    )
    assert form_1m.position("R1-1", 1, 1) == 422 * 31
    assert form_1m.grid("R1-1")[0, 0] == 422 * 31
    assert not coordinates.line.flags.writeable


@given(st.integers(0, 217_459))
def test_a_position_leads_to_its_coordinate_and_back(position: int) -> None:
    form = load_contracts().forms["1-M"]
    coordinates = form.coordinates
    section = form.sections[coordinates.section[position]]
    line, form_column = int(coordinates.line[position]), int(coordinates.column[position])
    assert form.position(section.code, line, form_column) == position


def test_an_unknown_coordinate_has_no_position(form_1m: Form) -> None:
    with pytest.raises(KeyError):
        form_1m.position("R1", 423, 1)


def test_coordinates_have_the_addresses_of_the_sheet(form_1m: Form) -> None:
    assert form_1m.section("R1").cell(1, 1) == "E7"
    assert form_1m.section("R1-1").cell(124, 1) == "E130"
    assert form_1m.section("PRIL4").cell(80, 49) == "BA86"


@given(st.integers(1, 16_384))
def test_column_letters_and_numbers_agree(number: int) -> None:
    assert sheet_column_number(column_letters(number)) == number


# Names and relations


def test_a_column_carries_the_header_texts_above_it(form_1m: Form) -> None:
    assert form_1m.section("R9").column(14).header == (
        "Ранее совершивших правонарушения",
        "из гр.14 после освобождения",
        "в течении 1 года",
    )
    assert form_1m.section("R1").column(4).header == ("из графы 2", "в отношении женщин")


def test_columns_of_money_are_in_thousand_tenge_with_fractions(form_1m: Form) -> None:
    money = {s.code for s in form_1m.sections if s.value.unit == "thousand_tenge"}
    assert money == {"R4", "R4-1"}
    assert not form_1m.section("R4").column(1).integral
    assert form_1m.section("R1").column(1).integral
    assert form_1m.section("R11").column(3).unit == "persons"


@pytest.mark.parametrize(
    ("section", "line", "parent"),
    [
        ("R1", 1, None),
        ("R1", 4, 3),  # небольшой тяжести -> преступлений
        ("R1", 8, 1),
        ("R1", 11, None),  # a fact without a crime is in no total
        ("R1", 13, 1),
        ("R1", 14, 13),
        ("R1", 15, 13),  # attempts at murder are counted beside murder
        ("R1", 112, 109),  # карманные -> кража
        ("R1", 114, 113),  # в т.ч. автомобилей -> транспортных средств
        ("R1", 117, 107),
        ("R1", 124, 119),  # интернет-мошенничество -> мошенничество
        ("R4", 166, 165),  # контрагенты лжепредприятий -> уклонение организаций от налогов
        ("PRIL6", 2, 1),
        ("PRIL11", 3, 1),
        ("PRIL4", 14, 13),
        ("R11", 9, 1),
        ("R11", 10, None),  # the total of R11 is of lines 2-9
    ],
)
def test_lines_are_nested_as_the_sheet_nests_them(
    form_1m: Form, section: str, line: int, parent: int | None
) -> None:
    assert form_1m.section(section).line(line).parent == parent


@pytest.mark.parametrize(
    ("form", "section", "line", "offence"),
    [
        ("1-M", "PRIL8", 3, 14),
        ("1-M", "PRIL9", 4, 14),
        ("1-M", "R4", 166, None),
        ("1-M", "R4", 167, 184),
        ("1-M", "PRIL11", 2, 6),
        ("1-M", "R11", 2, None),
        ("1-M", "R11", 4, 16),
        ("1-M", "PRIL2", 1, None),
        ("SNG-1", "R1", 13, 109),
        ("SNG-1", "R1", 8, None),
    ],
)
def test_lines_of_other_sections_name_their_line_of_section_1(
    form: str, section: str, line: int, offence: int | None
) -> None:
    assert load_contracts().forms[form].section(section).line(line).offence == offence


def test_an_offence_has_the_same_name_and_article_in_every_section_of_1m(form_1m: Form) -> None:
    reference = form_1m.section("R1")
    # The first line of a section totals what the section holds, under its own name; R11 writes
    # attempts at murder with their articles.
    for section in form_1m.sections:
        for line in section.lines:
            if line.offence in {None, 1, 15}:
                continue
            assert line.offence is not None
            expected = reference.line(line.offence)
            assert (line.name, line.article) == (expected.name, expected.article), section.code


def test_chapters_and_articles_come_from_the_labels(form_1m: Form) -> None:
    lines = form_1m.section("R1").lines
    assert {line.chapter for line in lines} == {None, *range(1, 19)}
    assert [(line.code, line.chapter) for line in lines if line.article == "345-1"] == [(293, 14)]
    assert form_1m.section("R11").line(2).article == "99 ч.1"
    assert load_contracts().forms["SNG-1"].section("R1").line(26).article == (
        "215; 236; 237; 240; 241; 244; 245"
    )


def test_names_are_clean_and_translations_are_in_their_own_alphabet() -> None:
    for form in load_contracts().official_forms:
        for section in form.sections:
            for name in [x.name for x in section.lines] + [x.name for x in section.columns]:
                assert name.ru == " ".join(name.ru.split()) != ""
                assert not re.search("[A-Za-z]", name.kk)
                assert not re.search("[А-Яа-яЁё]", name.en)


def test_columns_of_the_main_sections_have_english_names() -> None:
    forms = load_contracts().forms
    sections = [forms["1-M"].section("R1"), forms["1-M"].section("R1-1"), *forms["SNG-1"].sections]
    assert [g.name for s in sections for g in s.columns if not g.name.en] == []
