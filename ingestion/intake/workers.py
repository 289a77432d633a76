"""Processes that read and check files for the one that decides; kept for the next batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import TypeVar

from ingestion.judge.frames import compiled_rules
from ingestion.judge.prepare import Prepared, Task, Unread, not_read, prepare
from ingestion.request import Request
from warehouse.contracts import load_contracts
from warehouse.core.bounded import Bounded, Bounds, End, EndedError

T = TypeVar("T")
Read = Prepared | Unread

# Great Expectations costs 0.3 s a group, however few the files; a group is also what is read again
# when a worker dies. Tables of districts are small: many of them weigh as much as one 1-М.
_MOST_IN_GROUP = 10
_SMALL_BYTES = 64 * 1024
_SMALL_FOR_ONE = 6
_GROUPS_AHEAD = 2
_ATTEMPTS = 2
"""A process may be killed for no fault of the file: by a person, by a machine short of memory."""


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """`items` in their order, `size` at a time."""
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group


@dataclass(slots=True)
class _Part:
    """Files that one worker reads together."""

    requests: list[Request]
    attempts: int = 0
    is_given: bool = False
    prepared: list[Read] | None = None


class Readers:
    """At most `count` processes that read files by the contracts in a folder, each within `bounds`.

    Not for threads. They start when there is work, and stay.
    """

    def __init__(self, contracts_root: Path, bounds: Bounds, count: int) -> None:
        self._contracts_root = contracts_root
        self._bounds = bounds
        self._count = count
        self._idle: list[Bounded[list[Read]]] = []
        self._busy: dict[Bounded[list[Read]], _Part] = {}
        self.has_lost_one = False

    @property
    def processes(self) -> list[int]:
        """Ids of those that there are."""
        return [reader.process_id for reader in (*self._idle, *self._busy)]

    def start_by_fork(self) -> None:
        """Start one now, with all that this process has loaded; it must have one thread."""
        self._idle.append(self._started("fork"))

    def read(self, task: Task, groups: Iterator[list[Request]]) -> Iterator[list[Read]]:
        """Prepared files in their order, group by group.

        A group in which a worker dies is read again file by file; a file that exceeds the bounds,
        or breaks workers down again and again, is answered with a finding; one whose workers are
        killed from outside each time stays unread.
        """
        parts: deque[_Part] = deque()
        try:
            while parts or (parts := self._next(groups)):
                # A bounded lead keeps memory flat however many files there are.
                for group in islice(groups, max(0, self._count + _GROUPS_AHEAD - len(parts))):
                    parts.append(_Part(group))
                self._give(task, parts)
                while parts and (prepared := parts[0].prepared) is not None:
                    parts.popleft()
                    yield prepared
                self._hear(task, parts)
        finally:
            # Only when it is left early: nobody waits for what they do.
            for reader in self._busy:
                reader.stop()
            self._busy.clear()

    def stop(self) -> None:
        """End all of them."""
        while self._idle:
            self._idle.pop().stop()

    @staticmethod
    def _next(groups: Iterator[list[Request]]) -> deque[_Part]:
        return deque(_Part(group) for group in islice(groups, 1))

    def _give(self, task: Task, parts: deque[_Part]) -> None:
        for part in parts:
            if part.is_given:
                continue
            if not self._idle and len(self._busy) == self._count:
                return
            reader = self._idle.pop() if self._idle else self._started("forkserver")
            reader.give(prepare, task, part.requests)
            part.is_given = True
            self._busy[reader] = part

    def _hear(self, task: Task, parts: deque[_Part]) -> None:
        """Wait until one says something; take in what it says."""
        heard = wait([reader.words for reader in self._busy]) if self._busy else []
        for reader in [reader for reader in self._busy if reader.words in heard]:
            part = self._busy.pop(reader)
            try:
                part.prepared = reader.answer()
            except EndedError as error:
                self.has_lost_one = True
                reader.stop()
                _after(error, task, part, parts)
            else:
                self._idle.append(reader)

    def _started(self, method: str) -> Bounded[list[Read]]:
        return Bounded(
            self._bounds,
            _prepare_worker,
            (self._contracts_root,),
            preload=["ingestion.intake.preloaded"],
            method=method,
        )


def _after(error: EndedError, task: Task, part: _Part, parts: deque[_Part]) -> None:
    """What becomes of the files whose reader ended."""
    part.attempts += 1
    if len(part.requests) > 1:
        place = parts.index(part)
        del parts[place]
        for request in reversed(part.requests):
            parts.insert(place, _Part([request]))
    elif error.end in (End.OTHER, End.CRASH) and part.attempts < _ATTEMPTS:
        part.is_given = False
    else:
        part.prepared = [not_read(task, part.requests[0], error)]


_kept: dict[tuple[Path, Bounds, int], Readers] = {}


def in_workers(task: Task, requests: Sequence[Request], count: int) -> Iterator[list[Read]]:
    """Prepared files in the order of `requests`, group by group, by `count` processes."""
    readers = kept_readers(task.contracts_root, task.bounds, count)
    return readers.read(task, _groups(requests, count))


def kept_readers(contracts_root: Path, bounds: Bounds, count: int) -> Readers:
    """The readers of this process, those of before if they are of the kind."""
    key = (contracts_root, bounds, count)
    if key not in _kept:
        while _kept:
            _, readers = _kept.popitem()
            readers.stop()
        _kept[key] = Readers(*key)
    return _kept[key]


def _groups(requests: Sequence[Request], count: int) -> Iterator[list[Request]]:
    """Groups of like weight, at least two for each process."""
    weights = [1 if _is_small(request) else _SMALL_FOR_ONE for request in requests]
    most = min(-(-sum(weights) // (2 * count)), _MOST_IN_GROUP * _SMALL_FOR_ONE)
    group: list[Request] = []
    weight = 0
    for request, own in zip(requests, weights, strict=True):
        if group and weight + own > most:
            yield group
            group, weight = [], 0
        group.append(request)
        weight += own
    if group:
        yield group


def _is_small(request: Request) -> bool:
    if isinstance(request.source, bytes):
        return len(request.source) <= _SMALL_BYTES
    try:
        return request.source.stat().st_size <= _SMALL_BYTES
    except (OSError, ValueError):
        return True  # Whoever opens it will say what is wrong with it.


def _prepare_worker(contracts_root: Path) -> None:
    """Contracts and rules ready before the first file."""
    contracts = load_contracts(contracts_root)
    for form in contracts.form_versions:
        compiled_rules(contracts, form)
