"""Processes whose memory and time the kernel bounds."""

import importlib
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import pytest

from tests.tools.processes import FORKED
from warehouse.core.bounded import Bounded, Bounds, End, EndedError

BOUNDS = Bounds.of(1000**2, 20)
HEAVY = "scipy.special"
"""Shared objects that take more memory than the bounds leave."""


def nothing() -> None:
    """No preparation."""


def has_loaded(module: str) -> bool:
    return module in sys.modules


def started(*preload: str) -> Bounded[object]:
    """One whose fork server was started by others, who need other modules."""
    others = FORKED.Process(target=nothing)
    others.start()
    others.join()
    return Bounded(BOUNDS, nothing, preload=preload)


def is_loaded_before(*preload: str) -> object:
    process = started(*preload)
    try:
        return process.call(has_loaded, HEAVY)
    finally:
        process.stop()


def end_of_loading() -> End | None:
    process = started()
    try:
        process.call(importlib.import_module, HEAVY)
    except EndedError as ended:
        return ended.end
    finally:
        process.stop()
    return None


@pytest.fixture(scope="module")
def fresh() -> Iterator[Executor]:
    """A process in which no test has started a fork server yet."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as executor:
        yield executor


def test_what_the_work_needs_is_loaded_before_the_bounds_apply(fresh: Executor) -> None:
    assert not fresh.submit(is_loaded_before).result()
    assert fresh.submit(is_loaded_before, HEAVY).result()


def test_a_library_that_finds_no_memory_to_load_has_used_up_the_memory(fresh: Executor) -> None:
    assert fresh.submit(end_of_loading).result() is End.MEMORY
