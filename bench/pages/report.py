"""docs/performance.md, written from the result files."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from bench.pages import dashboards_page, floor_page, goals_page

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"

# Share of the processors in use before a run from which the machine counts as busy.
_BUSY = 0.2
_INTRODUCTION = """# Performance

Written from `bench/results/*.json` by `make bench`; do not edit. `QUICK=1` runs the main ones in
short, `FULL=1` the ten years and the year of districts too. What only a short run has
measured says so; a short run does not replace the result of a full one.
Every goal is a ratio of two things measured in one run on one machine, because seconds alone say
more about the machine than about the work.
"""


def file_of(name: str, *, quick: bool) -> Path:
    """Where the result of a benchmark is kept; a short run does not replace a full one."""
    return RESULTS / f"{name}{'.quick' if quick else ''}.json"


def write() -> None:
    """Render every result that there is; that of a full run before that of a short one."""
    results = {name: found for name in _SECTIONS if (found := _result(name))}
    # The faults are a program of their own.
    minutes = sum(result.get("seconds_in_all", 0) for result in results.values()) / 60
    took = f"The runs below, without those with faults, took {minutes:.0f} minutes.\n"
    parts = [_INTRODUCTION + took, goals_page.render(results, _table)]
    parts += [_SECTIONS[name](result) for name, result in results.items()]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def _result(name: str) -> dict[str, Any] | None:
    files = [file_of(name, quick=quick) for quick in (False, True)]
    file = next((file for file in files if file.exists()), None)
    return json.loads(file.read_text(encoding="utf-8")) if file else None


def _machine(result: dict[str, Any]) -> str:
    machine = result["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    busy = machine["processors_busy_before"] > _BUSY
    warning = "**The machine was busy with other work: wall-clock figures are unreliable.** "
    run = "short run" if result["quick"] else "full run"
    return (
        f"{warning if busy else ''}Read {machine['read_at']} ({run}) on "
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}, processors "
        f"{machine['processors_busy_before']:.0%} busy before, "
        f"Python {machine['python']}, {packages}, commit {machine['commit']}.\n"
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _ingest_batch(result: dict[str, Any]) -> str:
    rows = []
    for processes in (1, 2):
        run = result[f"{processes}_processes"]
        rows.append(
            [
                str(processes),
                f"{run['calamine_read_seconds_each']:.3f} s",
                f"{run['openpyxl_read_seconds_each']:.3f} s",
                f"{run['ours_seconds_each']:.3f} s",
                f"{run['ratio_to_calamine']:.2f} ×",
                f"{run['times_faster_than_openpyxl']:.1f} ×",
                f"{run['ours_with_start_up_seconds_each']:.3f} s",
                f"{run['peak_memory_gib']:.2f} GiB",
            ]
        )
    header = [
        "processes",
        "python-calamine reads",
        "openpyxl reads",
        "ours reads, checks, writes",
        "ours / calamine",
        "openpyxl / ours",
        "ours with start-up of a new process",
        "peak memory",
    ]
    return (
        f"## One 1-М in a batch of {result['workbooks']} ({result['source']} workbooks)\n\n"
        + _table(header, rows)
        + f"\nIn processor time, on one process: {result['cpu_ratio_to_calamine']:.2f} × calamine, "
        f"{result['cpu_times_less_than_openpyxl']:.1f} × less than openpyxl (this holds on a busy "
        "machine too, where wall clock says little).\n"
        "\nPer workbook, wall clock. The start-up (imports, rules compiled) is paid once per "
        "process and not per file; it is apart, and the last column but one holds it spread over "
        f"the batch. Verdicts: {result['2_processes']['verdicts']}.\n\n" + _machine(result)
    )


def _national_month(result: dict[str, Any]) -> str:
    rows = [
        ["speed of two processes against one", f"{result['speed_up']:.2f} ×"],
        ["peak memory of all processes", f"{result['peak_memory_gib']:.2f} GiB"],
        ["Parquet against workbooks", f"{result['parquet_share']:.1%}"],
    ]
    return (
        f"## A month of {result['workbooks']} units ({result['source']} workbooks)\n\n"
        + _table(["what", "measured"], rows)
        + f"\n{result['seconds_on_one_process']:.0f} s on one process, "
        f"{result['seconds_on_two_processes']:.0f} s on two. Verdicts: {result['verdicts']}.\n\n"
        + _machine(result)
    )


def _publish_under_readers(result: dict[str, Any]) -> str:
    rows = [
        [
            str(result["readers"]),
            str(result["releases"]),
            _number(result["questions"]),
            str(result["errors"]),
            str(result["mixed"]),
            f"{result['publish_seconds_median']:.2f} s",
        ]
    ]
    header = ["readers", "releases", "answers", "errors", "mixed", "one publish"]
    return "## Publishing under readers\n\n" + _table(header, rows) + "\n" + _machine(result)


def _desk_rush(result: dict[str, Any]) -> str:
    row = [
        str(result["departments"]),
        f"{result['start_seconds']:.1f} s",
        f"{result['first_after_start_seconds']:.1f} s",
        *(f"{result[f'{which}_verdict_seconds']:.1f} s" for which in ("first", "median", "last")),
        str(result["lost"]),
        f"{result['peak_memory_bytes'] / 2**30:.2f} GiB",
    ]
    header = [
        "departments at once",
        "start until ready",
        "first file after that",
        "first verdict",
        "median",
        "last verdict",
        "lost",
        "peak memory",
    ]
    table = _table(header, [row])
    return "## Departments sending 1-М through the portal\n\n" + table + "\n" + _machine(result)


def _airflow_batch(result: dict[str, Any]) -> str:
    visible = result["visible_seconds"]
    used = result["processor_seconds"]
    waited_for = result["our_steps_processor_seconds"] - result["readers_processor_seconds"]
    shares = [
        (
            "our steps: judge, inputs, dbt, gate, publish",
            result["our_steps_seconds"],
            result["our_steps_processor_seconds"],
        ),
        (
            "tasks outside our steps: start of a process, imports, opening the ledger",
            result["tasks_outside_our_steps_seconds"],
            used["tasks"] - waited_for,
        ),
        (
            "between tasks: watchers, queue, scheduling (processors: all parts of Airflow)",
            result["between_tasks_seconds"],
            sum(used[part] for part in used if part not in ("tasks", "portal")),
        ),
    ]
    whose = [[name, f"{s:.1f} s", f"{s / visible:.0%}", f"{cpu:.1f} s"] for name, s, cpu in shares]
    steps = [
        [step["step"], f"{step['seconds']:.1f} s", f"{step['processor_seconds']:.1f} s"]
        for step in result["steps"]
    ]
    tasks = [
        [
            task["task"],
            f"{task['started_after']:.1f} s",
            f"{task['queued_seconds']:.1f} s",
            f"{task['seconds']:.1f} s",
        ]
        for task in result["tasks"]
    ]
    return (
        f"## A batch of {result['workbooks']} through Airflow ({result['source']} workbooks)\n\n"
        f"From the drop to the visible release {visible:.1f} s; the stack started in "
        f"{result['start_up_seconds']:.0f} s before.\n\n"
        + _table(["whose time", "clock", "share", "processors"], whose)
        + "\n"
        + _table(["our step", "clock", "processors"], steps)
        + "\n"
        + _table(["task", "began after", "queued", "ran"], tasks)
        + "\n"
        + _machine(result)
    )


def _faults(result: dict[str, Any]) -> str:
    rows = [
        [
            trial["told"],
            f"{trial['seconds']:.0f} s",
            f"{trial['undisturbed_seconds']:.0f} s",
            f"yes, {trial['tables']}"
            if trial["is_same"]
            else f"**no**: {', '.join(trial['differs_in'])}",
        ]
        for trial in result["trials"].values()
    ]
    header = [
        "what happened in the middle",
        "until the release was visible",
        "undisturbed",
        "all tables as undisturbed",
    ]
    return (
        f"## Faults in the middle of a run ({result['workbooks']} workbooks through Airflow)\n\n"
        "`python -m bench.faults`. Compared is every published table but for the moments of "
        "receipt, and `mvd verify` has to find the release sound.\n\n"
        + _table(header, rows)
        + "\n"
        + _machine(result)
    )


def _dashboards(result: dict[str, Any]) -> str:
    return dashboards_page.render(result, _table) + _machine(result)


def _lake_size(result: dict[str, Any]) -> str:
    runs = result["runs"]
    one_year = runs[0]
    floor = float(one_year["after"]["0"]["steps"]["transform"]["processor_seconds"])
    cost = partial(goals_page.cost, result)

    def cell(run: dict[str, Any], count: int) -> str:
        release = run["after"][str(count)]
        ratio = cost(release) / cost(one_year["after"][str(count)])
        memory = release["peak_memory_bytes"] / 2**30
        return f"{cost(release):.0f} s, {ratio:.2f} ×, {memory:.2f} GiB"

    counts = [count for count in result["counts"] if count]
    rows = [
        [
            f"{run['years']} years, {run['cells'] / 1e6:.0f} million cells",
            f"{cost(run['first']):.0f} s, {run['first']['peak_memory_bytes'] / 2**30:.2f} GiB",
            *(cell(run, count) for count in counts),
        ]
        for run in runs
    ]
    header = ["lake", "first release, all years", *(f"after {n} new" for n in counts)]
    steps = [
        [
            f"{run['years']} years, {count} new",
            *(f"{step['processor_seconds']:.1f} s" for step in release["steps"].values()),
        ]
        for run in runs
        for count, release in (("all", run["first"]), *run["after"].items())
    ]
    return (
        "## A release after new submissions, by the length of the lake\n\n"
        + _table(header, rows)
        + f"\nProcessor time of all processes. Apart from it stands what dbt takes to start and to "
        f"run every model and test over nothing: {floor:.1f} s for each release. The ratio "
        "compares with the release of the one-year lake after as many new submissions.\n\n"
        + _table(["release", *runs[0]["first"]["steps"]], steps)
        + "\n"
        + _machine(result)
    )


def _districts_year(result: dict[str, Any]) -> str:
    months, lake, release = result["months"], result["lake"], result["release"]
    files = sum(month["files"] for month in months)
    taken = sum(month["process_seconds"] for month in months)
    rows = [
        [
            f"{_number(files)} workbooks ({months[0]['source']}) taken in, {len(months)} months",
            f"{taken:.0f} s, {taken / len(months):.0f} s a month",
            _memory(max(month["peak_memory_bytes"] for month in months)),
        ],
        [
            f"{lake['cells'] / 1e6:.0f} million cells of {_number(lake['submissions'])} "
            f"submissions built, gated and published: {_number(release['rows'])} rows",
            f"{release['seconds']:.0f} s",
            _memory(release["peak_memory_bytes"]),
        ],
    ]
    steps = release["steps"]
    return (
        "## A year of every district and city\n\n"
        + _table(["work", "time", "peak memory of all processes"], rows)
        + "\nThe release by step: "
        + ", ".join(f"{name} {step['seconds']:.0f} s" for name, step in steps.items())
        + ". Taking in counts the start of a process for each month.\n\n"
        + _machine(result)
    )


def _stages_memory(result: dict[str, Any]) -> str:
    after = {f"{name}, after 20 new": peak for name, peak in result["after_20"].items()}
    rows = [[name, _memory(peak)] for name, peak in (result["stages"] | after).items()]
    return (
        f"## Memory with the limit of {result['limit']}\n\n"
        f"A lake of {result['cells'] / 1e6:.0f} million cells ({result['years']} years); for "
        f"ingest {result['workbooks']} {result['source']} workbooks on two processes. Each stage "
        "in a fresh process, with its dbt or its workers; pages that they share counted once.\n\n"
        + _table(["stage", "peak"], rows)
        + "\n"
        + _machine(result)
    )


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _memory(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"


def _floor(result: dict[str, Any]) -> str:
    return floor_page.render(result, _table) + _machine(result)


_SECTIONS = {
    "ingest_batch": _ingest_batch,
    "national_month": _national_month,
    "publish_under_readers": _publish_under_readers,
    "desk_rush": _desk_rush,
    "airflow_batch": _airflow_batch,
    "faults": _faults,
    "dashboards": _dashboards,
    "lake_size": _lake_size,
    "districts_year": _districts_year,
    "memory": _stages_memory,
    "floor": _floor,
}
