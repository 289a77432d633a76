import pytest

from tests.unit.warehouse.builds import CONTRACTS, submit
from warehouse.ledger import Ledger
from warehouse.ledger.pending import mark, pending
from warehouse.paths import Home


def built(ledger: Ledger, state: str, *ids: str) -> str:
    release_id = ledger.begin_release(contract_hash=CONTRACTS, submission_ids=ids)
    if state != "building":
        content = "d" * 64 if state == "published" else None
        ledger.record_release(release_id, state=state, content_hash=content)  # type: ignore[arg-type]
    return release_id


def test_nothing_is_pending_in_an_empty_ledger(ledger: Ledger) -> None:
    assert not pending(ledger)
    assert pending(ledger).digest == ""


def test_what_no_build_has_seen_is_pending(home: Home, ledger: Ledger) -> None:
    first = submit(home, ledger, "430000000")
    second = submit(home, ledger, "150000000")
    built(ledger, "published", first)
    assert pending(ledger).added == {second}
    assert pending(ledger).removed == frozenset()


@pytest.mark.parametrize("state", ["published", "refused"])
def test_a_finished_build_settles_it(home: Home, ledger: Ledger, state: str) -> None:
    built(ledger, state, submit(home, ledger))
    assert not pending(ledger)


def test_a_build_that_was_killed_settles_nothing(home: Home, ledger: Ledger) -> None:
    submission_id = submit(home, ledger)
    built(ledger, "building", submission_id)
    assert pending(ledger).added == {submission_id}


def test_a_correction_takes_the_place_of_what_was_released(home: Home, ledger: Ledger) -> None:
    first = submit(home, ledger, value=1.0)
    built(ledger, "published", first)
    second = submit(home, ledger, value=2.0)
    assert pending(ledger).added == {second}
    assert pending(ledger).removed == {first}


def test_a_returned_submission_is_pending_as_removed(home: Home, ledger: Ledger) -> None:
    submission_id = submit(home, ledger)
    built(ledger, "published", submission_id)
    ledger.send_back(submission_id, by="operator", comment="wrong month")
    assert pending(ledger).removed == {submission_id}


def test_the_tenth_build_is_later_than_the_ninth(home: Home, ledger: Ledger) -> None:
    submission_id = submit(home, ledger)
    for _ in range(9):
        built(ledger, "refused")
    built(ledger, "published", submission_id)
    assert not pending(ledger)


def test_the_mark_moves_with_every_change_and_only_then(home: Home, ledger: Ledger) -> None:
    seen = [mark(ledger)]
    submission_id = submit(home, ledger)
    seen.append(mark(ledger))
    release_id = built(ledger, "building", submission_id)
    seen.append(mark(ledger))
    ledger.record_release(release_id, state="refused")
    seen.append(mark(ledger))
    ledger.send_back(submission_id, by=None, comment="")
    seen.append(mark(ledger))
    assert len(set(seen)) == len(seen)
    assert mark(ledger) == seen[-1]
