"""While serving: notice a new release and ask its charts before people do; send letters."""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from dashboards.data.release_pin import NoReleaseError, in_force
from dashboards.pages.letters import send
from dashboards.paths import Place, here

_POLL_SECONDS = 2.0
_LETTERS_SECONDS = 60.0
log = logging.getLogger(__name__)


def start(app: Any) -> None:
    """Look at the pointer as long as the process lives."""
    for work in (_warm_each, _send_letters):
        arguments = (work, app, here())
        threading.Thread(target=_alone, args=arguments, daemon=True, name=work.__name__).start()


def _alone(work: Callable[[Any, Place], None], app: Any, place: Place) -> None:
    """Held until the process ends: one of the workers does it, another takes over."""
    with (place.root / f".{work.__name__}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work(app, place)


def _send_letters(app: Any, place: Place) -> None:
    while True:
        time.sleep(_LETTERS_SECONDS)
        try:
            with app.app_context():
                send(place)
        except Exception:
            log.exception("letters were not looked through")


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
    from dashboards.superset.warm import ask_all, write_region_files

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
