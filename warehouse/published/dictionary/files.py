"""The dictionary as a folder of Markdown, each page in Russian, Kazakh and English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from warehouse.contracts import Contracts
from warehouse.core.texts import LANGUAGES
from warehouse.published.dictionary.page import Page, markdown
from warehouse.published.dictionary.pages import Dictionary, Verdicts


def write_dictionary(folder: Path, contracts: Contracts, verdicts: Verdicts | None = None) -> int:
    """Write index.md, indicators/CODE.md and forms/CODE.md; gives the number of pages."""
    dictionaries = [Dictionary(contracts, language, verdicts) for language in LANGUAGES]
    pages = list(_pages(contracts, dictionaries))
    for path, text in pages:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return len(pages)


def _pages(contracts: Contracts, books: list[Dictionary]) -> Iterator[tuple[str, str]]:
    index = [page for book in books for page in (book.forms(), book.indicators())]
    yield "index.md", "\n".join(markdown(page, root=".") for page in index)
    for code in contracts.indicators:
        yield f"indicators/{code}.md", _together(book.indicator(code) for book in books)
    for code in contracts.forms:
        yield f"forms/{code}.md", _together(book.form(code) for book in books)


def _together(pages: Iterable[Page]) -> str:
    return "\n".join(markdown(page) for page in pages)
