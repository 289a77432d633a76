"""Held, confirmed, withdrawn and returned submissions; locked periods and exceptions."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.ledger import IncomingFile, Ledger, Registration, Verdict
from warehouse.storage.lake import CellFile

CELLS = CellFile(Path("x.parquet"), "form=1-M/x.parquet", "c" * 64, 1)


def send(
    ledger: Ledger, content: str, *, hold: bool = True, territory: str = "430000000"
) -> Registration:
    return ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2022",
            territory_kato=territory,
            period="2025-06",
            file_name=f"{content}.xlsx",
            file_sha256=hashlib.sha256(content.encode()).hexdigest(),
            file_size=len(content),
            submitted_by="clerk",
        ),
        hold=hold,
    )


def judged(ledger: Ledger, content: str, verdict: Verdict, *, hold: bool = True) -> str:
    submission_id = send(ledger, content, hold=hold).submission_id
    cells = CELLS if verdict.is_accepted else None
    ledger.record_verdict(submission_id, verdict, [], cells, "contracts-1")
    return submission_id


def current(ledger: Ledger) -> list[str]:
    return [s.submission_id for s in ledger.submissions(in_force=True)]


def test_a_clean_first_version_counts_without_confirmation(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED)
    assert current(ledger) == [first]
    assert [d.kind for d in ledger.decisions(first)] == ["held", "confirmed"]


def test_warnings_wait_for_confirmation(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED_WITH_WARNINGS)
    assert ledger.submission(first).awaits_confirmation
    assert current(ledger) == []
    ledger.confirm(first, by="clerk", comment="verified")
    assert current(ledger) == [first]
    assert ledger.decisions(first)[-1].comment == "verified"


def test_a_change_of_an_accepted_version_waits_for_confirmation(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED)
    second = judged(ledger, "second", Verdict.ACCEPTED)
    assert current(ledger) == [first]
    ledger.confirm(second, by="clerk")
    assert current(ledger) == [second]
    assert ledger.submission(second).replaces_submission_id == first


def test_what_was_sent_without_hold_counts_at_once(ledger: Ledger) -> None:
    only = judged(ledger, "only", Verdict.ACCEPTED_WITH_WARNINGS, hold=False)
    assert current(ledger) == [only]
    assert ledger.decisions(only) == []


def test_the_same_bytes_without_hold_confirm_what_waited(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED_WITH_WARNINGS)
    again = send(ledger, "first", hold=False)
    assert (again.submission_id, again.is_new) == (first, False)
    assert current(ledger) == [first]


def test_a_rejected_file_cannot_be_confirmed(ledger: Ledger) -> None:
    rejected = judged(ledger, "bad", Verdict.REJECTED)
    with pytest.raises(UserError, match="NOT_CONFIRMABLE"):
        ledger.confirm(rejected, by="clerk")


def test_an_older_version_cannot_be_confirmed_over_a_newer_one(ledger: Ledger) -> None:
    older = judged(ledger, "older", Verdict.ACCEPTED_WITH_WARNINGS)
    newer = judged(ledger, "newer", Verdict.ACCEPTED_WITH_WARNINGS)
    ledger.confirm(newer, by="clerk")
    with pytest.raises(UserError, match="NOT_CONFIRMABLE"):
        ledger.confirm(older, by="clerk")


def test_withdrawn_bytes_may_come_again(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED_WITH_WARNINGS)
    ledger.withdraw(first, by="clerk")
    assert current(ledger) == []
    again = send(ledger, "first")
    assert again.is_new
    assert again.submission_id != first


def test_a_returned_version_gives_way_to_the_one_before_it(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED, hold=False)
    second = judged(ledger, "second", Verdict.ACCEPTED, hold=False)
    ledger.send_back(second, by="ministry", comment="R2 is last year's")
    assert current(ledger) == [first]
    assert ledger.submission(second).standing == "returned"
    assert ledger.decisions(second)[-1].comment == "R2 is last year's"
    with pytest.raises(UserError, match="NOT_RETURNABLE"):
        ledger.send_back(second, by="ministry", comment="again")


def test_a_locked_period_takes_nothing_new(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED)
    ledger.set_lock("1-M", "2025-06", is_locked=True, reason="published", by="ministry")
    with pytest.raises(UserError, match="PERIOD_LOCKED"):
        send(ledger, "second")
    assert not send(ledger, "first").is_new, "what is there already is still answered"
    assert current(ledger) == [first]
    assert [(lock.form_code, lock.reason) for lock in ledger.locks("2025-06")] == [
        ("1-M", "published")
    ]


def test_what_waited_when_the_period_was_locked_cannot_be_confirmed(ledger: Ledger) -> None:
    first = judged(ledger, "first", Verdict.ACCEPTED_WITH_WARNINGS)
    ledger.set_lock("1-M", "2025-06", is_locked=True, reason="published", by="ministry")
    with pytest.raises(UserError, match="PERIOD_LOCKED"):
        ledger.confirm(first, by="clerk")


def test_an_unlocked_period_is_open_again(ledger: Ledger) -> None:
    ledger.set_lock("1-M", "2025-06", is_locked=True, reason="published", by="ministry")
    ledger.set_lock("1-M", "2025-06", is_locked=False, reason="correction", by="ministry")
    assert send(ledger, "first").is_new
    assert ledger.locks() == []


def test_an_exception_lets_one_territory_in_until_it_ends(ledger: Ledger) -> None:
    ledger.set_lock("1-M", "2025-06", is_locked=True, reason="published", by="ministry")
    until = utc_now() + timedelta(hours=2)
    ledger.grant_exception(
        "1-M", "430000000", "2025-06", valid_until=until, reason="order 5", by="ministry"
    )
    assert send(ledger, "first").is_new
    with pytest.raises(UserError, match="PERIOD_LOCKED"):
        send(ledger, "other", territory="470000000")


def test_an_expired_exception_lets_nobody_in(ledger: Ledger) -> None:
    ledger.set_lock("1-M", "2025-06", is_locked=True, reason="published", by="ministry")
    ended = utc_now() - timedelta(seconds=1)
    ledger.grant_exception(
        "1-M", "430000000", "2025-06", valid_until=ended, reason="order 5", by="ministry"
    )
    with pytest.raises(UserError, match="PERIOD_LOCKED"):
        send(ledger, "first")
