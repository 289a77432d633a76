"""Faults of ours: a line in the log with all there is to know, an answer that tells only its
number."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.guards.request_log import path_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Faults:
    """Answers what nothing else has caught. `answer` makes the page of a request and a reference.

    Nothing is raised any further: uvicorn would log it once more.
    """

    app: ASGIApp
    answer: Callable[[Request, str], Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except ClientDisconnect:
            # No fault of ours, and nobody is left to be answered: its line in the log has status 0.
            return
        except Exception as error:
            reference = secrets.token_hex(4)
            await run_in_threadpool(_note, scope, error, reference)
            if not has_begun:
                answer = await run_in_threadpool(self._page, scope, reference)
                await answer(scope, receive, send)

    def _page(self, scope: Scope, reference: str) -> Response:
        try:
            return self.answer(Request(scope), reference)
        except Exception as error:
            _note(scope, error, reference)
            return PlainTextResponse(f"500 · {reference}\n", 500)


def _note(scope: Scope, error: Exception, reference: str) -> None:
    _log.error(
        "request failed: %s",
        reference,
        exc_info=error,
        extra={"reference": reference, "method": scope["method"], "path": path_of(scope)},
    )
