"""Control rules compiled to two sparse matrices and evaluated over whole files at once.

A comparison is a row of both matrices: `left @ values` OP `right @ values`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from warehouse.contracts.forms import Form
from warehouse.contracts.rules import (
    Comparisons,
    Evidence,
    MassBreach,
    Operator,
    Rule,
    RuleBook,
    Term,
    expand,
)

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

_OPERATORS: tuple[Operator, ...] = ("=", ">=", "<=")
# Room for binary rounding of sums of fractional values; sums of counts are exact.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class CompiledRules:
    """The comparisons of a rule book over the coordinates of `forms`, laid end to end.

    All arrays have one item per comparison. `rule_index` points into `rules`; `op` into
    =, >=, <=; `anchor` is the coordinate whose cell is reported; `slack` is the difference allowed.
    `touches` has a row per section, of all forms in order: 1 where the comparison uses the section.
    """

    forms: tuple[Form, ...]
    rules: tuple[Rule, ...]
    left: sp.csr_array
    right: sp.csr_array
    rule_index: NDArray[np.int32]
    op: NDArray[np.int8]
    anchor: Integers
    slack: Floats
    touches: sp.csr_array
    mass_breach: MassBreach | None

    def __len__(self) -> int:
        return len(self.rule_index)

    @cached_property
    def size(self) -> int:
        """Number of coordinates that values must have."""
        return int(self.left.shape[1])

    def participants(self, comparison: int) -> tuple[Integers, Integers]:
        """Coordinates on the left and on the right side of one comparison."""
        return _row(self.left, comparison), _row(self.right, comparison)

    def place(self, coordinate: int) -> tuple[Form, str, int, int]:
        """Form, section code, line and column of a coordinate."""
        start = 0
        for form in self.forms:
            size = len(form.coordinates)
            if coordinate < start + size:
                found = form.coordinates
                at = coordinate - start
                section = form.sections[int(found.section[at])].code
                return form, section, int(found.line[at]), int(found.column[at])
            start += size
        raise IndexError(coordinate)

    def describe(self, comparison: int) -> tuple[str, str]:
        """Both sides as text without words, such as "R1 [13] (2)" and "R1 [14-47] (2)".

        Lines stand in square brackets and columns in round ones; the form is named when there are
        several.
        """
        left, right = self.participants(comparison)
        return self._side(left), self._side(right)

    def _side(self, coordinates: Integers) -> str:
        places = [self.place(int(coordinate)) for coordinate in coordinates]
        lines: dict[tuple[str, int], list[int]] = {}
        for form, section, line, column in places:
            name = section if len(self.forms) == 1 else f"{form.code} {section}"
            lines.setdefault((name, column), []).append(line)
        merged: dict[tuple[str, str], list[int]] = {}
        for (name, column), codes in lines.items():
            merged.setdefault((name, _ranges(codes)), []).append(column)
        return " + ".join(f"{n} [{codes}] ({_ranges(g)})" for (n, codes), g in merged.items())


@dataclass(frozen=True)
class Outcome:
    """Sides and results of all comparisons; shape (comparisons,) or (comparisons, files).

    A comparison with a missing value is not `applicable` and counts as `ok`; its sides are NaN.
    """

    left: Floats
    right: Floats
    ok: Booleans
    applicable: Booleans

    @property
    def nonzero(self) -> Booleans:
        """Applicable comparisons in which a side is not zero."""
        found: Booleans = self.applicable & ((self.left != 0) | (self.right != 0))
        return found


def compile_rules(form: Form, book: RuleBook) -> CompiledRules:
    """Compile the rules inside one form. Raises ContractError for a rule that does not fit it."""
    return _compile((form,), book)


def compile_cross_rules(forms: Sequence[Form], book: RuleBook) -> CompiledRules:
    """Compile rules of form against form; values are then concatenated in the order of `forms`."""
    return _compile(tuple(forms), book)


def evaluate(compiled: CompiledRules, values: Floats) -> Outcome:
    """Evaluate all comparisons on values of shape (coordinates,) or (files, coordinates).

    NaN is a missing value. Raises ValueError when the number of coordinates is not that of the
    form.
    """
    if values.shape[-1] != compiled.size:
        raise ValueError(f"{values.shape[-1]} values for {compiled.size} coordinates")
    columns = np.asarray(values, dtype=np.float64).T
    left: Floats = compiled.left @ columns
    right: Floats = compiled.right @ columns
    difference = left - right
    per_row = (slice(None),) + (None,) * (difference.ndim - 1)
    slack, op = compiled.slack[per_row], compiled.op[per_row]
    applicable = ~np.isnan(difference)
    too_small = (difference < -slack) & (op != _OPERATORS.index("<="))
    too_large = (difference > slack) & (op != _OPERATORS.index(">="))
    return Outcome(left, right, ~(too_small | too_large), applicable)


@dataclass(frozen=True)
class SectionBreaches:
    """Per section, of all forms in order: comparisons with a non-zero side, how many of them are
    broken, and whether that is so many that the sheet must be damaged.

    Shape (sections,) or (sections, files).
    """

    checked: Integers
    broken: Integers
    damaged: Booleans


def breaches_by_section(compiled: CompiledRules, outcome: Outcome) -> SectionBreaches:
    """Count breaches by section and apply the `mass_breach` of the rule book."""
    checked = (compiled.touches @ outcome.nonzero.astype(np.float64)).astype(np.int64)
    broken = (compiled.touches @ (~outcome.ok).astype(np.float64)).astype(np.int64)
    limit = compiled.mass_breach
    if limit is None:
        return SectionBreaches(checked, broken, np.zeros(checked.shape, dtype=np.bool_))
    damaged = (checked >= limit.minimum) & (broken >= limit.share * checked)
    return SectionBreaches(checked, broken, damaged)


def measure(compiled: CompiledRules, values: Floats) -> dict[str, Evidence]:
    """Evidence for every rule on real files, shape (files, coordinates), by rule id."""
    outcome = evaluate(compiled, values)
    difference = np.abs(outcome.left - outcome.right)
    found = {}
    for index, rule in enumerate(compiled.rules):
        mine = compiled.rule_index == index
        broken = ~outcome.ok[mine]
        found[rule.id] = Evidence(
            regions=len(values),
            comparisons=int(outcome.applicable[mine].sum()),
            nonzero=int(outcome.nonzero[mine].sum()),
            broken=int(broken.sum()),
            broken_regions=int(broken.any(axis=0).sum()),
            largest_difference=round(float(difference[mine][broken].max(initial=0)), 3),
        )
    return found


def _compile(forms: tuple[Form, ...], book: RuleBook) -> CompiledRules:
    size = sum(len(form.coordinates) for form in forms)
    groups = [
        (index, comparisons)
        for index, rule in enumerate(book.rules)
        for comparisons in expand(rule, forms)
    ]
    lengths = [len(comparisons) for _, comparisons in groups]
    starts = np.cumsum([0, *lengths])
    left = _matrix([c.left for _, c in groups], starts, size)
    right = _matrix([c.right for _, c in groups], starts, size)
    operators = np.array([_OPERATORS.index(rule.op) for rule in book.rules], dtype=np.int8)
    rule_index = np.repeat(np.array([index for index, _ in groups], dtype=np.int32), lengths)
    return CompiledRules(
        forms=forms,
        rules=book.rules,
        left=left,
        right=right,
        rule_index=rule_index,
        op=operators[rule_index] if groups else np.zeros(0, dtype=np.int8),
        anchor=_anchors(groups),
        slack=_slack(forms, left, right, book.tolerance),
        touches=_touches(forms, left, right),
        mass_breach=book.mass_breach,
    )


def _matrix(sides: Iterable[tuple[Term, ...]], starts: Integers, size: int) -> sp.csr_array:
    rows, columns, signs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for start, terms in zip(starts, sides, strict=False):
        for sign, positions in terms:
            rows.append(start + np.arange(len(positions)))
            columns.append(positions)
            signs.append(np.full(len(positions), float(sign)))
    entries: tuple[Any, Any] = (np.concatenate(rows), np.concatenate(columns))
    shape = (int(starts[-1]), size)
    return sp.coo_array((np.concatenate(signs), entries), shape=shape).tocsr()


def _anchors(groups: Sequence[tuple[int, Comparisons]]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *(c.left[0][1] for _, c in groups)])


def _slack(
    forms: Iterable[Form], left: sp.csr_array, right: sp.csr_array, tolerance: float
) -> Floats:
    fractional = np.concatenate(
        [
            np.tile([not column.integral for column in section.columns], len(section.lines))
            for form in forms
            for section in form.sections
        ]
    ).astype(np.float64)
    touched = (abs(left) + abs(right)) @ fractional
    return np.where(touched > 0, max(tolerance, _ROUNDING), 0.0)


def _touches(forms: Iterable[Form], left: sp.csr_array, right: sp.csr_array) -> sp.csr_array:
    sizes = [section.size for form in forms for section in form.sections]
    places = (np.arange(sum(sizes)), np.repeat(np.arange(len(sizes)), sizes))
    of_section = sp.csr_array((np.ones(sum(sizes)), places), shape=(sum(sizes), len(sizes)))
    touches = sp.csr_array(((abs(left) + abs(right)) @ of_section).T)
    touches.data[:] = 1
    return touches


def _row(matrix: sp.csr_array, row: int) -> Integers:
    return np.asarray(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]], dtype=np.int64)


def _ranges(numbers: Iterable[int]) -> str:
    ordered = sorted(set(numbers))
    runs = (
        [number for _, number in run]
        for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])
    )
    return ", ".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
