"""What a cell of a chart shows of the numbers and codes that SQL answered with.

A measure or column of a chart says `shown: {as: kind, in: language, …}`. Its answer is one value,
or a JSON object of several parts: the arguments of the kind's function. A kind without a function
is one of codes: names of the contracts, or `<kind>_<code>` in `contracts/texts/charts.yml`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards import names
from dashboards.cells import markup, words
from dashboards.paths import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd


def _by_name(*functions: Callable[..., str]) -> dict[str, Callable[..., str]]:
    return {function.__name__: function for function in functions}


_OF_ONE_VALUE = _by_name(
    *(words.count, words.difference, words.moment, words.month, words.share, words.tenths),
    *(words.text, words.unit, markup.origin, markup.passport),
)
_OF_PARTS = _by_name(
    *(words.accepted_of, words.amount, words.change, words.days, words.figure, words.figure_state),
    *(words.interval, words.marked_change, words.number, words.place, words.release),
    *(words.reported, words.said_by, markup.drawing, markup.sent, markup.tile),
)


class ShowError(ValueError):
    """Nothing is shown in that way."""


def shown_frame(frame: pd.DataFrame, expressions: Iterable[Any]) -> pd.DataFrame:
    """The frame with what its columns say they are shown as. Raises ShowError."""
    told = {
        expression["label"]: [
            shown(value, expression["shown"]) for value in frame[expression["label"]]
        ]
        for expression in expressions
        if isinstance(expression, dict) and "shown" in expression and expression["label"] in frame
    }
    return frame.assign(**told)


def shown(value: Any, how: Mapping[str, str]) -> str:
    """One cell: a text, or markup where the kind has some. Raises ShowError."""
    options = {name: given for name, given in how.items() if name not in ("as", "in")}
    kind, language = how["as"], how["in"]
    require(kind)
    # Neither NaN nor NaT is itself.
    is_known = value is not None and value == value
    if kind in _OF_PARTS:
        parts = json.loads(value) if is_known else {}
        month = parts.pop("older_month", None)
        told = _OF_PARTS[kind](language, **parts, **options)
        return f"{told} ({month})" if month else told
    given = {"value": value} if is_known else {}
    if kind in _OF_ONE_VALUE:
        return _OF_ONE_VALUE[kind](language, **given, **options)
    return _name(kind, value, language) if is_known else words.DASH


@cache
def fingerprint(contracts: Path = CONTRACTS) -> str:
    """Of all that the words of a cell are made of: an answer kept in other words is of no use."""
    package = Path(__file__).parents[1]
    files = (
        *package.glob("cells/*.py"),
        *(package / "names.py", package / "templates" / "cells.html"),
        *contracts.glob("texts/*.yml"),
        *contracts.glob("indicators/*.yml"),
        *contracts.glob("forms/*/form.yml"),
        contracts / "tables.yml",
    )
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(file.read_bytes())
    return found.hexdigest()


def require(kind: str) -> None:
    """Raises ShowError for a kind that does not exist."""
    if kind not in _OF_ONE_VALUE and kind not in _OF_PARTS and not _codes(kind):
        raise ShowError(f"nothing is shown as {kind}")


@cache
def _codes(kind: str) -> Mapping[str, names.Names]:
    """Code → names."""
    contracts = {"indicator": names.indicators, "form": names.forms}
    if kind in contracts:
        return contracts[kind]()
    start = f"{kind}_"
    texts = names.texts("charts").items()
    return {key.removeprefix(start): text for key, text in texts if key.startswith(start)}


def _name(kind: str, code: Any, language: str) -> str:
    """The name of a code, flags being `true` and `false`; a code without a name stands as it is."""
    known = _codes(kind)
    found = known.get(str(code)) or known.get(str(code).lower())
    return found[language] if found else str(code)
