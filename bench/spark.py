"""The same lake released whole by DuckDB and by Spark on this machine."""

import shutil
from pathlib import Path
from typing import Any, get_args

from bench.measure import in_fresh_process
from warehouse.settings import Engine


def measure(lakes: Path, scratch: Path, *, quick: bool) -> dict[str, Any]:
    """By engine: a release of everything, and one for which nothing new came. `lakes` are kept.

    The second is what the engine takes to start and to run every model and test over nothing.
    """
    years, regions = 1, 5 if quick else None
    name = f"{'few-' if quick else ''}regions-{years}"
    written = in_fresh_process(
        "bench.lake_size:write_lake", home=str(lakes / name), years=years, first=regions
    )
    engines = {}
    for engine in get_args(Engine):
        home = scratch / engine
        shutil.copytree(lakes / name, home)
        of = {"home": str(home), "engine": engine}
        engines[engine] = {
            release: in_fresh_process("bench.lake_size:release", **of)
            for release in ("everything", "nothing")
        }
        shutil.rmtree(home)
    return {**written, "engines": engines}
