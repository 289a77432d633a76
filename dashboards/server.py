"""Gunicorn's settings: what happens before the workers are forked, and in each of them."""

from __future__ import annotations

import os
from typing import Any

PREPARE = "MVD_SUPERSET_PREPARE"


def when_ready(server: Any) -> None:
    """Before the first worker: what `init` does, if asked. No connection is left to be shared."""
    with server.app.wsgi().app_context():
        from superset.extensions import db

        if os.environ.get(PREPARE):
            from dashboards.commands import prepare
            from dashboards.place import here

            prepare(here(), anew=False)
        db.session.remove()
        db.engine.dispose()


def post_worker_init(worker: Any) -> None:
    """The threads that look for releases and for letters that are due, and keep the journal."""
    from dashboards import journal, watch

    journal.start(worker.app.callable)
    watch.start(worker.app.callable)
