"""The rules of docs/statistics.md for one indicator, territory and month, in plain Python."""

from calendar import monthrange
from dataclasses import dataclass
from decimal import Decimal

from tests.oracle.facts import Facts, Month, Row, first_day, january, month_of, remembered

POPULATION = "population"


# --- territories


def exists(facts: Facts, kato: str, month: Month) -> bool:
    """Whether the unit exists on the last day of the month."""
    unit, first = facts.territories[kato], first_day(month)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return unit["valid_from"] <= last and (unit["valid_to"] or last) >= last


@remembered
def parts(facts: Facts, kato: str, month: Month) -> tuple[str, ...]:
    """The units directly below that exist in the month."""
    below = (k for k, unit in facts.territories.items() if unit["parent_kato"] == kato)
    return tuple(sorted(k for k in below if exists(facts, k, month)))


def lineage(facts: Facts, kato: str | None) -> list[str]:
    """The unit and all that lie above it."""
    return [] if kato is None else [kato, *lineage(facts, facts.territories[kato]["parent_kato"])]


@remembered
def moves(facts: Facts) -> dict[str, set[Month]]:
    """Months in which borders of a unit moved: it was created, or area went from it or to it.

    What lies above both sides keeps its borders, and so does a unit that only has a new code.
    """
    moved: dict[str, set[Month]] = {}
    for kato, unit in facts.territories.items():
        former, touched = unit["predecessor_kato"], set()
        if unit["split_from_kato"]:
            touched |= {*lineage(facts, kato)} ^ {*lineage(facts, unit["split_from_kato"])}
        if former:
            before = lineage(facts, facts.territories[former]["parent_kato"])
            touched |= {*before} ^ {*lineage(facts, unit["parent_kato"])}
        else:
            touched.add(kato)
        for each in touched:
            moved.setdefault(each, set()).add(month_of(unit["valid_from"]))
    return moved


def moved_in(facts: Facts, kato: str, after: Month, until: Month) -> bool:
    """Whether borders of the unit moved in a month after `after` and not after `until`."""
    return any(after < month <= until for month in moves(facts).get(kato, ()))


def is_border_month(facts: Facts, kato: str, month: Month) -> bool:
    """Borders moved, or the unit begins under a new code; January is no difference of totals."""
    begins = month_of(facts.territories[kato]["valid_from"]) == month
    return month % 12 != 0 and (begins or moved_in(facts, kato, month - 1, month))


def people(facts: Facts, kato: str, month: Month) -> int | None:
    """Inhabitants of a unit in the month."""
    row = facts.people.get((kato, month))
    return row["population"] if row else None


# --- who reports


def teller(facts: Facts, form: str, kato: str, month: Month) -> Row | None:
    """The submission in force that tells of the unit."""
    told = facts.tellers.get((form, kato, month))
    return told[-1] if told else None


@remembered
def expected(facts: Facts, form: str, kato: str, month: Month) -> tuple[str, ...]:
    """The topmost expected submitters at or below the territory."""
    if kato in facts.duties.get((form, month), {}):
        return (kato,)
    below = [k for k, unit in facts.territories.items() if unit["parent_kato"] == kato]
    return tuple(unit for part in sorted(below) for unit in expected(facts, form, part, month))


@remembered
def reporters(facts: Facts, form: str, kato: str, month: Month) -> tuple[str, ...] | None:
    """Whose own returns make up the whole unit: its own, or those of all its parts; else None."""
    below = [reporters(facts, form, part, month) for part in parts(facts, kato, month)]
    complete = bool(below) and None not in below
    all_parts = tuple(unit for units in below for unit in units or ())
    if teller(facts, form, kato, month):
        parts_win = facts.thresholds[form]["where_both_exist"] == "districts"
        return all_parts if complete and parts_win else (kato,)
    return all_parts if complete else None


@remembered
def counted(facts: Facts, form: str, kato: str, month: Month) -> dict[str, tuple[str, ...]]:
    """Covered units, each with the returns that stand for it, its own or those around it."""
    units = expected(facts, form, kato, month) or (kato,)
    whole = reporters(facts, form, kato, month)
    if whole == (kato,) or (whole and units == (kato,)):
        return dict.fromkeys(units, whole)
    found: dict[str, tuple[str, ...]] = {}
    for part in () if kato in units else parts(facts, kato, month):
        if expected(facts, form, part, month):
            found |= counted(facts, form, part, month)
    return found


# --- what one return tells


@remembered
def told(facts: Facts, code: str, kato: str, month: Month, basis: str) -> Decimal | None:
    """The figure in the unit's own return; None where there is none or a cell is blank."""
    sources = facts.sources.get((code, basis), [])
    row = teller(facts, facts.indicators[code]["form_code"], kato, month)
    if not row or not sources:
        return None
    return read(facts, code, row, kato, basis)


def read(facts: Facts, code: str, row: Row, kato: str, basis: str) -> Decimal | None:
    """The signed sum of the cells that the version of the form has; None where one is blank."""
    cells = facts.cells[row["submission_id"]].get(kato, {})
    values = [
        (source["sign"], cells.get((source["section"], source["line"], source["column_number"])))
        for source in facts.sources.get((code, basis), [])
        if source["form_version"] == row["form_version"]
    ]
    known = [sign * value for sign, value in values if value is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(values) else None


def whole_ytd(facts: Facts, code: str, kato: str, month: Month) -> Decimal | None:
    """Year to date of a whole unit: by its own return or over all its parts, as the form says."""
    figures = [told(facts, code, part, month, "ytd") for part in parts(facts, kato, month)]
    # The offence tables take no difference from the sum of the parts.
    indicator = facts.indicators[code]
    adds_up = (indicator["territory_aggregation"], indicator["measure_type"]) == ("sum", "flow")
    is_whole = adds_up and bool(figures) and None not in figures
    of_parts = sum((each for each in figures if each is not None), Decimal(0)) if is_whole else None
    rule = facts.thresholds[facts.indicators[code]["form_code"]]["where_both_exist"]
    own = told(facts, code, kato, month, "ytd")
    first, second = (of_parts, own) if rule == "districts" else (own, of_parts)
    return second if first is None else first


@dataclass(frozen=True)
class Span:
    """What was added in the months `start` … `end`; `lost` where borders moved in `end`."""

    value: Decimal
    start: Month
    end: Month
    lost: bool = False

    @property
    def is_month(self) -> bool:
        """Whether it is a single month within the same borders."""
        return self.start == self.end and not self.lost


def is_stock(facts: Facts, code: str) -> bool:
    """A stock is what there is at the end of the month: not differenced, and both bases are it."""
    return bool(facts.indicators[code]["measure_type"] == "stock")


@remembered
def span(facts: Facts, code: str, kato: str, month: Month) -> Span | None:
    """Months: the increase of the unit's own return since the year to date known before it."""
    now = told(facts, code, kato, month, "ytd")
    if now is None:
        return None
    lost = is_border_month(facts, kato, month)
    before = month - 1
    while before >= january(month) and not moved_in(facts, kato, before, month):
        value = whole_ytd(facts, code, kato, before)
        if value is not None:
            return Span(now - value, before + 1, month, lost)
        before -= 1
    return Span(now, january(month), month, lost)
