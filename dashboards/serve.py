"""Serve Superset, on a loopback port unless told otherwise."""

from __future__ import annotations

import os
import sys


def serve(host: str, port: int, workers: int, threads: int) -> int:
    """Become the server; does not return."""
    os.environ["MVD_SUPERSET_PORT"] = str(port)
    command = [
        *(sys.executable, "-m", "gunicorn"),
        *("--bind", f"{host}:{port}"),
        *("--workers", str(workers), "--worker-class", "gthread", "--threads", str(threads)),
        *("--timeout", "120", "--graceful-timeout", "20", "--keep-alive", "5"),
        "--no-control-socket",
        *("--config", "python:dashboards.server"),
        "superset.app:create_app()",
    ]
    os.execv(sys.executable, command)  # noqa: S606
