"""What is measured guards a goal, and every goal is measured."""

from bench.cases import CASES, LONG, SHORT
from bench.pages.goals_page import GOALS


def test_each_benchmark_guards_a_goal_and_each_goal_has_a_benchmark() -> None:
    assert {goal.case for goal in GOALS} == CASES.keys()


def test_what_a_short_run_measures_is_a_benchmark() -> None:
    assert {*SHORT, *LONG} <= CASES.keys()
