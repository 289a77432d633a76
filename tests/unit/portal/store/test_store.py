"""What the desk keeps, on SQLite and on Postgres alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.problems import PortalError
from portal.store.accounts import Account
from tests.unit.portal.conftest import KYZYLORDA, PASSWORD, PAVLODAR, PERIOD, Desk
from tests.unit.warehouse.conftest import postgres_server, postgres_url
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing
from warehouse.ledger.signature_records import CheckedSignature, latest_signature, record_signature
from warehouse.ledger.uploads import Upload
from warehouse.storage.originals import StoredFile

__all__ = ["postgres_server", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


def clerk(desk: Desk) -> Account:
    return desk.portal.accounts.by_login("clerk")


def queued(desk: Desk, sha256: str, territory: str = KYZYLORDA, **fields: bytes) -> Upload:
    return desk.portal.uploads.add(
        account_id=clerk(desk).account_id,
        territory=territory,
        period=PERIOD,
        form=None,
        file_name="x.xlsx",
        stored=StoredFile(sha256, Path(), 1),
        language="ru",
        signature=fields.get("signature"),
    )


def test_accounts_are_enrolled_once_bound_once_and_closed_at_once(desk: Desk) -> None:
    accounts, sessions = desk.portal.accounts, desk.portal.sessions
    with pytest.raises(PortalError):
        desk.account("clerk", "department_clerk", KYZYLORDA)
    made = accounts.create(
        login="new", display_name="Н", role="department_clerk", territory=PAVLODAR, email=None
    )
    link = accounts.enrolment_link(made.account_id)
    accounts.enrol(link, PASSWORD)
    with pytest.raises(PortalError):
        accounts.enrol(link, PASSWORD)
    assert accounts.verify("new", PASSWORD) is not None
    assert accounts.verify("new", "another password") is None
    accounts.bind(made.account_id, "person")
    with pytest.raises(PortalError):
        accounts.bind(clerk(desk).account_id, "person")
    secret = sessions.open(made.account_id)
    token = sessions.issue_token(made.account_id, "program")
    assert sessions.find(secret) is not None
    assert sessions.find_token(token) is not None
    accounts.disable(made.account_id)
    assert sessions.find(secret) is None
    assert sessions.find_token(token) is None
    assert accounts.by_subject("person") is None


def test_a_new_session_ends_the_one_that_the_browser_came_with(desk: Desk) -> None:
    sessions, account = desk.portal.sessions, clerk(desk).account_id
    first = sessions.open(account)
    second = sessions.open(account, replaces=first)
    assert sessions.find(first) is None
    assert sessions.find(second) is not None
    sessions.close(second)
    assert sessions.find(second) is None


def test_an_error_of_the_database_does_not_repeat_what_was_written(desk: Desk) -> None:
    planted = {"token_sha256": "planted", "account_id": "nobody", "created_at": utc_now()}
    row = insert(t.enrolment).values(**planted, expires_at=utc_now())
    with pytest.raises(IntegrityError) as refused, writing(desk.services.ledger.engine) as writer:
        writer.execute(row)
    assert "planted" not in str(refused.value)


def test_the_fifth_attempt_in_a_row_is_the_last(desk: Desk) -> None:
    throttle = desk.portal.throttle
    for _ in range(5):
        throttle.attempt("clerk", "192.0.2.1").begin()
    assert throttle.is_blocked("clerk")
    with pytest.raises(PortalError, match="too_many"):
        throttle.attempt("Clerk ", "192.0.2.2").begin()
    throttle.attempt("head", "192.0.2.2").begin()


def test_attempts_at_one_moment_are_no_more_than_the_limit(desk: Desk) -> None:
    throttle = desk.portal.throttle

    def is_admitted(number: int) -> bool:
        try:
            throttle.attempt("clerk", f"192.0.2.{number}").begin()
        except PortalError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(is_admitted, range(60))) == 5


def test_attempts_of_one_address_on_many_names_are_no_more_than_its_limit(desk: Desk) -> None:
    throttle = desk.portal.throttle

    def is_admitted(number: int) -> bool:
        try:
            throttle.attempt(f"name{number}", "192.0.2.1").begin()
        except PortalError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(is_admitted, range(60))) == 30


def test_a_refused_attempt_is_not_counted_and_does_not_make_the_wait_longer(desk: Desk) -> None:
    throttle = desk.portal.throttle
    for _ in range(5):
        throttle.attempt("clerk", "192.0.2.1").begin()
    with reading(desk.services.ledger.engine) as connection:
        before = connection.execute(select(t.throttle)).all()
    for _ in range(3):
        with pytest.raises(PortalError):
            throttle.attempt("clerk", "192.0.2.1").begin()
    with reading(desk.services.ledger.engine) as connection:
        assert set(connection.execute(select(t.throttle)).all()) == set(before)


def test_after_the_wait_the_name_has_all_its_attempts_again(desk: Desk) -> None:
    throttle = desk.portal.throttle
    for _ in range(5):
        throttle.attempt("clerk", "192.0.2.1").begin()
    with writing(desk.services.ledger.engine) as connection:
        connection.execute(update(t.throttle).values(blocked_until=utc_now()))
    for _ in range(5):
        throttle.attempt("clerk", "192.0.2.1").begin()
    assert throttle.is_blocked("clerk")


def test_right_passwords_add_up_to_nothing_however_many_come_from_an_address(desk: Desk) -> None:
    throttle = desk.portal.throttle
    for number in range(29):
        throttle.attempt(f"name{number}", "192.0.2.1").begin()
    for _ in range(40):
        attempt = throttle.attempt("clerk", "192.0.2.1")
        attempt.begin()
        attempt.succeed()
    throttle.attempt("another", "192.0.2.1").begin()
    with pytest.raises(PortalError, match="too_many"):
        throttle.attempt("clerk", "192.0.2.1").begin()


def test_the_same_file_waits_once_and_each_file_has_one_judge(desk: Desk) -> None:
    uploads = desk.portal.uploads
    first = queued(desk, "a" * 64)
    assert queued(desk, "a" * 64) == first
    assert queued(desk, "a" * 64, signature=b"cms") != first
    for number in range(6):
        queued(desk, str(number) * 64, territory=f"{number}" * 9)
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda n: uploads.claim(f"judge-{n}"), range(12)))
    found = [upload for upload in claimed if upload is not None]
    assert len({upload.upload_id for upload in found}) == len(found)
    assert len({upload.territory_kato for upload in found}) == len(found), "one at a time each"
    queue = uploads.queue()
    assert (queue.checking, queue.waiting) == (len(found), 8 - len(found))
    assert queue.oldest_at == first.received_at
    uploads.give_back(str(found[0].worker))
    assert uploads.get(found[0].upload_id).state == "waiting"
    uploads.finish(found[0].upload_id, submission_id=None, refusal={"key": "infected"})
    assert uploads.get(found[0].upload_id).refusal == {"key": "infected"}


def test_an_occasion_makes_one_letter_that_one_postman_takes(desk: Desk) -> None:
    letters, account = desk.portal.letters, clerk(desk).account_id
    assert letters.add(account, kind="late", occasion="o", params={"forms": "СНГ-1"})
    assert not letters.add(account, kind="late", occasion="o", params={})
    letter = letters.take()
    assert letter is not None
    assert letter.params == {"forms": "СНГ-1"}
    assert letters.take() is None, "it is in somebody's hands"
    letters.failed(letter, "no answer")
    letters.sent(letter)


def test_a_file_goes_all_the_way_with_its_signature(
    desk: Desk, clean: bytes, changed: bytes
) -> None:
    browser, ledger = desk.browser("clerk"), desk.services.ledger
    desk.sent(browser, clean)
    sent = desk.sent(browser, changed)
    page = f"/submissions/{sent}"
    assert ledger.submission(sent).awaits_confirmation
    assert browser.post(f"{page}/confirm", {}, page=page).status_code == 303
    assert ledger.submission(sent).in_force
    checked = CheckedSignature(
        outcome="x", signer=None, iin=None, bin=None, algorithm="GOST", is_revocation_checked=False
    )
    for _ in range(2):
        record_signature(ledger, sent, b"cms", checked, by="clerk")
    kept = latest_signature(ledger, sent)
    assert kept is not None
    assert (kept.number, kept.cms, kept.algorithm) == (1, b"cms", "GOST")
    assert desk.portal.audit.verify() is None
    assert browser.get("/health").json()["status"] == "ready"
