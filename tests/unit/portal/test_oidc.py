"""Sign-in through a real identity provider on loopback, and what must not get through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import update

from portal.problems import PortalError
from portal.settings import PortalSettings
from portal.web import Portal
from tests.unit.portal.conftest import Browser, Desk
from tests.unit.portal.provider import CLIENT, SECRET, Provider, served
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import writing

PERSON = "iin-850101300123"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with served() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    """The provider without the lies of another test."""
    running.person, running.lies, running.says, running.forged = PERSON, {}, {}, False
    return running


@pytest.fixture
def single(desk: Desk, provider: Provider, tmp_path: Path) -> Desk:
    """The installation with the provider; the clerk's account is bound to the person."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    settings = PortalSettings(
        public_url="http://testserver",
        requests_per_minute=1_000_000,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret_file=secret,
    )
    desk.portal.accounts.bind(desk.portal.accounts.by_login("clerk").account_id, PERSON)
    return Desk(desk.services, Portal.of(settings, desk.services), settings, desk.clients)


def at_provider(browser: Browser, target: str = "/history") -> str:
    """Go to the provider and sign in there; the address to which it sends the browser back."""
    there = browser.get(f"/sign-in/oidc?next={target}").headers["location"]
    back: str = httpx.get(there).headers["location"]
    return back


def local(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def sign_in(browser: Browser) -> httpx2.Response:
    return browser.get(local(at_provider(browser)))


def refused(desk: Desk, browser: Browser, answer: httpx2.Response) -> str:
    """Nobody was let in; the reason that the log keeps."""
    assert answer.status_code == 403
    assert "Войти через единую учётную запись не удалось" in answer.text
    assert browser.get("/history").status_code == 303
    (entry,) = desk.portal.audit.entries(action="sign_in.refused")
    return str(entry.details["reason"])


def test_somebody_known_gets_in_and_lands_where_he_wanted_to_go(single: Desk) -> None:
    browser = single.browser()
    assert "/sign-in/oidc" in browser.get("/sign-in").text
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/history")
    assert "Clerk" in browser.get("/history").text
    (entry,) = single.portal.audit.entries(action="sign_in.done")
    assert entry.object == "clerk"


def test_without_a_provider_there_is_no_such_way(desk: Desk) -> None:
    browser = desk.browser()
    assert "/sign-in/oidc" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/oidc").status_code == 404
    assert browser.get("/sign-in/oidc/callback?code=x&state=x").status_code == 404


def test_somebody_unknown_stays_outside_and_gets_no_account(
    single: Desk, provider: Provider
) -> None:
    provider.person = "somebody-else"
    browser, before = single.browser(), len(single.portal.accounts.all())
    assert "no open account" in refused(single, browser, sign_in(browser))
    assert len(single.portal.accounts.all()) == before


def test_a_closed_account_stays_closed(single: Desk) -> None:
    single.portal.accounts.disable(single.portal.accounts.by_login("clerk").account_id)
    browser = single.browser()
    assert "no open account" in refused(single, browser, sign_in(browser))


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"iss": "https://elsewhere.example"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": [CLIENT, "another"]}, "another client"),
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1_600_000_000}, "expired"),
        ({"exp": None}, "exp"),
        ({"sub": ""}, "sub"),
    ],
    ids=str,
)
def test_a_token_that_was_not_made_for_this_sign_in_is_refused(
    single: Desk, provider: Provider, lies: dict[str, Any], reason: str
) -> None:
    provider.lies = lies
    browser = single.browser()
    assert reason in refused(single, browser, sign_in(browser))


def test_a_token_signed_with_a_foreign_key_is_refused(single: Desk, provider: Provider) -> None:
    provider.forged = True
    browser = single.browser()
    assert "signature" in refused(single, browser, sign_in(browser))


def test_a_foreign_state_is_refused(single: Desk) -> None:
    """An attacker's half-finished sign-in, pushed into somebody's browser."""
    attacker, victim = single.browser(), single.browser()
    pushed = at_provider(attacker)
    at_provider(victim)
    assert "not that of this browser" in refused(single, victim, victim.get(local(pushed)))


def test_an_answer_is_good_once(single: Desk) -> None:
    browser = single.browser()
    back = local(at_provider(browser))
    state = browser.client.cookies["mvd_oidc"]
    assert browser.get(back).status_code == 303
    again = single.browser()
    again.client.cookies.set("mvd_oidc", state)
    assert "used before" in refused(single, again, again.get(back))


def test_a_code_that_was_used_is_refused_under_a_fresh_state(single: Desk) -> None:
    first, second = single.browser(), single.browser()
    used = at_provider(first)
    assert first.get(local(used)).status_code == 303
    fresh = parse_qs(urlsplit(at_provider(second)).query)["state"][0]
    code = parse_qs(urlsplit(used).query)["code"][0]
    answer = second.get(f"/sign-in/oidc/callback?code={code}&state={fresh}")
    assert "answered 400" in refused(single, second, answer)


def test_an_old_sign_in_has_ended(single: Desk) -> None:
    browser = single.browser()
    back = local(at_provider(browser))
    with writing(single.services.ledger.engine) as connection:
        past = utc_now() - timedelta(seconds=1)
        connection.execute(update(t.oidc_request).values(expires_at=past))
    assert "expired" in refused(single, browser, browser.get(back))


def test_an_answer_that_names_another_issuer_is_refused(single: Desk, provider: Provider) -> None:
    browser = single.browser()
    mixed = local(at_provider(browser)).replace("127.0.0.1", "127.0.0.2")
    assert "another issuer" in refused(single, browser, browser.get(mixed))


@pytest.mark.parametrize(
    "says",
    [{"issuer": "https://elsewhere.example"}, {"authorization_endpoint": "http://elsewhere/x"}],
    ids=str,
)
def test_a_provider_that_says_it_is_another_is_not_asked(
    single: Desk, provider: Provider, says: dict[str, str]
) -> None:
    provider.says = says
    assert single.browser().get("/sign-in/oidc").status_code == 503


def test_nobody_is_sent_elsewhere_after_signing_in(single: Desk) -> None:
    browser = single.browser()
    back = at_provider(browser, target="https://elsewhere.example/")
    assert browser.get(local(back)).headers["location"] == "/"


def test_the_session_is_a_new_one(single: Desk) -> None:
    browser = single.browser("clerk")
    before = browser.client.cookies["mvd_session"]
    sign_in(browser)
    assert browser.client.cookies["mvd_session"] != before
    assert single.portal.sessions.find(before) is None


def test_an_identity_belongs_to_one_account_and_administrators_bind_it(single: Desk) -> None:
    admin, accounts = single.browser("admin"), single.portal.accounts
    head = accounts.by_login("head").account_id
    path = f"/accounts/{head}/bind"
    assert admin.post(path, {"subject": PERSON}, page="/accounts").status_code == 409
    assert admin.post(path, {"subject": "other"}, page="/accounts").status_code == 303
    bound = accounts.by_subject("other")
    assert bound is not None
    assert bound.login == "head"
    assert accounts.bind(head, "").subject is None
    with pytest.raises(PortalError):
        accounts.bind(head, PERSON)


def test_an_unsafe_or_half_configured_provider_is_refused() -> None:
    with pytest.raises(ValidationError, match="https"):
        PortalSettings(oidc_issuer="http://id.example.kz", oidc_client_id="x")
    with pytest.raises(ValidationError, match="oidc_client_id"):
        PortalSettings(oidc_issuer="https://id.example.kz")
