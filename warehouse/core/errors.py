"""Errors meant for people: a stable code and a text in Russian, Kazakh and English."""

from typing import Any

from warehouse.core.texts import DEFAULT_LANGUAGE, Language, load_texts


class UserError(Exception):
    """Something a person can put right. `text(language)` says what, where and how to fix it."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def text(self, language: Language = DEFAULT_LANGUAGE) -> str:
        """The whole message in one language. ContractError for a code that has no text."""
        return load_texts("errors").text(self.code, language, **self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.text()}"


class FileError(UserError):
    """One file cannot be read now: it stays without a verdict, and the others go on."""
