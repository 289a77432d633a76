"""Cells that are one text: figures and why there is none, changes, moments, what was reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from dashboards import names
from dashboards.cells import growth, numbers

DASH = "—"
BREAK = " ※"


def chart_text(key: str, language: str, **values: object) -> str:
    """A text of `contracts/texts/charts.yml`."""
    return names.texts_in("charts", language)[key].format(**values)


def text(_: str, *, value: str = "") -> str:
    """A text of the release."""
    return value or DASH


def count(language: str, *, value: float | None = None) -> str:
    """A count that is told or not."""
    return chart_text("no_data", language) if value is None else numbers.whole(value)


def tenths(_: str, *, value: float | None = None) -> str:
    """A number with one decimal."""
    return DASH if value is None else numbers.tenths(value)


def number(_: str, *, value: float | None = None, unit: str | None = None) -> str:
    """A number whose unit stands elsewhere."""
    return DASH if value is None else numbers.number(value, unit)


def amount(_: str, *, value: float | None = None, unit: str | None = None) -> str:
    """A number in its unit."""
    return DASH if value is None else numbers.amount(value, unit)


def share(_: str, *, value: float | None = None) -> str:
    """A part of one, in per cent."""
    return DASH if value is None else numbers.amount(100 * value, "percent")


def difference(_: str, *, value: float | None = None) -> str:
    """A count more or less."""
    return DASH if value is None else ("+" if value > 0 else "") + numbers.whole(value)


def figure(
    language: str,
    *,
    value: float | None = None,
    unit: str | None = None,
    status: str | None = None,
    reason: str | None = None,
) -> str:
    """A figure; without one, in a word, why."""
    if value is not None:
        return numbers.amount(value, unit)
    if status == "not_applicable":
        return DASH
    if status == "withheld":
        return chart_text("withheld", language)
    return chart_text("border_change" if reason == "border_change" else "no_data", language)


def figure_state(
    language: str,
    *,
    status: str | None = None,
    reason: str | None = None,
    break_from: str | None = None,
    **units: int | None,
) -> str:
    """How final a figure is, or why there is none; `units`: accepted and expected."""
    texts = names.texts_in("charts", language)
    if status == "partial":
        told = texts["partial"].format(**units).replace(" ", numbers.SPACE)
    elif status in ("final", "withheld"):
        told = texts[f"state_{status}"]
    else:
        told = texts.get(f"reason_{reason}", texts["no_data"])
    return f"{told};{BREAK} {texts['break']}" if break_from else told


def change(
    language: str,
    *,
    code: str | None = None,
    value: float | None = None,
    break_from: str | None = None,
) -> str:
    """The change against the year before."""
    return growth.change(code, value, break_from, language) or DASH


def marked_change(language: str, *, break_from: str | None = None, **parts: Any) -> str:
    """The change, with a mark where the way of counting changed."""
    return change(language, break_from=break_from, **parts) + (BREAK if break_from else "")


def unit(language: str, *, value: str | None = None) -> str:
    """The unit of a figure."""
    if value == "percent":
        return "%"
    if value == "rate_10k":
        return chart_text("per_10k", language)
    return names.units()[value][language] if value in names.units() else value or DASH


def interval(_: str, *, low: float | None = None, high: float | None = None) -> str:
    """From where to where a level may lie."""
    return (
        DASH if low is None or high is None else f"{numbers.tenths(low)} – {numbers.tenths(high)}"
    )


def place(_: str, *, first: int | None = None, last: int | None = None) -> str:
    """A place among others, or the first and the last that it may be."""
    if first is None:
        return DASH
    return str(first) if first == last else f"{first}–{last}"


def month(language: str, *, value: str | None = None) -> str:
    """A month (YYYY-MM) in words."""
    return numbers.month_of_year(value, language) if value else DASH


def moment(_: str, *, value: str | datetime | None = None) -> str:
    """When something came (UTC without a zone)."""
    return DASH if value is None else numbers.moment(_time(value))


def release(_: str, *, release: str | None = None, published: str | None = None) -> str:
    """The release and when it was published."""
    return f"{release}, {moment(_, value=published)}" if release else DASH


def said_by(_: str, *, speaker: str | None = None, day: str | None = None) -> str:
    """Who said something, and when."""
    return ", ".join(part for part in (speaker, _day(day)) if part)


def days(language: str, *, start: str | None = None, end: str | None = None) -> str:
    """The days that something is about."""
    if start and end:
        return f"{_day(start)} – {_day(end)}"
    return chart_text("on_day", language, day=_day(end)) if end else DASH


def accepted_of(language: str, *, accepted: int | None = None, expected: int | None = None) -> str:
    """How many units of how many reported."""
    if accepted is None:
        return DASH
    return chart_text("accepted_of", language, accepted=accepted, expected=expected)


def reported(language: str, *, forms: Iterable[Mapping[str, Any]] = ()) -> str:
    """What is known of every form: form, accepted, expected, is_district, month."""
    return " · ".join(_reported(language, **form) for form in forms)


def _reported(
    language: str, *, form: str, is_district: bool | None, month: str | None, **units: int | None
) -> str:
    if units["accepted"] is not None and units["expected"]:
        told = accepted_of(language, **units)
    else:
        told = chart_text("by_region" if is_district else "no_data", language)
    name = names.texts_in("short_forms", language)[form]
    return f"{name}: {told}" + (f" ({month})" if month else "")


def _day(day: str | None) -> str:
    return f"{date.fromisoformat(day):%d.%m.%Y}" if day else ""


def _time(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
