"""Judge many files: workers read and check, one process decides and writes, in their order.

For each file the order of events is fixed: the bytes are kept; the ledger notes that they came in;
the cells of an accepted file go to the lake; one ledger transaction gives the verdict. A process
killed in between leaves a submission without a verdict, which the next run judges.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from ingestion.intake.workers import batched, in_workers
from ingestion.judge.ledger_entry import repeated_bytes
from ingestion.judge.prepare import Prepared, Task, Unread, prepare
from ingestion.judge.verdicts import findings_of, judge_prepared
from ingestion.request import Request, Services, SubmissionResult
from warehouse.core import memory
from warehouse.core.clock import period_month
from warehouse.core.errors import FileError
from warehouse.core.timings import timed
from warehouse.ledger import Finding, Submission, Verdict
from warehouse.ledger.signature_records import latest_signature
from warehouse.storage import originals

Progress = Callable[[SubmissionResult], None]
Told = Callable[[FileError], None]
"""Hears of a file that cannot be read now and stays without a verdict."""

_JUDGED_TOGETHER = 20
_log = logging.getLogger(__name__)


def ingest(
    services: Services,
    requests: Sequence[Request],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    unread: Told | None = None,
) -> list[SubmissionResult]:
    """Judge `requests`, and first what a killed run has left unjudged; results of `requests`.

    `workers` is the number of processes that read, each within its bounds (default: one per core,
    as many as the memory limit allows; 0 reads in this one, unbounded: for files of one's own).
    Of files that cannot be read, those that a killed run has left too, `unread` as in `run`.
    """
    unfinished = [_again(services, submission) for submission in services.ledger.unfinished()]
    found = answers(services, [*unfinished, *requests], workers=workers, progress=progress)
    _tell(found, unread)
    return _judged(found[len(unfinished) :])


def replay(
    services: Services,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    unread: Told | None = None,
) -> list[SubmissionResult]:
    """Judge every rejected and every unfinished submission again, by the present contracts."""
    ledger = services.ledger
    submissions = [*ledger.submissions(verdict=Verdict.REJECTED), *ledger.unfinished()]
    return judge_again(services, submissions, workers=workers, progress=progress, unread=unread)


def judge_again(
    services: Services,
    submissions: Sequence[Submission],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    unread: Told | None = None,
) -> list[SubmissionResult]:
    """Judge kept submissions from their originals, by the present contracts.

    A judgement that comes out as before adds nothing to the ledger. `unread` as in `run`.
    """
    requests = [_again(services, submission) for submission in submissions]
    return run(services, requests, workers=workers, progress=progress, unread=unread)


def preview(
    services: Services, submissions: Sequence[Submission], *, workers: int | None = None
) -> Iterator[tuple[Submission, tuple[Finding, ...]]]:
    """What the present contracts find in kept submissions. Nothing is written.

    Raises FileError at the first whose original is lost.
    """
    prepared = _prepared(services, [_again(services, each) for each in submissions], workers)
    waiting = iter(submissions)
    for group in prepared:
        _tell(group, None)
        read = [each for each in group if isinstance(each, Prepared)]
        yield from zip(islice(waiting, len(read)), findings_of(services, read), strict=True)


def run(
    services: Services,
    requests: Sequence[Request],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    unread: Told | None = None,
) -> list[SubmissionResult]:
    """Judge `requests`; results in their order, without the files that cannot be read now.

    `unread` hears of those; without it the first such FileError is raised, after all others have
    their verdicts.
    """
    found = answers(services, requests, workers=workers, progress=progress)
    _tell(found, unread)
    return _judged(found)


def answers(
    services: Services,
    requests: Sequence[Request],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[SubmissionResult | Unread]:
    """Judge `requests`; one answer to each, in their order."""
    for request in requests:
        period_month(request.period)
    with timed(services.home, "judge", files=str(len(requests))):
        return _run(services, requests, workers, progress)


def _tell(found: Sequence[object], unread: Told | None) -> None:
    for each in found:
        if not isinstance(each, Unread):
            continue
        if unread is None:
            raise each.error
        unread(each.error)


def _judged(found: Sequence[SubmissionResult | Unread]) -> list[SubmissionResult]:
    return [each for each in found if isinstance(each, SubmissionResult)]


def _run(
    services: Services,
    requests: Sequence[Request],
    workers: int | None,
    progress: Progress | None,
) -> list[SubmissionResult | Unread]:
    repeated = repeated_bytes(services, requests)
    fresh = [request for index, request in enumerate(requests) if index not in repeated]
    judged = (
        result
        for group in _prepared(services, fresh, workers)
        for result in judge_prepared(services, group)
    )
    results: list[SubmissionResult | Unread] = []
    for index in range(len(requests)):
        result = repeated[index] if index in repeated else next(judged)
        results.append(result)
        if isinstance(result, Unread):
            _log.warning("file without a verdict: %s", result.error)
            continue
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


def _again(services: Services, submission: Submission) -> Request:
    territory, form = submission.territory_kato, submission.form_code
    signature = latest_signature(services.ledger, submission.submission_id)
    return Request(
        source=originals.original_path(services.home, submission.file_sha256),
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
) -> Iterator[list[Prepared | Unread]]:
    """Requests read and judged, in their order, group by group."""
    task = Task.of(services)
    count = min(_readers(services) if workers is None else workers, len(requests))
    if count <= 0:
        for group in batched(requests, _JUDGED_TOGETHER):
            yield prepare(task, group)
    else:
        yield from in_workers(task, requests, count)
