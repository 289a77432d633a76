"""The supervisor: one process that starts the parts, starts again what dies, and ends all at last.

Started by `mvd.stack.control`, in a session of its own. It holds a lock as long as it lives, so
there is one per installation. SIGTERM or SIGINT end it and everything it started.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from mvd.stack.airflow_api import AirflowApi, UnreachableError
from mvd.stack.layout import (
    USER,
    Layout,
    PartState,
    Secrets,
    State,
    load_secrets,
    read_state,
    write_state,
)
from mvd.stack.parts import MIGRATION, POOLS, Part, choose_ports, environment, parts
from mvd.stack.processes import end_all
from warehouse.core.clock import utc_now
from warehouse.core.paths import Home

_POLL_SECONDS = 0.5
_GRACE_SECONDS = 20.0
_CALM_SECONDS = 120.0
"""A part that ran this long has its crashes forgotten."""
_MOST_CRASHES = 5
_LOG_BYTES = 20 * 1024 * 1024


@dataclass(slots=True)
class _Running:
    """A part and its process; `again_at` is when a crashed one is started anew."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    again_at: float = 0.0
    crashes: int = 0
    state: PartState = field(default_factory=PartState)


class Supervisor:
    """Keeps the parts of one stack running."""

    def __init__(
        self, layout: Layout, ports: dict[str, int], *, with_portal: bool, with_dashboards: bool
    ) -> None:
        self._layout = layout
        self._ports = ports
        self._secrets: Secrets = load_secrets(layout)
        self._environment = environment(layout, self._secrets, ports)
        wanted = parts(
            layout.home.root, ports, with_portal=with_portal, with_dashboards=with_dashboards
        )
        self._running = [_Running(part) for part in wanted]
        self._stop = threading.Event()
        self._stage = "database"

    def stop(self) -> None:
        """Ask the supervisor to end everything; may be called from a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Start all and stay until asked to stop; the exit code of the process."""
        try:
            self._say()
            if not self._migrate():
                return 1
            self._stage = "starting"
            threading.Thread(target=self._set_pools, daemon=True).start()
            # Without its home nobody could ever find it again to end it.
            while not self._stop.wait(_POLL_SECONDS) and self._layout.root.is_dir():
                self._tend()
            return 0
        finally:
            self._stage = "stopping"
            if self._layout.root.is_dir():
                self._say()
            self._end()
            self._layout.state.unlink(missing_ok=True)

    def _migrate(self) -> bool:
        """Bring Airflow's database up to date, once per version of Airflow."""
        from importlib.metadata import version

        mark = self._layout.airflow / "migrated"
        wanted = version("apache-airflow")
        if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
            return True
        process = self._start(MIGRATION)
        while process.poll() is None and not self._stop.wait(_POLL_SECONDS):
            pass
        if process.poll() != 0:
            return False
        mark.write_text(wanted, encoding="utf-8")
        return True

    def _tend(self) -> None:
        changed = False
        for running in self._running:
            changed = self._tend_one(running) or changed
        if changed:
            self._say()

    def _tend_one(self, running: _Running) -> bool:
        now = time.monotonic()
        if running.process is not None and running.process.poll() is None:
            if running.crashes and now - running.started_at > _CALM_SECONDS:
                running.crashes = 0
            return False
        if running.process is not None:
            self._note_crash(running, now)
            return True
        is_early = running.part.needs_api and self._stage != "running"
        if running.state.gave_up or is_early or now < running.again_at:
            return False
        running.process, running.started_at = self._start(running.part), now
        running.state = replace(running.state, pid=running.process.pid)
        return True

    def _note_crash(self, running: _Running, now: float) -> None:
        code = running.process.returncode if running.process else None
        running.process = None
        running.crashes += 1
        running.again_at = now + min(2.0**running.crashes, 30.0)
        running.state = PartState(
            restarts=running.state.restarts + 1, gave_up=running.crashes >= _MOST_CRASHES
        )
        _log("part ended", part=running.part.name, code=code, gave_up=running.state.gave_up)

    def _start(self, part: Part) -> subprocess.Popen[bytes]:
        _log("part starts", part=part.name)
        with _open_log(self._layout.logs / f"{part.name}.log") as log:
            return subprocess.Popen(  # noqa: S603 - commands of mvd.stack.parts
                part.command,
                env=self._environment,
                cwd=self._layout.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _set_pools(self) -> None:
        """As soon as Airflow answers, say how many may write at once."""
        api = AirflowApi(self._ports["airflow"])
        while not self._stop.wait(_POLL_SECONDS):
            try:
                api.sign_in(USER, self._secrets.password)
                for name, slots in POOLS.items():
                    api.set_pool(name, slots)
            except UnreachableError as error:
                if error.status is not None:
                    _log("pools not set", problem=str(error))
                continue
            self._stage = "running"
            self._say()
            return

    def _say(self) -> None:
        states = {running.part.name: running.state for running in self._running}
        write_state(self._layout, State(os.getpid(), self._stage, self._ports, states))

    def _end(self) -> None:
        ended = end_all(self._layout.root, grace_seconds=_GRACE_SECONDS)
        _log("stack ended", processes=ended)


def _open_log(path: Path) -> IO[bytes]:
    """Append; a log that has grown too large gives way to a new one, one old one is kept."""
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _log(event: str, **params: object) -> None:
    line = {"at": utc_now().isoformat(timespec="milliseconds"), "event": event, **params}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the supervisor of the home given; 3 when another one is there already."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("home", type=Path)
    arguments.add_argument("--portal", action="store_true")
    arguments.add_argument("--dashboards", action="store_true")
    arguments.add_argument("--ports", type=json.loads, default={})
    given = arguments.parse_args()
    layout = Layout(Home(given.home))
    layout.create()
    with layout.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 3
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        previous = read_state(layout)
        # What a killed supervisor left behind would hold ports and write to the same database.
        end_all(layout.root, grace_seconds=_GRACE_SECONDS)
        ports = choose_ports(previous.ports if previous else {}, given.ports)
        supervisor = Supervisor(
            layout, ports, with_portal=given.portal, with_dashboards=given.dashboards
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
