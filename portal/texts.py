"""Texts of the pages and letters in the reader's language."""

from functools import cache
from importlib.resources import files
from typing import Any, get_args

import yaml

from warehouse.contracts.messages import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """All texts by key."""
    source = files("portal").joinpath("texts.yml").read_text(encoding="utf-8")
    texts: dict[str, dict[Language, str]] = yaml.load(source, Loader=yaml.CSafeLoader)
    return texts


def text(key: str, language: Language, **params: Any) -> str:
    """The text of `key` with its parameters filled in; KeyError for an unknown key."""
    return catalogue()[key][language].format(**params)


def month_name(period: str, language: Language) -> str:
    """`июнь 2025` for 2025-06."""
    year, month = period.split("-")
    return text("month_and_year", language, month=text(f"month_{int(month)}", language), year=year)
