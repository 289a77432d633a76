"""Which row of a table stands for which unit, by code or by name as people write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion.read.workbook import Grid
from warehouse.contracts import Contracts, Form
from warehouse.contracts.names import normalise_name

_KATO = re.compile(r"(?<!\d)\d{9}(?!\d)")
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]")
_YEAR = re.compile(r"20\d\d\b")
_SHORTEST_NAME = 3
_LABEL_COLUMNS = 6
_SUBTOTAL = re.compile(r"\b(районам|городам|аудандар\w*|калалар\w*)\b")
_LOST = ("?", "\ufffd")


@dataclass(slots=True)
class Rows:
    """Rows of the units; row places from 0, line places in the order of the form."""

    label_column: int
    places: dict[int, int] = field(default_factory=dict)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    """(line, row) of a further row for the same unit."""
    ambiguous: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    """(row, units that the label could mean)."""
    unknown: list[int] = field(default_factory=list)
    subtotals: list[int] = field(default_factory=list)
    restored: list[tuple[int, int]] = field(default_factory=list)
    """(line, row) of a name with lost letters that fits one unit alone."""
    special: list[int] = field(default_factory=list)
    """Rows of a territory that the form has no row for, such as Baikonur."""
    second: tuple[int, int] | None = None
    """(row, column) where a table beside this one names other units than this one in its row."""

    def note(self, line: int, row: int, *, is_restored: bool) -> None:
        """Take `row` for `line`, unless another was taken before."""
        if line in self.places:
            self.repeated.append((line, row))
            return
        self.places[line] = row
        if is_restored:
            self.restored.append((line, row))

    @property
    def first(self) -> int:
        """The uppermost row of a unit, known or not."""
        unsure = [row for row, _ in self.ambiguous]
        return min([*self.places.values(), *unsure, *self.unknown])


def find_rows(grid: Grid, form: Form, contracts: Contracts) -> Rows | None:
    """The rows of the units of a bound form; None when no unit is named anywhere."""
    reader = _LabelReader(form, contracts)
    columns = list(range(min(_LABEL_COLUMNS, len(grid.columns))))
    found = {c: dict(_named(grid, c, reader)) for c in columns}
    if not any(found.values()):
        return None
    certain = {c: sum(label.line is not None for label in found[c].values()) for c in columns}
    best = max(columns, key=lambda c: (certain[c], -c))
    if not certain[best]:
        return None
    rows = _collect(grid, best, found, reader.total)
    rows.second = _second_table(grid, rows, reader)
    return rows


@dataclass(frozen=True, slots=True)
class _Label:
    line: int | None = None
    choices: tuple[str, ...] = ()
    is_subtotal: bool = False
    is_special: bool = False
    is_restored: bool = False


def _named(grid: Grid, column: int, reader: _LabelReader) -> Iterator[tuple[int, _Label]]:
    for row, text in enumerate(grid.columns[column].to_pylist()):
        if text and (label := reader.read(text)):
            yield row, label


def _collect(grid: Grid, best: int, found: dict[int, dict[int, _Label]], total: int) -> Rows:
    rows = Rows(best)
    for row in range(_first_row(grid, best, found[best], total), grid.row_count):
        label = found[best].get(row) or _beside(found, best, row)
        if label is None:
            if _has_figures(grid, row, best):
                rows.unknown.append(row)
        elif label.is_subtotal:
            rows.subtotals.append(row)
        elif label.is_special:
            rows.special.append(row)
        elif label.line is None:
            if _has_figures(grid, row, best):
                rows.ambiguous.append((row, label.choices))
        else:
            rows.note(label.line, row, is_restored=label.is_restored)
    return rows


def _second_table(grid: Grid, rows: Rows, reader: _LabelReader) -> tuple[int, int] | None:
    """Where names of other units begin again to the right, with figures between and after.

    The same names in the same rows are a repeated column of names, and do no harm.
    """
    lines = {row: line for line, row in rows.places.items()}
    for column in range(rows.label_column + 2, len(grid.columns) - 1):
        texts = grid.columns[column].to_pylist()
        named = {
            row: label.line
            for row, text in enumerate(texts)
            if text and _LETTERS.search(text) and (label := reader.read(text))
        }
        apart = [row for row, line in named.items() if line not in (None, lines.get(row))]
        if len(apart) > 1 and _has_figures(grid, apart[0], column, least=1):
            return min(named), column
    return None


def _first_row(grid: Grid, best: int, labels: dict[int, _Label], total: int) -> int:
    """Titles name the whole territory, so the table begins with the first of its parts."""
    parts = [row for row, label in labels.items() if label.line not in (None, total)]
    filled = [row for row in labels if _has_figures(grid, row, best)]
    first = min(parts + filled, default=min(labels))
    while first > 0 and _looks_like_a_unit(grid, first - 1, best):
        first -= 1
    return first


def _looks_like_a_unit(grid: Grid, row: int, label_column: int) -> bool:
    """Whether an unread row above the first unit is one more, misspelt: a name beside figures."""
    texts = grid.row(row)
    figures = [text for text in texts[label_column + 1 :] if text]
    return (
        len(_LETTERS.findall(texts[label_column])) >= _SHORTEST_NAME
        and len(figures) > 1
        and all(_DIGIT.match(text) and not _YEAR.match(text) for text in figures)
    )


def _beside(found: dict[int, dict[int, _Label]], best: int, row: int) -> _Label | None:
    """The label of the whole may stand in the column of numbers, merged with that of names."""
    return next((found[c][row] for c in found if c < best and row in found[c]), None)


def _has_figures(grid: Grid, row: int, label_column: int, least: int = 2) -> bool:
    """Whether that many cells right of the label begin with a digit."""
    texts = (column[row].as_py() for column in grid.columns[label_column + 1 :])
    return sum(1 for text in texts if text and _DIGIT.match(text.strip())) >= least


class _LabelReader:
    def __init__(self, form: Form, contracts: Contracts) -> None:
        self._territories = contracts.territories
        self._lines = {line.territory: i for i, line in enumerate(form.sections[0].lines)}
        self._katos = frozenset(kato for kato in self._lines if kato is not None)
        self.total = next(i for i, x in enumerate(form.sections[0].lines) if x.is_total)
        self._special = frozenset(
            unit.kato
            for unit in contracts.territories.units
            if unit.parent_kato == form.territory and unit.level == "special"
        )
        words = contracts.tables.total_words
        self._total_labels = {normalise_name(text) for text in words}
        self._total_words = {text for text in self._total_labels if " " not in text}

    def read(self, text: str) -> _Label | None:
        """What a cell names; None for anything but a unit."""
        if match := _KATO.search(text):
            return self._coded(match[0])
        words = normalise_name(text)
        if words in self._total_labels:
            return _Label(self.total)
        named = self._territories.match_among(text.replace("\ufffd", "?"), self._katos)
        begins = bool(words) and words.split()[0] in self._total_words
        if begins and _SUBTOTAL.search(words):
            return _Label(is_subtotal=True)
        if begins and (not named.candidates or self.total in map(self._line, named.candidates)):
            return _Label(self.total)
        if named.kato is not None:
            restored = any(mark in text for mark in _LOST)
            return _Label(self._lines[named.kato], is_restored=restored)
        if named.candidates:
            names = (self._territories.label(kato, "ru") for kato in named.candidates)
            return _Label(choices=tuple(names))
        is_special = self._territories.match_among(text, self._special).kato is not None
        return _Label(is_special=True) if is_special else None

    def _coded(self, kato: str) -> _Label | None:
        if kato in self._special:
            return _Label(is_special=True)
        line = self._lines.get(kato)
        return None if line is None else _Label(line)

    def _line(self, kato: str) -> int:
        return self._lines[kato]
