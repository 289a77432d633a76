from collections.abc import Sequence

import pandas as pd
import pytest

from expectations.submission_gate import Failure, judge


def frame(**columns: Sequence[float] | Sequence[bool]) -> pd.DataFrame:
    length = len(next(iter(columns.values())))
    return pd.DataFrame({"submission": [7] * length, "item": range(length), **columns})


def failed(name: str, data: pd.DataFrame) -> list[tuple[str, int]]:
    failures = judge({name: data})
    assert all(f.frame == name and f.submission == 7 for f in failures)
    return [(f.check, f.item) for f in failures]


def test_text_that_is_no_number_is_refused() -> None:
    assert failed("texts", frame(is_number=[True, False, True])) == [("type", 1)]


def test_a_line_with_fewer_figures_than_columns_is_refused() -> None:
    assert failed("lines", frame(found=[3, 2, 0], expected=[3, 3, 0])) == [("complete", 1)]


def test_figures_below_their_minimum_and_fractions_are_refused() -> None:
    data = frame(value=[1.0, -1.0, 0.5], minimum=[0.0, 0.0, 0.0], fraction=[0.0, 0.0, 0.5])
    assert failed("figures", data) == [("sign", 1), ("integral", 2)]


def test_a_negative_figure_passes_where_no_minimum_is_set() -> None:
    assert failed("figures", frame(value=[-5.0], minimum=[-float("inf")], fraction=[0.0])) == []


def test_unequal_sides_are_refused() -> None:
    assert failed("equal", frame(left=[1.0, 2.0], right=[1.0, 3.0])) == [("rule", 1)]


def test_a_smaller_left_side_is_refused_and_an_equal_one_is_not() -> None:
    assert failed("at_least", frame(left=[2.0, 2.0, 2.0], right=[1.0, 2.0, 3.0])) == [("rule", 2)]


def test_every_failing_row_is_returned_not_a_sample() -> None:
    count = 5000
    data = frame(left=[0.0] * count, right=[1.0] * count)
    assert failed("equal", data) == [("rule", item) for item in range(count)]


def test_rows_lead_back_to_their_submission() -> None:
    data = pd.DataFrame(
        {"submission": [0, 1, 1], "item": [9, 8, 9], "left": [1.0] * 3, "right": [1.0, 1.0, 2.0]}
    )
    assert judge({"equal": data}) == [Failure("equal", "rule", 1, 9)]


def test_an_empty_frame_has_nothing_to_refuse() -> None:
    assert judge({"equal": frame(left=[], right=[])}) == []


def test_a_frame_without_a_suite_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        judge({"unknown": frame(left=[1.0])})
