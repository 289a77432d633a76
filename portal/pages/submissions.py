"""The verdict on one file and what follows from it; the history of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from ingestion.annotate.answer import can_annotate
from ingestion.documents.receipt import (
    plain_form,
    public_key_pem,
    signature_standing,
    signed_by,
    verify,
)
from ingestion.findings import render
from ingestion.signatures.cms import SignatureCheck, SignatureOutcome
from portal.access.authorisation import needs, public
from portal.exports import csv_file
from portal.guards.bodies import takes
from portal.guards.parameters import Id, OptionalForm, OptionalKato, OptionalPeriod, SearchQuery
from portal.pages.answers import XLSX, attachment, disposition, to
from portal.pages.period import present_period
from portal.render import demonstration_mark, page
from portal.texts import text
from portal.web import desk_of, field_of, language_of, note, portal_of
from warehouse.contracts import Contracts
from warehouse.core.clock import utc_now
from warehouse.core.texts import Language
from warehouse.ledger import Finding
from warehouse.ledger.signature_records import Signature

router = APIRouter()
_WORST_FIRST = ("error", "warning", "info")
_SHOWN = 500
_HISTORY = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding in the reader's words."""

    finding: Finding
    text: str
    how_to_fix: str


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one kind; the advice is the same for most of them."""

    severity: str
    code: str
    shown: Sequence[Shown]


@router.get("/submissions/{submission_id}")
@needs("submission.view")
def verdict_page(
    request: Request,
    submission_id: Id,
    severity: SearchQuery = "",
    sheet: SearchQuery = "",
    q: SearchQuery = "",
) -> Response:
    """All findings at once, worst first; what changes; what can be done."""
    desk, language = desk_of(request), language_of(request)
    contracts = portal_of(request).services.contracts
    submission = desk.submission(submission_id)
    findings = desk.findings(submission_id)
    chosen = [
        shown
        for shown in _shown(findings, contracts, language)
        if (not severity or shown.finding.severity == severity)
        and (not sheet or shown.finding.sheet == sheet)
        and (not q or _contains(shown, q))
    ]
    original = desk.original(submission_id).path
    return page(
        request,
        "verdict.html",
        submission=submission,
        in_force=desk.in_force(submission),
        counts=Counter(finding.severity for finding in findings),
        groups=_groups(chosen[:_SHOWN]),
        found=len(chosen),
        total=len(findings),
        limit=_SHOWN,
        sheets=sorted({f.sheet for f in findings if f.sheet}),
        chosen={"severity": severity, "sheet": sheet, "q": q},
        changes=desk.changes(submission_id, language),
        decisions=desk.decisions(submission_id),
        signature=shown_signature(desk.signature(submission_id), language),
        can_annotate=bool(findings) and can_annotate(original, findings),
    )


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """A department's signature in the reader's words; `signer` only where it is to be believed."""

    standing: str
    signer: str
    text: str


def shown_signature(signed: Signature | None, language: Language) -> ShownSignature | None:
    """What the page says about the signature; None without one."""
    if signed is None:
        return None
    check = SignatureCheck(SignatureOutcome(signed.outcome), algorithm=signed.algorithm)
    signer = signed_by(signed) if signed.is_valid else ""
    return ShownSignature(signature_standing(signed), signer, check.text(language))


def _shown(findings: Sequence[Finding], contracts: Contracts, language: Language) -> list[Shown]:
    ordered = sorted(findings, key=lambda f: (_WORST_FIRST.index(f.severity), f.code))
    return [Shown(f, *render(f, contracts, language)) for f in ordered]


def _groups(shown: Sequence[Shown]) -> list[Group]:
    groups = groupby(shown, key=lambda s: (s.finding.severity, s.finding.code))
    return [Group(severity, code, list(of_kind)) for (severity, code), of_kind in groups]


def _contains(shown: Shown, wanted: str) -> bool:
    finding = shown.finding
    where = (finding.sheet, finding.cell, finding.found, finding.expected, finding.rule_id)
    everything = " ".join((shown.text, shown.how_to_fix, *(part or "" for part in where)))
    return wanted.casefold() in everything.casefold()


@router.post("/submissions/{submission_id}/confirm")
@needs("submission.confirm")
@takes("text")
def confirm(request: Request, submission_id: Id) -> Response:
    """The sender says that it shall count."""
    desk_of(request).confirm(submission_id, field_of(request, "comment"))
    return to(f"/submissions/{submission_id}", done="confirmed")


@router.post("/submissions/{submission_id}/withdraw")
@needs("submission.confirm")
@takes("text")
def withdraw(request: Request, submission_id: Id) -> Response:
    """The sender gives it up."""
    desk_of(request).withdraw(submission_id)
    return to(f"/submissions/{submission_id}", done="withdrawn")


@router.post("/submissions/{submission_id}/return")
@needs("submission.return")
@takes("text")
def send_back(request: Request, submission_id: Id) -> Response:
    """The ministry returns it with a comment."""
    desk_of(request).send_back(submission_id, field_of(request, "comment"))
    return to(f"/submissions/{submission_id}", done="returned")


@router.get("/submissions/{submission_id}/annotated")
@needs("submission.view")
def annotated(request: Request, submission_id: Id) -> Response:
    """The sender's workbook with the findings at its cells."""
    desk = desk_of(request)
    submission = desk.submission(submission_id)
    content = desk.annotated(submission_id, language_of(request))
    note(request, "submission.annotated", submission_id)
    stem = submission.file_name.rsplit(".", 1)[0]
    suffix = text("annotated_suffix", language_of(request))
    return attachment(content, f"{stem} ({suffix}).xlsx", XLSX)


@router.get("/submissions/{submission_id}/original")
@needs("submission.view")
def original(request: Request, submission_id: Id) -> Response:
    """The bytes as they were sent."""
    desk = desk_of(request)
    stored, name = desk.original(submission_id), desk.submission(submission_id).file_name
    headers = {"content-disposition": disposition(name)}
    note(request, "submission.original", submission_id)
    return FileResponse(stored.path, media_type="application/octet-stream", headers=headers)


@router.get("/submissions/{submission_id}/receipt")
@needs("submission.view")
def receipt(request: Request, submission_id: Id) -> Response:
    """The signed receipt, to be printed or kept."""
    contracts = portal_of(request).services.contracts
    issued = desk_of(request).receipt(submission_id)
    said = plain_form(issued, contracts, language_of(request))
    return attachment(said.encode(), f"{issued.number}.txt", "text/plain; charset=utf-8")


@router.get("/receipts")
@public
def receipt_form(request: Request) -> Response:
    """Where anybody checks a receipt."""
    return page(request, "receipts.html", pasted="", check=None)


@router.post("/receipts")
@public
@takes("text")
def check_receipt(request: Request) -> Response:
    """Whether this installation issued exactly this receipt."""
    pasted = field_of(request, "receipt")
    home = portal_of(request).services.home
    check = verify(pasted, public_key_pem(home))
    return page(request, "receipts.html", pasted=pasted, check=check)


@router.get("/submissions/{submission_id}/findings")
@needs("submission.view")
def findings_csv(request: Request, submission_id: Id) -> Response:
    """All findings as CSV."""
    desk, language = desk_of(request), language_of(request)
    contracts = portal_of(request).services.contracts
    columns = ("severity", "code", "sheet", "cell", "found", "expected", "finding", "fix")
    rows = [
        (
            text(f"severity_{s.finding.severity}", language),
            s.finding.code,
            s.finding.sheet,
            s.finding.cell,
            s.finding.found,
            s.finding.expected,
            s.text,
            s.how_to_fix,
        )
        for s in _shown(desk.findings(submission_id), contracts, language)
    ]
    heads = [text(f"col_{name}", language) for name in columns]
    content = csv_file(heads, rows, demonstration_mark(request))
    return attachment(content, f"{submission_id}.csv", "text/csv")


@router.get("/history")
@needs("submission.view")
def history(
    request: Request,
    period: OptionalPeriod = "",
    form: OptionalForm = "",
    territory: OptionalKato = "",
) -> Response:
    """Every version that came in, newest first."""
    desk = desk_of(request)
    found = desk.history(period=period or None, form=form or None, territory=territory or None)
    values: dict[str, Any] = {
        "submissions": found[:_HISTORY],
        "total": len(found),
        "forms": list(portal_of(request).services.contracts.forms),
        "chosen": {"period": period, "form": form, "territory": territory},
        "present": present_period(utc_now().date()),
    }
    return page(request, "history.html", **values)
