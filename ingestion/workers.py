"""Processes that read and check files for the one that decides; kept for the next batch."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import TypeVar

from ingestion.frames import compiled_rules
from ingestion.prepare import Prepared, Task, prepare, reading_failed
from ingestion.request import Request
from warehouse.contracts import load_contracts

T = TypeVar("T")

# Great Expectations costs 0.3 s a group, however few the files; a group is also what is read again
# when a worker dies. Tables of districts are small: many of them weigh as much as one 1-М.
_MOST_IN_GROUP = 10
_SMALL_BYTES = 64 * 1024
_SMALL_FOR_ONE = 6
_GROUPS_AHEAD = 2

_kept: dict[tuple[Path, int], ProcessPoolExecutor] = {}


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """`items` in their order, `size` at a time."""
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group


def in_workers(task: Task, requests: Sequence[Request], count: int) -> Iterator[list[Prepared]]:
    """Prepared files in the order of `requests`, group by group, by `count` processes."""
    waiting = deque(_groups(requests, count))
    while waiting:
        try:
            yield from _in_pool(task, waiting, count)
        except BrokenProcessPool:
            _discard_pools()
            # A file of the group at the head of the queue may have brought a worker down.
            yield [_alone(task, request) for request in waiting.popleft()]


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
    source = request.source
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    return size <= _SMALL_BYTES


def _in_pool(task: Task, waiting: deque[list[Request]], count: int) -> Iterator[list[Prepared]]:
    """A group leaves `waiting` when its results are handed out."""
    pool = _pool(task.contracts_root, count)
    futures: deque[Future[list[Prepared]]] = deque()
    while waiting:
        # A bounded lead keeps memory flat however many files there are.
        while len(futures) < min(len(waiting), count + _GROUPS_AHEAD):
            futures.append(pool.submit(prepare, task, waiting[len(futures)]))
        result = futures.popleft().result()
        waiting.popleft()
        yield result


def _alone(task: Task, request: Request) -> Prepared:
    try:
        return _pool(task.contracts_root, 1).submit(prepare, task, [request]).result()[0]
    except BrokenProcessPool:
        _discard_pools()
        return reading_failed(task, request)


def _pool(contracts_root: Path, count: int) -> ProcessPoolExecutor:
    if (contracts_root, count) not in _kept:
        _discard_pools()
        # Forking a process that has threads (Arrow, a server) can lock up the child; the fork
        # server has none, and imports once what every worker needs.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["ingestion.preloaded"])
        _kept[contracts_root, count] = ProcessPoolExecutor(
            count, mp_context=context, initializer=_start_worker, initargs=(contracts_root,)
        )
    return _kept[contracts_root, count]


def _discard_pools() -> None:
    while _kept:
        _, pool = _kept.popitem()
        pool.shutdown(wait=False, cancel_futures=True)


def _start_worker(contracts_root: Path) -> None:
    """Contracts and rules ready, no life without the parent."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    contracts = load_contracts(contracts_root)
    for form in contracts.form_versions:
        compiled_rules(contracts, form)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
