"""`/metrics` is there for whoever holds the token, and for nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app
from tests.unit.ingestion.conftest import sng_workbook
from tests.unit.portal.conftest import Desk

TOKEN = "a token of some length"


@pytest.fixture
def metrics(desk: Desk, tmp_path: Path) -> TestClient:
    file = tmp_path / "metrics-token"
    file.write_text(f"{TOKEN}\n")
    settings = desk.settings.model_copy(update={"metrics_token_file": file})
    return TestClient(create_app(settings, desk.services))


def test_without_a_token_set_nothing_is_there(desk: Desk) -> None:
    assert desk.browser().get("/metrics").status_code == 404
    assert desk.browser("clerk").get("/metrics").status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}"])
def test_it_is_closed_to_whoever_has_no_token(metrics: TestClient, header: str) -> None:
    answer = metrics.get("/metrics", headers={"authorization": header})
    assert answer.status_code == 401
    assert "mvd_" not in answer.text


def test_what_waits_and_what_was_judged_is_told(desk: Desk, metrics: TestClient) -> None:
    def told() -> str:
        answer = metrics.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.headers["content-type"].startswith("text/plain")
        return answer.text

    desk.browser("clerk").send(sng_workbook())
    assert 'mvd_desk_uploads{state="waiting"} 1.0' in told()
    desk.judge()
    assert 'mvd_desk_uploads{state="waiting"} 0.0' in told()
    assert 'mvd_submissions{form="SNG-1",period="2022-12",verdict="accepted' in told()
    assert 'mvd_step_seconds_count{outcome="done",step="judge"} 1.0' in told()
