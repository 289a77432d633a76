"""Serve Superset, on a loopback port unless told otherwise."""

from __future__ import annotations

import os
import sys

from dashboards.paths import Place, write_private
from dashboards.serving.gunicorn import PREPARE


def serve(place: Place, host: str, port: int, workers: int, threads: int, *, init: bool) -> int:
    """Become the server; does not return. With `init`, prepare everything before answering."""
    write_private(place.port, str(port))
    os.environ[PREPARE] = "1" if init else ""
    command = [
        *(sys.executable, "-m", "gunicorn"),
        *("--bind", f"{host}:{port}"),
        *("--workers", str(workers), "--worker-class", "gthread", "--threads", str(threads)),
        # A connection that is closed too soon breaks the question that was just being sent on it.
        *("--timeout", "120", "--graceful-timeout", "10", "--keep-alive", "75"),
        # Superset is loaded once and forked: it takes seconds and 200 MB.
        *("--preload", "--no-control-socket"),
        *("--config", "python:dashboards.serving.gunicorn"),
        "superset.app:create_app()",
    ]
    os.execv(sys.executable, command)  # noqa: S606
