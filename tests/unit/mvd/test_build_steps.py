"""The steps of a build where dbt is not needed: what they leave, and what they clear away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.request import Services
from mvd import build_steps
from tests.unit.warehouse.builds import submit, write_marts
from warehouse import releases
from warehouse.settings import Settings

PASSED = '{"is_passed": true}'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services.open(settings)
    yield opened
    opened.ledger.close()


def begun(services: Services) -> str:
    with build_steps.alone(services.home):
        return build_steps.begin(services)


def built(services: Services, gate: str = PASSED) -> str:
    """A build as dbt and the gate would leave it."""
    release_id = begun(services)
    build_dir = services.home.builds / release_id
    build_steps.make_plan(services.home, release_id)
    write_marts(build_dir / releases.DATABASE, mark=1)
    (build_dir / "gate.json").write_text(gate)
    return release_id


def test_what_began_in_one_process_is_published_by_another(
    services: Services, settings: Settings
) -> None:
    submission_id = submit(services.home, services.ledger)
    release_id = built(services)
    # What arrives in between belongs to the next release.
    submit(services.home, services.ledger, "150000000")
    manifest = build_steps.publish(services, release_id, settings)
    assert [s.submission_id for s in manifest.submissions if s.in_force] == [submission_id]
    assert releases.current(services.home) == release_id
    assert not (services.home.builds / release_id).exists()


def test_publishing_again_after_a_crash_changes_nothing(
    services: Services, settings: Settings
) -> None:
    submit(services.home, services.ledger)
    release_id = built(services)
    first = build_steps.publish(services, release_id, settings)
    assert build_steps.publish(services, release_id, settings) == first


def test_what_the_gate_refused_is_not_published(services: Services, settings: Settings) -> None:
    submit(services.home, services.ledger)
    release_id = built(services, gate='{"is_passed": false}')
    with pytest.raises(ValueError, match=release_id):
        build_steps.publish(services, release_id, settings)
    assert releases.current(services.home) is None


def test_a_build_on_its_way_is_not_cleared_away_by_another(services: Services) -> None:
    submit(services.home, services.ledger)
    first, second = begun(services), begun(services)
    assert (services.home.builds / first / "inputs").is_dir()
    assert (services.home.builds / second / "inputs").is_dir()


def test_refused_and_abandoned_builds_are_cleared_away(services: Services) -> None:
    submit(services.home, services.ledger)
    refused, abandoned, alive = begun(services), begun(services), begun(services)
    build_steps.refuse(services, refused)
    for name in (abandoned, "rebuild-r000001-x"):
        folder = services.home.builds / name
        folder.mkdir(exist_ok=True)
        (folder / "spill-1").mkdir()
        os.utime(folder, (time.time() - 7200,) * 2)
    (services.home.builds / "rebuild-r000002-y").mkdir()
    assert build_steps.remove_leftovers(services) == [refused, abandoned, "rebuild-r000001-x"]
    left = {path.name for path in services.home.builds.iterdir() if path.is_dir()}
    assert left == {alive, "rebuild-r000002-y"}
