"""What totals and rates were since all of their units had reported, and who changed them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.oracle.facts import Facts, Month, Row, month_of, remembered
from tests.oracle.restatements import Key, classification, history, restatement_rows
from tests.oracle.rules import POPULATION, read
from tests.oracle.totals import components, parts_of_formula, people_of, returns_in, units_of


@dataclass(frozen=True)
class Step:
    """The total from the arrival of a submission on, and what it did to the unit's own figure."""

    value: float | None
    unit: str
    submission: Row
    before: Decimal | None
    now: Decimal


def _amounts(facts: Facts, code: str, row: Row, unit: str) -> dict[str, Decimal] | None:
    """The components in one version; None where one is blank."""
    found = {c: read(facts, c, row, unit, "ytd") for c in parts_of_formula(facts, code)}
    known = {name: value for name, value in found.items() if value is not None}
    return known if len(known) == len(found) else None


def _sides(
    facts: Facts, code: str, told: dict[str, dict[str, Decimal]], month: Month
) -> tuple[Decimal, Decimal]:
    """Numerator and denominator over units."""
    roles = components(facts, code)
    heads = Decimal(people_of(facts, told, month) or 0)
    sides = [
        sum(
            (
                heads if c == POPULATION else sum((u[c] for u in told.values()), Decimal(0))
                for c in roles[role]
            ),
            Decimal(0),
        )
        for role in ("numerator", "denominator")
    ]
    return sides[0], sides[1] if roles["denominator"] else Decimal(1)


@remembered
def steps(facts: Facts, code: str, kato: str, month: Month) -> list[Step]:
    """The successive values of a total over the returns that count today."""
    form = facts.indicators[code]["form_code"]
    returns = returns_in(units_of(facts, code, kato, month, "ytd").values())
    versions = sorted(
        ((row, unit) for unit in returns for row in facts.tellers[form, unit, month]),
        key=lambda version: (version[0]["received_at"], version[0]["sequence"], version[1]),
    )
    told: dict[str, dict[str, Decimal]] = {}
    found: list[Step] = []
    for row, unit in versions:
        now, before = _amounts(facts, code, row, unit), told.get(unit)
        if now is None:
            return []
        told[unit] = now
        if len(told) < len(returns) or now == before:
            continue
        numerator, denominator = _sides(facts, code, told, month)
        scale = facts.indicators[code]["formula_scale"] or 1.0
        value = float(numerator / denominator) * scale if denominator > 0 else None
        one = {unit: now}
        was = _sides(facts, code, {unit: before}, month)[0] if before else None
        found.append(Step(value, unit, row, was, _sides(facts, code, one, month)[0]))
    return found


def total_restatement_rows(facts: Facts) -> dict[Key, Row]:
    """rpt_total_restatements."""
    found: dict[Key, Row] = {}
    for code, indicator in facts.indicators.items():
        is_rate = code in facts.formulas
        if indicator["measure_type"] == "offence":
            continue
        if not is_rate and indicator["territory_aggregation"] != "sum":
            continue
        for month in {month for form, _, month in facts.tellers if form == indicator["form_code"]}:
            for kato in facts.territories:
                told_by = returns_in(units_of(facts, code, kato, month, "ytd").values())
                values = steps(facts, code, kato, month) if told_by != [kato] or is_rate else []
                for number, (before, now) in enumerate(pairwise(values), 2):
                    found[code, kato, month, number] = {
                        "first_value": values[0].value,
                        "previous_value": before.value,
                        "value": now.value,
                        "unit_kato": now.unit,
                        "submission_id": now.submission["submission_id"],
                        "classification": classification(facts, "correction", now.before, now.now),
                    }
    return found


def triangle_rows(facts: Facts) -> dict[Key, Row]:
    """rpt_revision_triangle: all values of the figures of units and of totals told again."""
    found: dict[Key, Row] = {}
    for key in {key[:3] for key in restatement_rows(facts)}:
        told = [(each.value, each.submission, each.known_at) for each in history(facts, *key)]
        found |= _triangle(key, told)
    for key in {key[:3] for key in total_restatement_rows(facts)}:
        values = steps(facts, *key)
        found |= _triangle(
            key, [(s.value, s.submission, s.submission["received_at"]) for s in values]
        )
    return found


def _triangle(key: Key, told: list[tuple[Any, Row, datetime]]) -> dict[Key, Row]:
    return {
        (*key, number): {
            "value": value,
            "submission_id": submission["submission_id"],
            "months_after": month_of(known_at) - key[2],
            "is_latest": number == len(told),
        }
        for number, (value, submission, known_at) in enumerate(told, start=1)
    }
