"""Cells that are more than a text: their markup is that of templates/cells.html."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards.cells import growth
from dashboards.cells.words import BREAK, DASH, amount, chart_text, figure, month

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_MONEY = {"tenge": 1e6, "thousand_tenge": 1e3}
"""Money on a tile is told in millions."""
_OF_YEAR = ("ytd_value", "ytd_prior_year", "month_value")


def sent(_: str, *, expected: int | None = None, accepted: int | None = None, **of: Any) -> str:
    """What became of a form: accepted, in part, in vain or not sent; `of`: received and late."""
    if not expected:
        return DASH
    if accepted == 0:
        return _markup("marked", "bad", "↩" if of["received"] else "✗")
    share = f"{accepted}/{expected}" if expected > 1 else ""
    return ("✓ " if accepted == expected else "◐ ") + share + (" ◷" if of["late"] else "")


def origin(language: str, *, value: bool | None = None) -> str:
    """Whose figures these are."""
    if value:
        return _markup("marked", "demonstration", chart_text("demonstration", language))
    return chart_text("reports", language)


def passport(language: str, *, portal: str, value: str | None = None) -> str:
    """A link to the page of an indicator in the dictionary of the portal."""
    if value is None:
        return ""
    address = f"{portal}/dictionary/indicators/{value}"
    return _markup("passport", address, chart_text("passport", language))


def drawing(_: str, *, scale: float | None = None, **of: float | None) -> str:
    """An interval from low to high, its level and the mean, on a line of the length `scale`."""
    low, high, level, mean = (of[name] for name in ("low", "high", "level", "mean"))
    if low is None or high is None or level is None or mean is None or not scale:
        return ""
    places = (int(100 * value / scale + 0.5) for value in (low, high - low, level, mean))
    return _markup("interval", *places)


def tile(language: str, *, bad: str, **of: Any) -> str:
    """A figure since 1 January, its change (`bad`: up, down or none), last year's, the month's."""
    of = {"unit": None, **of}
    for name in _OF_YEAR:
        if of.get(name) is not None:
            of[name] /= _MONEY.get(of["unit"], 1)
    unit = "million_tenge" if of["unit"] in _MONEY else of["unit"]

    def told(part: str) -> str:
        status, reason = of.get(f"{part}_status"), of.get(f"{part}_status_reason")
        value = of.get(f"{part}_value")
        return figure(language, value=value, unit=unit, status=status, reason=reason)

    break_from = of.get("ytd_break_from")
    code, value = of.get("ytd_growth_code"), of.get("ytd_growth_value")
    change = growth.change(code, value, break_from, language) or ""
    prior = amount(language, value=of.get("ytd_prior_year"), unit=unit)
    name = chart_text("in_month", language, month=month(language, value=of.get("period")))
    return _markup(
        "tile",
        told("ytd"),
        chart_text(unit, language) if unit in ("kg", "million_tenge") else "",
        _look(of.get("ytd_change_abs"), bad),
        change + (BREAK if break_from else ""),
        f"{chart_text('last_year', language)}: {prior}",
        f"{name}: {told('month')}",
    )


def _look(change: float | None, bad: str) -> str:
    if bad == "none" or not change:
        return "even"
    return "bad" if (change > 0) == (bad == "up") else "good"


def _markup(macro: str, *values: object) -> str:
    return str(getattr(_macros(), macro)(*values))


@cache
def _macros() -> Any:
    places = FileSystemLoader(_TEMPLATES)
    environment = Environment(loader=places, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("cells.html").module
