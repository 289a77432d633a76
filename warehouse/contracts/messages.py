"""Messages of findings: severity and texts by code, in Russian, Kazakh and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from warehouse.contracts.files import ContractError, Record, parse, read_yaml

Language = Literal["ru", "kk", "en"]
Severity = Literal["error", "warning", "info"]

_UNKNOWN = "—"
GONE = "MESSAGE_GONE"
"""The message about a finding whose own message the contracts no longer have."""


class Texts(Record):
    """One text in the three languages, with the same placeholders in each."""

    ru: str = Field(min_length=1)
    kk: str = Field(min_length=1)
    en: str = Field(min_length=1)

    @field_validator("ru", "kk", "en")
    @classmethod
    def _plain_placeholders(cls, text: str) -> str:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None and (not name.isidentifier() or spec or conversion):
                raise ValueError(f"placeholder {{{name}}} is not a plain name")
        return text

    @model_validator(mode="after")
    def _same_placeholders(self) -> "Texts":
        if len({placeholders(text) for text in (self.ru, self.kk, self.en)}) != 1:
            raise ValueError("the languages have different placeholders")
        return self

    def in_language(self, language: Language) -> str:
        """Give the text with its placeholders."""
        return {"ru": self.ru, "kk": self.kk, "en": self.en}[language]


class Message(Record):
    """What to tell about a finding, and how to put it right."""

    severity: Severity
    text: Texts
    how_to_fix: Texts


@dataclass(frozen=True, slots=True)
class Messages:
    """All messages by code."""

    by_code: Mapping[str, Message]

    def message(self, code: str) -> Message:
        """Give the message of a code. Raises KeyError."""
        return self.by_code[code]

    def render(self, code: str, language: Language, params: Mapping[str, Any]) -> str:
        """Give the text of a finding.

        A parameter may be a mapping of languages to texts. One that is missing or None is shown
        as a dash, and a code that is no longer there by its name: findings outlive the messages
        they were made for.
        """
        return _fill(self._of(code).text, language, {**params, "finding_code": code})

    def render_how_to_fix(self, code: str, language: Language, params: Mapping[str, Any]) -> str:
        """Give the advice of a finding; parameters as in `render`."""
        return _fill(self._of(code).how_to_fix, language, {**params, "finding_code": code})

    def _of(self, code: str) -> Message:
        return self.by_code.get(code) or self.by_code[GONE]


def placeholders(text: str) -> frozenset[str]:
    """Names of the placeholders of a text."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def load_messages(root: Path) -> Messages:
    """Read `root`/messages/*.yml. Raises ContractError, also for a code that stands twice."""
    found: dict[str, Message] = {}
    for file in sorted((root / "messages").glob("*.yml")):
        for code, entry in read_yaml(file).items():
            if code in found:
                raise ContractError(f"{file}: {code} stands twice")
            found[code] = parse(file, Message, entry, code)
    return Messages(found)


def _fill(texts: Texts, language: Language, params: Mapping[str, Any]) -> str:
    text = texts.in_language(language)
    return text.format_map(
        {name: _shown(params.get(name), language) for name in placeholders(text)}
    )


def _shown(value: object, language: Language) -> object:
    if isinstance(value, Mapping):
        value = value.get(language)
    return _UNKNOWN if value is None else value
