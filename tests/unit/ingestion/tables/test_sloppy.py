"""Tables as departments really send them: what is read, what is asked, and nothing guessed."""

from __future__ import annotations

import pytest

from tests.unit.ingestion.table_workbooks import (
    CODES,
    DISTRICTS,
    Cell,
    Counter,
    column_of,
    csv_text,
    only,
    xlsx,
)
from warehouse.contracts import load_contracts

LIVESTOCK = ("Скотокрадство", "Привлечено лиц", "Рейды")


def livestock(names: tuple[str, ...] = DISTRICTS, **changes: Cell) -> list[list[Cell]]:
    """Form LVS-M as a bare table. `changes` such as r2c3="х": row of the unit, column, from 1."""
    rows: list[list[Cell]] = [["№ п/п", "Район", *LIVESTOCK]]
    for number, name in enumerate(names, start=1):
        figures = [changes.get(f"r{number}c{c}", number * c) for c in (1, 2, 3)]
        rows.append([number, name, *figures])
    return rows


def total(label: str) -> list[Cell]:
    return [None, label, 36, 72, 108]


def test_a_bare_table_is_known_by_its_headers_and_read(counter: Counter) -> None:
    result = counter.submit(xlsx([*livestock(), total("Итого по области")]))
    assert (result.verdict.value, result.form) == ("accepted", "LVS-M")
    figures = counter.figures(result)
    assert figures[CODES[0], 1] == 1
    assert figures[CODES[7], 3] == 24
    assert figures["430000000", 2] == 72
    assert len(figures) == 27


@pytest.mark.parametrize(
    "label", ["Барлығы", "Итого", "Облыс бойынша", "Итого по Кызылординской области", "ВСЕГО:"]
)
def test_the_row_of_the_whole_goes_by_many_names(counter: Counter, label: str) -> None:
    result = counter.submit(xlsx([*livestock(), total(label)]))
    assert counter.figures(result)["430000000", 1] == 36


def test_without_a_row_of_the_whole_the_districts_stand_alone(counter: Counter) -> None:
    figures = counter.figures(counter.submit(xlsx(livestock())))
    assert {kato for kato, _ in figures} == set(CODES)


def test_titles_blank_rows_and_signatures_are_no_rows(counter: Counter) -> None:
    rows: list[list[Cell]] = [
        ["Сведения о скотокрадстве по Кызылординской области за 5 месяцев 2026 года"],
        [],
        *livestock()[:4],
        [],
        *livestock()[4:],
        total("Барлығы"),
        [],
        [None, "Начальник УКПСиСУ", None, None, "Е. Сапаров"],
        ["01.06.26г."],
    ]
    result = counter.submit(xlsx(rows))
    assert (result.verdict.value, result.findings) == ("accepted", ())


def test_columns_of_comparison_are_left_alone(counter: Counter) -> None:
    top: list[Cell] = ["№ п/п", "Район"]
    below: list[Cell] = [None, None]
    for name in LIVESTOCK:
        top += [name, None, None, None]
        below += [2026, "2025 (АППГ)", "+/-", "%"]
    body: list[list[Cell]] = [
        [n, name, *(v for c in (1, 2, 3) for v in (n * c, 900, n * c - 900, "-99%"))]
        for n, name in enumerate(DISTRICTS, start=1)
    ]
    result = counter.submit(xlsx([top, below, *body]))
    assert result.verdict.value == "accepted"
    assert counter.figures(result)[CODES[1], 3] == 6
    assert only(result, "TABLE_COLUMNS_SKIPPED").params["count"] == 9


def test_two_languages_in_a_header_and_in_a_name(counter: Counter) -> None:
    rows = livestock()
    rows[0] = [
        "№",
        "Аудан / Район",
        "Скотокрадство\nМал ұрлығы",
        "Привлечено лиц",
        "Рейдтер\nРейды",
    ]
    rows[2][1] = "Арал ауданы\nАральский район"
    assert counter.figures(counter.submit(xlsx(rows)))[CODES[1], 1] == 2


def test_kazakh_names_of_an_old_font_and_with_lost_letters(counter: Counter) -> None:
    names = list(DISTRICTS)
    names[2] = "ЖАЛАЄАШ АУДАНЫ"  # Жалағаш, an 8-bit font read as Windows-1251
    names[3] = "Жа?а?ор?ан ауданы"  # Жаңақорған through a code page without the letters
    names[5] = "Ќармаќшы"
    result = counter.submit(xlsx(livestock(tuple(names))))
    assert counter.figures(result)[CODES[3], 1] == 4
    assert counter.figures(result)[CODES[5], 1] == 6
    restored = only(result, "TABLE_NAME_RESTORED")
    assert (restored.cell, restored.expected) == ("B5", "Жанакорганский район")


def test_codes_leave_no_doubt_whatever_the_names(counter: Counter) -> None:
    rows = livestock(CODES)
    assert counter.figures(counter.submit(xlsx(rows)))[CODES[4], 2] == 10


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("х", "PLACEHOLDER_TEXT"),
        ("-", "PLACEHOLDER_TEXT"),
        ("уточняется", "NOT_A_NUMBER"),
        ("в 2 р.", "NOT_A_NUMBER"),
    ],
)
def test_what_is_no_number_is_asked_at_its_cell(counter: Counter, text: str, code: str) -> None:
    result = counter.submit(xlsx(livestock(r3c2=text)))
    finding = only(result, code)
    assert (result.is_accepted, finding.cell, finding.found) == (False, "D4", text)
    assert finding.params["territory_kato"] == CODES[2]


def test_a_thousand_and_a_footnote_are_read_and_told(counter: Counter) -> None:
    result = counter.submit(xlsx(livestock(r1c3="12 тыс.", r2c3="40¹", r3c3="7 рейдов*")))
    assert only(result, "TABLE_UNIT_CONVERTED").expected == "12000"
    assert only(result, "TABLE_FOOTNOTE_DROPPED").expected == "40"
    assert only(result, "NOT_A_NUMBER").found == "7 рейдов*"


def test_a_row_that_is_no_district_is_asked_when_it_has_figures(counter: Counter) -> None:
    rows: list[list[Cell]] = [*livestock(), [9, "Аппарат ДП", 1, 1, 1], total("Итого")]
    assert only(counter.submit(xlsx(rows)), "TABLE_ROW_UNKNOWN").cell == "B10"


def test_a_name_that_fits_two_units_is_a_choice(counter: Counter) -> None:
    rows = livestock()
    rows[1][1] = "Кызылорда"
    finding = only(counter.submit(xlsx(rows)), "TABLE_ROW_AMBIGUOUS")
    assert finding.cell == "B2"
    assert finding.params["choices"] == "Кызылординская область / г. Кызылорда"


def test_a_misspelt_name_in_the_first_row_is_no_header(counter: Counter) -> None:
    names = ("Кзлорда", *DISTRICTS[1:])
    result = counter.submit(xlsx(livestock(names, r1c1=1500)))
    assert only(result, "TABLE_ROW_UNKNOWN").cell == "B2"
    assert [f.code for f in result.findings] == ["TABLE_ROW_UNKNOWN", "TABLE_ROW_MISSING"]


def test_a_district_twice_and_a_district_missing(counter: Counter) -> None:
    names = (*DISTRICTS[:7], "Аральский район")
    result = counter.submit(xlsx(livestock(names)))
    assert only(result, "TABLE_ROW_REPEATED").params["first"] == "B3"
    assert only(result, "TABLE_ROW_MISSING").params["name"] == "Шиелийский район"


def test_a_column_twice_is_a_choice_and_a_column_missing_is_told(counter: Counter) -> None:
    rows = livestock()
    rows[0] = ["№", "Район", "Скотокрадство", "Скотокрадство", "Рейды"]
    result = counter.submit(xlsx(rows), form="LVS-M")
    repeated = only(result, "TABLE_COLUMN_REPEATED")
    assert (repeated.cell, repeated.params["first"]) == ("D1", "C1")
    assert only(result, "TABLE_COLUMN_MISSING").column == 2


def test_a_header_with_words_of_something_else_is_not_taken(counter: Counter) -> None:
    rows = livestock()
    rows[0][4] = "Рейды по базарам"
    result = counter.submit(xlsx(rows))
    assert only(result, "TABLE_COLUMN_UNKNOWN").found == "Рейды по базарам"
    assert only(result, "TABLE_COLUMN_MISSING").column == 3


def test_a_column_of_the_month_alone_does_not_stand_for_the_year(counter: Counter) -> None:
    rows = livestock()
    rows[0][4] = "Рейды за май 2026"
    finding = only(counter.submit(xlsx(rows)), "TABLE_MONTH_ONLY")
    assert (finding.cell, finding.column) == ("E1", 3)


def test_subtotals_of_districts_are_not_the_whole(counter: Counter) -> None:
    rows: list[list[Cell]] = [
        *livestock(),
        [None, "Итого по районам", 35, 70, 105],
        total("Всего по области"),
    ]
    result = counter.submit(xlsx(rows))
    assert counter.figures(result)["430000000", 1] == 36
    assert only(result, "TABLE_SUBTOTAL_SKIPPED").found == "Итого по районам"


def test_a_whole_that_is_not_the_sum_is_a_warning_at_its_cell(counter: Counter) -> None:
    rows: list[list[Cell]] = [*livestock(), [None, "Итого", 37, 72, 108]]
    result = counter.submit(xlsx(rows))
    assert result.verdict.value == "accepted_with_warnings"
    finding = only(result, "CONTROL_RULE_BROKEN")
    assert (finding.rule_id, finding.cell) == ("LVS-M-WHOLE", "C10")
    assert (finding.found, finding.expected) == ("37", "36")


def drugs(header_of_seized: str, seized: Cell) -> list[list[Cell]]:
    form = load_contracts().forms["DRG-M"]
    columns = form.sections[0].columns
    number = column_of("DRG-M", "DRG_SEIZED")
    other = column_of("DRG-M", "DRG_SEIZED__OTHER")
    headers = [g.name.ru if g.number != number else header_of_seized for g in columns]
    rows: list[list[Cell]] = [["Код КАТО", *headers]]
    for index, code in enumerate(CODES):
        figures: list[Cell] = [0] * len(columns)
        if index == 0:
            figures[number - 1], figures[other - 1] = seized, 1800
        rows.append([code, *figures])
    return rows


@pytest.mark.parametrize("text", ["1,8 т", "1,8т", "1 800 кг", "1800"])
def test_tonnes_in_a_column_of_kilograms_are_converted(counter: Counter, text: str) -> None:
    result = counter.submit(xlsx(drugs("Изъято наркотиков, всего", text)))
    assert result.is_accepted
    assert counter.figures(result)[CODES[0], column_of("DRG-M", "DRG_SEIZED")] == 1800


def test_a_header_may_name_another_unit_for_its_column(counter: Counter) -> None:
    result = counter.submit(xlsx(drugs("Изъято наркотиков (тонн)", 1.8)))
    assert counter.figures(result)[CODES[0], column_of("DRG-M", "DRG_SEIZED")] == 1800
    assert only(result, "TABLE_COLUMN_CONVERTED").found == "тонн"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1251", "utf-16"])
def test_a_csv_is_read_in_any_usual_encoding(counter: Counter, encoding: str) -> None:
    content = csv_text(drugs("Изъято наркотиков, всего", 1800.0), encoding)
    result = counter.submit(content, file_name="drg.csv")
    assert (result.verdict.value, result.findings) == ("accepted", ())
    assert counter.figures(result)[CODES[0], column_of("DRG-M", "DRG_SEIZED")] == 1800


def test_a_comma_before_three_digits_is_a_fraction_only_where_commas_are_decimal(
    counter: Counter,
) -> None:
    rows = drugs("Изъято наркотиков, всего", "1800,125")
    rows[1][column_of("DRG-M", "DRG_SEIZED__OTHER")] = "1,800"
    csv_result = counter.submit(csv_text(rows, "cp1251"), file_name="drg.csv")
    number = column_of("DRG-M", "DRG_SEIZED__OTHER")
    cells = [f for f in csv_result.findings if f.code == "AMBIGUOUS_NUMBER"]
    assert cells == []
    assert only(counter.submit(xlsx(rows)), "AMBIGUOUS_NUMBER").column == number


def test_a_table_of_no_form_says_which_forms_there_are(counter: Counter) -> None:
    rows: list[list[Cell]] = [["Район", "Погода", "Осадки"]]
    rows += [[name, 1, 2] for name in DISTRICTS]
    finding = only(counter.submit(csv_text(rows, "utf-8"), file_name="x.csv"), "TABLE_FORM_UNKNOWN")
    assert "LVS-M" in finding.params["forms"]


def test_a_table_of_another_oblast_names_none_of_our_districts(counter: Counter) -> None:
    names = tuple(f"Выдуманский район {n}" for n in range(8))
    result = counter.submit(xlsx(livestock(names)), form="LVS-M")
    assert only(result, "TABLE_ROWS_NOT_FOUND").sheet == "Лист1"


def beside(left: list[list[Cell]], right: list[list[Cell]]) -> list[list[Cell]]:
    return [[*a, None, *b] for a, b in zip(left, right, strict=True)]


def test_two_tables_side_by_side_with_other_districts_in_a_row_are_a_choice(
    counter: Counter,
) -> None:
    names = tuple(reversed(DISTRICTS))
    right = [row[1:] for row in livestock(names)]
    right[0] = ["Район", "Уголовных дел", "Защитных предписаний", "Арестовано нарушителей"]
    result = counter.submit(xlsx(beside(livestock(), right)), form="LVS-M")
    finding = only(result, "TABLE_TWO_SIDE_BY_SIDE")
    assert not result.is_accepted
    assert (finding.params["first"], finding.params["second"]) == ("B2", "G2")


def test_names_repeated_in_their_own_rows_do_no_harm(counter: Counter) -> None:
    rows = [[*row, row[1]] for row in livestock()]
    result = counter.submit(xlsx(rows))
    assert result.is_accepted
    assert counter.figures(result)[CODES[7], 3] == 24


def test_baikonur_is_a_known_territory_without_a_row(counter: Counter) -> None:
    rows: list[list[Cell]] = [*livestock(), [9, "г. Байконыр", 5, 5, 5]]
    result = counter.submit(xlsx(rows))
    assert only(result, "TABLE_ROW_SPECIAL").cell == "B10"
    assert result.verdict.value == "accepted_with_warnings"
    assert {kato for kato, _ in counter.figures(result)} == set(CODES)
