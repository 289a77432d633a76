"""Gunicorn's settings: what happens before the workers are forked, and in each of them."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

PREPARE = "MVD_SUPERSET_PREPARE"
_WORKER_MEMORY = 3 * 1024**3
"""For the questions of one worker, beyond what it holds when it starts. The engine's own limit is
2 GB (`database.LOCKED`); the texts and lists that functions make do not count there."""


def when_ready(server: Any) -> None:
    """Before the first worker: what `init` does, if asked. No connection is left to be shared."""
    with server.app.wsgi().app_context():
        from superset.extensions import db

        if os.environ.get(PREPARE):
            from dashboards.commands import prepare
            from dashboards.paths import here

            prepare(here(), anew=False)
        db.session.remove()
        db.engine.dispose()


def post_worker_init(worker: Any) -> None:
    """The bound of its memory, and the threads that look for releases and for letters that are due,
    and keep the journal.
    """
    from dashboards.serving import watch
    from dashboards.superset import journal

    limit_memory(_WORKER_MEMORY)
    journal.start(worker.app.callable)
    watch.start(worker.app.callable)


def limit_memory(more: int) -> None:
    """From now on this process may hold `more` bytes of data beyond what it holds.

    What asks for more is refused by the kernel: the question fails, or at worst the worker, which
    gunicorn replaces; the machine goes on.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = int(status.partition("VmData:")[2].split()[0]) * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (held + more, hard))
