"""Published figures as questions to a release: which indicator, territory, month and interval."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from warehouse.contracts import Contracts
from warehouse.contracts.claims import Claim, Claims
from warehouse.contracts.indicators import Indicator
from warehouse.core.texts import LANGUAGES
from warehouse.published.claims.bounds import bounds
from warehouse.published.claims.contradictions import find_contradictions

Row = dict[str, Any]

_WHOLE = frozenset({"", "substance=all"})
_IN_UNITS_OF: Mapping[tuple[str, str], Decimal] = {
    ("tenge", "thousand_tenge"): Decimal("0.001"),
    ("thousand_tenge", "tenge"): Decimal(1000),
    ("persons", "count"): Decimal(1),
    ("count", "persons"): Decimal(1),
}


def claim_rows(register: Claims, contracts: Contracts) -> Iterator[Row]:
    """A row per claim; `not_checkable_reason` is empty when a release can answer it.

    `low` and `high` are what the text allows, in the unit of the indicator, with the sign of a
    fall; an open side is empty. The month is the last one that the claim's period covers whole.
    """
    parts = {(i.parent, i.dimension): i for i in contracts.indicators.values()}
    for claim in register.claims:
        indicator = _indicator(claim, contracts, parts)
        month, basis = _month(claim, indicator)
        reason = _not_checkable(claim, register, indicator, month)
        low, high = (None, None) if reason else _allowed(claim, register, indicator)
        yield {
            "claim_id": claim.claim_id,
            "source": claim.source,
            "published_on": claim.published_date,
            "speaker": claim.speaker,
            "quote": claim.quote,
            "territory_kato": claim.kato,
            "territory_name": claim.territory_name,
            "period_start": claim.period_start,
            "period_end": claim.period_end,
            "indicator_code": indicator.code if indicator else claim.indicator_code,
            "quantity": register.qualifiers[claim.qualifier].of,
            "qualifier": claim.qualifier,
            "stated_value": _number(claim.value),
            "unit": claim.unit,
            "low": low,
            "high": high,
            "period_month": None if reason else month,
            "basis": None if reason else basis,
            "not_checkable_reason": reason,
        }


def contradiction_rows(register: Claims, contracts: Contracts) -> Iterator[Row]:
    """A row per contradiction between claims, with its text in the three languages."""
    for number, found in enumerate(find_contradictions(register), start=1):
        texts = {
            f"message_{language}": contracts.messages.render(found.code, language, found.params)
            for language in LANGUAGES
        }
        yield {
            "contradiction_number": number,
            "contradiction_code": found.code,
            "severity": found.severity,
            "claim_ids": ", ".join(found.claim_ids),
            **texts,
        }


def _indicator(
    claim: Claim, contracts: Contracts, parts: Mapping[tuple[str | None, str | None], Indicator]
) -> Indicator | None:
    if claim.indicator_code is None or claim.dimension in _WHOLE:
        return contracts.indicators.get(claim.indicator_code or "")
    return parts.get((claim.indicator_code, claim.dimension))


def _is_stock(indicator: Indicator | None) -> bool:
    return indicator is not None and indicator.measure_type == "stock"


def _month(claim: Claim, indicator: Indicator | None) -> tuple[date | None, str]:
    end = claim.period_end
    if end is None:
        return None, "ytd"
    first = end.replace(day=1)
    is_whole = end.day == calendar.monthrange(end.year, end.month)[1]
    if _is_stock(indicator):
        # Said in the middle of a month, a stock is the one reported for the month before.
        return (first if is_whole else (first - timedelta(days=1)).replace(day=1)), "ytd"
    if not is_whole or claim.period_start is None:
        return None, "ytd"
    if (claim.period_start.month, claim.period_start.day) == (1, 1):
        return first, "ytd"
    return (first, "month") if claim.period_start == first else (None, "ytd")


def _not_checkable(
    claim: Claim, register: Claims, indicator: Indicator | None, month: date | None
) -> str | None:
    reasons = {
        "not_an_indicator": claim.indicator_code is None,
        "no_number": claim.value is None,
        "no_such_dimension": indicator is None,
        "no_period": claim.period_end is None,
        "period_not_in_whole_months": month is None,
        "other_unit": indicator is not None and _factor(claim, register, indicator) is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _factor(claim: Claim, register: Claims, indicator: Indicator) -> Decimal | None:
    if register.qualifiers[claim.qualifier].of == "change_pct" or claim.unit == indicator.unit:
        return Decimal(1)
    return _IN_UNITS_OF.get((claim.unit, indicator.unit))


def _allowed(
    claim: Claim, register: Claims, indicator: Indicator | None
) -> tuple[float | None, float | None]:
    allowed = bounds(claim, register)
    factor = None if indicator is None else _factor(claim, register, indicator)
    if allowed is None or factor is None:
        return None, None
    qualifier = register.qualifiers[claim.qualifier]
    low = None if qualifier.low == "open" else allowed.low * factor
    high = None if qualifier.high == "open" else allowed.high * factor
    if qualifier.sign < 0:
        low, high = (None if high is None else -high), (None if low is None else -low)
    return _number(low), _number(high)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
