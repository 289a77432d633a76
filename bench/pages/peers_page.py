"""The sections on the floor, the stages and the peers in docs/performance.md."""

import statistics
from collections.abc import Callable
from typing import Any

Result = dict[str, Any]
Table = Callable[[list[str], list[list[str]]], str]


def floor(result: Result, table: Table) -> str:
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


def stages(result: Result, table: Table) -> str:
    """Shares of the processor time of taking in and of a release."""
    parts = {
        **{name: stage["processor_seconds"] for name, stage in sorted(result["taking_in"].items())},
        **result["release"],
    }
    total = sum(parts.values())
    rows = [[name, f"{seconds:.1f} s", f"{seconds / total:.0%}"] for name, seconds in parts.items()]
    return (
        f"## Where the time of one release goes\n\n{result['workbooks']} 1-М "
        f"({result['source']} workbooks) taken in by one process, and the release after as many "
        f"new 1-М in a lake of three years, {result['cells'] / 1e6:.0f} million cells. Processor "
        f"time, {total:.0f} s together. What dbt's models and tests took is divided among them by "
        "the seconds that dbt tells.\n\n" + table(["stage", "processor time", "share"], rows) + "\n"
    )


def ingest(result: Result, table: Table) -> str:
    """Taking in beside the usual pipeline and frictionless."""
    names = {
        "ours": "ours",
        "usual": "pandas, openpyxl, Great Expectations",
        "frictionless": result["frictionless_version"].replace("==", " "),
    }
    our_cost = result["ours"]["processor_seconds_each"]
    rows = [
        [
            title,
            f"{result[key]['cold_seconds']:.1f} s",
            f"{result[key]['p50_seconds']:.2f} s",
            f"{result[key]['p95_seconds']:.2f} s",
            f"{result[key]['processor_seconds_each']:.2f} s",
            f"{result[key]['processor_seconds_each'] / our_cost:.1f} ×",
            f"{result[key]['peak_memory_mib']:.0f} MiB",
        ]
        for key, title in names.items()
    ]
    header = [
        "per workbook, one at a time",
        "cold (with imports)",
        "p50",
        "p95",
        "processor",
        "processor / ours",
        "peak memory",
    ]
    return (
        f"## Taking in one 1-М beside the usual tools ({result['source']} workbooks)\n\n"
        + table(header, rows)
        + "\nThe work is not equal, and ours does the most. *Ours* keeps the bytes, recognises "
        "form and territory, judges cells and all control rules inside the form, gives every "
        "finding its cell and its text, and writes ledger and lake. *pandas* reads all sheets with "
        "openpyxl, knows beforehand where the figures lie, melts them, sums both sides of the same "
        "control rules and lets Great Expectations compare; it writes Parquet and keeps nothing "
        "else. *frictionless* reports cells that are no numbers or below zero; it knows no rule "
        "across cells.\n\n"
    )


def queries(result: Result, table: Table) -> str:
    """Eighteen questions to DuckDB and PostgreSQL."""
    rows = []
    for number, found in enumerate(result["questions"], start=1):
        duck, post, opened = (
            statistics.median(found["warm"][name]) for name in ("duckdb", "postgres", "mvd_sql")
        )
        rows.append(
            [
                f"{number}. **{found['name']}**: {found['sentence']}",
                str(found["rows"]),
                _milliseconds(duck),
                _milliseconds(opened),
                _milliseconds(post),
                f"{'DuckDB' if duck < post else 'PostgreSQL'}, "
                f"{max(duck, post) / min(duck, post):.1f} ×",
            ]
        )
    slower = sum(row[-1].startswith("PostgreSQL") for row in rows)
    unequal = [found["name"] for found in result["questions"] if not found["is_equal"]]
    each = result["processor_seconds_each"]
    states = [
        [
            f"{state}, {name}",
            _milliseconds(result["all"][state][key]["p50"]),
            _milliseconds(result["all"][state][key]["p95"]),
        ]
        for state, key, name in (
            ("warm", "duckdb", "DuckDB, one open connection"),
            ("warm", "mvd_sql", "DuckDB through `mvd sql`, opened for each question"),
            ("warm", "postgres", "PostgreSQL, one open connection"),
            ("cold", "duckdb", "DuckDB, opened for each question"),
            ("cold", "postgres", "PostgreSQL, connected for each question"),
        )
    ]
    answers = f"**differ in {', '.join(unequal)}**" if unequal else "are equal row by row"
    return (
        "## Eighteen questions beside PostgreSQL\n\n"
        "The shapes of the requests with which DHIS2 measures its analytics, put to simulated "
        f"facts of {result['months']} months ({result['rows']:,} rows of indicators), published "
        f"as every release is; the same SQL and tables in PostgreSQL {result['postgres']} with "
        f"{len(result['indexes'])} keys and indexes, VACUUM, ANALYZE and work_mem 64 MB. Answers "
        f"{answers}. {result['readers']} readers with different choices; engines take turns.\n\n"
        + table(["all questions", "p50", "p95"], states)
        + f"\nProcessor time for a question, warm: DuckDB {_milliseconds(each['duckdb'])}, "
        f"through `mvd sql` {_milliseconds(each['mvd_sql'])}, PostgreSQL "
        f"{_milliseconds(each['postgres'])}.\n\n"
        + table(
            ["question", "rows", "DuckDB", "`mvd sql`", "PostgreSQL", "faster, open connections"],
            rows,
        )
        + f"\nPostgreSQL is the faster one in {slower} of {len(rows)}: an index leads it to a few "
        "rows, where DuckDB reads the part of the table in which they lie. `mvd sql` opens a "
        "database of its own for each question, so that one reader's settings never reach "
        "another's; that is most of its time.\n\n"
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
