"""Every route has a limit for its body and bounds for each of its parameters; hostile values are
refused at once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import annotated_types
import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

import portal
from portal.access.authorisation import PUBLIC, privilege_of
from portal.access.roles import account_rules
from portal.guards.bodies import body_of, limits
from portal.guards.parameters import LONGEST_FIELDS
from portal.guards.security import BodyRefusedError
from tests.unit.portal.conftest import Desk
from tests.unit.portal.test_access import EXAMPLES, ROLES, ROUTES, named, path_of

pytestmark = pytest.mark.slow

SENDING = {("POST", "/periods/{period}/files"), ("POST", "/api/v1/uploads")}
HOSTILE = (
    "9999-12",
    "0001-01",
    "0000-00",
    "2022-13",
    "\u0662\u0660\u0662\u0662-\u0661\u0662",
    "２０２２-12",
    "2022-12\n",
    "-1",
    "1e308",
    "9" * 400,
    "a" * 5_000,
    "\x00",
    "a\x00b",
    "..",
    "../../etc/passwd",
    "%2e%2e%2f",
    "{0.__class__}",
    "' or 1=1 --",
    "\U0001f600",
    "true",
    "",
)
# What is no text in UTF-8: half a surrogate pair, an overlong slash, a lone byte.
BYTES = ("%ed%a0%80", "%c0%af", "%ff", "%00", "%0d%0a")


def parameters(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    kinds = ("path_params", "query_params", "header_params", "cookie_params")
    for kind in kinds:
        for field in getattr(dependant, kind):
            yield field.name, field.field_info
    for inner in dependant.dependencies:
        yield from parameters(inner)


def is_bounded(info: Any) -> bool:
    held = list(info.metadata)
    patterns = [m.pattern for m in held if getattr(m, "pattern", None)]
    longest = any(isinstance(m, annotated_types.MaxLen) for m in held)
    is_number = any(isinstance(m, annotated_types.Ge) for m in held) and any(
        isinstance(m, annotated_types.Le) for m in held
    )
    # A pattern bounds the length when nothing in it may be repeated without end.
    is_finite = any(not re.search(r"[*+]|\{\d+,\}", p) for p in patterns)
    return longest or is_number or is_finite


@pytest.mark.parametrize("case", ROUTES, ids=named)
def test_every_parameter_is_bounded(case: tuple[str, APIRoute]) -> None:
    for name, info in parameters(case[1].dependant):
        # `X | None` keeps the bounds inside.
        inner = [info, *(m for m in getattr(info.annotation, "__args__", ()))]
        infos = [m for i in inner for m in (i, *getattr(i, "__metadata__", ()))]
        assert any(is_bounded(i) for i in infos if hasattr(i, "metadata")), name


def test_the_check_sees_a_parameter_without_bounds() -> None:
    router = APIRouter()
    router.add_api_route("/{code}", lambda code, number=0: f"{code}{number}")
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert [is_bounded(info) for _, info in parameters(route.dependant)] == [False, False]


@pytest.mark.parametrize("case", ROUTES, ids=named)
def test_every_route_that_changes_something_says_what_it_takes(
    case: tuple[str, APIRoute],
) -> None:
    method, route = case
    body = body_of(route.endpoint)
    has_none = method == "GET" or (route.path.endswith("/withdraw") and "/api/" in route.path)
    assert (body is None) == has_none


def test_what_anybody_may_send_is_small(desk: Desk) -> None:
    sizes = limits(desk.settings, desk.services.limits.file_bytes)
    for method, route in ROUTES:
        body = body_of(route.endpoint)
        if body is None or (method, route.path) in SENDING or route.path.endswith("signatures"):
            continue
        assert sizes[body].size <= 48 * 1024, route.path
        if privilege_of(route.endpoint) == PUBLIC and route.path != "/receipts":
            assert sizes[body].size <= 16 * 1024, route.path


@pytest.mark.parametrize("path", ["/enrol/files", "/sign-in", "/receipts", "/x/files", "/health"])
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_large_body_is_refused_where_no_file_is_taken(
    desk: Desk, path: str, is_announced: bool
) -> None:
    client, taken = desk.browser().client, 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 65536
            yield b"a" * 65536

    content: Any = b"a" * 6_553_600 if is_announced else endless()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post(path, content=content, headers=headers, follow_redirects=False)
    assert answer.status_code in (404, 405, 413)
    assert answer.headers.get("connection") == "close"


JSON = [(m, r) for m, r in ROUTES if r.path.startswith("/api/") and body_of(r.endpoint)]


@pytest.mark.parametrize("case", JSON, ids=named)
def test_a_program_without_an_account_is_told_so_before_its_body_is_read(
    desk: Desk, case: tuple[str, APIRoute]
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 65536

    method, route = case
    url, headers = path_of(route), {"content-type": "application/json"}
    client = desk.browser().client
    answer = client.request(method, url, content=endless(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["connection"] == "close"
    small = client.request(method, url, content=b"{", headers=headers)
    assert small.status_code == 401


@pytest.mark.parametrize("is_announced", [True, False])
def test_json_that_is_too_large_is_called_so(desk: Desk, is_announced: bool) -> None:
    content = b" " * 100_000 if is_announced else iter([b" " * 50_000, b" " * 50_000])
    headers = {"content-type": "application/json"}
    answer = desk.api("ministry").post("/api/v1/locks", content=content, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_large"


def test_json_that_comes_too_slowly_is_called_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_self: object, _limit: object) -> None:
        raise BodyRefusedError(408)

    monkeypatch.setattr("portal.guards.security._Incoming._next", silent)
    answer = desk.api("ministry").post("/api/v1/locks", json={})
    assert answer.status_code == 408
    assert answer.json()["code"] == "body_slow"


def test_pages_ask_for_known_fields_alone() -> None:
    root = Path(portal.__file__).parent
    code = "\n".join(file.read_text("utf-8") for file in root.rglob("*.py"))
    asked = set(re.findall(r"field_of\(request, \"(\w+)\"\)", code))
    html = "\n".join(file.read_text("utf-8") for file in (root / "templates").glob("*.html"))
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.DOTALL)
    shown = {name for form in forms for name in re.findall(r"[ ]name=\"(\w+)\"", form)}
    assert len(asked) > 10
    assert asked | shown - {"files"} <= LONGEST_FIELDS.keys()


def urls(route: APIRoute) -> Iterator[str]:
    names = [info.alias or name for name, info in parameters(route.dependant)]
    for value in (*(quote(v, safe="") for v in HOSTILE), *BYTES):
        for name in re.findall(r"\{(\w+)\}", route.path):
            yield path_of_with(route, name, value)
        query = [n for n in names if f"{{{n}}}" not in route.path]
        if query:
            yield path_of(route) + "?" + "&".join(f"{n}={value}" for n in query)


def path_of_with(route: APIRoute, name: str, value: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: value if m[1] == name else EXAMPLES[m[1]], route.path)


def reaching(route: APIRoute) -> str:
    """Somebody who may use the route: for all others it ends before its parameters are read."""
    privilege = privilege_of(route.endpoint)
    roles = account_rules().roles
    logins = ("head", "ministry", "admin")
    return next(n for n in logins if privilege in {PUBLIC, *roles[ROLES[n]].privileges})


def test_no_value_in_an_address_brings_a_route_down(desk: Desk) -> None:
    pages = {login: desk.browser(login).client for login in ("head", "ministry", "admin")}
    programs, tried = {login: desk.api(login) for login in pages}, 0
    for method, route in ROUTES:
        clients = programs if route.path.startswith("/api/") else pages
        for url in urls(route):
            started = time.process_time()
            answer = clients[reaching(route)].request(method, url, follow_redirects=False)
            tried += 1
            where = f"{method} {url[:120]}"
            assert answer.status_code < 500, where
            assert time.process_time() - started < 1, where
    assert tried > 500


FIELDS = sorted(LONGEST_FIELDS.keys() - {"csrf"})
FORMS = [
    route for method, route in ROUTES if method == "POST" and not route.path.startswith("/api/")
]


def test_no_value_in_a_form_brings_a_route_down(desk: Desk) -> None:
    pages = {login: desk.browser(login) for login in ("head", "ministry", "admin")}
    csrf = {login: browser.token("/account") for login, browser in pages.items()}
    for route in FORMS:
        if route.path in ("/sign-out", "/account/password", "/sign-in"):
            continue
        login = reaching(route)
        for value in (*HOSTILE, "\ud800", "я" * 10**5):
            data = {"csrf": csrf[login], **dict.fromkeys(FIELDS, value)}
            body = "&".join(f"{k}={quote(v, errors='surrogatepass')}" for k, v in data.items())
            answer = pages[login].client.post(
                path_of(route),
                content=body,
                headers={"content-type": "application/x-www-form-urlencoded"},
                follow_redirects=False,
            )
            assert answer.status_code < 500, f"{route.path} {value[:20]!r}"


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "rot13", "idna", "hex", "no-such"])
def test_no_charset_of_a_form_brings_it_down(desk: Desk, charset: str) -> None:
    browser = desk.browser("ministry")
    parts = {"csrf": browser.token("/account"), "reason": "+2AA-", "forms": "SNG-1"}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in parts.items()
    )
    answer = browser.client.post(
        "/country/2022-12/locks",
        content=body.encode() + b"--x--\r\n",
        headers={"content-type": f"multipart/form-data; boundary=x; charset={charset}"},
        follow_redirects=False,
    )
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 20_000,
        b'{"comment": "\\ud800"}',
        b'{"comment": "\\u0000"}',
        b'{"comment": ' + b"9" * 20_000 + b"}",
        b"\xff\xfe",
        b"null",
        b'{"forms": [' + b'"x",' * 5000 + b'"x"], "period": "9999-12"}',
    ],
)
def test_no_json_brings_the_api_down(desk: Desk, body: bytes) -> None:
    program = desk.api("ministry")
    for path in ("/api/v1/submissions/0123456789abcdef/return", "/api/v1/locks"):
        answer = program.post(path, content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) == {"code", "detail"}


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "["},
        {"host": "x/api/v1"},
        {"origin": "http://[::1"},
        {"accept-language": "a" * 8000 + ",;=,,"},
        {"authorization": "Bearer \u00ff"},
        {"content-length": "9" * 5000},
        {"content-length": "-1"},
        {"cookie": "mvd_session=\u00ff; mvd_form=%00"},
    ],
)
def test_no_header_brings_it_down(desk: Desk, headers: dict[str, str]) -> None:
    client = TestClient(desk.app)
    given = {name: value.encode("latin-1") for name, value in headers.items()}
    for path in ("/sign-in", "/api/v1/me", "/no-such"):
        for method in ("GET", "POST"):
            answer = client.request(method, path, headers=given, follow_redirects=False)  # type: ignore[arg-type]
            assert answer.status_code < 500


def test_a_foreign_host_does_not_turn_a_page_into_the_api(desk: Desk) -> None:
    browser = desk.browser("ministry")
    data = {"forms": "SNG-1", "reason": "x"}
    answer = browser.client.post("/country/2022-12/locks", data=data, headers={"host": "x/api/v1"})
    assert answer.status_code in (401, 403)
    assert desk.services.ledger.locks() == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", "не похоже на отчётный период"),
        ("kk", "есепті кезеңге ұқсамайды"),
        ("en", "is not a"),
    ],
)
def test_a_period_that_cannot_be_is_no_page(desk: Desk, language: str, said: str) -> None:
    client = desk.browser("clerk").client
    client.cookies.set("mvd_language", language)
    answer = client.get("/periods/9999-12")
    assert answer.status_code == 404
    assert said in answer.text
    wrong = client.get("/history?period=9999-12")
    assert wrong.status_code == 422
    assert said in wrong.text


def test_a_comment_that_is_too_long_is_named(desk: Desk) -> None:
    browser = desk.browser("ministry")
    data = {"forms": "SNG-1", "action": "lock", "reason": "я" * 2001}
    answer = browser.post("/country/2022-12/locks", data, page="/country/2022-12")
    assert answer.status_code == 422
    assert "«Причина»" in answer.text
    data["reason"] = "строка\r\n" * 285
    answer = browser.post("/country/2022-12/locks", data, page="/country/2022-12")
    assert answer.status_code == 303
