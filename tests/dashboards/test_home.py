"""The first page of everybody: the dashboards of one's language and role, release, coverage."""

from __future__ import annotations

import re
from html import unescape

import pytest
from playwright.sync_api import Browser, expect

from dashboards.compile.bundle import dashboards
from tests.dashboards.conftest import PATIENCE
from tests.dashboards.server import Person, SupersetServer
from warehouse.core.paths import Home
from warehouse.releases import catalogue

TITLES = {
    language: {board["slug"]: board["title"][language] for board in dashboards()}
    for language in ("ru", "kk")
}
EVERYTHING = ["situation", "crime", "roads", "drugs", "fraud", "submissions", "claims"]
# Who finds which dashboards, and SQL, and accounts.
SEEN = {
    "analyst": (EVERYTHING, True, False),
    "coordinator": (EVERYTHING, False, False),
    "kyzylorda": (EVERYTHING[:-1], False, False),
    "admin": (EVERYTHING, True, True),
}


def home(person: Person, language: str) -> str:
    return person.web.get(f"/lang/{language}", headers={"Referer": "/"}).text


@pytest.mark.parametrize("language", ["ru", "kk"])
@pytest.mark.parametrize("name", SEEN)
def test_everybody_finds_what_is_theirs_in_their_language(
    people: dict[str, Person], name: str, language: str
) -> None:
    slugs, has_sql, has_accounts = SEEN[name]
    page = home(people[name], language)
    ending = "" if language == "ru" else f"-{language}"
    cards = re.findall(r'href="/superset/dashboard/([\w-]+)/"><b>([^<]+)</b>', page)
    assert cards == [(slug + ending, TITLES[language][slug]) for slug in slugs]
    assert ('href="/sqllab/"' in page) == has_sql
    assert ('href="/users/"' in page) == has_accounts
    home(people[name], "ru")


def test_the_language_chosen_last_is_spoken(people: dict[str, Person]) -> None:
    for language in ("ru", "kk", "ru", "kk", "ru"):
        answer = people["analyst"].web.get(f"/lang/{language}")
        assert answer.url.path == "/"
        assert f'<html lang="{language}"' in answer.text


def test_the_release_and_who_reported_are_told(
    server: SupersetServer, people: dict[str, Person]
) -> None:
    page = unescape(home(people["analyst"], "ru"))
    assert f"Выпуск {catalogue.current(Home(server.home))} от " in page
    assert "Кто отчитался за март 2025: Республика Казахстан" in page
    assert "1-М <span>20 из 20</span>" in page


def test_a_region_is_told_of_itself(people: dict[str, Person]) -> None:
    page = unescape(home(people["kyzylorda"], "kk"))
    assert "Кім есеп берді, наурыз 2025: Қызылорда облысы" in page
    assert "1-М <span>1 / 1</span>" in page
    home(people["kyzylorda"], "ru")


def test_supersets_own_welcome_page_leads_here(people: dict[str, Person]) -> None:
    assert people["analyst"].web.get("/superset/welcome/").url.path == "/"


def test_signing_in_leads_home_and_from_there_to_a_dashboard(
    browser: Browser, server: SupersetServer
) -> None:
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.url)
    page.locator("input#username, input[data-test='username-input']").fill("coordinator")
    page.locator("input[type=password]").fill(server.password("coordinator"))
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("heading", name="Показатели МВД")).to_be_visible()
    assert page.url == f"{server.url}/"
    page.get_by_role("link", name=re.compile("^Сдача отчётности")).click()
    expect(page.locator(".dashboard-component-chart-holder").first).to_be_visible()
    page.locator("a[href='/']").first.click()
    expect(page.get_by_role("heading", name="Показатели МВД")).to_be_visible()
    page.context.close()
