"""Which column of a sheet holds which column of a table form, by the words of its header.

A column is taken only when all the words over it are accounted for: "ДТП" over "погибло" is a name
of the killed, "Дети" over "погибло" is not. What cannot be accounted for is told, never guessed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ingestion.read.workbook import Grid
from ingestion.tables.quantities import unit_factors
from warehouse.contracts import Form
from warehouse.contracts.names import normalise_name
from warehouse.contracts.tables import Role, Vocabulary

_HEADER_ROWS = 6
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)(?:\s*(?:ж|г|год|года|жыл|жылы))?\b\.?")
_DATE = re.compile(r"(?<!\d)\d{1,2}\.\d{1,2}\.(?=20\d\d)")
_UNIT = re.compile(r"[,(]\s*([^,()]+?)\s*\)?\s*$")
_NUMBERING = re.compile(r"^\s*\d{1,2}(?:\.\d)?[.)]\s*")
# Letters that only Kazakh has, and what a code page without them made of them.
_KAZAKH = re.compile("[әғқңөұүһіӘҒҚҢӨҰҮҺІ?\ufffd]")
_SPLIT = re.compile(r"\n|\s/\s")
_SKIPPED: frozenset[Role] = frozenset({"prior", "difference", "percent", "previous", "other"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet over which a header stands."""

    place: int
    text: str
    role: Role | None
    form_columns: tuple[int, ...] = ()
    """Places of the form's columns that the header names; one when it is understood."""
    factor: float = 1
    unit: str = ""
    """Unit of the header where it is not that of the form's column."""


@dataclass(slots=True)
class Columns:
    """Columns of a sheet; `places` by place of the form's column in the form."""

    header_row: int
    places: dict[int, Column] = field(default_factory=dict)
    repeated: list[tuple[int, Column]] = field(default_factory=list)
    months: list[tuple[int, Column]] = field(default_factory=list)
    """The form's columns that only a column of the single month gives."""
    unknown: list[Column] = field(default_factory=list)
    ambiguous: list[Column] = field(default_factory=list)
    skipped: list[Column] = field(default_factory=list)

    def is_whole(self, form: Form) -> bool:
        """Whether the sheet has every column of the form and no column that it does not know."""
        return len(self.places) == len(form.sections[0].columns) and not self.unknown


@dataclass(frozen=True, eq=False)
class HeaderWords:
    """How the columns of a form may be called, and the vocabulary of all tables."""

    aliases: dict[str, frozenset[int]]
    """Words of a name -> columns of the form so called."""
    allowed: tuple[frozenset[str], ...]
    """Per column of the form, every word of its names."""
    units: tuple[str, ...]
    labels: frozenset[str]
    neutral: frozenset[str]
    vocabulary: Vocabulary


_words_of: dict[tuple[Form, int], HeaderWords] = {}


def header_words(form: Form, words: Vocabulary) -> HeaderWords:
    """What the headers of `form` may say; prepared once."""
    unbound = form.unbound or form
    key = (unbound, id(words))
    if key not in _words_of:
        _words_of[key] = _prepare(unbound, words)
    return _words_of[key]


def _prepare(form: Form, words: Vocabulary) -> HeaderWords:
    noise = _noise(words)
    aliases: dict[str, set[int]] = defaultdict(set)
    allowed = []
    for index, form_column in enumerate(form.sections[0].columns):
        names = [
            form_column.name.ru,
            form_column.name.kk,
            form_column.name.en,
            *form_column.aliases,
        ]
        plain = [normalise_name(name) for name in names if name]
        for name in plain:
            aliases[name].add(index)
            aliases[_without(name, noise)].add(index)
        allowed.append(frozenset(word for name in plain for word in name.split()))
    headers = (*words.number_headers, *words.name_headers, *words.code_headers)
    return HeaderWords(
        aliases={name: frozenset(form_columns) for name, form_columns in aliases.items() if name},
        allowed=tuple(allowed),
        units=tuple(form_column.unit for form_column in form.sections[0].columns),
        labels=frozenset(normalise_name(text) for text in headers),
        neutral=frozenset(normalise_name(text) for text in ("всего", "барлығы", "итого", "жалпы")),
        vocabulary=words,
    )


def _noise(words: Vocabulary) -> tuple[str, ...]:
    return tuple(sorted(map(normalise_name, words.noise), key=len, reverse=True))


def _without(name: str, noise: Sequence[str]) -> str:
    padded = f" {name} "
    for phrase in noise:
        padded = padded.replace(f" {phrase} ", " ")
    return " ".join(padded.split())


@lru_cache(maxsize=8_192)
def _normal(text: str) -> str:
    return normalise_name(text)


def known_names(grid: Grid, words: HeaderWords, rows: int) -> frozenset[int]:
    """Columns whose exact names stand anywhere in the first `rows` rows: tells forms apart."""
    found: set[int] = set()
    for column in grid.columns:
        for text in column.slice(0, rows).to_pylist():
            for part in (text, *_SPLIT.split(text)) if text else ():
                named = words.aliases.get(_normal(part), frozenset())
                if len(named) == 1:
                    found |= named
    return frozenset(found)


def find_columns(
    grid: Grid, words: HeaderWords, form: Form, *, first_row: int, label_column: int, period: str
) -> Columns:
    """The columns right of the labels, by the header over `first_row`."""
    top = _top(grid, first_row)
    result = Columns(header_row=max(first_row - 1, 0))
    reader = _HeaderReader(words, period)
    found: dict[int, list[Column]] = defaultdict(list)
    for place, cells in _headers(grid, top, first_row, label_column):
        column = reader.read(place, cells)
        if column is None:
            continue
        if column.role in _SKIPPED:
            result.skipped.append(column)
        elif len(column.form_columns) > 1:
            result.ambiguous.append(column)
        elif not column.form_columns:
            result.unknown.append(column)
        else:
            found[column.form_columns[0]].append(column)
    january = period.endswith("-01")
    for form_column, columns in found.items():
        is_flow = form.sections[0].columns[form_column].measure == "flow"
        cumulative = [c for c in columns if c.role != "month"]
        if not cumulative and is_flow and not january:
            result.months += [(form_column, column) for column in columns]
            continue
        first, *others = cumulative or columns
        result.places[form_column] = first
        result.repeated += [(form_column, other) for other in others]
        result.skipped += [c for c in columns if cumulative and c.role == "month"]
    return result


def numbered_columns(grid: Grid, form: Form, first_row: int) -> Columns | None:
    """The columns of a template, whose headers are locked: by the row of column numbers.

    None when there is no row that has them all in their order.
    """
    wanted = [str(form_column.number) for form_column in form.sections[0].columns]
    for row in range(first_row - 1, max(first_row - 1 - _HEADER_ROWS, -1), -1):
        texts = grid.row(row)
        numbers = [(text, place) for place, text in enumerate(texts) if text.isdigit()]
        if [text for text, _ in numbers] == wanted:
            result = Columns(header_row=row)
            for index, (text, place) in enumerate(numbers):
                result.places[index] = Column(place, text, None, (index,))
            return result
    return None


def _top(grid: Grid, first_row: int) -> int:
    """The first row of the header: titles stand alone in their rows."""
    top = first_row
    for row in range(first_row - 1, max(first_row - 1 - _HEADER_ROWS, -1), -1):
        if sum(bool(text) for text in grid.row(row)) < 2:
            if top < first_row:
                break
            continue
        top = row
    return top


def _headers(
    grid: Grid, top: int, first_row: int, label_column: int
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(column, header texts from the top down); a merged text counts for all columns under it."""
    texts = [grid.row(row) for row in range(top, first_row)]
    carried = [""] * len(texts)
    for place in range(label_column + 1, len(grid.columns)):
        own = [row[place] for row in texts]
        if not any(own):
            carried = [""] * len(texts)
            continue
        lowest = max(i for i, text in enumerate(own) if text)
        cells = []
        for level, text in enumerate(own):
            if text:
                # A new text ends those that were carried on the levels below.
                carried[level:] = [text, *[""] * (len(texts) - level - 1)]
            if level <= lowest and (text or carried[level]):
                cells.append(text or carried[level])
        yield place, tuple(cells)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A header text without what it says about the period and the unit."""

    text: str
    words: str
    form_columns: frozenset[int]
    role: Role | None
    unit: str


class _HeaderReader:
    def __init__(self, words: HeaderWords, period: str) -> None:
        self._words = words
        self._noise = _noise(words.vocabulary)
        year, month = period.split("-")
        self._year = int(year)
        self._month = int(month)
        self._months = {
            normalise_name(name): number
            for number, names in words.vocabulary.months.items()
            for name in names
        }

    def read(self, place: int, cells: tuple[str, ...]) -> Column | None:
        """What the column is; None for one that is no figure of any kind."""
        text = " / ".join(" ".join(cell.split()) for cell in cells)
        parsed = [cell for cell in map(self._cell, cells) if cell is not None]
        if not parsed or any(cell.words in self._words.labels for cell in parsed):
            return None
        roles = [cell.role for cell in parsed if cell.role]
        role = next((r for r in roles if r in _SKIPPED), next(iter(roles), None))
        form_columns = self._form_columns([cell for cell in parsed if cell.words])
        unit = next((cell.unit for cell in reversed(parsed) if cell.unit), "")
        if len(form_columns) != 1:
            has_name = any(cell.words for cell in parsed)
            return (
                Column(place, text, role, tuple(sorted(form_columns))) if has_name or role else None
            )
        (form_column,) = form_columns
        factors = self._factors(unit, form_column)
        if len(factors) != 1:
            return Column(place, text, role)
        return Column(
            place, text, role, (form_column,), factors[0], unit if factors[0] != 1 else ""
        )

    def _factors(self, unit: str, form_column: int) -> tuple[float, ...]:
        if not unit:
            return (1.0,)
        return unit_factors(unit, self._words.units[form_column], self._words.vocabulary)

    def _form_columns(self, cells: Sequence[_Cell]) -> frozenset[int]:
        """The form's columns that fit all the texts over a column of the sheet."""
        cells = [*cells]
        while (
            len(cells) > 1 and cells[-1].words in self._words.neutral and not cells[-1].form_columns
        ):
            cells.pop()
        if not cells:
            return frozenset()
        for start in range(len(cells)):
            part = cells[start:]
            joined = " ".join(cell.words for cell in part)
            named = part[0].form_columns if len(part) == 1 else self._named(joined)
            above = {word for cell in cells[:start] for word in cell.words.split()}
            fitting = frozenset(g for g in named if above <= self._words.allowed[g])
            if fitting:
                return fitting
        return frozenset()

    def _named(self, words: str) -> frozenset[int]:
        aliases = self._words.aliases
        return aliases.get(words) or aliases.get(_without(words, self._noise), frozenset())

    def _cell(self, text: str) -> _Cell | None:
        if form_columns := self._named(_normal(text)):
            return _Cell(text, _without(_normal(text), self._noise), form_columns, None, "")
        if self._is_unit(text):
            return _Cell(text, "", frozenset(), None, _SPLIT.split(text)[0].strip())
        if text.strip().isdigit() and len(text.strip()) < 4:
            return None  # the row of column numbers
        parts = [part for part in _SPLIT.split(text) if part.strip()]
        if len(parts) > 1 and (both := self._bilingual(text, parts)):
            return both
        role, rest = self._role(text)
        unit = ""
        if (match := _UNIT.search(rest)) and self._is_unit(match[1]):
            unit, rest = match[1], rest[: match.start()]
        words = _normal(_NUMBERING.sub("", rest))
        return _Cell(text, _without(words, self._noise), self._named(words), role, unit)

    def _bilingual(self, text: str, parts: Sequence[str]) -> _Cell | None:
        """One cell in two languages: the Kazakh part may be worded freely, the Russian not."""
        cells = [cell for part in parts if (cell := self._cell(part)) is not None]
        named = [cell for cell in cells if cell.form_columns]
        other = [cell for cell in cells if not cell.form_columns and cell.words]
        if not named:
            roles = [cell.role for cell in cells if cell.role]
            return _Cell(text, "", frozenset(), roles[0], "") if roles and not other else None
        if not all(_KAZAKH.search(cell.text) for cell in other):
            return None
        if len(other) == len(cells):
            return None
        form_columns = frozenset.intersection(*(cell.form_columns for cell in named))
        role = next((cell.role for cell in cells if cell.role), None)
        unit = next((cell.unit for cell in cells if cell.unit), "")
        return _Cell(text, named[0].words, form_columns, role, unit)

    def _is_unit(self, text: str) -> bool:
        kinds = self._words.vocabulary.units
        return any(
            all(unit_factors(part, kind, self._words.vocabulary) for part in _SPLIT.split(text))
            or _normal(_SPLIT.split(text)[0]) == _normal(unit.name.ru)
            for kind, unit in kinds.items()
        )

    def _role(self, text: str) -> tuple[Role | None, str]:
        """What a text says about the period, and the rest of it."""
        text = _DATE.sub("", text)
        years = {int(year) for year in _YEAR.findall(text)}
        rest = _YEAR.sub(" ", text)
        months = [m for word in _normal(rest).split() if (m := self._months.get(word))]
        for role, pattern in self._words.vocabulary.roles.items():
            if pattern.search(rest) and role not in ("current", "month"):
                return role, pattern.sub(" ", rest)
        if months:
            rest = " ".join(w for w in rest.split() if not self._is_month(w))
        rest, told = self._period_words(rest)
        if years:
            if years == {self._year - 1}:
                return "prior", rest
            if years != {self._year}:
                return "other", rest
        if len(months) == 1 and self._month != 1:
            return ("month" if months == [self._month] else "other"), rest
        return told or ("current" if years or months else None), rest

    def _is_month(self, word: str) -> bool:
        return all(part in self._months for part in _normal(word).split())

    def _period_words(self, text: str) -> tuple[str, Role | None]:
        roles = self._words.vocabulary.roles
        for role in ("month", "current"):
            if (pattern := roles.get(role)) and pattern.search(text):
                return pattern.sub(" ", text), role
        return text, None
