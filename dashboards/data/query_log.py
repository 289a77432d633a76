"""What dashboards ask, kept so that it can be asked anew when a release appears.

What dashboards ask of whoever opens them is known; what they ask after months and regions were
chosen is not. So each different question is remembered, and the newest are asked again before
people come.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response, request

from dashboards.paths import here, write_private

_MOST = 400
_QUESTIONS = "/api/v1/chart/data"


def remember(response: Response) -> Response:
    """After a chart of a dashboard was answered."""
    if request.path == _QUESTIONS and response.status_code == 200 and request.is_json:
        # Superset changes what it has read: the question as it was sent is in the bytes.
        body = json.loads(request.get_data())
        form_data = body.get("form_data") or {}
        if form_data.get("dashboardId") and body.get("result_format") == "json":
            _keep(body, {name: form_data.get(name) for name in ("dashboardId", "slice_id")})
    return response


def questions() -> Iterator[dict[str, Any]]:
    """The newest different questions; older ones are forgotten."""
    files = sorted(_folder().glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[_MOST:]:
        path.unlink(missing_ok=True)
    for path in files[:_MOST]:
        yield json.loads(path.read_text(encoding="utf-8"))


def _keep(body: dict[str, Any], form_data: dict[str, Any]) -> None:
    question = {
        "datasource": body.get("datasource"),
        "queries": body.get("queries"),
        "form_data": form_data,
        "result_format": "json",
        "result_type": body.get("result_type", "full"),
    }
    text = json.dumps(question, sort_keys=True, ensure_ascii=False)
    path = _folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    if not path.exists():
        write_private(path, text)


def _folder() -> Path:
    folder = here().root / "asked"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
