"""One running stack (Airflow, the portal) for all tests of this folder: it takes a minute to start.

The tests that crash it and end it come last, by the names of their files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.airflow_stack import free_port, mvd

START_SECONDS = 320


@dataclass(frozen=True)
class Stack:
    """An installation that was started, how, and what the command said."""

    home: Path
    ports: tuple[str, ...]
    said: str


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, parsed_models: None) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("installation")
    airflow, portal = str(free_port()), str(free_port())
    ports = ("--airflow-port", airflow, "--portal-port", portal, "--no-dashboards")
    try:
        started = mvd(folder, "up", *ports, timeout=START_SECONDS)
        assert started.returncode == 0, started.stdout + started.stderr
        yield Stack(folder, ports, started.stdout)
    finally:
        ended = mvd(folder, "down")
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="session")
def home(stack: Stack) -> Path:
    return stack.home
