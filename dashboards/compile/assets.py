"""How the files of `assets/` are read: texts in two languages, and SQL as Jinja2 templates.

A template may call the macros of `assets/measures.sql`, and `language` is the language at hand.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from dashboards.names import LANGUAGES, Names, forms, measures, texts

ASSETS = Path(__file__).resolve().parents[1] / "assets"


class AssetError(ValueError):
    """An asset names something that does not exist."""


def short_forms() -> dict[str, Names]:
    """Form code → short names, in the order in which forms are told."""
    return texts("short_forms")


def short_form(code: str, language: str) -> str:
    """The short name of a form. Raises AssetError for a form that no contract holds."""
    known = short_forms()
    if code not in known or code not in forms():
        raise AssetError(f"no form {code}")
    return known[code][language]


def all_forms() -> list[str]:
    """Codes of all forms in the order in which they are told. AssetError for one without a name."""
    named = short_forms()
    if unnamed := sorted(set(forms()) - set(named)):
        raise AssetError(f"contracts/texts/short_forms.yml: no name for {', '.join(unnamed)}")
    return list(named)


def localised(value: Any, language: str) -> Any:
    """The value with every {ru, kk} replaced by its text, every {measure: name} by the name of the
    contracts, and every template by what it gives. Raises AssetError for what does not exist.
    """
    if isinstance(value, dict):
        if set(value) == set(LANGUAGES):
            return value[language]
        if set(value) == {"measure"}:
            return _measure(value["measure"], language)
        if set(LANGUAGES) & set(value):
            raise AssetError(f"neither a text in both languages nor anything else: {value}")
        return {key: localised(item, language) for key, item in value.items()}
    if isinstance(value, list):
        return [localised(item, language) for item in value]
    return sql(value, language) if isinstance(value, str) and "{{" in value else value


def sql(template: str, language: str = LANGUAGES[0], **values: object) -> str:
    """What a template gives. Raises AssetError for a macro or name that does not exist."""
    try:
        return _environment().from_string(template).render(language=language, **values).strip()
    except TemplateError as error:
        raise AssetError(f"{error}: {template}") from error


@cache
def _environment() -> Environment:
    places = FileSystemLoader(ASSETS)
    # SQL, no HTML.
    environment = Environment(loader=places, undefined=StrictUndefined)  # noqa: S701
    macros = vars(environment.get_template("measures.sql").module)
    environment.globals.update({name: m for name, m in macros.items() if not name.startswith("_")})
    return environment


def _measure(name: str, language: str) -> str:
    try:
        return measures()[name][language]
    except KeyError:
        raise AssetError(f"no measure {name} in the contracts") from None
