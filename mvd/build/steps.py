"""The steps of a build, each of which may run in a process of its own, and again after a crash.

What one step leaves for the next lies in `builds/<release_id>`: the inputs, the snapshot of the
ledger they were made from, the database, the result of the gate. Whoever runs a step holds the
lock of `alone`: one process at a time writes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from mvd.build.attempts import noting_failure, remove_leftovers
from warehouse.core.clock import utc_now
from warehouse.core.paths import Home
from warehouse.core.settings import Engine, Settings
from warehouse.core.timings import timed
from warehouse.releases import catalogue, publication

if TYPE_CHECKING:
    from expectations.release_gate import GateResult
    from ingestion.request import Services
    from warehouse.build.planning import Inputs, Plan
    from warehouse.build.transform import TransformResult
    from warehouse.ledger import Snapshot
    from warehouse.releases.left_out import LeftOut
    from warehouse.releases.manifest import Manifest

_SNAPSHOT = "snapshot.json"
_FINDINGS = "findings.parquet"
_PLAN = "plan.json"
_PART = "part"
"""Directory of the inputs of the years that are computed, with their cells as extracted."""
_EXTRACTS = "extracts"
"""Directory of the cells of a build that trusts nothing that was kept."""
_PARSED = {"duckdb": ".partial_parse.msgpack", "spark": ".partial_parse.spark.msgpack"}
_COMPUTED = ("*.duckdb*", "spill-*", "spark", "spark-spill", "gate.json")
"""What is computed inside a build directory; all else is input, or says what happened."""
P = ParamSpec("P")
R = TypeVar("R")


def timed_step(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Note how long a step took. Its first argument leads to the home, the second is a release."""

    def around(step: Callable[P, R]) -> Callable[P, R]:
        @wraps(step)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            home = args[0] if isinstance(args[0], Home) else args[0].home  # type: ignore[attr-defined]
            release = {"release_id": str(args[1])} if len(args) > 1 else {}
            with timed(home, name, **release):
                return step(*args, **kwargs)

        return measured

    return around


@timed_step("inputs")
def begin(services: Services, *, as_of: datetime | None = None) -> str:
    """Take a running number and write the inputs of a build (received by `as_of`).

    Of submissions that have to be left out the ledger notes too that the build has seen them:
    they are no reason for another one. BuildFailedError when the inputs cannot be written.
    """
    from mvd.build.authors import read_authors
    from warehouse.build.export import write_build_inputs
    from warehouse.releases import left_out

    home, ledger = services.home, services.ledger
    catalogue.catch_up(home)
    remove_leftovers(services)
    read_authors(services)
    snapshot = ledger.snapshot(as_of)
    known, left = left_out.known(snapshot, services.contracts)
    periods = [s.period for s in known.in_force]
    release_id = ledger.begin_release(
        contract_hash=services.contracts.content_hash,
        submission_ids=[s.submission_id for s in snapshot.in_force],
        as_of=as_of,
        period_first=min(periods, default=None),
        period_last=max(periods, default=None),
    )
    build_dir = home.builds / release_id
    with noting_failure(services, release_id):
        write_build_inputs(home, snapshot, services.contracts, directory=build_dir / "inputs")
        told = left_out.summary(left, services.contracts)
        _keep_snapshot(build_dir, known, services.contracts.content_hash, told)
    return release_id


def told_left_out(home: Home, release_id: str) -> list[LeftOut]:
    """What a build had to leave out."""
    from pydantic import TypeAdapter

    from warehouse.releases.left_out import LeftOut

    kept = json.loads((home.builds / release_id / _SNAPSHOT).read_text(encoding="utf-8"))
    return TypeAdapter(list[LeftOut]).validate_python(kept["left_out"])


@timed_step("plan")
def make_plan(
    home: Home, release_id: str, *, whole: bool = False, engine: Engine = "duckdb"
) -> Plan:
    """What the build has to compute; everything where `whole` asks for it."""
    from warehouse.build import planning

    build_dir = home.builds / release_id
    inputs = planning.Inputs.read(build_dir / "inputs")
    plan = planning.whole(inputs) if whole else planning.plan(home, inputs, engine)
    (build_dir / _PLAN).write_text(plan.as_json(), encoding="utf-8")
    return plan


@timed_step("transform")
def transform(home: Home, release_id: str, settings: Settings) -> TransformResult:
    """Run the models and their tests over what the plan of the build names.

    What it does not name is taken over from the release that it is based on. Nothing that an
    attempt computed is left, neither by an earlier one nor by one that the machine failed.
    """
    build_dir = home.builds / release_id
    _clear_computed(build_dir)
    is_kept = False
    try:
        built = _compute(home, release_id, settings)
        is_kept = built.is_successful or built.is_refused
    finally:
        if not is_kept:
            _clear_computed(build_dir)
    return built


def _clear_computed(build_dir: Path) -> None:
    for path in [path for pattern in _COMPUTED for path in build_dir.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _compute(home: Home, release_id: str, settings: Settings) -> TransformResult:
    from warehouse.build import planning
    from warehouse.build.carry_over import complete
    from warehouse.build.findings import list_findings

    build_dir = home.builds / release_id
    _touch(build_dir)
    plan = _plan(build_dir)
    if plan.base is None and settings.engine == "spark":
        return run_models(home, build_dir / "inputs", build_dir, settings)
    if plan.reason is planning.Whole.ASKED:
        # Whoever asks for everything trusts nothing that was kept.
        shutil.rmtree(home.extracts, ignore_errors=True)
    inputs = planning.Inputs.read(build_dir / "inputs")
    built = _run_on_extracts(home, inputs, plan.read, home.extracts, build_dir, settings)
    if built.is_successful:
        if plan.base:
            complete(built.database, catalogue.directory(home, plan.base), plan.years, settings)
        list_findings(built.database, build_dir / "inputs", settings)
    return built


def run_models(home: Home, inputs: Path, build_dir: Path, settings: Settings) -> TransformResult:
    """Compute everything from `inputs` and the lake; everything is written into `build_dir`."""
    import pyarrow.parquet as pq

    from warehouse.build.findings import list_findings
    from warehouse.build.planning import Inputs
    from warehouse.storage import lake

    if settings.engine == "spark":
        # A cluster reads the lake faster than one machine can extract from it.
        cells = pq.read_table(inputs / "cell_files.parquet").to_pylist()
        lake.bring(home, ((file["path"], file["sha256"]) for file in cells))
        built = _run_dbt(home, inputs, home.lake, build_dir, settings)
    else:
        read = Inputs.read(inputs)
        extracts = build_dir / _EXTRACTS
        built = _run_on_extracts(home, read, read.years, extracts, build_dir, settings)
    if built.is_successful:
        list_findings(built.database, inputs, settings)
    return built


def _run_on_extracts(
    home: Home,
    inputs: Inputs,
    years: Sequence[int],
    extracts: Path,
    build_dir: Path,
    settings: Settings,
) -> TransformResult:
    """Run the models over the inputs of `years`, with their cells as extracted to `extracts`."""
    from warehouse.build import cell_cache
    from warehouse.build.schemas import write_tables

    tables = inputs.of_years(years)
    tables["cell_files"] = cell_cache.extract(home, inputs, years, settings, folder=extracts)
    write_tables(build_dir / _PART, tables)
    return _run_dbt(home, build_dir / _PART, extracts, build_dir, settings)


def _run_dbt(
    home: Home, inputs: Path, cells: Path, build_dir: Path, settings: Settings
) -> TransformResult:
    from warehouse.build import spark
    from warehouse.build import transform as models

    if settings.engine == "spark":
        spark.require()
    return models.transform(
        inputs,
        cells,
        build_dir,
        machine=models.Machine(
            settings.engine, settings.threads, settings.memory_limit, settings.spark_master
        ),
        parsed=home.builds / _PARSED[settings.engine],
    )


@timed_step("gate")
def judge(home: Home, release_id: str, settings: Settings) -> GateResult:
    """Judge what the build computed; the result lies beside the marts for `publish`."""
    from expectations import release_gate
    from warehouse.releases.marts import DATABASE

    build_dir = home.builds / release_id
    _touch(build_dir)
    plan, part = _plan(build_dir), build_dir / _PART
    is_extracted = part.is_dir()
    return release_gate.judge(
        build_dir / DATABASE,
        part if is_extracted else build_dir / "inputs",
        home.extracts if is_extracted else home.lake,
        years=plan.years if plan.base else None,
        memory_limit=settings.memory_limit,
    )


@timed_step("publish")
def publish(services: Services, release_id: str, settings: Settings) -> Manifest:
    """Publish a build that passed its gate; one that is published already stays as it is.

    ValueError when the gate has not passed it. UserError RELEASE_OUTDATED when a newer release
    came first: then nothing is lost, for the newer one holds all that this one would.
    """
    from expectations.release_gate import RESULT_NAME

    home, build_dir = services.home, services.home.builds / release_id
    if release_id in catalogue.list_releases(home):
        catalogue.complete_ledger(home, services.ledger)
        shutil.rmtree(build_dir, ignore_errors=True)
        return catalogue.read_manifest(home, release_id)
    gate = json.loads((build_dir / RESULT_NAME).read_text(encoding="utf-8"))
    if not gate["is_passed"]:
        raise ValueError(f"the gate refused {release_id}")
    snapshot, contract_hash = _kept_snapshot(build_dir)
    plan = _plan(build_dir)
    draft = publication.Draft(
        release_id=release_id,
        build_dir=build_dir,
        snapshot=snapshot,
        contract_hash=contract_hash,
        gate=gate,
        created_at=utc_now(),
        base=plan.base,
        years=plan.years,
        models_hash=plan.models,
        engine=settings.engine,
        left_out=tuple(told_left_out(home, release_id)),
    )
    manifest = publication.publish(home, services.ledger, draft, settings)
    shutil.rmtree(build_dir, ignore_errors=True)
    return manifest


def _touch(build_dir: Path) -> None:
    """Say that the build is alive; the time of a directory does not follow the files in it."""
    build_dir.touch()


def _plan(build_dir: Path) -> Plan:
    from warehouse.build.planning import Plan

    return Plan.from_json((build_dir / _PLAN).read_text(encoding="utf-8"))


def _keep_snapshot(
    build_dir: Path, snapshot: Snapshot, contract_hash: str, left: list[LeftOut]
) -> None:
    import pyarrow.parquet as pq
    from pydantic import TypeAdapter

    from warehouse.ledger import Submission

    submissions = TypeAdapter(list[Submission]).dump_python(snapshot.submissions, mode="json")
    kept = {
        "as_of": snapshot.as_of.isoformat() if snapshot.as_of else None,
        "contract_hash": contract_hash,
        "submissions": submissions,
        "left_out": [asdict(each) for each in left],
    }
    pq.write_table(snapshot.findings, build_dir / _FINDINGS)
    text = json.dumps(kept, ensure_ascii=False)
    (build_dir / _SNAPSHOT).write_text(text, encoding="utf-8")


def _kept_snapshot(build_dir: Path) -> tuple[Snapshot, str]:
    import pyarrow.parquet as pq
    from pydantic import TypeAdapter

    from warehouse.ledger import Snapshot, Submission

    kept = json.loads((build_dir / _SNAPSHOT).read_text(encoding="utf-8"))
    snapshot = Snapshot(
        as_of=datetime.fromisoformat(kept["as_of"]) if kept["as_of"] else None,
        submissions=TypeAdapter(list[Submission]).validate_python(kept["submissions"]),
        findings=pq.read_table(build_dir / _FINDINGS),
    )
    return snapshot, str(kept["contract_hash"])
