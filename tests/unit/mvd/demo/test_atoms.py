import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from mvd.demo.atoms import AtomGrower, Balance

# Four lines (total and three parts) by three columns (all and two parts), and a fourth column
# "of them against women" that may not exceed the first.
LINES, COLUMNS = 4, 4


def cell(line: int, column: int) -> int:
    return line * COLUMNS + column


@pytest.fixture(scope="module")
def balance() -> Balance:
    rows, exact = [], []
    for column in range(COLUMNS):
        rows.append({cell(0, column): 1, **{cell(line, column): -1 for line in (1, 2, 3)}})
        exact.append(True)
    for line in range(LINES):
        rows.append({cell(line, 0): 1, cell(line, 1): -1, cell(line, 2): -1})
        exact.append(True)
        rows.append({cell(line, 0): 1, cell(line, 3): -1})
        exact.append(False)
    matrix = sparse.lil_matrix((len(rows), LINES * COLUMNS))
    for number, row in enumerate(rows):
        for place, sign in row.items():
            matrix[number, place] = sign
    return Balance(matrix.tocsr(), np.array(exact))


def grower(balance: Balance, frequency: np.ndarray, seed: int = 1) -> AtomGrower:
    return AtomGrower(balance, frequency, np.random.default_rng(seed))


def as_cells(atom: dict[int, int] | None) -> np.ndarray:
    assert atom is not None
    cells = np.zeros(LINES * COLUMNS)
    cells[list(atom)] = list(atom.values())
    return cells


@given(seed=st.integers(0, LINES * COLUMNS - 1), luck=st.integers(0, 1000))
def test_an_atom_from_any_cell_breaks_no_rule(balance: Balance, seed: int, luck: int) -> None:
    cells = as_cells(grower(balance, np.ones(LINES * COLUMNS), luck).grow(seed))
    assert cells[seed] >= 1
    assert balance.is_kept(cells)


def test_a_fact_on_one_line_and_column_adds_to_its_totals_and_to_nothing_else(
    balance: Balance,
) -> None:
    frequency = np.zeros(LINES * COLUMNS)
    cells = as_cells(grower(balance, frequency).grow(cell(2, 1)))
    assert set(np.flatnonzero(cells)) == {cell(2, 1), cell(2, 0), cell(0, 1), cell(0, 0)}


def test_a_part_comes_as_often_as_the_frequencies_say(balance: Balance) -> None:
    frequency = np.ones(LINES * COLUMNS)
    for line in range(LINES):
        frequency[cell(line, 3)] = 0.0
    for luck in range(50):
        cells = as_cells(grower(balance, frequency, luck).grow(cell(1, 1)))
        assert cells[cell(0, 3)] == 0


def test_a_broken_sum_is_noticed(balance: Balance) -> None:
    cells = as_cells(grower(balance, np.ones(LINES * COLUMNS)).grow(cell(1, 1)))
    cells[cell(0, 0)] += 1
    assert not balance.is_kept(cells)
