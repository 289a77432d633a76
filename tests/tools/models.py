"""The models of the dbt project as compiled SQL, run without dbt: a build in a second or two.

dbt takes longer to start than these builds to run. The SQL is dbt's own, in dbt's order.
"""

import fcntl
import json
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from warehouse.build.transform import Machine, TransformResult, profile, run_dbt
from warehouse.releases.marts import DATABASE


@dataclass(frozen=True)
class Models:
    """Compiled models in the order in which they depend on each other, and their sources."""

    models: list[dict[str, Any]]
    sources: list[dict[str, Any]]

    @classmethod
    def compiled(cls, run_folder: Path) -> "Models":
        """Those of this run of the tests; the first process that asks lets dbt compile them."""
        folder = run_folder / "models"
        folder.mkdir(exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = folder / "models.json"
            if not kept.exists():
                made = cls._compile(folder)
                kept.write_text(json.dumps(asdict(made)), encoding="utf-8")
            return cls(**json.loads(kept.read_text(encoding="utf-8")))

    @classmethod
    def parsed(cls, run_folder: Path) -> Path:
        """What dbt understood of the project, for other processes of dbt with the same profile."""
        cls.compiled(run_folder)
        return run_folder / "models" / "dbt" / "partial_parse.msgpack"

    @classmethod
    def manifest(cls, run_folder: Path) -> dict[str, Any]:
        """The manifest that dbt wrote as it compiled them."""
        cls.compiled(run_folder)
        return cls._manifest(run_folder / "models" / "dbt")

    @staticmethod
    def _manifest(target: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        return found

    @classmethod
    def _compile(cls, folder: Path) -> "Models":
        target = folder / "dbt"
        target.mkdir(parents=True)
        ended = run_dbt(
            ["compile"], target=target, environment=profile(Machine()), timeout_seconds=600
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        manifest = cls._manifest(target)
        models = {
            name: node
            for name, node in manifest["nodes"].items()
            if node["resource_type"] == "model"
        }
        order = TopologicalSorter(
            {name: set(node["depends_on"]["nodes"]) & set(models) for name, node in models.items()}
        )
        return cls([models[name] for name in order.static_order()], [*manifest["sources"].values()])

    def run(self, inputs: Path, lake: Path, build_dir: Path, **_: object) -> TransformResult:
        """Build the marts as `warehouse.build.transform.transform` does; raises where one fails."""
        database = build_dir / DATABASE
        database.unlink(missing_ok=True)
        with duckdb.connect(database) as connection:
            for source in self.sources:
                self._register(connection, source, inputs, lake)
            for model in self.models:
                kind = "view" if model["config"]["materialized"] == "view" else "table"
                connection.execute(f"create schema if not exists {model['schema']}")
                connection.execute(
                    f"create {kind} {model['schema']}.{model['alias']} as {model['compiled_code']}"
                )
        return TransformResult(database, build_dir, 0.0, ())

    def _register(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: dict[str, Any],
        inputs: Path,
        lake: Path,
    ) -> None:
        files = [inputs / f"{source['identifier']}.parquet"]
        if source["name"] == "cells":
            listed = pq.read_table(inputs / "cell_files.parquet")["path"].unique().to_pylist()
            files = [lake / path for path in listed] or [inputs / "no_cells.parquet"]
        connection.execute(f"create schema if not exists {source['schema']}")
        connection.execute(
            f"create view {source['schema']}.{source['identifier']}"
            f" as from read_parquet({[str(file) for file in files]})"
        )
