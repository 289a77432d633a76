"""An installation whose files lie in an object store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.object_store import ObjectStore
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.storage import mirror
from warehouse.storage.store import Store


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return f"{tmp_path.parent.name}-{tmp_path.name}"


@pytest.fixture
def settings(store_server: ObjectStore, tmp_path: Path, prefix: str) -> Settings:
    ledger = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return store_server.settings(
        tmp_path / "here", prefix, ledger_url=ledger, memory_limit="200MB", threads=1
    )


@pytest.fixture
def home(settings: Settings) -> Home:
    return settings.paths


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Home:
    """The home of another machine, empty."""
    return Home(tmp_path / "elsewhere", settings.paths.store)


@pytest.fixture
def store(home: Home) -> Store:
    found = mirror.store_of(home)
    assert found is not None
    return found


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with Ledger(settings.ledger) as opened:
        yield opened
