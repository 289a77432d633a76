"""The same actions for programs: `/api/v1`, with tokens. Described by `/api/v1/openapi.json`."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from ingestion.request import finding_json
from ingestion.signatures.trust import LONGEST
from portal.access.authorisation import needs, public
from portal.guards.bodies import takes
from portal.guards.parameters import (
    CommentText,
    FileNameQuery,
    Form,
    FormQuery,
    FormText,
    Id,
    KatoQuery,
    KatoText,
    LimitQuery,
    Period,
    PeriodQuery,
    PeriodText,
    ReasonText,
    Sha256Query,
)
from portal.pages.answers import XLSX, attachment
from portal.pages.period import progress, read_signature, take_in
from portal.pages.submissions import shown_signature
from portal.problems import PortalError
from portal.web import API, AccountFirst, access_of, desk_of, language_of, portal_of
from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.ledger import LockException, Submission
from warehouse.ledger import PeriodLock as Lock
from warehouse.reporting.duties import Duty
from warehouse.storage import originals

_SPOOLED_BYTES = 1 << 20


def _whole(value: Any) -> Any:
    """JSON knows no integers: 24.0 is one too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Answer(BaseModel):
    """Base of what the API says."""

    model_config = ConfigDict(from_attributes=True)


class Problem(Answer):
    """Why something was refused, in the language that was asked for."""

    code: str
    detail: str


class AccountAnswer(Answer):
    """Who is asking."""

    login: str
    display_name: str
    role: str
    territory: str | None
    privileges: list[str]


class DutyAnswer(Answer):
    """One form that one unit owes."""

    form: str
    territory: str
    period: str
    state: str
    deadline: datetime
    is_open: bool
    is_late: bool
    submission_id: str | None
    in_force_submission_id: str | None


class UploadAnswer(Answer):
    """A file on its way to its verdict."""

    upload_id: str
    file_name: str
    state: str
    ahead: int
    verdict: str | None
    text: str
    submission_id: str | None


class KeptSignature(Answer):
    """A detached signature that is kept; name its hash when the file is sent."""

    sha256: str


class SignatureAnswer(Answer):
    """The signature of a version; `signed_by` only where it is valid, else empty."""

    standing: str
    signed_by: str
    text: str
    cms_sha256: str


class SubmissionAnswer(Answer):
    """A version that came in; `standing` is counts, held, withdrawn or returned."""

    submission_id: str
    form: str
    territory: str
    period: str
    file_name: str
    sha256: str
    size: int
    received_at: datetime
    state: str
    verdict: str | None
    standing: str
    in_force: bool
    errors: int | None
    warnings: int | None
    contract_hash: str | None


class ReceiptAnswer(Answer):
    """A signed receipt."""

    number: str
    verdict: str
    line: str


class FindingAnswer(Answer):
    """One finding with its text and advice."""

    code: str
    severity: str
    sheet: str | None
    cell: str | None
    section: str | None
    line: int | None
    column: int | None
    found: str | None
    expected: str | None
    rule_id: str | None
    params: dict[str, Any]
    text: str
    how_to_fix: str


class ChangeAnswer(Answer):
    """One changed cell."""

    sheet: str
    cell: str
    line: int
    column: int
    label: str
    before: float | None
    after: float | None
    delta: float


class ChangesAnswer(Answer):
    """What a version changes against the accepted one before it; the largest first."""

    total: int
    compared: int
    largest: list[ChangeAnswer]


class LockAnswer(Answer):
    """A lock in force."""

    form_code: str
    period: str
    changed_at: datetime
    changed_by: str | None
    reason: str


class ExceptionAnswer(Answer):
    """Leave for one territory."""

    exception_id: str
    form_code: str
    territory_kato: str
    period: str
    granted_at: datetime
    granted_by: str | None
    valid_until: datetime
    reason: str


class Ask(BaseModel):
    """Base of what is asked: nothing unknown is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Comment(Ask):
    """An optional explanation."""

    comment: CommentText = ""


class Return(Ask):
    """What to correct."""

    comment: ReasonText


class SetLocks(Ask):
    """Close or open forms of a period."""

    forms: Annotated[list[FormText], Field(min_length=1, max_length=50)]
    period: PeriodText
    is_locked: bool
    reason: ReasonText


class Grant(Ask):
    """Let a territory send for some hours although the period is closed."""

    form: FormText
    territory: KatoText
    period: PeriodText
    hours: Annotated[int, Field(ge=1, le=336), BeforeValidator(_whole)]
    reason: ReasonText


_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem},
    403: {"model": Problem},
    404: {"model": Problem},
    408: {"model": Problem},
    409: {"model": Problem},
    413: {"model": Problem},
    429: {"description": "Too many requests or files"},
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

router = APIRouter(prefix=API, responses=_REFUSALS, route_class=AccountFirst)


@router.get("/openapi.json", include_in_schema=False)
@public
def openapi(request: Request) -> Response:
    """This description."""
    return JSONResponse(request.app.openapi())


@router.get("/me")
@needs("account.own")
def me(request: Request) -> AccountAnswer:
    """Whose token this is."""
    access = access_of(request)
    return AccountAnswer(
        login=access.login,
        display_name=access.display_name,
        role=access.role,
        territory=access.territory,
        privileges=sorted(access.privileges),
    )


@router.get("/periods/{period}")
@needs("period.view")
def own_period(request: Request, period: Period) -> list[DutyAnswer]:
    """What the token's own territory owes for a period."""
    return [_duty(duty) for duty in desk_of(request).period(period)]


@router.get("/country/{period}")
@needs("country.view")
def country(request: Request, period: Period) -> list[DutyAnswer]:
    """What all units owe for a period."""
    return [_duty(duty) for duty in desk_of(request).country(period)]


@router.post("/signatures", status_code=201, openapi_extra=_BODY)
@needs("submission.send")
@takes("signature")
async def keep_signature(request: Request) -> KeptSignature:
    """Keep a detached signature (CMS: DER, PEM or base64) of a file that is sent next."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
    if not content:
        raise PortalError("file_empty")
    home = portal_of(request).services.home
    stored = await run_in_threadpool(originals.store, home, bytes(content), max_bytes=LONGEST)
    return KeptSignature(sha256=stored.sha256)


def _kept_signature(request: Request, sha256: str | None) -> bytes | None:
    if sha256 is None:
        return None
    try:
        kept = originals.find(portal_of(request).services.home, sha256)
    except UserError as error:
        raise PortalError("signature_unknown") from error
    with kept.path.open("rb") as stream:
        return read_signature(stream)


@router.post("/uploads", status_code=202, openapi_extra=_BODY)
@needs("submission.send")
@takes("workbook")
async def upload(
    request: Request,
    period: PeriodQuery,
    file_name: FileNameQuery,
    form: FormQuery | None = None,
    territory: Annotated[
        KatoQuery | None, Query(description="The token's own; may be left out")
    ] = None,
    signature: Annotated[
        Sha256Query | None, Query(description="SHA-256 of a signature that was sent")
    ] = None,
) -> UploadAnswer:
    """Send one workbook as the body. The same bytes again lead to the same submission."""
    desk = desk_of(request)
    await run_in_threadpool(desk.check_target, period, form)
    cms = await run_in_threadpool(_kept_signature, request, signature)
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as spool:
        async for chunk in request.stream():
            await run_in_threadpool(spool.write, chunk)
        spool.seek(0)
        queued = await run_in_threadpool(
            take_in,
            request,
            cast(BinaryIO, spool),
            name=file_name,
            period=period,
            form=form,
            territory=territory,
            signature=cms,
        )
    return UploadAnswer(**await run_in_threadpool(_progress, request, queued.upload_id))


@router.get("/uploads/{upload_id}")
@needs("submission.view")
def upload_state(request: Request, upload_id: Id) -> UploadAnswer:
    """How far a file has come."""
    return UploadAnswer(**_progress(request, upload_id))


@router.get("/submissions")
@needs("submission.view")
def submissions(
    request: Request,
    period: PeriodQuery | None = None,
    form: FormQuery | None = None,
    territory: KatoQuery | None = None,
    limit: LimitQuery = 100,
) -> list[SubmissionAnswer]:
    """Versions that came in, newest first."""
    found = desk_of(request).history(period=period, form=form, territory=territory)
    return [_submission(submission) for submission in found[:limit]]


@router.get("/submissions/{submission_id}")
@needs("submission.view")
def submission(request: Request, submission_id: Id) -> SubmissionAnswer:
    """One version with its verdict."""
    return _submission(desk_of(request).submission(submission_id))


@router.get("/submissions/{submission_id}/findings")
@needs("submission.view")
def findings(request: Request, submission_id: Id) -> list[FindingAnswer]:
    """All findings on it."""
    contracts, language = portal_of(request).services.contracts, language_of(request)
    found = desk_of(request).findings(submission_id)
    return [FindingAnswer(**finding_json(f, contracts, language)) for f in found]


@router.get("/submissions/{submission_id}/changes")
@needs("submission.view")
def changes(request: Request, submission_id: Id) -> ChangesAnswer | None:
    """What it changes against the accepted version before it; null without one."""
    found = desk_of(request).changes(submission_id, language_of(request))
    return ChangesAnswer.model_validate(found) if found else None


@router.get("/submissions/{submission_id}/receipt")
@needs("submission.view")
def receipt(request: Request, submission_id: Id) -> ReceiptAnswer:
    """Its signed receipt; `line` can be verified without this server."""
    issued = desk_of(request).receipt(submission_id)
    return ReceiptAnswer(number=issued.number, verdict=issued.verdict, line=issued.to_text())


@router.get("/submissions/{submission_id}/signature")
@needs("submission.view")
def signature(request: Request, submission_id: Id) -> SignatureAnswer | None:
    """Who signed it and whether that holds; null without a signature."""
    signed = desk_of(request).signature(submission_id)
    shown = shown_signature(signed, language_of(request))
    if signed is None or shown is None:
        return None
    return SignatureAnswer(
        standing=shown.standing,
        signed_by=shown.signer,
        text=shown.text,
        cms_sha256=signed.cms_sha256,
    )


@router.get("/submissions/{submission_id}/annotated", response_class=Response, responses=_FILE)
@needs("submission.view")
def annotated(request: Request, submission_id: Id) -> Response:
    """The workbook as it was sent, with the findings at its cells."""
    content = desk_of(request).annotated(submission_id, language_of(request))
    return attachment(content, f"{submission_id}.xlsx", XLSX)


@router.post("/submissions/{submission_id}/confirm")
@needs("submission.confirm")
@takes("json")
def confirm(request: Request, submission_id: Id, body: Comment) -> SubmissionAnswer:
    """Let a held version count."""
    desk = desk_of(request)
    desk.confirm(submission_id, body.comment)
    return _submission(desk.submission(submission_id))


@router.post("/submissions/{submission_id}/withdraw")
@needs("submission.confirm")
def withdraw(request: Request, submission_id: Id) -> SubmissionAnswer:
    """Give up a held version."""
    desk = desk_of(request)
    desk.withdraw(submission_id)
    return _submission(desk.submission(submission_id))


@router.post("/submissions/{submission_id}/return")
@needs("submission.return")
@takes("json")
def send_back(request: Request, submission_id: Id, body: Return) -> SubmissionAnswer:
    """Return an accepted version to its sender."""
    desk = desk_of(request)
    desk.send_back(submission_id, body.comment)
    return _submission(desk.submission(submission_id))


@router.get("/templates/{form}", response_class=Response, responses=_FILE)
@needs("template.download")
def template(
    request: Request,
    form: Form,
    period: PeriodQuery,
    territory: KatoQuery | None = None,
) -> Response:
    """A blank form with the rows of the territory."""
    desk = desk_of(request)
    content = desk.template(form, territory or desk.access.territory or "", period)
    return attachment(content, f"{form} {period}.xlsx", XLSX)


@router.get("/locks/{period}")
@needs("country.view")
def locks(request: Request, period: Period) -> list[LockAnswer]:
    """Forms of a period that are closed."""
    return [LockAnswer.model_validate(lock) for lock in desk_of(request).locks(period)]


@router.post("/locks")
@needs("period.lock")
@takes("json")
def set_locks(request: Request, body: SetLocks) -> list[LockAnswer]:
    """Close forms of a period, or open them again; the locks then in force."""
    desk = desk_of(request)
    desk.set_locks(body.forms, body.period, is_locked=body.is_locked, reason=body.reason)
    found: list[Lock] = desk.locks(body.period)
    return [LockAnswer.model_validate(lock) for lock in found]


@router.post("/exceptions", status_code=201)
@needs("exception.grant")
@takes("json")
def grant(request: Request, body: Grant) -> ExceptionAnswer:
    """Let one territory send although the period is closed."""
    granted: LockException = desk_of(request).grant_exception(
        body.form,
        body.territory,
        body.period,
        valid_until=utc_now() + timedelta(hours=body.hours),
        reason=body.reason,
    )
    return ExceptionAnswer.model_validate(granted)


def _progress(request: Request, upload_id: str) -> dict[str, Any]:
    found = progress(request, desk_of(request).upload(upload_id))
    return {name: value for name, value in found.items() if name != "url"}


def _duty(duty: Duty) -> DutyAnswer:
    return DutyAnswer(
        form=duty.form,
        territory=duty.territory,
        period=duty.period,
        state=duty.state,
        deadline=duty.deadline,
        is_open=duty.is_open,
        is_late=duty.is_late,
        submission_id=duty.latest.submission_id if duty.latest else None,
        in_force_submission_id=duty.in_force.submission_id if duty.in_force else None,
    )


def _submission(submission: Submission) -> SubmissionAnswer:
    return SubmissionAnswer(
        submission_id=submission.submission_id,
        form=submission.form_code,
        territory=submission.territory_kato,
        period=submission.period,
        file_name=submission.file_name,
        sha256=submission.file_sha256,
        size=submission.file_size,
        received_at=submission.received_at,
        state=submission.state,
        verdict=submission.verdict,
        standing=submission.standing,
        in_force=submission.in_force,
        errors=submission.error_count,
        warnings=submission.warning_count,
        contract_hash=submission.contract_hash,
    )
