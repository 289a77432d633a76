"""Texts of the pages and letters in the reader's language."""

from typing import Any

from warehouse.core.texts import Language, load_texts


def has_text(key: str) -> bool:
    """Whether the pages have a text of that name."""
    return key in load_texts("portal")


def text(key: str, language: Language, /, **params: Any) -> str:
    """The text of `key` with its parameters filled in; ContractError for an unknown key."""
    return load_texts("portal").text(key, language, **params)


def month_name(period: str, language: Language) -> str:
    """`июнь 2025` for 2025-06."""
    year, month = period.split("-")
    texts = load_texts("months")
    return texts.text("month_and_year", language, month=texts.text(month, language), year=year)
