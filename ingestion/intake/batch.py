"""Judge many files: workers read and check, one process decides and writes, in their order.

For each file the order of events is fixed: the bytes are kept; the ledger notes that they came in;
the cells of an accepted file go to the lake; one ledger transaction gives the verdict. A process
killed in between leaves a submission without a verdict, which the next run judges.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ingestion.intake.file_list import read_manifest
from ingestion.intake.workers import batched, in_workers
from ingestion.judge.prepare import Prepared, Task, prepare
from ingestion.judge.verdicts import findings_of, judge_prepared, repeated_bytes
from ingestion.request import Request, Services, SubmissionResult
from warehouse.core import memory
from warehouse.core.clock import period_month
from warehouse.core.errors import UserError
from warehouse.core.timings import timed
from warehouse.ledger import Finding, Submission, Verdict
from warehouse.ledger.signature_records import latest_signature
from warehouse.storage import originals

Progress = Callable[[SubmissionResult], None]

_JUDGED_TOGETHER = 20
_log = logging.getLogger(__name__)
_SKIPPED_PREFIXES = ("~$", ".")


def ingest(
    services: Services,
    folder: Path,
    *,
    manifest: Path | None = None,
    period: str | None = None,
    form: str | None = None,
    by: str | None = None,
    received_at: datetime | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[SubmissionResult]:
    """Judge the files of a folder, and first what a killed run has left unjudged.

    With a `manifest` only the files it lists; without one every file of the folder, for `period`.
    `workers` is the number of processes that read, each within its bounds (default: one per core,
    as many as the memory limit allows; 0 reads in this one, unbounded: for files of one's own).
    Raises UserError for a manifest or period that cannot be used, before anything is stored.
    """
    if manifest is not None:
        requests = read_manifest(manifest, folder, services.contracts, period=period)
    else:
        requests = [Request(path, path.name, _required(period)) for path in _files_to_read(folder)]
    requests = [replace(r, form=r.form or form, by=by, received_at=received_at) for r in requests]
    unfinished = [_again(services, submission) for submission in services.ledger.unfinished()]
    results = run(services, [*unfinished, *requests], workers=workers, progress=progress)
    return list(results)[len(unfinished) :]


def replay(
    services: Services, *, workers: int | None = None, progress: Progress | None = None
) -> list[SubmissionResult]:
    """Judge every rejected and every unfinished submission again, by the present contracts."""
    ledger = services.ledger
    submissions = [*ledger.submissions(verdict=Verdict.REJECTED), *ledger.unfinished()]
    return judge_again(services, submissions, workers=workers, progress=progress)


def judge_again(
    services: Services,
    submissions: Sequence[Submission],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[SubmissionResult]:
    """Judge kept submissions from their originals, by the present contracts.

    A judgement that comes out as before adds nothing to the ledger.
    """
    requests = [_again(services, submission) for submission in submissions]
    return run(services, requests, workers=workers, progress=progress)


def preview(
    services: Services, submissions: Sequence[Submission], *, workers: int | None = None
) -> Iterator[tuple[Submission, tuple[Finding, ...]]]:
    """What the present contracts find in kept submissions. Nothing is written."""
    prepared = _prepared(services, [_again(services, each) for each in submissions], workers)
    waiting = iter(submissions)
    for group in prepared:
        yield from zip(islice(waiting, len(group)), findings_of(services, group), strict=True)


def run(
    services: Services,
    requests: Sequence[Request],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[SubmissionResult]:
    """Judge `requests`; results in their order."""
    for request in requests:
        period_month(request.period)
    with timed(services.home, "judge", files=str(len(requests))):
        return _run(services, requests, workers, progress)


def _run(
    services: Services,
    requests: Sequence[Request],
    workers: int | None,
    progress: Progress | None,
) -> list[SubmissionResult]:
    repeated = repeated_bytes(services, requests)
    fresh = [request for index, request in enumerate(requests) if index not in repeated]
    answers = (
        result
        for group in _prepared(services, fresh, workers)
        for result in judge_prepared(services, group)
    )
    results = []
    for index in range(len(requests)):
        result = repeated[index] if index in repeated else next(answers)
        results.append(result)
        _log.info("submission judged", extra=_said(result))
        if progress is not None:
            progress(result)
    return results


def _said(result: SubmissionResult) -> dict[str, Any]:
    """What a log names about a verdict."""
    return {
        "submission_id": result.submission_id,
        "form": result.form,
        "territory": result.territory,
        "period": result.period,
        "verdict": result.verdict.value,
        "standing": result.standing,
        "findings": len(result.findings),
        "is_new": result.is_new,
    }


def _required(period: str | None) -> str:
    if period is None:
        raise UserError("PERIOD_MISSING")
    period_month(period)
    return period


def _files_to_read(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    files = (path for path in folder.iterdir() if path.is_file())
    return sorted(path for path in files if not path.name.startswith(_SKIPPED_PREFIXES))


def _again(services: Services, submission: Submission) -> Request:
    territory, form = submission.territory_kato, submission.form_code
    signature = latest_signature(services.ledger, submission.submission_id)
    return Request(
        source=originals.find(services.home, submission.file_sha256).path,
        file_name=submission.file_name,
        period=submission.period,
        # Without what the contracts do not know the file is read as if its sender had not said it.
        territory=territory if territory in services.contracts.territories else None,
        form=form if form in services.contracts.forms else None,
        by=submission.submitted_by,
        received_at=submission.received_at,
        submission=submission,
        signature=signature.cms if signature else None,
    )


def _readers(services: Services) -> int:
    allowed = memory.readers(services.memory_limit, services.bounds.memory)
    return min(os.cpu_count() or 1, allowed)


def _prepared(
    services: Services, requests: Sequence[Request], workers: int | None
) -> Iterator[list[Prepared]]:
    """Requests read and judged, in their order, group by group."""
    task = Task.of(services)
    count = min(_readers(services) if workers is None else workers, len(requests))
    if count <= 0:
        for group in batched(requests, _JUDGED_TOGETHER):
            yield prepare(task, group)
    else:
        yield from in_workers(task, requests, count)
