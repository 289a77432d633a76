"""Slips put in on purpose are the slips they claim to be."""

import numpy as np

from warehouse.statistics.slips import SLIPS, lose_digit, spoil


def test_a_lost_digit_is_the_first_or_the_last() -> None:
    rng = np.random.default_rng(0)
    assert set(lose_digit(rng, np.full(50, 347.0)).tolist()) == {34, 47}
    assert set(lose_digit(rng, np.full(50, 7.0)).tolist()) == {0}


def test_each_slip_changes_its_cells_as_named_and_no_other() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(1, 500, (30, 60)).astype(float)
    before = rng.integers(0, 900, values.shape).astype(float)
    oblast = np.arange(60) // 10
    spoiled = spoil(rng, values, before, oblast, 0.03)
    where = {name: spoiled.slip == number for number, name in enumerate(SLIPS)}
    assert all(cells.sum() > 10 for cells in where.values())
    untouched = spoiled.slip == -1
    np.testing.assert_array_equal(spoiled.values[untouched], values[untouched])
    doubled = where["doubled_month"]
    np.testing.assert_array_equal(spoiled.values[doubled], 2 * values[doubled])
    typed = where["month_as_ytd"]
    np.testing.assert_array_equal((spoiled.values + before)[typed], values[typed])
    totals = values.reshape(30, 6, 10).sum(2)[:, oblast]
    total = where["oblast_in_district"]
    np.testing.assert_array_equal(spoiled.values[total], totals[total])
    swapped = where["swapped_rows"]
    np.testing.assert_array_equal(np.sort(spoiled.values[swapped]), np.sort(values[swapped]))


def test_cells_without_a_report_or_below_zero_are_left_alone() -> None:
    values = np.array([[np.nan, -2.0]])
    spoiled = spoil(np.random.default_rng(0), values, np.zeros((1, 2)), np.zeros(2, int), 0.2)
    assert (spoiled.slip == -1).all()
