"""A real Airflow of its own for a test: loopback, free ports, everything below one folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from mvd.stack.airflow_api import AirflowApi, UnreachableError
from mvd.stack.layout import USER, Layout, load_secrets, read_state
from warehouse.core.paths import Home

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


def start_run(api: AirflowApi, dag_id: str, **params: Any) -> str:
    """Start a DAG by hand; the id of its run."""
    body = {"logical_date": None, "conf": params}
    return str(api.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])


def asked(api: AirflowApi, dag_id: str, run_id: str, *, seconds: float = 180) -> dict[str, Any]:
    """The question that a run puts to a person, as soon as it does."""
    return until(
        lambda: _question(api, dag_id, run_id), seconds=seconds, what=f"the question of {dag_id}"
    )


def decided(api: AirflowApi, dag_id: str, run_id: str, option: str) -> dict[str, str]:
    """Answer the question of a run at once, and again if it is put again; how each task ended."""

    def look() -> bool | None:
        question = _question(api, dag_id, run_id)
        if question is not None and not question["response_received"]:
            api.call("PATCH", _question_path(dag_id, run_id), {"chosen_options": [option]})
        return _has_ended(api, dag_id, run_id) or None

    until(look, seconds=240, what=f"the end of {dag_id}")
    return ended(api, dag_id, run_id)


def _question(api: AirflowApi, dag_id: str, run_id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = api.call("GET", _question_path(dag_id, run_id))
    except UnreachableError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None
    return found


def _question_path(dag_id: str, run_id: str) -> str:
    return f"{_task_path(dag_id, run_id)}/approve/-1/hitlDetails"


def ended(api: AirflowApi, dag_id: str, run_id: str, *, seconds: float = 240) -> dict[str, str]:
    """How each task of a run ended, once the run has; mapped tasks by `name.index`."""

    until(
        lambda: _has_ended(api, dag_id, run_id) or None,
        seconds=seconds,
        what=f"the end of {dag_id}",
    )
    instances = api.call("GET", _task_path(dag_id, run_id))["task_instances"]
    return {_task_name(each): each["state"] for each in instances}


def _has_ended(api: AirflowApi, dag_id: str, run_id: str) -> bool:
    run = api.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
    return run["state"] in ("success", "failed")


def returned(api: AirflowApi, dag_id: str, run_id: str, task: str, map_index: int = -1) -> Any:
    """What a task gave back."""
    path = f"{_task_path(dag_id, run_id)}/{task}/xcomEntries/return_value?map_index={map_index}"
    return api.call("GET", path)["value"]


def _task_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"


def _task_name(instance: dict[str, Any]) -> str:
    index = instance["map_index"]
    return str(instance["task_id"]) + (f".{index}" if index >= 0 else "")


def troubles(home: Path) -> str:
    """Why nothing came: notices and the end of every log of a task that failed."""
    notices = home / "notices.jsonl"
    told = notices.read_text(encoding="utf-8") if notices.exists() else ""
    return told[-4000:]
