"""Who corrects the marked cells, and nothing else, gets the report accepted."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import openpyxl
import pytest
from openpyxl.workbook import Workbook as Book

from ingestion.annotate.answer import annotate_result, annotate_submission
from ingestion.documents.official import write_workbook
from tests.unit.ingestion.annotate.workbooks import (
    annotated,
    marked,
    note,
    opened,
    with_marked_cells_from,
)
from tests.unit.ingestion.conftest import Change, Desk, codes, edited, sng_workbook
from tests.unit.ingestion.table_workbooks import Counter, xlsx
from tests.unit.ingestion.tables.test_sloppy import livestock
from warehouse.contracts import CONTRACTS_DIR, load_contracts
from warehouse.ledger import Verdict

pytestmark = pytest.mark.slow


def put(sheet: str, **values: object) -> Change:
    def change(book: Book) -> None:
        for address, value in values.items():
            book[sheet][address] = value

    return change


def clear(sheet: str, *addresses: str) -> Change:
    return put(sheet, **dict.fromkeys(addresses))


def swap(sheet: str, first: str, second: str) -> Change:
    def change(book: Book) -> None:
        a, b = book[sheet][first], book[sheet][second]
        a.value, b.value = b.value, a.value

    return change


def without_a_cell(book: Book) -> None:
    """The cell is not merely empty: the file does not have it."""
    del book["R1"]._cells[10, 7]


FAULTS: dict[str, tuple[str, Change]] = {
    "NUMBER_AS_TEXT": ("NUMBER_AS_TEXT", put("R1", E7="1 234")),
    "PLACEHOLDER_TEXT": ("PLACEHOLDER_TEXT", put("R1", F9="х")),
    "AMBIGUOUS_NUMBER": ("AMBIGUOUS_NUMBER", put("R1", F9="1,234")),
    "NOT_A_NUMBER": ("NOT_A_NUMBER", put("R1", F9="уточняется")),
    "NEGATIVE_FIGURE": ("NEGATIVE_FIGURE", put("R2", E7=-3)),
    "FRACTIONAL_FIGURE": ("FRACTIONAL_FIGURE", put("R1", E7=0.5)),
    "FIGURE_OUT_OF_RANGE": ("FIGURE_OUT_OF_RANGE", put("R2", E7=10**15)),
    "DATE_IN_CELL": ("DATE_IN_CELL", put("R1", F9=date(2022, 5, 1))),
    "a date as text": ("DATE_IN_CELL", put("R1", F9="01.05.2022")),
    "ERROR_VALUE": ("ERROR_VALUE", put("R1", E7="#REF!", F9="#DIV/0!")),
    "FIGURE_MISSING": ("FIGURE_MISSING", clear("R1", "G10")),
    "a cell that the file lacks": ("FIGURE_MISSING", without_a_cell),
    "LINE_INCOMPLETE": ("LINE_INCOMPLETE", clear("R1", "E10", "F10", "G10", "I10")),
    "COLUMN_BLANK": ("COLUMN_BLANK", clear("R1", *(f"G{row}" for row in range(7, 39)))),
    "FORMULA_WITHOUT_VALUE": ("FORMULA_WITHOUT_VALUE", put("R1", E7="=1+1")),
    "LINE_REPEATED": ("LINE_REPEATED", put("R1", D11=4)),
    "LINE_REPEATED, the first is wrong": ("LINE_REPEATED", put("R1", D10=5)),
    "LINE_UNKNOWN": ("LINE_UNKNOWN", put("R1", D11=99)),
    "LINE_LABEL_MOVED": ("LINE_LABEL_MOVED", swap("R1", "D12", "D14")),
    "LINE_LABEL_DIFFERS": ("LINE_LABEL_DIFFERS", put("R1", B14="нечто иное")),
    "COLUMN_REPEATED": ("COLUMN_REPEATED", put("R1", G6=2)),
    "COLUMN_UNKNOWN": ("COLUMN_UNKNOWN", put("R1", G6=77)),
    "COLUMN_HEADER_MOVED": ("COLUMN_HEADER_MOVED", swap("R1", "E5", "G5")),
    "COLUMN_HEADER_DIFFERS": ("COLUMN_HEADER_DIFFERS", put("R1", G5="нечто иное")),
    "CONTROL_RULE_BROKEN": ("CONTROL_RULE_BROKEN", put("R1", E9=5)),
}

# A table of districts: the first row is the header, column B names the unit.
TABLE_FAULTS: dict[str, Change] = {
    "TABLE_ROW_UNKNOWN": put("Лист1", B3="Аппарат ДП"),
    "TABLE_ROW_AMBIGUOUS": put("Лист1", B2="Кызылорда"),
    "TABLE_ROW_REPEATED": put("Лист1", B4="Аральский район"),
    "TABLE_COLUMN_UNKNOWN": put("Лист1", E1="Рейды по базарам"),
    "TABLE_COLUMN_REPEATED": put("Лист1", E1="Привлечено лиц"),
    "TABLE_MONTH_ONLY": put("Лист1", E1="Рейды за май 2026"),
    "DATE_IN_CELL": put("Лист1", C2=date(2022, 5, 1)),
    "ERROR_VALUE": put("Лист1", C2="#REF!"),
}

# Errors and warnings that no cell can mend, and how one goes about them instead.
NOT_IN_A_CELL = {
    "another file": (
        "EMPTY_FILE FILE_TOO_LARGE NOT_A_WORKBOOK OLD_XLS_FORMAT NOT_XLSX ENCRYPTED_WORKBOOK "
        "DAMAGED_WORKBOOK ZIP_BOMB MACROS EXTERNAL_LINKS XML_ENTITIES SHEET_TOO_LARGE "
        "READING_FAILED READING_OVER_MEMORY READING_OVER_TIME FORM_UNKNOWN TABLE_FORM_UNKNOWN "
        "TABLE_ROWS_NOT_FOUND CODES_NOT_FOUND TABLE_NOT_FOUND"
    ),
    "another form, territory or month": (
        "FORM_MISMATCH FORM_NOT_IN_FORCE FORM_VERSION_OTHER "
        "TERRITORY_UNKNOWN TERRITORY_CONTRADICTED_BY_CODE "
        "TERRITORY_CONTRADICTED_BY_TITLE TERRITORY_CONTRADICTED_BY_FILE_NAME TERRITORY_NOT_STATED "
        "TERRITORY_NOT_IN_FORCE TERRITORY_NOT_A_SUBMITTER TABLE_TERRITORY_NEEDED "
        "TABLE_TERRITORY_CONTRADICTED TABLE_PERIOD_CONTRADICTED PERIOD_IN_FUTURE PERIOD_NOT_OVER "
        "PERIOD_LOCKED"
    ),
    "another signature": ("SIGNATURE_WRONG SIGNATURE_NOT_CHECKED"),
    "a sheet, row or column that is not there, or too much": (
        "SHEET_MISSING SHEET_RENAMED SHEET_EMPTY SHEET_EXTRA LINE_MISSING COLUMN_MISSING "
        "TABLE_ROW_MISSING TABLE_COLUMN_MISSING TABLE_COLUMN_AMBIGUOUS "
        "TABLE_ROW_SPECIAL TABLE_TWO_SIDE_BY_SIDE"
    ),
    "a file that cannot be read": "FILE_UNREADABLE",
    "the same report again": (
        "SUBMISSION_RETURNED_BEFORE SUBMISSION_WITHDRAWN_BEFORE FIGURES_RETURNED_BEFORE"
    ),
    "many cells at once": "SHEET_DAMAGED CONTROL_RULE_BROKEN_OFTEN FORMULAS",
    "another report": "CROSS_FORM_RULE_BROKEN",
}


def test_every_error_and_warning_is_mended_in_its_cells_or_said_not_to_be() -> None:
    messages = load_contracts().messages.by_code
    books = ("cells", "ingestion", "rules", "submissions", "tables")
    told = {
        code
        for book in books
        for code in re.findall(
            r"^([A-Z_]+):", (CONTRACTS_DIR / "messages" / f"{book}.yml").read_text(), re.MULTILINE
        )
        if messages[code].severity != "info"
    }
    by_cells = {code for code, _ in FAULTS.values()} | set(TABLE_FAULTS)
    elsewhere = {code for codes_ in NOT_IN_A_CELL.values() for code in codes_.split()}
    infos = {code for code in by_cells | elsewhere if messages[code].severity == "info"}
    assert not by_cells & elsewhere
    assert (by_cells | elsewhere) - infos == told


@pytest.mark.parametrize("fault", FAULTS)
def test_fixing_only_the_marked_cells_makes_it_pass(desk: Desk, fault: str) -> None:
    code, spoil = FAULTS[fault]
    right = sng_workbook()
    refused = desk.send(edited(right, spoil))
    assert code in codes(refused)
    fixed = desk.send(with_marked_cells_from(annotate_result(desk.services, refused, "ru"), right))
    assert fixed.verdict is Verdict.ACCEPTED
    assert fixed.findings == ()


@pytest.mark.parametrize("code", TABLE_FAULTS)
def test_fixing_only_the_marked_cells_of_a_table_makes_it_pass(counter: Counter, code: str) -> None:
    right = xlsx([*livestock(), [None, "Итого", 36, 72, 108]])
    refused = counter.submit(edited(right, TABLE_FAULTS[code]))
    assert code in codes(refused)
    content = annotate_result(counter.services, refused, "ru")
    fixed = counter.submit(with_marked_cells_from(content, right))
    assert fixed.verdict is Verdict.ACCEPTED
    assert fixed.findings == ()


def test_a_sheet_in_which_most_does_not_add_up_is_said_to_be_damaged(desk: Desk) -> None:
    form = load_contracts().forms["1-M"]
    values = np.zeros(len(form.coordinates))
    values[form.grid("R1")] = np.arange(values[form.grid("R1")].size).reshape(
        values[form.grid("R1")].shape
    )
    content = write_workbook(
        form, values, title="1-M  Кызылординская область (Свод)", description="28327;50119;1943%;__"
    )
    assert "SHEET_DAMAGED" in codes(desk.send(content, file_name="1-M.xlsx"))


def test_a_table_moved_by_an_inserted_row_is_read_and_told(desk: Desk) -> None:
    result = desk.send(edited(sng_workbook(), lambda book: book["R1"].insert_rows(3)))
    assert result.verdict is Verdict.ACCEPTED
    (moved,) = result.findings
    assert (moved.code, moved.cell, moved.expected) == ("TABLE_SHIFTED", "E8", "E7")


def test_a_unit_that_owes_no_such_form_is_told_so(desk: Desk) -> None:
    result = desk.send(sng_workbook(), territory="431000000")
    assert codes(result) == ["TERRITORY_NOT_A_SUBMITTER"]
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS


def test_several_faults_on_several_sheets_are_fixed_together(desk: Desk) -> None:
    def spoil(book: Book) -> None:
        put("R1", E7="х", E8=-1, E9=0.5, E10=None)(book)
        put("R2", E7="1 000")(book)

    right = sng_workbook()
    refused = desk.send(edited(right, spoil))
    fixed = desk.send(with_marked_cells_from(annotate_result(desk.services, refused, "kk"), right))
    assert fixed.findings == ()


def test_a_half_corrected_workbook_comes_back_with_the_marks_that_are_left(desk: Desk) -> None:
    right = sng_workbook()
    first = desk.send(edited(right, put("R1", E7="х", F9=-1)))
    half = edited(annotate_result(desk.services, first, "ru"), put("R1", E7=0))
    second = desk.send(half)
    assert codes(second) == ["NEGATIVE_FIGURE"]
    again = opened(annotate_result(desk.services, second, "kk"))
    assert list(marked(again)) == [("R1", "F9")]
    assert again["R1"]["E7"].comment is None
    assert again.sheetnames == ["Ескертулер", "R1", "R2", "R3"]
    assert again["R1"]["F9"].comment.text.count("F9") == 1


def test_the_ledger_gives_the_same_file_as_the_fresh_result(desk: Desk) -> None:
    result = desk.send(edited(sng_workbook(), put("R1", E7="х")))
    assert result.submission_id is not None
    assert annotate_submission(desk.services, result.submission_id) == annotate_result(
        desk.services, result, "ru"
    )


def test_the_list_is_known_by_its_name_and_not_by_its_title(desk: Desk) -> None:
    def rename(book: Book) -> None:
        book.worksheets[0].title = "Лист с пометками"
        book.defined_names["mvd_findings"].attr_text = "'Лист с пометками'!$A$1"

    content = annotated(sng_workbook(), note("R1", "E7"))
    assert desk.send(edited(content, rename)).findings == ()


def test_a_sheet_that_merely_bears_the_title_is_an_extra_sheet(desk: Desk) -> None:
    content = edited(sng_workbook(), lambda book: book.create_sheet("Замечания").append(["x"]))
    result = desk.send(content)
    assert codes(result) == ["SHEET_EXTRA"]
    again = opened(annotate_result(desk.services, result, "ru"))
    assert again.sheetnames == ["Замечания (2)", "R1", "R2", "R3", "Замечания"]


def test_hiding_a_sheet_of_the_form_behind_the_name_of_the_list_makes_it_missing(
    desk: Desk,
) -> None:
    def hide(book: Book) -> None:
        book.defined_names["mvd_findings"] = openpyxl.workbook.defined_name.DefinedName(
            "mvd_findings", attr_text="'R2'!$A$1"
        )

    assert "SHEET_MISSING" in codes(desk.send(edited(sng_workbook(), hide)))
