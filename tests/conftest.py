"""What all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.tools import ledgers
from tests.tools.models import Models
from tests.tools.object_store import ObjectStore, object_store
from warehouse.build import transform as dbt

# What is collected stays to the end: looking for garbage in it takes a third of the collection.
gc.set_threshold(100_000, 50, 50)

# A busy machine is no failure: examples are counted, not timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def copied_ledgers() -> Iterator[None]:
    """Hundreds of tests begin with an empty ledger: the migrations need not run for each."""
    with ledgers.copied():
        yield


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A real S3 server; every test takes a prefix of its own."""
    with object_store(tmp_path_factory.mktemp("object-store") / "server") as running:
        yield running


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run of the tests have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="module")
def quick_models(run_folder: Path) -> Iterator[None]:
    """The compiled models in place of a dbt process for each build of this module."""
    compiled = Models.compiled(run_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "transform", compiled.run)
        yield


@pytest.fixture(scope="session")
def parsed_models(run_folder: Path) -> Iterator[None]:
    """Every dbt from here on takes the project as parsed once for this run of the tests.

    dbt itself checks that no file of it has changed since, and parses it anew for another profile.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PARTIAL_PARSE_FILE_PATH", str(Models.parsed(run_folder)))
        yield


# What starts a server, a browser, dbt or many processes; `make test-fast` leaves it out.
_SLOW_FOLDERS = ("tests/browser/", "tests/dashboards/", "tests/integration/", "tests/unit/dbt/")
_SLOW_FIXTURES = frozenset({"postgres_server", "run_folder", "store_server"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what is slow by where it stands or what it starts; files may say so too."""
    for item in items:
        starts = _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        on_postgres = "postgres" in getattr(getattr(item, "callspec", None), "params", {}).values()
        if starts or on_postgres or item.nodeid.startswith(_SLOW_FOLDERS):
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later search for garbage."""
    gc.freeze()


# Tests of one folder that share what takes long to start.
_TOGETHER = ("tests/dashboards/", "tests/integration/stack/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """File by file, but the folders that share a server as one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            together = (folder for folder in _TOGETHER if nodeid.startswith(folder))
            return next(together, super()._split_scope(nodeid))

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None
