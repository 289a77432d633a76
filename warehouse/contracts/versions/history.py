"""The versions of a form in order, and the way of coordinates through them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

from warehouse.contracts.forms import Form
from warehouse.contracts.versions.changes import Succession, succession
from warehouse.contracts.versions.crosswalk import Direction, LostError

Axis = Literal["line", "column"]


class Cell(NamedTuple):
    """A coordinate that is added with `sign`."""

    section: str
    line: int
    column: int
    sign: int


class LostCellsError(Exception):
    """Cells that a version cannot tell; `at` is where they are lost."""

    def __init__(self, at: Succession, problem: str) -> None:
        self.at, self.problem = at, problem
        super().__init__(problem)


@dataclass(frozen=True, eq=False)
class History:
    """The versions of a form, earliest first, and how each follows the one before."""

    versions: tuple[Form, ...]
    successions: tuple[Succession, ...]

    def place(self, version: str | None) -> int:
        """Place of a version, from 0; the first for None. Raises KeyError."""
        if version is None:
            return 0
        names = [form.version for form in self.versions]
        if version not in names:
            raise KeyError(f"no version {version!r} of form {self.versions[0].code}")
        return names.index(version)

    def follow(self, cells: Iterable[Cell], start: int, end: int) -> frozenset[Cell]:
        """The cells of version `end` whose sum is that of `cells` in `start`.

        Raises LostCellsError at the first version that cannot tell it. What means something else
        since a version goes on from before it, but has no past before it.
        """
        found = frozenset(cells)
        if end >= start:
            for step in self.successions[start:end]:
                found = _followed(found, step, "later")
        else:
            for step in reversed(self.successions[end:start]):
                found = _followed(found, step, "earlier")
        return found


def histories(forms: Iterable[Form]) -> dict[str, History]:
    """The history of every form; `forms` are ordered by code and validity."""
    found = {}
    for code, group in groupby(forms, key=lambda form: form.code):
        versions = tuple(group)
        found[code] = History(versions, tuple(succession(*pair) for pair in pairwise(versions)))
    return found


def _followed(cells: frozenset[Cell], step: Succession, direction: Direction) -> frozenset[Cell]:
    known = step.lines.keys()
    if lost := sorted({cell.section for cell in cells} - known):
        raise LostCellsError(step, f"section {', '.join(lost)}")
    if direction == "earlier":
        for cell in sorted(cells):
            if step.is_changed(cell.section, cell.line, cell.column):
                raise LostCellsError(step, f"line {cell.line} of section {cell.section}")
    in_columns = _along("column", cells, step, direction)
    return _along("line", in_columns, step, direction)


def _along(
    axis: Axis, cells: frozenset[Cell], step: Succession, direction: Direction
) -> frozenset[Cell]:
    """Cells with one of their two numbers, that of `axis`, in the other version."""
    walks = step.lines if axis == "line" else step.columns
    groups: dict[Cell, set[int]] = defaultdict(set)
    for cell in cells:
        groups[_at(cell, axis, 0)].add(cell.line if axis == "line" else cell.column)
    found = set()
    for rest, numbers in groups.items():
        try:
            passed = walks[rest.section].follow(numbers, direction)
        except LostError as lost:
            raise LostCellsError(step, f"{axis} {lost} of section {rest.section}") from lost
        found |= {_at(rest, axis, number) for number in passed}
    return frozenset(found)


def _at(cell: Cell, axis: Axis, number: int) -> Cell:
    return cell._replace(line=number) if axis == "line" else cell._replace(column=number)
