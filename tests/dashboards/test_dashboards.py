"""The dashboards in a browser, on the figures of a simulated country."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

import duckdb
import openpyxl
import pytest
from playwright.sync_api import Locator, Page, Response, expect

from dashboards.compile.bundle import dashboards
from dashboards.superset.borders import drawn
from tests.dashboards.conftest import PATIENCE
from tests.dashboards.server import Person, SupersetServer
from warehouse.core.paths import Home
from warehouse.releases import catalogue

SLUGS = [dashboard["slug"] for dashboard in dashboards()]
REGION = "Кызылординская область"
KAZAKH = re.compile("(?i)[әғқңөұүһі]")
MARKUP = re.compile("<[a-z/]")
NO_DATA = "rgb(207, 211, 216)"
_IS_DRAWN = """() => {
    const places = [...document.querySelectorAll('.dashboard-component-chart-holder')];
    const seen = places.filter((place) => place.offsetParent);
    return !document.querySelector('.loading')
        && seen.some((place) => place.querySelector('.chart-container'));
}"""
_CUT = """() => [...document.querySelectorAll('[role="table"] > [role="presentation"]')]
    .filter((part) => part.offsetParent && part.scrollHeight > part.clientHeight + 1)
    .map((part) => 'rows are hidden: ' + part.innerText.slice(0, 100))"""
_DRAWN_DISTRICTS = """() => Object.fromEntries(
    [...document.querySelectorAll('.superset-legacy-chart-country-map path.region')].map((path) =>
        [path.__data__.properties.ISO, path.style.fill]))"""


@pytest.fixture(scope="module")
def figures(server: SupersetServer) -> Iterator[duckdb.DuckDBPyConnection]:
    file = catalogue.database(Home(server.home), None)
    with duckdb.connect(file, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def analyst(pages: dict[str, Page]) -> Page:
    return pages["analyst"]


@pytest.fixture(scope="module")
def regional(pages: dict[str, Page]) -> Page:
    return pages["kyzylorda"]


def _open(page: Page, server: SupersetServer, slug: str) -> None:
    page.goto(f"{server.url}/superset/dashboard/{slug}/")
    page.locator(".dashboard-component-chart-holder").first.wait_for()
    _settle(page)


def _settle(page: Page) -> None:
    """Until what is in sight is drawn, and nothing else begins to be."""
    for _ in range(2):
        page.wait_for_function(_IS_DRAWN, timeout=PATIENCE)
        page.wait_for_timeout(150)
    page.wait_for_function(_IS_DRAWN, timeout=PATIENCE)


def _complaints(page: Page) -> list[str]:
    """What charts say instead of showing something."""
    shown = page.locator(".dashboard-component-chart-holder:visible").all_inner_texts()
    wrong = re.compile(r"(?i)error|ошибка запроса|unexpected|no results|нет результатов|данных нет")
    silent = [text[:300] for text in shown if wrong.search(text) or not text.strip()]
    return [*silent, *page.evaluate(_CUT)]


def _number(figures: duckdb.DuckDBPyConnection, code: str, kato: str, month: str) -> str:
    question = (
        "select ytd_value from marts.rpt_dashboard_figures where indicator_code = ? "
        "and territory_kato = ? and period_label = ?"
    )
    row: Any = figures.execute(question, [code, kato, month]).fetchone()
    return f"{row[0]:,.0f}".replace(",", "\u00a0")


@pytest.mark.parametrize("slug", [s + ending for s in SLUGS for ending in ("", "-kk")])
def test_every_tab_of_every_dashboard_is_drawn(
    analyst: Page, server: SupersetServer, slug: str
) -> None:
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    analyst.on("response", keep)
    _open(analyst, server, slug)
    assert _complaints(analyst) == []
    tabs = analyst.locator(".dashboard-component-tabs .ant-tabs-tab")
    # The two languages differ in words alone: of Kazakh the tab that opens first is enough.
    for number in range(1, 1 if slug.endswith("-kk") else tabs.count()):
        tabs.nth(number).click()
        _settle(analyst)
        assert _complaints(analyst) == []
    analyst.remove_listener("response", keep)
    assert _not_prepared(answers) == []


def _not_prepared(answers: list[Response]) -> list[Any]:
    """Questions of an untouched dashboard that had not been asked when the release appeared."""
    asked = [answer for answer in answers if "/api/v1/chart/data" in answer.url]
    assert asked
    assert not [answer.url for answer in answers if "explore_json" in answer.url]
    return [
        answer.request.post_data
        for answer in asked
        if not all(result["is_cached"] for result in answer.json()["result"])
    ]


def test_every_chart_is_downloaded_as_plain_values(people: dict[str, Person]) -> None:
    person = people["analyst"]
    charts = _charts(person)
    assert len(charts) > 100
    for number, name in charts.items():
        # The two languages differ in words alone: one of them is enough for workbooks.
        for file_format in ("csv",) if KAZAKH.search(name) else ("csv", "xlsx"):
            answer = person.web.get(f"/api/v1/chart/{number}/data/?format={file_format}")
            assert answer.status_code == 200, f"{name}: {answer.text}"
            shown = _content(answer.content, file_format)
            assert len(shown) > 1, name
            assert not [text for row in shown for text in row if MARKUP.search(text)], name


def _charts(person: Person) -> dict[int, str]:
    found: dict[int, str] = {}
    while True:
        page = len(found) // 100
        answer = person.web.get(f"/api/v1/chart/?q=(page:{page},page_size:100)").json()
        found |= {chart["id"]: chart["slice_name"] for chart in answer["result"]}
        if len(found) >= answer["count"]:
            return found


def _content(content: bytes, file_format: str) -> list[list[str]]:
    if file_format == "csv":
        assert content.startswith(BOM_UTF8)
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    return [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def test_the_figures_on_the_screen_are_those_of_the_release(
    analyst: Page, server: SupersetServer, figures: duckdb.DuckDBPyConnection
) -> None:
    _open(analyst, server, "situation")
    shown = analyst.locator(".mvd-tile b").all_inner_texts()
    codes = ["CRM_TOTAL", "TRF_DTP", "TRF_DEATHS", "DRG_OFF"]
    assert shown[:4] == [_number(figures, code, "000000000", "2025-03") for code in codes]
    header = analyst.locator(".dashboard-component-chart-holder").first
    expect(header).to_contain_text(str(catalogue.current(Home(server.home))))
    expect(header).to_contain_text("20 из 20")


def test_a_click_on_the_map_shows_the_region_and_a_second_one_the_country(
    analyst: Page, server: SupersetServer, figures: duckdb.DuckDBPyConnection
) -> None:
    _open(analyst, server, "situation")
    shape = analyst.locator(".superset-legacy-chart-country-map path.region").nth(10)
    tile = analyst.locator(".mvd-tile b").first
    country = _number(figures, "CRM_TOTAL", "000000000", "2025-03")
    expect(tile).to_have_text(country, timeout=PATIENCE)
    shape.dispatch_event("click")
    region = _number(figures, "CRM_TOTAL", "430000000", "2025-03")
    expect(tile).to_have_text(region, timeout=PATIENCE)
    _settle(analyst)
    analyst.locator(".superset-legacy-chart-country-map path.region").nth(10).dispatch_event(
        "click"
    )
    expect(tile).to_have_text(country, timeout=PATIENCE)


def test_a_region_and_a_month_are_chosen_from_the_filters(
    analyst: Page, server: SupersetServer, figures: duckdb.DuckDBPyConnection
) -> None:
    _open(analyst, server, "crime")
    for position, wanted in ((0, "2025-02"), (1, REGION)):
        choice = analyst.locator("[data-test='form-item-value'] input").nth(position)
        choice.click()
        choice.fill(wanted)
        analyst.locator(f".ant-select-item-option[title='{wanted}']").first.click()
    analyst.locator("[data-test='filter-bar__apply-button']").click()
    expected = _number(figures, "CRM_TOTAL", "430000000", "2025-02")
    expect(analyst.locator(".mvd-tile b").first).to_have_text(expected, timeout=PATIENCE)
    header = analyst.locator(".dashboard-component-chart-holder").first
    expect(header).to_contain_text(REGION, timeout=PATIENCE)


def test_districts_of_the_chosen_region_alone_are_listed(
    analyst: Page, server: SupersetServer
) -> None:
    _open(analyst, server, "roads")
    choice = analyst.locator("[data-test='form-item-value'] input").nth(1)
    choice.click()
    choice.fill(REGION)
    analyst.locator(f".ant-select-item-option[title='{REGION}']").first.click()
    analyst.locator("[data-test='filter-bar__apply-button']").click()
    analyst.locator(".dashboard-component-tabs .ant-tabs-tab").nth(2).click()
    _settle(analyst)
    regions = analyst.locator("tbody tr td:first-child:visible").all_inner_texts()
    assert REGION in regions
    assert not {text for text in regions if text.endswith("область")} - {REGION}


def test_a_click_on_the_map_of_districts_shows_the_district(
    analyst: Page, server: SupersetServer, figures: duckdb.DuckDBPyConnection
) -> None:
    shapes = _map_of_districts(analyst, server, "drugs")
    tile = analyst.locator(".mvd-tile b").first
    expect(tile).to_have_text(_number(figures, "DRG_OFF", "000000000", "2025-03"), timeout=PATIENCE)
    codes = analyst.evaluate(_DRAWN_DISTRICTS)
    assert codes.keys() == drawn().keys()
    # There is a district of this name in another region too.
    shapes.nth(list(codes).index("154000000")).dispatch_event("click")
    number = _number(figures, "DRG_OFF", "154000000", "2025-03")
    expect(tile).to_have_text(number, timeout=PATIENCE)


def test_a_regional_analyst_sees_the_figures_of_the_own_districts_alone(
    regional: Page, server: SupersetServer
) -> None:
    _map_of_districts(regional, server, "drugs")
    shown = regional.evaluate(_DRAWN_DISTRICTS)
    own = {kato for kato, unit in drawn().items() if unit["parent_kato"] == "430000000"}
    coloured = {kato for kato, colour in shown.items() if colour != NO_DATA}
    assert coloured
    assert coloured <= own


def _map_of_districts(page: Page, server: SupersetServer, slug: str) -> Locator:
    _open(page, server, slug)
    page.locator(".dashboard-component-tabs .ant-tabs-tab").filter(has_text="Районы").click()
    _settle(page)
    return page.locator(".superset-legacy-chart-country-map path.region")


def test_borders_are_for_those_who_are_signed_in(
    server: SupersetServer, people: dict[str, Person]
) -> None:
    assert server.visitor().get("/maps/districts.json").status_code == 401
    answer = people["kyzylorda"].web.get("/maps/districts.json")
    assert len(answer.json()["features"]) == len(drawn())


def test_a_regional_analyst_sees_the_same_dashboards(
    regional: Page, server: SupersetServer
) -> None:
    _open(regional, server, "situation")
    assert _complaints(regional) == []
    expect(regional.locator(".mvd-tile b").first).to_be_visible()
