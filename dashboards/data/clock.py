"""Nobody may hold the server with a question: it is interrupted when its time is over."""

from __future__ import annotations

import threading
from typing import Any

_TIMEOUT_SECONDS = 60.0
_AGAIN_SECONDS = 1.0

_clocks: dict[int, threading.Event] = {}


def start(connection: Any, _record: Any) -> None:
    """After a connection was made: a question that takes too long on it is interrupted."""
    over = _clocks[id(connection)] = threading.Event()
    threading.Thread(target=_interrupt, args=(connection, over), daemon=True).start()


def _interrupt(connection: Any, over: threading.Event) -> None:
    """Again and again: an interruption between two statements stops neither."""
    pause = _TIMEOUT_SECONDS
    while not over.wait(pause):
        connection.interrupt()
        pause = _AGAIN_SECONDS


def stop(connection: Any, _record: Any) -> None:
    """Before it is closed."""
    if over := _clocks.pop(id(connection), None):
        over.set()
