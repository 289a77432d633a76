"""`/health` says whether files that come in are judged, and why not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from portal import health
from portal.judging.control import Judges, JudgesState
from portal.web import Portal
from tests.unit.portal.conftest import PERIOD, Desk
from tests.unit.warehouse.builds import submit
from warehouse.core.clock import utc_now
from warehouse.core.paths import Home
from warehouse.ledger import schema as t
from warehouse.ledger.database import writing


class Heard(Judges):
    """Judges of whom we have just heard this."""

    heard = JudgesState(2)

    @property
    def state(self) -> JudgesState:
        return self.heard


def portal_with(desk: Desk, ready: int) -> Portal:
    judges = Heard(2)
    judges.heard = JudgesState(2, ready)
    return replace(desk.portal, judges=judges)


def test_the_page_answers_anybody_and_names_nobody(desk: Desk, clean: bytes) -> None:
    desk.browser("clerk").send(clean)
    answer = desk.browser().get("/health")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["status"], said["queue"]["waiting"]) == ("ready", 1)
    assert "clerk" not in answer.text
    assert str(desk.services.home.root) not in answer.text


def test_before_the_judges_have_loaded_it_is_warming_and_the_sender_is_told(
    desk: Desk, clean: bytes
) -> None:
    assert health.look(portal_with(desk, 0)).status == "warming"
    assert health.look(portal_with(desk, 1)).status == "ready"
    browser = desk.browser("clerk")
    app = browser.client.app
    app.state.portal = portal_with(desk, 0)  # type: ignore[attr-defined]
    assert browser.get("/health").status_code == 503
    (upload,) = browser.send(clean, period=PERIOD).json()["uploads"]
    assert "только что запущен" in upload["text"]


def test_judges_of_whom_nothing_is_heard_are_not_there() -> None:
    assert Judges(2).state == JudgesState(2)
    assert not Judges(2).is_ready


def test_without_room_on_the_disk_it_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 2**80)
    assert health.look(desk.portal).status == "failing"
    assert desk.browser().get("/health").status_code == 503


def test_without_its_ledger_it_fails_instead_of_breaking(desk: Desk) -> None:
    browser = desk.browser()
    desk.services.home.ledger_file.unlink()
    desk.services.home.ledger_file.mkdir()
    desk.services.ledger.engine.dispose()
    answer = browser.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    assert answer.json()["ledger"] == {"is_reachable": False}


def test_it_tells_the_age_of_the_release_in_force(desk: Desk) -> None:
    assert health.look(desk.portal).release is None
    home: Home = desk.services.home
    home.releases.mkdir(parents=True)
    home.current.symlink_to(home.releases / "r000001")
    published = utc_now() - timedelta(hours=2)
    with writing(desk.services.ledger.engine) as connection:
        connection.execute(
            insert(t.release).values(
                release_id="r000001",
                state="published",
                created_at=published,
                published_at=published,
                contract_hash="x",
            )
        )
    release = desk.browser().get("/health").json()["release"]
    assert release["id"] == "r000001"
    assert 7200 <= release["age_seconds"] < 7300


def test_it_tells_what_is_not_released_and_how_the_latest_build_ended(desk: Desk) -> None:
    ledger = desk.services.ledger
    submit(desk.services.home, ledger)
    build = ledger.begin_release(contract_hash="x", submission_ids=[])
    ledger.record_release(build, state="failed", problem="no space left")
    told = desk.browser().get("/health").json()
    assert told["release"]["missing"] == 1
    assert told["build"] == {"id": build, "state": "failed"}
