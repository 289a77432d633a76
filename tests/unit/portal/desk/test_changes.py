"""What a new version of a report changes is told only where the two can be compared."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from portal.desk import actions
from portal.desk.actions import Desk


@pytest.mark.parametrize(("version", "is_told"), [("2022", True), ("2026", False)])
def test_reports_read_by_different_versions_of_a_form_are_not_compared(
    version: str, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = SimpleNamespace(submission_id="a", form_version="2022", cells_path="a.parquet")
    after = SimpleNamespace(
        submission_id="b",
        form_version=version,
        cells_path="b.parquet",
        replaces_submission_id="a",
    )
    known = {"a": before, "b": after}
    ledger = SimpleNamespace(submission=known.get)
    desk: Any = SimpleNamespace(
        submission=known.get, services=SimpleNamespace(ledger=ledger, contracts=None)
    )
    monkeypatch.setattr(actions, "why_left_out", lambda *_: None)
    monkeypatch.setattr(actions, "differences", lambda *_, **__: "told")
    told: object = Desk.changes(cast("Desk", desk), "b", "en")
    assert (told == "told") is is_told
