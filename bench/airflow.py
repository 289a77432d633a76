"""From a dropped batch to the new release, through a real Airflow, and whose time that is."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from mvd.stack.airflow_api import AirflowApi, UnreachableError
from mvd.stack.layout import USER, Layout, load_secrets, read_state
from mvd.stack.processes import of_stack
from warehouse.core.paths import Home
from warehouse.core.timings import read_timings

_DAGS = ("intake", "release")
_PARTS = {
    "scheduler": "scheduler",
    "api-server": "api_server",
    "dag-processor": "dag-processor",
    "triggerer": "triggerer",
    "portal": "portal",
}
_LONGEST_SECONDS = 900.0


def dropped_batch(files: list[str], period: str, home: str) -> dict[str, Any]:
    """Start the embedded stack in `home`, drop `files` into the inbox, wait for the release."""
    root = Path(home)
    ports = ["--airflow-port", str(free_port()), "--portal-port", str(free_port())]
    started = time.monotonic()
    _mvd(root, "up", "--no-dashboards", *ports)
    start_up = time.monotonic() - started
    try:
        return {"start_up_seconds": start_up, **_measured(root, files, period)}
    finally:
        _mvd(root, "down")


def _measured(root: Path, files: list[str], period: str) -> dict[str, Any]:
    api = _signed_in(root)
    _until_calm(api)
    before = _processor_seconds(root)
    dropped_at = time.time()
    drop(root, files, period)
    released_at, readers = _until_released(root)
    visible = released_at - dropped_at
    # The run that published ends a moment after its pointer has moved.
    tasks = _until_ended(api)
    after = _processor_seconds(root)
    steps = read_timings(Home(root))
    in_tasks = sum(task["seconds"] for task in tasks)
    ours = sum(step.seconds for step in steps)
    return {
        "visible_seconds": visible,
        "our_steps_seconds": ours,
        "tasks_outside_our_steps_seconds": in_tasks - ours,
        "between_tasks_seconds": visible - in_tasks,
        "our_steps_processor_seconds": sum(s.processor_seconds for s in steps) + readers,
        "readers_processor_seconds": readers,
        "processor_seconds": {name: after[name] - before[name] for name in after},
        "steps": [
            {"step": s.step, "seconds": s.seconds, "processor_seconds": s.processor_seconds}
            for s in steps
        ],
        "tasks": [
            {**task, "started_after": task["started_at"] - dropped_at, "started_at": None}
            for task in tasks
        ],
    }


def drop(root: Path, files: list[str], period: str) -> None:
    """Put files into the inbox as a whole, under the folder of their month."""
    place = root / "inbox" / period
    place.mkdir(parents=True)
    for file in map(Path, files):
        hidden = place / f".{file.name}"
        shutil.copy(file, hidden)
        hidden.rename(place / file.name)


def _until_calm(api: AirflowApi) -> None:
    """An installation that has just begun first runs what its clocks say."""
    time.sleep(5)
    deadline = time.monotonic() + _LONGEST_SECONDS
    while _is_busy(api, "~") and time.monotonic() < deadline:
        time.sleep(1)


def _is_busy(api: AirflowApi, dag: str) -> bool:
    """Whether a run of the DAG (`~`: of any) has not ended; also when Airflow does not answer."""
    try:
        found = api.call("GET", f"/api/v2/dags/{dag}/dagRuns?state=running&state=queued")
    except UnreachableError:
        return True
    return bool(found["dag_runs"])


def _until_released(root: Path) -> tuple[float, float]:
    """When the release appeared, and the processor seconds of the processes that read workbooks.

    Nobody waits for those, so they are looked at while they live.
    """
    deadline = time.monotonic() + _LONGEST_SECONDS
    readers: dict[int, float] = {}
    while not (root / "current").is_symlink():
        if time.monotonic() > deadline:
            raise RuntimeError("no release appeared")
        readers |= _readers(root)
        for _ in range(10):
            if not (root / "current").is_symlink():
                time.sleep(0.1)
    return time.time(), sum(readers.values())


def _readers(root: Path) -> dict[int, float]:
    found = {}
    for process in of_stack(root / "stack"):
        try:
            command = " ".join(process.cmdline())
            if "forkserver" in command and "local_executor" not in command:
                times = process.cpu_times()
                found[process.pid] = times.user + times.system
        except psutil.Error:
            continue
    return found


def _until_ended(api: AirflowApi) -> list[dict[str, Any]]:
    """The tasks of the runs that were not skipped, in the order in which they started."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while any(_is_busy(api, dag) for dag in _DAGS) and time.monotonic() < deadline:
        time.sleep(0.5)
    tasks = []
    for dag in _DAGS:
        for run in api.call("GET", f"/api/v2/dags/{dag}/dagRuns")["dag_runs"]:
            path = f"/api/v2/dags/{dag}/dagRuns/{run['dag_run_id']}/taskInstances"
            instances = api.call("GET", path)["task_instances"]
            tasks += [_task(dag, each) for each in instances if each["state"] == "success"]
    return sorted(tasks, key=lambda task: task["started_at"])


def _task(dag: str, instance: dict[str, Any]) -> dict[str, Any]:
    queued, started, ended = (
        datetime.fromisoformat(instance[name]).timestamp()
        for name in ("queued_when", "start_date", "end_date")
    )
    return {
        "task": f"{dag}.{instance['task_id']}",
        "started_at": started,
        "queued_seconds": started - queued,
        "seconds": ended - started,
    }


def _processor_seconds(root: Path) -> dict[str, float]:
    """By part. What tasks used is known to the workers that waited for them."""
    used: dict[str, float] = defaultdict(float, dict.fromkeys([*_PARTS, "tasks"], 0.0))
    for process in of_stack(root / "stack"):
        try:
            times, command = process.cpu_times(), " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "airflow worker" in command:
            used["tasks"] += times.children_user + times.children_system
        for part, sign in _PARTS.items():
            if sign in command:
                used[part] += times.user + times.system
    return dict(used)


def _signed_in(root: Path) -> AirflowApi:
    layout = Layout(Home(root))
    state = read_state(layout)
    if state is None:
        raise RuntimeError("the stack is gone")
    api = AirflowApi(state.ports["airflow"])
    api.sign_in(USER, load_secrets(layout).password)
    return api


def _mvd(root: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "mvd", "--home", str(root), *arguments],
        env={**os.environ, "MVD_HOME": str(root)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
