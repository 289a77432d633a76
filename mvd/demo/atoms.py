"""Atoms: the smallest sets of cells that one registered fact adds to, control rules respected.

Every control rule compares two sums of cells, so adding up sets of cells that each respect the
rules gives a workbook that respects them. An atom starts from one cell and is completed until no
rule is broken; figures are counts of atoms. Nothing here knows a form: the rules and the target
say everything.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_LONGEST_REPAIR = 4000


@dataclass(frozen=True)
class Balance:
    """Control rules as `matrix @ cells`, which must be 0 where `exact`, else at least 0."""

    matrix: sparse.csr_matrix
    exact: NDArray[np.bool_]

    def is_kept(self, cells: NDArray[np.float64]) -> bool:
        """Whether the cells (one figure per coordinate) break no rule."""
        difference = self.matrix @ cells
        return bool((difference[self.exact] == 0).all() and (difference >= 0).all())


class AtomGrower:
    """Completes atoms from seeds by raising cells until every rule holds."""

    def __init__(
        self, balance: Balance, frequency: NDArray[np.float64], random: np.random.Generator
    ) -> None:
        """`frequency` (one per cell) is the figure expected there.

        Of several cells any of which would do, the more frequent are raised more often; what a
        rule lets be part of something is added as often as the frequencies of the two say.
        """
        self._exact = balance.exact.tolist()
        self._rules = _Slices(balance.matrix)
        self._cells = _Slices(balance.matrix.tocsc())
        self._frequency = frequency
        self._random = random
        rules = np.repeat(np.arange(balance.matrix.shape[0]), np.diff(balance.matrix.indptr))
        positive = balance.matrix.data > 0
        count = balance.matrix.shape[0]
        self._one_to_raise = (np.bincount(rules[positive], minlength=count) == 1).tolist()
        self._one_to_lower = (np.bincount(rules[~positive], minlength=count) == 1).tolist()

    def grow(self, seed: int) -> dict[int, int] | None:
        """Cell -> how much one fact adds to it; None when the rules could not be met."""
        atom = _Atom()
        if not self._raise_and_repair(seed, atom):
            return None
        slack = [rule for rule, excess in atom.residual.items() if excess > 0]
        for rule in slack:
            part = self._part_to_add(rule, atom)
            if part is not None and not self._raise_and_repair(part, atom):
                return None
        return atom.cells

    def _part_to_add(self, rule: int, atom: "_Atom") -> int | None:
        """A cell of the smaller side of `rule` that may be raised without raising the larger."""
        if atom.residual[rule] <= 0:
            return None
        parts = self._candidates(rule, 1)
        part = parts[int(self._random.integers(len(parts)))] if parts else None
        if part is None or part in atom.cells:
            return None
        whole = sum(self._frequency[cell] for cell in self._candidates(rule, -1))
        likely = self._random.random() * whole < self._frequency[part] * len(parts)
        return part if likely and self._fits(part, atom) else None

    def _fits(self, cell: int, atom: "_Atom") -> bool:
        rules, signs = self._cells[cell]
        return all(
            self._exact[rule] or atom.residual.get(rule, 0.0) + sign >= 0
            for rule, sign in zip(rules, signs, strict=True)
        )

    def _raise_and_repair(self, cell: int, atom: "_Atom") -> bool:
        # Rules that one cell alone can repair come first, so that the choices left over see all
        # that the choices before them have settled.
        forced: deque[int] = deque()
        choices: deque[int] = deque()
        self._raise(cell, atom, forced, choices)
        for _ in range(_LONGEST_REPAIR):
            waiting = forced or choices
            if not waiting:
                return True
            rule = waiting.popleft()
            excess = atom.residual[rule]
            if excess == 0 or (excess > 0 and not self._exact[rule]):
                continue
            candidates = self._candidates(rule, excess)
            if not candidates:
                return False
            self._raise(self._choose(candidates, atom.residual), atom, forced, choices)
            if atom.residual[rule]:
                waiting.append(rule)
        return False

    def _candidates(self, rule: int, excess: float) -> list[int]:
        cells, signs = self._rules[rule]
        if excess < 0:
            return [cell for cell, sign in zip(cells, signs, strict=True) if sign > 0]
        return [cell for cell, sign in zip(cells, signs, strict=True) if sign < 0]

    def _choose(self, candidates: list[int], residual: dict[int, float]) -> int:
        if len(candidates) == 1:
            return candidates[0]
        gains = [self._gain(cell, residual) for cell in candidates]
        best = max(gains)
        favourites = [
            cell for cell, gain in zip(candidates, gains, strict=True) if gain >= best - 1e-9
        ]
        if len(favourites) == 1:
            return favourites[0]
        weights = np.sqrt(self._frequency[favourites]) + 1e-9
        return favourites[int(self._random.choice(len(favourites), p=weights / weights.sum()))]

    def _gain(self, cell: int, residual: dict[int, float]) -> float:
        """By how much raising the cell lessens what is broken."""
        gain = 0.0
        rules, signs = self._cells[cell]
        for rule, sign in zip(rules, signs, strict=True):
            before = residual.get(rule, 0.0)
            after = before + sign
            if self._exact[rule]:
                gain += abs(before) - abs(after)
            else:
                gain += min(after, 0.0) - min(before, 0.0)
        return gain

    def _raise(self, cell: int, atom: "_Atom", forced: deque[int], choices: deque[int]) -> None:
        atom.cells[cell] = atom.cells.get(cell, 0) + 1
        rules, signs = self._cells[cell]
        for rule, sign in zip(rules, signs, strict=True):
            atom.residual[rule] = after = atom.residual.get(rule, 0.0) + sign
            if after < 0:
                (forced if self._one_to_raise[rule] else choices).append(rule)
            elif after > 0 and self._exact[rule]:
                (forced if self._one_to_lower[rule] else choices).append(rule)


@dataclass
class _Atom:
    """Cells raised so far, and by how much the left side of each rule exceeds the right."""

    cells: dict[int, int] = field(default_factory=dict)
    residual: dict[int, float] = field(default_factory=dict)


class _Slices:
    """Rows (or columns) of a sparse matrix as lists, converted when first asked for."""

    def __init__(self, matrix: sparse.csr_matrix | sparse.csc_matrix) -> None:
        self._matrix = matrix
        self._known: dict[int, tuple[list[int], list[float]]] = {}

    def __getitem__(self, index: int) -> tuple[list[int], list[float]]:
        known = self._known.get(index)
        if known is None:
            part = slice(self._matrix.indptr[index], self._matrix.indptr[index + 1])
            known = (self._matrix.indices[part].tolist(), self._matrix.data[part].tolist())
            self._known[index] = known
        return known
