"""The goals of the platform in one table: what was measured, and what is next where it misses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]
Table = Callable[[list[str], list[list[str]]], str]


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of a benchmark's result and its bound; `otherwise` is said when it misses."""

    what: str
    case: str
    measure: Callable[[Result], float]
    bound: float
    shown: str
    at_least: bool = False
    otherwise: str = ""

    def is_met(self, result: Result) -> bool:
        value = self.measure(result)
        return value >= self.bound if self.at_least else value <= self.bound


def cost(result: Result, release: Result) -> float:
    """Processor seconds of a release of `lake_size` beyond those of a release of no news."""
    nothing = result["runs"][0]["after"]["0"]["steps"]["transform"]["processor_seconds"]
    return float(release["processor_seconds"] - nothing)


def _after_one(result: Result) -> float:
    """The release after one new submission: the longest lake against that of one year."""
    first, *_, last = result["runs"]
    return cost(result, last["after"]["1"]) / cost(result, first["after"]["1"])


GOALS = (
    Goal(
        "one 1-М read, checked and written, against python-calamine only reading it",
        "ingest_batch",
        lambda r: float(r["1_processes"]["ratio_to_calamine"]),
        1.0,
        "{:.2f} ×",
        otherwise="python-calamine reads faster today than when the goal was set (0.22 s then). "
        "Ours reads with the same Rust library; checking, writing and the ledger come on "
        "top. Next: fewer passes over the cells after "
        "reading.",
    ),
    Goal(
        "the same against openpyxl only reading it",
        "ingest_batch",
        lambda r: float(r["1_processes"]["times_faster_than_openpyxl"]),
        8.0,
        "{:.1f} × faster",
        at_least=True,
        otherwise="bounded by the line above: calamine alone is less than eight times faster.",
    ),
    Goal(
        "a month of every district, two processes against one",
        "national_month",
        lambda r: float(r["speed_up"]),
        1.8,
        "{:.2f} ×",
        at_least=True,
        otherwise="one process judges and writes to the ledger while two read; with two processors "
        "the three share them. Next: judge in the readers.",
    ),
    Goal(
        "… its peak memory",
        "national_month",
        lambda r: float(r["peak_memory_gib"]),
        2.0,
        "{:.2f} GiB",
    ),
    Goal(
        "… Parquet against the workbooks",
        "national_month",
        lambda r: float(r["parquet_share"]),
        0.05,
        "{:.1%}",
    ),
    Goal(
        "first verdict in the portal, nineteen departments sending a 1-М at once",
        "desk_rush",
        lambda r: float(r["first_verdict_seconds"]),
        5.0,
        "{:.1f} s",
    ),
    Goal(
        "… the last verdict",
        "desk_rush",
        lambda r: float(r["last_verdict_seconds"]),
        30.0,
        "{:.1f} s",
    ),
    Goal("… reports lost", "desk_rush", lambda r: float(r["lost"]), 0.0, "{:.0f}"),
    Goal(
        "release after one new submission, ten years of history against one",
        "lake_size",
        _after_one,
        2.0,
        "{:.2f} ×",
    ),
    Goal(
        "a year of every district built, gated, published: peak memory, with the limit of 2 GB",
        "districts_year",
        lambda r: float(r["release"]["peak_memory_bytes"]) / 1e9,
        2.0,
        "{:.2f} GB",
    ),
    Goal(
        "ten years of every region: peak memory of any stage, with the limit of 2 GB",
        "memory",
        lambda r: max([*r["stages"].values(), *r["after_20"].values()]) / 1e9,
        2.0,
        "{:.2f} GB",
    ),
    Goal(
        "full build against hand-written SQL in DuckDB alone",
        "floor",
        lambda r: max(float(run["ratio"]) for run in r["runs"]),
        1.5,
        "{:.2f} ×",
    ),
    Goal(
        "queries of the dashboards on ten years, p95",
        "dashboards",
        lambda r: float(r["chart_seconds_warm_p95"]) * 1000,
        100.0,
        "{:.0f} ms",
    ),
    Goal(
        "a dashboard complete in the browser, warm, median",
        "dashboards",
        lambda r: float(r["browser"]["warm_median_seconds"]),
        3.0,
        "{:.1f} s",
    ),
    Goal(
        "errors and mixed releases, twenty readers while releases are published",
        "publish_under_readers",
        lambda r: float(r["errors"] + r["mixed"]),
        0.0,
        "{:.0f}",
    ),
    Goal(
        "twenty workbooks dropped, until Airflow has the release visible",
        "airflow_batch",
        lambda r: float(r["visible_seconds"]),
        90.0,
        "{:.0f} s",
    ),
)


def render(results: Mapping[str, Result], table: Table) -> str:
    """A row for each goal; what nobody has measured yet says so."""
    rows = [_row(goal, results.get(goal.case)) for goal in GOALS]
    return "## The goals\n\n" + table(["what", "measured", "goal", "", "run"], rows)


def _row(goal: Goal, result: Result | None) -> list[str]:
    bound = ("≥ " if goal.at_least else "≤ ") + goal.shown.format(goal.bound)
    if result is None:
        return [goal.what, "not measured", bound, "", ""]
    verdict = "met" if goal.is_met(result) else f"**not met**: {goal.otherwise}"
    size = "short" if result["quick"] else "full"
    return [goal.what, goal.shown.format(goal.measure(result)), bound, verdict, size]
