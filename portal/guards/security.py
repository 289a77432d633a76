"""Headers of every answer, and limits on every body that comes in."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.guards.bodies import Body, Limit, body_of

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
# With no-referrer browsers would send `Origin: null` with our own forms.
_REFERRER = "same-origin"
_READ_AWAY = 64 * 1024
"""Bytes of a refused body that are read and forgotten, so that the connection can stay open."""
_DIGITS = 15


class BodyRefusedError(HTTPException):
    """A body that is too large (413) or comes too slowly (408).

    An HTTPException, because FastAPI answers 400 to every other error while it reads JSON.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """Adds the headers to every answer; pages with somebody's data are kept by no cache."""

    app: ASGIApp
    is_secure: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("referrer-policy", _REFERRER)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("cache-control", "no-store")
                if self.is_secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        await self.app(scope, receive, with_headers)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Counts bodies while they come in and cuts them off at the limit of their route.

    Which route that is, is known when its body is first asked for. Where a route takes none, its
    body is empty and what comes is dropped: a refusal would break off an answer that has begun.
    """

    app: ASGIApp
    limits: Mapping[Body, Limit]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        incoming = _Incoming(scope, receive, self.limits)

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and incoming.is_left_unread:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self.app(scope, incoming.receive, closing)


class _Incoming:
    """One body on its way in."""

    def __init__(self, scope: Scope, receive: Receive, limits: Mapping[Body, Limit]) -> None:
        self._scope = scope
        self._receive = receive
        self._limits = limits
        self._received = 0
        self._is_complete = False
        self._is_said_empty = False
        self._ends_at: float | None = None
        headers = Headers(scope=scope)
        self._announced = _length(headers.get("content-length", "0"))
        self._is_endless = "transfer-encoding" in headers

    @property
    def is_left_unread(self) -> bool:
        """Whether so much is still to come that the connection is better closed."""
        left = self._announced - self._received
        return not self._is_complete and (self._is_endless or left > _READ_AWAY)

    async def receive(self) -> Message:
        """ASGI. Raises BodyRefusedError."""
        if self._is_complete:
            return await self._receive()
        body = body_of(self._scope.get("endpoint"))
        if body is None:
            return await self._nothing()
        limit = self._limits[body]
        if self._announced > limit.size:
            raise BodyRefusedError(413)
        message = await self._next(limit)
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
            if self._received > limit.size:
                raise BodyRefusedError(413)
        return message

    async def _nothing(self) -> Message:
        """An empty body; asked again, the end of the connection."""
        if not self._is_said_empty:
            self._is_said_empty = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await self._receive())["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        return message

    async def _next(self, limit: Limit) -> Message:
        now = time.monotonic()
        self._ends_at = self._ends_at or now + limit.total_seconds
        left = min(limit.idle_seconds, self._ends_at - now)
        try:
            return await asyncio.wait_for(self._receive(), max(left, 0.001))
        except TimeoutError as error:
            raise BodyRefusedError(408) from error


def _length(announced: str) -> int:
    is_number = announced.isascii() and announced.isdecimal() and len(announced) <= _DIGITS
    return int(announced) if is_number else sys.maxsize


class RateLimit:
    """Lets each address make so many requests in a window; the rest get 429 at once.

    Counted in this process alone: it keeps one sender from taking all its time.
    """

    _ADDRESSES = 10_000

    def __init__(self, app: ASGIApp, *, requests: int, window_seconds: float) -> None:
        self._app = app
        self._requests = requests
        self._window_seconds = window_seconds
        self._counts: dict[str, int] = {}
        self._started_at = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        client = scope.get("client")
        if scope["type"] != "http" or client is None or not self._is_too_many(client[0]):
            await self._app(scope, receive, send)
            return
        wait = str(int(self._window_seconds)).encode()
        headers = [(b"retry-after", wait), (b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": b"Too many requests. Wait a minute.\n"})

    def _is_too_many(self, address: str) -> bool:
        now = time.monotonic()
        if now - self._started_at > self._window_seconds or len(self._counts) > self._ADDRESSES:
            self._counts, self._started_at = {}, now
        self._counts[address] = self._counts.get(address, 0) + 1
        return self._counts[address] > self._requests
