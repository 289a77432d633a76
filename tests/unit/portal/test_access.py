"""Deny by default, over all routes there are."""

import re

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from portal import metrics
from portal.access.authorisation import PUBLIC, privilege_of
from portal.access.roles import PRIVILEGES, account_rules
from portal.api import routes as api
from portal.pages import (
    accounts,
    country,
    dictionary,
    health,
    oidc,
    period,
    sign_in,
    submissions,
    templates,
)
from tests.unit.portal.conftest import Desk

MODULES = (
    sign_in, oidc, period, submissions, templates, country, accounts, dictionary, health,
    api, metrics,
)  # fmt: skip
ROUTES = [
    (method, route)
    for module in MODULES
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
OPEN = {
    "/sign-in",
    "/enrol/{secret}",
    "/language/{language}",
    "/receipts",
    "/dictionary",
    "/dictionary/indicators/{code}",
    "/dictionary/forms/{code}",
    "/health",
    "/metrics",
    "/sign-in/oidc",
    "/sign-in/oidc/callback",
    "/api/v1/openapi.json",
}
ROLES = {
    "clerk": "department_clerk",
    "head": "department_head",
    "ministry": "ministry_coordinator",
    "admin": "administrator",
}
EXAMPLES = {
    "period": "2022-12",
    "submission_id": "0123456789abcdef",
    "upload_id": "0123456789abcdef",
    "token_id": "0123456789abcdef",
    "account_id": "0123456789abcdef",
    "form": "ADM-M",
    "code": "ADM-M",
    "secret": "x",
    "language": "ru",
}


def path_of(route: APIRoute) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: EXAMPLES[m[1]], route.path)


def named(case: tuple[str, APIRoute]) -> str:
    return f"{case[0]} {case[1].path}"


def test_the_application_serves_these_routes_and_no_others(desk: Desk) -> None:
    def endpoints(routes: object) -> set[object]:
        found: set[object] = set()
        for route in routes:  # type: ignore[attr-defined]
            if hasattr(route, "endpoint"):
                found.add(route.endpoint)
            inner = getattr(getattr(route, "original_router", None), "routes", ())
            found |= endpoints(inner)
        return found

    app = desk.app
    assert {route.endpoint for _, route in ROUTES} == endpoints(app.routes)


@pytest.mark.parametrize("case", ROUTES, ids=named)
def test_every_route_says_who_may_use_it(case: tuple[str, APIRoute]) -> None:
    _, route = case
    privilege = privilege_of(route.endpoint)
    assert privilege == PUBLIC if route.path in OPEN else privilege in PRIVILEGES


def test_a_route_that_says_nothing_is_refused_to_everybody(desk: Desk) -> None:
    app = desk.app
    router = APIRouter()
    router.add_api_route("/forgotten", lambda: "secret")
    app.include_router(router)
    browser = desk.browser("admin")
    with TestClient(app, cookies=browser.client.cookies) as client:
        answer = client.get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_nobody_gets_in_without_signing_in(desk: Desk) -> None:
    client = desk.browser().client
    for method, route in ROUTES:
        if route.path in OPEN:
            continue
        answer = client.request(method, path_of(route), follow_redirects=False)
        is_api = route.path.startswith("/api/")
        assert answer.status_code == (401 if is_api else 303), f"{method} {route.path}"
        if not is_api:
            assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("login", ROLES)
def test_a_role_reaches_what_it_was_given_and_nothing_else(desk: Desk, login: str) -> None:
    given = account_rules().roles[ROLES[login]].privileges
    pages, program = desk.browser(login).client, desk.api(login)
    for method, route in ROUTES:
        privilege = privilege_of(route.endpoint)
        if privilege == PUBLIC or privilege in given:
            continue
        client = program if route.path.startswith("/api/") else pages
        answer = client.request(method, path_of(route), follow_redirects=False)
        assert answer.status_code == 403, f"{login}: {method} {route.path}"


def test_an_exception_is_a_privilege_of_its_own() -> None:
    roles = account_rules().roles.values()
    assert [role.name.en for role in roles if "exception.grant" in role.privileges] == [
        "Ministry coordinator"
    ]


def test_every_answer_carries_the_security_headers(desk: Desk) -> None:
    client = desk.browser().client
    for path in ("/sign-in", "/static/portal.css", "/api/v1/me", "/no-such-page"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_pages_hold_nothing_that_the_policy_would_block(desk: Desk) -> None:
    browser = desk.browser("ministry")
    for path in ("/country/2022-12", "/history", "/templates", "/account", "/receipts"):
        html = browser.get(path).text
        assert not re.search(r"<style|style=|\son\w+=|<script(?! src=\"/static/)|https?://", html)
