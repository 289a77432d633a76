"""The small language of the assets: texts in two languages, and SQL with words of its own.

In SQL, `@word(a; b)` is a fragment of `assets/words.yml`, `@indicator(column; prefix)` the name of
an indicator whose code begins so (form, measure, month and unit likewise), `#text#` a text of
`contracts/texts/charts.yml` in the language at hand, and `{l}` that language.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from dashboards.names import (
    LANGUAGES,
    Names,
    forms,
    indicators,
    measures,
    months,
    read_yaml,
    texts,
    units,
)

ASSETS = Path(__file__).resolve().parents[1] / "assets"

_CALL = re.compile(r"@(\w+)\(")
_TEXT = re.compile(r"#(\w+)#")
_NAMED = {
    "indicator": indicators,
    "form": forms,
    "measure": measures,
    "month": months,
    "unit": units,
}


class AssetError(ValueError):
    """An asset names something that does not exist."""


@cache
def _fragments() -> dict[str, str]:
    return dict(read_yaml(ASSETS / "words.yml"))


def short_forms() -> dict[str, Names]:
    """Form code → short names, in the order in which forms are told."""
    return texts("short_forms")


def text(key: str, language: str) -> str:
    """A text of `contracts/texts/charts.yml`. Raises AssetError."""
    try:
        return texts("charts")[key][language]
    except KeyError:
        raise AssetError(f"charts.yml has no {key} in {language}") from None


def short_form(code: str, language: str) -> str:
    """The short name of a form. Raises AssetError for a form that no contract holds."""
    known = short_forms()
    if code not in known or code not in forms():
        raise AssetError(f"no form {code}")
    return known[code][language]


def localised(value: Any, language: str) -> Any:
    """The value with every {ru, kk} replaced by its text, and every {indicator: CODE} by its name.

    `{l}` in a text becomes the language. Raises AssetError for a name that no contract holds.
    """
    if isinstance(value, dict):
        if set(value) == set(LANGUAGES):
            return value[language]
        if (
            len(value) == 1
            and (kind := next(iter(value))) in _NAMED
            and isinstance(value[kind], str)
        ):
            return _name(kind, value[kind], language)
        if set(LANGUAGES) & set(value):
            raise AssetError(f"neither a text in both languages nor anything else: {value}")
        return {key: localised(item, language) for key, item in value.items()}
    if isinstance(value, list):
        return [localised(item, language) for item in value]
    return value.replace("{l}", language) if isinstance(value, str) else value


def sql(expression: str, language: str) -> str:
    """The expression with its words, texts and names written out."""
    expression = expression.replace("{l}", language)
    while found := _CALL.search(expression):
        end = _closing(expression, found.end())
        fragment = _fragment(found[1], expression[found.end() : end], language)
        expression = expression[: found.start()] + fragment + expression[end + 1 :]
    return _TEXT.sub(lambda key: quoted_content(text(key[1], language)), expression).strip()


def quoted_content(value: str) -> str:
    """A text as the content of a quoted SQL text."""
    return value.replace("'", "''")


def _closing(expression: str, start: int) -> int:
    """Where the bracket closes that was opened just before `start`."""
    depth = 1
    for position in range(start, len(expression)):
        depth += {"(": 1, ")": -1}.get(expression[position], 0)
        if depth == 0:
            return position
    raise AssetError(f"a bracket is never closed: {expression}")


def _arguments(listed: str) -> list[str]:
    parts, depth = [""], 0
    for letter in listed:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _fragment(word: str, arguments: str, language: str) -> str:
    if word in _NAMED:
        column, prefix = [*_arguments(arguments), ""][:2]
        names = {c: n for c, n in _NAMED[word]().items() if c.startswith(prefix)}
        return _cases(column, names, language)
    if word not in _fragments():
        raise AssetError(f"words.yml has no {word}")
    fragment = _fragments()[word].replace("{l}", language)
    for number, argument in enumerate(_arguments(arguments), start=1):
        fragment = fragment.replace(f"${number}", argument)
    return fragment.strip()


def _cases(column: str, names: dict[str, dict[str, str]], language: str) -> str:
    branches = "".join(
        f" when '{code}' then '{quoted_content(name[language])}'" for code, name in names.items()
    )
    return f"case {column}{branches} else {column} end"


def _name(kind: str, code: str, language: str) -> str:
    try:
        return _NAMED[kind]()[code][language]
    except KeyError:
        raise AssetError(f"no {kind} {code} in the contracts") from None
