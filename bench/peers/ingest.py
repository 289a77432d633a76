"""The usual ways to take in a workbook, beside ours: pandas, openpyxl and Great Expectations;
frictionless with cell reports.
"""

import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import in_fresh_process
from bench.workbooks import PERIOD, region_batch

if TYPE_CHECKING:
    import pandas as pd

    from ingestion.judge.control_rules import CompiledRules
    from ingestion.request import Request

Result = dict[str, Any]

FORM = "1-M"
FRICTIONLESS = "frictionless[excel]==5.19.0"
_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = Path(__file__).with_name("frictionless_report.py")
_MIB = 2**20


def measure(scratch: Path, *, quick: bool) -> Result:
    """Each way in a process of its own, one file after another. The first file is the cold one."""
    batch = region_batch(scratch / "batch", 3 if quick else 10)
    files = [str(file) for file in batch.files]
    ours = in_fresh_process("bench.peers.ingest:ours", files=files, home=str(scratch / "home"))
    usual = in_fresh_process(
        "bench.peers.ingest:usual", files=files, target=str(scratch / "cells.parquet")
    )
    schemas = scratch / "schemas.json"
    schemas.write_text(json.dumps(_schemas()), encoding="utf-8")
    reports = in_fresh_process(
        "bench.peers.ingest:frictionless", files=files[: 2 if quick else 5], schemas=str(schemas)
    )
    return {
        "source": batch.source,
        "workbooks": len(files),
        "ours": _summary(ours),
        "usual": _summary(usual),
        "frictionless": _summary(reports),
        "frictionless_version": FRICTIONLESS,
    }


def _summary(result: Result) -> Result:
    cold, *warm = result["seconds"]
    ordered = sorted(warm)
    kept = {key: value for key, value in result.items() if key not in ("seconds", "processor")}
    return kept | {
        "cold_seconds": cold,
        "p50_seconds": statistics.median(warm),
        "p95_seconds": ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))],
        "processor_seconds_each": statistics.mean(result["processor"][1:]),
        "peak_memory_mib": result["peak_memory_bytes"] / _MIB,
    }


def ours(files: Sequence[str], home: str) -> Result:
    """Bytes kept, form and territory recognised, cells and rules judged, findings with their cells,
    ledger and lake written.
    """
    started, used = time.perf_counter(), time.process_time()
    from ingestion.intake.submit import submit
    from ingestion.request import Services
    from warehouse.core.settings import load_settings

    services = Services.open(load_settings(home=Path(home)))

    def one(file: str) -> int:
        path = Path(file)
        result = submit(services, Request(path, path.name, PERIOD, path.stem, FORM))
        return len(result.findings)

    return _each(one, files, started, used)


def usual(files: Sequence[str], target: str) -> Result:
    """Every sheet read by pandas with openpyxl and melted; Great Expectations on cells and on the
    same control rules; Parquet. Nothing else of what ours does.
    """
    started, used = time.perf_counter(), time.process_time()

    def one(file: str) -> int:
        cells = _melted(file)
        found = _failing(cells)
        cells.to_parquet(target, compression="zstd")
        return found

    return _each(one, files, started, used)


def frictionless(files: Sequence[str], schemas: str) -> Result:
    """Every sheet validated against a table schema, with a report of cells; no rule across them."""
    uv = shutil.which("uv") or str(_ROOT / ".tools" / "bin" / "uv")
    ended = subprocess.run(
        [
            *(uv, "run", "--no-project", "--isolated", "--quiet", "--with", FRICTIONLESS),
            *("python", str(_SCRIPT), schemas, *files),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    if ended.returncode != 0:
        raise RuntimeError(ended.stderr[-3000:])
    answer: Result = json.loads(ended.stdout.splitlines()[-1])
    return answer


def _each(one: Callable[[str], int], files: Sequence[str], started: float, used: float) -> Result:
    """Seconds of each file by the clock and of the processors; the first from `started` on."""
    seconds, processor, findings = [], [], 0
    for file in files:
        findings += one(file)
        now, spent = time.perf_counter(), time.process_time()
        seconds.append(now - started)
        processor.append(spent - used)
        started, used = now, spent
    return {"seconds": seconds, "processor": processor, "findings": findings}


def _melted(file: str) -> "pd.DataFrame":
    import pandas as pd

    from warehouse.contracts import load_contracts

    form = load_contracts().forms[FORM]
    book = pd.read_excel(file, sheet_name=None, header=None, engine="openpyxl")
    parts = []
    for section in form.sections:
        layout = section.layout
        sheet = book[section.sheet].iloc[layout.first_data_row - 1 :][: len(section.lines)]
        wide = sheet[[column.sheet_column - 1 for column in section.columns]]
        wide.columns = [column.number for column in section.columns]
        wide = wide.assign(line=section.line_codes[: len(wide)])
        part = wide.melt(id_vars="line", var_name="column_number", value_name="value")
        parts.append(part.assign(section=section.code))
    cells = pd.concat(parts, ignore_index=True)
    cells["value"] = pd.to_numeric(cells["value"], errors="coerce")
    return cells.astype({"column_number": "int16"})


def _failing(cells: "pd.DataFrame") -> int:
    """How many cells and comparisons Great Expectations refuses, row by row."""
    from expectations.library import gxe
    from expectations.validation import validate

    sides = _sides(cells)
    judged = [
        validate("cells", cells, gxe.ExpectColumnValuesToNotBeNull(column="value")),
        validate("cells", cells, gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0)),
        validate(
            "equal",
            sides[sides["op"] == 0],
            gxe.ExpectColumnPairValuesToBeEqual(column_A="left", column_B="right"),
        ),
        validate(
            "at_least",
            sides[sides["op"] == 1],
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="left", column_B="right", or_equal=True
            ),
        ),
        validate(
            "at_most",
            sides[sides["op"] == 2],
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="right", column_B="left", or_equal=True
            ),
        ),
    ]
    return sum(len(outcome.result.get("unexpected_index_list") or ()) for outcome in judged)


def _sides(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Both sides of every comparison: terms joined with cells and summed by comparison."""
    import pandas as pd

    rules, terms = _terms()
    joined = terms.merge(cells, on=["section", "line", "column_number"], how="left")
    joined["amount"] = joined["sign"] * joined["value"]
    sums = joined.groupby(["comparison", "side"])["amount"].sum(min_count=1).unstack()
    return pd.DataFrame(
        {"left": sums["left"], "right": sums["right"].fillna(0), "op": rules.op[sums.index]}
    ).dropna(subset=["left"])


@cache
def _terms() -> "tuple[CompiledRules, pd.DataFrame]":
    """The control rules of the form as a table: comparison, side, coordinate, sign."""
    import numpy as np
    import pandas as pd

    from ingestion.judge.control_rules import compile_rules
    from warehouse.contracts import load_contracts

    contracts = load_contracts()
    form = contracts.forms[FORM]
    rules = compile_rules(form, contracts.rule_book(form))
    codes = np.array([section.code for section in form.sections])
    parts = []
    for side in ("left", "right"):
        entries = getattr(rules, side).tocoo()
        at = entries.col
        parts.append(
            pd.DataFrame(
                {
                    "comparison": entries.row,
                    "side": side,
                    "sign": entries.data,
                    "section": codes[form.coordinates.section[at]],
                    "line": form.coordinates.line[at],
                    "column_number": form.coordinates.column[at],
                }
            )
        )
    return rules, pd.concat(parts, ignore_index=True)


def _schemas() -> list[Result]:
    """What frictionless is told of each sheet: where the data begin, and a number per column."""
    from warehouse.contracts import load_contracts

    return [
        {
            "sheet": section.sheet,
            "first_row": section.layout.first_data_row,
            "columns": [column.sheet_column for column in section.columns],
            "names": [f"c{column.number}" for column in section.columns],
        }
        for section in load_contracts().forms[FORM].sections
    ]
