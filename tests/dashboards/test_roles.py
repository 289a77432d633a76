"""What each role meets in the browser, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dashboards.conftest import PATIENCE
from tests.dashboards.server import Person, SupersetServer

MENU = ".main-nav"
REGION = {"ru": "Кызылординская область", "kk": "Қызылорда облысы"}
OTHER = {"ru": "Костанайская область", "kk": "Қостанай облысы"}
# Entries of the menu bar of each role; nobody else's may be there.
ENTRIES = {
    "analyst": {"Дашборды", "Диаграммы", "Датасеты", "SQL"},
    "coordinator": {"Дашборды"},
    "kyzylorda": {"Дашборды"},
    "admin": {"Дашборды", "Диаграммы", "Датасеты", "SQL"},
}
CLOSED = {
    "coordinator": ["/sqllab/", "/report/list/", "/users/", "/databaseview/list/"],
    "kyzylorda": ["/sqllab/", "/report/list/", "/users/", "/databaseview/list/"],
    "analyst": ["/users/", "/roles/", "/databaseview/list/"],
}


def opened(page: Page, server: SupersetServer, slug: str) -> None:
    page.goto(f"{server.url}/superset/dashboard/{slug}/")
    expect(page.locator(".mvd-tile b").first).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_menu_offers_what_the_role_may_do(
    pages: dict[str, Page], server: SupersetServer, name: str
) -> None:
    opened(pages[name], server, "situation")
    shown = {text.strip() for text in pages[name].locator(MENU).first.all_inner_texts()}
    words = {word.strip() for text in shown for word in text.split("\n")}
    everything = set.union(*ENTRIES.values())
    assert words & everything == ENTRIES[name]


@pytest.mark.parametrize("name", CLOSED)
def test_what_is_not_for_a_role_does_not_open(people: dict[str, Person], name: str) -> None:
    for place in CLOSED[name]:
        answer = people[name].web.get(place)
        assert answer.status_code in (403, 404) or "login" in str(answer.url) or is_home(answer)


def is_home(answer: Any) -> bool:
    return bool(answer.url.path == "/")


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_a_region_sees_itself_among_no_other(
    pages: dict[str, Page], server: SupersetServer, language: str
) -> None:
    page = pages["kyzylorda"]
    opened(page, server, "situation" + ("" if language == "ru" else "-kk"))
    page.locator(".dashboard-component-tabs .ant-tabs-tab").nth(1).click()
    expect(page.locator("td:visible", has_text=REGION[language]).first).to_be_visible()
    assert page.get_by_text(OTHER[language]).count() == 0


def test_a_region_does_not_open_the_check_of_publications(
    people: dict[str, Person], pages: dict[str, Page], server: SupersetServer
) -> None:
    assert people["kyzylorda"].web.get("/api/v1/dashboard/claims").status_code in (403, 404)
    page = pages["kyzylorda"]
    page.goto(f"{server.url}/superset/dashboard/claims/")
    page.wait_for_load_state("networkidle")
    assert page.locator(".dashboard-component-chart-holder").count() == 0


def test_a_region_may_not_change_what_all_see(
    pages: dict[str, Page], server: SupersetServer
) -> None:
    opened(pages["kyzylorda"], server, "situation")
    assert pages["kyzylorda"].locator("[data-test='edit-dashboard-button']").count() == 0


@pytest.mark.parametrize("name", ["analyst", "coordinator", "kyzylorda"])
def test_everybody_opens_their_own_account_and_nobody_the_list(
    people: dict[str, Person], name: str
) -> None:
    assert people[name].web.get("/user_info/").status_code == 200
    assert people[name].web.get("/users/").status_code == 403
    saved = people[name].web.get("/savedqueryview/list/").status_code
    assert saved == (200 if name == "analyst" else 403)
