"""A real Airflow of its own for a test: loopback, free ports, everything below one folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mvd.stack.airflow_api import AirflowApi
from mvd.stack.layout import USER, Layout, load_secrets, read_state
from warehouse.paths import Home

T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mvd(home: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command line; the caller looks at the exit code."""
    return subprocess.run(
        [sys.executable, "-m", "mvd", "--home", str(home), *arguments],
        env={**os.environ, "MVD_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def sql(home: Path, query: str) -> list[dict[str, Any]]:
    """Rows of `mvd sql`; fails loudly with what it said."""
    answer = mvd(home, "sql", query, "--format", "json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    return rows


def until(look: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: nothing after {seconds} s")


def signed_in(home: Path) -> AirflowApi:
    """The REST interface of the running Airflow, as its engineer."""
    layout = Layout(Home(home))
    state = read_state(layout)
    assert state is not None
    api = AirflowApi(state.ports["airflow"])
    api.sign_in(USER, load_secrets(layout).password)
    return api


def dag_runs(api: AirflowApi, dag_id: str) -> list[dict[str, Any]]:
    """Runs of a DAG, oldest first."""
    answer = api.call("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after&limit=100")
    runs: list[dict[str, Any]] = answer["dag_runs"]
    return runs


def troubles(home: Path) -> str:
    """Why nothing came: notices and the end of every log of a task that failed."""
    notices = home / "notices.jsonl"
    told = notices.read_text(encoding="utf-8") if notices.exists() else ""
    return told[-4000:]
