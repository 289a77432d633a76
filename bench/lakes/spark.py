"""The same lake released whole by DuckDB and by Spark on this machine."""

import shutil
from pathlib import Path
from typing import Any, get_args

from bench.measure import in_fresh_process
from warehouse.core.settings import Engine


def measure(lakes: Path, scratch: Path, *, quick: bool) -> dict[str, Any]:
    """By engine: a release of everything, and one for which nothing new came. `lakes` are kept.

    Everything is a year of every district; of five regions in short. Nothing is what the engine
    takes to start and to run every model and test over no cells.
    """
    name = "few-regions-1" if quick else "districts"
    units: dict[str, Any] = {"first": 5} if quick else {"units": "districts"}
    written = in_fresh_process(
        "bench.lakes.lake_size:write_lake", home=str(lakes / name), years=1, **units
    )
    engines = {}
    for engine in get_args(Engine):
        home = scratch / engine
        shutil.copytree(lakes / name, home)
        of = {"home": str(home), "engine": engine}
        engines[engine] = {
            release: in_fresh_process("bench.lakes.lake_size:release", **of)
            for release in ("everything", "nothing")
        }
        shutil.rmtree(home)
    return {**written, "engines": engines}
