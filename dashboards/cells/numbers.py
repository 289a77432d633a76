"""Numbers, days and months as readers of this country write them."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboards.names import months, texts_in

SPACE = "\u00a0"
_COUNTED_IN_TENTHS = frozenset({"percent", "rate_10k", "kg", "million_tenge"})
# Kazakhstan has one time zone.
_CLOCK = timedelta(hours=5)


def whole(value: float) -> str:
    """A number without decimals, thousands apart: 42 105."""
    return f"{value:z,.0f}".replace(",", SPACE)


def tenths(value: float) -> str:
    """A number with one decimal behind a comma: 5 126,7."""
    return f"{value:z,.1f}".translate({ord(","): SPACE, ord("."): ","})


def number(value: float, unit: str | None) -> str:
    """A number with the decimals of its unit, the unit itself left out."""
    return tenths(value) if unit in _COUNTED_IN_TENTHS else whole(value)


def amount(value: float, unit: str | None) -> str:
    """A number with the decimals of its unit; shares have their sign."""
    return number(value, unit) + (f"{SPACE}%" if unit == "percent" else "")


def moment(utc: datetime) -> str:
    """A moment on the clock of Kazakhstan, DD.MM.YYYY HH:MM; `utc` has no zone."""
    return f"{utc + _CLOCK:%d.%m.%Y %H:%M}"


def month_of_year(period: str, language: str) -> str:
    """A month written YYYY-MM in words."""
    year, _, month = period.partition("-")
    name = months()[month][language]
    return texts_in("months", language)["month_and_year"].format(month=name, year=year)
