"""The little of Airflow's REST interface that the stack needs: health, sign-in, pools."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

_TIMEOUT_SECONDS = 10
_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class UnreachableError(Exception):
    """No answer, or one that is no success: then `status` is its HTTP code."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class AirflowApi:
    """An Airflow on a loopback port."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._token = ""

    def health(self) -> dict[str, bool]:
        """Whether each part of Airflow is healthy. Raises UnreachableError."""
        answer = self.call("GET", "/api/v2/monitor/health")
        return {name: (answer.get(name) or {}).get("status") == "healthy" for name in _PARTS}

    def sign_in(self, user: str, password: str) -> None:
        """Get a token for the calls that follow."""
        answer = self.call("POST", "/auth/token", {"username": user, "password": password})
        self._token = str(answer["access_token"])

    def set_pool(self, name: str, slots: int, description: str = "") -> None:
        """Create a pool or set its slots."""
        body = {"slots": slots, "description": description, "include_deferred": False}
        try:
            self.call("PATCH", f"/api/v2/pools/{name}", {**body, "pool": name})
        except UnreachableError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            self.call("POST", "/api/v2/pools", {**body, "name": name})

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call; JSON in, JSON out. Raises UnreachableError for anything but success."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - always our own loopback server
            f"{self.url}{path}", data=content, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            problem = f"{method} {path}: {error} {error.read().decode()}"
            raise UnreachableError(problem, error.code) from error
        except OSError as error:
            raise UnreachableError(f"{method} {path}: {error}") from error
        return json.loads(text) if text else None
