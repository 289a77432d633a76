"""Published figures that a release contradicts and the release before it did not."""

from __future__ import annotations

from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.query.reader import query
from warehouse.releases import catalogue

_CONTRADICTED = "select claim_id from marts.rpt_claims where verdict = 'contradicted' order by 1"


def newly_contradicted(home: Home, release_id: str, settings: Settings) -> list[str]:
    """Ids of the claims, in order. Against the first release every contradicted one is new."""
    published = catalogue.list_releases(home)
    earlier = published[: published.index(release_id)] if release_id in published else []
    before = _contradicted(home, earlier[-1], settings) if earlier else []
    return [name for name in _contradicted(home, release_id, settings) if name not in before]


def _contradicted(home: Home, release_id: str, settings: Settings) -> list[str]:
    answer = query(
        home,
        _CONTRADICTED,
        release=release_id,
        timeout=settings.sql_timeout_seconds,
        memory_limit=settings.memory_limit,
        threads=settings.threads,
    )
    return [str(name) for name in answer.column("claim_id").to_pylist()]
