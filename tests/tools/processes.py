"""Processes for tests: forked from one that has imported the heavy libraries, once for all."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    ["hypothesis", "pytest", "warehouse.ledger", "warehouse.releases.catalogue"]
)


def held_bytes(process: psutil.Process) -> int:
    """What it holds without pages of files (libraries): those can be dropped."""
    memory = process.memory_info()
    return int(memory.rss - memory.shared)


@contextmanager
def children_watched(loaded: int = 0) -> Iterator[list[int]]:
    """The most bytes that a process below this one adds, while watched, to what it held first.

    A process is looked at from `loaded` bytes on: what loading takes is no part of its work.
    """
    first: dict[int, int] = {}
    most, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    held = held_bytes(process)
                    if held >= loaded or process.pid in first:
                        most[0] = max(most[0], held - first.setdefault(process.pid, held))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield most
    finally:
        over.set()
        watch.join()
