"""A year of 1-М from every district and city: taken in from workbooks, built, published."""

import shutil
from pathlib import Path
from typing import Any

from bench.measure import in_fresh_process
from bench.workbooks import unit_batch

_YEAR = 2022
_EVERYBODY = 1000


def measure(lakes: Path, scratch: Path, *, quick: bool) -> dict[str, Any]:
    """Twelve months of workbooks into one lake, and the release of a year of simulated figures.

    The workbooks carry the figures of one real month under every territory and period, which
    says what taking them in costs, but no year: what is built is the lake in `lakes`.
    """
    units = 20 if quick else _EVERYBODY
    months = [
        _take_in(scratch, f"{_YEAR}-{month:02d}", units)
        for month in range(1, (2 if quick else 12) + 1)
    ]
    shutil.rmtree(scratch / "home")
    name = "few-districts" if quick else "districts"
    written = in_fresh_process(
        "bench.lakes.lake_size:write_lake",
        home=str(lakes / name),
        years=1,
        units="districts",
        first=units,
    )
    home = scratch / name
    shutil.copytree(lakes / name, home)
    return {
        "months": months,
        "lake": written,
        "release": in_fresh_process("bench.lakes.lake_size:release", home=str(home)),
    }


def _take_in(scratch: Path, period: str, units: int) -> dict[str, Any]:
    batch = unit_batch(scratch / period, units, period)
    taken = in_fresh_process(
        "bench.work:ingest",
        folder=str(batch.folder),
        manifest=str(batch.manifest),
        home=str(scratch / "home"),
        workers=2,
        warm_up="",
    )
    shutil.rmtree(batch.folder)
    return {"period": period, "source": batch.source, **taken}
