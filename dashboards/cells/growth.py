"""How a change against the year before is told; which way it is told is a code of the marts."""

from __future__ import annotations

from datetime import date

from babel import Locale

from dashboards.names import texts_in

_SIGNED = frozenset({"difference", "points", "percent"})
_RUSSIAN_WITHOUT_ENDING = ("one", "many")


def change(
    code: str | None, value: float | None, from_month: str | None, language: str
) -> str | None:
    """The change in words; None where there is none to tell.

    `code` and `value` are `growth_code` and `growth_value` of fct_indicator_values. `from_month`
    (YYYY-MM-DD) is the month from which figures are counted otherwise, where it lies between.
    """
    if code is None:
        return None
    say = texts_in("growth", language)
    told = say[_form(code, value)].format(value=_written(code, value, language))
    if from_month is None:
        return told
    return say["across_break"].format(change=told, month=f"{date.fromisoformat(from_month):%m.%Y}")


def _form(code: str, value: float | None) -> str:
    """`times` has a second form in Russian: в 2 раза, в 2,1 раза, but в 5 раз, в 21 раз."""
    if code != "times" or value is None or value != int(value):
        return code
    plural = Locale("ru").plural_form(int(value))
    return "times_whole" if plural in _RUSSIAN_WITHOUT_ENDING else code


def _written(code: str, value: float | None, language: str) -> str:
    """At most one decimal, none where the number is whole; a comma but in English."""
    if value is None:
        return ""
    digits = f"{value:.0f}" if value == int(value) else f"{value:.1f}"
    sign = "+" if code in _SIGNED and value > 0 else ""
    return sign + (digits if language == "en" else digits.replace(".", ","))
