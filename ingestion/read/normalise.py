"""Read a figure that a person typed as text, without guessing.

Cells that hold plain numbers never come here: they are cast in one vectorised pass. What is left
is read only when exactly one reading is possible; anything else says which choice is to be made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_SPACES = " \t\r\n\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
_MINUS = r"\-" + "\u2212\u2010-\u2015"
_EDGE = re.compile(f"^[{_SPACES}]+|[{_SPACES}]+$")
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_GROUPED_BY_SPACE = re.compile(
    rf"([+{_MINUS}]?)(\d{{1,3}}(?:[{_SPACES}'’]\d{{3}})+)([.,]\d+)?", re.ASCII
)
_DECIMAL_COMMA = re.compile(rf"([+{_MINUS}]?)(\d+),(\d+)", re.ASCII)
_GROUPED_BY_COMMA = re.compile(rf"([+{_MINUS}]?)(\d{{1,3}}(?:,\d{{3}})+)(\.\d+)?", re.ASCII)
_GROUPED_BY_POINT = re.compile(rf"([+{_MINUS}]?)(\d{{1,3}}(?:\.\d{{3}})+)(,\d+)?", re.ASCII)
_OTHER_MINUS = re.compile(rf"[{_MINUS}](\d+(?:\.\d+)?)", re.ASCII)
_PLACEHOLDER = re.compile(
    rf"[{_MINUS}_*]+|[xх]+|\.{{2,}}|…+|\?+|н[./]?\s?д\.?|нет|нет данных|нет сведений|жоқ|n/a|none",
    re.IGNORECASE,
)

# A date in words, or as the parser prints a cell that is formatted as one.
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d+)?)?|\d{1,2}[./]\d{1,2}[./]\d{4}", re.ASCII
)


class Reading(StrEnum):
    """What a text cell turned out to be."""

    PLAIN = "plain"
    WRITTEN_AS_TEXT = "written_as_text"
    BLANK = "blank"
    PLACEHOLDER = "placeholder"
    AMBIGUOUS = "ambiguous"
    DATE = "date"
    NOT_A_NUMBER = "not_a_number"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is set for PLAIN and WRITTEN_AS_TEXT only; `choices` are the readings in question."""

    reading: Reading
    value: float | None = None
    choices: tuple[str, ...] = ()


def read_figure(text: str) -> Figure:  # noqa: C901 (one case after the other)
    """The only possible number in `text`, or the reason why there is none."""
    stripped = _EDGE.sub("", text)
    if not stripped:
        return Figure(Reading.BLANK)
    if _PLAIN.fullmatch(stripped):
        return Figure(Reading.PLAIN, float(stripped))
    if _PLACEHOLDER.fullmatch(stripped):
        return Figure(Reading.PLACEHOLDER)
    if match := _GROUPED_BY_SPACE.fullmatch(stripped):
        return _written(match[1], re.sub(r"\D", "", match[2]), match[3])
    if match := _DECIMAL_COMMA.fullmatch(stripped):
        return _decimal_comma(match)
    for pattern in (_GROUPED_BY_COMMA, _GROUPED_BY_POINT):
        if match := pattern.fullmatch(stripped):
            return _written(match[1], re.sub(r"\D", "", match[2]), match[3])
    if match := _OTHER_MINUS.fullmatch(stripped):
        return Figure(Reading.WRITTEN_AS_TEXT, -float(match[1]))
    if _DATE.fullmatch(stripped):
        return Figure(Reading.DATE)
    return Figure(Reading.NOT_A_NUMBER)


def _decimal_comma(match: re.Match[str]) -> Figure:
    sign, whole, fraction = match.groups()
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole != "0":
        # "1,234" is a thousand in one office and one and a bit in another.
        return Figure(Reading.AMBIGUOUS, choices=(f"{whole}{fraction}", f"{whole}.{fraction}"))
    return _written(sign, whole, f".{fraction}")


def _written(sign: str, whole: str, fraction: str | None) -> Figure:
    number = float(whole + (fraction or "").replace(",", "."))
    return Figure(Reading.WRITTEN_AS_TEXT, number if sign in ("", "+") else -number)
