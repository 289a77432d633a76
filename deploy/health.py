"""Health of one container: exit 0 when it does its work.

health.py URL            the address answers with success
health.py URL PART…      and its JSON calls these parts healthy
health.py celery         this container's worker answers on the queue
"""

from __future__ import annotations

import json
import socket
import sys
import urllib.request
from pathlib import Path

_SECONDS = 10
_BROKER = Path("/run/secrets/celery_broker_url")


def answers(url: str, parts: list[str]) -> bool:
    """Whether the server answers, and calls all `parts` healthy."""
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - given in compose
        told = json.load(answer) if parts else {}
    return all(told[part]["status"] == "healthy" for part in parts)


def consumes() -> bool:
    """Whether the worker of this container answers to a ping."""
    from celery import Celery

    name = f"celery@{socket.gethostname()}"
    queue = Celery(broker=_BROKER.read_text(encoding="utf-8").strip())
    # With the limit it returns at the first answer, not at the end of the time.
    return bool(queue.control.inspect([name], timeout=_SECONDS, limit=1).ping())


def main(arguments: list[str]) -> int:
    """Exit code of the check."""
    is_healthy = consumes() if arguments == ["celery"] else answers(arguments[0], arguments[1:])
    return 0 if is_healthy else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
