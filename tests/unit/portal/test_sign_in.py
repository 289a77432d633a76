"""Signing in: links, passwords, sessions, forms, and attacks on each."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.access.roles import account_rules
from portal.problems import PortalError
from portal.store.accounts import check_password
from tests.unit.portal.conftest import KYZYLORDA, PASSWORD, Desk
from warehouse.contracts.territories import REPUBLIC
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import writing


def test_the_right_password_opens_a_session(desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.sign_in("clerk")
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert browser.get("/").headers["location"].startswith("/periods/")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_site_after_signing_in(desk: Desk, target: str) -> None:
    data = {"login": "clerk", "password": PASSWORD, "next": target}
    answer = desk.browser().post("/sign-in", data, page="/sign-in")
    assert answer.headers["location"] == "/"


def test_a_session_chosen_by_an_attacker_is_not_taken_over(desk: Desk) -> None:
    browser = desk.browser()
    browser.client.cookies.set("mvd_session", "chosen-by-the-attacker")
    answer = browser.sign_in("clerk")
    assert "chosen-by-the-attacker" not in answer.headers["set-cookie"]
    assert desk.portal.sessions.find("chosen-by-the-attacker") is None


def test_signing_in_again_ends_the_session_before(desk: Desk) -> None:
    account = desk.portal.accounts.by_login("clerk")
    first = desk.portal.sessions.open(account.account_id)
    second = desk.portal.sessions.open(account.account_id, replaces=first)
    assert desk.portal.sessions.find(first) is None
    assert desk.portal.sessions.find(second) is not None


def test_signing_out_ends_the_session_on_the_server(desk: Desk) -> None:
    browser = desk.browser("clerk")
    secret = browser.client.cookies["mvd_session"]
    assert browser.post("/sign-out", {}, page="/history").status_code == 303
    assert desk.portal.sessions.find(secret) is None


def test_an_idle_session_ends(desk: Desk) -> None:
    account = desk.portal.accounts.by_login("clerk")
    secret = desk.portal.sessions.open(account.account_id)
    idle = timedelta(minutes=account_rules().sign_in.session_idle_minutes, seconds=1)
    with writing(desk.services.ledger.engine) as connection:
        connection.execute(update(t.session).values(last_seen_at=utc_now() - idle))
    assert desk.portal.sessions.find(secret) is None


def test_guessing_passwords_locks_the_account_even_for_the_right_one(desk: Desk) -> None:
    browser = desk.browser()
    limit = account_rules().sign_in.failures_per_account
    answers = [browser.sign_in("clerk", f"wrong {n}").status_code for n in range(limit)]
    assert answers == [401] * limit
    assert browser.sign_in("clerk").status_code == 429
    assert desk.browser().sign_in("head").status_code == 303
    actions = [entry.action for entry in desk.portal.audit.entries(object="clerk")]
    assert actions[:2] == ["sign_in.blocked", "sign_in.failed"]


def test_guessing_names_locks_the_address(desk: Desk) -> None:
    browser = desk.browser()
    for number in range(account_rules().sign_in.failures_per_address):
        browser.sign_in(f"somebody{number}", "wrong")
    assert browser.sign_in("clerk").status_code == 429


def test_an_unknown_name_is_answered_like_a_wrong_password(desk: Desk) -> None:
    unknown = desk.browser().sign_in("nobody-here", "wrong")
    wrong = desk.browser().sign_in("clerk", "wrong")
    strip = r"Имя или пароль неверны."
    assert unknown.status_code == wrong.status_code == 401
    assert strip in unknown.text
    assert strip in wrong.text


def test_a_link_works_once(desk: Desk) -> None:
    accounts = desk.portal.accounts
    account = accounts.create(
        login="fresh",
        display_name="Fresh",
        role="department_clerk",
        territory=KYZYLORDA,
        email=None,
    )
    path = f"/enrol/{accounts.enrolment_link(account.account_id)}"
    both = {"password": PASSWORD, "repeated": PASSWORD}
    browser = desk.browser()
    assert browser.post(path, both, page=path).headers["location"].startswith("/sign-in")
    assert browser.get(path).status_code == 404
    assert desk.browser().sign_in("fresh").status_code == 303


def test_a_department_is_a_part_of_the_country(desk: Desk) -> None:
    fields = {
        "login": "wide",
        "display_name": "Wide",
        "role": "department_head",
        "territory": REPUBLIC,
    }
    answer = desk.browser("admin").post("/accounts", fields, page="/accounts")
    assert "нет своего департамента" in answer.text
    assert "wide" not in [account.login for account in desk.portal.accounts.all()]


def test_a_new_link_ends_the_one_before_and_a_password_ends_all_sessions(desk: Desk) -> None:
    accounts, sessions = desk.portal.accounts, desk.portal.sessions
    account = accounts.by_login("clerk")
    session = sessions.open(account.account_id)
    old = accounts.enrolment_link(account.account_id)
    new = accounts.enrolment_link(account.account_id)
    assert accounts.enrolling(old) is None
    accounts.enrol(new, "другой длинный пароль")
    assert sessions.find(session) is None


def test_an_old_link_has_ended(desk: Desk) -> None:
    accounts = desk.portal.accounts
    link = accounts.enrolment_link(accounts.by_login("clerk").account_id)
    with writing(desk.services.ledger.engine) as connection:
        connection.execute(update(t.enrolment).values(expires_at=utc_now()))
    assert accounts.enrolling(link) is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("короткий", "password_short"),
        ("a" * 30, "password_guessable"),
        ("Password1234", "password_guessable"),
        ("my-name-is-clerk", "password_guessable"),
        ("д" * 201, "password_long"),
    ],
)
def test_weak_passwords_are_refused(desk: Desk, password: str, problem: str) -> None:
    with pytest.raises(PortalError) as refused:
        check_password(password, desk.portal.accounts.by_login("clerk"))
    assert refused.value.key == problem


def test_passwords_and_secrets_are_nowhere_in_the_database(desk: Desk) -> None:
    account = desk.portal.accounts.by_login("clerk")
    session = desk.portal.sessions.open(account.account_id)
    token = desk.portal.sessions.issue_token(account.account_id, "test")
    link = desk.portal.accounts.enrolment_link(account.account_id)
    files = desk.services.home.root.glob("ledger.sqlite*")
    content = b"".join(file.read_bytes() for file in files)
    for secret in (PASSWORD, session, token, link):
        assert secret.encode() not in content


def test_a_closed_account_is_out_at_once(desk: Desk) -> None:
    browser, program = desk.browser("clerk"), desk.api("clerk")
    desk.portal.accounts.disable(desk.portal.accounts.by_login("clerk").account_id)
    assert browser.get("/history").headers["location"].startswith("/sign-in")
    assert program.get("/api/v1/me").status_code == 401
    assert desk.browser().sign_in("clerk").status_code == 401


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_our_token_changes_nothing(desk: Desk, token: str) -> None:
    browser = desk.browser("ministry")
    data = {"csrf": token, "forms": "SNG-1", "reason": "x"}
    answer = browser.client.post("/country/2022-12/locks", data=data)
    assert answer.status_code == 403
    assert desk.services.ledger.locks() == []


def test_another_sessions_token_is_worth_nothing(desk: Desk) -> None:
    stolen = desk.browser("admin").token("/accounts")
    data = {"csrf": stolen, "forms": "SNG-1", "reason": "x"}
    answer = desk.browser("ministry").client.post("/country/2022-12/locks", data=data)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_form_from_another_site_changes_nothing(desk: Desk, headers: dict[str, str]) -> None:
    browser = desk.browser("ministry")
    data = {"csrf": browser.token("/country/2022-12"), "forms": "SNG-1", "reason": "x"}
    answer = browser.client.post("/country/2022-12/locks", data=data, headers=headers)
    assert answer.status_code == 403
    assert desk.services.ledger.locks() == []


def test_a_session_does_not_open_the_api(desk: Desk) -> None:
    assert desk.browser("clerk").get("/api/v1/me").status_code == 401


def test_a_revoked_token_is_worth_nothing(desk: Desk) -> None:
    program, browser = desk.api("head"), desk.browser("head")
    assert program.get("/api/v1/me").json()["login"] == "head"
    account = desk.portal.accounts.by_login("head")
    (token,) = desk.portal.sessions.tokens(account.account_id)
    browser.post(f"/account/tokens/{token.token_id}/revoke", {}, page="/account")
    assert program.get("/api/v1/me").status_code == 401


def test_nobody_revokes_anothers_token(desk: Desk) -> None:
    program = desk.api("head")
    owner = desk.portal.accounts.by_login("head").account_id
    (token,) = desk.portal.sessions.tokens(owner)
    path = f"/account/tokens/{token.token_id}/revoke"
    desk.browser("stranger").post(path, {}, page="/account")
    assert program.get("/api/v1/me").status_code == 200


def test_an_expired_token_is_worth_nothing(desk: Desk) -> None:
    program = desk.api("head")
    with writing(desk.services.ledger.engine) as connection:
        connection.execute(update(t.api_token).values(expires_at=utc_now()))
    assert program.get("/api/v1/me").status_code == 401
