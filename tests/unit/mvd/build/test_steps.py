"""The steps of a build where dbt is not needed: what they leave, and what they clear away."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy.exc import OperationalError

from ingestion.request import Services
from mvd.build import attempts, steps
from tests.unit.warehouse.builds import submit, write_marts
from warehouse.build.transform import TransformResult
from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.core.settings import Settings
from warehouse.releases import catalogue, marts, publication

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
    with attempts.alone(services.home):
        return steps.begin(services)


def built(services: Services, gate: str = PASSED) -> str:
    """A build as dbt and the gate would leave it."""
    release_id = begun(services)
    build_dir = services.home.builds / release_id
    steps.make_plan(services.home, release_id)
    write_marts(build_dir / marts.DATABASE, mark=1)
    (build_dir / "gate.json").write_text(gate)
    return release_id


def test_what_began_in_one_process_is_published_by_another(
    services: Services, settings: Settings
) -> None:
    submission_id = submit(services.home, services.ledger)
    release_id = built(services)
    # What arrives in between belongs to the next release.
    submit(services.home, services.ledger, "150000000")
    manifest = steps.publish(services, release_id, settings)
    assert [s.submission_id for s in manifest.submissions if s.in_force] == [submission_id]
    assert catalogue.current(services.home) == release_id
    assert not (services.home.builds / release_id).exists()


def test_publishing_again_after_a_crash_changes_nothing(
    services: Services, settings: Settings
) -> None:
    submit(services.home, services.ledger)
    release_id = built(services)
    first = steps.publish(services, release_id, settings)
    assert steps.publish(services, release_id, settings) == first


def test_what_the_gate_refused_is_not_published(services: Services, settings: Settings) -> None:
    submit(services.home, services.ledger)
    release_id = built(services, gate='{"is_passed": false}')
    with pytest.raises(ValueError, match=release_id):
        steps.publish(services, release_id, settings)
    assert catalogue.current(services.home) is None


def test_a_build_on_its_way_is_not_cleared_away_by_another(services: Services) -> None:
    submit(services.home, services.ledger)
    first, second = begun(services), begun(services)
    assert (services.home.builds / first / "inputs").is_dir()
    assert (services.home.builds / second / "inputs").is_dir()


def test_refused_and_abandoned_builds_are_cleared_away(services: Services) -> None:
    submit(services.home, services.ledger)
    refused, abandoned, alive = begun(services), begun(services), begun(services)
    attempts.refuse(services, refused, ["a sum differs"])
    for name in (abandoned, "rebuild-r000001-x"):
        folder = services.home.builds / name
        folder.mkdir(exist_ok=True)
        (folder / "spill-1").mkdir()
        os.utime(folder, (time.time() - 7200,) * 2)
    (services.home.builds / "rebuild-r000002-y").mkdir()
    assert attempts.remove_leftovers(services) == [refused, abandoned, "rebuild-r000001-x"]
    left = {path.name for path in services.home.builds.iterdir() if path.is_dir()}
    assert left == {alive, "rebuild-r000002-y"}


def state_of(services: Services, release_id: str) -> tuple[str, str | None]:
    (record,) = [each for each in services.ledger.releases() if each.release_id == release_id]
    return record.state, record.problem


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (MemoryError(), "MemoryError"),
        (duckdb.OutOfMemoryException("failed to pin block"), "failed to pin block"),
        (UserError("RELEASE_NONE", home="s3://x"), "s3://x"),
    ],
)
def test_whatever_breaks_a_step_has_failed_the_build(
    services: Services, error: Exception, said: str
) -> None:
    submit(services.home, services.ledger)
    release_id = begun(services)
    with (
        pytest.raises(attempts.BuildFailedError, match="data are not at fault") as failed,
        attempts.attempt(services, release_id),
    ):
        raise error
    assert said in failed.value.problem_in("ru")
    state, problem = state_of(services, release_id)
    assert (state, said in str(problem)) == ("failed", True)


def test_an_interrupted_step_has_failed_the_build_and_stays_interrupted(services: Services) -> None:
    release_id = begun(services)
    with pytest.raises(KeyboardInterrupt), attempts.attempt(services, release_id):
        raise KeyboardInterrupt
    assert state_of(services, release_id)[0] == "failed"


def test_inputs_that_cannot_be_written_fail_the_build(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("warehouse.build.export.write_build_inputs", full)
    with pytest.raises(attempts.BuildFailedError) as failed:
        begun(services)
    assert state_of(services, failed.value.release_id)[0] == "failed"


def test_a_failed_build_is_taken_up_again_and_published(
    services: Services, settings: Settings
) -> None:
    submit(services.home, services.ledger)
    release_id = built(services)
    with pytest.raises(attempts.BuildFailedError), attempts.attempt(services, release_id):
        raise OSError(errno.ENOSPC, "No space left on device")
    with attempts.attempt(services, release_id):
        assert state_of(services, release_id) == ("building", None)
        steps.publish(services, release_id, settings)
    assert state_of(services, release_id) == ("published", None)


def test_a_disk_that_fills_up_while_publishing_leaves_the_earlier_release(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(services.home, services.ledger)
    first = built(services)
    steps.publish(services, first, settings)
    submit(services.home, services.ledger, "150000000")
    second = built(services)
    with monkeypatch.context() as patch:
        patch.setattr(
            publication, "seal", lambda _: os.write(os.open("/dev/full", os.O_WRONLY), b"1")
        )
        with pytest.raises(attempts.BuildFailedError), attempts.attempt(services, second):
            steps.publish(services, second, settings)
    assert state_of(services, second)[0] == "failed"
    assert catalogue.list_releases(services.home) == [first]
    with attempts.attempt(services, second):
        steps.publish(services, second, settings)
    assert catalogue.list_releases(services.home) == [first, second]


def test_a_release_that_readers_see_is_never_called_failed(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(services.home, services.ledger)
    release_id = built(services)

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "complete_ledger", no_room)
        with pytest.raises(attempts.BuildFailedError), attempts.attempt(services, release_id):
            steps.publish(services, release_id, settings)
    assert catalogue.current(services.home) == release_id
    with attempts.attempt(services, release_id):
        steps.publish(services, release_id, settings)
    assert state_of(services, release_id)[0] == "published"


def test_a_ledger_that_cannot_be_written_hides_no_failure(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id = begun(services)

    def full(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE release", {}, Exception("database or disk is full"))

    def broken() -> None:
        with attempts.attempt(services, release_id):
            monkeypatch.setattr(services.ledger, "record_release", full)
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(attempts.BuildFailedError):
        broken()
    assert state_of(services, release_id)[0] == "building"


def test_a_killed_build_is_told_to_the_ledger_after_an_hour(services: Services) -> None:
    submit(services.home, services.ledger)
    killed, alive = begun(services), begun(services)
    os.utime(services.home.builds / killed, (time.time() - 7200,) * 2)
    lost = services.ledger.begin_release(
        contract_hash="k", submission_ids=[], created_at=utc_now() - timedelta(hours=2)
    )
    attempts.remove_leftovers(services)
    assert state_of(services, killed)[0] == state_of(services, lost)[0] == "failed"
    assert state_of(services, alive)[0] == "building"


def test_a_build_that_was_cleared_away_cannot_be_taken_up(services: Services) -> None:
    release_id = begun(services)
    services.ledger.record_release(release_id, state="failed")
    begun(services)
    with (
        pytest.raises(UserError, match="BUILD_INCOMPLETE"),
        attempts.attempt(services, release_id),
    ):
        pass
    assert state_of(services, release_id)[0] == "failed"


def test_a_failed_attempt_leaves_nothing_that_it_computed(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(services.home, services.ledger)
    release_id = built(services)
    build_dir = services.home.builds / release_id

    def killed(*_: object) -> TransformResult:
        (build_dir / "warehouse.duckdb.tmp").mkdir()
        (build_dir / "warehouse.duckdb").write_bytes(b"half")
        return TransformResult(build_dir, build_dir, 0.0, (), "dbt was killed by signal 9: ")

    monkeypatch.setattr(steps, "_compute", killed)
    result = steps.transform(services.home, release_id, settings)
    assert not result.is_successful
    left = {path.name for path in build_dir.iterdir()}
    assert left == {"inputs", "snapshot.json", "findings.parquet", "plan.json"}
