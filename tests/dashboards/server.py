"""A Superset of our own on a home, in the environment that `make setup-superset` installs."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.integration.airflow_stack import free_port

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = PROJECT / "dashboards" / ".venv" / "bin" / "python"
START_SECONDS = 600


class SupersetServer:
    """Superset on `home`, as `with SupersetServer(home) as server`."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "superset.log"
        self._environment = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords: dict[str, str] = {}

    def __enter__(self) -> Self:
        assert PYTHON.exists(), "Superset is not installed: make setup-superset"
        command = [str(PYTHON), "-m", "dashboards", "--home", str(self.home)]
        command += ["serve", "--init", "--port", str(self.port)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, cwd=self.home
            )
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m dashboards …` on this home."""
        return subprocess.run(
            [str(PYTHON), "-m", "dashboards", "--home", str(self.home), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def accounts(self, *rows: tuple[str, str, str]) -> None:
        """Make accounts: name, role, region."""
        file = self.home / "accounts.csv"
        lines = ["name,role,region,email", *(f"{','.join(row)}," for row in rows)]
        file.write_text("\n".join(lines), encoding="utf-8")
        answer = self.command("accounts", str(file))
        assert answer.returncode == 0, answer.stderr[-2000:]
        made = [line.split() for line in answer.stdout.splitlines()]
        self._passwords.update({words[0]: words[1] for words in made if len(words) == 2})

    def wait_until_warm(self) -> None:
        """Until the questions of the release in force were asked."""
        deadline = time.monotonic() + START_SECONDS
        while "Warmed(" not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.2)

    def password(self, name: str) -> str:
        if name == "admin":
            return (self.home / "superset" / "administrator").read_text().strip()
        return self._passwords[name]

    def visitor(self) -> httpx.Client:
        """Somebody who has not signed in."""
        return httpx.Client(base_url=self.url, timeout=60, follow_redirects=True)

    def sign_in(self, name: str) -> Person:
        return Person(self, name)

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/health", timeout=30).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.5)
        raise AssertionError(self.log.read_text()[-3000:])

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Person:
    """Somebody who is signed in, with the token that a changing request must carry."""

    def __init__(self, server: SupersetServer, name: str) -> None:
        self.web = server.visitor()
        found = re.search(r'csrf_token[^>]*?value="([^"]+)"', self.web.get("/login/").text)
        token = found[1] if found else self._token()
        fields = {"username": name, "password": server.password(name), "csrf_token": token}
        here = {"Referer": f"{server.url}/login/"}
        self.answer = self.web.post("/login/", data=fields, headers=here)
        self.web.headers.update({"X-CSRFToken": self._token(), "Referer": f"{server.url}/"})

    def _token(self) -> str:
        answer = self.web.get("/api/v1/security/csrf_token/")
        return str(answer.json()["result"]) if answer.status_code == 200 else ""

    def sql(self, text: str, database: int = 1, limit: int = 1000) -> httpx.Response:
        """What SQL Lab sends."""
        body = {
            "database_id": database,
            "sql": text,
            "schema": "marts",
            "runAsync": False,
            "client_id": secrets.token_hex(5),
            "queryLimit": limit,
        }
        return self.web.post("/api/v1/sqllab/execute/", json=body)

    def chart(self, dataset: int, query: dict[str, Any], dashboard: int | None = None) -> Any:
        """What a chart on a dashboard sends; the answer."""
        form_data = {"dashboardId": dashboard} if dashboard else {}
        body = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"metrics": [], "row_limit": 1000, **query}],
            "form_data": form_data,
            "result_format": "json",
            "result_type": "full",
        }
        return self.web.post("/api/v1/chart/data", json=body)

    def legacy_marks(self, dataset: int, dashboard: int) -> set[str]:
        """What a chart of an older kind on a dashboard shows of the column `mark`."""
        form_data = {
            "datasource": f"{dataset}__table",
            "viz_type": "country_map",
            "select_country": "kazakhstan",
            "entity": "mark",
            "metric": "count",
            "row_limit": 100,
        }
        answer = self.web.post(
            f"/superset/explore_json/?dashboard_id={dashboard}",
            data={"form_data": json.dumps(form_data)},
        )
        assert answer.status_code == 200, answer.text
        return {row["country_id"] for row in answer.json()["data"]}
