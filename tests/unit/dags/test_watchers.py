"""The watchers against a real inbox and a real ledger."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.warehouse.builds import submit
from warehouse.core.paths import Home
from warehouse.ledger import Ledger

POLL = 0.02
QUIET = 0.5


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("MVD_HOME", str(tmp_path / "data"))
    return Home(tmp_path / "data")


async def events(trigger: Any, *, during: Any = lambda: None) -> list[dict[str, Any]]:
    """What the trigger says until it has been quiet for a while; `during` runs after the first."""
    stream: AsyncIterator[Any] = trigger.run()
    found: list[dict[str, Any]] = []
    try:
        while True:
            event = await asyncio.wait_for(anext(stream), timeout=QUIET)
            found.append(event.payload)
            if len(found) == 1:
                during()
    except TimeoutError:
        return found


def dropped(home: Home, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from warehouse.storage import inbox

    monkeypatch.setattr(inbox, "_changed_at", lambda path: path.stat().st_mtime)
    path = home.inbox / "2025-07" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (time.time() - 60,) * 2)


def test_waiting_files_are_announced_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from dags.watchers import InboxTrigger

    dropped(home, "a.xlsx", monkeypatch)
    found = asyncio.run(events(InboxTrigger(POLL)))
    assert [event["files"] for event in found] == [1]


def test_another_file_is_announced_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from dags.watchers import InboxTrigger

    dropped(home, "a.xlsx", monkeypatch)
    more = events(InboxTrigger(POLL), during=lambda: dropped(home, "b.xlsx", monkeypatch))
    assert [event["files"] for event in asyncio.run(more)] == [1, 2]


def test_the_same_name_is_announced_again_after_the_inbox_was_empty(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags.watchers import InboxTrigger

    def leave_and_come_back() -> None:
        (home.inbox / "2025-07" / "a.xlsx").unlink()
        asyncio.get_running_loop().call_later(QUIET / 2, dropped, home, "a.xlsx", monkeypatch)

    dropped(home, "a.xlsx", monkeypatch)
    found = asyncio.run(events(InboxTrigger(POLL), during=leave_and_come_back))
    assert [event["files"] for event in found] == [1, 1]


def test_an_empty_inbox_says_nothing(home: Home) -> None:
    from dags.watchers import InboxTrigger

    assert asyncio.run(events(InboxTrigger(POLL))) == []


def test_an_accepted_submission_is_announced_once(home: Home) -> None:
    from dags.watchers import LedgerTrigger

    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        submit(home, ledger)
    found = asyncio.run(events(LedgerTrigger(POLL)))
    assert [(event["added"], event["removed"]) for event in found] == [(1, 0)]


def test_a_correction_is_announced_after_the_first_version(home: Home) -> None:
    from dags.watchers import LedgerTrigger

    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        submit(home, ledger, value=1.0)
        more = events(LedgerTrigger(POLL), during=lambda: submit(home, ledger, value=2.0))
        digests = [event["digest"] for event in asyncio.run(more)]
    assert len(set(digests)) == len(digests) == 2


def test_what_the_machine_failed_is_announced_again(home: Home) -> None:
    from dags.watchers import LedgerTrigger

    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        submission_id = submit(home, ledger)
        release_id = ledger.begin_release(contract_hash="c" * 64, submission_ids=[submission_id])
        ledger.record_release(release_id, state="failed")
    assert len(asyncio.run(events(LedgerTrigger(POLL)))) == 1

    async def first_three() -> list[str]:
        stream = LedgerTrigger(POLL, again_after_seconds=POLL).run()
        return [(await anext(stream)).payload["digest"] for _ in range(3)]

    assert len(set(asyncio.run(asyncio.wait_for(first_three(), timeout=60)))) == 1


def test_what_a_build_has_seen_is_not_announced(home: Home) -> None:
    from dags.watchers import LedgerTrigger

    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        submission_id = submit(home, ledger)
        release_id = ledger.begin_release(contract_hash="c" * 64, submission_ids=[submission_id])
        ledger.record_release(release_id, state="refused")
    assert asyncio.run(events(LedgerTrigger(POLL))) == []
