"""Downloads: values without markup, as Excel reads them, and nothing that runs as a formula."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.cells.shows import shown
from dashboards.cells.words import marked_change
from dashboards.names import LANGUAGES
from dashboards.pages.downloads import as_csv, as_workbook, marked, plain

PASSPORT = (
    '<a href="https://portal.example/dictionary/indicators/CRM_TOTAL" target="_blank">паспорт</a>'
)
DRAWING = '<div class="mvd-interval"><span class="mvd-band mvd-at3 mvd-long9"></span></div>'
TILE = (
    '<div class="mvd-tile"><b>42\u00a0105</b> <span class="mvd-bad">+11,1\u00a0%</span>'
    "<small>АППГ: 37\u00a0894</small></div>"
)


def lines(*values: str) -> list[str]:
    return as_csv(pd.DataFrame({"значение": list(values)})).splitlines()[1:]


def cells(*values: object) -> list[object]:
    content = io.BytesIO(as_workbook(pd.DataFrame({"значение": list(values)})))
    sheet = openpyxl.load_workbook(content).active
    return [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_a_link_becomes_its_address_and_a_tile_its_words() -> None:
    shown = plain(pd.DataFrame({"паспорт": [PASSPORT], "плитка": [TILE]}))
    assert shown.iloc[0].tolist() == [
        "https://portal.example/dictionary/indicators/CRM_TOTAL",
        "42\u00a0105; +11,1\u00a0%; АППГ: 37\u00a0894",
    ]


def test_a_mark_in_colour_becomes_the_mark() -> None:
    assert lines('<span class="mvd-bad">✗</span>') == ["✗"]


def test_a_mark_of_an_older_month_keeps_the_month_and_loses_the_markup() -> None:
    parts = {"expected": 3, "accepted": 0, "received": 1, "late": 0, "older_month": "2026-02"}
    assert lines(shown(json.dumps(parts), {"as": "sent", "in": "ru"})) == ["↩ (2026-02)"]


def test_a_column_of_drawings_is_left_out_and_the_interval_in_numbers_stays() -> None:
    frame = pd.DataFrame({"интервал": ["1,0 – 2,0", "—"], "рисунок": [DRAWING, ""]})
    assert list(plain(frame).columns) == ["интервал"]


def test_a_comparison_in_a_text_is_no_markup() -> None:
    assert lines("строка 3 < строки 4, а 5 > 4") == ["строка 3 < строки 4, а 5 > 4"]


def test_csv_has_semicolons_and_numbers_without_marks_of_thousands() -> None:
    frame = pd.DataFrame({"Область": ["Қызылорда; облысы"], "С начала года": ["42\u00a0105,5"]})
    frame["σ"] = [2.25]
    assert as_csv(frame).splitlines() == [
        "Область;С начала года;σ",
        '"Қызылорда; облысы";42105,5;2,25',
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("42\u00a0105", 42105),
        ("5\u00a0126,7", 5126.7),
        ("-7", -7),
        ("-0,3\u00a0%", -0.003),
        ("+11,1\u00a0%", 0.111),
        ("12 %", 0.12),
        ("нет данных", "нет данных"),
        ("скрыто", "скрыто"),
        ("в 2,4 раза", "в 2,4 раза"),
        ("000000000", "000000000"),
        ("430000000", "430000000"),
        ("2025-03", "2025-03"),
        ("1-М", "1-М"),
        ("=1+1", "=1+1"),
    ],
)
def test_a_workbook_holds_numbers_where_the_screen_shows_them(text: str, number: object) -> None:
    assert cells(text) == [number]


def test_a_text_is_never_a_formula_of_the_workbook() -> None:
    content = io.BytesIO(as_workbook(pd.DataFrame({"a": ["=1+1", "+cmd|' /C calc'!A0"]})))
    sheet = openpyxl.load_workbook(content).active
    assert {row[0].data_type for row in sheet.iter_rows(min_row=2)} == {"s"}


@pytest.mark.parametrize(
    "text", ["+11,1\u00a0%", "-7", "+5,0\u00a0%; с 2021 года считают иначе", "%"]
)
def test_a_text_of_a_number_is_not_quoted(text: str) -> None:
    assert not lines(text)[0].startswith("'")


@pytest.mark.parametrize("break_from", [None, "2024-01-01"])
@pytest.mark.parametrize("code", ["difference", "points", "percent"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_is_not_quoted(language: str, code: str, break_from: str | None) -> None:
    change = marked_change(language, code=code, value=-0.9, break_from=break_from)
    (row,) = csv.reader(lines(change), delimiter=";")
    assert row[0].startswith("-0,9")


@given(st.text(alphabet="=+-@|%\t 019,cmd!()'\"/", min_size=1))
def test_what_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    _, (cell,) = csv.reader(io.StringIO(as_csv(pd.DataFrame({"a": [text]}))), delimiter=";")
    start = cell.lstrip(" ")[:1]
    assert start not in {"=", "@", "|", "\t"}
    if start in {"+", "-"}:
        assert not set(cell) & set("=@|!()'\"/cmd")


def test_a_letters_table_keeps_its_commas() -> None:
    frame = pd.DataFrame({"a": ["42\u00a0105"], "b": [PASSPORT]})
    assert as_csv(frame, to_be_read=True).splitlines() == [
        "a,b",
        "42\u00a0105,https://portal.example/dictionary/indicators/CRM_TOTAL",
    ]


def test_every_row_of_a_download_says_that_its_figures_are_made_up() -> None:
    frame = pd.DataFrame({"A": [1, 2]})
    text = as_csv(marked(frame, is_demonstration=True))
    head, *rows = text.splitlines()
    assert head == "A;Демонстрационные данные · Демонстрациялық деректер"
    assert rows == ["1;да · иә", "2;да · иә"]
    assert as_csv(marked(frame, is_demonstration=False)) == as_csv(frame)
