"""The annotated workbook: fixing what is marked makes it pass, and nothing else has changed."""

from __future__ import annotations

import re
from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.workbook import Workbook as Book

from ingestion.annotate.answer import annotate_result
from ingestion.annotate.package import detach, plain_text
from ingestion.annotate.styles import FILLS
from ingestion.annotate.worksheet import Worksheet, address_of, place_of, places_in
from tests.shared_data import official_forms
from tests.unit.ingestion.annotate.workbooks import (
    annotated,
    links,
    marked,
    note,
    opened,
    opened_names,
    parts,
    repacked,
)
from tests.unit.ingestion.conftest import Desk, edited, sng_workbook
from warehouse.core.errors import UserError

pytestmark = pytest.mark.slow


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
    assert set(marked(opened(content))) == {("R1", "E7"), ("PRIL6", "E9")}
    assert {"R2", "PRIL6"} <= set(print_areas(original))
    assert print_areas(content) == print_areas(original)


def print_areas(content: bytes) -> dict[str, str]:
    """What is printed of each sheet, by its title."""
    titles = opened_names(content)
    names = etree.fromstring(parts(content)["xl/workbook.xml"]).iter("{*}definedName")
    return {
        titles[int(name.get("localSheetId", ""))]: str(name.text)
        for name in names
        if name.get("name") == "_xlnm.Print_Area"
    }


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
