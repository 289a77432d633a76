"""What people did, written to Superset's own database behind their back.

Superset commits three times while it answers one chart, with the whole question in each; every
commit waits for the disk and forgets what was read so far. Here what happened waits in memory for
a moment, without the questions' text, and is written at once for all.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
import time
from datetime import UTC, datetime
from typing import Any

from superset.utils import json
from superset.utils.log import DBEventLogger

_SECONDS = 1.0
_LEFT_OUT = frozenset({"datasource", "form_data", "queries"})
_waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
log = logging.getLogger(__name__)


class Journal(DBEventLogger):  # type: ignore[misc]
    """EVENT_LOGGER: keeps what happened until `start`'s thread writes it."""

    def log(
        self,
        user_id: int | None,
        action: str,
        dashboard_id: int | None,
        duration_ms: int | None,
        slice_id: int | None,
        referrer: str | None,
        *_: Any,
        **given: Any,
    ) -> None:
        """One row for each record."""
        for record in given.get("records") or [given.get("curated_payload") or {}]:
            _waiting.put(
                {
                    "action": action,
                    "json": _short(record),
                    "dashboard_id": dashboard_id or record.get("dashboard_id"),
                    "slice_id": slice_id or record.get("slice_id"),
                    "duration_ms": duration_ms,
                    "referrer": referrer,
                    "user_id": user_id,
                    "dttm": datetime.now(UTC).replace(tzinfo=None),
                }
            )


def start(app: Any) -> None:
    """Write what waits as long as the process lives, and the rest when it ends."""
    threading.Thread(target=_write_each, args=(app,), daemon=True, name="journal").start()
    atexit.register(write, app)


def _write_each(app: Any) -> None:
    while True:
        time.sleep(_SECONDS)
        write(app)


def write(app: Any) -> None:
    """Write what waits."""
    rows = []
    while not _waiting.empty():
        rows.append(_waiting.get())
    if not rows:
        return
    from superset.extensions import db
    from superset.models.core import Log

    try:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(Log.__table__.insert(), rows)
    except Exception:
        # Nobody's page may break because it could not be written down.
        log.exception("%d actions were not written down", len(rows))


def _short(record: dict[str, Any]) -> str | None:
    try:
        return str(json.dumps({k: v for k, v in record.items() if k not in _LEFT_OUT}))
    except (TypeError, ValueError):
        return None
