"""The process that keeps the judges: it loads everything once, forks them, ends those that hang
and replaces those that die.

It says every second on its standard output how they are (`JudgesState` as a line of JSON), and
ends with its parent. It runs one thread and opens no database, so that its forks are sound.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import TextIO

from ingestion.intake.submit import warm_up
from portal.judging import judge
from portal.judging.control import JudgesState
from portal.settings import PortalSettings
from warehouse.contracts import Contracts, load_contracts

_TICK_SECONDS = 1.0
_STOP_SECONDS = 10.0


@dataclass
class Judge:
    """One judging process; `busy_since` is by the monotonic clock."""

    process: ForkProcess
    words: Connection
    is_ready: bool = False
    busy_since: float | None = None

    def listen(self) -> None:
        """Take in what it said since the last time."""
        try:
            while self.words.poll():
                said = self.words.recv()
                self.is_ready = True
                self.busy_since = time.monotonic() if said == judge.BUSY else None
        except EOFError:
            self.is_ready = False

    def hangs(self, seconds: float) -> bool:
        return self.busy_since is not None and time.monotonic() - self.busy_since > seconds


@dataclass
class Supervisor:
    """`settings.judges` processes over the same loaded contracts."""

    settings: PortalSettings
    contracts: Contracts
    judges: dict[str, Judge] = field(default_factory=dict)
    stopping: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Keep the judges until told to stop (SIGTERM) or until the parent is gone."""
        parent = os.getppid()
        signal.signal(signal.SIGTERM, lambda number, _: self.stopping.append(number))
        for number in range(1, self.settings.judges + 1):
            self._start(f"{socket.gethostname()}-{self.settings.port}-{number}")
        while not self.stopping and os.getppid() == parent:
            _say(self._state())
            wait([j.words for j in self.judges.values()], timeout=_TICK_SECONDS)
            self._look_after()
        self._stop()

    def _start(self, name: str) -> None:
        heard, spoken = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("fork").Process(
            target=judge.run, args=(name, self.contracts, self.settings, spoken), name=name
        )
        process.start()
        spoken.close()
        self.judges[name] = Judge(process, heard)

    def _look_after(self) -> None:
        for name, one in list(self.judges.items()):
            one.listen()
            if not one.process.is_alive():
                # One that cannot live must not take all the time of the machine.
                time.sleep(_TICK_SECONDS)
                one.words.close()
                self._start(name)
            elif one.hangs(self.settings.judge_seconds):
                one.process.kill()

    def _state(self) -> JudgesState:
        alive = [one for one in self.judges.values() if one.is_ready and one.process.is_alive()]
        busy = [one for one in alive if one.busy_since is not None]
        return JudgesState(self.settings.judges, len(alive), len(busy))

    def _stop(self) -> None:
        for one in self.judges.values():
            one.process.terminate()
        for one in self.judges.values():
            one.process.join(_STOP_SECONDS)
            if one.process.is_alive():
                one.process.kill()
                one.process.join()


@cache
def _parent() -> TextIO:
    """Where the parent listens. Whatever else is printed goes where errors go."""
    words = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return words


def _say(state: JudgesState) -> None:
    _parent().write(f"{state.to_json()}\n")
    _parent().flush()


def main() -> None:
    """Load, then keep judges."""
    # Interrupted from a terminal, the portal stops and tells us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = PortalSettings()
    _say(JudgesState(settings.judges))
    contracts = load_contracts()
    warm_up(contracts)
    # What was loaded stays shared between the forks.
    gc.freeze()
    Supervisor(settings, contracts).run()


if __name__ == "__main__":
    main()
