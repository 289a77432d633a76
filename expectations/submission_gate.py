"""The gate before acceptance: Great Expectations judges the frames of a batch of submissions.

Vectorised code lays out what is to be judged, one row per fact and one column per operand; Great
Expectations decides, and every row that fails comes back with its index, so that it leads to a
cell. Rows that cannot fail (a zero is never negative, 0 = 0) need not be in the frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from expectations.validation import context, one_at_a_time, validate

if TYPE_CHECKING:
    import pandas as pd

INDEX = ("submission", "item")
"""Columns of every frame that name a row: place of the submission in the batch, place within."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that an expectation refused."""

    frame: str
    check: str
    submission: int
    item: int


def judge(frames: Mapping[str, pd.DataFrame]) -> list[Failure]:
    """Every failing row of `frames`, in the order of frames, checks and rows.

    Frames by name, each with the columns of `INDEX` and those of its checks:
    `texts` (is_number: bool), `lines` (found, expected: int), `figures` (value, minimum,
    maximum, fraction: float; fraction 0 where fractions are allowed), `equal` and `at_least`
    (left, right: float). Raises KeyError for another name.
    """
    failures: list[Failure] = []
    with one_at_a_time:
        for name, frame in frames.items():
            suite = _suites()[name]
            if len(frame):
                failures.extend(_failures(name, validate(name, frame, suite, index=INDEX)))
    return failures


def warm_up() -> None:
    """Import Great Expectations and run it once, so that the first verdict is not late."""
    import pandas as pd

    judge({"lines": pd.DataFrame({"submission": [0], "item": [0], "found": [1], "expected": [1]})})


@cache
def _suites() -> Mapping[str, Any]:
    from expectations.library import gx, gxe

    context()  # without one a suite cannot be filled

    def suite(name: str, *expectations: tuple[str, Any]) -> Any:
        built = gx.ExpectationSuite(name=name)
        for check, expectation in expectations:
            expectation.meta = {"check": check}
            built.add_expectation(expectation)
        return built

    def at_least(left: str, right: str) -> Any:
        return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=left, column_B=right, or_equal=True
        )

    def equal(left: str, right: str) -> Any:
        return gxe.ExpectColumnPairValuesToBeEqual(column_A=left, column_B=right)

    return {
        "texts": suite(
            "texts",
            ("type", gxe.ExpectColumnValuesToBeInSet(column="is_number", value_set=[True])),
        ),
        "lines": suite("lines", ("complete", equal("found", "expected"))),
        "figures": suite(
            "figures",
            ("sign", at_least("value", "minimum")),
            ("size", at_least("maximum", "value")),
            ("integral", gxe.ExpectColumnValuesToBeBetween(column="fraction", max_value=0)),
        ),
        "equal": suite("equal", ("rule", equal("left", "right"))),
        "at_least": suite("at_least", ("rule", at_least("left", "right"))),
    }


def _failures(name: str, result: Any) -> Iterator[Failure]:
    for outcome in result.results:
        if outcome.exception_info.get("raised_exception"):
            raise RuntimeError(f"the check of {name} could not run: {outcome.exception_info}")
        for row in outcome.result.get("unexpected_index_list") or ():
            yield Failure(
                frame=name,
                check=outcome.expectation_config.meta["check"],
                submission=int(row["submission"]),
                item=int(row["item"]),
            )
