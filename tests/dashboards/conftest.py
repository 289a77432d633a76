"""One prepared Superset for the servers of all tests of a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.dashboards.server import prepare


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home to copy; the workers of a run share it."""
    own = tmp_path_factory.getbasetemp()
    return prepare(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
