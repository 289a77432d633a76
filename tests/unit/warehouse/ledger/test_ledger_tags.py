from datetime import UTC, datetime

import pytest

from warehouse.core.errors import UserError
from warehouse.ledger import Ledger
from warehouse.ledger.tags import set_tag, tags


def begun(ledger: Ledger) -> str:
    return ledger.begin_release(contract_hash="c" * 64, submission_ids=[])


def test_a_tag_names_a_release_and_says_who_gave_it_and_why(ledger: Ledger) -> None:
    before = datetime.now(UTC)
    release_id = begun(ledger)
    set_tag(ledger, "final-2025-07", release_id, reason="July is closed", by="operator")
    (found,) = tags(ledger)
    assert (found.tag, found.release_id) == ("final-2025-07", release_id)
    assert (found.reason, found.tagged_by) == ("July is closed", "operator")
    assert before <= found.tagged_at <= datetime.now(UTC)


def test_the_same_tag_on_the_same_release_changes_nothing(ledger: Ledger) -> None:
    release_id = begun(ledger)
    first = set_tag(ledger, "final-2025-07", release_id, reason="first", by=None)
    assert set_tag(ledger, "final-2025-07", release_id, reason="again", by="x") == first
    assert tags(ledger) == [first]


def test_a_tag_is_never_moved(ledger: Ledger) -> None:
    first, second = begun(ledger), begun(ledger)
    set_tag(ledger, "final-2025-07", first, reason="", by=None)
    with pytest.raises(UserError, match="TAG_TAKEN") as raised:
        set_tag(ledger, "final-2025-07", second, reason="", by=None)
    assert raised.value.params["release_id"] == first
