"""Control rules: what the lines, columns, sections and forms must be to each other.

A rule is data (contracts/forms/<form>/rules.yml and rules/*.yml, contracts/forms/cross/*.yml);
the notation is explained in docs/control-rules.md. `expand` turns a rule into comparisons of
coordinates, `left` and `right` being signed sums.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from warehouse.contracts.forms import Form, Section
from warehouse.core.records import ContractError, Record, parse, read_yaml
from warehouse.core.texts import Texts

Operator = Literal["=", ">=", "<="]
Kind = Literal["lines", "columns", "sections", "forms"]
Positions: TypeAlias = NDArray[np.int64]
# One summand of many comparisons at once: its sign, and its coordinate in each comparison.
Term: TypeAlias = tuple[int, Positions]

_NUMBERS = re.compile(r"(minus )?(offence )?(all|\d+(?:-\d+)?(?:, ?\d+(?:-\d+)?)*)")
# Rows of a table: that of the whole territory, and those of its parts.
ROWS_OF_TABLE = {"total": True, "parts": False}
_CELLS = re.compile(r"(minus )?(?:([^/\s]+)/)?([^/.\s]+)\.(\d+(?:-\d+)?(?:, ?\d+(?:-\d+)?)*)")


def _as_terms(value: object) -> object:
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item) if isinstance(item, int) else item for item in items)


Terms = Annotated[tuple[str, ...], BeforeValidator(_as_terms), Field(min_length=1)]


class Instance(Record):
    """One pair of signed sums."""

    left: Terms
    right: Terms


class Evidence(Record):
    """What the rule showed on real workbooks.

    `nonzero` counts the comparisons in which a side is not zero: zeros prove little.
    """

    regions: int = Field(ge=1)
    comparisons: int = Field(ge=1)
    nonzero: int = Field(ge=0)
    broken: int = Field(ge=0)
    broken_regions: int = Field(default=0, ge=0)
    largest_difference: float = Field(default=0, ge=0)


class Rule(Record):
    """One control rule; see the module's text for the meaning of the operands by kind."""

    id: str = Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")
    severity: Literal["error", "warning"] = "warning"
    kind: Kind
    op: Operator
    name: Texts
    sections: tuple[str, ...] = ()
    lines: Terms | tuple[Mapping[str, Terms], ...] = ("all",)
    columns: Terms = ("all",)
    left: Terms | None = None
    right: Terms | None = None
    instances: tuple[Instance, ...] = ()
    because: str = ""
    holds: Literal["exact", "nearly", "untested"]
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if (self.left is None) != (self.right is None):
            raise ValueError("left and right go together")
        if (self.left is None) == (not self.instances):
            raise ValueError("give left and right, or instances")
        if (self.kind in ("lines", "columns")) != bool(self.sections):
            raise ValueError("kinds lines and columns name their sections, the others do not")
        if (self.holds == "untested") != (self.evidence is None):
            raise ValueError("a rule without evidence is untested, and only such a rule")
        if self.evidence and (self.holds == "exact") != (self.evidence.broken == 0):
            raise ValueError("holds must agree with evidence.broken")
        return self

    @property
    def pairs(self) -> tuple[Instance, ...]:
        """The pairs of signed sums that the rule compares."""
        if self.left is not None and self.right is not None:
            return (Instance(left=self.left, right=self.right),)
        return self.instances


class MassBreach(Record):
    """From which share of broken comparisons a sheet counts as damaged.

    `share` is of the comparisons that touch the sheet and have a non-zero side; fewer than
    `minimum` of them decide nothing.
    """

    share: float = Field(gt=0, le=1)
    minimum: int = Field(ge=1)


class RuleBook(Record):
    """All rules of a form, or of one pair of forms."""

    tolerance: float = Field(default=0, ge=0)
    mass_breach: MassBreach | None = None
    rules: tuple[Rule, ...]


class _RulesFile(Record):
    tolerance: float | None = None
    mass_breach: MassBreach | None = None
    lists: Mapping[str, object] = {}
    rules: tuple[Rule, ...] = ()


def load_rule_book(folder: Path) -> RuleBook:
    """Read `folder`/rules.yml and `folder`/rules/*.yml as one book. Raises ContractError."""
    files = [f for f in (folder / "rules.yml", *sorted(folder.glob("rules/*.yml"))) if f.exists()]
    return _book(files)


def load_cross_rule_books(root: Path) -> tuple[RuleBook, ...]:
    """Read the rules of form against form, one book per file of `root`/forms/cross."""
    return tuple(_book([file]) for file in sorted((root / "forms" / "cross").glob("*.yml")))


def forms_of(book: RuleBook) -> list[str]:
    """Codes of the forms that rules of form against form compare, in the order of their terms."""
    terms = (
        term for rule in book.rules for pair in rule.pairs for term in (*pair.left, *pair.right)
    )
    sections = (term.section for term in cell_terms(tuple(terms)))
    return list(dict.fromkeys(section.partition("/")[0] for section in sections))


def _book(files: Sequence[Path]) -> RuleBook:
    parts = [parse(file, _RulesFile, read_yaml(file)) for file in files]
    rules = tuple(chain.from_iterable(part.rules for part in parts))
    ids = [rule.id for rule in rules]
    twice = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if twice:
        raise ContractError(f"{files[0].parent}: rule {twice[0]!r} stands twice")
    return RuleBook(
        tolerance=next((p.tolerance for p in parts if p.tolerance is not None), 0),
        mass_breach=next((p.mass_breach for p in parts if p.mass_breach is not None), None),
        rules=rules,
    )


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Comparisons that a rule makes in parallel: as many as the terms are long."""

    left: tuple[Term, ...]
    right: tuple[Term, ...]

    def __len__(self) -> int:
        return len(self.left[0][1])


def expand(rule: Rule, forms: Sequence[Form]) -> Iterator[Comparisons]:
    """Give the comparisons of `rule` over the coordinates of `forms` laid end to end.

    A line or column that a term names by code must exist. Lines named as offences may be missing
    from a section, as sections differ in the offences they list: what needs them is left out
    there. Raises ContractError when a term cannot be read, or the rule compares nothing.
    """
    places = _Places(forms)
    try:
        if rule.kind == "lines":
            found = list(_expand_lines(rule, places))
        elif rule.kind == "columns":
            found = list(_expand_columns(rule, places))
        else:
            found = list(_expand_sections(rule, places))
    except (KeyError, ValueError) as error:
        raise ContractError(f"rule {rule.id}: {error}") from error
    found = [comparisons for comparisons in found if len(comparisons)]
    # A table gets its rows with a territory; until then nothing can be compared between rows.
    if not found and not any(form.is_table for form in forms):
        raise ContractError(f"rule {rule.id}: compares nothing")
    return iter(found)


class _Places:
    """Where the coordinates of several forms are when laid end to end."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._sections: dict[str, Section] = {}
        self._grids: dict[str, Positions] = {}
        start = 0
        for form in forms:
            for section in form.sections:
                # A single form needs no prefix; of several, each section is named with its form.
                name = section.code if len(forms) == 1 else f"{form.code}/{section.code}"
                self._sections[name] = section
                self._grids[name] = form.grid(section.code) + start
            start += len(form.coordinates)

    def section(self, name: str) -> Section:
        if name not in self._sections:
            raise ValueError(f"no section {name}")
        return self._sections[name]

    def grid(self, name: str) -> Positions:
        self.section(name)
        return self._grids[name]

    def offences(self, name: str) -> Mapping[int, int]:
        """Offence -> place of its line in the section."""
        lines = self.section(name).lines
        return {x.offence: index for index, x in enumerate(lines) if x.offence is not None}

    def rows(self, name: str, terms: Terms) -> list[tuple[int, int]] | None:
        """Signs and places of the lines that `terms` name; None when an offence is missing."""
        section = self.section(name)
        if terms[0] in ROWS_OF_TABLE:
            wanted = ROWS_OF_TABLE[terms[0]]
            if not any(line.is_total for line in section.lines):
                return None
            return [(1, i) for i, line in enumerate(section.lines) if line.is_total is wanted]
        found = []
        for sign, by_offence, numbers in map(as_numbers, terms):
            if numbers is None:
                found += [(sign, row) for row in range(len(section.lines))]
                continue
            index = self.offences(name) if by_offence else section.line_index
            if by_offence and any(number not in index for number in numbers):
                return None
            found += [(sign, _known(index, n, f"line {n} in section {name}")) for n in numbers]
        return found

    def columns(self, name: str, terms: Terms) -> list[tuple[int, int]]:
        """Signs and places of the columns that `terms` name."""
        index = self.section(name).column_index
        return [
            (sign, _known(index, number, f"column {number} in section {name}"))
            for sign, _, numbers in map(as_numbers, terms)
            for number in (index if numbers is None else numbers)
        ]


def _known(index: Mapping[int, int], number: int, what: str) -> int:
    if number not in index:
        raise ValueError(f"no {what}")
    return index[number]


def _expand_lines(rule: Rule, places: _Places) -> Iterator[Comparisons]:
    for name in rule.sections:
        columns = [column for _, column in places.columns(name, rule.columns)]
        grid = places.grid(name)
        for pair in rule.pairs:
            left, right = places.rows(name, pair.left), places.rows(name, pair.right)
            if left is not None and right is not None:
                yield Comparisons(
                    tuple((sign, grid[row, columns]) for sign, row in left),
                    tuple((sign, grid[row, columns]) for sign, row in right),
                )


def _expand_columns(rule: Rule, places: _Places) -> Iterator[Comparisons]:
    lines = _plain(rule.lines)
    for name in rule.sections:
        rows = [row for _, row in places.rows(name, lines) or []]
        grid = places.grid(name)
        for pair in rule.pairs:
            yield Comparisons(
                tuple((sign, grid[rows, c]) for sign, c in places.columns(name, pair.left)),
                tuple((sign, grid[rows, c]) for sign, c in places.columns(name, pair.right)),
            )


def _expand_sections(rule: Rule, places: _Places) -> Iterator[Comparisons]:
    for pair in rule.pairs:
        left, right = cell_terms(pair.left), cell_terms(pair.right)
        if len({len(term.columns) for term in (*left, *right)}) != 1:
            raise ValueError(f"{pair.left} and {pair.right} name unequal numbers of columns")
        names = list(dict.fromkeys(term.section for term in (*left, *right)))
        for rows in _matched(rule, places, names):
            for step in range(len(left[0].columns)):
                yield Comparisons(
                    tuple(chain.from_iterable(_pick(t, step, rows, places) for t in left)),
                    tuple(chain.from_iterable(_pick(t, step, rows, places) for t in right)),
                )


# The lines of one or more comparisons: per section, summands with a place for each comparison.
_Rows: TypeAlias = Mapping[str, list[tuple[int, Positions]]]


def _matched(rule: Rule, places: _Places, names: list[str]) -> Iterator[_Rows]:
    for entry in rule.lines:
        if isinstance(entry, str):
            yield _matched_by_key(entry, places, names)
            continue
        missing = [name for name in names if name not in entry]
        if missing:
            raise ValueError(f"lines do not name those of section {missing[0]}")
        found = {name: places.rows(name, entry[name]) for name in names}
        if all(rows is not None for rows in found.values()):
            yield {
                name: [(sign, np.array([row])) for sign, row in rows or []]
                for name, rows in found.items()
            }


def _matched_by_key(entry: str, places: _Places, names: list[str]) -> _Rows:
    """Lines that stand for the same thing in all the sections: same offence, or same code."""
    _, by_offence, numbers = as_numbers(entry)
    indexes = [
        places.offences(name) if by_offence else places.section(name).line_index for name in names
    ]
    shared = set(indexes[0]).intersection(*indexes[1:])
    wanted = sorted(shared if numbers is None else shared.intersection(numbers))
    return {
        name: [(1, np.array([index[key] for key in wanted], dtype=np.int64))]
        for name, index in zip(names, indexes, strict=True)
    }


@dataclass(frozen=True, slots=True)
class CellTerm:
    """One summand `[minus ][form/]section.columns`."""

    sign: int
    section: str
    columns: tuple[int, ...]


def cell_terms(terms: Terms) -> list[CellTerm]:
    """Read terms such as R1.2,4-5. Raises ValueError."""
    found = []
    for term in terms:
        match = _CELLS.fullmatch(term)
        if match is None:
            raise ValueError(f"{term!r} is not [minus ][form/]section.columns")
        minus, form, section, columns = match.groups()
        name = f"{form}/{section}" if form else section
        found.append(CellTerm(-1 if minus else 1, name, tuple(_range(columns))))
    return found


def _pick(term: CellTerm, step: int, rows: _Rows, places: _Places) -> Iterator[Term]:
    section = places.section(term.section)
    number = term.columns[step]
    what = f"column {number} in section {term.section}"
    column = _known(section.column_index, number, what)
    for sign, lines in rows[term.section]:
        yield sign * term.sign, places.grid(term.section)[lines, column]


def _plain(terms: Iterable[object]) -> Terms:
    plain = tuple(term for term in terms if isinstance(term, str))
    if not plain:
        raise ValueError("lines of a columns rule are codes, ranges or offences")
    return plain


def as_numbers(term: str) -> tuple[int, bool, tuple[int, ...] | None]:
    """Sign, whether the numbers are offences, and the numbers, None for all. Raises ValueError."""
    match = _NUMBERS.fullmatch(term)
    if match is None:
        raise ValueError(f"{term!r} is not [minus ][offence ]all or numbers such as 1, 4-7")
    minus, offence, numbers = match.groups()
    listed = None if numbers == "all" else tuple(_range(numbers))
    return (-1 if minus else 1), bool(offence), listed


def _range(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        yield from range(int(first), int(last or first) + 1)
