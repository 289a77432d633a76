"""The offence tables: every measure of a line as the form counts it, and by month."""

from decimal import Decimal
from typing import Any

from tests.oracle.facts import Facts, Month, Row, offence_code, remembered
from tests.oracle.marts import receipt
from tests.oracle.rules import span, teller, told
from tests.oracle.totals import figure, returns_in, units_of

STOCK = "in_production"
"""Cases in production include those carried over: they have no months."""
PRINTED = "registered_in_month_reported"


@remembered
def lines(facts: Facts) -> dict[str, dict[str, str]]:
    """The pseudo-indicators of the measures of each line, by offence and measure."""
    found: dict[str, dict[str, str]] = {}
    for row in facts.measures:
        measures = found.setdefault(row["offence_code"], {})
        measures[row["measure"]] = offence_code(row)
    return found


def value_of(facts: Facts, code: str, unit: str, month: Month, basis: str) -> Decimal | None:
    """A measure of one return: since 1 January, or in the month."""
    if basis == "ytd":
        return told(facts, code, unit, month, "ytd")
    found = span(facts, code, unit, month)
    return found.value if found and found.is_month else None


def offence_row(facts: Facts, offence: str, kato: str, month: Month, basis: str) -> Row | None:
    """A row of fct_crimes, or None where no return tells the line."""
    measures = lines(facts)[offence]
    registered = measures["registered"]
    form = facts.indicators[registered]["form_code"]
    units = units_of(facts, registered, kato, month, basis).values()
    returns = [r for r in returns_in(units) if tells(facts, measures, r, month)]
    if not returns:
        return None
    found = figure(facts, registered, kato, month, basis)
    in_value = returns_in(u for u in units if u.is_known)
    row: dict[str, Any] = {
        "status": found.status,
        "expected_units": len(found.expected),
        "accepted_units": len(found.accepted),
        "coverage_share": found.coverage_share,
        "population_coverage_share": found.population_coverage_share,
        "registered": found.amounts[0] if found.amounts and found.status != "withheld" else None,
    }
    is_across = any(unit.is_lost for unit in units)
    for measure, code in measures.items():
        if measure in ("registered", PRINTED) or is_across:
            continue
        values = [value_of(facts, code, unit, month, basis) for unit in in_value]
        if found.is_own:
            values = [value_of(facts, code, kato, month, basis)]
        is_known = values and None not in values and found.status != "withheld"
        is_told = measure != STOCK or basis == "ytd"
        row[measure] = sum(v for v in values if v is not None) if is_known and is_told else None
    return row | receipt(facts, form, kato, month)


def tells(facts: Facts, measures: dict[str, str], unit: str, month: Month) -> bool:
    """Whether a return has the line at all."""
    form = facts.indicators[measures["registered"]]["form_code"]
    submission = teller(facts, form, unit, month)
    cells = facts.cells[submission["submission_id"]].get(unit, {}) if submission else {}
    return any(
        (row["section"], row["line"], row["column_number"]) in cells
        for code in measures.values()
        for basis in ("ytd", "month")
        for row in facts.sources.get((code, basis), ())
    )


def offence_rows(facts: Facts) -> dict[tuple[Any, ...], Row]:
    """fct_crimes, by offence, territory, month and basis."""
    months = {month for _, _, month in facts.tellers}
    found: dict[tuple[Any, ...], Row] = {}
    for offence in lines(facts):
        for kato in facts.territories:
            for month in months:
                for basis in ("month", "ytd"):
                    row = offence_row(facts, offence, kato, month, basis)
                    if row:
                        found[offence, kato, month, basis] = row
    return found
