"""An analyst who works in Kazakh meets no English and no Russian word of the interface."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from tests.dashboards.server import PROJECT, SupersetServer

PACKAGES = PROJECT / "dashboards" / ".venv" / "lib" / "python3.11" / "site-packages"
CATALOGUES = PACKAGES / "superset" / "translations"
OURS = PROJECT / "dashboards" / "translations" / "kk.po"
# Written alike in all three languages, or names of their own: `count` is a measure of a table.
SAME = {
    "count",
    "SQL",
    "SQL Lab",
    "JSON",
    "CSV",
    "PDF",
    "PNG",
    "URL",
    "HTML",
    "Excel",
    "English",
    "OK",
}
READ_ALL = """
() => {
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (holder && !['SCRIPT', 'STYLE'].includes(holder.tagName) && holder.offsetParent) {
      seen.push(node.textContent.trim());
    }
  }
  for (const field of document.querySelectorAll('[placeholder], [title]')) {
    if (field.offsetParent) seen.push((field.placeholder || field.title || '').trim());
  }
  return [...new Set(seen)].filter(text => /[A-Za-zА-Яа-яЁё]{2}/.test(text));
}
"""


@cache
def foreign() -> dict[str, str]:
    """Texts of the interface that are English or Russian, each with its English original."""
    kazakh = {*dict(_texts(OURS)).values(), *SAME, ""}
    return {
        text: original
        for original, russian in _texts(CATALOGUES / "ru" / "LC_MESSAGES" / "messages.po")
        for text in (original, russian)
        if text not in kazakh
    }


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Each text, and each of its plurals, with its translation."""
    with path.open("rb") as file:
        for message in read_po(file):
            originals = [message.id] if isinstance(message.id, str) else message.id
            texts = [message.string] if isinstance(message.string, str) else message.string
            yield from zip(originals, texts or [], strict=False)


def leftovers(page: Page) -> set[str]:
    return {text for text in page.evaluate(READ_ALL) if _is_foreign(text)}


def _is_foreign(text: str) -> bool:
    return text in foreign() or re.sub(r"\d+", "%s", text) in foreign()


def dashboard(page: Page) -> None:
    page.locator(".mvd-tile b").first.wait_for()


def chart_menu(page: Page) -> None:
    dashboard(page)
    page.locator(".header-controls [role=button], .header-controls button").last.click()
    page.locator(".ant-dropdown:visible").first.wait_for()


def filters(page: Page) -> None:
    dashboard(page)
    page.locator("[data-test='form-item-value'] input").first.click()
    page.locator(".ant-select-dropdown:visible").first.wait_for()


def listing(page: Page) -> None:
    page.locator("table tbody tr.ant-table-row, .ant-empty").first.wait_for()


def query(page: Page) -> None:
    page.locator("[data-test='add-tab-icon'], .ant-tabs-nav-add").first.click()
    page.locator(".ace_editor").first.wait_for()


def explore(page: Page) -> None:
    page.locator("[data-test='query-save-button']").first.wait_for()
    page.locator(".chart-container").first.wait_for()


def letters(page: Page) -> None:
    page.locator("button.ant-btn-primary, [data-test='btn-primary']").last.click()
    page.locator(".ant-modal:visible").first.wait_for()


WALK: dict[str, tuple[str, Callable[[Page], None]]] = {
    "a dashboard": ("/superset/dashboard/situation-kk/", dashboard),
    "the menu of a chart": ("/superset/dashboard/crime-kk/", chart_menu),
    "a filter": ("/superset/dashboard/crime-kk/", filters),
    "the list of dashboards": ("/dashboard/list/?viewMode=table", listing),
    "the list of charts": ("/chart/list/?viewMode=table", listing),
    "saved queries": ("/savedqueryview/list/", listing),
    "SQL Lab": ("/sqllab/", query),
    "the chart of a table": ("/explore/?slice_id={chart}", explore),
    "letters": ("/report/list/", letters),
}


@pytest.fixture(scope="module")
def analyst(pages: dict[str, Page], server: SupersetServer) -> Iterator[Page]:
    page = pages["analyst"]
    page.goto(f"{server.url}/lang/kk")
    yield page
    page.goto(f"{server.url}/lang/ru")


@pytest.mark.parametrize("place", WALK)
def test_what_an_analyst_meets_is_in_kazakh(
    analyst: Page, server: SupersetServer, place: str
) -> None:
    address, ready = WALK[place]
    analyst.goto(f"{server.url}{address.format(chart=1)}")
    ready(analyst)
    analyst.wait_for_timeout(1500)
    found = leftovers(analyst)
    assert not found, sorted(found)
