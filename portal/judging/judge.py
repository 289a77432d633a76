"""The process that judges what came in: one file at a time, everything warm, killed at any moment.

It holds the ledger and reads no file itself: a process forked from it does, within bounds. What a
judge was busy with when it died is put back in the queue; after two such deaths, which say nothing
about the file, its sender is asked to send it again.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from ingestion.intake import batch
from ingestion.intake.workers import kept_readers
from ingestion.request import Request, Services, SubmissionResult
from portal.desk.letters import tell_returned_again, tell_verdict
from portal.judging.scan import ScannerError, is_infected
from portal.settings import PortalSettings
from portal.store.accounts import Accounts
from portal.store.letters import Letters
from portal.store.uploads import Uploads
from warehouse.contracts import Contracts
from warehouse.core.bounded import Bounds
from warehouse.core.errors import FileError
from warehouse.core.logs import configure
from warehouse.core.memory import in_bytes
from warehouse.core.settings import load_settings
from warehouse.core.texts import language_or_default
from warehouse.ledger.uploads import Upload
from warehouse.storage import originals

IDLE, BUSY = "idle", "busy"
_PAUSE = 0.15
_ATTEMPTS = 2
_log = logging.getLogger(__name__)


def run(name: str, contracts: Contracts, desk: PortalSettings, words: Connection) -> None:
    """Judge until told to stop (SIGTERM) or until the parent is gone.

    Says IDLE or BUSY into `words` whenever that changes; IDLE for the first time when ready.
    """
    stopping = _stop_on_signal()
    parent = os.getppid()
    settings = load_settings()
    configure(settings.log_format)
    bounds = Bounds.of(in_bytes(settings.read_memory), settings.read_seconds)
    readers = kept_readers(contracts.root, bounds, 1)
    # Before anything here starts a thread.
    readers.start_by_fork()
    services = Services.open(settings, contracts)
    uploads = Uploads(services.ledger.engine)
    uploads.give_back(name)
    words.send(IDLE)
    # After a loss the supervisor's next judge forks a warm reader sooner than this one starts one.
    while not (stopping or readers.has_lost_one) and os.getppid() == parent:
        upload = uploads.claim(name)
        if upload is None:
            time.sleep(_PAUSE)
            continue
        words.send(BUSY)
        judge(services, uploads, desk, upload)
        words.send(IDLE)
    readers.stop()
    services.ledger.close()


def judge(services: Services, uploads: Uploads, desk: PortalSettings, upload: Upload) -> None:
    """Give one claimed upload its answer."""
    try:
        _judge(services, uploads, desk, upload)
    except FileError as error:
        _log.error("upload %s was not judged: %s", upload.upload_id, error)
        uploads.finish(upload.upload_id, submission_id=None, refusal={"key": "not_read"})


def _judge(services: Services, uploads: Uploads, desk: PortalSettings, upload: Upload) -> None:
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
    if result.submission_id is None or result.is_given_up:
        first = result.findings[0]
        refusal = {"code": first.code, "params": dict(first.params)}
    uploads.finish(upload.upload_id, submission_id=result.submission_id, refusal=refusal)
    if result.submission_id is not None:
        letters = Letters(services.ledger.engine)
        submission = services.ledger.submission(result.submission_id)
        if refusal is not None:
            tell_returned_again(letters, upload, submission, refusal["params"]["comment"])
        else:
            tell_verdict(letters, upload, submission)


def _result(services: Services, upload: Upload) -> SubmissionResult:
    request = _request(services, upload)
    if upload.attempts > _ATTEMPTS:
        raise FileError("READING_INTERRUPTED", file=upload.file_name, exit_code=None)
    (result,) = batch.run(services, [request], workers=1)
    return result


def _request(services: Services, upload: Upload) -> Request:
    language = language_or_default(upload.language)
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
        signature=upload.signature,
    )


def _stop_on_signal() -> list[int]:
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return received
