"""The pieces of work that are measured, each called in a fresh process by `bench.measure`."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

# Twenty readers without a pause would measure how two cores are shared, not how releases are.
_THINKING_SECONDS = 0.1


def calamine(files: Sequence[str], processes: int) -> dict[str, Any]:
    """Read every sheet of every file to Python lists."""
    return _timed(_calamine_file, files, processes)


def openpyxl_read(files: Sequence[str], processes: int) -> dict[str, Any]:
    """Read every sheet of every file in the read-only mode."""
    return _timed(_openpyxl_file, files, processes)


def ingest(folder: str, manifest: str, home: str, workers: int, warm_up: str) -> dict[str, Any]:
    """Read, check and write a folder by `ingestion.intake.batch.ingest`.

    `seconds` is what a running service needs when `warm_up`, another folder with a manifest.csv,
    was taken in before; without it, what a new process needs.
    """
    from ingestion.intake import batch
    from ingestion.intake.file_list import listed
    from ingestion.request import Services
    from warehouse.core.settings import load_settings

    services = Services.open(load_settings(home=Path(home)))
    started = time.perf_counter()
    if warm_up:
        batch.ingest(
            services,
            listed(Path(warm_up), services.contracts, manifest=Path(warm_up) / "manifest.csv"),
            workers=workers,
        )
    start_up = time.perf_counter() - started
    started, used = time.perf_counter(), time.process_time()
    results = batch.ingest(
        services, listed(Path(folder), services.contracts, manifest=Path(manifest)), workers=workers
    )
    seconds, used = time.perf_counter() - started, time.process_time() - used
    verdicts = [result.verdict.value for result in results]
    services.ledger.close()
    return {
        "seconds": seconds,
        "own_cpu_seconds": used,
        "start_up_seconds": start_up,
        "files": len(results),
        "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
    }


def _timed(read: Callable[[str], int], files: Sequence[str], processes: int) -> dict[str, Any]:
    if processes == 1:
        started, used = time.perf_counter(), time.process_time()
        cells = sum(read(file) for file in files)
        seconds, used = time.perf_counter() - started, time.process_time() - used
        return {
            "seconds": seconds,
            "own_cpu_seconds": used,
            "files": len(files),
            "cells": cells,
        }
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(_ready, range(processes)))
        started = time.perf_counter()
        cells = sum(pool.map(read, files))
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "files": len(files), "cells": cells}


def _ready(_: int) -> None:
    import openpyxl
    import python_calamine

    time.sleep(0.2 if openpyxl and python_calamine else 0)


def _calamine_file(file: str) -> int:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(file)
    return sum(
        len(row)
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    )


def _openpyxl_file(file: str) -> int:
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True)
    return sum(len(row) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))


def read_releases(home: str, threads: int, stop_file: str) -> dict[str, Any]:
    """Ask the release in force over and over until `stop_file` appears.

    Every answer holds the mark of two tables of one release, so a mixture shows as two marks.
    Half of the readers open a connection for each question, half keep one for many.
    """
    counts = {"questions": 0, "mixed": 0, "backwards": 0}
    errors: list[str] = []
    lock = threading.Lock()
    stop = Path(stop_file)

    def reader(number: int) -> None:
        ask = _ask_once if number % 2 else _ask_on_one_connection
        last = 0
        while not stop.exists():
            try:
                marks = ask(Path(home))
            except Exception as error:
                with lock:
                    errors.append(f"{type(error).__name__}: {error}")
                continue
            with lock:
                counts["questions"] += len(marks)
                counts["mixed"] += sum(len(set(pair)) > 1 for pair in marks) + (
                    len({pair[0] for pair in marks}) > 1
                )
                counts["backwards"] += marks[0][0] < last
            last = marks[-1][0]
            time.sleep(_THINKING_SECONDS)

    workers = [threading.Thread(target=reader, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {**counts, "errors": len(errors), "first_errors": errors[:3], "process": os.getpid()}


_QUESTION = """
    SELECT (SELECT max(mark) FROM marts.facts), (SELECT max(mark) FROM marts.coverage)
"""


def _ask_once(home: Path) -> list[tuple[int, int]]:
    from warehouse.core.paths import Home
    from warehouse.query.reader import query

    answer = query(Home(home), _QUESTION, threads=1, memory_limit="200MB")
    return [(answer.column(0)[0].as_py(), answer.column(1)[0].as_py())]


def _ask_on_one_connection(home: Path) -> list[tuple[int, int]]:
    from warehouse.core.duck import connect_reader
    from warehouse.core.paths import Home
    from warehouse.releases import catalogue

    path = catalogue.database(Home(home))
    with connect_reader(path, memory_limit="200MB", threads=1) as connection:
        marks = []
        for _ in range(10):
            row = connection.execute(_QUESTION).fetchone()
            marks.append((int(row[0]), int(row[1])) if row else (0, 0))
            time.sleep(0.01)
        return marks


def publish_releases(home: str, count: int, rows: int, stop_file: str) -> dict[str, Any]:
    """Publish `count` releases one after another, then create `stop_file`."""
    from datetime import UTC, datetime

    import duckdb

    from warehouse.core.settings import load_settings
    from warehouse.ledger import Ledger
    from warehouse.releases import marts, publication

    settings = load_settings(home=Path(home))
    seconds = []
    try:
        with Ledger(settings.ledger) as ledger:
            for mark in range(2, count + 2):
                snapshot = ledger.snapshot()
                now = datetime.now(UTC)
                release_id = ledger.begin_release(
                    contract_hash="0" * 64, submission_ids=[], created_at=now
                )
                folder = settings.paths.builds / release_id
                (folder / "inputs").mkdir(parents=True)
                with duckdb.connect(folder / marts.DATABASE) as connection:
                    connection.execute("CREATE SCHEMA marts")
                    connection.execute(
                        "CREATE TABLE marts.facts AS SELECT $mark AS mark, range AS line,"
                        " range / 7 AS value FROM range($rows)",
                        {"mark": mark, "rows": rows},
                    )
                    connection.execute(
                        "CREATE TABLE marts.coverage AS SELECT $mark AS mark FROM range(20)",
                        {"mark": mark},
                    )
                draft = publication.Draft(
                    release_id, folder, snapshot, "0" * 64, {"passed": True}, now
                )
                started = time.perf_counter()
                publication.publish(settings.paths, ledger, draft, settings)
                seconds.append(time.perf_counter() - started)
    finally:
        Path(stop_file).touch()
    return {"publish_seconds": seconds, "releases": len(seconds)}
