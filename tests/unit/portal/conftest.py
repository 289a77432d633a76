"""An installation of the portal with people in it, served inside the test process."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx2
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ingestion.request import Services
from portal.app import create_app
from portal.judging.judge import judge
from portal.settings import PortalSettings
from portal.store import passwords
from portal.store.accounts import Account
from portal.web import Portal
from tests.unit.ingestion.conftest import sng_workbook
from warehouse.core.settings import Settings

KYZYLORDA = "430000000"
PAVLODAR = "550000000"
PERIOD = "2022-12"
PASSWORD = "синий трактор едет мимо"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """A browser without scripts: keeps cookies, sends the forms that pages hold."""

    client: TestClient

    def get(self, path: str) -> httpx2.Response:
        answer: httpx2.Response = self.client.get(path, follow_redirects=False)
        return answer

    def token(self, page: str) -> str:
        found = CSRF.search(self.get(page).text)
        assert found, f"{page} holds no form"
        return found[1]

    def post(self, path: str, data: Mapping[str, object], *, page: str) -> httpx2.Response:
        """Send a form that stands on `page`."""
        form = {"csrf": self.token(page), **data}
        answer: httpx2.Response = self.client.post(path, data=form, follow_redirects=False)
        return answer

    def sign_in(self, login: str, password: str = PASSWORD) -> httpx2.Response:
        return self.post("/sign-in", {"login": login, "password": password}, page="/sign-in")

    def send(
        self,
        content: bytes,
        *,
        name: str = "СНГ-1 Кызылординская область.xlsx",
        period: str = PERIOD,
        **fields: str,
    ) -> httpx2.Response:
        """Upload one file through the page."""
        page = f"/periods/{period}"
        answer: httpx2.Response = self.client.post(
            f"{page}/files",
            data={"csrf": self.token(page), **fields},
            files={"files": (name, content)},
            headers={"accept": "application/json"},
            follow_redirects=False,
        )
        return answer


@dataclass
class Desk:
    """The installation under test."""

    services: Services
    portal: Portal
    settings: PortalSettings
    clients: list[TestClient] = field(default_factory=list)

    @cached_property
    def app(self) -> FastAPI:
        """What all browsers and programs of the test speak to."""
        return create_app(self.settings, self.services)

    def account(self, login: str, role: str, territory: str | None = None) -> Account:
        account = self.portal.accounts.create(
            login=login,
            display_name=login.title(),
            role=role,
            territory=territory,
            email=f"{login}@example.kz",
        )
        return self.portal.accounts.enrol(
            self.portal.accounts.enrolment_link(account.account_id), PASSWORD
        )

    def browser(self, login: str | None = None) -> Browser:
        client = TestClient(self.app)
        self.clients.append(client)
        browser = Browser(client)
        if login:
            assert browser.sign_in(login).status_code == 303
        return browser

    def api(self, login: str) -> TestClient:
        """A client with a new token of the account."""
        account = self.portal.accounts.by_login(login)
        secret = self.portal.sessions.issue_token(account.account_id, "test")
        client = TestClient(self.app)
        client.headers["authorization"] = f"Bearer {secret}"
        self.clients.append(client)
        return client

    def judge(self) -> None:
        """Judge what waits, as the judging processes would."""
        while (upload := self.portal.uploads.claim("judge")) is not None:
            judge(self.services, self.portal.uploads, self.settings, upload)

    def sent(self, browser: Browser, content: bytes, **fields: str) -> str:
        """Upload and judge; the id of the submission."""
        upload = browser.send(content, **fields).json()["uploads"][0]
        self.judge()
        found = self.portal.uploads.get(upload["upload_id"]).submission_id
        assert found is not None
        return found


@pytest.fixture
def database() -> str:
    """URL of the ledger; empty for SQLite in the data directory."""
    return ""


ACCOUNTS = (
    ("clerk", "department_clerk", KYZYLORDA),
    ("head", "department_head", KYZYLORDA),
    ("stranger", "department_head", PAVLODAR),
    ("ministry", "ministry_coordinator", None),
    ("admin", "administrator", None),
)


def opened(home: Path, database: str = "") -> Desk:
    given = Settings(home=home, ledger_url=database, max_upload_bytes=2 * 2**20)
    services = Services.open(given)
    settings = PortalSettings(public_url="http://testserver", requests_per_minute=1_000_000)
    return Desk(services, Portal.of(settings, services), settings)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hundreds of tests sign in; what the desk spends on a hash is told by test_passwords."""
    quick = PasswordHasher.from_parameters(CHEAPEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        passwords._hash_of_nothing.cache_clear()
        yield
    passwords._hash_of_nothing.cache_clear()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the accounts in it."""
    home = tmp_path_factory.mktemp("furnished")
    desk = opened(home)
    for account in ACCOUNTS:
        desk.account(*account)
    desk.services.ledger.close()
    return home


@pytest.fixture
def desk(tmp_path: Path, database: str, furnished: Path) -> Iterator[Desk]:
    if not database:
        shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    desk = opened(tmp_path, database)
    if database:
        for account in ACCOUNTS:
            desk.account(*account)
    yield desk
    for client in desk.clients:
        client.close()
    desk.services.ledger.close()


@pytest.fixture(scope="session")
def clean() -> bytes:
    """A СНГ-1 of Kyzylorda without findings."""
    return sng_workbook()


@pytest.fixture(scope="session")
def changed() -> bytes:
    """The same with other figures."""
    return sng_workbook(R1_1_1=7, R1_2_1=7)
