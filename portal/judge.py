"""The process that judges what came in: one file at a time, everything warm, killed at any moment.

What it was busy with when it died is put back in the queue; a file that brings it down twice is
answered without being read again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from ingestion import batch
from ingestion.judge import judge_prepared
from ingestion.prepare import Task, reading_failed
from ingestion.request import Request, Services, SubmissionResult
from ingestion.submit import warm_up
from portal.letters import tell_verdict
from portal.scan import ScannerError, is_infected
from portal.settings import PortalSettings
from portal.store.accounts import Accounts
from portal.store.letters import Letters
from portal.store.uploads import Upload, Uploads
from warehouse import originals
from warehouse.contracts.messages import Language
from warehouse.settings import load_settings

_PAUSE = 0.15
_ATTEMPTS = 2


def run(name: str) -> None:
    """Judge until told to stop (SIGTERM) or until the parent is gone."""
    settings = load_settings()
    desk = PortalSettings()
    services = Services.open(settings)
    uploads = Uploads(services.ledger.engine)
    uploads.give_back(name)
    stopping = _stop_on_signal()
    parent = os.getppid()
    warm_up(services)
    while not stopping and os.getppid() == parent:
        upload = uploads.claim(name)
        if upload is None:
            time.sleep(_PAUSE)
            continue
        judge(services, uploads, desk, upload)
    services.ledger.close()


def judge(services: Services, uploads: Uploads, desk: PortalSettings, upload: Upload) -> None:
    """Give one claimed upload its answer."""
    stored = originals.find(services.home, upload.file_sha256)
    try:
        if is_infected(stored.path, desk):
            uploads.finish(upload.upload_id, submission_id=None, refusal={"key": "infected"})
            return
    except ScannerError:
        uploads.finish(upload.upload_id, submission_id=None, refusal={"key": "scanner_failed"})
        return
    result = _result(services, upload)
    refusal: dict[str, Any] | None = None
    if result.submission_id is None:
        first = result.findings[0]
        refusal = {"code": first.code, "params": dict(first.params)}
    uploads.finish(upload.upload_id, submission_id=result.submission_id, refusal=refusal)
    if result.submission_id is not None:
        submission = services.ledger.submission(result.submission_id)
        tell_verdict(Letters(services.ledger.engine), upload, submission)


def _result(services: Services, upload: Upload) -> SubmissionResult:
    request = _request(services, upload)
    if upload.attempts > _ATTEMPTS:
        task = Task(services.home, services.contracts.root, services.limits)
        (result,) = judge_prepared(services, [reading_failed(task, request)])
    else:
        (result,) = batch.run(services, [request], workers=0)
    return result


def _request(services: Services, upload: Upload) -> Request:
    language: Language = {"kk": "kk", "en": "en"}.get(upload.language, "ru")  # type: ignore[assignment]
    return Request(
        source=originals.find(services.home, upload.file_sha256).path,
        file_name=upload.file_name,
        period=upload.period,
        territory=upload.territory_kato,
        form=upload.form_code,
        by=Accounts(services.ledger.engine, services.contracts.territories)
        .get(upload.account_id)
        .login,
        language=language,
        received_at=upload.received_at,
        hold=True,
    )


def _stop_on_signal() -> list[int]:
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return received


if __name__ == "__main__":
    run(sys.argv[1])
