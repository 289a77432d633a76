"""How a file enters the ledger: same bytes again, registration, signatures."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ingestion.findings import Findings
from ingestion.judge.repeated import note_repetition
from ingestion.recognise.origin import UNKNOWN
from ingestion.request import Request, Services, SubmissionResult, verdict_of
from ingestion.signatures.cms import SignatureCheck, verify_detached
from ingestion.signatures.trust import keep_signature, note_signature
from warehouse.core.errors import FileError, UserError
from warehouse.ledger import Finding, IncomingFile, Submission, Verdict
from warehouse.ledger.signature_records import latest_signature
from warehouse.storage import originals
from warehouse.storage.originals import StoredFile
from warehouse.storage.regular import open_regular, read_regular


def repeated_bytes(services: Services, requests: Sequence[Request]) -> dict[int, SubmissionResult]:
    """The answers to bytes that were judged before for the same key, by the place in `requests`."""
    judged: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for period in {request.period for request in requests if request.submission is None}:
        for earlier in services.ledger.submissions(period=period, state="judged"):
            judged[period, earlier.file_sha256].append(earlier)
    answers = {}
    for index, request in enumerate(requests):
        if request.submission is None and not request.reinstate and judged:
            with suppress(FileError):  # Whoever reads it will say what is wrong with it.
                same_bytes = judged.get((request.period, _sha256(request.source)), ())
                answers[index] = _same_key_again(services, request, same_bytes)
    return {index: answer for index, answer in answers.items() if answer is not None}


def _same_key_again(
    services: Services, request: Request, same_bytes: Sequence[Submission]
) -> SubmissionResult | None:
    """The answer when one of the submissions of the same bytes has the key of the request too."""
    for earlier in same_bytes:
        if request.territory in (None, earlier.territory_kato) and request.form in (
            None,
            earlier.form_code,
        ):
            if is_signed_anew(services, request, earlier):
                return None
            if request.hold and earlier.standing == "withdrawn":
                continue
            stored = StoredFile(earlier.file_sha256, Path(), earlier.file_size)
            try:
                submission, is_new = register(
                    services,
                    request,
                    stored,
                    earlier.territory_kato,
                    earlier.form_code,
                    is_demonstration=earlier.is_demonstration,
                )
            except UserError:
                return None  # a locked period: the way of every new file says so
            if is_new:
                return None
            check = check_signature(services, request, submission)
            return repeated(services, request, submission, check)
    return None


def is_signed_anew(services: Services, request: Request, earlier: Submission) -> bool:
    """Whether a rejected file comes again under another signature: that may mend it."""
    if earlier.verdict is not Verdict.REJECTED:
        return False
    kept = latest_signature(services.ledger, earlier.submission_id)
    return request.signature != (kept.cms if kept else None)


def check_signature(
    services: Services, request: Request, submission: Submission
) -> SignatureCheck | None:
    """What checking the signature that came with a file comes to; None without one."""
    if request.signature is None:
        return None
    content = read_regular(originals.find(services.home, submission.file_sha256).path)
    trust, at = services.trust, submission.received_at
    return verify_detached(content, request.signature, trust.roots, at, crls=trust.crls)


def register(
    services: Services,
    request: Request,
    stored: StoredFile,
    territory: str,
    form_code: str,
    *,
    is_demonstration: bool,
) -> tuple[Submission, bool]:
    """The submission of a kept file, and whether it is new; UserError as `Ledger.register`."""
    try:
        version = services.contracts.form(form_code, request.period).version
    except KeyError:
        version = UNKNOWN
    registration = services.ledger.register(
        IncomingFile(
            form_code=form_code,
            form_version=version,
            territory_kato=territory,
            period=request.period,
            file_name=request.file_name,
            file_sha256=stored.sha256,
            file_size=stored.size,
            submitted_by=request.by,
            language=request.language,
            received_at=request.received_at,
            is_demonstration=is_demonstration,
        ),
        hold=request.hold,
        reinstate=request.reinstate,
    )
    return registration.submission, registration.is_new


def keep_checked(
    services: Services, request: Request, submission: Submission, check: SignatureCheck | None
) -> None:
    """Note with the submission who signed it, where a signature came with it."""
    if check is not None and request.signature is not None:
        number = submission.submission_id
        keep_signature(services.ledger, number, request.signature, check, request.by)


def repeated(
    services: Services, request: Request, submission: Submission, check: SignatureCheck | None
) -> SubmissionResult:
    """The same bytes again: their verdict stands, and so does what was decided about them."""
    findings = tuple(services.ledger.findings(submission.submission_id))
    noted = Findings(services.contracts)
    note_repetition(services, submission, noted)
    if check is not None:
        note_signature(check, noted)
        if check.is_valid:
            keep_checked(services, request, submission, check)
    verdict = submission.verdict or verdict_of(findings)
    told = (*noted.items, *findings)
    result = answer(services, request, submission, verdict, told, False, None)
    return replace(result, signature=check, standing=submission.standing)


def answer(
    services: Services,
    request: Request,
    submission: Submission,
    verdict: Verdict,
    findings: tuple[Finding, ...],
    is_new: bool,
    replaces: str | None,
) -> SubmissionResult:
    """The answer to a file that is in the ledger."""
    return SubmissionResult(
        submission_id=submission.submission_id,
        verdict=verdict,
        is_new=is_new,
        file_name=request.file_name,
        form=submission.form_code,
        territory=submission.territory_kato,
        period=submission.period,
        sha256=submission.file_sha256,
        size=submission.file_size,
        received_at=submission.received_at,
        findings=findings,
        contract_hash=services.contracts.content_hash,
        replaces=replaces,
    )


def _sha256(source: Path | bytes) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with open_regular(source) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
