"""A line per request in the log: which route, for whom, how it ended. No query, no body, no secret.

It stands in for uvicorn's own line, which holds the path and the query as they were sent.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_SECRET = "secret"  # noqa: S105 - the name of the parameter
_SHOWN = 40


def path_of(scope: Scope) -> str:
    """The path of the request's route with its parameters, but for secrets; `-` without a route:
    somebody's mistyped link may hold one."""
    template = getattr(scope.get("route"), "path", None)
    if template is None:
        return "/static" if scope["path"].startswith("/static/") else "-"
    shown: dict[str, Any] = {
        name: "…" if name == _SECRET else str(value)[:_SHOWN]
        for name, value in scope.get("path_params", {}).items()
    }
    return str(template).format(**shown)


@dataclass(frozen=True, slots=True)
class RequestLog:
    """Writes the line when the answer has been sent; status 0 for a sender who left before that."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = 0, time.monotonic()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            client = scope.get("client")
            _log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": path_of(scope),
                    "status": status,
                    "seconds": round(time.monotonic() - started, 3),
                    "address": client[0] if client else None,
                },
            )
