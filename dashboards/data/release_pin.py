"""Which release a request reads.

Opening a dashboard pins the release in force to it, in a cookie of that dashboard; its charts and
filters then ask that release, so that nothing on one screen comes from two. Any other request
reads the release in force.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, g, has_request_context, request

from dashboards.paths import Place, has_demonstration, here

_RELEASE = re.compile(r"r\d{6,}")
_COOKIE = "mvd_release_"
_OPENED = "DashboardRestApi.get"


class NoReleaseError(RuntimeError):
    """Nothing was published yet."""


def release() -> str:
    """Id of the release that the present request reads; the same until the request ends."""
    if not has_request_context():
        return in_force(here())
    if "mvd_release" not in g:
        g.mvd_release = _pinned(here()) or in_force(here())
    found: str = g.mvd_release
    return found


def in_force(place: Place) -> str:
    """Id of the release to which the pointer points."""
    try:
        return place.current.readlink().name
    except FileNotFoundError:
        raise NoReleaseError("nothing has been published yet") from None


def is_demonstration() -> bool:
    """Whether figures of the release that the present request reads come from `mvd demo`."""
    return has_demonstration(here(), release())


def pin(response: Response) -> Response:
    """When a dashboard has just been opened, pin the release in force to it."""
    if request.endpoint != _OPENED or response.status_code != 200:
        return response
    dashboard = (response.get_json(silent=True) or {}).get("result", {}).get("id")
    if dashboard and here().current.exists():
        response.set_cookie(
            f"{_COOKIE}{dashboard}", in_force(here()), httponly=True, samesite="Lax"
        )
    return response


def _pinned(place: Place) -> str | None:
    name = request.cookies.get(f"{_COOKIE}{_dashboard()}", "")
    is_there = _RELEASE.fullmatch(name) is not None and _is_published(place, name)
    return name if is_there else None


def _is_published(place: Place, name: str) -> bool:
    """A number above the one in force belongs to a build that was never pointed to."""
    return int(name[1:]) <= int(in_force(place)[1:]) and (place.releases / name).is_dir()


def _dashboard() -> str:
    """Number of the dashboard that asks, as far as the request says so."""
    if given := request.args.get("dashboard_id"):
        return given
    body: Any = request.get_json(silent=True) if request.is_json else None
    form_data = (body or {}).get("form_data") or {}
    return str(form_data.get("dashboardId", ""))
