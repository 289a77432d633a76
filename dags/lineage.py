"""OpenLineage: from the file a department sent, over the lake and the models, to a published table.

Airflow's provider says which task ran when; what only we know is added here: which original became
cells of which form and month, which model was made of which, which tests it passed, which release
holds it. Without a transport nothing is said, and nothing of it can make a task fail.

| dataset | name |
| --- | --- |
| a file that was sent | `originals/<sha256>` |
| cells of a form and month | `lake/form=<form>/period=<month>` |
| inputs of a build | `<source>.<table>` as in the dbt project |
| a model | `models/<schema>.<model>` |
| a published table | `releases/marts.<table>` |
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from openlineage.client.event_v2 import Dataset, InputDataset, RunEvent

    from ingestion.request import SubmissionResult
    from warehouse.build.transform import NodeResult, TransformResult
    from warehouse.ledger import Ledger, Submission
    from warehouse.releases.manifest import Manifest

log = logging.getLogger(__name__)
P = ParamSpec("P")
PRODUCER = "https://openlineage.io/mvd-lakehouse"
_SOURCES_OF_CELLS = frozenset({"lake"})


def _if_wanted(tell: Callable[P, None]) -> Callable[P, None]:
    """Only when a transport is configured; what goes wrong is logged and stops nothing."""

    @wraps(tell)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        from airflow.providers.openlineage import conf

        if conf.is_disabled():
            return
        try:
            tell(*args, **kwargs)
        except Exception:
            log.warning("lineage was not told", exc_info=True)

    return told


@_if_wanted
def tell_judged(task: Any, ledger: Ledger, results: Iterable[SubmissionResult]) -> None:
    """Each file that was judged, and where its cells went."""
    ids = [result.submission_id for result in results if result.submission_id]
    _emit(task, (judged(ledger.submission(submission_id)) for submission_id in ids))


@_if_wanted
def tell_inputs(task: Any, in_force: Iterable[Submission], sources: Path) -> None:
    """What the inputs of a build were made from."""
    _emit(task, build_inputs(in_force, declared_sources(sources)))


@_if_wanted
def tell_models(task: Any, built: TransformResult) -> None:
    """Each model: from what it was made, and which of its tests held."""
    manifest = json.loads((built.target / "manifest.json").read_text(encoding="utf-8"))
    _emit(task, models(built, manifest))


@_if_wanted
def tell_published(task: Any, manifest: Manifest) -> None:
    """Each table of the release."""
    _emit(task, published(manifest))


def judged(submission: Submission) -> RunEvent:
    """From an original to cells; a refused file leads nowhere."""
    cells = [lake_partition(submission)] if submission.cells_path else []
    return _event(
        "judge",
        uuid.uuid5(uuid.NAMESPACE_OID, f"{submission.submission_id}|{submission.judged_at}"),
        inputs=[_dataset(f"originals/{submission.file_sha256}")],
        outputs=[_dataset(name) for name in cells],
        facets={
            "submission_id": submission.submission_id,
            "file_name": submission.file_name,
            "form": submission.form_code,
            "territory": submission.territory_kato,
            "period": submission.period,
            "verdict": submission.verdict.value if submission.verdict else None,
            "cells_path": submission.cells_path,
        },
    )


def lake_partition(submission: Submission) -> str:
    """The folder of the lake that holds a form of a month."""
    return f"lake/form={submission.form_code}/period={submission.period}"


def declared_sources(file: Path) -> dict[str, list[str]]:
    """Tables by source, as the dbt project declares them."""
    import yaml

    declared = yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    return {s["name"]: [table["name"] for table in s["tables"]] for s in declared}


def build_inputs(
    in_force: Iterable[Submission], sources: Mapping[str, Sequence[str]]
) -> Iterator[RunEvent]:
    """One event per source: cells come from the lake, the rest from contracts and ledger."""
    partitions = sorted({lake_partition(submission) for submission in in_force})
    for source, tables in sources.items():
        made_of = partitions if source in _SOURCES_OF_CELLS else [source]
        yield _event(
            f"inputs.{source}",
            uuid.uuid4(),
            inputs=[_dataset(name) for name in made_of],
            outputs=[_dataset(f"{source}.{table}") for table in tables],
        )


def models(built: TransformResult, manifest: Mapping[str, Any]) -> Iterator[RunEvent]:
    """One event per model that was run."""
    tests: dict[str, list[NodeResult]] = defaultdict(list)
    for test in built.tests:
        tests[test.model].append(test)
    nodes = {**manifest["nodes"], **manifest["sources"]}
    by_name = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    for model in built.models:
        node = by_name[model.name]
        yield _event(
            f"dbt.{model.name}",
            uuid.uuid4(),
            inputs=[_dataset(_name(nodes[each])) for each in node["depends_on"]["nodes"]],
            outputs=[_dataset(_name(node))],
            facets={
                "seconds": model.seconds,
                "tests": {test.name: test.status for test in tests[model.name]},
            },
            is_failed=model.is_failed or any(test.is_failed for test in tests[model.name]),
        )


def published(manifest: Manifest) -> Iterator[RunEvent]:
    """From a mart of the build to the table that readers see."""
    for table in manifest.tables:
        yield _event(
            f"publish.{table.name}",
            uuid.uuid4(),
            inputs=[_dataset(f"models/marts.{table.name}")],
            outputs=[_dataset(f"releases/marts.{table.name}", version=manifest.release_id)],
            facets={
                "release_id": manifest.release_id,
                "rows": table.rows,
                "content_hash": table.content_hash,
            },
        )


def _name(node: Mapping[str, Any]) -> str:
    if node["resource_type"] == "source":
        return f"{node['source_name']}.{node['name']}"
    return f"models/{node['schema']}.{node['name']}"


def _dataset(name: str, version: str = "") -> Any:
    from airflow.providers.openlineage import conf
    from openlineage.client.event_v2 import Dataset
    from openlineage.client.facet_v2 import dataset_version_dataset

    facets: dict[str, Any] = {}
    if version:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(version)
    return Dataset(namespace=conf.namespace(), name=name, facets=facets)


def _event(
    job: str,
    run_id: uuid.UUID,
    *,
    inputs: list[InputDataset | Dataset],
    outputs: list[Any],
    facets: Mapping[str, Any] | None = None,
    is_failed: bool = False,
) -> RunEvent:
    from airflow.providers.openlineage import conf
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

    return RunEvent(
        eventType=RunState.FAIL if is_failed else RunState.COMPLETE,
        eventTime=datetime.now(UTC).isoformat(),
        run=Run(str(run_id), {"mvd": _facet(facets)} if facets else {}),
        job=Job(conf.namespace(), job),
        inputs=inputs,  # type: ignore[arg-type]
        outputs=outputs,
        producer=PRODUCER,
    )


def _facet(values: Mapping[str, Any]) -> Any:
    """What is ours alone, as a facet of the run."""
    import attr
    from openlineage.client.facet_v2 import RunFacet

    fields = {name: attr.ib() for name in values}
    return attr.make_class("MvdRunFacet", fields, bases=(RunFacet,), kw_only=True)(**values)


def _emit(task: Any, events: Iterable[RunEvent]) -> None:
    """Send `events` as children of the running task."""
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.api import emit
    from airflow.providers.openlineage.plugins.macros import lineage_job_name, lineage_run_id
    from openlineage.client.facet_v2 import parent_run

    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(lineage_run_id(task)),
        job=parent_run.Job(conf.namespace(), lineage_job_name(task)),
    )
    for event in events:
        event.run.facets = {**(event.run.facets or {}), "parent": parent}
        emit(event)
