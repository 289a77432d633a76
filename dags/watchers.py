"""Asset watchers: the triggerer looks at the inbox and at the ledger, so nothing waits for a clock.

What a watcher has said last lives in its memory. After a restart it may say it again; the DAG that
is started then finds nothing to do.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

_POLL_SECONDS = 1.0
_AGAIN_AFTER_SECONDS = 600.0
_LONGEST_QUIET_SECONDS = 60.0


class InboxTrigger(BaseEventTrigger):
    """An event when files wait that were not announced, and again if they still wait later."""

    def __init__(self, poll_seconds: float = _POLL_SECONDS) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, from which the triggerer makes it again."""
        return "dags.watchers.InboxTrigger", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the triggerer ends."""
        announced, announced_at = "", 0.0
        while True:
            names = await asyncio.to_thread(_waiting)
            digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16] if names else ""
            # What has left the inbox may come back under the same names.
            announced = announced if names else ""
            overdue = time.monotonic() - announced_at > _AGAIN_AFTER_SECONDS
            if names and (digest != announced or overdue):
                announced, announced_at = digest, time.monotonic()
                yield _event({"files": len(names), "digest": digest})
            await asyncio.sleep(self.poll_seconds)


class LedgerTrigger(BaseEventTrigger):
    """An event when there is a reason for a build, whoever took in what makes it one.

    It waits until the ledger has been quiet for one look, so that a batch makes one release, but
    no longer than a minute: a steady stream must not keep releases back. While the latest build is
    one that the machine failed, it says so again from time to time.
    """

    def __init__(
        self,
        poll_seconds: float = _POLL_SECONDS,
        again_after_seconds: float = _AGAIN_AFTER_SECONDS,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds
        self.again_after_seconds = again_after_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, from which the triggerer makes it again."""
        return "dags.watchers.LedgerTrigger", {
            "poll_seconds": self.poll_seconds,
            "again_after_seconds": self.again_after_seconds,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the triggerer ends."""
        ledger = await asyncio.to_thread(_open_ledger)
        seen: tuple[int, ...] | None = None
        looked_at: tuple[int, ...] | None = None
        announced, announced_at, restless_since = "", 0.0, time.monotonic()
        while True:
            now = await asyncio.to_thread(_mark, ledger)
            waited = time.monotonic() - restless_since > _LONGEST_QUIET_SECONDS
            is_again = (
                bool(announced) and time.monotonic() - announced_at > self.again_after_seconds
            )
            if is_again or (now != looked_at and (now == seen or waited)):
                due = await asyncio.to_thread(_due, ledger)
                looked_at, restless_since = now, time.monotonic()
                is_new = bool(due) and due["digest"] != announced
                if is_new or (is_again and due and due["is_failed"]):
                    yield _event(due)
                if is_new or is_again:
                    announced_at = time.monotonic()
                announced = due["digest"] if due else ""
            if now == looked_at:
                restless_since = time.monotonic()
            seen = now
            await asyncio.sleep(self.poll_seconds)


def _event(payload: dict[str, Any]) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


def _waiting() -> list[str]:
    from warehouse.core.settings import load_settings
    from warehouse.storage.inbox import waiting

    return [name.as_posix() for name in waiting(load_settings().paths)]


def _open_ledger() -> Any:
    from warehouse.core.settings import load_settings
    from warehouse.ledger import Ledger

    return Ledger(load_settings().ledger)


def _mark(ledger: Any) -> tuple[int, ...]:
    from warehouse.releases.completeness import mark

    return mark(ledger)


def _due(ledger: Any) -> dict[str, Any]:
    """What the event says; empty when there is no reason for a build."""
    from warehouse.contracts import load_contracts
    from warehouse.core.settings import load_settings
    from warehouse.releases.completeness import build_is_due, latest_build

    found = build_is_due(load_settings().paths, ledger, load_contracts())
    if found is None:
        return {}
    latest = latest_build(ledger)
    return {
        "added": len(found.missing),
        "removed": len(found.overtaken),
        "digest": found.digest,
        "is_failed": latest is not None and latest.state == "failed",
    }
