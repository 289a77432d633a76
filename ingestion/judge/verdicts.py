"""Verdicts: prepared files form against form, then lake and ledger, file by file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from expectations.submission_gate import judge
from ingestion.findings import Findings
from ingestion.judge.cross import Accepted, CrossCheck, cross_checks, explain_cross
from ingestion.judge.frames import by_submission, join_frames
from ingestion.judge.ledger_entry import (
    answer,
    check_signature,
    is_signed_anew,
    keep_checked,
    register,
    repeated,
)
from ingestion.judge.prepare import Prepared, Task, Unread, program_failed
from ingestion.judge.repeated import note_returned_figures
from ingestion.lake_cells import cells_table
from ingestion.recognise.origin import UNKNOWN, check_duty, check_period, check_territory
from ingestion.request import Services, SubmissionResult, verdict_of
from ingestion.signatures.cms import SignatureCheck
from ingestion.signatures.trust import note_signature
from ingestion.tables.notes import with_territories
from warehouse.contracts import Form
from warehouse.core.clock import utc_now
from warehouse.core.errors import FileError, UserError
from warehouse.core.faults import is_of_machine
from warehouse.ledger import Finding, Submission, Verdict
from warehouse.storage import lake


@dataclass(slots=True)
class _Case:
    """One file on its way to a verdict."""

    prepared: Prepared
    submission: Submission
    is_new: bool
    form: Form | None
    findings: list[Finding]
    signature: SignatureCheck | None = None
    is_signed_anew: bool = False

    @property
    def is_open(self) -> bool:
        """Whether this run has to give a verdict."""
        asked_for = self.prepared.request.submission is not None or self.is_signed_anew
        return self.is_new or asked_for or self.submission.state == "received"

    @property
    def own(self) -> Accepted | None:
        if self.form is None:
            return None
        values = self.prepared.extract.values
        return Accepted(self.submission.submission_id, self.form, values)


def judge_prepared(
    services: Services, batch: Sequence[Prepared | Unread]
) -> list[SubmissionResult | Unread]:
    """Give every file of the batch that was read its verdict, in order."""
    opened = [_opened_or_answered(services, each) for each in batch]
    _judge_together(services, [case for case in opened if isinstance(case, _Case) and case.is_open])
    return [_closed(services, each) if isinstance(each, _Case) else each for each in opened]


def _opened_or_answered(
    services: Services, prepared: Prepared | Unread
) -> _Case | SubmissionResult | Unread:
    """The case of a file, or the answer to one that comes to none."""
    if isinstance(prepared, Unread):
        return prepared
    if prepared.stored is None:
        return _refused_at_the_door(prepared, services)
    try:
        return _opened(services, prepared)
    except FileError as error:
        return Unread(prepared.request, error)
    except UserError as error:
        return _refused_by_lock(prepared, services, error)


def findings_of(services: Services, batch: Sequence[Prepared]) -> list[tuple[Finding, ...]]:
    """What the gate finds in kept submissions; neither lake nor ledger is written to."""
    cases = [_opened(services, prepared) for prepared in batch]
    _judge_together(services, cases)
    return [tuple(case.findings) for case in cases]


def _opened(services: Services, prepared: Prepared) -> _Case:
    """The case of a file; where our own code fails over it, that is what the case is about."""
    try:
        return _open(services, prepared)
    except Exception as error:
        if is_of_machine(error):
            raise
        return _open(services, _failed(services, prepared, error))


def _closed(services: Services, case: _Case) -> SubmissionResult:
    """The verdict of a case, likewise."""
    try:
        return _close(services, case)
    except Exception as error:
        if is_of_machine(error):
            raise
        _fail(services, case, error)
        return _close(services, case)


def _failed(services: Services, prepared: Prepared, error: Exception) -> Prepared:
    """The answer under the same form and territory, for the file may be registered already."""
    form = prepared.extract.form_code or prepared.request.form
    request = replace(prepared.request, form=form, territory=prepared.territory)
    return program_failed(Task.of(services), request, error)


def _fail(services: Services, case: _Case, error: Exception) -> None:
    failed = _failed(services, case.prepared, error)
    case.prepared, case.form, case.findings = failed, None, [*failed.extract.findings]


def _open(services: Services, prepared: Prepared) -> _Case:
    contracts, request, read = services.contracts, prepared.request, prepared.extract
    form = (
        contracts.form(read.form_code, request.period, read.territory) if read.form_code else None
    )
    submission, is_new = _registered(services, prepared)
    findings = Findings(contracts, list(read.findings))
    check_period(request.period, submission.received_at, findings)
    if form is not None:
        check_duty(contracts, form.code, submission.territory_kato, request.period, findings)
    check_territory(
        contracts,
        submission.territory_kato,
        request.period,
        read.properties,
        request.file_name,
        findings,
        named_by_rows=read.territory is not None and any(read.places),
    )
    check = check_signature(services, request, submission)
    if check is not None:
        note_signature(check, findings)
    return _Case(
        prepared,
        submission,
        is_new,
        form,
        [*findings.items, *prepared.findings],
        signature=check,
        is_signed_anew=is_signed_anew(services, request, submission),
    )


def _registered(services: Services, prepared: Prepared) -> tuple[Submission, bool]:
    if prepared.request.submission is not None:
        return prepared.request.submission, False
    if prepared.stored is None:
        raise ValueError("a file that was not kept cannot be registered")
    form_code = prepared.extract.form_code or prepared.request.form or UNKNOWN
    return register(
        services,
        prepared.request,
        prepared.stored,
        prepared.territory,
        form_code,
        is_demonstration=prepared.extract.properties.is_demonstration,
    )


def _judge_together(services: Services, cases: Sequence[_Case]) -> None:
    """What can only be said beside other reports."""
    _judge_across_forms(services, cases)
    for case in cases:
        own = case.own
        if own is not None and verdict_of(tuple(case.findings)).is_accepted:
            noted = Findings(services.contracts, case.findings)
            note_returned_figures(services, case.submission, own.form, own.values, noted)


def _judge_across_forms(services: Services, cases: Sequence[_Case]) -> None:
    """Add what the control rules of form against form find, to the case that comes second.

    Where our own code fails, those cases over which it fails fail, and the others are judged
    without them; all of them, when it fails over none alone.
    """
    try:
        found = _found_across_forms(services, cases)
    except Exception as error:
        if is_of_machine(error):
            raise
        failing = _failing_alone(services, cases)
        for case in failing or cases:
            _fail(services, case, error)
        if failing:
            _judge_across_forms(services, [case for case in cases if case.form is not None])
        return
    for case, findings in found:
        case.findings += findings


def _failing_alone(services: Services, cases: Sequence[_Case]) -> list[_Case]:
    failing = []
    for case in cases:
        try:
            _found_across_forms(services, [case])
        except Exception as error:
            if is_of_machine(error):
                raise
            failing.append(case)
    return failing


def _found_across_forms(
    services: Services, cases: Sequence[_Case]
) -> list[tuple[_Case, list[Finding]]]:
    accepted: dict[tuple[str, str], list[Accepted]] = defaultdict(list)
    laid = []
    owners: list[tuple[_Case, CrossCheck]] = []
    for case in cases:
        own = case.own
        if own is None or not verdict_of(tuple(case.findings)).is_accepted:
            continue
        key = (case.submission.territory_kato, case.submission.period)
        for check in cross_checks(services, own, *key, accepted[key]):
            owners.append((case, check))
            laid.append(check.frames)
        accepted[key].append(own)
    failures = by_submission(judge(join_frames(laid)))
    found = []
    for index, (case, check) in enumerate(owners):
        own = case.own
        if own is not None:
            read, period = case.prepared.extract, case.submission.period
            findings = explain_cross(check, failures[index], own, read, period, services)
            found.append((case, findings))
    return found


def _close(services: Services, case: _Case) -> SubmissionResult:
    request, submission = case.prepared.request, case.submission
    if not case.is_open:
        return repeated(services, request, submission, case.signature)
    findings = tuple(with_territories(case.findings, case.form))
    verdict = verdict_of(findings)
    cells = None
    if verdict.is_accepted and case.form is not None:
        table = cells_table(case.form, case.prepared.extract.values)
        cells = lake.write_cells(services.home, submission, table)
    services.ledger.record_verdict(
        submission.submission_id,
        verdict,
        findings,
        cells,
        services.contracts.content_hash,
        form_version=case.form.version if case.form else None,
    )
    keep_checked(services, request, submission, case.signature)
    now = services.ledger.submission(submission.submission_id)
    result = answer(
        services, request, submission, verdict, findings, case.is_new, now.replaces_submission_id
    )
    return replace(result, signature=case.signature, standing=now.standing)


def _refused_by_lock(prepared: Prepared, services: Services, error: UserError) -> SubmissionResult:
    if error.code != "PERIOD_LOCKED":
        raise error
    noted = Findings(services.contracts)
    noted.add("PERIOD_LOCKED", **error.params)
    read = replace(prepared.extract, findings=tuple(noted.items))
    return _refused_at_the_door(replace(prepared, extract=read), services)


def _refused_at_the_door(prepared: Prepared, services: Services) -> SubmissionResult:
    request = prepared.request
    received: datetime = request.received_at or utc_now()
    return SubmissionResult(
        submission_id=None,
        verdict=Verdict.REJECTED,
        is_new=False,
        file_name=request.file_name,
        form=request.form or UNKNOWN,
        territory=prepared.territory,
        period=request.period,
        sha256="",
        size=0,
        received_at=received,
        findings=prepared.extract.findings,
        contract_hash=services.contracts.content_hash,
    )
