"""The annotated workbook: fixing what is marked makes it pass, and nothing else has changed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from copy import copy
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.workbook import Workbook as Book
from openpyxl.worksheet.worksheet import Worksheet as Sheet

from ingestion.annotate.answer import Subject, annotate, annotate_result, annotate_submission
from ingestion.annotate.package import detach, plain_text
from ingestion.annotate.styles import FILLS
from ingestion.annotate.worksheet import Worksheet, address_of, place_of, places_in
from ingestion.documents.official import write_workbook
from tests.shared_data import official_forms
from tests.unit.ingestion.conftest import Change, Desk, codes, edited, sng_workbook
from tests.unit.ingestion.table_workbooks import Counter, xlsx
from tests.unit.ingestion.tables.test_sloppy import livestock
from warehouse.contracts import CONTRACTS_DIR, load_contracts
from warehouse.core.errors import UserError
from warehouse.core.texts import Language
from warehouse.ledger import Finding, Verdict

pytestmark = pytest.mark.slow

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
        "FORM_MISMATCH FORM_NOT_IN_FORCE TERRITORY_UNKNOWN TERRITORY_CONTRADICTED_BY_CODE "
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


def test_everything_but_the_marks_stays_as_it_was() -> None:
    original = sng_workbook()
    before, after = parts(original), parts(annotated(original, note("R1", "E7")))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    }
    assert set(after) - set(before) == {
        "xl/worksheets/sheet4.xml",
        "xl/worksheets/_rels/sheet1.xml.rels",
        "xl/comments1.xml",
        "xl/drawings/vmlDrawing1.vml",
    }
    lost = etree.fromstring(after["xl/worksheets/sheet1.xml"])
    detach(next(lost.iter("{*}legacyDrawing")))
    (cell,) = lost.iterfind(".//{*}c[@r='E7']")
    (old,) = etree.fromstring(before["xl/worksheets/sheet1.xml"]).iterfind(".//{*}c[@r='E7']")
    cell.set("s", old.get("s", ""))
    as_it_was = etree.fromstring(before["xl/worksheets/sheet1.xml"])
    assert etree.tostring(lost, method="c14n") == etree.tostring(as_it_was, method="c14n")


def test_the_mark_keeps_the_format_of_the_cell() -> None:
    original = sng_workbook()
    before = opened(original)["R1"]["E7"]
    after = opened(annotated(original, note("R1", "E7")))["R1"]["E7"]
    for looks in ("font", "border", "alignment", "number_format", "protection"):
        assert copy(getattr(after, looks)) == copy(getattr(before, looks))
    assert after.fill.fgColor.rgb == FILLS["error"]


def test_the_worst_finding_gives_the_cell_its_colour_and_the_note_tells_all() -> None:
    findings = (note("R1", "E7", "FORMULAS"), note("R1", "E7", "NEGATIVE_FIGURE"))
    cell = opened(annotated(sng_workbook(), *findings, language="en"))["R1"]["E7"]
    assert cell.fill.fgColor.rgb == FILLS["error"]
    first, second = cell.comment.text.split("\n\n")
    assert first.splitlines()[1].startswith("ERROR. ")
    assert second.startswith("WARNING. ")


def test_a_finding_that_names_a_range_marks_each_of_its_cells() -> None:
    content = annotated(sng_workbook(), note("R1", "E7", cells=["E7:E9", "H7"]))
    assert list(marked(opened(content))) == [("R1", a) for a in ("E7", "H7", "E8", "E9")]


def test_of_merged_cells_the_one_that_is_seen_is_marked() -> None:
    original = edited(sng_workbook(), lambda book: book["R1"].merge_cells("F9:G10"))
    content = annotated(original, note("R1", "G10"))
    assert list(marked(opened(content))) == [("R1", "F9")]


def test_protection_formulas_widths_and_notes_of_others_stay() -> None:
    def furnish(book: Book) -> None:
        sheet = book["R1"]
        sheet.protection.enable()
        sheet.protection.password = "x"
        sheet.column_dimensions["F"].width = 33
        sheet["F20"] = "=SUM(F7:F9)"
        sheet["E7"].comment = Comment("Проверено", "Бухгалтер")
        sheet["E8"].comment = Comment("Уточнить", "Бухгалтер")
        sheet["E9"].fill = PatternFill("solid", fgColor="FF00FF00")

    original = edited(sng_workbook(), furnish)
    content = annotated(original, note("R1", "E7"), note("R1", "F7"), note("R1", "E9"))
    sheet = opened(content)["R1"]
    assert sheet.protection.sheet
    assert sheet.protection.password == opened(original)["R1"].protection.password
    assert sheet.column_dimensions["F"].width == 33
    assert sheet["F20"].value == "=SUM(F7:F9)"
    assert sheet["E7"].comment.text.startswith("Проверено\n")
    assert "ОШИБКА" in sheet["E7"].comment.text
    assert sheet["E8"].comment.text == "Уточнить"
    assert "ОШИБКА" in sheet["F7"].comment.text
    clean = opened(annotated(content))["R1"]
    assert clean["E7"].comment.text == "Проверено"
    assert clean["F7"].comment is None
    assert marked(opened(annotated(content))) == {}


def test_marks_are_found_again_when_a_program_has_forgotten_who_wrote_the_notes() -> None:
    def forget(book: Book) -> None:
        for row in book["R1"].iter_rows():
            for cell in row:
                if cell.comment:
                    cell.comment = Comment(cell.comment.text, "")

    original = edited(sng_workbook(), lambda book: put_note(book, "E7", "Проверено"))
    content = annotated(original, note("R1", "E7"), note("R1", "F7"))
    clean = opened(annotated(edited(content, forget), language="kk"))["R1"]
    assert clean["E7"].comment.text == "Проверено"
    assert clean["F7"].comment is None


def put_note(book: Book, address: str, text: str) -> None:
    book["R1"][address].comment = Comment(text, "Бухгалтер")


def test_the_list_is_worst_first_with_links_to_the_cells() -> None:
    findings = (
        note("R1", "E8", "FORMULAS"),
        note("R2", "E7", "NEGATIVE_FIGURE", found="-3", expected="0"),
        note("R9", None, "SHEET_MISSING"),
    )
    sheet = opened(annotated(sng_workbook(), *findings)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(place for place, row in enumerate(rows) if row[0] == "№")
    listed = rows[header + 1 :]
    assert [(row[1], row[2], row[3]) for row in listed] == [
        ("Ошибка", "R9", None),
        ("Ошибка", "R2", "E7"),
        ("Предупреждение", "R1", "E8"),
    ]
    assert listed[1][4:6] == ["-3", "0"]
    second = header + 3
    assert links(sheet) == {
        f"C{second}": "'R2'!E7",
        f"D{second}": "'R2'!E7",
        f"C{second + 1}": "'R1'!E8",
        f"D{second + 1}": "'R1'!E8",
    }
    assert "Кызылординская" in rows[0][0]
    assert rows[1][0] == "Отчёт не принят. Ошибок: 2, предупреждений: 1, пояснений: 0."
    assert "10.01.2023 11:00" in rows[2][0]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_no_text_of_a_file_becomes_a_formula(text: str) -> None:
    content = annotated(sng_workbook(), note("R1", "E7", found=text, expected=text))
    summary = parts(content)["xl/worksheets/sheet4.xml"]
    assert b"<f>" not in summary
    assert b"<f " not in summary
    sheet = opened(content).worksheets[0]
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
    assert len(found) == 2
    assert all(cell.quotePrefix for cell in found)


def test_sheet_names_and_texts_cannot_break_out_of_the_xml() -> None:
    name = "R1'<&>\"x"
    original = edited(sng_workbook(), lambda book: setattr(book["R3"], "title", name))
    finding = note(name, "E7", found="</t><script>\x00\x1b&\ud800")
    book = opened(annotated(original, finding))
    assert list(marked(book)) == [(name, "E7")]
    assert set(links(book.worksheets[0]).values()) == {"'R1''<&>\"x'!E7"}


@given(st.text(st.characters()))
def test_any_text_can_be_written(text: str) -> None:
    element = etree.Element("t")
    element.text = plain_text(text)
    assert etree.fromstring(etree.tostring(element)).tag == "t"


@given(st.integers(1, 1_048_576), st.integers(1, 16_384))
def test_addresses_lead_back_to_their_places(row: int, column: int) -> None:
    assert place_of(address_of((row, column))) == (row, column)


def test_a_range_that_covers_a_whole_sheet_is_no_list_of_cells() -> None:
    assert places_in("B2:C3") == [(2, 2), (2, 3), (3, 2), (3, 3)]
    with pytest.raises(ValueError, match="too large"):
        places_in("A1:XFD1048576")


def test_cells_are_made_in_their_row_in_the_right_order() -> None:
    ns = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    root = etree.fromstring(
        f'<worksheet {ns}><cols><col min="2" max="3" style="4"/></cols><sheetData>'
        '<row r="2" spans="1:2"><c r="A2"/><c r="D2" s="9"/></row>'
        '<row r="5" s="7" customFormat="1"><c r="B5"/></row></sheetData></worksheet>'
    )
    sheet = Worksheet(root)
    assert [sheet.style(place) for place in ((2, 2), (2, 4), (5, 1), (3, 1))] == [4, 9, 7, 0]
    for address in ("B2", "A5", "E3", "A1", "Z2"):
        sheet.set_style(place_of(address), 11)
    found = [cell.get("r") for cell in root.iter("{*}c")]
    assert found == ["A1", "A2", "B2", "D2", "Z2", "E3", "A5", "B5"]
    assert [row.get("r") for row in root.iter("{*}row")] == ["1", "2", "3", "5"]


def test_rows_and_cells_without_addresses_are_counted() -> None:
    def anonymous(xml: str) -> str:
        return re.sub(r'<(row|c) r="[A-Z]*\d+"', r"<\1", xml)

    original = repacked(sng_workbook(), sheet3=anonymous)
    sheet = etree.fromstring(parts(original)["xl/worksheets/sheet3.xml"])
    assert all(cell.get("r") is None for cell in sheet.iter("{*}c"))
    rows = list(sheet.iter("{*}row"))
    content = annotated(original, note("R3", "A1"))
    after = etree.fromstring(parts(content)["xl/worksheets/sheet3.xml"])
    assert len(list(after.iter("{*}row"))) == len(rows)
    first = next(after.iter("{*}c"))
    assert first.get("s") != next(sheet.iter("{*}c")).get("s", "0")


def test_what_is_not_safe_to_open_is_not_given_back() -> None:
    for content in (b"", b"PK\x03\x04 not really", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        with pytest.raises(UserError) as refusal:
            annotated(content)
        assert refusal.value.code == "ANNOTATION_IMPOSSIBLE"


def test_entities_are_refused() -> None:
    def declare(xml: str) -> str:
        return xml.replace("<worksheet", '<!DOCTYPE x [<!ENTITY e "y">]><worksheet', 1)

    with pytest.raises(UserError):
        annotated(repacked(sng_workbook(), sheet1=declare), note("R1", "E7"))


def test_a_real_workbook_keeps_its_drawings_and_its_untouched_sheets() -> None:
    original = (official_forms() / "1-M" / "Kyzylorda Region.XLSX").read_bytes()
    content = annotated(original, note("R1", "E7"), note("PRIL6", "E9"))
    before, after = parts(original), parts(content)
    assert sum("drawings/drawing" in name for name in after) == 17
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet21.xml",
        "xl/worksheets/_rels/sheet1.xml.rels",
        "xl/worksheets/_rels/sheet21.xml.rels",
    }
    children = [
        etree.QName(e).localname for e in etree.fromstring(after["xl/worksheets/sheet21.xml"])
    ]
    assert children.index("legacyDrawing") == children.index("drawing") + 1
    names = opened(content)
    assert set(marked(names)) == {("R1", "E7"), ("PRIL6", "E9")}
    assert names["R2"].print_area == opened(original)["R2"].print_area


def test_a_real_workbook_with_marks_is_accepted_as_before(desk: Desk) -> None:
    original = (official_forms() / "1-M" / "Kyzylorda Region.XLSX").read_bytes()
    first = desk.send(original, file_name="1М_Kyzylorda.XLSX")
    content = annotate_result(desk.services, first, "ru")
    second = desk.send(content, file_name="1М_Kyzylorda.XLSX")
    assert second.is_new
    assert second.findings == first.findings
    assert second.verdict is first.verdict


def test_five_hundred_findings_in_a_real_workbook_are_all_marked() -> None:
    original = (official_forms() / "1-M" / "Kyzylorda Region.XLSX").read_bytes()
    sheets = opened_names(original)
    findings = [note(sheets[i % len(sheets)], f"{'EFGHI'[i % 5]}{7 + i // 5}") for i in range(500)]
    content = annotated(original, *findings)
    assert len(marked(opened(content))) == 500


def opened_names(content: bytes) -> list[str]:
    root = etree.fromstring(parts(content)["xl/workbook.xml"])
    return [sheet.get("name", "") for sheet in root.iter("{*}sheet")]
