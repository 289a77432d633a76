"""What clerks do to a form. What can be read without doubt is read, the rest is pointed at."""

import pytest
from openpyxl.workbook import Workbook as Book

from tests.unit.ingestion.conftest import Change, Desk, codes, edited, only, sng_workbook
from warehouse.ledger import Verdict
from warehouse.storage import lake


def put(sheet: str, cell: str, value: object) -> Change:
    def change(book: Book) -> None:
        book[sheet][cell] = value

    return change


def cells(desk: Desk) -> dict[tuple[str, int, int], float]:
    """The cells in force, by section, line and column."""
    (submission,) = desk.services.ledger.submissions(in_force=True)
    assert submission.cells_path is not None
    table = lake.read_cells(desk.services.home, submission.cells_path).to_pylist()
    return {(row["section"], row["line"], row["column_number"]): row["value"] for row in table}


def test_a_faultless_form_is_accepted_without_a_remark(desk: Desk) -> None:
    result = desk.send(sng_workbook(R1_1_1=5, R1_1_6=3))
    assert result.verdict is Verdict.ACCEPTED
    assert result.findings == ()
    found = cells(desk)
    assert found["R1", 1, 1] == 5
    assert found["R1", 1, 6] == 3
    assert sum(found.values()) == 8


@pytest.mark.parametrize(
    ("text", "value"), [("1 234", 1234), ("1\u00a0234", 1234), ("1\u2009234", 1234)]
)
def test_a_number_typed_as_text_is_read_with_a_warning(desk: Desk, text: str, value: float) -> None:
    result = desk.send(sng_workbook(put("R1", "E7", text)))
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    finding = only(result, "NUMBER_AS_TEXT")
    assert (finding.sheet, finding.cell, finding.section) == ("R1", "E7", "R1")
    assert (finding.line, finding.column) == (1, 1)
    assert (finding.found, finding.expected) == (text, str(value))
    assert cells(desk)["R1", 1, 1] == value


def test_a_canonical_number_in_a_text_cell_is_read_without_a_remark(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R1", "E7", "5")))
    assert result.verdict is Verdict.ACCEPTED
    assert cells(desk)["R1", 1, 1] == 5


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-", "PLACEHOLDER_TEXT"),
        ("х", "PLACEHOLDER_TEXT"),
        ("…", "PLACEHOLDER_TEXT"),
        ("уточняется", "NOT_A_NUMBER"),
        ("12 тыс.", "NOT_A_NUMBER"),
        ("1,234", "AMBIGUOUS_NUMBER"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_its_text(
    desk: Desk, text: str, code: str
) -> None:
    result = desk.send(sng_workbook(put("R1", "F9", text)))
    assert result.verdict is Verdict.REJECTED
    assert codes(result) == [code]
    finding = only(result, code)
    assert (finding.cell, finding.line, finding.column, finding.found) == ("F9", 3, 2, text)
    assert desk.cell_files() == []


def test_a_fractional_count_is_refused_also_when_typed_with_a_comma(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R1", "E7", "12,5")))
    finding = only(result, "FRACTIONAL_FIGURE")
    assert (finding.cell, finding.found) == ("E7", "12.5")
    assert result.verdict is Verdict.REJECTED


def test_a_negative_count_is_refused(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R2", "E7", -3)))
    finding = only(result, "NEGATIVE_FIGURE")
    assert (finding.sheet, finding.cell, finding.found) == ("R2", "E7", "-3")
    assert result.verdict is Verdict.REJECTED


def test_an_empty_required_cell_is_named(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R1", "G10", None)))
    finding = only(result, "FIGURE_MISSING")
    assert (finding.cell, finding.line, finding.column) == ("G10", 4, 3)
    assert result.verdict is Verdict.REJECTED


def test_several_empty_cells_of_a_line_are_one_finding(desk: Desk) -> None:
    def clear(book: Book) -> None:
        for column in "EFG":
            book["R1"][f"{column}10"] = None

    finding = only(desk.send(sng_workbook(clear)), "LINE_INCOMPLETE")
    assert (finding.line, finding.cell) == (4, "E10")
    assert finding.params["columns"] == [1, 2, 3]


def test_an_empty_column_is_one_finding_not_one_per_line(desk: Desk) -> None:
    def clear(book: Book) -> None:
        for row in range(7, 39):
            book["R1"].cell(row, 7).value = None

    result = desk.send(sng_workbook(clear))
    assert codes(result) == ["COLUMN_BLANK"]
    assert only(result, "COLUMN_BLANK").column == 3


def test_all_faults_are_told_in_one_pass(desk: Desk) -> None:
    def spoil(book: Book) -> None:
        book["R1"]["E7"] = "х"
        book["R1"]["E8"] = -1
        book["R1"]["E9"] = 0.5
        book["R1"]["E10"] = None
        book["R2"]["E7"] = "1 000"

    assert {
        "PLACEHOLDER_TEXT",
        "NEGATIVE_FIGURE",
        "FRACTIONAL_FIGURE",
        "FIGURE_MISSING",
        "NUMBER_AS_TEXT",
    } <= set(codes(desk.send(sng_workbook(spoil))))


def test_a_formula_without_a_computed_value_is_named(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R1", "E7", "=1+1")))
    finding = only(result, "FORMULA_WITHOUT_VALUE")
    assert (finding.sheet, finding.cell) == ("R1", "E7")
    assert result.verdict is Verdict.REJECTED


def test_a_formula_with_a_computed_value_is_read_with_a_warning(desk: Desk) -> None:
    import zipfile
    from io import BytesIO

    content = sng_workbook(put("R1", "E7", "=1+1"))
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            data = source.read(name).replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
            data = data.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
            data = data.replace(b"<f>1+1</f><v/>", b"<f>1+1</f><v>2</v>")
            target.writestr(name, data)
    result = desk.send(buffer.getvalue())
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    assert only(result, "FORMULAS").cell == "E7"
    assert cells(desk)["R1", 1, 1] == 2


def test_a_missing_sheet_is_named(desk: Desk) -> None:
    result = desk.send(sng_workbook(lambda book: book.remove(book["R2"])))
    finding = only(result, "SHEET_MISSING")
    assert (finding.section, finding.expected) == ("R2", "R2")
    assert result.verdict is Verdict.REJECTED


def test_a_renamed_sheet_is_recognised_by_its_content(desk: Desk) -> None:
    def rename(book: Book) -> None:
        book["R1"].title = "Лист1"

    result = desk.send(edited(sng_workbook(R1_1_1=7), rename))
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    assert only(result, "SHEET_RENAMED").found == "Лист1"
    assert cells(desk)["R1", 1, 1] == 7


def test_an_extra_sheet_is_told_and_not_read(desk: Desk) -> None:
    result = desk.send(sng_workbook(lambda book: book.create_sheet("Черновик").append([1, 2])))
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    assert only(result, "SHEET_EXTRA").sheet == "Черновик"


def test_a_copy_of_a_sheet_does_not_stand_in_for_a_missing_one(desk: Desk) -> None:
    def replace_by_copy(book: Book) -> None:
        book.remove(book["R2"])
        book.copy_worksheet(book["R1"]).title = "R1 (2)"

    result = desk.send(sng_workbook(replace_by_copy))
    assert only(result, "SHEET_MISSING").section == "R2"
    assert only(result, "SHEET_EXTRA").sheet == "R1 (2)"


def test_sheets_in_another_order_are_the_same_form(desk: Desk) -> None:
    def reverse(book: Book) -> None:
        book.move_sheet("R1", offset=2)

    assert desk.send(sng_workbook(reverse)).verdict is Verdict.ACCEPTED


def test_rows_and_columns_inserted_before_the_table_change_nothing(desk: Desk) -> None:
    def shift(book: Book) -> None:
        book["R2"].insert_rows(1, 3)
        book["R2"].insert_cols(1, 2)

    result = desk.send(edited(sng_workbook(R2_2_1=4), shift))
    assert result.is_accepted
    assert cells(desk)["R2", 2, 1] == 4


def test_the_address_counts_inserted_columns(desk: Desk) -> None:
    def shift(book: Book) -> None:
        book["R2"].unmerge_cells  # noqa: B018
        book["R2"].insert_cols(1, 2)
        book["R2"]["G7"] = "х"

    assert only(desk.send(sng_workbook(shift)), "PLACEHOLDER_TEXT").cell == "G7"


def test_a_deleted_line_is_named(desk: Desk) -> None:
    result = desk.send(sng_workbook(lambda book: book["R1"].delete_rows(11)))
    finding = only(result, "LINE_MISSING")
    assert (finding.section, finding.line) == ("R1", 5)


def test_a_repeated_line_is_named_with_both_places(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R1", "D39", 5)))
    finding = only(result, "LINE_REPEATED")
    assert (finding.line, finding.cell, finding.params["first"]) == (5, "D39", "D11")
    assert result.verdict is Verdict.REJECTED


def test_an_unknown_line_code_is_named(desk: Desk) -> None:
    result = desk.send(sng_workbook(put("R1", "D39", 99)))
    assert only(result, "LINE_UNKNOWN").cell == "D39"


def test_a_deleted_column_is_named(desk: Desk) -> None:
    def delete(book: Book) -> None:
        for merged in list(book["R1"].merged_cells.ranges):
            book["R1"].unmerge_cells(str(merged))
        book["R1"].delete_cols(7)

    finding = only(desk.send(sng_workbook(delete)), "COLUMN_MISSING")
    assert (finding.section, finding.column) == ("R1", 3)


def test_labels_shifted_against_their_codes_are_refused(desk: Desk) -> None:
    def shift_labels(book: Book) -> None:
        sheet = book["R1"]
        for merged in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(merged))
        labels = [[sheet.cell(row, c).value for c in (1, 2, 3)] for row in range(7, 39)]
        for row, label in zip(range(8, 39), labels, strict=False):
            for column, text in zip((1, 2, 3), label, strict=True):
                sheet.cell(row, column).value = text

    result = desk.send(sng_workbook(shift_labels))
    assert "LINE_LABEL_MOVED" in codes(result)
    assert result.verdict is Verdict.REJECTED


def test_swapped_headers_are_refused(desk: Desk) -> None:
    def swap(book: Book) -> None:
        sheet = book["R1"]
        sheet["E5"].value, sheet["G5"].value = sheet["G5"].value, sheet["E5"].value

    finding_codes = codes(desk.send(sng_workbook(swap)))
    assert finding_codes.count("COLUMN_HEADER_MOVED") == 2


def test_a_sheet_without_column_numbers_is_told(desk: Desk) -> None:
    result = desk.send(sng_workbook(lambda book: book["R1"].delete_rows(6)))
    assert only(result, "TABLE_NOT_FOUND").section == "R1"


def test_another_workbook_is_not_taken_for_a_form(desk: Desk) -> None:
    def empty(book: Book) -> None:
        for name in ("R1", "R2", "R3"):
            book.remove(book[name])
        book.create_sheet("R1").append(["Список сотрудников", 1, 2, 3])

    result = desk.send(sng_workbook(empty))
    assert codes(result)[0] == "FORM_UNKNOWN"


def test_an_announced_form_must_be_the_one_in_the_file(desk: Desk) -> None:
    finding = only(desk.send(sng_workbook(), form="1-M"), "FORM_MISMATCH")
    assert (finding.found, finding.expected) == ("SNG-1", "1-M")


def test_the_report_of_another_region_is_refused_by_code_and_by_title(desk: Desk) -> None:
    result = desk.send(sng_workbook(), territory="470000000")
    assert {"TERRITORY_CONTRADICTED_BY_CODE", "TERRITORY_CONTRADICTED_BY_TITLE"} <= set(
        codes(result)
    )
    assert result.verdict is Verdict.REJECTED


def test_a_file_name_of_another_region_is_refused(desk: Desk) -> None:
    result = desk.send(sng_workbook(), file_name="Павлодарская область.xlsx")
    assert codes(result) == ["TERRITORY_CONTRADICTED_BY_FILE_NAME"]


def test_a_document_that_names_no_territory_is_accepted_with_a_warning(desk: Desk) -> None:
    def anonymous(book: Book) -> None:
        book.properties.title, book.properties.description = "Отчёт", ""

    result = desk.send(sng_workbook(anonymous))
    assert codes(result) == ["TERRITORY_NOT_STATED"]
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS


def test_a_period_in_the_future_is_refused(desk: Desk) -> None:
    result = desk.send(sng_workbook(), period="2023-02")
    assert "PERIOD_IN_FUTURE" in codes(result)
    assert result.verdict is Verdict.REJECTED


def test_a_control_rule_of_the_form_leads_to_the_cell(desk: Desk) -> None:
    result = desk.send(sng_workbook(R1_3_1=5))
    broken = [finding for finding in result.findings if finding.rule_id]
    assert broken
    assert all(finding.cell and finding.params["left"] for finding in broken)
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS
