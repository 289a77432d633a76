"""What a release costs after so many new submissions, and how that grows with the lake."""

import resource
import shutil
import time
from pathlib import Path
from typing import Any

from bench import build
from bench.lakes.lake import Arrival, Units, history, territories, write
from bench.measure import in_fresh_process

NEWS_PERIOD = "2025-12"
NOTHING = 0


def measure(lakes: Path, scratch: Path, *, quick: bool) -> dict[str, Any]:
    """Releases of lakes of several lengths, each after the same news. `lakes` are kept for later.

    Each lake is released once in full; then come no news, one file, twenty, and a whole month of
    regions and districts, a release after each.
    """
    counts = (NOTHING, 1) if quick else (NOTHING, 1, 20, 260)
    regions = 3 if quick else None
    runs = []
    for years in (1, 3, 10):
        name = f"{'few-' if quick else ''}regions-{years}"
        written = in_fresh_process(
            "bench.lakes.lake_size:write_lake", home=str(lakes / name), years=years, first=regions
        )
        home = scratch / name
        shutil.copytree(lakes / name, home)
        first = in_fresh_process("bench.lakes.lake_size:release", home=str(home))
        after = {}
        for version, count in enumerate(counts, start=2):
            news = {"home": str(home), "count": count, "version": version}
            in_fresh_process("bench.lakes.lake_size:receive", **news)
            after[str(count)] = in_fresh_process("bench.lakes.lake_size:release", home=str(home))
        shutil.rmtree(home)
        runs.append({"years": years, **written, "first": first, "after": after})
    return {"runs": runs, "counts": list(counts)}


def write_lake(
    home: str, years: int, first: int | None = None, units: Units = "oblasts"
) -> dict[str, Any]:
    """Write what is not there yet of all, or the `first`, units; counts the whole lake."""
    from warehouse.contracts import load_contracts
    from warehouse.core.settings import load_settings
    from warehouse.ledger import Ledger

    contracts, settings = load_contracts(), load_settings(home=Path(home))
    arrivals = history(contracts, years=years, units=units)
    if first is not None:
        chosen = territories(contracts, NEWS_PERIOD, units)[:first]
        arrivals = [arrival for arrival in arrivals if arrival.territory in chosen]
    started = time.perf_counter()
    with Ledger(settings.ledger) as ledger:
        write(settings.paths, ledger, arrivals)
        cells = sum(submission.cell_count or 0 for submission in ledger.submissions())
    return {
        "submissions": len(arrivals),
        "cells": cells,
        "write_seconds": time.perf_counter() - started,
    }


def receive(home: str, count: int, version: int) -> dict[str, Any]:
    """`count` regions and districts send a (corrected) report of the last month."""
    from warehouse.contracts import load_contracts
    from warehouse.core.settings import load_settings
    from warehouse.ledger import Ledger

    contracts, settings = load_contracts(), load_settings(home=Path(home))
    everyone = [
        kato
        for units in ("oblasts", "districts")
        for kato in territories(contracts, NEWS_PERIOD, units)  # type: ignore[arg-type]
    ]
    arrivals = [Arrival(kato, NEWS_PERIOD, version=version) for kato in everyone[:count]]
    # A month of everybody is a few files more than there are units: some come twice.
    twice = [Arrival(a.territory, a.period, version=version + 100) for a in arrivals]
    with Ledger(settings.ledger) as ledger:
        write(settings.paths, ledger, [*arrivals, *twice[: count - len(arrivals)]])
    return {}


def release(home: str) -> dict[str, Any]:
    """Build and publish; seconds by the clock and of the processors, by step."""
    from ingestion.request import Services
    from mvd.build import attempts
    from mvd.build import steps as build_steps
    from warehouse.core.settings import load_settings

    settings = load_settings(home=Path(home))
    services = Services.open(settings)
    steps: dict[str, dict[str, float]] = {}
    clock = _Clock(steps)
    with attempts.alone(services.home):
        release_id = build_steps.begin(services)
        clock.lap("inputs")
        plan = build_steps.make_plan(services.home, release_id)
        clock.lap("plan")
        build.transform(services.home, release_id, settings)
        clock.lap("transform")
        build.judge(services.home, release_id, settings)
        clock.lap("gate")
        manifest = build_steps.publish(services, release_id, settings)
        clock.lap("publish")
    services.ledger.close()
    return {
        "steps": steps,
        "years": list(plan.years),
        "reason": plan.reason,
        "content_hash": manifest.content_hash,
        "rows": sum(table.rows for table in manifest.tables),
        "processor_seconds": sum(step["processor_seconds"] for step in steps.values()),
        "seconds": sum(step["seconds"] for step in steps.values()),
    }


class _Clock:
    def __init__(self, steps: dict[str, dict[str, float]]) -> None:
        self._steps = steps
        self._at = self._now()

    def lap(self, name: str) -> None:
        now = self._now()
        pairs = zip(("seconds", "processor_seconds"), now, self._at, strict=True)
        self._steps[name] = {key: after - before for key, after, before in pairs}
        self._at = now

    def _now(self) -> tuple[float, float]:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), sum(entry.ru_utime + entry.ru_stime for entry in used)
