"""The parts of the embedded stack: their commands and their environment."""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from mvd.stack.layout import USER, Layout, Secrets

MARK = "MVD_STACK"
"""Every process of a stack inherits this variable with the stack's folder, and is found by it."""
PROJECT = Path(__file__).resolve().parents[2]
DAGS = PROJECT / "dags"
POOLS = {"warehouse_writer": 1, "intake": 1}
SUPERSET = PROJECT / "dashboards" / ".venv" / "bin" / "python"
"""Python of the environment that `make setup-superset` installs."""
PRELOADED = (
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.openlineage.plugins.listener",
    "expectations.library",
    "expectations.release_gate",
    "ingestion.intake.pickup",
    "mvd.build.steps",
    "warehouse.build.export",
    "warehouse.build.outliers",
    "warehouse.releases.catalogue",
)
"""Loaded once, before the first task: the process of each task is a fork that has them already."""
_PREFERRED_PORTS = {"airflow": 8080, "portal": 8000, "superset": 8088}
_INNER_PORTS = ("worker_logs", "triggerer_logs")
_AIRFLOW = (sys.executable, "-m", "airflow")


@dataclass(frozen=True, slots=True)
class Part:
    """A process that is kept running; with `needs_api` not before Airflow's server answers.

    A task that the scheduler starts earlier would fail: it reports to that server.
    """

    name: str
    command: tuple[str, ...]
    needs_api: bool = False


MIGRATION = Part("airflow-database", (*_AIRFLOW, "db", "migrate"))


def choose_ports(previous: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    """A free loopback port for each purpose: the wanted one, the previous, the usual, any.

    OSError when a wanted port is taken.
    """
    chosen: dict[str, int] = {}
    for name in (*_PREFERRED_PORTS, *_INNER_PORTS):
        if wanted.get(name):
            _require_free(wanted[name])
            chosen[name] = wanted[name]
            continue
        usual = (previous.get(name), _PREFERRED_PORTS.get(name))
        free = (port for port in usual if port and is_free(port))
        chosen[name] = next(free, None) or _any_free()
    return chosen


def parts(
    home: Path, ports: dict[str, int], *, with_portal: bool, with_dashboards: bool
) -> list[Part]:
    """The parts in the order in which they start."""
    server = ("api-server", "--host", "127.0.0.1", "--port", str(ports["airflow"]))
    airflow = [
        Part("airflow-api", (*_AIRFLOW, *server)),
        Part("airflow-dags", (*_AIRFLOW, "dag-processor")),
        Part("airflow-triggers", (*_AIRFLOW, "triggerer", "--skip-serve-logs")),
        Part("airflow-scheduler", (*_AIRFLOW, "scheduler", "--skip-serve-logs"), needs_api=True),
    ]
    portal = ("portal", "--host", "127.0.0.1", "--port", str(ports["portal"]))
    superset = ("--home", str(home), "serve", "--init", "--port", str(ports["superset"]))
    return [
        *airflow,
        *([Part("portal", (sys.executable, "-m", "mvd", *portal))] if with_portal else []),
        *([Part("superset", (str(SUPERSET), "-m", "dashboards", *superset))] * with_dashboards),
    ]


def environment(layout: Layout, secrets: Secrets, ports: dict[str, int]) -> dict[str, str]:
    """The environment of every part. What is set outside wins, so that a database, an executor or
    a mail server of one's own needs no change here."""
    api = f"http://127.0.0.1:{ports['airflow']}"
    settings = {
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__FERNET_KEY": secrets.fernet_key,
        "CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords),
        "API__BASE_URL": api,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets.api_secret_key,
        "API_AUTH__JWT_SECRET": secrets.jwt_secret,
        "SCHEDULER__MP_START_METHOD": "forkserver",
        "CORE__MP_FORKSERVER_PRELOAD": ",".join(PRELOADED),
        "LOGGING__BASE_LOG_FOLDER": str(layout.airflow / "logs"),
        "LOGGING__JSON_LOGS": "True",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(ports["worker_logs"]),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports["triggerer_logs"]),
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        # They change only with the program, and parsing them all takes the processor for seconds.
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        "OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(layout.home.lineage), "append": True}
        ),
        "OPENLINEAGE__NAMESPACE": "mvd",
        "OPENLINEAGE__EMISSION_POLICY": json.dumps(
            [{"scope": {}, "controls": {"include_source_code": False}}]
        ),
    }
    defaults = {f"AIRFLOW__{name}": value for name, value in settings.items()} | {
        "MVD_DICTIONARY_URL": f"http://127.0.0.1:{ports['portal']}",
        "MVD_LOG_FORMAT": "json",
        "MVD_PORTAL_METRICS_TOKEN_FILE": str(layout.metrics_token),
    }
    own = {
        MARK: str(layout.root),
        "AIRFLOW_HOME": str(layout.airflow),
        "MVD_HOME": str(layout.home.root),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
        # A process that renames itself would overwrite its environment, and with it the mark.
        "SPT_NOENV": "1",
    }
    return defaults | os.environ | own


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    try:
        _require_free(port)
    except OSError:
        return False
    return True


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
