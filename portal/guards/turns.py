"""Turns at what costs much: few at a time, the others wait, and no address keeps the rest out.

Addresses take turns: whoever waits alone at his address waits for one of each other address, not
for all that they have sent. When the places are full, a newcomer takes the last place of the
address that holds most. Waiting holds a small form in memory and no thread.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from portal.problems import PortalError

_RETRY_SECONDS = 5


@dataclass
class Turns:
    """The turns of one process; to be used in its event loop alone."""

    at_once: int = 2
    waiting: int = 256
    wait_seconds: float = 30.0
    _taken: int = 0
    _queues: OrderedDict[str, deque[asyncio.Future[bool]]] = field(default_factory=OrderedDict)

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait for a turn and keep it. PortalError busy (503) when the places are full and
        `address` holds its share, or when the turn does not come in time."""
        await self._take(address)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, address: str) -> None:
        if self._taken < self.at_once:
            self._taken += 1
            return
        self._make_room(address)
        mine = asyncio.get_running_loop().create_future()
        self._queues.setdefault(address, deque()).append(mine)
        try:
            await asyncio.wait([mine], timeout=self.wait_seconds)
        except asyncio.CancelledError:
            if mine.done() and mine.result():
                self._pass_on()
            raise
        finally:
            if not mine.done():
                self._remove(address, mine)
        if not mine.done() or not mine.result():
            raise _busy()

    def _make_room(self, address: str) -> None:
        if sum(map(len, self._queues.values())) < self.waiting:
            return
        longest = max(self._queues, key=lambda name: len(self._queues[name]), default=address)
        of_longest, own = self._queues.get(longest, ()), self._queues.get(address, ())
        if len(of_longest) <= len(own) + 1:
            raise _busy()
        last = self._queues[longest][-1]
        self._remove(longest, last)
        last.set_result(False)

    def _remove(self, address: str, one: asyncio.Future[bool]) -> None:
        self._queues[address].remove(one)
        if not self._queues[address]:
            del self._queues[address]

    def _pass_on(self) -> None:
        if not self._queues:
            self._taken -= 1
            return
        address, queue = next(iter(self._queues.items()))
        first = queue[0]
        self._remove(address, first)
        if address in self._queues:
            self._queues.move_to_end(address)
        first.set_result(True)


def _busy() -> PortalError:
    return PortalError("busy", status=503, retry_seconds=_RETRY_SECONDS)
