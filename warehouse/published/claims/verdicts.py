"""What a release says about the published figures, in a word each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from warehouse.core.paths import Home
from warehouse.query.reader import query
from warehouse.releases.catalogue import current


def released_verdicts(home: Home) -> Mapping[str, str]:
    """Verdict by claim in the release in force; empty without a release."""
    release = current(home)
    return {} if release is None else _verdicts(home, release)


@lru_cache(maxsize=2)
def _verdicts(home: Home, release: str) -> Mapping[str, str]:
    sql = "select claim_id, verdict from marts.rpt_claims"
    rows = query(home, sql, release=release).to_pylist()
    return {row["claim_id"]: row["verdict"] for row in rows}
