"""The section on dashboards in docs/performance.md."""

from collections.abc import Callable
from typing import Any

Result = dict[str, Any]
Table = Callable[[list[str], list[list[str]]], str]


def render(result: Result, table: Table) -> str:
    """What was measured; without the description of the machine."""
    browser = result["browser"]
    p95, cold = result["chart_seconds_warm_p95"], result["chart_seconds_cold_p95"]
    main = [
        ["warm dashboard complete, median", f"{browser['warm_median_seconds']:.1f} s"],
        ["chart queries in DuckDB, p95", _milliseconds(p95)],
    ]
    return (
        f"## Dashboards on {result['months']} months ({result['rows_of_figures']:,} rows)\n\n"
        + table(["what", "measured"], main)
        + f"\n{result['charts']} charts; cold p95 {_milliseconds(cold)}, warm median "
        f"{_milliseconds(result['chart_seconds_warm_median'])}; the slowest is "
        f"{result['slowest_chart']} ({_milliseconds(result['slowest_chart_seconds'])}). On twelve "
        f"months: p95 {_milliseconds(result['one_year']['chart_seconds_warm_p95'])}, median "
        f"{_milliseconds(result['one_year']['chart_seconds_warm_median'])}. The first "
        f"visit of a browser took {browser['first_opening_seconds']:.1f} s, the worst later one "
        f"{browser['warm_worst_seconds']:.1f} s.\n\n"
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
