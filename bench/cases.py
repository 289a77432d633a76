"""The benchmarks: what is measured, against what, and the goal of each ratio."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.dashboards import dashboards
from bench.lakes.districts import measure as measure_districts
from bench.lakes.floor import measure as measure_floor
from bench.lakes.lake_size import measure as measure_lake_size
from bench.measure import in_fresh_process
from bench.memory import measure as measure_memory
from bench.workbooks import PERIOD, Batch, region_batch, unit_batch

Result = dict[str, Any]

_GIB = 2**30
# A file for each process that reads: one that has done nothing yet would still be starting.
_WARM_UP = 2
# Written once and kept: a lake of ten years takes minutes.
_LAKES = Path(__file__).resolve().parents[1] / "data" / "bench"


def ingest_batch(*, quick: bool) -> Result:
    """Read, check and write a batch of 1-М against reading alone, with one and two processes."""
    with _folder() as folder:
        batch = region_batch(folder / "batch", 6 if quick else 20)
        warm_up = region_batch(folder / "warm-up", _WARM_UP)
        files = [str(file) for file in batch.files]
        few = files[: 2 if quick else 5]
        measured: Result = {}
        for processes in (1, 2):
            read = in_fresh_process("bench.work:calamine", files=files, processes=processes)
            slow = in_fresh_process("bench.work:openpyxl_read", files=few, processes=processes)
            ours = _ingest(batch, folder / f"home{processes}", processes, warm_up.folder)
            cold = _ingest(batch, folder / f"cold{processes}", processes, None)
            measured[f"{processes}_processes"] = {
                "calamine_read_seconds_each": read["seconds"] / read["files"],
                "openpyxl_read_seconds_each": slow["seconds"] / slow["files"],
                "ours_seconds_each": ours["seconds"] / ours["files"],
                "ours_with_start_up_seconds_each": cold["seconds"] / cold["files"],
                "start_up_seconds": ours["start_up_seconds"],
                "peak_memory_gib": ours["peak_memory_bytes"] / _GIB,
                "verdicts": ours["verdicts"],
                "ratio_to_calamine": ours["seconds"]
                / ours["files"]
                / (read["seconds"] / read["files"]),
                "times_faster_than_openpyxl": slow["seconds"]
                / slow["files"]
                / (ours["seconds"] / ours["files"]),
            }
            if processes == 1:
                # What the work costs whatever else the machine is doing.
                measured["cpu_ratio_to_calamine"] = (ours["own_cpu_seconds"] / ours["files"]) / (
                    read["own_cpu_seconds"] / read["files"]
                )
                measured["cpu_times_less_than_openpyxl"] = (
                    slow["own_cpu_seconds"] / slow["files"]
                ) / (ours["own_cpu_seconds"] / ours["files"])
        return {"source": batch.source, "workbooks": len(batch.files), **measured}


def national_month(*, quick: bool) -> Result:
    """A month of every district: cores used, memory, and the size of what is written."""
    with _folder() as folder:
        batch = unit_batch(folder / "month", 40 if quick else 260)
        warm_up = region_batch(folder / "warm-up", _WARM_UP)
        runs = {n: _ingest(batch, folder / f"home{n}", n, warm_up.folder) for n in (1, 2)}
        written = [f.stat().st_size for f in (folder / "home2" / "lake").rglob("*.parquet")]
        # The workbooks that warmed the services up are in the lake too.
        lake = sum(written) * len(batch.files) / (len(batch.files) + _WARM_UP)
        return {
            "source": batch.source,
            "workbooks": len(batch.files),
            "seconds_on_one_process": runs[1]["seconds"],
            "seconds_on_two_processes": runs[2]["seconds"],
            "verdicts": runs[2]["verdicts"],
            "workbooks_bytes": batch.size,
            "parquet_bytes": round(lake),
            "speed_up": runs[1]["seconds"] / runs[2]["seconds"],
            "peak_memory_gib": runs[2]["peak_memory_bytes"] / _GIB,
            "parquet_share": lake / batch.size,
        }


def publish_under_readers(*, quick: bool) -> Result:
    """Twenty readers in four processes while releases are published one after another."""
    with _folder() as folder:
        home, stop = str(folder / "home"), str(folder / "stop")
        first = folder / "first"
        in_fresh_process(
            "bench.work:publish_releases", home=home, count=1, rows=1000, stop_file=str(first)
        )
        with ThreadPoolExecutor(5) as pool:
            readers = [
                pool.submit(
                    in_fresh_process,
                    "bench.work:read_releases",
                    home=home,
                    threads=5,
                    stop_file=stop,
                )
                for _ in range(4)
            ]
            published = pool.submit(
                in_fresh_process,
                "bench.work:publish_releases",
                home=home,
                count=5 if quick else 25,
                rows=500_000,
                stop_file=stop,
            ).result()
            answers = [reader.result() for reader in readers]
        totals = {
            key: sum(answer[key] for answer in answers)
            for key in ("questions", "errors", "mixed", "backwards")
        }
        return {
            "readers": 20,
            "releases": published["releases"],
            "publish_seconds_median": sorted(published["publish_seconds"])[
                len(published["publish_seconds"]) // 2
            ],
            "first_errors": [error for answer in answers for error in answer["first_errors"]][:3],
            **totals,
        }


def desk_rush(*, quick: bool) -> Result:
    """Departments that all send their 1-М through the portal at the same moment."""
    with _folder() as folder:
        batch = region_batch(folder / "batch", 6 if quick else 20)
        files = [str(file) for file in batch.files]
        return in_fresh_process("bench.desk:rush", files=files, home=str(folder / "home"))


def airflow_batch(*, quick: bool) -> Result:
    """A batch dropped into the inbox of a running installation, until its release is visible."""
    with _folder() as folder:
        batch = region_batch(folder / "batch", 4 if quick else 20)
        files = [str(file) for file in batch.files]
        measured = in_fresh_process(
            "bench.airflow:dropped_batch", files=files, period=PERIOD, home=str(folder / "home")
        )
        return {"source": batch.source, "workbooks": len(files), **measured}


def lake_size(*, quick: bool) -> Result:
    """A release after 1, 20 and 260 new submissions, against the length of the lake."""
    with _folder() as folder:
        return measure_lake_size(_LAKES, folder, quick=quick)


def districts_year(*, quick: bool) -> Result:
    """A year of every district and city: workbooks taken in, marts built and published."""
    with _folder() as folder:
        return measure_districts(_LAKES, folder, quick=quick)


def memory(*, quick: bool) -> Result:
    """What each stage needs at most, with the limit that is set without a setting."""
    with _folder() as folder:
        batch = region_batch(folder / "batch", 6 if quick else 20)
        ingested = _ingest(batch, folder / "home", 2, None)
        measured = measure_memory(_LAKES, folder, quick=quick)
        measured["stages"] = {"ingest": ingested["peak_memory_bytes"], **measured["stages"]}
        return {"source": batch.source, "workbooks": len(batch.files), **measured}


def floor(*, quick: bool) -> Result:
    """Our models beside hand-written SQL that makes the same marts."""
    with _folder() as folder:
        return measure_floor(_LAKES, folder, quick=quick)


CASES = {
    "ingest_batch": ingest_batch,
    "national_month": national_month,
    "publish_under_readers": publish_under_readers,
    "desk_rush": desk_rush,
    "airflow_batch": airflow_batch,
    "dashboards": dashboards,
    "lake_size": lake_size,
    "districts_year": districts_year,
    "memory": memory,
    "floor": floor,
}
# What a run in a few minutes is about.
SHORT = (
    "ingest_batch",
    "national_month",
    "publish_under_readers",
    "desk_rush",
    "dashboards",
    "floor",
)
# Half an hour each: short ones unless they are asked for.
LONG = ("lake_size", "districts_year", "memory")


def _ingest(batch: Batch, home: Path, processes: int, warm_up: Path | None) -> Result:
    return in_fresh_process(
        "bench.work:ingest",
        folder=str(batch.folder),
        manifest=str(batch.manifest),
        home=str(home),
        # One process means: read in the process that judges.
        workers=0 if processes == 1 else processes,
        warm_up="" if warm_up is None else str(warm_up),
    )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mvd-bench-") as name:
        yield Path(name)
