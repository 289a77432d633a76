"""What was told of a year to date, and what was told of it later."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.oracle.facts import Facts, Month, Row, january, remembered
from tests.oracle.rules import is_border_month, is_stock, read

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Told:
    """A value of a year to date, and the submission that says it."""

    value: Decimal | None
    submission: Row
    kind: str
    known_at: datetime
    is_upper_bound: bool = False


@remembered
def told_months(facts: Facts, code: str, kato: str) -> list[Month]:
    """Months for which any version of the unit's return gave the year to date."""
    form = facts.indicators[code]["form_code"]
    return sorted(
        month
        for (of_form, unit, month), rows in facts.tellers.items()
        if (of_form, unit) == (form, kato)
        and any(read(facts, code, row, kato, "ytd") is not None for row in rows)
    )


def next_report(facts: Facts, code: str, kato: str, month: Month) -> Month | None:
    """The next month of the year that the unit told within the same borders."""
    later = [each for each in told_months(facts, code, kato) if each > month]
    if not later or january(later[0]) != january(month):
        return None
    crossed = (is_border_month(facts, kato, each) for each in range(month + 1, later[0] + 1))
    return None if any(crossed) else later[0]


@remembered
def history(facts: Facts, code: str, kato: str, month: Month) -> list[Told]:
    """The successive values of a figure in the order in which they became known."""
    form = facts.indicators[code]["form_code"]
    own = [
        Told(read(facts, code, row, kato, "ytd"), row, "correction", row["received_at"])
        for row in facts.tellers[form, kato, month]
    ]
    following = [] if is_stock(facts, code) else _by_the_next_report(facts, code, kato, month, own)
    ordered = sorted(
        [*own, *following],
        key=lambda told: (told.known_at, told.kind != "correction", told.submission["sequence"]),
    )
    return [
        told
        for before, told in zip([None, *ordered], ordered, strict=False)
        if before is None or told.value != before.value
    ]


def _by_the_next_report(
    facts: Facts, code: str, kato: str, month: Month, own: list[Told]
) -> list[Told]:
    """What the versions of the next report say, each beside what was told when it came.

    It prints its own month: its year to date without that. Where it prints none, or months lie
    between, a fall of the year to date says the most that the figure can now be.
    """
    later = next_report(facts, code, kato, month)
    known = [told for told in own if told.value is not None]
    if later is None or not known:
        return []
    said = []
    for row in facts.tellers[facts.indicators[code]["form_code"], kato, later]:
        total = read(facts, code, row, kato, "ytd")
        if total is None:
            continue
        known_at = max(row["received_at"], known[0].known_at)
        last = [told for told in known if told.known_at <= known_at][-1]
        prints = later == month + 1 and (code, "month") in facts.sources
        printed = read(facts, code, row, kato, "month") if prints else None
        value = (
            min(total, total if last.value is None else last.value)
            if printed is None
            else total - printed
        )
        said.append(Told(value, row, "requalification", known_at, printed is None))
    return said


def classification(facts: Facts, kind: str, before: Decimal | None, now: Decimal | None) -> str:
    """A suspected error where the larger is many times the smaller and the change is large."""
    if before is None or now is None:
        return kind
    small, large = sorted((before, now))
    rule = facts.suspicion
    is_large = abs(now - before) >= Decimal(str(rule["suspected_minimum_change"]))
    is_many = large >= Decimal(str(rule["suspected_factor"])) * max(small, Decimal(1))
    return "suspected_error" if is_large and is_many else kind


def restatement_rows(facts: Facts) -> dict[Key, Row]:
    """rpt_restatements."""
    found: dict[Key, Row] = {}
    for code, indicator in facts.indicators.items():
        if indicator["measure_type"] == "offence" or code in facts.formulas:
            continue
        for form, kato, month in facts.tellers:
            if form == indicator["form_code"]:
                values = history(facts, code, kato, month)
                for number, (before, now) in enumerate(pairwise(values), start=2):
                    found[code, kato, month, number] = {
                        "first_value": values[0].value,
                        "previous_value": before.value,
                        "value": now.value,
                        "classification": classification(facts, now.kind, before.value, now.value),
                        "submission_id": now.submission["submission_id"],
                        "is_upper_bound": now.is_upper_bound,
                    }
    return found
