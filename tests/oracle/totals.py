"""The figure of a territory: what its units add up to, how complete that is, what may be shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.oracle.facts import Facts, Month, remembered
from tests.oracle.rules import (
    POPULATION,
    Span,
    counted,
    expected,
    is_border_month,
    is_stock,
    people,
    reporters,
    span,
    told,
)

Amounts = tuple[Decimal, Decimal]
"""Numerator and denominator; a figure that is no rate is divided by one."""


def components(facts: Facts, code: str) -> dict[str, list[str]]:
    """Indicators that a figure is formed of, by role; a figure that is no rate is its own."""
    formula = facts.formulas.get(code)
    if not formula:
        return {"numerator": [code], "denominator": []}
    return {
        role: [row["component_code"] for row in formula if row["role"] == role]
        for role in ("numerator", "denominator")
    }


def parts_of_formula(facts: Facts, code: str) -> list[str]:
    """The indicators read for a figure, without the people."""
    roles = components(facts, code)
    return sorted({*roles["numerator"], *roles["denominator"]} - {POPULATION})


@dataclass
class Unit:
    """A covered unit: its returns, and what they tell of each component."""

    returns: tuple[str, ...]
    amounts: dict[str, Decimal | None] = field(default_factory=dict)
    spans: dict[str, list[Span | None]] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether every component is."""
        return None not in self.amounts.values()

    @property
    def is_lost(self) -> bool:
        """Whether it reported, and only borders keep its month from being known."""
        spans = [one for told_of in self.spans.values() for one in told_of]
        return (
            bool(spans) and not self.is_known and all(s and (s.is_month or s.lost) for s in spans)
        )


@remembered
def unit_by(facts: Facts, code: str, returns: tuple[str, ...], month: Month, basis: str) -> Unit:
    """What returns tell together: known where each of them is."""
    unit = Unit(returns)
    for component in parts_of_formula(facts, code):
        if basis == "ytd" or is_stock(facts, component):
            figures = [told(facts, component, each, month, "ytd") for each in returns]
        else:
            spans = [span(facts, component, each, month) for each in returns]
            unit.spans[component] = spans
            figures = [s.value if s and s.is_month else None for s in spans]
        known = [figure for figure in figures if figure is not None]
        complete = len(known) == len(figures)
        unit.amounts[component] = sum(known, Decimal(0)) if complete else None
    return unit


@remembered
def units_of(facts: Facts, code: str, kato: str, month: Month, basis: str) -> dict[str, Unit]:
    """The covered units of a territory with their figures."""
    form = facts.indicators[code]["form_code"]
    covered = counted(facts, form, kato, month)
    return {name: unit_by(facts, code, told_by, month, basis) for name, told_by in covered.items()}


def returns_behind(facts: Facts, code: str, units: Iterable[Unit], month: Month) -> list[str]:
    """The returns that tell at least one component of a figure."""
    return [
        each
        for each in returns_in(units)
        if any(
            told(facts, one, each, month, "ytd") is not None
            for one in parts_of_formula(facts, code)
        )
    ]


def returns_in(units: Iterable[Unit]) -> list[str]:
    """The returns behind units, each once: one from above stands for several units."""
    return sorted({each for unit in units for each in unit.returns})


def people_of(facts: Facts, units: Iterable[str], month: Month) -> int | None:
    """Inhabitants of units, as far as they are known."""
    known = [people(facts, unit, month) for unit in units]
    return sum(n for n in known if n is not None) if any(n is not None for n in known) else None


def total(facts: Facts, code: str, units: dict[str, Unit], month: Month) -> Amounts | None:
    """Numerator and denominator over units; the people are those of the units."""
    if not units:
        return None
    each = distinct(units)
    sums: dict[str, Decimal] = {
        component: sum((unit.amounts[component] or Decimal(0) for unit in each), Decimal(0))
        for component in parts_of_formula(facts, code)
    }
    sums[POPULATION] = Decimal(people_of(facts, returns_in(units.values()), month) or 0)
    roles = components(facts, code)
    numerator = sum((sums[each] for each in roles["numerator"]), Decimal(0))
    if not roles["denominator"]:
        return numerator, Decimal(1)
    return numerator, sum((sums[each] for each in roles["denominator"]), Decimal(0))


def formed(facts: Facts, code: str, amounts: Amounts) -> float | None:
    """The figure itself; None where the denominator is not positive."""
    numerator, denominator = amounts
    if denominator <= 0:
        return None
    return float(numerator / denominator) * (facts.indicators[code]["formula_scale"] or 1.0)


def share(part: float | None, whole: float | None) -> float | None:
    """A share in 0..1; None of nothing."""
    return (part or 0) / whole if whole else None


def coverage_state(facts: Facts, form: str, units: float | None, inhabitants: float) -> str:
    """final, partial or withheld, by the shares of units and of people that are in a figure."""
    rule = facts.thresholds[form]
    if units is None:
        return "partial"
    if units < rule["shown_from_units"] or inhabitants < rule["shown_from_population"]:
        return "withheld"
    is_all = units >= rule["final_from_units"] and inhabitants >= rule["final_from_population"]
    return "final" if is_all else "partial"


def month_across_borders(
    facts: Facts, code: str, kato: str, month: Month, units: dict[str, Unit]
) -> Amounts | None:
    """The month of a territory that holds both sides of borders that moved within it.

    The difference of two complete totals, where no count was lost on the way: neither numerator
    nor denominator is below the months of the units whose borders did not move.
    """
    form = facts.indicators[code]["form_code"]
    now = units_of(facts, code, kato, month, "ytd")
    before = units_of(facts, code, kato, month - 1, "ytd")
    for told_then, when in ((now, month), (before, month - 1)):
        complete = set(told_then) >= set(expected(facts, form, kato, when))
        if not complete or not all(unit.is_known for unit in told_then.values()):
            return None
    still = {name: unit for name, unit in units.items() if unit.is_known}
    nothing = (Decimal(0), Decimal(0))
    sums = [
        total(facts, code, group, when) or nothing
        for group, when in ((now, month), (before, month - 1), (still, month))
    ]
    numerator, denominator = (sums[0][role] - sums[1][role] for role in (0, 1))
    is_per_head = POPULATION in components(facts, code)["denominator"]
    is_difference = not is_per_head and bool(components(facts, code)["denominator"])
    is_lost = numerator < sums[2][0] or (is_difference and denominator < sums[2][1])
    if is_lost or is_border_month(facts, kato, month):
        return None
    return numerator, denominator if is_difference else sums[0][1]


def distinct(units: dict[str, Unit]) -> list[Unit]:
    return list({unit.returns: unit for unit in units.values()}.values())


@dataclass(frozen=True)
class Figure:
    """The published figure of a territory and month on one basis."""

    amounts: Amounts | None
    value: float | None
    status: str
    status_reason: str | None
    expected: tuple[str, ...]
    accepted: tuple[str, ...]
    returns: tuple[str, ...]
    population: int | None
    coverage_share: float | None
    population_coverage_share: float
    is_own: bool


@remembered
def figure(facts: Facts, code: str, kato: str, month: Month, basis: str) -> Figure:
    """A total over the units that are known, or why there is none."""
    form = facts.indicators[code]["form_code"]
    wanted = expected(facts, form, kato, month)
    units = units_of(facts, code, kato, month, basis)
    known = {name: unit for name, unit in units.items() if unit.is_known}
    lost = {name: unit for name, unit in units.items() if unit.is_lost}
    accepted = tuple(sorted((known | lost).keys() & set(wanted)))
    amounts = total(facts, code, known, month)
    if lost:
        amounts = month_across_borders(facts, code, kato, month, units)
    inhabitants = people_of(facts, returns_in((known | lost).values()), month)
    is_own = is_own_return(facts, form, kato, month)
    if not is_own and not facts.indicators[code]["formula_scale"]:
        adds_up = facts.indicators[code]["territory_aggregation"] == "sum"
        amounts = amounts if adds_up else None
    shares = (
        share(len(accepted), len(wanted)),
        people_share(facts, wanted, accepted, inhabitants, month),
    )
    value = formed(facts, code, amounts) if amounts else None
    state = "final" if is_own else coverage_state(facts, form, *shares)
    reason = {"partial": "coverage_incomplete", "withheld": "coverage_below_threshold"}.get(state)
    if value is None and not (lost and state == "withheld"):
        state, reason = "missing", why_missing(facts, code, kato, month, basis)
    is_shown = state in ("final", "partial")
    return Figure(
        amounts=amounts if is_shown or is_own else None,
        value=value if is_shown else None,
        status=state,
        status_reason=reason,
        expected=wanted,
        accepted=accepted,
        returns=tuple(returns_behind(facts, code, units.values(), month)),
        population=inhabitants,
        coverage_share=shares[0],
        population_coverage_share=shares[1],
        is_own=is_own,
    )


def is_own_return(facts: Facts, form: str, kato: str, month: Month) -> bool:
    """Whether the territory's own return counts for it."""
    return reporters(facts, form, kato, month) == (kato,)


def people_share(
    facts: Facts,
    wanted: Iterable[str],
    accepted: Iterable[str],
    inhabitants: int | None,
    month: Month,
) -> float:
    """The people in a figure by those expected; all units are all people, as are none expected."""
    wanted, accepted = set(wanted), set(accepted)
    if accepted == wanted:
        return 1.0
    return min(share(inhabitants, people_of(facts, wanted, month)) or 0.0, 1.0)


def why_missing(facts: Facts, code: str, kato: str, month: Month, basis: str) -> str:
    """Why nothing is known, the first of these that is true."""
    form = facts.indicators[code]["form_code"]
    if not counted(facts, form, kato, month):
        wanted = expected(facts, form, kato, month)
        was_sent = any(is_received(facts, form, unit, month) for unit in wanted)
        return "rejected" if was_sent else "not_received"
    units = list(units_of(facts, code, kato, month, basis).values())
    summable = facts.indicators[code]["territory_aggregation"] != "none"
    if not summable and not is_own_return(facts, form, kato, month) and code not in facts.formulas:
        return "not_additive"
    if any(unit.is_known for unit in units) and not any(unit.is_lost for unit in units):
        return "denominator_not_positive"
    spans = [one for unit in units for told_of in unit.spans.values() for one in told_of if one]
    if any(unit.is_lost for unit in units):
        return "border_change"
    return "previous_month_missing" if any(not s.is_month for s in spans) else "cell_blank"


def is_received(facts: Facts, form: str, unit: str, month: Month) -> bool:
    """Whether the unit sent anything, whatever became of it, or others reported all of it."""
    return (form, unit, month) in facts.sent


@remembered
def places(facts: Facts) -> list[tuple[str, str, Month]]:
    """Who owes or tells which form in which month."""
    months = {month for _, month in facts.duties} | {m for _, _, m in facts.tellers}
    return [
        (form, kato, month)
        for form in facts.thresholds
        for kato in facts.territories
        for month in sorted(months)
        if expected(facts, form, kato, month) or counted(facts, form, kato, month)
    ]


def keys(facts: Facts) -> list[tuple[str, str, Month, str]]:
    """Every figure that should exist, by indicator, territory, month and basis."""
    return [
        (code, kato, month, basis)
        for code, indicator in facts.indicators.items()
        for form, kato, month in places(facts)
        if form == indicator["form_code"] and indicator["measure_type"] != "offence"
        for basis in ("month", "ytd")
    ]
