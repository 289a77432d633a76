"""Our build beside hand-written SQL that makes the same marts from the same inputs in DuckDB alone."""

import resource
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measure import in_fresh_process

Result = dict[str, Any]

SQL = Path(__file__).with_name("sql") / "floor.sql"
LENGTHS = {False: (1, 3), True: (1,)}
_FEW_REGIONS = 5

# What the floor reads of the lake, section by section: the statistics of a file pass over the rest.
_CELLS = """
    insert into cells
    select submission_id, territory_kato, section, line, graph, value::decimal(18, 4)
    from read_parquet($files)
    semi join (select line, graph from coordinates where section = '{section}') using (line, graph)
    where section = '{section}'
"""


def measure(lakes: Path, scratch: Path, *, quick: bool) -> Result:
    """A whole build of lakes of one and of three years, and the floor on what that build read.

    Of our build only the models that the floor has too are compared; tests, the other models, the
    gate and publishing are told apart. What dbt needs to run the same models over nothing is its
    start-up, and is taken off.
    """
    runs = []
    for years in LENGTHS[quick]:
        name = f"{'few-' if quick else ''}regions-{years}"
        regions = _FEW_REGIONS if quick else None
        written = in_fresh_process(
            "bench.lake_size:write_lake", home=str(lakes / name), years=years, regions=regions
        )
        home = scratch / name
        shutil.copytree(lakes / name, home)
        whole = in_fresh_process("bench.floor:build_inputs", home=str(home))
        arguments = {"home": str(home), "inputs": whole["inputs"]}
        ours = in_fresh_process("bench.floor:our_models", **arguments)
        floor = in_fresh_process("bench.floor:floor", **arguments)
        shutil.rmtree(home)
        runs.append({"years": years, **written, "ours": ours, "floor": floor})
    return {"runs": runs}
