"""The simulated decade: reproducible, and its submissions tell its truth in the end."""

from dataclasses import fields

import numpy as np
import pytest

from tests.support.simulated_outliers import (
    HARVEST_MONTHS,
    Decade,
    DecadeParameters,
    simulate,
    year_to_date,
)

SMALL = DecadeParameters(districts=40, oblasts=5, indicators=6, new_oblasts=2)


@pytest.fixture(scope="module")
def decade() -> Decade:
    return simulate(7, SMALL)


def test_the_same_seed_gives_the_same_decade(decade: Decade) -> None:
    again = simulate(7, SMALL)
    np.testing.assert_array_equal(again.counts, decade.counts)
    for field in fields(decade.submissions):
        np.testing.assert_array_equal(
            getattr(again.submissions, field.name), getattr(decade.submissions, field.name)
        )


def test_another_seed_gives_another_decade(decade: Decade) -> None:
    assert not np.array_equal(simulate(8, SMALL).counts, decade.counts, equal_nan=True)


def test_year_to_date_starts_again_each_january() -> None:
    counts = np.arange(1.0, 25.0)
    ytd = year_to_date(counts)
    assert ytd[:3].tolist() == [1, 3, 6]
    assert ytd[11:14].tolist() == [78, 13, 27]


def test_year_to_date_of_a_district_born_in_march() -> None:
    counts = np.array([np.nan, np.nan, 4, 5, *[0] * 8])
    assert np.isnan(year_to_date(counts)[:2]).all()
    assert year_to_date(counts)[2:5].tolist() == [4, 9, 9]


def test_months_may_be_negative_but_no_year_to_date_is(decade: Decade) -> None:
    assert (decade.counts < 0).any()
    assert np.nanmin(year_to_date(decade.counts)) >= 0


def test_the_means_span_the_range_asked_for() -> None:
    means = simulate(1).means
    low, high = np.nanquantile(means, [0.05, 0.97])
    assert low < 0.3
    assert high > 450


def test_in_the_end_the_submissions_tell_the_truth_but_for_missing_reports(
    decade: Decade,
) -> None:
    known = decade.submissions.known_at(np.datetime64("2100-01-01"), 40, decade.months)
    truth = year_to_date(decade.counts)
    reported = np.isfinite(known)
    np.testing.assert_array_equal(known[reported], truth[reported])
    missing = np.isfinite(truth) & ~reported
    assert 0 < missing.mean() < 0.02


def test_a_view_as_of_a_day_equals_the_replay_of_what_had_arrived(decade: Decade) -> None:
    events = decade.submissions
    moment = np.datetime64("2020-07-20")
    replay: dict[tuple[int, int], np.ndarray] = {}
    for district, month, received, ytd in zip(
        events.district, events.month, events.received_at, events.ytd, strict=True
    ):
        if received <= moment:
            replay[int(district), int(month)] = ytd
    known = events.known_at(moment, 40, decade.months)
    assert int(np.isfinite(known[0]).sum()) == len(replay)
    for (district, month), ytd in replay.items():
        np.testing.assert_array_equal(known[:, district, month], ytd)


def test_events_are_in_the_order_of_receipt_and_after_their_period(decade: Decade) -> None:
    events = decade.submissions
    assert (np.diff(events.received_at.astype(np.int64)) >= 0).all()
    ends = np.datetime64("2016-01", "M") + events.month + 1
    assert (events.received_at >= ends.astype("datetime64[s]")).all()


def test_some_submissions_are_late_and_some_corrected(decade: Decade) -> None:
    events = decade.submissions
    ends = (np.datetime64("2016-01", "M") + events.month + 1).astype("datetime64[s]")
    first = events.version == 1
    late = (events.received_at - ends)[first] > np.timedelta64(5, "D")
    assert 0.02 < late.mean() < 0.12
    assert 0.01 < (~first).sum() / first.sum() < 0.08


def test_the_reform_moves_districts_but_no_count(decade: Decade) -> None:
    before, after = decade.oblast_as_was[:, 0], decade.oblast_as_was[:, -1]
    assert set(after) - set(before) == {5, 6}
    np.testing.assert_array_equal(after, decade.oblast)
    assert decade.reform_month == (2022 - 2016) * 12 + 5


def test_the_new_district_stands_within_the_old_one_before_the_split(decade: Decade) -> None:
    month, old, new = decade.split
    assert np.isnan(decade.counts[:, new, :month]).all()
    assert np.isfinite(decade.counts[:, new, month:]).all()
    ratio = decade.means[:, old, month] / decade.means[:, old, month - 1]
    assert np.median(ratio) < 0.85
    assert decade.breaks[[old, new], month].all()
    assert decade.breaks.sum() == 2


def test_the_harvest_peaks_in_autumn() -> None:
    decade = simulate(3)
    season = decade.means[decade.harvest].reshape(3, 240, 10, 12)[:, :200].mean(axis=(0, 1, 2))
    assert int(season.argmax()) in HARVEST_MONTHS
    assert season.max() > 1.5 * np.median(season)
