"""Texts for people in Russian, Kazakh and English: their types, their files, their filling in.

Everything that the product says lies in `contracts/texts/`, one file per speaker; messages of
findings lie in `contracts/messages/` (`warehouse.contracts.messages`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from warehouse.core.records import CONTRACTS_DIR, ContractError, Record, parse_each, read_yaml

Language = Literal["ru", "kk", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "ru"


def language_or_default(name: str | None) -> Language:
    """The language of that name, or Russian where it is none of ours."""
    return next((known for known in LANGUAGES if known == name), DEFAULT_LANGUAGE)


class Names(Record):
    """A name in the three languages; `kk` and `en` may be empty, `ru` is the official text."""

    ru: str
    kk: str = ""
    en: str = ""

    def text(self, language: Language) -> str:
        """Give the name in `language`, or the Russian one where there is no translation."""
        return self.in_languages()[language] or self.ru

    def in_languages(self) -> dict[Language, str]:
        """The name by language, empty where there is no translation."""
        return {"ru": self.ru, "kk": self.kk, "en": self.en}


class Texts(Names):
    """One text in the three languages, none empty, with the same placeholders in each."""

    ru: str = Field(min_length=1)
    kk: str = Field(min_length=1)
    en: str = Field(min_length=1)

    @model_validator(mode="after")
    def _placeholders_are_plain_and_the_same(self) -> Self:
        texts = self.in_languages().values()
        # Nearly all texts have none, and every start of the program reads some hundred.
        if not any("{" in text or "}" in text for text in texts):
            return self
        for _, name, spec, conversion in (part for text in texts for part in _parts(text)):
            is_plain = not (spec or conversion)
            if name is not None and not (name.isidentifier() and is_plain):
                raise ValueError(f"placeholder {{{name}}} is not a plain name")
        if len({placeholders(text) for text in texts}) != 1:
            raise ValueError("the languages have different placeholders")
        return self


@dataclass(frozen=True, slots=True)
class TextBook:
    """The texts of one file by key."""

    file: Path
    by_key: Mapping[str, Texts]

    def __contains__(self, key: object) -> bool:
        return key in self.by_key

    def text(self, key: str, language: Language, /, **params: Any) -> str:
        """A text with its placeholders filled; ContractError names a missing text or value.

        A value may be a mapping of languages to texts.
        """
        text = self._of(key).in_languages()[language]
        try:
            return text.format_map(
                {name: spoken(value, language) for name, value in params.items()}
            )
        except KeyError as error:
            raise ContractError(f"{self.file}: {key}: no value for {{{error.args[0]}}}") from error

    def in_all_languages(self, key: str) -> tuple[str, str, str]:
        """A text in each language. Raises ContractError."""
        texts = self._of(key)
        return texts.ru, texts.kk, texts.en

    def _of(self, key: str) -> Texts:
        try:
            return self.by_key[key]
        except KeyError:
            raise ContractError(f"{self.file}: there is no text {key}") from None


def spoken(value: object, language: Language) -> object:
    """The value of a placeholder: of a mapping of languages the text in `language`, or None."""
    return value.get(language) if isinstance(value, Mapping) else value


def placeholders(text: str) -> frozenset[str]:
    """Names of the placeholders of a text."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@cache
def load_texts(name: str, root: Path = CONTRACTS_DIR) -> TextBook:
    """Read `root`/texts/`name`.yml; once per process. Raises ContractError."""
    file = root / "texts" / f"{name}.yml"
    return TextBook(file, parse_each(file, Texts, read_yaml(file)))


def _parts(text: str) -> list[tuple[str, str | None, str | None, str | None]]:
    return list(Formatter().parse(text))
