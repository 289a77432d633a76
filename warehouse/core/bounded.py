"""Work on what strangers sent, in processes whose memory and time the kernel bounds.

A process that exceeds its bounds dies or says so; the one that asked learns why and goes on.
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_WALL_FOR_PROCESSOR = 3.0
"""On a busy machine a second of the processor takes longer than a second."""
_OUT_OF_MEMORY = 77
_NO_MEMORY_TO_LOAD = "failed to map segment"
_STOP_SECONDS = 5.0
_CRASHES = tuple(
    -number
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP)
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one piece of work may take: bytes beyond those of the idle process, processor seconds.

    `wall` is the time by the clock, in seconds.
    """

    memory: int
    seconds: float
    wall: float

    @classmethod
    def of(cls, memory: int, seconds: float) -> Bounds:
        """With the time by the clock in proportion to that of the processor."""
        return cls(memory, seconds, seconds * _WALL_FOR_PROCESSOR)


class End(StrEnum):
    """Why a process ended during its work."""

    MEMORY = "memory"
    TIME = "time"
    CRASH = "crash"
    """A library broke down over the work."""
    OTHER = "other"
    """Killed from outside, or never got ready: says nothing about the work."""


class EndedError(Exception):
    """The process ended before its answer. `exit_code` is negative for a signal."""

    def __init__(self, end: End, exit_code: int | None) -> None:
        super().__init__(end, exit_code)
        self.end = end
        self.exit_code = exit_code


class Bounded(Generic[T]):
    """One process that does one piece of work after another; start it, `give`, `answer`, `stop`.

    `prepare` runs in it before the bounds apply: what that takes belongs to the idle process.
    `method` is a start method of multiprocessing; `fork` only where this process has one thread.
    `preload` names modules that a process of the fork server has loaded before the bounds apply;
    those of the first one that asks are loaded once for all.
    """

    def __init__(
        self,
        bounds: Bounds,
        prepare: Callable[..., object],
        given: Sequence[Any] = (),
        *,
        preload: Sequence[str] = (),
        method: str = "forkserver",
    ) -> None:
        # Forking a process that has threads (Arrow, a server) can lock up the child.
        context = multiprocessing.get_context(method)
        modules = tuple(preload) if method == "forkserver" else ()
        if modules:
            context.set_forkserver_preload(list(modules))
        self._words, theirs = context.Pipe()
        self._process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, bounds, modules, prepare, tuple(given)), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def process_id(self) -> int:
        """Of the process."""
        return int(self._process.pid)

    @property
    def words(self) -> Connection:
        """Ready to be read when there is an answer or the process has ended."""
        return self._words

    def give(self, work: Callable[..., T], *given: Any) -> None:
        """Hand over `work`, a function of a module, and its arguments; does not wait."""
        try:
            self._words.send((work, given))
        except OSError:
            return  # It has ended; `answer` says why.

    def answer(self) -> T:
        """Wait for what the work gives. Raises what it raised, and EndedError."""
        try:
            result, error = self._words.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def call(self, work: Callable[..., T], *given: Any) -> T:
        """`give` and `answer`."""
        self.give(work, *given)
        return self.answer()

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join(_STOP_SECONDS)
        self._words.close()

    def _ended(self) -> EndedError:
        self._process.join(_STOP_SECONDS)
        return EndedError(_reason(self._process.exitcode), self._process.exitcode)


def _reason(exit_code: int | None) -> End:
    if exit_code in (-signal.SIGXCPU, -signal.SIGALRM):
        return End.TIME
    # Rust and C++ abort when the memory that they ask for is refused.
    if exit_code in (_OUT_OF_MEMORY, -signal.SIGABRT):
        return End.MEMORY
    return End.CRASH if exit_code in _CRASHES else End.OTHER


def _serve(
    words: Connection,
    bounds: Bounds,
    modules: Sequence[str],
    prepare: Callable[..., object],
    given: tuple[Any, ...],
) -> None:
    for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # A fork server that others started before has loaded other modules.
    for module in modules:
        importlib.import_module(module)
    prepare(*given)
    limit_memory(bounds.memory)
    try:
        while True:
            _work(words, bounds)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except EOFError:
        return


def _work(words: Connection, bounds: Bounds) -> None:
    """One piece, from its arrival to its answer."""
    work, given = words.recv()
    _start_clocks(bounds)
    answer: tuple[Any, Exception | None]
    try:
        answer = (work(*given), None)
    except MemoryError:
        raise
    except ImportError as error:
        # The loader of shared objects has no other word for memory that it was refused.
        if _NO_MEMORY_TO_LOAD in str(error):
            raise MemoryError from error
        answer = (None, error)
    except Exception as error:
        answer = (None, error)
    words.send(answer)
    _stop_clocks()


def limit_memory(more: int) -> None:
    """From now on this process may hold `more` bytes beyond what it holds.

    Data is limited, not address space: libraries reserve gigabytes of addresses and use none.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + more, hard))


def _data_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmData:")[2].split()[0]) * 1024


def _start_clocks(bounds: Bounds) -> None:
    """Signals that end the process even inside a library that never returns."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + bounds.seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))
    signal.setitimer(signal.ITIMER_REAL, bounds.wall)


def _stop_clocks() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    signal.setitimer(signal.ITIMER_REAL, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
