"""A real server under uvicorn: nothing that it says or writes holds a secret, and no body gets
further than its route lets it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from ingestion.request import Services
from portal.settings import PortalSettings
from portal.web import Portal
from tests.unit.portal.conftest import CSRF, PASSWORD, PERIOD
from warehouse.core.logs import MASK
from warehouse.core.settings import Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
WRONG = "Wr0ng-'planted\\\\\"пароль"
FAULTY = "faulty"
# The server of the product, but for one account name that brings it down.
SERVER = f"""
import sys
from portal import serve
from portal.settings import PortalSettings
from portal.store.accounts import Accounts
from warehouse.core.logs import configure
from warehouse.core.settings import load_settings
verify = Accounts.verify
def failing(self, login, password, attempt=None):
    if login == {FAULTY!r}:
        held = {{"password": password}}
        raise RuntimeError(f"cannot use {{held!r}} of {{password}}")
    return verify(self, login, password, attempt)
Accounts.verify = failing
settings = load_settings()
configure(settings.log_format)
serve._serve(settings, PortalSettings(), None)
"""


@dataclass
class Server:
    url: str
    port: int
    home: Path
    said: Path
    process: subprocess.Popen[bytes]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def portal(self) -> Portal:
        services = Services.open(Settings(home=self.home))
        return Portal.of(PortalSettings(), services)

    def raw(self, *parts: bytes) -> bytes:
        """What is answered to bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as link:
            answer = b""
            try:
                for part in parts:
                    link.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                while piece := link.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
        return answer


@pytest.fixture(scope="module", params=["json", "text"])
def server(
    request: pytest.FixtureRequest, furnished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    home, said = folder / "home", folder / "said"
    shutil.copytree(furnished, home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "MVD_HOME": str(home),
        "MVD_LOG_FORMAT": request.param,
        "MVD_PORTAL_PORT": str(port),
        "MVD_PORTAL_PUBLIC_URL": url,
    }
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER], env=environment, cwd=ROOT, stdout=out, stderr=out
        )
    try:
        ends_at = time.monotonic() + 60
        while True:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < ends_at
            try:
                httpx.get(f"{url}/sign-in")
                break
            except httpx.TransportError:
                time.sleep(0.2)
        yield Server(url, port, home, said, process)
    finally:
        process.terminate()
        process.wait(30)


def token(client: httpx.Client, path: str) -> str:
    found = CSRF.search(client.get(path).text)
    assert found, path
    return found[1]


def signed(client: httpx.Client, login: str, password: str) -> httpx.Response:
    data = {"csrf": token(client, "/sign-in"), "login": login, "password": password}
    return client.post("/sign-in", data=data)


def test_a_whole_day_leaves_no_secret_anywhere(server: Server, clean: bytes) -> None:
    portal = server.portal()
    account = portal.accounts.by_login("clerk")
    link = portal.accounts.enrolment_link(account.account_id)
    program = portal.sessions.issue_token(account.account_id, "day")
    chosen = "новый planted 'пароль' day"
    secrets = {WRONG, PASSWORD, link, program, program.removeprefix("mvd_"), chosen}
    with server.client() as client:
        assert signed(client, "head", WRONG).status_code == 401
        answer = signed(client, FAULTY, WRONG)
        assert answer.status_code == 500
        (reference,) = set(re.findall(r"\b[0-9a-f]{8}\b", answer.text))
        assert "Traceback" not in answer.text
        secrets |= set(client.cookies.values())
        path = f"/enrol/{link}"
        both = {"csrf": token(client, path), "password": chosen, "repeated": chosen}
        assert client.post(path, data=both).status_code == 303
        assert client.get(f"/enroll/{link}?token={program}&password={chosen}").status_code == 404
        callback = f"/sign-in/oidc/callback?code={link}&state={program}"
        assert client.get(callback).status_code == 404
        assert signed(client, "clerk", chosen).status_code == 303
        secrets |= set(client.cookies.values())
        page = f"/periods/{PERIOD}"
        fields = {"csrf": token(client, page)}
        sent = client.post(f"{page}/files", data=fields, files={"files": ("x.xlsx", clean)})
        assert sent.status_code == 303
        assert client.get("/periods/9999-12").status_code == 404
    with server.client() as api:
        api.headers["authorization"] = f"Bearer {program}"
        assert api.get("/api/v1/me").status_code == 200
        assert api.get("/api/v1/periods/9999-12").status_code == 422
    written = server.said.read_text("utf-8")
    files = [f for f in server.home.rglob("*") if f.is_file()]
    everything = written.encode() + b"".join(file.read_bytes() for file in files)
    for secret in secrets:
        for form in {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]}:
            assert form.encode() not in everything, form
    # Kept with its session, and worth nothing without the cookie.
    assert fields["csrf"] not in written
    assert reference in written
    assert MASK in written
    assert "RuntimeError" in written


def test_lines_for_programs_are_json_and_hold_no_variables(server: Server) -> None:
    with server.client() as client:
        signed(client, FAULTY, WRONG)
    lines = server.said.read_text("utf-8").splitlines()
    if not lines[0].startswith("{"):
        assert not any(line.startswith("{") for line in lines)
        return
    read = [json.loads(line) for line in lines]
    frames = [f for line in read for e in line.get("exception", []) for f in e["frames"]]
    assert frames
    assert not any(frame.get("locals") for frame in frames)
    requests = [line for line in read if line["event"] == "request"]
    assert {"/sign-in"} <= {line["path"] for line in requests}
    assert all(line["status"] for line in requests)


def test_sixty_at_once_are_hashed_few_at_a_time_and_tried_five_times(server: Server) -> None:
    watched, peak, stop = psutil.Process(server.process.pid), [0], threading.Event()
    before = watched.memory_info().rss

    def watch() -> None:
        while not stop.wait(0.005):
            peak[0] = max(peak[0], watched.memory_info().rss)

    with server.client() as first:
        csrf = token(first, "/sign-in")
        cookies = dict(first.cookies)

    def attempt(number: int) -> int:
        data = {"csrf": csrf, "login": "ministry", "password": f"wrong {number}"}
        return httpx.post(
            f"{server.url}/sign-in", data=data, cookies=cookies, timeout=60
        ).status_code

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(attempt, range(60)))
    stop.set()
    watcher.join()
    assert set(answers) <= {401, 429, 503}
    assert answers.count(401) <= 5
    assert peak[0] - before < 400 * 2**20
    with server.client() as client:
        assert signed(client, "admin", PASSWORD).status_code == 303


HEAD = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
CHUNK = b"10000\r\n" + b"a" * 65536 + b"\r\n"


@pytest.mark.parametrize("path", [b"/enrol/files", b"/sign-in", b"/receipts", b"/no/such/files"])
@pytest.mark.parametrize("kind", ["announced", "chunked", "both", "endless number", "negative"])
def test_no_body_gets_in_that_the_route_does_not_take(
    server: Server, path: bytes, kind: str
) -> None:
    lengths = {
        "announced": b"Content-Length: 419430400\r\n",
        "chunked": b"Transfer-Encoding: chunked\r\n",
        "both": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "endless number": b"Content-Length: " + b"9" * 400 + b"\r\n",
        "negative": b"Content-Length: -1\r\n",
    }
    piece = CHUNK if kind in ("chunked", "both") else b"a" * 65536
    before = psutil.Process(server.process.pid).memory_info().rss
    answer = server.raw(HEAD % path + lengths[kind] + b"\r\n", *([piece] * 320))
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 303"))
    assert psutil.Process(server.process.pid).memory_info().rss - before < 50 * 2**20


def test_endless_headers_are_cut_off(server: Server) -> None:
    before = psutil.Process(server.process.pid).memory_info().rss
    answer = server.raw(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX: ", *([b"a" * 65536] * 800))
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert psutil.Process(server.process.pid).memory_info().rss - before < 20 * 2**20


ONCE = pytest.mark.parametrize("server", ["json"], indirect=True)
"""How the log is written plays no part."""


def errors(server: Server) -> str:
    """What the log tells of faults."""
    said = server.said.read_text("utf-8")
    found = re.findall(r".*(?:request failed|ASGI|ClientDisconnect|BodyRefused).*", said)
    return "\n".join(line for line in found if FAULTY not in line)


@ONCE
@pytest.mark.parametrize("path", [b"/sign-in", b"/receipts", b"/api/v1/locks"])
def test_a_sender_who_leaves_is_no_fault_of_ours(server: Server, path: bytes) -> None:
    program = server.portal().sessions.issue_token(
        server.portal().accounts.by_login("ministry").account_id, "leaving"
    )
    before = errors(server)
    lines = server.said.read_text("utf-8").count("\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        token_line = b"Authorization: Bearer " + program.encode() + b"\r\n"
        link.sendall(HEAD % path + token_line + b"Content-Length: 500\r\n\r\ncsrf=")
        time.sleep(0.3)
    ends_at = time.monotonic() + 20
    while not (new := server.said.read_text("utf-8").splitlines()[lines:]):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    assert errors(server) == before
    assert [json.loads(line)["status"] for line in new] in ([0], [400])


@ONCE
@pytest.mark.parametrize("length", [b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_body_that_no_route_asked_for_spoils_no_answer(
    server: Server, method: bytes, length: bytes
) -> None:
    before = errors(server)
    body = b"9\r\nabcdefghi\r\n0\r\n\r\n" if b"chunked" in length else b"abcdefghi"
    for path in (b"/static/portal.css", b"/sign-in", b"/health", b"/no/such"):
        if method == b"POST" and path == b"/sign-in":
            continue
        line = method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        answer = server.raw(line + length + b"\r\n" + body)
        head, _, content = answer.partition(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 40")), answer[:200]
        announced = re.search(rb"content-length: (\d+)", head)
        assert announced
        assert len(content) == int(announced[1]) > 0
    assert errors(server) == before


@ONCE
def test_sixty_people_of_one_office_sign_in_at_once(server: Server) -> None:
    def attempt(_: int) -> tuple[int, float]:
        with server.client() as client:
            started = time.monotonic()
            return signed(client, "head", PASSWORD).status_code, time.monotonic() - started

    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(attempt, range(60)))
        slowest = max(seconds for _, seconds in answers)
    assert {status for status, _ in answers} == {303}
    assert slowest < 40
