"""Notice a new release while serving, and ask its charts once before people do."""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from typing import Any

from dashboards.pinned import NoReleaseError, in_force
from dashboards.place import Place, here

_POLL_SECONDS = 2.0
log = logging.getLogger(__name__)


def start(app: Any) -> None:
    """Look at the pointer as long as the process lives."""
    threading.Thread(target=_watch, args=(app, here()), daemon=True, name="releases").start()


def _watch(app: Any, place: Place) -> None:
    while True:
        with (place.root / ".warming").open("w") as lock:
            # Held until the process ends: one of the workers warms, another takes over.
            fcntl.flock(lock, fcntl.LOCK_EX)
            _warm_each(app, place)


def _warm_each(app: Any, place: Place) -> None:
    seen = ""
    while True:
        try:
            found = in_force(place)
        except NoReleaseError:
            found = ""
        if found and found != seen:
            _warm(app, found)
        seen = found
        time.sleep(_POLL_SECONDS)


def _warm(app: Any, release: str) -> None:
    from dashboards.warm import ask_all, write_region_files

    started = time.monotonic()
    try:
        with app.app_context():
            write_region_files(release)
            result = ask_all()
    except Exception:
        # The dashboards work without it: the first reader waits a little longer.
        log.exception("release %s: charts were not warmed", release)
        return
    log.warning("release %s: %s in %.1f s", release, result, time.monotonic() - started)
