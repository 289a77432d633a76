"""The same actions for programs: `/api/v1`, with tokens. Described by `/api/v1/openapi.json`."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ingestion.request import finding_json
from ingestion.signatures.trust import LONGEST
from portal.access.authorisation import needs, public
from portal.api.shapes import (
    AccountAnswer,
    ChangesAnswer,
    Comment,
    DutyAnswer,
    ExceptionAnswer,
    FindingAnswer,
    Grant,
    KeptSignature,
    LockAnswer,
    Problem,
    ReceiptAnswer,
    Return,
    SetLocks,
    SignatureAnswer,
    SubmissionAnswer,
    UploadAnswer,
    duty_answer,
    submission_answer,
)
from portal.guards.bodies import takes
from portal.guards.parameters import (
    FileNameQuery,
    Form,
    FormQuery,
    Id,
    KatoQuery,
    LimitQuery,
    Period,
    PeriodQuery,
    Sha256Query,
)
from portal.pages.answers import XLSX, attachment
from portal.pages.period import progress, read_signature, take_in
from portal.pages.submissions import shown_signature
from portal.problems import PortalError
from portal.web import API, AccountFirst, access_of, desk_of, language_of, portal_of
from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.ledger import LockException
from warehouse.ledger import PeriodLock as Lock
from warehouse.storage import originals

_SPOOLED_BYTES = 1 << 20


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
    described = request.app.openapi()
    described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"token": []}]
    return JSONResponse(described)


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
    return [duty_answer(duty) for duty in desk_of(request).period(period)]


@router.get("/country/{period}")
@needs("country.view")
def country(request: Request, period: Period) -> list[DutyAnswer]:
    """What all units owe for a period."""
    return [duty_answer(duty) for duty in desk_of(request).country(period)]


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
    return [submission_answer(submission) for submission in found[:limit]]


@router.get("/submissions/{submission_id}")
@needs("submission.view")
def submission(request: Request, submission_id: Id) -> SubmissionAnswer:
    """One version with its verdict."""
    return submission_answer(desk_of(request).submission(submission_id))


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
    return submission_answer(desk.submission(submission_id))


@router.post("/submissions/{submission_id}/withdraw")
@needs("submission.confirm")
def withdraw(request: Request, submission_id: Id) -> SubmissionAnswer:
    """Give up a held version."""
    desk = desk_of(request)
    desk.withdraw(submission_id)
    return submission_answer(desk.submission(submission_id))


@router.post("/submissions/{submission_id}/return")
@needs("submission.return")
@takes("json")
def send_back(request: Request, submission_id: Id, body: Return) -> SubmissionAnswer:
    """Return an accepted version to its sender."""
    desk = desk_of(request)
    desk.send_back(submission_id, body.comment)
    return submission_answer(desk.submission(submission_id))


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
