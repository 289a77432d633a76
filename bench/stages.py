"""Where the time of one release goes: twenty 1-М taken in, and the release after them."""

import resource
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench import build
from bench.measure import in_fresh_process
from bench.workbooks import region_batch

Result = dict[str, Any]
Stages = dict[str, dict[str, float]]

_FEW_REGIONS = 5
# Functions by the name under which their caller finds them, and the stage that they are. A stage
# within another is taken off that one.
_TAKING_IN = (
    ("ingestion.judge.prepare:extract", "read"),
    ("ingestion.judge.prepare:lay_out", "check"),
    ("ingestion.judge.prepare:join_frames", "check"),
    ("ingestion.judge.prepare:judge", "check"),
    ("ingestion.judge.prepare:explain", "check"),
    ("ingestion.judge.verdicts:_judge_across_forms", "check"),
    ("warehouse.storage.lake:write_cells", "write"),
)
_RELEASING = (
    ("mvd.build.steps:begin", "inputs"),
    ("mvd.build.steps:make_plan", "plan"),
    ("warehouse.build.cell_cache:extract", "extract"),
    ("warehouse.build.transform:transform", "dbt"),
    ("warehouse.build.carry_over:complete", "carry"),
    ("warehouse.build.outliers:list_outliers", "outliers"),
    ("mvd.build.steps:judge", "gate"),
    ("mvd.build.steps:publish", "publish"),
)


def measure(lakes: Path, scratch: Path, *, quick: bool) -> Result:
    """Processor seconds by stage, on a lake of three years of regions that has its release."""
    name = f"{'few-' if quick else ''}regions-3"
    count = _FEW_REGIONS if quick else 20
    written = in_fresh_process(
        "bench.lakes.lake_size:write_lake",
        home=str(lakes / name),
        years=3,
        first=_FEW_REGIONS if quick else None,
    )
    batch = region_batch(scratch / "batch", count)
    taken_in = in_fresh_process(
        "bench.stages:take_in",
        folder=str(batch.folder),
        manifest=str(batch.manifest),
        home=str(scratch / "inbox"),
    )
    home = scratch / name
    shutil.copytree(lakes / name, home)
    in_fresh_process("bench.lakes.lake_size:release", home=str(home))
    nothing = in_fresh_process("bench.stages:release", home=str(home))
    in_fresh_process("bench.lakes.lake_size:receive", home=str(home), count=count, version=2)
    after = in_fresh_process("bench.stages:release", home=str(home))
    shutil.rmtree(home)
    return {
        "workbooks": count,
        "source": batch.source,
        **written,
        "taking_in": taken_in["stages"],
        "release": _split(after, nothing["stages"]["dbt"]["processor_seconds"]),
    }


def take_in(folder: str, manifest: str, home: str) -> Result:
    """Take in a folder in one process that has its imports and rules already."""
    from ingestion.intake import batch
    from ingestion.intake.file_list import listed
    from ingestion.intake.submit import warm_up
    from ingestion.request import Services
    from warehouse.core.settings import load_settings

    services = Services.open(load_settings(home=Path(home)))
    warm_up(services.contracts)
    with _watched("taking in: files, ledger", _TAKING_IN) as stages:
        batch.ingest(
            services, listed(Path(folder), services.contracts, manifest=Path(manifest)), workers=0
        )
    services.ledger.close()
    return {"stages": stages}


def release(home: str) -> Result:
    """Build and publish; the seconds of models and tests as dbt tells them, by group."""
    from ingestion.request import Services
    from mvd.build import attempts, steps
    from warehouse.core.settings import load_settings

    settings = load_settings(home=Path(home))
    services = Services.open(settings)
    with attempts.alone(services.home), _watched("between the steps", _RELEASING) as stages:
        release_id = steps.begin(services)
        steps.make_plan(services.home, release_id)
        built = build.transform(services.home, release_id, settings)
        build.judge(services.home, release_id, settings)
        steps.publish(services, release_id, settings)
    services.ledger.close()
    groups: dict[str, float] = defaultdict(float)
    for node in built.nodes:
        groups[_group(node.name, node.kind)] += node.seconds
    return {"stages": stages, "groups": groups}


def _group(name: str, kind: str) -> str:
    if kind != "model":
        return "tests"
    if name.startswith("stg_"):
        return "staging"
    words = ("int_cells", "int_offence", "int_indicator")
    for word in words:
        if name.startswith(word):
            return f"{word}*"
    return "other int_" if name.startswith("int_") else f"{name.partition('_')[0]}_*"


def _split(after: Mapping[str, Any], nothing: float) -> dict[str, float]:
    """Processor seconds by stage, dbt's divided: its start-up, and the rest by what took long."""
    stages = {name: stage["processor_seconds"] for name, stage in after["stages"].items()}
    work = max(stages.pop("dbt") - nothing, 0.0)
    told = sum(after["groups"].values())
    models = {
        f"dbt: {name}": work * seconds / told for name, seconds in sorted(after["groups"].items())
    }
    return {**stages, "dbt: start, and every model and test over nothing": nothing, **models}


@contextmanager
def _watched(rest: str, functions: tuple[tuple[str, str], ...]) -> Iterator[Stages]:
    """Time what the functions do inside; `rest` is what is none of theirs."""
    stages: Stages = defaultdict(lambda: {"seconds": 0.0, "processor_seconds": 0.0})
    open_stages = [rest]
    at = _now()

    def turn_to(change: Callable[[], object]) -> None:
        nonlocal at
        now = _now()
        for key, after, before in zip(("seconds", "processor_seconds"), now, at, strict=True):
            stages[open_stages[-1]][key] += after - before
        at = now
        change()

    def around(function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            turn_to(lambda: open_stages.append(stage))
            try:
                return function(*args, **kwargs)
            finally:
                turn_to(open_stages.pop)

        return timed

    with ExitStack() as stack:
        for place, stage in functions:
            module, _, name = place.partition(":")
            loaded = import_module(module)
            stack.enter_context(patch.object(loaded, name, around(getattr(loaded, name), stage)))
        yield stages
        turn_to(lambda: None)


def _now() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(entry.ru_utime + entry.ru_stime for entry in used)
