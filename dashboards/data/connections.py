"""The file behind a connection: of the release that the request reads, for the user who asks."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import URL
from sqlalchemy.pool import NullPool

from dashboards.access import NoAccessError, region_of
from dashboards.data import clock
from dashboards.data.region_files import file_of
from dashboards.data.release_pin import release
from dashboards.database import FILE, LOCKED, URI, USER_AGENT
from dashboards.paths import here

_KEPT_OPEN = 4


def connect_to_release(
    uri: URL, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """DB_CONNECTION_MUTATOR: the only way to data. PermissionError for whoever has none."""
    del params, source
    if str(uri) != URI:
        raise PermissionError("there is one database, the release in force")
    path = _file(region_of(_role_names(username, security_manager)))
    _open_files.let_go_if_replaced(path)
    return uri.set(database=str(path)), {
        "poolclass": NullPool,
        "connect_args": {
            "read_only": True,
            "config": {**LOCKED, "custom_user_agent": USER_AGENT},
        },
        "pool_events": [
            (clock.start, "connect"),
            (partial(_open_files.keep, path), "connect"),
            (clock.stop, "close"),
        ],
    }


class OpenFiles:
    """The files read last stay open: a question that opens one again finds what was read of it.

    Opening a release of ten years takes 25 ms, and reading its blocks anew as much again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Path, tuple[object, Any]] = {}
        self._lock = threading.Lock()

    def let_go_if_replaced(self, path: Path) -> None:
        """Before a connection is made: it would join the file that was there."""
        with self._lock:
            if path in self._kept and self._kept[path][0] != _identity(path):
                del self._kept[path]

    def keep(self, path: Path, connection: Any, _record: Any) -> None:
        """After `connection` to the file was made."""
        with self._lock:
            kept = self._kept.pop(path, None) or (_identity(path), connection.duplicate())
            self._kept[path] = kept
            for oldest in list(self._kept)[: -self._most]:
                del self._kept[oldest]


def _identity(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return os.getpid(), found.st_dev, found.st_ino


_open_files = OpenFiles(_KEPT_OPEN)


def _file(region: str) -> Path:
    place = here()
    if region:
        return file_of(place, release(), region)
    return place.releases / release() / FILE


def _role_names(username: str | None, security_manager: Any) -> list[str]:
    user = security_manager.find_user(username=username) if username else None
    if user is None or not user.is_active:
        raise NoAccessError("nobody is signed in")
    return [role.name for role in user.roles]
