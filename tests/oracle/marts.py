"""Rows of the published tables, each built from the rules."""

from typing import Any

from tests.oracle.facts import Facts, Month, Row, first_day, january
from tests.oracle.rules import counted, expected, is_stock, moved_in, teller
from tests.oracle.totals import (
    Figure,
    Unit,
    components,
    coverage_state,
    distinct,
    figure,
    formed,
    keys,
    parts_of_formula,
    people_of,
    people_share,
    places,
    returns_in,
    share,
    total,
    unit_by,
    units_of,
)


def submissions_of(facts: Facts, code: str, month: Month, returns: tuple[str, ...]) -> list[Row]:
    """The submissions in force of the returns of a figure."""
    form = facts.indicators[code]["form_code"]
    found = [teller(facts, form, kato, month) for kato in returns]
    return [row for row in found if row]


# The year before.


def has_moved(facts: Facts, unit: str, month: Month, basis: str, of_stock: bool) -> bool:
    """Whether borders moved so that the unit's figure does not compare with the year before.

    A year to date of the year of the change is of two areas from the month of the change on; a
    change in January mixes nothing.
    """
    start = january(month - 12) if basis == "ytd" and not of_stock else month - 12
    return moved_in(facts, unit, start, month)


def comparable(facts: Facts, code: str, kato: str, month: Month, basis: str) -> dict[str, Unit]:
    """Units by whose returns the figure is known in both years within the same borders."""
    now, before = (returns_of(facts, code, kato, when, basis) for when in (month, month - 12))
    units = units_of(facts, code, kato, month, basis).values()
    in_value = returns_in(unit for unit in units if unit.is_known)
    return {
        name: now[name]
        for name in in_value
        if name in before
        and before[name].is_known
        and not has_moved(facts, name, month, basis, is_stock(facts, code))
    }


def returns_of(facts: Facts, code: str, kato: str, month: Month, basis: str) -> dict[str, Unit]:
    """The returns behind a figure, each with what it tells."""
    units = units_of(facts, code, kato, month, basis)
    return {
        each: unit_by(facts, code, (each,), month, basis) for each in returns_in(units.values())
    }


def last_year(facts: Facts, code: str, kato: str, month: Month, basis: str) -> Row:
    """The comparison with the year before, over the units that compare."""
    is_shown = figure(facts, code, kato, month, basis).value is not None
    units = comparable(facts, code, kato, month, basis)
    values: list[float | None] = []
    for when in (month, month - 12):
        then = returns_of(facts, code, kato, when, basis)
        amounts = total(facts, code, {u: then[u] for u in units}, when) if is_shown else None
        values.append(formed(facts, code, amounts) if amounts else None)
    now, before = values
    row: Row = {"value_comparable": now, "value_prior_year": before, "comparable_units": len(units)}
    if now is None or before is None:
        return row | {"change_abs": None, "change_pct": None}
    percent = 100 * (now - before) / before if before > 0 else None
    return row | {"change_abs": now - before, "change_pct": percent}


def crossed(facts: Facts, code: str, begin: Month, end: Month) -> str | None:
    """The break that months from `begin` to `end` do not lie wholly on one side of."""
    first, last = first_day(begin), first_day(end)
    found = [
        row
        for row in facts.breaks.get(code, ())
        if first < row["settled_month"] and last >= row["from_month"]
    ]
    return max(found, key=lambda row: row["from_month"])["break_code"] if found else None


def breaks(facts: Facts, code: str, month: Month, basis: str) -> Row:
    """The breaks that the figure or its comparisons run across."""
    adds_up = basis == "ytd" and not is_stock(facts, code)
    start = january(month) if adds_up else month
    year_before = january(month - 12) if adds_up else month - 12
    return {
        "break_prior_year": crossed(facts, code, year_before, month),
        "break_previous_month": None if adds_up else crossed(facts, code, month - 1, month),
        "break_inside": None if is_stock(facts, code) else crossed(facts, code, start, month),
    }


# --- who sent it, and how


def receipt(facts: Facts, form: str, kato: str, month: Month) -> Row:
    """Expected units that sent something or are covered; those covered that reported in time.

    When a unit reported is an input of the build: `warehouse/reporting/punctuality.py` says it.
    """
    wanted = expected(facts, form, kato, month)
    duties = facts.duties.get((form, month), {})
    covered = counted(facts, form, kato, month)
    return {
        "received_units": sum(duties[unit]["is_sent"] or unit in covered for unit in wanted),
        "on_time_units": sum(duties[unit]["is_on_time"] and unit in covered for unit in wanted),
    }


def warned(facts: Facts, code: str, submission: Row, kato: str) -> bool:
    """Whether a warning concerns a coordinate of the figure in the submission."""
    places = [
        (row["section"], row["line"], row["column_number"])
        for component in parts_of_formula(facts, code)
        for basis in ("ytd", "month")
        for row in facts.sources.get((component, basis), ())
    ]
    return any(
        finding["severity"] == "warning"
        and finding["territory_kato"] == kato
        and any(
            (finding["section"], finding["line"]) == place[:2]
            and finding["column_number"] in (None, place[2])
            for place in places
        )
        for finding in facts.findings.get(submission["submission_id"], ())
    )


def spans_of(facts: Facts, code: str, kato: str, month: Month, found: Figure) -> Row:
    """What was added since the last year to date: of an own return or of all expected units."""
    units = units_of(facts, code, kato, month, "month")
    is_complete = found.is_own or set(units) >= set(found.expected)
    spans = [one for unit in distinct(units) for one in unit.spans.get(code, ())]
    known = [one for one in spans if one]
    starts = {one.start for one in known}
    if found.value is not None and any(one.lost for one in known):
        return {"span_value": found.value, "span_start": first_day(month), "span_months": 1}
    if not is_complete or not spans or len(known) < len(spans) or len(starts) > 1:
        return {"span_value": None}
    start = starts.pop()
    return {
        "span_value": sum(one.value for one in known),
        "span_start": first_day(start),
        "span_months": month - start + 1,
    }


def per_100k(
    facts: Facts, code: str, kato: str, month: Month, basis: str, found: Figure
) -> float | None:
    """Flows of counts and persons by the people in the value, but for a year of two areas."""
    indicator = facts.indicators[code]
    if indicator["measure_type"] != "flow" or indicator["unit"] not in ("count", "persons"):
        return None
    if basis == "ytd" and moved_in(facts, kato, january(month), month):
        return None
    if found.value is None or not found.population:
        return None
    return found.value * 100_000 / found.population


def indicator_value(facts: Facts, code: str, kato: str, month: Month, basis: str) -> Row:
    """A row of fct_indicator_values."""
    form = facts.indicators[code]["form_code"]
    found = figure(facts, code, kato, month, basis)
    behind = submissions_of(facts, code, month, found.returns)
    own = teller(facts, form, kato, month)
    is_rate = bool(components(facts, code)["denominator"])
    amounts = found.amounts
    row: dict[str, Any] = {
        "value": found.value,
        "numerator": amounts[0] if amounts else None,
        "denominator": amounts[1] if amounts and is_rate else None,
        "per_100k": per_100k(facts, code, kato, month, basis, found),
        "population": found.population,
        "status": found.status,
        "status_reason": found.status_reason,
        "expected_units": len(found.expected),
        "accepted_units": len(found.accepted),
        "coverage_share": found.coverage_share,
        "population_coverage_share": found.population_coverage_share,
        "has_warning": any(warned(facts, code, s, s["territory_kato"]) for s in behind),
        "has_submission_warning": any(s["verdict"] == "accepted_with_warnings" for s in behind),
        "form_code": form,
        "submission_id": own["submission_id"] if own and found.returns == (kato,) else None,
        "received_at_max": max((s["received_at"] for s in behind), default=None),
    }
    row |= receipt(facts, form, kato, month)
    row |= breaks(facts, code, month, basis)
    row |= last_year(facts, code, kato, month, basis)
    if basis == "month" and not is_stock(facts, code):
        row |= spans_of(facts, code, kato, month, found)
    return row


def indicator_values(facts: Facts) -> dict[tuple[object, ...], Row]:
    """fct_indicator_values."""
    return {key: indicator_value(facts, *key) for key in keys(facts)}


def coverage_row(facts: Facts, form: str, kato: str, month: Month) -> Row:
    """A row of rpt_coverage: the state of totals of the form."""
    wanted = expected(facts, form, kato, month)
    covered = counted(facts, form, kato, month)
    accepted = covered.keys() & {*wanted}
    returns = sorted({each for told_by in covered.values() for each in told_by})
    behind = [row for row in (teller(facts, form, each, month) for each in returns) if row]
    inhabitants = people_of(facts, returns, month)
    shares = (
        share(len(accepted), len(wanted)),
        people_share(facts, wanted, accepted, inhabitants, month),
    )
    own = teller(facts, form, kato, month) if returns == [kato] else None
    state = "final" if own else coverage_state(facts, form, *shares)
    sent = {unit for unit in wanted if (form, unit, month) in facts.sent}
    duties = facts.duties.get((form, month), {})
    row: Row = {
        "deadline_at": max((duties[unit]["deadline_at"] for unit in wanted), default=None),
        "expected_units": len(wanted),
        "accepted_units": len(accepted),
        "population_expected": people_of(facts, wanted, month),
        "population_reported": inhabitants,
        "coverage_share": shares[0],
        "population_coverage_share": shares[1],
        "status": state if behind else "missing",
        "missing_units": names(facts, {*wanted} - accepted - sent),
        "not_accepted_units": names(facts, sent - accepted),
        "submission_id": own["submission_id"] if own else None,
        "received_at_max": max((each["received_at"] for each in behind), default=None),
    }
    in_time = receipt(facts, form, kato, month)
    return row | in_time | {"late_units": len(accepted) - in_time["on_time_units"]}


def names(facts: Facts, units: set[str]) -> str | None:
    """Russian names of units in their order."""
    return "; ".join(sorted(facts.territories[unit]["name_ru"] for unit in units)) or None


def coverage_rows(facts: Facts) -> dict[tuple[object, ...], Row]:
    """rpt_coverage."""
    return {place: coverage_row(facts, *place) for place in places(facts)}


def seizure_rows(facts: Facts) -> dict[tuple[object, ...], Row]:
    """fct_drug_seizures: the figures in kilograms of DRG-M."""
    return {
        key: {
            "seized_kg": found.value,
            "status": found.status,
            "status_reason": found.status_reason,
            "accepted_units": len(found.accepted),
        }
        for key in keys(facts)
        if (facts.indicators[key[0]]["form_code"], facts.indicators[key[0]]["unit"])
        == ("DRG-M", "kg")
        for found in [figure(facts, *key)]
    }


ROAD_SAFETY = {"accidents": "TRF_DTP", "killed": "TRF_DEATHS"}


def road_safety_rows(facts: Facts) -> dict[tuple[object, ...], Row]:
    """fct_road_safety: final where every measure is, partial where any is known."""
    beside: dict[tuple[object, ...], dict[str, Figure]] = {}
    for key in keys(facts):
        if key[0] in ROAD_SAFETY.values():
            beside.setdefault(key[1:], {})[key[0]] = figure(facts, *key)
    return {key: _road_safety_row(figures) for key, figures in beside.items()}


def _road_safety_row(figures: dict[str, Figure]) -> Row:
    states = {found.status for found in figures.values()}
    known = states & {"final", "partial"}
    unknown = "withheld" if "withheld" in states else "missing"
    row: Row = {
        measure: figures[code].value if code in figures else None
        for measure, code in ROAD_SAFETY.items()
    }
    return row | {
        "status": "final" if states == {"final"} else "partial" if known else unknown,
        "known_measures": sum(found.value is not None for found in figures.values()),
        "accepted_units": min(len(found.accepted) for found in figures.values()),
        "expected_units": max(len(found.expected) for found in figures.values()),
    }
