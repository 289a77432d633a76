"""The judging processes themselves, against a file that takes more than a reader may."""

from __future__ import annotations

import time

import psutil
import pytest

from portal.judging.control import Judges
from tests.tools.processes import children_watched
from tests.unit.ingestion.intake.test_bounds import sheet
from tests.unit.portal.conftest import Desk

pytestmark = pytest.mark.slow

MB = 1000**2


def _waited(desk: Desk, upload_id: str) -> str:
    ends_at = time.monotonic() + 120
    while desk.portal.uploads.get(upload_id).state != "done":
        assert time.monotonic() < ends_at, "no verdict"
        time.sleep(0.2)
    return str(desk.portal.uploads.get(upload_id).submission_id)


def test_a_judge_outlives_a_file_that_takes_too_much_and_judges_the_next(
    desk: Desk, clean: bytes
) -> None:
    bomb = sheet(b'<row r="1"><c r="A999999999"><v>1</v></c></row>')
    browser = desk.browser("clerk")
    sent = [
        browser.send(content, name=f"{place}.xlsx").json()["uploads"][0]["upload_id"]
        for place, content in enumerate((bomb, clean))
    ]
    home = str(desk.services.home.root)
    judges = Judges(1, {"MVD_HOME": home, "MVD_READ_MEMORY": "128MB", "MVD_PORTAL_JUDGES": "1"})
    judges.start()
    try:
        with children_watched(150 * MB) as most:
            refused, accepted = (_waited(desk, upload_id) for upload_id in sent)
    finally:
        judges.stop()
    ledger = desk.services.ledger
    codes = [finding.code for finding in ledger.findings(refused)]
    assert "READING_OVER_MEMORY" in codes
    assert ledger.submission(accepted).verdict is not None
    assert ledger.submission(accepted).verdict.is_accepted  # type: ignore[union-attr]
    # The supervisor itself loads while it is watched; its judges and readers are forks of it.
    assert most[0] <= 400 * MB
    assert not any("portal.judging.forker" in p.cmdline() for p in psutil.Process().children())
