"""What came before and was returned, withdrawn or replaced does not come back by itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.intake import batch, pickup
from ingestion.intake.file_list import listed
from ingestion.request import Request, Services, SubmissionResult
from tests.unit.ingestion.conftest import (
    KYZYLORDA,
    PERIOD,
    RECEIVED,
    Desk,
    codes,
    only,
    sng_workbook,
)
from warehouse.core.clock import utc_now
from warehouse.ledger import Verdict

COMMENT = "R2 заполнен за прошлый год"


def returned(desk: Desk, content: bytes) -> str:
    """The id of an accepted report that the ministry returned."""
    sent = desk.send(content).submission_id
    assert sent is not None
    desk.services.ledger.send_back(sent, by="ministry", comment=COMMENT)
    return sent


def by_submit(services: Services, content: bytes, folder: Path) -> SubmissionResult:
    return Desk(services).send(content)


def by_submit_under_another_name(
    services: Services, content: bytes, folder: Path
) -> SubmissionResult:
    return Desk(services).send(content, file_name="исправленный.xlsx", territory=None)


def by_ingest(services: Services, content: bytes, folder: Path) -> SubmissionResult:
    (folder / "СНГ-1 Кызылординская область.xlsx").write_bytes(content)
    (result,) = batch.ingest(services, listed(folder, services.contracts, period=PERIOD), workers=0)
    return result


def by_inbox(services: Services, content: bytes, folder: Path) -> SubmissionResult:
    place = services.home.inbox / PERIOD / KYZYLORDA
    place.mkdir(parents=True)
    (place / "СНГ-1.xlsx").write_bytes(content)
    (names,) = pickup.batches(services, settled_for=0)
    (result,) = pickup.take_in(services, names)
    (verdict,) = services.home.inbox.rglob("*.json")
    assert json.loads(verdict.read_text(encoding="utf-8"))["standing"] == "returned"
    return result


def by_queue(services: Services, content: bytes, folder: Path) -> SubmissionResult:
    """As the judge of the portal takes it."""
    request = Request(content, "СНГ-1.xlsx", PERIOD, territory=KYZYLORDA, hold=True)
    (result,) = batch.run(services, [request], workers=0)
    return result


@pytest.mark.parametrize(
    "way", [by_submit, by_submit_under_another_name, by_ingest, by_inbox, by_queue]
)
def test_returned_bytes_stay_returned_whichever_way_they_come(
    desk: Desk, tmp_path: Path, way: Callable[[Services, bytes, Path], SubmissionResult]
) -> None:
    content = sng_workbook()
    sent = returned(desk, content)
    folder = tmp_path / "folder"
    folder.mkdir()
    again = way(desk.services, content, folder)
    assert (again.submission_id, again.is_new, again.is_accepted) == (sent, False, False)
    said = only(again, "SUBMISSION_RETURNED_BEFORE")
    assert (said.severity, said.params["comment"]) == ("error", COMMENT)
    assert desk.services.ledger.submissions(in_force=True) == []


def test_a_judgement_of_kept_reports_brings_no_returned_one_back(desk: Desk) -> None:
    sent = returned(desk, sng_workbook())
    batch.replay(desk.services, workers=0)
    submission = desk.services.ledger.submission(sent)
    (again,) = batch.judge_again(desk.services, [submission], workers=0)
    assert (again.standing, again.is_accepted) == ("returned", False)
    assert desk.services.ledger.submissions(in_force=True) == []


def test_returned_bytes_stay_returned_after_a_later_version_was_returned_too(desk: Desk) -> None:
    earlier, later = sng_workbook(R1_1_1=3, R1_3_1=3), sng_workbook(R1_1_1=4, R1_3_1=4)
    returned(desk, earlier)
    returned(desk, later)
    assert codes(desk.send(earlier))[0] == "SUBMISSION_RETURNED_BEFORE"
    assert desk.services.ledger.submissions(in_force=True) == []


def test_returning_a_reinstated_file_returns_the_same_bytes_sent_before(desk: Desk) -> None:
    content = sng_workbook()
    first = desk.send(content).submission_id
    later = desk.send(sng_workbook(R1_1_1=3, R1_3_1=3), received_at=None)
    reinstated = desk.send(content, reinstate=True, received_at=None)
    assert reinstated.submission_id not in (None, first)
    for number in (reinstated.submission_id, later.submission_id):
        desk.services.ledger.send_back(str(number), by="ministry", comment=COMMENT)
    assert desk.services.ledger.submissions(in_force=True) == []
    assert codes(desk.send(content))[0] == "SUBMISSION_RETURNED_BEFORE"


def test_not_even_a_reinstatement_puts_a_returned_file_back_in_force(desk: Desk) -> None:
    content = sng_workbook()
    sent = returned(desk, content)
    again = desk.send(content, reinstate=True, received_at=utc_now())
    assert (again.submission_id, again.standing, again.is_accepted) == (sent, "returned", False)
    assert codes(again)[0] == "SUBMISSION_RETURNED_BEFORE"
    assert desk.services.ledger.submissions(in_force=True) == []


def test_the_same_bytes_for_another_territory_are_another_report(desk: Desk) -> None:
    content = sng_workbook()
    returned(desk, content)
    other: Any = desk.send(content, territory="470000000")
    assert "SUBMISSION_RETURNED_BEFORE" not in codes(other)
    assert other.is_new


def test_returned_figures_in_another_file_are_taken_with_a_warning(desk: Desk) -> None:
    sent = returned(desk, sng_workbook(R1_1_1=3, R1_3_1=3))

    def retitled(book: Any) -> None:
        book["R1"].sheet_view.zoomScale = 90

    again = desk.send(sng_workbook(retitled, R1_1_1=3, R1_3_1=3), received_at=None)
    said = only(again, "FIGURES_RETURNED_BEFORE")
    assert again.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    assert (said.params["submission"], said.params["comment"]) == (sent, COMMENT)
    corrected = desk.send(sng_workbook(R1_1_1=4, R1_3_1=4), received_at=None)
    assert "FIGURES_RETURNED_BEFORE" not in codes(corrected)


def test_withdrawn_bytes_stay_withdrawn_where_nobody_would_be_asked(desk: Desk) -> None:
    content = sng_workbook()
    desk.send(content)
    other = sng_workbook(R1_1_1=3, R1_3_1=3)
    request = Request(
        other, "СНГ-1.xlsx", PERIOD, territory=KYZYLORDA, hold=True, received_at=RECEIVED
    )
    (held,) = batch.run(desk.services, [request], workers=0)
    desk.services.ledger.withdraw(str(held.submission_id), by="clerk")
    again = desk.send(other)
    assert codes(again)[0] == "SUBMISSION_WITHDRAWN_BEFORE"
    assert (again.is_accepted, again.submission_id) == (False, held.submission_id)
    (anew,) = batch.run(desk.services, [request], workers=0)
    assert anew.submission_id != held.submission_id
    assert desk.services.ledger.submission(str(anew.submission_id)).awaits_confirmation
