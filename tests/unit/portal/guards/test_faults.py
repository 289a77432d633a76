"""Faults of ours: a page with a number, a line in the log with the same number, no secret."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from portal.guards.turns import Turns
from tests.unit.portal.conftest import PASSWORD, Desk


@pytest.fixture
def broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that fails while it holds a password."""

    def fail(_self: object, _login: str, password: str, _attempt: object = None) -> None:
        raise RuntimeError(f"no such column: {password}")

    monkeypatch.setattr("portal.store.accounts.Accounts.verify", fail)
    return desk


@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "произошла ошибка"), ("kk", "қате пайда болды"), ("en", "The portal has failed")],
)
def test_a_fault_is_answered_with_a_number_that_stands_in_the_log(
    broken: Desk, caplog: pytest.LogCaptureFixture, language: str, said: str
) -> None:
    browser = broken.browser()
    browser.client.headers["accept-language"] = language
    answer = browser.sign_in("clerk")
    assert answer.status_code == 500
    assert said in answer.text
    assert "RuntimeError" not in answer.text
    assert PASSWORD not in answer.text
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.reference in answer.text  # type: ignore[attr-defined]
    assert record.exc_info
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_program_gets_the_number_as_json(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("portal.desk.actions.Desk.period", fail)
    answer = desk.api("clerk").get("/api/v1/periods/2022-12", headers={"accept-language": "en"})
    assert answer.status_code == 500
    assert set(answer.json()) == {"code", "detail"}
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.reference in answer.json()["detail"]  # type: ignore[attr-defined]


def test_the_page_of_a_fault_may_fail_itself(broken: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = broken.browser()
    token = browser.token("/sign-in")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no template")

    monkeypatch.setattr("portal.app.page", fail)
    answer = browser.client.post("/sign-in", data={"csrf": token, "login": "clerk"})
    assert answer.status_code == 500
    assert answer.text.startswith("500")


def test_the_path_in_the_log_holds_no_link_and_no_unknown_path(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    client = desk.browser().client
    with caplog.at_level(logging.INFO, logger="portal.guards.request_log"):
        client.get("/enrol/planted-secret?token=planted-secret")
        client.get("/enroll/planted-secret")
        client.get("/static/portal.css")
    paths = [record.path for record in caplog.records if record.name == "portal.guards.request_log"]  # type: ignore[attr-defined]
    assert paths == ["/enrol/…", "-", "/static"]


def test_a_page_with_a_link_in_its_address_does_not_pass_it_on(desk: Desk) -> None:
    accounts = desk.portal.accounts
    link = accounts.enrolment_link(accounts.by_login("clerk").account_id)
    answer = desk.browser().get(f"/enrol/{link}")
    assert answer.headers["referrer-policy"] == "strict-origin"


def test_an_attempt_that_finds_no_turn_is_not_counted(desk: Desk) -> None:
    browser = desk.browser()
    portal = browser.client.app.state.portal  # type: ignore[attr-defined]
    full = Turns(at_once=0, waiting=0)
    browser.client.app.state.portal = replace(portal, turns=full)  # type: ignore[attr-defined]
    answers = [browser.sign_in("clerk", "wrong") for _ in range(8)]
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].headers["retry-after"].isdecimal()
    assert "Подождите несколько секунд" in answers[0].text
    browser.client.app.state.portal = portal  # type: ignore[attr-defined]
    assert browser.sign_in("clerk").status_code == 303


def test_a_longer_password_is_not_the_one_that_it_begins_with(desk: Desk) -> None:
    accounts = desk.portal.accounts
    link = accounts.enrolment_link(accounts.by_login("clerk").account_id)
    longest = "длинный пароль " * 13 + "konec"
    accounts.enrol(link, longest)
    assert len(longest) == 200
    assert accounts.verify("clerk", longest) is not None
    assert accounts.verify("clerk", longest + "x") is None
