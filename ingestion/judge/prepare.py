"""The part of the work on files that needs no ledger: read them and let the gate judge them.

Runs in worker processes, or in the one that wants the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from expectations.submission_gate import judge
from ingestion.findings import Findings
from ingestion.judge.extract import Extract, extract
from ingestion.judge.frames import Laid, by_submission, explain, join_frames, lay_out
from ingestion.read.safety import Limits, too_large
from ingestion.read.workbook import DocumentProperties
from ingestion.recognise.origin import infer_territory, statements
from ingestion.request import Request, Services
from warehouse.contracts import Contracts, Form, load_contracts
from warehouse.core.bounded import Bounds, End
from warehouse.core.errors import UserError
from warehouse.core.faults import is_of_machine, trace_of
from warehouse.core.paths import Home
from warehouse.ledger import Finding
from warehouse.storage import originals
from warehouse.storage.originals import StoredFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that lies in the originals, read and judged by the rules of its form.

    `stored` is None for a file refused at the door. `findings` are those of the gate; what was
    odd in reading is in `extract`.
    """

    request: Request
    stored: StoredFile | None
    territory: str
    extract: Extract
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know."""

    home: Home
    contracts_root: Path
    limits: Limits
    bounds: Bounds

    @classmethod
    def of(cls, services: Services) -> Task:
        """The task of an installation."""
        return cls(services.home, services.contracts.root, services.limits, services.bounds)


def prepare(task: Task, requests: Sequence[Request]) -> list[Prepared]:
    """Keep the bytes, read them, judge them; Great Expectations runs once for all.

    Never raises because of what a file holds: where our own code fails over a file, that is the
    answer to it alone. Faults of the machine are raised; they say nothing about a file.
    """
    contracts = load_contracts(task.contracts_root)
    try:
        return _prepare(task, requests, contracts)
    except BaseException as error:
        if is_of_machine(error):
            raise
        if len(requests) == 1:
            return [program_failed(task, requests[0], error)]
    return [prepared for request in requests for prepared in prepare(task, [request])]


def _prepare(task: Task, requests: Sequence[Request], contracts: Contracts) -> list[Prepared]:
    read = [_read(task, request, contracts) for request in requests]
    frames = join_frames([laid.frames if laid else {} for _, laid in read])
    failures = by_submission(judge(frames))
    judged = []
    for index, (prepared, laid) in enumerate(read):
        findings: Sequence[Finding] = ()
        if laid is not None:
            form = _form(prepared.extract, prepared.request, contracts)
            findings = explain(failures[index], prepared.extract, laid, form, contracts)
        judged.append(replace(prepared, findings=tuple(findings)))
    return judged


def _read(task: Task, request: Request, contracts: Contracts) -> tuple[Prepared, Laid | None]:
    """The file as read, and laid out for the gate when its form was recognised."""
    try:
        stored = _store(task, request)
    except UserError as error:
        if error.code != "FILE_TOO_LARGE":
            raise
        return _refused_at_the_door(task, request, contracts), None
    content = request.source if isinstance(request.source, bytes) else stored.path.read_bytes()
    read = extract(
        content,
        contracts,
        period=request.period,
        form_code=request.form,
        limits=task.limits,
        territory=request.territory,
        file_name=request.file_name,
    )
    territory = (
        request.territory
        or read.territory
        or infer_territory(statements(contracts, read.properties, request.file_name))
    )
    # Bytes need not travel back to the process that sent them.
    prepared = Prepared(replace(request, source=stored.path), stored, territory, read)
    if read.form_code is None:
        return prepared, None
    return prepared, lay_out(read, _form(read, request, contracts), contracts)


def _form(read: Extract, request: Request, contracts: Contracts) -> Form:
    return contracts.form(str(read.form_code), request.period, read.territory)


def _store(task: Task, request: Request) -> StoredFile:
    if request.submission is not None:
        return originals.find(task.home, request.submission.file_sha256)
    return originals.store(task.home, request.source, max_bytes=task.limits.file_bytes)


def _refused_at_the_door(task: Task, request: Request, contracts: Contracts) -> Prepared:
    source = request.source
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    findings = Findings(contracts)
    findings.add("FILE_TOO_LARGE", **too_large(size, task.limits).params)
    territory = request.territory or infer_territory(
        statements(contracts, DocumentProperties(), request.file_name)
    )
    read = Extract(tuple(findings.items), DocumentProperties())
    return Prepared(request, None, territory, read)


def program_failed(task: Task, request: Request, error: BaseException) -> Prepared:
    """The answer to a file over which our own code failed; the log says where."""
    findings = Findings(load_contracts(task.contracts_root))
    findings.add("READING_FAILED", reason=type(error).__name__)
    failed = _unread(task, request, findings)
    sha256 = failed.stored.sha256 if failed.stored else ""
    _log.error("the program failed over file %s:\n%s", sha256, trace_of(error))
    return failed


def not_read(task: Task, request: Request, end: End) -> Prepared:
    """The answer to a file whose reading ended the process that read it."""
    findings = Findings(load_contracts(task.contracts_root))
    if end is End.MEMORY:
        findings.add("READING_OVER_MEMORY", megabytes=task.bounds.memory // 1000**2)
    elif end is End.TIME:
        findings.add("READING_OVER_TIME", seconds=f"{task.bounds.seconds:g}")
    else:
        findings.add("READING_FAILED", reason="the reading process died")
    return _unread(task, request, findings)


def _unread(task: Task, request: Request, findings: Findings) -> Prepared:
    territory = request.territory or infer_territory(
        statements(findings.contracts, DocumentProperties(), request.file_name)
    )
    stored = _store(task, request)
    read = Extract(tuple(findings.items), DocumentProperties())
    return Prepared(replace(request, source=stored.path), stored, territory, read)
