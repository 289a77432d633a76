"""The rules of DHIS2 and the equal-false-alarm threshold, by hand."""

import numpy as np
import pytest

from bench.outliers import modified_z_score, threshold_for, z_score


def test_the_z_score_counts_population_deviations_with_the_value_itself() -> None:
    assert z_score(np.array([[1.0, 1, 1, 1, 6]])) == pytest.approx([2.0])


def test_the_z_score_of_a_constant_series_is_zero() -> None:
    assert z_score(np.array([[3.0, 3, 3]])).tolist() == [0.0]


def test_the_modified_z_score_counts_median_deviations() -> None:
    assert modified_z_score(np.array([[1.0, 2, 3, 4, 10]])) == pytest.approx([0.6745 * 7])


def test_the_modified_z_score_is_blind_where_most_months_are_equal() -> None:
    assert modified_z_score(np.array([[0.0, 0, 0, 1, 900]])).tolist() == [0.0]


def test_missing_months_are_passed_over() -> None:
    history = np.array([[1.0, np.nan, 2, 3, 4, 10]])
    assert modified_z_score(history) == pytest.approx([0.6745 * 7])


@pytest.mark.parametrize(("rate", "alarms"), [(0.0, 0), (0.25, 1), (0.5, 1), (0.75, 3), (1.0, 4)])
def test_the_matched_threshold_never_alarms_more_often_than_allowed(
    rate: float, alarms: int
) -> None:
    clean = np.array([1.0, 2.0, 2.0, 5.0])
    assert int((clean >= threshold_for(clean, rate)).sum()) == alarms
