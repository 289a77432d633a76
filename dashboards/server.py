"""Gunicorn's settings: what each worker does when it starts."""

from __future__ import annotations

from typing import Any


def post_worker_init(worker: Any) -> None:
    """One thread of each worker looks for releases; one of the workers warms the charts."""
    from dashboards.watch import start

    start(worker.app.callable)
