"""Messages of findings: severity and texts by code, in Russian, Kazakh and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from warehouse.core.records import ContractError, Record, parse_each, read_yaml
from warehouse.core.texts import Language, Texts, placeholders, spoken

Severity = Literal["error", "warning", "info"]

_UNKNOWN = "—"
GONE = "MESSAGE_GONE"
"""The message about a finding whose own message the contracts no longer have."""


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


def load_messages(root: Path) -> Messages:
    """Read `root`/messages/*.yml. Raises ContractError, also for a code that stands twice."""
    found: dict[str, Message] = {}
    for file in sorted((root / "messages").glob("*.yml")):
        messages = parse_each(file, Message, read_yaml(file))
        if twice := sorted(messages.keys() & found.keys()):
            raise ContractError(f"{file}: {', '.join(twice)} stands twice")
        found |= messages
    return Messages(found)


def _fill(texts: Texts, language: Language, params: Mapping[str, Any]) -> str:
    text = texts.text(language)
    return text.format_map(
        {name: _shown(params.get(name), language) for name in placeholders(text)}
    )


def _shown(value: object, language: Language) -> object:
    value = spoken(value, language)
    return _UNKNOWN if value is None else value
