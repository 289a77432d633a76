"""A release is made of what contracts know, whatever else was handed in, and says so everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from ingestion.intake.submit import submit
from ingestion.request import Request, Services
from mvd import doctor
from mvd.main import app
from warehouse.core.settings import Settings
from warehouse.ledger import Finding, IncomingFile, Verdict
from warehouse.releases import catalogue
from warehouse.storage import lake, originals

KYZYLORDA, MONTH = "430000000", "2025-01"
RECEIVED = datetime(2025, 2, 3, 6, tzinfo=UTC)
JUNK = b"\x00 twenty-five bytes of junk"

pytestmark = pytest.mark.usefixtures("quick_models")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services.open(settings)
    yield opened
    opened.ledger.close()


def accept(services: Services, form: str, territory: str = KYZYLORDA, period: str = MONTH) -> str:
    """An accepted report of any form, known or not, whose original is kept."""
    content = f"{form} {territory} {period}".encode()
    stored = originals.store(services.home, content, max_bytes=1000)
    submission = services.ledger.register(
        IncomingFile(
            form_code=form,
            form_version="2022",
            territory_kato=territory,
            period=period,
            file_name="1.xlsx",
            file_sha256=stored.sha256,
            file_size=stored.size,
            received_at=RECEIVED,
        ),
    ).submission
    cells = pa.table(
        {
            "section": ["R1", "R1", "R1-1"],
            "line": [1, 1, 1],
            "column_number": [2, 6, 4],
            "value": [9.0, 4.0, 9.0],
        }
    )
    services.ledger.record_verdict(
        submission.submission_id,
        Verdict.ACCEPTED_WITH_WARNINGS,
        [Finding("A_CODE_OF_THE_PAST", "warning", section="R1", line=1, column=2)],
        cells=lake.write_cells(services.home, submission, cells),
        contract_hash="c",
    )
    return submission.submission_id


def said(settings: Settings, *command: str) -> tuple[int, str]:
    given = ["--home", str(settings.home), "--language", "en", *command]
    answer = CliRunner().invoke(app, given)
    return answer.exit_code, answer.stdout


def test_a_build_releases_the_rest_and_tells_what_it_left_out(
    services: Services, settings: Settings
) -> None:
    good = accept(services, "1-M")
    gone = accept(services, "OLD-M", KYZYLORDA, MONTH)
    nowhere = accept(services, "1-M", "999999999", MONTH)
    too_old = accept(services, "1-M", KYZYLORDA, "1999-01")
    junk = submit(services, Request(JUNK, "", MONTH, received_at=RECEIVED))
    assert (junk.verdict, junk.form) == (Verdict.REJECTED, "unknown")

    code, answer = said(settings, "build", "--json")

    assert code == 0
    told = json.loads(answer)
    assert told["is_published"]
    left_out = [
        {"reason": "form_not_in_force", "form": "1-M", "count": 1, "in_force": [too_old]},
        {"reason": "form_unknown", "form": "OLD-M", "count": 1, "in_force": [gone]},
        {"reason": "form_unknown", "form": "unknown", "count": 1, "in_force": []},
        {"reason": "territory_unknown", "form": "1-M", "count": 1, "in_force": [nowhere]},
    ]
    assert told["left_out"] == left_out
    manifest = catalogue.read_manifest(services.home)
    assert [each.submission_id for each in manifest.submissions] == [good]
    assert (manifest.period_first, manifest.period_last) == (MONTH, MONTH)
    assert manifest.model_dump(mode="json")["left_out"] == left_out

    code, answer = said(settings, "status", "--period", MONTH)
    assert code == 0
    assert "OLD-M" in answer

    failed = {check.name: check.detail for check in doctor.examine(settings) if not check.is_passed}
    assert set(failed) == {"left_out"}
    assert "OLD-M" in failed["left_out"]


def test_junk_that_was_refused_is_no_trouble_of_the_installation(
    services: Services, settings: Settings
) -> None:
    submit(services, Request(JUNK, "", MONTH, received_at=RECEIVED))
    (check,) = [each for each in doctor.examine(settings) if each.name == "left_out"]
    assert check.is_passed
    assert "unknown" in check.detail
