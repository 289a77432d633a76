"""Runs dbt once over the inputs of a build, in a process of its own, and reads what it says."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from warehouse.build import spark
from warehouse.core.memory import ENGINE_OF_BUILD, share, threads_of_build
from warehouse.core.settings import Engine
from warehouse.releases.marts import DATABASE, SCHEMA

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
_PARSED = "partial_parse.msgpack"
_RESULTS = "run_results.json"
_HEALTHY = {"success", "pass", "warn", "no-op"}
_FOUND_WRONG = "fail"
"""Status of a test that ran and found rows; one that could not run has `error`."""
_DATA_ERROR = re.compile(
    r"^\s*(Conversion Error|Constraint Error|Out of Range Error):"
    r"|enforced contract that failed"
    r"|SQLSTATE: 2[23]",
    re.MULTILINE,
)
"""How dbt words an error of a model that lies in its rows: DuckDB's own classes, a contract of dbt,
and on Spark the classes 22 (data exception) and 23 (constraint violation) of SQLSTATE."""
_COMPLETED = (0, 1)
"""How dbt exits after going through all nodes, with 1 when some failed."""
# The project stays in memory to the end: collecting garbage would only walk through it again.
_DBT = """
import gc
gc.set_threshold(100_000, 50, 50)
from dbt.cli.main import cli
gc.freeze()
cli()
"""
_MODELS_AT_ONCE = 2
"""Of DuckDB, which uses every thread for one model: a second one fills its pauses, more of them
would only share out the memory."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """One model or test. `message` is dbt's own words, empty when all went well.

    `model` is the model that a test guards; empty for models, and for tests across models.
    """

    name: str
    kind: str
    status: str
    seconds: float
    message: str
    description: str
    model: str = ""

    @property
    def is_failed(self) -> bool:
        return self.status not in _HEALTHY

    @property
    def is_refusal(self) -> bool:
        """Whether the data are at fault: the same rows would fail again on any machine."""
        if self.kind.endswith("test") and self.status == _FOUND_WRONG:
            return True
        return self.status == "error" and _DATA_ERROR.search(self.message) is not None

    def in_words(self) -> str:
        """Name, state and reason on one line."""
        reason = " ".join(self.message.split()) or self.description
        return f"{self.kind} {self.name}: {self.status}: {reason}"


@dataclass(frozen=True, slots=True)
class TransformResult:
    """Outcome of a run: `database` holds the marts in schema `marts` when `is_successful`."""

    database: Path
    target: Path
    seconds: float
    nodes: tuple[NodeResult, ...]
    error: str = ""
    """What kept dbt from going through all of it."""

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.is_failed)

    @property
    def is_successful(self) -> bool:
        return not self.error and not self.failures

    @property
    def is_refused(self) -> bool:
        """Whether dbt went through all of it and nothing but the data is at fault.

        Neither successful nor refused: the machine or the program failed, which says nothing about
        the data.
        """
        if self.error or self.is_successful:
            return False
        return bool(self._causes) and all(node.is_refusal for node in self._causes)

    @property
    def _causes(self) -> tuple[NodeResult, ...]:
        """The failures that do not follow from others."""
        return tuple(node for node in self.failures if node.status != "skipped")

    @property
    def models(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.kind == "model")

    @property
    def tests(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.kind.endswith("test"))

    def in_words(self) -> list[str]:
        """What went wrong, one sentence each; empty after a success.

        What was only skipped because something before it failed is left out.
        """
        lines = [node.in_words() for node in self._causes]
        return [*lines, *([self.error] if self.error else [])]


@dataclass(frozen=True, slots=True)
class Machine:
    """What computes the models, and how much of this machine it may use."""

    engine: Engine = "duckdb"
    threads: int = 2
    memory_limit: str = "2GB"
    spark_master: str = ""


_THIS_MACHINE = Machine()


def models_hash() -> str:
    """Hash of everything in the dbt project that can change a figure."""
    digest = hashlib.sha256()
    for path in sorted(_project_files()):
        digest.update(path.relative_to(PROJECT).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _project_files() -> Iterator[Path]:
    yield PROJECT / "dbt_project.yml"
    for folder in ("models", "macros"):
        yield from (path for path in (PROJECT / folder).rglob("*") if path.is_file())


def transform(
    inputs: Path,
    lake: Path,
    build_dir: Path,
    *,
    machine: Machine = _THIS_MACHINE,
    timeout_seconds: float = 3600,
    with_data_tests: bool = True,
    with_unit_tests: bool = False,
    parsed: Path | None = None,
) -> TransformResult:
    """Build the marts from `inputs` and the files of `lake` into `build_dir`/warehouse.duckdb.

    Models, their data tests and, on request, their unit tests run in one dbt process.
    Everything dbt writes lies in `build_dir`, so builds side by side do not meet; only what dbt
    understood of the project is kept in the file `parsed` for the next run. What goes wrong in dbt
    is returned, not raised, also that it was killed or did not end in time.
    """
    target = build_dir / "dbt"
    database = build_dir / DATABASE
    target.mkdir(parents=True, exist_ok=True)
    # Results of an earlier attempt would be taken for those of a dbt that is killed before its own.
    for leftover in (database, database.with_name(database.name + ".wal"), target / _RESULTS):
        leftover.unlink(missing_ok=True)
    if parsed and parsed.is_file():
        shutil.copyfile(parsed, target / _PARSED)
    command = ["build"]
    for kind, is_wanted in (("test", with_data_tests), ("unit_test", with_unit_tests)):
        command += [] if is_wanted else ["--exclude-resource-type", kind]
    environment = {
        "MVD_DBT_TARGET": machine.engine,
        "MVD_DBT_INPUTS": str(inputs),
        "MVD_DBT_LAKE": str(lake),
        **profile(machine),
    }
    if machine.engine == "spark":
        environment |= _spark_environment(build_dir, machine)
    try:
        ended = run_dbt(
            command, target=target, environment=environment, timeout_seconds=timeout_seconds
        )
    except subprocess.TimeoutExpired:
        problem = f"dbt did not end within {timeout_seconds:.0f} s"
        return TransformResult(database, target, timeout_seconds, (), problem)
    if parsed and ended.returncode in _COMPLETED and (target / _PARSED).is_file():
        (target / _PARSED).replace(parsed)
    result = _read_result(database, target, ended)
    if machine.engine == "spark" and result.is_successful:
        return _with_spark_tables(result, build_dir, machine.memory_limit)
    return result


def _spark_environment(build_dir: Path, machine: Machine) -> dict[str, str]:
    spark.clear(build_dir)
    settings = spark.session(
        build_dir,
        threads=machine.threads,
        memory_limit=machine.memory_limit,
        master=machine.spark_master,
    )
    return {"MVD_DBT_SPARK": json.dumps(settings), "MVD_DBT_THREADS": str(machine.threads)}


def profile(machine: Machine) -> dict[str, str]:
    """Values of dbt's profile for DuckDB; dbt parses everything again when one of them changes."""
    engine_threads = threads_of_build(machine.memory_limit, machine.threads)
    return {
        # From the target, so that it is the same for every build.
        "MVD_DBT_DATABASE": f"../{DATABASE}",
        "MVD_DBT_THREADS": str(min(_MODELS_AT_ONCE, engine_threads)),
        "MVD_DBT_ENGINE_THREADS": str(engine_threads),
        "MVD_DBT_MEMORY_LIMIT": share(machine.memory_limit, ENGINE_OF_BUILD),
    }


def _with_spark_tables(
    result: TransformResult, build_dir: Path, memory_limit: str
) -> TransformResult:
    """The result once more, with the failure if a mart cannot be loaded."""
    try:
        spark.load(result.database, build_dir, _manifest(result.target), memory_limit)
    except duckdb.Error as error:
        failed = NodeResult(SCHEMA, "load", "error", 0.0, str(error), "")
        return replace(result, nodes=(*result.nodes, failed))
    return result


def run_dbt(
    command: list[str],
    *,
    target: Path,
    environment: dict[str, str],
    timeout_seconds: float,
) -> subprocess.CompletedProcess[str]:
    """Run a dbt command of our project offline, with its files below `target`."""
    settings = {
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        # What dbt tells of every step is a sixth of its time; what went wrong is in its results.
        "DBT_LOG_LEVEL_FILE": "warn",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "DBT_VERSION_CHECK": "false",
    }
    return subprocess.run(  # noqa: S603 - our own interpreter, arguments from this module
        [sys.executable, *_program(environment.get("MVD_DBT_TARGET")), *command],
        env={**os.environ, **settings, **environment},
        cwd=target,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def _program(engine: str | None) -> list[str]:
    if engine == "spark":
        # Without its folder on the path: modules of ours would hide those of others.
        return ["-P", str(Path(__file__).with_name("spark_program.py"))]
    return ["-c", _DBT]


def _manifest(target: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _read_result(
    database: Path, target: Path, ended: subprocess.CompletedProcess[str]
) -> TransformResult:
    try:
        run = json.loads((target / _RESULTS).read_text(encoding="utf-8"))
        manifest = _manifest(target)
    except (FileNotFoundError, ValueError):
        # Killed before it wrote them, or no room for the whole of them.
        return TransformResult(database, target, 0.0, (), _last_words(ended))
    known: dict[str, Any] = {**manifest["nodes"], **manifest["unit_tests"]}
    nodes = tuple(_node(entry, known) for entry in run["results"])
    is_explained = ended.returncode == 0 or any(node.is_failed for node in nodes)
    is_complete = ended.returncode in _COMPLETED and is_explained
    error = "" if is_complete else _last_words(ended)
    return TransformResult(database, target, run["elapsed_time"], nodes, error)


def _node(entry: dict[str, Any], known: dict[str, Any]) -> NodeResult:
    unique_id: str = entry["unique_id"]
    node = known.get(unique_id, {})
    status = str(entry["status"])
    return NodeResult(
        name=node.get("name", unique_id),
        kind=unique_id.partition(".")[0],
        status=status,
        seconds=float(entry["execution_time"]),
        message="" if status in _HEALTHY else str(entry.get("message") or ""),
        description=node.get("description", ""),
        model=(node.get("attached_node") or node.get("model") or "").rpartition(".")[2],
    )


def _last_words(ended: subprocess.CompletedProcess[str]) -> str:
    lines = (ended.stdout + ended.stderr).strip().splitlines()
    how = f"dbt exit {ended.returncode}"
    if ended.returncode < 0:
        how = f"dbt was killed by signal {-ended.returncode}"
    return f"{how}: " + "\n".join(lines[-15:])
