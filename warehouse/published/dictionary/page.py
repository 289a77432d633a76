"""A page in one language: what it says, however it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Link(NamedTuple):
    """A page of the dictionary by its kind and code, and the words to show."""

    kind: Literal["indicators", "forms"]
    code: str
    text: str


Cell = str | Link | None


@dataclass(frozen=True)
class Facts:
    """A heading and what is said under it, name by name."""

    heading: str
    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True)
class Table:
    """A heading, a table, and what is said when the table has no rows."""

    heading: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    otherwise: str = ""


Block = Facts | Table


@dataclass(frozen=True)
class Page:
    """A page of the dictionary in one language."""

    code: str
    title: str
    blocks: Sequence[Block]


def markdown(page: Page, *, root: str = "..") -> str:
    """The page as Markdown; `root` leads from it to the folder of the dictionary."""
    lines = [f"## {page.title}", ""]
    for block in page.blocks:
        lines += [f"### {block.heading}", ""]
        if isinstance(block, Facts):
            lines += [f"- {name}: {_joined(cells, root)}" for name, cells in block.rows]
        elif block.rows:
            lines += [_row(block.head), _row(["---"] * len(block.head))]
            lines += [_row([_shown(cell, root) for cell in row]) for row in block.rows]
        else:
            lines.append(block.otherwise)
        lines.append("")
    return "\n".join(lines)


def _joined(cells: Sequence[Cell], root: str) -> str:
    return ", ".join(_shown(cell, root) for cell in cells)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(cell: Cell, root: str) -> str:
    if isinstance(cell, Link):
        return f"[{_escaped(cell.text)}]({root}/{cell.kind}/{cell.code}.md)"
    return _escaped(cell or "—")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
