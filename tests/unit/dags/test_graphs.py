"""Every DAG loads, and its tasks stand in the order that was meant."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvd.stack.parts import DAGS, POOLS
from warehouse.build.transform import PROJECT

GRAPHS: dict[str, dict[str, set[str]]] = {
    "intake": {"list_batches": {"take_in"}, "take_in": set()},
    "release": {
        "prepare": {"transform"},
        "transform": {"gate"},
        "gate": {"publish"},
        "publish": set(),
    },
    "claims": {"compare": set()},
    "deadline_watch": {"tell": set()},
    "close_period": {"look": {"approve"}, "approve": {"freeze"}, "freeze": set()},
    "replay": {
        "list_submissions": {"preview"},
        "preview": {"summarise"},
        "summarise": {"approve"},
        "approve": {"judge_quarantine"},
        "judge_quarantine": set(),
    },
    "reread": {"list_submissions": {"judge_again"}, "judge_again": set()},
    "upkeep": {
        "back_up_ledger": set(),
        "prune_releases": set(),
        "clear_builds": set(),
        "set_lineage_aside": set(),
        "report_orphans": set(),
        "examine": set(),
    },
}
MAPPED = {"take_in", "preview", "judge_again"}
WRITES = {
    "prepare": "warehouse_writer",
    "transform": "warehouse_writer",
    "gate": "warehouse_writer",
    "publish": "warehouse_writer",
    "freeze": "warehouse_writer",
    "prune_releases": "warehouse_writer",
    "clear_builds": "warehouse_writer",
    "take_in": "intake",
    "preview": "intake",
    "judge_again": "intake",
    "judge_quarantine": "intake",
}


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag  # noqa: TID251 - what is tested

    return DagBag(DAGS)


@pytest.fixture(scope="module")
def tasks(bag: Any) -> Mapping[str, Any]:
    return {f"{dag.dag_id}.{task.task_id}": task for dag in bag.dags.values() for task in dag.tasks}


def test_no_file_fails_to_load(bag: Any) -> None:
    assert bag.import_errors == {}


def test_there_are_these_dags_and_no_others(bag: Any) -> None:
    assert set(bag.dags) == set(GRAPHS)


def test_every_file_with_a_dag_is_loaded() -> None:
    ignored = (DAGS / ".airflowignore").read_text(encoding="utf-8").split()
    files = [path.name for path in DAGS.glob("*.py")]
    loaded = {name.removesuffix(".py") for name in files if not _matches(name, ignored)}
    assert loaded == set(GRAPHS)


def _matches(name: str, patterns: list[str]) -> bool:
    return any(re.search(pattern, name) for pattern in patterns)


@pytest.mark.parametrize("dag_id", GRAPHS)
def test_the_tasks_stand_in_this_order(bag: Any, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == GRAPHS[dag_id]


@pytest.mark.parametrize(
    ("dag_id", "assets"),
    [("intake", {"inbox"}), ("release", {"accepted_submissions"}), ("claims", {"release"})],
)
def test_assets_start_it_and_no_clock(bag: Any, dag_id: str, assets: set[str]) -> None:
    condition = bag.dags[dag_id].timetable.asset_condition
    assert {asset.name for asset in condition.objects} == assets


@pytest.mark.parametrize(
    ("name", "watcher"), [("inbox", "InboxTrigger"), ("accepted", "LedgerTrigger")]
)
def test_a_watcher_looks_for_it(bag: Any, name: str, watcher: str) -> None:
    from dags import common

    (found,) = getattr(common, name).watchers
    assert type(found.trigger).__name__ == watcher
    path, arguments = found.trigger.serialize()
    module, _, kind = path.rpartition(".")
    made = getattr(__import__(module, fromlist=[kind]), kind)(**arguments)
    assert made.serialize() == (path, arguments)


def test_the_release_announces_every_mart_of_the_project(tasks: Mapping[str, Any]) -> None:
    outlets = {asset.name for asset in tasks["release.publish"].outlets}
    models = {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
    assert len(models) > 8
    assert outlets == {"release", *models}


def test_what_writes_waits_for_the_one_slot(tasks: Mapping[str, Any]) -> None:
    pools = {name.partition(".")[2]: task.pool for name, task in tasks.items()}
    assert {name: pool for name, pool in pools.items() if pool != "default_pool"} == WRITES
    assert {POOLS[pool] for pool in WRITES.values()} == {1}


def test_the_map_is_over_batches(tasks: Mapping[str, Any]) -> None:
    assert {task.task_id for task in tasks.values() if task.is_mapped} == MAPPED


def test_every_task_ends_in_time_is_tried_again_and_tells_when_it_fails(
    tasks: Mapping[str, Any],
) -> None:
    people = {name for name in tasks if name.endswith(".approve")}
    for name, task in tasks.items():
        assert task.on_failure_callback, name
        assert task.retries >= 2, name
        if name in people:
            assert task.response_timeout <= timedelta(days=14), name
        else:
            assert task.execution_timeout <= timedelta(hours=2), name


def test_who_does_not_answer_in_time_is_not_asked_again(tasks: Mapping[str, Any]) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: TID251 - what is tested

    silence = {"error": "no response", "error_type": "timeout"}
    with pytest.raises(AirflowFailException, match="14 days"):
        tasks["close_period.approve"].execute_complete({}, silence)


def test_one_run_at_a_time_and_no_catching_up(bag: Any) -> None:
    assert {dag.max_active_runs for dag in bag.dags.values()} == {1}
    assert {dag.catchup for dag in bag.dags.values()} == {False}


def test_every_dag_says_what_it_is_for(bag: Any) -> None:
    assert {dag_id for dag_id, dag in bag.dags.items() if len(dag.doc_md or "") < 60} == set()


def test_dag_files_import_only_the_sdk_and_providers() -> None:
    allowed = (
        "airflow.sdk",
        "airflow.providers.standard",
        "airflow.providers.openlineage",
        "airflow.triggers.base",
    )
    for path in sorted(Path(DAGS).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for module in re.findall(r"^\s*(?:from|import) (airflow[\w.]*)", text, re.MULTILINE):
            assert module.startswith(allowed), f"{path.name}: {module}"


def test_nothing_heavy_is_imported_when_a_file_is_read() -> None:
    heavy = ("great_expectations", "dbt", "pandas", "duckdb", "ingestion", "expectations")
    for path in sorted(Path(DAGS).glob("*.py")):
        text = path.read_text(encoding="utf-8").split("if TYPE_CHECKING:")
        top = "\n".join(re.findall(r"^(?:from|import) \S+", text[0], re.MULTILINE))
        assert not re.search(rf"^(?:from|import) (?:{'|'.join(heavy)})\b", top, re.MULTILINE), path


def test_what_a_task_asks_of_its_context_has_no_value_of_its_own(tasks: Mapping[str, Any]) -> None:
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS  # noqa: TID251 - what is tested

    for name, task in tasks.items():
        given = task.partial_kwargs if task.is_mapped else vars(task)
        function = given.get("python_callable", lambda: None)
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name in KNOWN_CONTEXT_KEYS:
                assert parameter.default is None, f"{name}: {parameter.name}"


def test_a_mapped_task_that_fails_can_tell(tasks: Mapping[str, Any]) -> None:
    for task in tasks.values():
        assert [type(each).__name__ for each in task.on_failure_callback] == ["NoticeNotifier"]
