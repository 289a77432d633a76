"""The department's month: what is due, and sending it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import PurePath
from typing import Any, BinaryIO

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from ingestion.signatures.trust import LONGEST, SUFFIXES
from portal.access.authorisation import needs
from portal.guards.bodies import takes
from portal.guards.parameters import Id, Period
from portal.pages.answers import to
from portal.problems import PortalError
from portal.render import page
from portal.texts import text
from portal.web import access_of, desk_of, field_of, form_of, language_of, portal_of
from warehouse.core.clock import utc_now
from warehouse.ledger.uploads import Upload
from warehouse.storage import originals

router = APIRouter()


@router.get("/")
@needs("account.own")
def first_page(request: Request) -> Response:
    """The page that the role begins its day with."""
    access = access_of(request)
    period = present_period(utc_now().date())
    return to(f"/country/{period}" if access.may("country.view") else f"/periods/{period}")


@router.get("/periods/{period}")
@needs("period.view")
def my_period(request: Request, period: Period) -> Response:
    """Each form that is due, with its state, and the place to drop files."""
    desk = desk_of(request)
    return page(
        request,
        "period.html",
        period=period,
        duties=desk.period(period),
        uploads=desk.recent_uploads(period)[:8],
        before=neighbour(period, -1),
        after=neighbour(period, 1),
        now=utc_now(),
        max_bytes=portal_of(request).services.limits.file_bytes,
        signature_suffixes=SUFFIXES,
    )


@router.post("/periods/{period}/files")
@needs("submission.send")
@takes("workbooks")
def send_files(request: Request, period: Period) -> Response:
    """Keep each file and put it in the queue. A script gets JSON, a plain form a page."""
    form = field_of(request, "form") or None
    sent = [file for file in form_of(request).getlist("files") if isinstance(file, UploadFile)]
    pairs = with_signatures([file for file in sent if file.filename])
    if not pairs:
        raise PortalError("file_missing")
    uploads = [
        take_in(
            request,
            file.file,
            name=file.filename or "",
            period=period,
            form=form,
            signature=read_signature(signature.file) if signature else None,
        )
        for file, signature in pairs
    ]
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"uploads": [progress(request, u) for u in uploads]}, status_code=202)
    return to(f"/uploads/{uploads[0].upload_id}") if len(uploads) == 1 else to(f"/periods/{period}")


def take_in(
    request: Request,
    stream: BinaryIO,
    *,
    name: str,
    period: str,
    form: str | None,
    territory: str | None = None,
    signature: bytes | None = None,
) -> Upload:
    """Store the bytes, then queue them."""
    desk, services = desk_of(request), portal_of(request).services
    desk.check_target(period, form)
    stored = originals.store(services.home, stream, max_bytes=services.limits.file_bytes)
    if stored.size == 0:
        raise PortalError("file_empty")
    return desk.take_in(
        stored,
        file_name=plain_name(name),
        period=period,
        form=form,
        territory=territory or desk.access.territory or "",
        signature=signature,
    )


def with_signatures(
    files: Sequence[UploadFile],
) -> list[tuple[UploadFile, UploadFile | None]]:
    """Each file with its detached signature, if that was sent along: `report.xlsx.p7s` or
    `report.p7s` for `report.xlsx`. PortalError signature_alone for one that belongs to none."""
    signatures = {
        PurePath(plain_name(file.filename or "")).stem.casefold(): file
        for file in files
        if is_signature(file)
    }
    pairs: list[tuple[UploadFile, UploadFile | None]] = []
    for file in files:
        if is_signature(file):
            continue
        name = plain_name(file.filename or "").casefold()
        found = signatures.pop(name, None) or signatures.pop(PurePath(name).stem, None)
        pairs.append((file, found))
    if signatures:
        alone = next(iter(signatures.values()))
        raise PortalError("signature_alone", file=plain_name(alone.filename or ""))
    return pairs


def is_signature(file: UploadFile) -> bool:
    """Whether a file is named like a detached signature."""
    return (file.filename or "").lower().endswith(SUFFIXES)


def read_signature(stream: BinaryIO) -> bytes:
    """The bytes of a signature; PortalError signature_large for what cannot be one."""
    content = stream.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise PortalError("signature_large", status=413)
    return content


def plain_name(name: str) -> str:
    """The last part of a file name, without what cannot be shown."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:200] or "file"


@router.get("/uploads/{upload_id}")
@needs("submission.view")
def upload_page(request: Request, upload_id: Id) -> Response:
    """Wait for the verdict; then go to it. Works without scripts: the page reloads itself."""
    upload = desk_of(request).upload(upload_id)
    if upload.state == "done":
        return to(f"/submissions/{upload.submission_id}")
    headers = {} if upload.is_finished else {"refresh": "2"}
    return page(
        request,
        "upload.html",
        headers=headers,
        upload=upload,
        state=progress(request, upload),
        refusal=refusal_text(request, upload),
    )


@router.get("/uploads/{upload_id}/state")
@needs("submission.view")
def upload_state(request: Request, upload_id: Id) -> Response:
    """How far the file has come, for the page's script."""
    return JSONResponse(progress(request, desk_of(request).upload(upload_id)))


def progress(request: Request, upload: Upload) -> dict[str, Any]:
    """How far an upload has come, with a sentence in the reader's language."""
    portal, language = portal_of(request), language_of(request)
    ahead = portal.uploads.ahead(upload) if upload.state == "waiting" else 0
    verdict = None
    if upload.submission_id and upload.state == "done":
        verdict = portal.services.ledger.submission(upload.submission_id).outcome
    is_warming = portal.judges is not None and not portal.judges.is_ready
    state = "warming" if upload.state == "waiting" and is_warming else upload.state
    said = text(f"upload_{state}", language, ahead=ahead)
    if verdict:
        said = text(f"state_{verdict}", language)
    elif upload.state == "refused":
        said = refusal_text(request, upload) or said
    return {
        "upload_id": upload.upload_id,
        "file_name": upload.file_name,
        "state": upload.state,
        "ahead": ahead,
        "verdict": verdict,
        "text": said,
        "submission_id": upload.submission_id,
        "url": f"/submissions/{upload.submission_id}"
        if upload.submission_id
        else f"/uploads/{upload.upload_id}",
    }


def refusal_text(request: Request, upload: Upload) -> str | None:
    """Why no submission was made of the file, and what to do."""
    if upload.refusal is None:
        return None
    language = language_of(request)
    if "key" in upload.refusal:
        return text(f"problem_{upload.refusal['key']}", language)
    messages = portal_of(request).services.contracts.messages
    code, params = upload.refusal["code"], upload.refusal["params"]
    said = messages.render(code, language, params)
    return f"{said} {messages.render_how_to_fix(code, language, params)}"


def present_period(today: date) -> str:
    """The month that is reported now: the one before this."""
    return neighbour(f"{today:%Y-%m}", -1)


def neighbour(period: str, months: int) -> str:
    """A month before or after."""
    year, month = (int(part) for part in period.split("-"))
    years, index = divmod(year * 12 + month - 1 + months, 12)
    return f"{years:04d}-{index + 1:02d}"
