"""Contradictions between published figures, found by rules.

Each rule reads the register alone; nothing is compared with our own data here. A contradiction
is `hard` when both figures cannot be true, `soft` when an explanation exists that somebody must
give. Texts in three languages: `contracts/messages/claims.yml`, by code and parameters.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations, product
from typing import Any, TypeVar

from warehouse.contracts.claims import Claim, Claims, Daily, Figure, Parts, PerUnit, Severity
from warehouse.published.claims.bounds import Interval, bounds, rounding_unit

Key = TypeVar("Key", bound=Hashable)

_LEVEL_QUALIFIERS = frozenset({"exact", "about", "more_than", "less_than"})
_NOTICEABLE = Decimal("0.01")
"""Share of the whole from which parts that do not reach it are worth a question."""
_DAILY_SLACK = Decimal("0.10")


@dataclass(frozen=True)
class Contradiction:
    """Published figures that do not fit together; `params` fill the text of `code`."""

    code: str
    severity: Severity
    claim_ids: tuple[str, ...]
    params: Mapping[str, Any]


def find_contradictions(register: Claims) -> list[Contradiction]:
    """All contradictions of the register, hard ones first, each pair of figures once."""
    figures = [c for c in register.claims if c.indicator_code and c.value is not None]
    rules: tuple[Callable[[Sequence[Claim], Claims], Iterator[Contradiction]], ...] = (
        _two_values,
        _lost_qualifiers,
        _parts,
        _per_unit,
        _daily,
        _falling_totals,
        _impossible_bases,
        _bases_apart,
        _attributions,
        _actors,
        _undated,
    )
    found = [contradiction for rule in rules for contradiction in rule(figures, register)]
    return sorted(found, key=lambda c: (c.severity != "hard", c.code, c.claim_ids))


def _group(claims: Iterable[Claim], key: Callable[[Claim], Key]) -> dict[Key, list[Claim]]:
    groups: dict[Key, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[key(claim)].append(claim)
    return groups


def _bounds(claim: Claim, register: Claims) -> Interval:
    found = bounds(claim, register)
    if found is None:
        raise ValueError(f"{claim.claim_id} gives no number")
    return found


def _levels(figures: Iterable[Claim], register: Claims) -> list[Claim]:
    return [c for c in figures if register.qualifiers[c.qualifier].of == "value"]


def _figure_of(claim: Claim) -> tuple[str | None, str, str, date | None, date | None]:
    return (
        claim.indicator_code,
        claim.dimension,
        claim.kato,
        claim.period_start,
        claim.period_end,
    )


def _kind(claim: Claim, register: Claims) -> tuple[str, int]:
    qualifier = register.qualifiers[claim.qualifier]
    return qualifier.of, qualifier.sign


def _two_values(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """The same indicator, territory and period with two values that exclude each other."""
    dated = [c for c in figures if c.period_end]
    for same in _group(dated, lambda c: (_figure_of(c), _kind(c, register))).values():
        for a, b in combinations(same, 2):
            if not _bounds(a, register).meets(_bounds(b, register)):
                yield Contradiction(
                    "CLAIM_TWO_VALUES",
                    "hard",
                    (a.claim_id, b.claim_id),
                    {"first": a.value, "second": b.value, "indicator": a.indicator_code},
                )


def _lost_qualifiers(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """The same figure said once as exact and once as "about" or "more than"."""
    dated = [c for c in _levels(figures, register) if c.period_end]
    for same in _group(dated, lambda c: (_figure_of(c), c.value)).values():
        for a, b in combinations(same, 2):
            words = {a.qualifier, b.qualifier}
            if len(words) == 2 and words <= _LEVEL_QUALIFIERS:
                yield Contradiction(
                    "CLAIM_QUALIFIER_LOST",
                    "hard",
                    (a.claim_id, b.claim_id),
                    {"value": a.value, "first": a.qualifier, "second": b.qualifier},
                )


def _is(claim: Claim, figure: Figure) -> bool:
    return claim.indicator_code == figure.indicator and claim.dimension == figure.dimension


def _parts(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """Parts that exceed their whole, or do not reach it though all of them were published."""
    together = _group(
        _levels(figures, register),
        lambda c: (c.kato, c.period_start, c.period_end, None if c.period_end else c.source),
    )
    for claims, relation in product(together.values(), register.relations.parts):
        published = [[c for c in claims if _is(c, part)] for part in relation.parts]
        named = [same for same in published if same]
        if named:
            parts = [_widest(same, register) for same in named]
            for whole in (c for c in claims if _is(c, relation.whole)):
                yield from _parts_against(relation, whole, parts, register)


def _widest(same: Sequence[Claim], register: Claims) -> tuple[Claim, Interval]:
    """One part as the most generous reading of all that was said about it."""
    intervals = [_bounds(c, register) for c in same]
    return same[0], Interval(min(i.low for i in intervals), max(i.high for i in intervals))


def _parts_against(
    relation: Parts,
    whole: Claim,
    parts: Sequence[tuple[Claim, Interval]],
    register: Claims,
) -> Iterator[Contradiction]:
    allowed = _bounds(whole, register)
    total = parts[0][1]
    for _, part in parts[1:]:
        total = total + part
    said = sum((c.value for c, _ in parts if c.value is not None), Decimal(0))
    ids = (whole.claim_id, *(c.claim_id for c, _ in parts))
    params = {"relation": relation.id, "whole": whole.value, "parts": said}
    if total.low > allowed.high:
        yield Contradiction("CLAIM_PARTS_EXCEED", relation.severity, ids, params)
    elif total.high < allowed.low:
        all_named = len(parts) == len(relation.parts)
        if relation.complete and all_named:
            yield Contradiction("CLAIM_PARTS_MISS", relation.severity, ids, params)
        elif len(parts) > 1 and said < (whole.value or said) * (1 - _NOTICEABLE):
            yield Contradiction("CLAIM_PARTS_UNNAMED", "soft", ids, params)


def _same_year(a: Claim, b: Claim) -> bool:
    dates = [c.period_end or c.period_start or c.published_date for c in (a, b)]
    return dates[0] is not None and dates[1] is not None and dates[0].year == dates[1].year


def _per_unit(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """So many for each unit, times the units, against the total that was published."""
    levels = _levels(figures, register)
    for relation in register.relations.per_unit:
        for territory in _group(levels, lambda c: c.kato).values():
            yield from _per_unit_in(relation, territory, register)


def _per_unit_in(
    relation: PerUnit, claims: Sequence[Claim], register: Claims
) -> Iterator[Contradiction]:
    units = [c for c in claims if _is(c, relation.units)]
    totals = [c for c in claims if _is(c, relation.total)]
    for each, total in product((c for c in claims if _is(c, relation.each)), totals):
        known = [c for c in units if _same_year(c, total)]
        allowed = _bounds(total, register)
        products = [_bounds(each, register).times(_bounds(c, register)) for c in known]
        if known and _same_year(each, total) and not any(p.meets(allowed) for p in products):
            yield Contradiction(
                "CLAIM_PER_UNIT",
                relation.severity,
                (each.claim_id, total.claim_id),
                {
                    "relation": relation.id,
                    "each": each.value,
                    "units": ", ".join(str(c.value) for c in known),
                    "total": total.value,
                },
            )


def _daily(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """A daily average over the days of a period against the total of that period."""
    levels = _levels(figures, register)
    for relation in register.relations.daily:
        rates = [c for c in levels if _is(c, relation.each)]
        for total in (c for c in levels if _is(c, relation.total)):
            said = [c for c in rates if c.kato == total.kato and _same_year(c, total)]
            if said and total.period_start and total.period_end:
                yield from _daily_against(relation, total, said)


def _daily_against(
    relation: Daily, total: Claim, rates: Sequence[Claim]
) -> Iterator[Contradiction]:
    if total.period_start is None or total.period_end is None or total.value is None:
        return
    days = (total.period_end - total.period_start).days + 1
    per_day = total.value / days
    said = [c.value for c in rates if c.value is not None]
    within = min(said) * (1 - _DAILY_SLACK) <= per_day <= max(said) * (1 + _DAILY_SLACK)
    if not within:
        yield Contradiction(
            "CLAIM_DAILY_TOTAL",
            relation.severity,
            (total.claim_id, *(c.claim_id for c in rates)),
            {"total": total.value, "days": days, "per_day": round(per_day), "said": max(said)},
        )


def _falling_totals(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """A cumulative figure that is smaller at a later date of the same year."""
    cumulative = [
        c for c in _levels(figures, register) if c.period_start and c.period_end and c.value
    ]
    groups = _group(cumulative, lambda c: (c.indicator_code, c.dimension, c.kato, c.period_start))
    for same in groups.values():
        ordered = sorted(same, key=lambda c: (c.period_end or date.max, c.claim_id))
        for earlier, later in combinations(ordered, 2):
            is_later = earlier.period_end != later.period_end
            if is_later and _bounds(later, register).high < _bounds(earlier, register).low:
                yield Contradiction(
                    "CLAIM_TOTAL_FALLS",
                    "hard",
                    (earlier.claim_id, later.claim_id),
                    {"earlier": earlier.value, "later": later.value},
                )


def _changes(figures: Sequence[Claim], register: Claims, of: str) -> list[Claim]:
    return [c for c in figures if register.qualifiers[c.qualifier].of == of]


def _impossible_bases(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """A whole number and its growth in per cent that no whole number of last year gives."""
    levels = _levels(figures, register)
    for growth in _changes(figures, register, "change_pct"):
        for level in levels:
            is_exact_count = level.qualifier == "exact" and level.unit in {"count", "persons"}
            if _figure_of(level) != _figure_of(growth) or not is_exact_count:
                continue
            base = _base(_bounds(level, register), _signed(growth, register))
            if base.low.to_integral_value(ROUND_CEILING) > base.high.to_integral_value(ROUND_FLOOR):
                yield Contradiction(
                    "CLAIM_IMPOSSIBLE_BASE",
                    "hard",
                    (level.claim_id, growth.claim_id),
                    {"value": level.value, "change_pct": growth.value},
                )


def _signed(growth: Claim, register: Claims) -> Interval:
    """Growth as a factor on last year's figure: a fall of 13 % → [0.865, 0.875]."""
    allowed = _bounds(growth, register).scaled(Decimal("0.01"))
    if register.qualifiers[growth.qualifier].sign > 0:
        return Interval(1 + allowed.low, 1 + allowed.high)
    return Interval(1 - allowed.high, 1 - allowed.low)


def _base(level: Interval, factor: Interval) -> Interval:
    return Interval(level.low / factor.high, level.high / factor.low)


def _bases_apart(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """Bases implied by per cent and absolute change, brought to a year, that do not meet."""
    absolute = _changes(figures, register, "change_abs")
    percent = _changes(figures, register, "change_pct")
    implied = [
        (a, p)
        for a, p in product(absolute, percent)
        if _figure_of(a) == _figure_of(p) and a.source == p.source and _last_day(a)
    ]
    for (a, p), (b, q) in combinations(implied, 2):
        same = (a.indicator_code, a.kato, a.period_start) == (
            b.indicator_code,
            b.kato,
            b.period_start,
        )
        first, second = _yearly_base(a, p, register), _yearly_base(b, q, register)
        if same and not first.meets(second):
            yield Contradiction(
                "CLAIM_BASES_APART",
                "soft",
                (a.claim_id, p.claim_id, b.claim_id, q.claim_id),
                {
                    "first_low": round(first.low),
                    "first_high": round(first.high),
                    "second_low": round(second.low),
                    "second_high": round(second.high),
                },
            )


def _last_day(claim: Claim) -> date | None:
    return claim.period_end or claim.published_not_before


def _yearly_base(change: Claim, growth: Claim, register: Claims) -> Interval:
    """Last year's figure implied by a change of so many and so many per cent, as a full year."""
    step = rounding_unit(change.value or Decimal(1))
    size = _bounds(change, register)
    known = Interval(size.low, min(size.high, size.low + step))
    share = _bounds(growth, register).scaled(Decimal("0.01"))
    start, end = change.period_start, _last_day(change)
    if start is None or end is None:
        raise ValueError(f"{change.claim_id} has no period")
    part_of_year = Decimal((end - start).days + 1) / 365
    return Interval(known.low / share.high, known.high / share.low).scaled(1 / part_of_year)


def _attributions(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """One speaker's figure, printed on one day by two sources for two territories."""
    exact = [c for c in _levels(figures, register) if c.published_date]
    groups = _group(
        exact,
        lambda c: (c.indicator_code, c.dimension, c.value, c.published_date, c.speaker),
    )
    for same in groups.values():
        for a, b in combinations(same, 2):
            if a.source != b.source and a.kato != b.kato and a.period_end == b.period_end:
                yield Contradiction(
                    "CLAIM_ATTRIBUTION",
                    "hard",
                    (a.claim_id, b.claim_id),
                    {"value": a.value, "first": a.territory_name, "second": b.territory_name},
                )


def _actors(figures: Sequence[Claim], register: Claims) -> Iterator[Contradiction]:
    """A measure ascribed to another body than the one that takes it by law."""
    for claim in figures:
        issuer = register.relations.issuers.get(claim.indicator_code or "")
        if issuer and claim.actor and claim.actor != issuer:
            yield Contradiction(
                "CLAIM_ACTOR",
                "hard",
                (claim.claim_id,),
                {"said": claim.actor, "by_law": issuer, "indicator": claim.indicator_code},
            )


def _undated(figures: Sequence[Claim], _register: Claims) -> Iterator[Contradiction]:
    """A document without a date: its figures cannot be laid against any period."""
    undated = [c for c in figures if c.published_date is None]
    for source, claims in _group(undated, lambda c: c.source).items():
        ids = tuple(c.claim_id for c in claims)
        yield Contradiction("CLAIM_UNDATED", "soft", ids, {"source": source, "count": len(ids)})
