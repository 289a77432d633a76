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
    """An event when submissions are in force that no build has seen, whoever took them in.

    It waits until the ledger has been quiet for one look, so that a batch makes one release, but
    no longer than a minute: a steady stream must not keep releases back.
    """

    def __init__(self, poll_seconds: float = _POLL_SECONDS) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, from which the triggerer makes it again."""
        return "dags.watchers.LedgerTrigger", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the triggerer ends."""
        ledger = await asyncio.to_thread(_open_ledger)
        seen: tuple[int, ...] | None = None
        looked_at: tuple[int, ...] | None = None
        announced, restless_since = "", time.monotonic()
        while True:
            now = await asyncio.to_thread(_mark, ledger)
            waited = time.monotonic() - restless_since > _LONGEST_QUIET_SECONDS
            if now != looked_at and (now == seen or waited):
                found = await asyncio.to_thread(_pending, ledger)
                looked_at, restless_since = now, time.monotonic()
                if found.digest and found.digest != announced:
                    yield _event(
                        {
                            "added": len(found.added),
                            "removed": len(found.removed),
                            "digest": found.digest,
                        }
                    )
                announced = found.digest
            if now == looked_at:
                restless_since = time.monotonic()
            seen = now
            await asyncio.sleep(self.poll_seconds)


def _event(payload: dict[str, Any]) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


def _waiting() -> list[str]:
    from warehouse.inbox import waiting
    from warehouse.settings import load_settings

    return [name.as_posix() for name in waiting(load_settings().paths)]


def _open_ledger() -> Any:
    from warehouse.ledger import Ledger
    from warehouse.settings import load_settings

    return Ledger(load_settings().ledger)


def _mark(ledger: Any) -> tuple[int, ...]:
    from warehouse.ledger.pending import mark

    return mark(ledger)


def _pending(ledger: Any) -> Any:
    from warehouse.ledger.pending import pending

    return pending(ledger)
