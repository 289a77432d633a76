"""The real portal with its judging processes, and a real Chromium in front of it.

A missing browser fails these tests: `make system` installs Debian's.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PASSWORD = "синий трактор едет мимо"
KYZYLORDA = "430000000"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Served:
    """A running portal."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def wait(self) -> None:
        """Until the portal says that it judges."""
        _wait(self.url, self.process)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mvd", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def invite(self, login: str, role: str, name: str, territory: str | None = None) -> str:
        """A new account; its one-time link."""
        options = ["--territory", territory] if territory else []
        return self.run("account", "create", login, "--role", role, "--name", name, *options)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "MVD_HOME": str(tmp_path_factory.mktemp("portal")),
        "MVD_PORTAL_PUBLIC_URL": url,
        "MVD_PORTAL_PORT": str(port),
        "MVD_PORTAL_JUDGES": "1",
    }
    command = [sys.executable, "-m", "mvd", "portal"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        served = Served(url, environment, process)
        served.wait()
        yield served
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + 90
    while time.monotonic() < ends_at:
        assert process.poll() is None, "the portal ended while starting"
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError("the portal does not become ready")


# Until it ends, the driver keeps an event loop running in this process: tests of other files that
# start a loop of their own would be refused one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), f"no browser at {CHROMIUM}: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody at a 1366 × 768 screen; what the console complains about fails the test."""

    page: Page
    portal: Served
    complaints: list[str]

    def open(self, path: str) -> None:
        self.page.goto(f"{self.portal.url}{path}")

    def enrol(self, link: str, login: str) -> None:
        """Use the link, choose a password, sign in: with the keyboard alone."""
        keyboard = self.page.keyboard
        self.page.goto(link)
        expect(self.page.locator("input[name=password]")).to_be_focused()
        keyboard.type(PASSWORD)
        keyboard.press("Tab")
        keyboard.type(PASSWORD)
        keyboard.press("Enter")
        self.page.wait_for_url("**/sign-in**")
        expect(self.page.locator("input[name=login]")).to_be_focused()
        keyboard.type(login)
        keyboard.press("Tab")
        keyboard.type(PASSWORD)
        keyboard.press("Enter")
        self.page.wait_for_selector(".who")


@pytest.fixture
def person(chromium: Browser, portal: Served) -> Iterator[Person]:
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768}, locale="ru-RU", accept_downloads=True
    )
    page = context.new_page()
    someone = Person(page, portal, [])
    page.on("pageerror", lambda error: someone.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            someone.complaints.append(message.text) if message.type == "error" else None
        ),
    )
    yield someone
    context.close()
    assert someone.complaints == []
