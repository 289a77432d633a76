"""Notices: one line of JSON each in `home/notices.jsonl`, and a POST to `MVD_NOTICE_URL` if set."""

from __future__ import annotations

import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from warehouse.core.clock import utc_now
from warehouse.core.durable import make_directories
from warehouse.core.settings import Settings

NOTICES = "notices.jsonl"
_TIMEOUT_SECONDS = 10
_log = logging.getLogger(__name__)


def send(settings: Settings, kind: str, params: Mapping[str, Any]) -> None:
    """Keep a notice and hand it on. A receiver that does not answer stops nothing: it is logged."""
    notice = {"kind": kind, "sent_at": utc_now().isoformat(timespec="seconds"), **params}
    line = json.dumps(notice, ensure_ascii=False, default=str)
    _log.warning("notice %s", line)
    make_directories(settings.paths.root)
    # One write of one line: notices of several processes do not mix.
    descriptor = os.open(
        settings.paths.root / NOTICES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640
    )
    with os.fdopen(descriptor, "ab", buffering=0) as stream:
        stream.write(f"{line}\n".encode())
    if settings.notice_url:
        _post(settings.notice_url, line)


def _post(url: str, line: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked by the settings
        url, data=line.encode(), headers={"Content-Type": "application/json; charset=utf-8"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
            pass
    except (urllib.error.URLError, TimeoutError) as error:
        _log.error("the notice was not delivered: %s", error)
