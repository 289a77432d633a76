"""A published figure that is not in the register yet: its verdict, and how it gets in."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from warehouse.contracts import Contracts
from warehouse.contracts.claims import Claim
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.published.claims.contradictions import Contradiction, find_contradictions
from warehouse.published.claims.register import claim_rows
from warehouse.query.reader import query

Verdict = Literal["confirmed", "within_qualifier", "contradicted", "not_covered", "not_checkable"]

_FIGURE = """
select value, change_pct, change_abs, status, accepted_units, expected_units
from marts.fct_indicator_values
where indicator_code = '{indicator_code}' and territory_kato = '{territory_kato}'
    and period_month = date '{period_month}' and basis = '{basis}'
""".strip()
_EXACT = 0.0005


@dataclass(frozen=True)
class Answer:
    """What a release says about a figure; `query` gives the numbers, None without a question."""

    verdict: Verdict
    reason: str | None
    low: float | None
    high: float | None
    observed: float | None
    query: str | None
    contradictions: tuple[Contradiction, ...]


def check(claim: Claim, contracts: Contracts, home: Home, release: str | None = None) -> Answer:
    """Lay a figure against a release and against what was said before.

    Raises UserError for what the contracts do not know, and when there is no release.
    """
    _require_known(claim, contracts)
    register = contracts.claims
    (row,) = claim_rows(replace(register, claims=(claim,)), contracts)
    others = tuple(c for c in register.claims if c.claim_id != claim.claim_id)
    together = replace(register, claims=(*others, claim))
    against = tuple(c for c in find_contradictions(together) if claim.claim_id in c.claim_ids)
    if row["not_checkable_reason"]:
        return Answer("not_checkable", row["not_checkable_reason"], None, None, None, None, against)
    sql = _FIGURE.format_map(row)
    figures = query(home, sql, release=release).to_pylist()
    observed = figures[0][row["quantity"]] if figures else None
    verdict, reason = judge(row, figures[0]["status"] if figures else None, observed)
    return Answer(verdict, reason, row["low"], row["high"], observed, sql, against)


def judge(
    row: dict[str, Any], status: str | None, observed: float | None
) -> tuple[Verdict, str | None]:
    """The verdict as `rpt_claims` gives it, with the reason when there is no answer."""
    if row["not_checkable_reason"]:
        return "not_checkable", row["not_checkable_reason"]
    if status is None:
        return "not_covered", "no_such_figure"
    if status != "final":
        return "not_covered", status
    if observed is None:
        return "not_covered", "no_comparable_year"
    is_low = row["low"] is not None and observed < row["low"]
    if is_low or (row["high"] is not None and observed > row["high"]):
        return "contradicted", None
    is_exact = row["qualifier"] == "exact" and abs(observed - row["stated_value"]) < _EXACT
    return ("confirmed" if is_exact else "within_qualifier"), None


def next_id(contracts: Contracts) -> str:
    """The next free number of the register."""
    return f"C{max(int(c.claim_id[1:]) for c in contracts.claims.claims) + 1:04d}"


def add(claim: Claim, contracts: Contracts) -> Path:
    """Append the claim to the register; the next build publishes its verdict.

    Raises UserError for what the contracts do not know.
    """
    _require_known(claim, contracts)
    path = contracts.root / "claims" / "claims.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        columns: Sequence[str] = next(csv.reader(stream))
    given = claim.model_dump(mode="json")
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["" if given[name] is None else given[name] for name in columns])
    return path


def _require_known(claim: Claim, contracts: Contracts) -> None:
    contracts.territories.require(claim.kato or "")
    known = {
        "indicator": (claim.indicator_code, contracts.indicators),
        "qualifier": (claim.qualifier, contracts.claims.qualifiers),
    }
    for what, (value, values) in known.items():
        if value not in values:
            raise UserError("CLAIM_UNKNOWN_WORD", what=what, value=str(value))
    if claim.value is not None and claim.value < Decimal(0):
        raise UserError("CLAIM_UNKNOWN_WORD", what="value", value=str(claim.value))
