"""Texts of the command line in the reader's language."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from warehouse.core.errors import Language


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    source = files("mvd").joinpath("texts.yml").read_text(encoding="utf-8")
    catalogue: dict[str, dict[str, str]] = yaml.load(source, Loader=yaml.CSafeLoader)
    return catalogue


def text(key: str, language: Language, **params: Any) -> str:
    """The text of `key` with its parameters filled in; KeyError for an unknown key."""
    return _catalogue()[key][language].format(**params)
