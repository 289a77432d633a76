"""Start, stop and look at the embedded stack from outside."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil

from mvd.stack.airflow_api import AirflowApi, UnreachableError
from mvd.stack.layout import Layout, State, read_state, write_state
from mvd.stack.processes import end_all, of_stack
from warehouse.core.errors import UserError

_POLL_SECONDS = 0.5
_START_SECONDS = 300.0
_STOP_SECONDS = 60.0
_GAVE_UP = "crashed too often"


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One line of the status. `detail` says what is wrong, empty when nothing is."""

    name: str
    is_healthy: bool
    pid: int | None
    url: str
    restarts: int
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the stack runs and each part of it is healthy."""

    stage: str
    parts: tuple[PartHealth, ...]

    @property
    def is_healthy(self) -> bool:
        return self.stage == "running" and all(part.is_healthy for part in self.parts)


def is_supervised(layout: Layout) -> bool:
    """Whether a supervisor lives."""
    if not layout.lock.exists():
        return False
    with layout.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def up(
    layout: Layout,
    *,
    with_portal: bool,
    with_dashboards: bool,
    ports: dict[str, int],
    progress: Callable[[Health], None] = lambda _: None,
) -> Health:
    """Start the stack unless it runs, and wait until all of it is healthy.

    UserError STACK_FAILED when it does not come up. Ended from outside while it waits
    (KeyboardInterrupt), it ends what it started.
    """
    layout.create()
    options = [*["--portal"] * with_portal, *["--dashboards"] * with_dashboards]
    process = None if is_supervised(layout) else _start(layout, options, ports)
    try:
        return _wait(layout, process, progress)
    except BaseException:
        if process is not None:
            down(layout)
        raise


def down(layout: Layout) -> int:
    """End the stack and everything it started; gives the number of processes ended."""
    before = len(of_stack(layout.root))
    if is_supervised(layout):
        _ask_to_stop(layout)
        deadline = time.monotonic() + _STOP_SECONDS
        while is_supervised(layout) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    end_all(layout.root, grace_seconds=5.0)
    layout.state.unlink(missing_ok=True)
    return before


def health(layout: Layout) -> Health:
    """Look at every part: does its process live, does it answer."""
    state = read_state(layout)
    if state is None or not is_supervised(layout):
        return Health("down", ())
    answers = _airflow_answers(state)
    return Health(state.stage, tuple(_part(state, name, answers) for name in state.parts))


def _start(layout: Layout, options: list[str], ports: dict[str, int]) -> subprocess.Popen[bytes]:
    _forget_parts(layout)
    command = [sys.executable, "-m", "mvd.stack.supervisor", str(layout.home.root)]
    command += ["--ports", json.dumps(ports), *options]
    with (layout.logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _forget_parts(layout: Layout) -> None:
    """What a killed supervisor said must not pass for the state of the next one."""
    if state := read_state(layout):
        write_state(layout, replace(state, stage="starting", parts={}))


def _wait(
    layout: Layout, process: subprocess.Popen[bytes] | None, progress: Callable[[Health], None]
) -> Health:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = health(layout)
        progress(found)
        if found.is_healthy:
            return found
        has_ended = process is not None and process.poll() not in (None, 3)
        if has_ended or any(part.detail == _GAVE_UP for part in found.parts):
            raise UserError("STACK_FAILED", logs=layout.logs)
        time.sleep(_POLL_SECONDS)
    raise UserError("STACK_FAILED", logs=layout.logs)


def _ask_to_stop(layout: Layout) -> None:
    """The holder of the lock has written its number into it."""
    with contextlib.suppress(psutil.NoSuchProcess, ValueError):
        psutil.Process(int(layout.lock.read_text(encoding="utf-8"))).send_signal(signal.SIGTERM)


_HEALTH_KEYS = {
    "airflow-api": "metadatabase",
    "airflow-dags": "dag_processor",
    "airflow-triggers": "triggerer",
    "airflow-scheduler": "scheduler",
}


def _airflow_answers(state: State) -> dict[str, bool] | str:
    try:
        return AirflowApi(state.ports["airflow"]).health()
    except UnreachableError as error:
        return str(error)


def _part(state: State, name: str, answers: dict[str, bool] | str) -> PartHealth:
    part = state.parts[name]
    detail = _trouble(state, name, answers)
    url = {
        "airflow-api": f"http://127.0.0.1:{state.ports['airflow']}",
        "portal": f"http://127.0.0.1:{state.ports['portal']}",
        "superset": f"http://127.0.0.1:{state.ports.get('superset')}",
    }.get(name, "")
    return PartHealth(name, not detail, part.pid, url, part.restarts, detail)


def _trouble(state: State, name: str, answers: dict[str, bool] | str) -> str:
    part = state.parts[name]
    if part.gave_up:
        return _GAVE_UP
    if part.pid is None:
        return "not started"
    if name == "portal":
        return "" if _is_ready(state.ports["portal"]) else "not ready"
    if name == "superset":
        return "" if _is_ready(state.ports["superset"]) else "not ready"
    if isinstance(answers, str):
        return "no answer" if name == "airflow-api" else "unknown: the API does not answer"
    return "" if answers[_HEALTH_KEYS[name]] else "no heartbeat"


def _is_ready(port: int) -> bool:
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
