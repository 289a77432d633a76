"""The services of docker-compose.yml, brought up under a name of their own."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from mvd.stack.airflow_api import AirflowApi, UnreachableError
from tests.integration.airflow_stack import free_port

HEALTHY_SECONDS = 1200
T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
PROJECT = "mvd-trial"
PORTAL_NAME = "reports.example.kz"
SUPERSET_NAME = "figures.example.kz"


class ThroughProxy(httpx.HTTPTransport):
    """Asks the proxy on a loopback port for a name that no name server knows."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # Not changed in place: the client keeps cookies by the address that it asked for.
        asked = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(asked)


@dataclass
class Stack:
    """One bring-up of the compose file, on ports and with secrets of its own."""

    secrets: Path
    portal: int = field(default_factory=free_port)
    airflow: int = field(default_factory=free_port)
    superset: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)
    api: AirflowApi | None = None

    def compose(self, *arguments: str, given: bytes | None = None) -> str:
        """Run one command of compose; what it prints."""
        environment = os.environ | {
            "MVD_SECRETS": str(self.secrets),
            "MVD_PORTAL_PORT": str(self.portal),
            "MVD_AIRFLOW_PORT": str(self.airflow),
            "MVD_SUPERSET_PORT": str(self.superset),
            "MVD_HTTPS_PORT": str(self.https),
            "MVD_HTTP_PORT": str(self.http),
            "MVD_PORTAL_NAME": PORTAL_NAME,
            "MVD_SUPERSET_NAME": SUPERSET_NAME,
            "MVD_PORTAL_PUBLIC_URL": f"https://{PORTAL_NAME}",
            "MVD_SUPERSET_HTTPS": "1",
            "MVD_EDGE": "10.213.78",
        }
        program = shlex.split(os.environ.get("COMPOSE", "docker compose"))
        done = subprocess.run(
            [
                *program,
                "--env-file",
                os.devnull,
                "--project-name",
                PROJECT,
                "--profile",
                "proxy",
                *arguments,
            ],
            cwd=ROOT,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.stderr.decode()[-2000:]}")
        return done.stdout.decode()

    def up(self) -> None:
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(HEALTHY_SECONDS))

    def down(self) -> None:
        self.compose("--profile", "tools", "down", "--volumes", "--timeout", "20")
        self.api = None

    def mvd(self, *arguments: str) -> str:
        return self.compose("exec", "-T", "portal", "python", "-m", "mvd", *arguments)

    def sql(self, query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.mvd("sql", query, "--format", "json"))
        return rows

    def drop(self, folder: Path) -> None:
        """Put a folder into the inbox, as the account that owns it."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(folder, arcname=".")
        unpack = "tar x --touch --no-same-permissions -C /data/inbox"
        self.compose("exec", "-T", "airflow-worker", "sh", "-c", unpack, given=packed.getvalue())

    def released(self) -> str:
        """Id of the release in force, empty before the first."""
        look = "import os; print(os.path.basename(os.path.realpath('/data/current')))"
        found = self.compose("exec", "-T", "portal", "python", "-c", look).strip()
        return "" if found == "current" else found

    def sign_in(self) -> AirflowApi:
        """Airflow's interface; signed in to once, because it refuses who signs in too often."""
        if self.api is None:
            api = AirflowApi(self.airflow)
            password = (self.secrets / "airflow_password").read_text(encoding="utf-8")
            api.sign_in("engineer", password)
            self.api = api
        return self.api

    def running(self, dag: str, task: str) -> bool | None:
        """True when a task is being worked on now, else None."""
        path = f"/api/v2/dags/{dag}/dagRuns/~/taskInstances?task_id={task}&state=running"
        try:
            return bool(self.sign_in().call("GET", path)["total_entries"]) or None
        except UnreachableError:
            return None

    def client(self, name: str) -> httpx.Client:
        """Somebody who comes over TLS, through the proxy."""
        return httpx.Client(
            base_url=f"https://{name}",
            headers={"origin": f"https://{name}"},
            transport=ThroughProxy(self.https),
            timeout=60,
        )


def say(what: str, started: float | None = None, more: str = "") -> None:
    """One line of the report, with the seconds that it took."""
    took = "" if started is None else f"{time.monotonic() - started:6.0f} s"
    sys.stdout.write(f"{what:<62}{took:>9}  {more}".rstrip() + "\n")
    sys.stdout.flush()
