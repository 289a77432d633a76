"""Superset's security manager, with release, region and words in the key of every answer kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g, has_request_context
from superset.security import SupersetSecurityManager

from dashboards.access import NoAccessError, region_of
from dashboards.cells import shows
from dashboards.data.release_pin import release

Answer = TypeVar("Answer")


class DashboardSecurityManager(SupersetSecurityManager):  # type: ignore[misc]
    """An answer kept for one release, region and set of words is never given for another."""

    def get_rls_cache_key(self, datasource: Any) -> list[str]:
        """What a user may see, and what its words are made of, is part of the key of an answer."""
        names = [role.name for role in self.get_user_roles()] if getattr(g, "user", None) else []
        try:
            region = region_of(names) or "country"
        except NoAccessError:
            region = "nothing"
        own = [f"release={release()}", f"region={region}", f"words={shows.fingerprint()}"]
        return [*super().get_rls_cache_key(datasource), *own]

    # One request asks some thirty times, in as many questions to the database, what its user may.
    def can_access(self, permission_name: str, view_name: str) -> bool:
        """The same answer until the request ends."""
        return _once(("can", permission_name, view_name), super().can_access)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """The same answer until the request ends."""
        return _once(("has", permission_name, view_name), super().has_access)

    def user_view_menu_names(self, permission_name: str) -> set[str]:
        """The same answer until the request ends."""
        return _once(("names", permission_name), super().user_view_menu_names)


def _once(asked: tuple[str, ...], answer: Callable[..., Answer]) -> Answer:
    """What `answer` says to a question, kept for the user in the course of one request."""
    if not has_request_context():
        return answer(*asked[1:])
    kept: dict[Any, Answer] = g.setdefault("mvd_answers", {})
    key = (_user_id(), *asked)
    if key not in kept:
        kept[key] = answer(*asked[1:])
    return kept[key]


def _user_id() -> int | None:
    found: int | None = getattr(getattr(g, "user", None), "id", None)
    return found
