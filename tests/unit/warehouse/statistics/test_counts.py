"""Tests of small counts against values computed by hand and against independent formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from warehouse.statistics.counts import (
    false_discovery,
    log_probability,
    lower_tail,
    two_sided,
    upper_tail,
)

means = st.floats(0.05, 2000)
variations = st.floats(0.002, 5)


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=np.float64)


@pytest.mark.parametrize(
    ("value", "at_least", "at_most"), [(0, 1.0, 1 / 2), (1, 1 / 2, 3 / 4), (3, 1 / 8, 15 / 16)]
)
def test_the_geometric_distribution_of_mean_one_halves_at_each_step(
    value: float, at_least: float, at_most: float
) -> None:
    assert upper_tail(one(value), one(1), one(1))[0] == pytest.approx(at_least)
    assert lower_tail(one(value), one(1), one(1))[0] == pytest.approx(at_most)
    assert log_probability(one(value), one(1), one(1))[0] == pytest.approx(-(value + 1) * np.log(2))


def test_the_middle_value_counts_half_in_the_two_sided_probability() -> None:
    assert two_sided(one(3), one(1), one(1))[0] == pytest.approx(1 / 8 + 1 / 16)


@given(st.integers(0, 200), st.integers(1, 300), st.floats(0.5, 60))
def test_averaging_over_the_open_mean_gives_the_exact_conditional_test(
    value: int, history: int, exposure: float
) -> None:
    # Of the events of both periods each fell into the tested one with the same probability.
    given_sum = stats.binom(value + history, 1 / (1 + exposure))
    at_least, at_most = given_sum.sf(value - 1), given_sum.cdf(value)
    above = upper_tail(one(value), one((history + 1) / exposure), one(1 / (history + 1)))
    below = lower_tail(one(value), one(history / exposure), one(1 / history))
    assert above[0] == pytest.approx(at_least, rel=1e-6, abs=1e-12)
    assert below[0] == pytest.approx(at_most, rel=1e-6, abs=1e-12)


@given(st.integers(0, 60), st.floats(0.1, 40))
def test_without_variation_the_tail_is_poissonian(value: int, mean: float) -> None:
    assert upper_tail(one(value), one(mean), one(1e-9))[0] == pytest.approx(
        stats.poisson.sf(value - 1, mean), rel=1e-4, abs=1e-9
    )


@given(means, variations)
def test_a_larger_value_is_never_less_surprising_upwards(mean: float, variation: float) -> None:
    values = np.arange(0, 60, dtype=np.float64)
    tail = upper_tail(values, np.full(60, mean), np.full(60, variation))
    assert (np.diff(tail) <= 1e-12).all()
    assert tail[0] == 1.0


@given(st.integers(0, 500), means, variations)
def test_both_tails_share_only_the_value_itself(value: int, mean: float, variation: float) -> None:
    total = upper_tail(one(value), one(mean), one(variation)) + lower_tail(
        one(value), one(mean), one(variation)
    )
    itself = np.exp(log_probability(one(value), one(mean), one(variation)))
    assert total[0] == pytest.approx(1 + itself[0], abs=1e-9)


def test_q_values_of_four_hypotheses() -> None:
    q = false_discovery(np.array([0.5, 0.01, 0.03, 0.02]), 4)
    assert q == pytest.approx([0.5, 0.04, 0.04, 0.04])


def test_unlisted_hypotheses_count_as_tested() -> None:
    assert false_discovery(np.array([0.001]), 100) == pytest.approx([0.1])
