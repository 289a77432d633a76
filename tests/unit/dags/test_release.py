"""What a step of the release does when the data are refused, and when the machine fails it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.request import Services
from mvd.build import attempts, steps
from tests.unit.warehouse.builds import submit
from warehouse.build.transform import NodeResult, TransformResult
from warehouse.core.settings import load_settings
from warehouse.releases.completeness import build_is_due

FAILING_TEST = NodeResult("t", "test", "fail", 0.0, "Got 1 result", "")
NO_MEMORY = NodeResult("m", "model", "error", 0.0, "Out of Memory Error: no block", "")


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MVD_HOME", str(tmp_path / "home"))
    opened = Services.open(load_settings())
    yield opened
    opened.ledger.close()


@pytest.fixture
def release_id(services: Services) -> str:
    submit(services.home, services.ledger)
    with attempts.alone(services.home):
        return steps.begin(services)


def ran(release_id: str, monkeypatch: pytest.MonkeyPatch, *nodes: NodeResult) -> Any:
    from dags.release import transform

    built = TransformResult(Path(), Path(), 0.0, nodes)
    monkeypatch.setattr(steps, "_compute", lambda *_: built)
    return transform.function(release_id)


def states(services: Services) -> list[str]:
    return [record.state for record in services.ledger.releases()]


def test_a_machine_that_fails_a_step_is_tried_again(
    services: Services, release_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: TID251 - what is tested

    with pytest.raises(attempts.BuildFailedError, match="not at fault") as failed:
        ran(release_id, monkeypatch, NO_MEMORY)
    # Airflow tries everything again but this one.
    assert not isinstance(failed.value, AirflowFailException)
    assert states(services) == ["failed"]
    assert build_is_due(services.home, services.ledger, services.contracts) is not None
    assert ran(release_id, monkeypatch) == release_id
    assert states(services) == ["building"]


def test_refused_data_are_not_tried_again(
    services: Services, release_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: TID251 - what is tested

    with pytest.raises(AirflowFailException, match="refused, data: test t"):
        ran(release_id, monkeypatch, FAILING_TEST)
    assert states(services) == ["refused"]
    assert build_is_due(services.home, services.ledger, services.contracts) is None


def test_a_gate_that_breaks_down_is_tried_again(
    services: Services, release_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags.release import gate

    def broken(*_: object) -> None:
        raise RuntimeError("SUM_DIFFERS could not run: MemoryError")

    monkeypatch.setattr(steps, "judge", broken)
    with pytest.raises(attempts.BuildFailedError, match="could not run"):
        gate.function(release_id)
    assert states(services) == ["failed"]
