"""Serve Superset on a loopback port."""

from __future__ import annotations

import os
import sys


def serve(port: int, workers: int, threads: int) -> int:
    """Become the server; does not return."""
    os.environ["MVD_SUPERSET_PORT"] = str(port)
    command = [
        *(sys.executable, "-m", "gunicorn"),
        *("--bind", f"127.0.0.1:{port}"),
        *("--workers", str(workers), "--worker-class", "gthread", "--threads", str(threads)),
        *("--timeout", "120", "--graceful-timeout", "20", "--keep-alive", "5"),
        "--no-control-socket",
        *("--config", "python:dashboards.server"),
        "superset.app:create_app()",
    ]
    os.execv(sys.executable, command)  # noqa: S606
