"""One living Superset for all tests of the dashboards: starting it takes longer than most of them.

Its release is a simulated country; some tables that no dashboard asks hold a few rows to check by
eye (`releases`). Letters go to a mail server on a loopback port.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.paths import Place
from dashboards.superset import borders
from tests.browser.conftest import CHROMIUM
from tests.dashboards import districts
from tests.dashboards.mail import Mailbox
from tests.dashboards.releases import KOSTANAY, KYZYLORDA, publish
from tests.dashboards.server import Person, SupersetServer

ACCOUNTS = {
    "analyst": ("ministry_analyst", ""),
    "coordinator": ("coordinator", ""),
    "kyzylorda": ("regional_analyst", KYZYLORDA),
    "kostanay": ("regional_analyst", KOSTANAY),
    "leaver": ("ministry_analyst", ""),
}
PATIENCE = 120_000


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[SupersetServer]:
    home = tmp_path_factory.mktemp("dashboards")
    publish(home, whole=True)
    place = Place(home)
    place.create()
    districts.write(place.supplied_borders)
    list(borders.install(place, "ru"))
    mail = {"MVD_SMTP_HOST": mailbox.host, "MVD_SMTP_PORT": str(mailbox.port)}
    with SupersetServer(home, **mail) as running:
        running.accounts(*((name, *held) for name, held in ACCOUNTS.items()))
        running.wait_until_warm()
        yield running


@pytest.fixture(scope="session")
def people(server: SupersetServer) -> dict[str, Person]:
    """Everybody of the accounts, signed in, and the administrator."""
    return {name: server.sign_in(name) for name in ("admin", *ACCOUNTS) if name != "leaver"}


# Of a module: see `chromium` in tests/browser.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(browser: Browser, server: SupersetServer, people: dict[str, Person]) -> dict[str, Page]:
    """A page of the browser for everybody, signed in."""
    found = {}
    for name, person in people.items():
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_cookies(
            [
                {"name": cookie.name, "value": str(cookie.value), "url": server.url}
                for cookie in person.web.cookies.jar
            ]
        )
        found[name] = context.new_page()
        found[name].set_default_timeout(PATIENCE)
    return found
