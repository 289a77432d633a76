"""What the API says and what it asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from portal.guards.parameters import (
    CommentText,
    FormText,
    KatoText,
    PeriodText,
    ReasonText,
)
from warehouse.ledger import Submission
from warehouse.reporting.duties import Duty


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


def duty_answer(duty: Duty) -> DutyAnswer:
    """What a unit owes, as the API says it."""
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


def submission_answer(submission: Submission) -> SubmissionAnswer:
    """A version that came in, as the API says it."""
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
