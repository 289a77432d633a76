"""Processes whose memory and time the kernel bounds."""

import importlib
import sys
from collections.abc import Iterator

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


def loads(module: str) -> bool:
    importlib.import_module(module)
    return has_loaded(module)


@pytest.fixture
def a_fork_server_of_others() -> Iterator[None]:
    """The fork server runs, and has loaded what others need."""
    process = FORKED.Process(target=nothing)
    process.start()
    process.join()
    yield
    process.close()


def started(*preload: str) -> Bounded[object]:
    return Bounded(BOUNDS, nothing, preload=preload)


@pytest.mark.usefixtures("a_fork_server_of_others")
def test_what_the_work_needs_is_loaded_before_the_bounds_apply() -> None:
    process = started(HEAVY)
    try:
        assert process.call(has_loaded, HEAVY)
    finally:
        process.stop()


@pytest.mark.usefixtures("a_fork_server_of_others")
def test_a_library_that_finds_no_memory_to_load_has_used_up_the_memory() -> None:
    process = started()
    try:
        assert not process.call(has_loaded, HEAVY)
        with pytest.raises(EndedError) as ended:
            process.call(loads, HEAVY)
    finally:
        process.stop()
    assert ended.value.end is End.MEMORY
