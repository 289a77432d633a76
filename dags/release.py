"""Build, judge and publish a release as soon as the one in force lacks something that was accepted.

Data that tests, contracts or the gate refuse end the run: trying again gives the same answer. A
step that the machine fails is tried again, and after the last try the watcher starts another run.

The models and their tests run in one dbt process: its log shows a group per model with the tests
of that model, and every published table becomes an event of its asset with rows and hash.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, dag, task
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dags.common import DEFAULTS, WRITER_POOL, accepted, marts, release, services, settings
from dags.lineage import tell_inputs, tell_models, tell_published
from dags.notify import release_is_late
from warehouse.build.transform import PROJECT

if TYPE_CHECKING:
    from ingestion.request import Services
    from warehouse.releases.manifest import Manifest

log = logging.getLogger(__name__)
SOURCES = PROJECT / "models" / "staging" / "_sources.yml"


@task
def prepare(params: dict[str, Any] | None = None, ti: Any = None) -> str:
    """Write the inputs of a build; gives its release id."""
    from mvd.build import attempts, steps
    from warehouse.releases.completeness import build_is_due

    with services() as opened, attempts.alone(opened.home):
        found = build_is_due(opened.home, opened.ledger, opened.contracts)
        if not found and not (params or {}).get("force"):
            raise AirflowSkipException("no reason for a build: all is released, or refused already")
        release_id = steps.begin(opened)
        tell_inputs(ti, opened.ledger.submissions(in_force=True), SOURCES)
    log.info(
        "release %s: submissions added %s, no longer in force %s",
        release_id,
        sorted(found.missing) if found else [],
        sorted(found.overtaken) if found else [],
    )
    return release_id


@task(execution_timeout=timedelta(hours=1, minutes=10))
def transform(release_id: str, ti: Any = None) -> str:
    """Run the models and their tests in one dbt process."""
    from dags.dbt_log import show
    from mvd.build import attempts, steps

    here = settings()
    with _step(release_id):
        plan = steps.make_plan(here.paths, release_id, engine=here.engine)
        log.info("release %s: %s", release_id, plan)
        built = steps.transform(here.paths, release_id, here)
        show(log, built)
        tell_models(ti, built)
        reasons = attempts.check_models(release_id, built)
    if reasons:
        _refuse(release_id, reasons, reasons)
    return release_id


@task
def gate(release_id: str) -> str:
    """Judge the marts against cells and ledger."""
    from mvd.build import steps

    here = settings()
    with _step(release_id):
        result = steps.judge(here.paths, release_id, here)
    for code, rows in sorted(result.rows.items()):
        log.info("release %s: %s judged %d rows", release_id, code, rows)
    if not result.is_passed:
        _refuse(release_id, result.in_words("en"), result.in_words(here.language))
    return release_id


@task(outlets=[release, *marts.values()])
def publish(release_id: str, *, outlet_events: Any = None, ti: Any = None) -> str:
    """Swap the pointer; every table says what it holds now."""
    from mvd.build import steps

    here = settings()
    with _step(release_id) as opened:
        manifest = steps.publish(opened, release_id, here)
    log.info("release %s published, content %s", release_id, manifest.content_hash)
    _tell(manifest, outlet_events)
    tell_published(ti, manifest)
    return release_id


@contextmanager
def _step(release_id: str) -> Iterator[Services]:
    """The writer, alone. What goes wrong has failed the build, and Airflow tries the task again."""
    from mvd.build import attempts

    with (
        services() as opened,
        attempts.alone(opened.home),
        attempts.attempt(opened, release_id),
    ):
        yield opened


def _refuse(release_id: str, reasons: list[str], told: list[str]) -> None:
    """A refused build stays refused: trying again gives the same answer."""
    from mvd.build import attempts

    with services() as opened:
        attempts.refuse(opened, release_id, reasons)
    raise AirflowFailException(f"release {release_id} refused, data: " + "; ".join(told))


def _tell(manifest: Manifest, outlet_events: Any) -> None:
    outlet_events[release].extra = {
        "release_id": manifest.release_id,
        "content_hash": manifest.content_hash,
        "periods": [manifest.period_first, manifest.period_last],
    }
    for table in manifest.tables:
        if asset := marts.get(table.name):
            outlet_events[asset].extra = {
                "release_id": manifest.release_id,
                "rows": table.rows,
                "content_hash": table.content_hash,
            }


@dag(
    dag_id="release",
    schedule=[accepted],
    max_active_runs=1,
    catchup=False,
    default_args=DEFAULTS | {"pool": WRITER_POOL},
    dagrun_timeout=timedelta(hours=3),
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=30),
        callback=SyncCallback(release_is_late),
    ),
    params={"force": Param(False, type="boolean", title="Build although nothing has changed")},
    tags=["release"],
    doc_md=__doc__,
)
def build_and_publish() -> None:
    """From the ledger to the pointer."""
    publish(gate(transform(prepare())))  # type: ignore[arg-type]


build_and_publish()
