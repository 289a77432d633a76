"""Our build beside hand-written SQL that makes the same marts in DuckDB alone."""

import resource
import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import in_fresh_process

Result = dict[str, Any]

MARTS = (
    "dim_indicator",
    "dim_offence",
    "dim_series_break",
    "dim_territory",
    "fct_crimes",
    "fct_drugs",
    "fct_indicator_values",
    "fct_traffic",
)
"""What the floor makes, column for column."""

_SQL = Path(__file__).parents[1] / "sql" / "floor.sql"
_FEW_REGIONS = 5
_OURS, _FLOOR = "ours.duckdb", "floor.duckdb"

# Section by section: the statistics of the files pass over the others.
_CELLS = """
    select submission_id, territory_kato, section, line, graph as column_number,
        value::decimal(18, 4) as value
    from read_parquet(${files})
    semi join (
        select line, column_number as graph from coordinates where section = '{section}'
    ) using (line, graph)
    where section = '{section}'
"""


def measure(lakes: Path, scratch: Path, *, quick: bool) -> Result:
    """The floor and our models on lakes of one and of three years of regions."""
    runs = []
    for years in (1,) if quick else (1, 3):
        name = f"{'few-' if quick else ''}regions-{years}"
        written = in_fresh_process(
            "bench.lakes.lake_size:write_lake",
            home=str(lakes / name),
            years=years,
            first=_FEW_REGIONS if quick else None,
        )
        home = scratch / name
        shutil.copytree(lakes / name, home)
        runs.append({"years": years, **written, **compare(home)})
        shutil.rmtree(home)
    return {"marts": list(MARTS), "runs": runs}


def compare(home: Path) -> Result:
    """Both on the lake of `home`, and whether they made the same."""
    inputs = in_fresh_process("bench.lakes.floor:build_inputs", home=str(home))["inputs"]
    ours = in_fresh_process("bench.lakes.floor:our_models", home=str(home), inputs=inputs)
    floor = in_fresh_process("bench.lakes.floor:by_hand", home=str(home), inputs=inputs)
    cost = ours["extract"] + ours["models"] - ours["nothing"]
    return {
        "ours": ours,
        "floor": floor,
        "ratio": cost / floor["processor_seconds"],
        "differing": differing(Path(inputs).parent),
    }


def build_inputs(home: str) -> Result:
    """What a build of everything reads."""
    from ingestion.request import Services
    from mvd.build import attempts, steps
    from warehouse.core.settings import load_settings

    services = Services.open(load_settings(home=Path(home)))
    with attempts.alone(services.home):
        release_id = steps.begin(services)
    services.ledger.close()
    return {"inputs": str(services.home.builds / release_id / "inputs")}


def our_models(home: str, inputs: str) -> Result:
    """Processor seconds of extracting cells and of one dbt run of the models behind MARTS.

    `nothing` is what the same run costs over no submissions at all.
    """
    from warehouse.build import cell_cache
    from warehouse.build.planning import Inputs
    from warehouse.build.schemas import write_tables
    from warehouse.core.settings import load_settings

    settings = load_settings(home=Path(home))
    folder, given = Path(inputs).parent, Inputs.read(Path(inputs))
    started = _used()
    tables = given.of_years(given.years)
    extracts = settings.paths.extracts
    tables["cell_files"] = cell_cache.extract(
        settings.paths, given, given.years, settings, folder=extracts
    )
    write_tables(folder / "all", tables)
    extract = _used() - started
    write_tables(folder / "none", given.of_years(()))
    # The first run is the one that reads the project.
    seconds = [
        _run_models(extracts, folder, part, database)
        for part, database in (("none", "none.duckdb"), ("all", _OURS), ("none", "none.duckdb"))
    ]
    return {"extract": extract, "models": seconds[1], "nothing": seconds[2]}


def _run_models(cells: Path, folder: Path, part: str, database: str) -> float:
    from warehouse.build.transform import run_dbt

    started = _used()
    target = folder / "dbt"
    target.mkdir(exist_ok=True)
    ended = run_dbt(
        ["run", "--select", *(f"+{mart}" for mart in MARTS)],
        target=target,
        environment={
            "MVD_DBT_DATABASE": f"../{database}",
            "MVD_DBT_INPUTS": str(folder / part),
            "MVD_DBT_LAKE": str(cells),
            "MVD_DBT_THREADS": "2",
            "MVD_DBT_MEMORY_LIMIT": "2GB",
        },
        timeout_seconds=900,
    )
    if ended.returncode != 0:
        raise RuntimeError(ended.stdout[-3000:])
    return _used() - started


def by_hand(home: str, inputs: str) -> Result:
    """Processor seconds of the hand-written SQL, and of its part that reads the lake."""
    folder = Path(inputs)
    clock, started = time.perf_counter(), _used()
    with duckdb.connect(
        folder.parent / _FLOOR,
        config={"threads": 2, "memory_limit": "2GB", "preserve_insertion_order": False},
    ) as connection:
        for file in sorted(folder.glob("*.parquet")):
            connection.execute(f"create view {file.stem} as from read_parquet('{file}')")
        connection.execute("create schema marts")
        _read_cells(connection, Path(home) / "lake")
        cells = _used() - started
        for statement in statements():
            connection.execute(statement)
        connection.execute("checkpoint")
    return {
        "cells": cells,
        "processor_seconds": _used() - started,
        "seconds": time.perf_counter() - clock,
    }


def statements() -> Sequence[str]:
    """The statements of floor.sql, in order."""
    return [part for part in _SQL.read_text(encoding="utf-8").split(";\n") if part.strip()]


def _read_cells(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    connection.execute(
        "create table coordinates as"
        " select section, line, column_number, form_code from indicator_sources"
        " union select section, line, column_number, form_code from offence_measures"
    )
    connection.execute("set parquet_metadata_cache = true")
    files: dict[str, list[str]] = defaultdict(list)
    for form, path in connection.execute(
        "select form_code, path from cell_files join submissions using (submission_id) order by all"
    ).fetchall():
        files[form].append(str(lake / path))
    places = connection.execute("select distinct form_code, section from coordinates order by all")
    parts = [
        _CELLS.format(files=_parameter(form), section=section)
        for form, section in places.fetchall()
        if form in files
    ]
    connection.execute(
        f"create table cells as {' union all '.join(parts)}",
        {_parameter(form): paths for form, paths in files.items()},
    )


def _parameter(form: str) -> str:
    return "files_" + form.replace("-", "_").lower()


def differing(folder: Path) -> list[str]:
    """Marts whose content hash is another in the two databases."""
    from warehouse.releases.content import content_hash

    with duckdb.connect() as connection:
        for name, database in (("ours", _OURS), ("floor", _FLOOR)):
            connection.execute(f"attach '{folder / database}' as {name} (read_only)")
        return [
            mart
            for mart in MARTS
            if content_hash(connection, f"ours.marts.{mart}")
            != content_hash(connection, f"floor.marts.{mart}")
        ]


def _used() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
