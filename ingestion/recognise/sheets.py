"""Recognise the form, and which sheet holds which section, by what the sheets say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingestion.read.workbook import Grid
from ingestion.recognise.expected import ExpectedForm, ExpectedSection, plain

_HEADER_ROWS = 40
_RECOGNISED = 0.5
_SAME_NAME = 0.05


@dataclass(frozen=True, slots=True)
class Assignment:
    """Sheet name per section code, and the sheets that belong to none."""

    form: ExpectedForm
    sheets: Mapping[str, str]
    extra: tuple[str, ...]


def recognise(grids: Sequence[Grid], forms: Iterable[ExpectedForm]) -> Assignment | None:
    """The form whose printed texts the sheets show, None when no form is close enough."""
    texts = {grid.sheet: _texts(grid) for grid in grids}
    best: Assignment | None = None
    best_likeness = _RECOGNISED
    for form in forms:
        sheets = _assign(form, texts)
        likeness = sum(
            similarity(section, texts[sheets[section.section.code]])
            for section in form.sections
            if section.section.code in sheets
        )
        if likeness > best_likeness:
            extra = tuple(name for name in texts if name not in sheets.values())
            best, best_likeness = Assignment(form, sheets, extra), likeness
    return best


def similarity(section: ExpectedSection, texts: frozenset[str]) -> float:
    """Share of the texts printed above the data of a section that `texts` holds."""
    return len(section.texts & texts) / len(section.texts)


def sheet_key(name: str) -> str:
    """A sheet name for comparison."""
    return plain(name).replace(" ", "")


def _texts(grid: Grid) -> frozenset[str]:
    rows = min(grid.row_count, _HEADER_ROWS)
    cells = {cell for column in grid.columns for cell in column.slice(0, rows).to_pylist()}
    return frozenset(
        text for cell in cells if cell and len(cell) > 3 and len(text := plain(cell)) > 3
    )


def _assign(form: ExpectedForm, texts: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Best pairs first; a sheet of the right name wins among equals."""
    assigned: dict[str, str] = {}
    taken: set[str] = set()
    for _, code, sheet in sorted(_pairs(form, texts), key=lambda pair: -pair[0]):
        if code not in assigned and sheet not in taken:
            assigned[code] = sheet
            taken.add(sheet)
    return assigned


def _pairs(
    form: ExpectedForm, texts: Mapping[str, frozenset[str]]
) -> Iterator[tuple[float, str, str]]:
    by_name = {sheet_key(name): name for name in texts}
    settled: set[str] = set()
    open_sections = []
    for section in form.sections:
        sheet = by_name.get(sheet_key(section.section.sheet))
        if sheet is not None and section.texts <= texts[sheet]:
            settled.add(sheet)
            yield 1 + _SAME_NAME, section.section.code, sheet
        else:
            open_sections.append(section)
    for sheet, found in texts.items():
        if sheet not in settled:
            yield from _likenesses(form, open_sections, sheet, found)


def _likenesses(
    form: ExpectedForm, open_sections: list[ExpectedSection], sheet: str, found: frozenset[str]
) -> Iterator[tuple[float, str, str]]:
    """A sheet stands for a section only when no other section of the form is more like it.

    Many sections differ in nothing but their title, so a high likeness alone proves little.
    """
    closest = max(similarity(section, found) for section in form.sections)
    for section in open_sections:
        likeness = similarity(section, found)
        has_name = sheet_key(sheet) == sheet_key(section.section.sheet)
        if has_name:
            yield (
                likeness if likeness < closest else likeness + _SAME_NAME,
                section.section.code,
                sheet,
            )
        elif likeness >= _RECOGNISED and likeness == closest and section.title in found:
            yield likeness, section.section.code, sheet
