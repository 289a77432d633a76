"""Read a figure that may carry a unit, a multiplier or a footnote mark: "1,8 т", "12 тыс.", "125*".

As everywhere, a text is read only when one reading is possible; else the choices are given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ingestion.read.normalise import Figure, Reading, read_figure
from warehouse.contracts.tables import Vocabulary

Note = Literal["converted", "footnote"]

_FOOTNOTE = re.compile(r"(?<=[\d.])\s*(?:[¹²³⁰⁴-⁹]+\)?|\*+\)?|\s\d\))$")
_WITH_WORDS = re.compile(r"([+\-−–]?\d[\d\s'’.,]*?)\s*([^\W\d_].*|₸)")
_SIGNIFICANT = 9


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure in the unit of its column, and what had to be done to read it."""

    figure: Figure
    note: Note | None = None


def read_quantity(
    text: str, unit: str, words: Vocabulary, *, decimal_comma: bool = False, column: float = 1
) -> Quantity:
    """The figure in `text` in `unit`.

    `column` is the factor of the unit that the header names; a unit beside the figure goes before
    it. With `decimal_comma` a comma always begins the fraction.
    """
    plain = _number(text, decimal_comma)
    if plain.reading is not Reading.NOT_A_NUMBER:
        return Quantity(_times(plain, column))
    stripped = text.strip()
    bare = _FOOTNOTE.sub("", stripped)
    if bare != stripped:
        inner = read_quantity(bare, unit, words, decimal_comma=decimal_comma, column=column)
        known = inner.figure.value is not None
        return Quantity(inner.figure, "footnote") if known else Quantity(plain)
    match = _WITH_WORDS.fullmatch(stripped)
    if match is None:
        return Quantity(plain)
    number = _number(match[1], decimal_comma)
    factors = unit_factors(match[2], unit, words)
    if number.reading is Reading.NOT_A_NUMBER or not factors:
        return Quantity(plain)
    if len(factors) > 1:
        number = Figure(
            Reading.AMBIGUOUS,
            choices=tuple(_shown(number.value * f) for f in factors) if number.value else (),
        )
        return Quantity(number)
    return Quantity(_times(number, factors[0], plain=True), "converted")


def unit_factors(text: str, unit: str, words: Vocabulary) -> tuple[float, ...]:
    """What one of the units that `text` names is in `unit`; two readings when it is not clear.

    Empty when `text` is not a unit of this kind.
    """
    # Not normalised as a name: "г" is a gram here, not a city.
    parts = [w for w in re.split(r"[\s.,]+", text.casefold().replace("ё", "е")) if w]
    multiplier = 1.0
    if parts and parts[0] in words.multipliers:
        multiplier = words.multipliers[parts.pop(0)]
        if not parts:
            # "12 тыс." in a column of thousands of tenge: thousands of what?
            bare = (multiplier, multiplier / 1000)
            return bare if unit == "thousand_tenge" else (multiplier,)
    factors = words.units[unit].factors
    if len(parts) != 1 or parts[0] not in factors:
        return ()
    return (multiplier * factors[parts[0]],)


def _number(text: str, decimal_comma: bool) -> Figure:
    figure = read_figure(text)
    if figure.reading is Reading.AMBIGUOUS and decimal_comma:
        return Figure(Reading.PLAIN, float(text.strip().replace(",", ".")))
    return figure


def _times(figure: Figure, factor: float, *, plain: bool = False) -> Figure:
    if figure.value is not None:
        reading = Reading.PLAIN if plain else figure.reading
        return Figure(reading, round(figure.value * factor, _SIGNIFICANT))
    choices = tuple(_shown(float(choice) * factor) for choice in figure.choices)
    return Figure(figure.reading, choices=choices)


def _shown(value: float) -> str:
    return f"{round(value, _SIGNIFICANT):f}".rstrip("0").rstrip(".")
