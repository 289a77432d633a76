"""What the command line prints: tables and texts for people, JSON for programs."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH_WITHOUT_TERMINAL = 160

# Of the categories of Unicode: control characters and halves of pairs; the marks that turn the
# direction of writing hide what a text says.
_UNSEEN = frozenset({"Cc", "Cs"})
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LAYOUT = frozenset("\n\t")


def visible(text: str) -> str:
    """The text with what would command the terminal or cannot be printed as escapes (`\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    is_unseen = unicodedata.category(character) in _UNSEEN or character in _TURNS
    if not is_unseen or character in _LAYOUT:
        return character
    return character.encode("unicode_escape").decode("ascii")


class PlainConsole(Console):
    """Prints texts as they are: neither markup nor emoji codes nor commands to the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})


console = PlainConsole(
    highlight=False,
    soft_wrap=True,
    width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL,
)
errors = PlainConsole(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates in ISO 8601."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table; numbers to the right, an empty place for None."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    body = [list(row) for row in rows]
    for index, column in enumerate(columns):
        is_number = any(isinstance(row[index], (int, float)) for row in body)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in body:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.1f}".replace(",", " ").replace(".", ",")
    if isinstance(value, float):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ")
    return str(value)
