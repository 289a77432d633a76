"""What the release in force holds, and whether there is a reason for another build."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.unit.warehouse.builds import CONTRACTS, build, leave_out, submit
from warehouse.contracts import load_contracts
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger, Verdict
from warehouse.ledger.records import BuildState
from warehouse.releases import publication
from warehouse.releases.completeness import build_is_due, completeness, latest_build, mark
from warehouse.storage import lake


def built(home: Home, ledger: Ledger, state: BuildState) -> str:
    """A build of what is in force now, and how it ended."""
    if state == "published":
        draft = build(home, ledger, 1, only_in_force=True)
        return publication.publish(home, ledger, draft, Settings(home=home.root)).release_id
    ids = [each.submission_id for each in ledger.submissions(in_force=True)]
    release_id = ledger.begin_release(contract_hash=CONTRACTS, submission_ids=ids)
    ledger.record_release(release_id, state=state, problem="why")
    return release_id


UNKNOWN = "999999999"
"""A territory that the contracts do not know."""


def is_due(home: Home, ledger: Ledger) -> bool:
    return build_is_due(home, ledger, load_contracts()) is not None


def test_an_empty_ledger_lacks_nothing_and_needs_no_build(home: Home, ledger: Ledger) -> None:
    found = completeness(home, ledger, load_contracts())
    assert (found.release_id, found.is_complete) == (None, True)
    assert not is_due(home, ledger)
    assert latest_build(ledger) is None


def test_what_the_release_holds_is_complete(home: Home, ledger: Ledger) -> None:
    submit(home, ledger)
    release_id = built(home, ledger, "published")
    found = completeness(home, ledger, load_contracts())
    assert (found.release_id, found.is_complete) == (release_id, True)
    assert not is_due(home, ledger)


def test_a_refused_build_completes_nothing_and_is_not_repeated(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    built(home, ledger, "published")
    second = submit(home, ledger, "150000000")
    built(home, ledger, "refused")
    assert completeness(home, ledger, load_contracts()).missing == {second}
    assert not is_due(home, ledger)


@pytest.mark.parametrize("state", ["failed", "building"])
def test_a_build_that_did_not_get_through_counts_for_nothing(
    home: Home, ledger: Ledger, state: BuildState
) -> None:
    submit(home, ledger, "430000000")
    built(home, ledger, "published")
    second = submit(home, ledger, "150000000")
    built(home, ledger, state)
    due = build_is_due(home, ledger, load_contracts())
    assert due is not None
    assert due.missing == {second}


def test_after_a_refusal_and_a_failure_the_refusal_still_holds(home: Home, ledger: Ledger) -> None:
    submit(home, ledger)
    built(home, ledger, "refused")
    built(home, ledger, "failed")
    assert not completeness(home, ledger, load_contracts()).is_complete
    assert not is_due(home, ledger)


def test_what_changes_after_a_refusal_is_a_reason(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    built(home, ledger, "refused")
    submit(home, ledger, "150000000")
    assert is_due(home, ledger)


def test_returning_what_was_refused_leaves_nothing_to_build(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    built(home, ledger, "published")
    second = submit(home, ledger, "150000000")
    built(home, ledger, "refused")
    ledger.send_back(second, by="operator", comment="wrong month")
    assert completeness(home, ledger, load_contracts()).is_complete
    assert not is_due(home, ledger)


def test_a_correction_takes_the_place_of_what_was_released(home: Home, ledger: Ledger) -> None:
    first = submit(home, ledger, value=1.0)
    built(home, ledger, "published")
    second = submit(home, ledger, value=2.0)
    found = completeness(home, ledger, load_contracts())
    assert (set(found.missing), set(found.overtaken)) == ({second}, {first})


def test_a_returned_submission_is_in_the_release_too_long(home: Home, ledger: Ledger) -> None:
    submission_id = submit(home, ledger)
    built(home, ledger, "published")
    ledger.send_back(submission_id, by="operator", comment="wrong month")
    found = completeness(home, ledger, load_contracts())
    assert (set(found.missing), set(found.overtaken)) == (set(), {submission_id})
    assert is_due(home, ledger)


@pytest.mark.parametrize("state", ["published", "refused"])
def test_a_submission_that_was_read_again_is_not_what_was_built(
    home: Home, ledger: Ledger, state: BuildState
) -> None:
    submission_id = submit(home, ledger)
    built(home, ledger, state)
    cells = pa.table({"section": ["R1"], "line": [1], "column_number": [1], "value": [7.0]})
    written = lake.write_cells(home, ledger.submission(submission_id), cells)
    ledger.record_verdict(submission_id, Verdict.ACCEPTED, [], written, CONTRACTS)
    assert completeness(home, ledger, load_contracts()).missing == {submission_id}
    assert is_due(home, ledger)


def test_an_older_view_that_was_published_lacks_what_came_later(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    draft = build(home, ledger, 1, only_in_force=True)
    second = submit(home, ledger, "150000000")
    built(home, ledger, "refused")
    publication.publish(home, ledger, draft, Settings(home=home.root))
    assert completeness(home, ledger, load_contracts()).missing == {second}


def test_what_contracts_know_again_is_missing_and_a_build_is_due(
    home: Home, ledger: Ledger
) -> None:
    submit(home, ledger, "430000000")
    second = submit(home, ledger, "150000000")
    leave_out(home, built(home, ledger, "published"), second)
    found = completeness(home, ledger, load_contracts())
    assert (set(found.missing), set(found.left_out)) == ({second}, set())
    assert is_due(home, ledger)


def test_what_a_build_left_out_keeps_nothing_back_but_is_named(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    second = submit(home, ledger, UNKNOWN)
    leave_out(home, built(home, ledger, "published"), second)
    found = completeness(home, ledger, load_contracts())
    assert (found.is_complete, set(found.left_out)) == (True, {second})
    assert not is_due(home, ledger)
    # Once it counts no longer, nobody needs to hear of it.
    ledger.send_back(second, by="operator", comment="an unknown form")
    assert completeness(home, ledger, load_contracts()).left_out == frozenset()
    assert completeness(home, ledger, load_contracts()).is_complete


def test_the_same_difference_has_the_same_digest(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    first = completeness(home, ledger, load_contracts()).digest
    assert completeness(home, ledger, load_contracts()).digest == first
    submit(home, ledger, "150000000")
    assert completeness(home, ledger, load_contracts()).digest != first


def test_the_tenth_build_is_later_than_the_ninth(home: Home, ledger: Ledger) -> None:
    for _ in range(9):
        built(home, ledger, "failed")
    submit(home, ledger)
    tenth = built(home, ledger, "refused")
    found = latest_build(ledger)
    assert found is not None
    assert (found.release_id, found.state, found.problem) == (tenth, "refused", "why")
    assert not is_due(home, ledger)


def test_the_mark_moves_with_every_change_and_only_then(home: Home, ledger: Ledger) -> None:
    seen = [mark(ledger)]
    submission_id = submit(home, ledger)
    seen.append(mark(ledger))
    release_id = ledger.begin_release(contract_hash=CONTRACTS, submission_ids=[submission_id])
    seen.append(mark(ledger))
    ledger.record_release(release_id, state="failed")
    seen.append(mark(ledger))
    ledger.send_back(submission_id, by=None, comment="")
    seen.append(mark(ledger))
    assert len(set(seen)) == len(seen)
    assert mark(ledger) == seen[-1]
