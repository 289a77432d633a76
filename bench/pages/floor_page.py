"""The section on the hand-written SQL in docs/performance.md."""

from collections.abc import Callable
from typing import Any

Result = dict[str, Any]
Table = Callable[[list[str], list[list[str]]], str]


def render(result: Result, table: Table) -> str:
    """Our models beside the hand-written SQL."""
    rows = []
    for run in result["runs"]:
        ours, by_hand = run["ours"], run["floor"]
        rows.append(
            [
                f"{run['years']} years, {run['cells'] / 1e6:.0f} million cells",
                f"{by_hand['processor_seconds']:.1f} s ({by_hand['cells']:.1f} s)",
                f"{ours['extract'] + ours['models'] - ours['nothing']:.1f} s "
                f"({ours['extract']:.1f} s)",
                f"{run['ratio']:.2f} ×" if not run["differing"] else "not compared",
                f"{ours['nothing']:.1f} s",
                f"all {len(result['marts'])} equal"
                if not run["differing"]
                else f"**{', '.join(run['differing'])} differ**",
            ]
        )
    header = [
        "lake",
        "by hand (reading the lake)",
        "ours (reading the lake)",
        "ours / by hand",
        "dbt over nothing, apart",
        "content hashes",
    ]
    return (
        "## The floor beside us\n\n"
        "The same marts from the same inputs by `bench/sql/floor.sql`, written by hand for DuckDB "
        f"alone: {', '.join(f'`{name}`' for name in result['marts'])}, all columns. Processor time "
        "of one process by hand, and of extracting cells and one dbt run of the models behind "
        "these marts; tests, the other marts, the gate and publishing are no part of either. "
        "Somebody who writes better SQL by hand would find a lower floor.\n\n"
        + table(header, rows)
        + "\n"
    )
