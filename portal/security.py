"""Headers of every answer, and limits on every body that comes in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    # With no-referrer browsers would send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class BodyRefusedError(Exception):
    """A body that is too large (413) or comes too slowly (408)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


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
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("cache-control", "no-store")
                if self.is_secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        await self.app(scope, receive, with_headers)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may come in one body, how long it may pause and how long it may take."""

    size: int
    idle_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Counts bodies while they come in and cuts them off."""

    app: ASGIApp
    limit_for: Callable[[str], Limit]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_for(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        is_too_large = not announced.isdecimal() or int(announced) > limit.size
        ends_at = time.monotonic() + limit.total_seconds
        received, is_complete = 0, False

        async def limited() -> Message:
            nonlocal received, is_complete
            if is_too_large:
                raise BodyRefusedError(413)
            if is_complete:
                return await receive()
            left = min(limit.idle_seconds, ends_at - time.monotonic())
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except TimeoutError as error:
                raise BodyRefusedError(408) from error
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                is_complete = not message.get("more_body", False)
                if received > limit.size:
                    raise BodyRefusedError(413)
            return message

        await self.app(scope, limited, send)


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
