"""What every stage needs at most, with the memory limit set, each in a fresh process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import build
from bench.measure import in_fresh_process

if TYPE_CHECKING:
    from ingestion.request import Services
    from warehouse.core.settings import Settings

LIMIT = "2GB"
# Every published value sorted by a text, and counted by all that makes it one.
_QUESTION = """
    select count(distinct (indicator_code, territory_kato, period_month, basis, value, place))
    from (
        select *, row_number() over (order by md5(concat(indicator_code, value))) as place
        from marts.fct_indicator_values
    )
"""


def measure(lakes: Path, scratch: Path, *, quick: bool) -> dict[str, Any]:
    """Peak memory of each stage of a first release, of a question to it, and of the next one."""
    years, regions = (1, 5) if quick else (10, None)
    name = f"{'few-' if quick else ''}regions-{years}"
    lake = str(lakes / name)
    written = in_fresh_process(
        "bench.lakes.lake_size:write_lake", home=lake, years=years, first=regions
    )
    home = scratch / name
    shutil.copytree(lakes / name, home)
    stages = {stage: _peak(home, stage) for stage in _STAGES}
    in_fresh_process("bench.lakes.lake_size:receive", home=str(home), count=20, version=2)
    after = {stage: _peak(home, stage) for stage in ("inputs", "transform", "gate", "publish")}
    return {"limit": LIMIT, "years": years, **written, "stages": stages, "after_20": after}


def _peak(home: Path, stage: str) -> int:
    ran = in_fresh_process("bench.memory:run", home=str(home), stage=stage)
    return int(ran["peak_memory_bytes"])


def run(home: str, stage: str, limit: str = LIMIT) -> dict[str, Any]:
    """Run one stage on what the stages before it left."""
    from ingestion.request import Services
    from warehouse.core.settings import load_settings

    settings = load_settings(home=Path(home), memory_limit=limit)
    services = Services.open(settings)
    try:
        _STAGES[stage](services, settings)
    finally:
        services.ledger.close()
    return {}


def _inputs(services: Services, _: Settings) -> None:
    from mvd.build import attempts, steps

    with attempts.alone(services.home):
        release_id = steps.begin(services)
        steps.make_plan(services.home, release_id)


def _transform(services: Services, settings: Settings) -> None:
    build.transform(services.home, _begun(services), settings)


def _gate(services: Services, settings: Settings) -> None:
    build.judge(services.home, _begun(services), settings)


def _publish(services: Services, settings: Settings) -> None:
    from mvd.build import steps

    steps.publish(services, _begun(services), settings)


def _verify(services: Services, settings: Settings) -> None:
    from warehouse.releases import catalogue, verification

    home = services.home
    if verification.verify(home, catalogue.current(home) or "", settings, services.ledger):
        raise RuntimeError("the release differs from its manifest")


def _rebuild(services: Services, settings: Settings) -> None:
    from mvd.build.pipeline import rebuild_release
    from warehouse.releases import catalogue

    outcome = rebuild_release(services.home, catalogue.current(services.home) or "", settings)
    if not outcome.is_same:
        raise RuntimeError(outcome.differences)


def _question(services: Services, settings: Settings) -> None:
    from warehouse.query.reader import query

    query(services.home, _QUESTION, timeout=600, memory_limit=settings.memory_limit)


def _begun(services: Services) -> str:
    return max(record.release_id for record in services.ledger.releases("building"))


_STAGES: dict[str, Callable[[Services, Settings], None]] = {
    "inputs": _inputs,
    "transform": _transform,
    "gate": _gate,
    "publish": _publish,
    "verify": _verify,
    "rebuild": _rebuild,
    "question": _question,
}
