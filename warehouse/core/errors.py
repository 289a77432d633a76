"""Errors meant for people: a stable code and a text in Russian, Kazakh and English."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

import yaml

Language = Literal["ru", "kk", "en"]


@cache
def _messages() -> dict[str, dict[str, str]]:
    text = files("warehouse.core").joinpath("messages.yml").read_text(encoding="utf-8")
    return cast(dict[str, dict[str, str]], yaml.safe_load(text))


class UserError(Exception):
    """Something a person can put right. `text(language)` says what, where and how to fix it."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def text(self, language: Language = "ru") -> str:
        """The whole message in one language."""
        return _messages()[self.code][language].format(**self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.text()}"
