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
from ingestion.judge.explanations import explain
from ingestion.judge.extract import Extract, extract
from ingestion.judge.frames import Laid, by_submission, join_frames, lay_out
from ingestion.read.safety import Limits, too_large
from ingestion.read.workbook import DocumentProperties
from ingestion.recognise.origin import infer_territory, statements
from ingestion.request import Request, Services
from warehouse.contracts import Contracts, Form, load_contracts
from warehouse.core.bounded import Bounds, End, EndedError
from warehouse.core.errors import FileError, UserError
from warehouse.core.faults import is_of_machine, trace_of
from warehouse.core.paths import Home
from warehouse.ledger import Finding
from warehouse.storage import originals
from warehouse.storage.originals import StoredFile
from warehouse.storage.regular import read_regular, told_of

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
class Unread:
    """A file that could not be read now and stays without a verdict; `error` says why."""

    request: Request
    error: FileError


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


def prepare(task: Task, requests: Sequence[Request]) -> list[Prepared | Unread]:
    """Keep the bytes, read them, judge them; Great Expectations runs once for all.

    Never raises because of what a file holds: where our own code fails over a file, that is the
    answer to it alone. A file that cannot be read now is Unread. Faults of the machine are
    raised; they say nothing about a file.
    """
    contracts = load_contracts(task.contracts_root)
    try:
        return _prepare(task, requests, contracts)
    except BaseException as error:
        if is_of_machine(error):
            raise
        if len(requests) == 1:
            return [_failed_over(task, requests[0], error)]
    return [prepared for request in requests for prepared in prepare(task, [request])]


def _failed_over(task: Task, request: Request, error: BaseException) -> Prepared | Unread:
    try:
        return program_failed(task, request, error)
    except FileError as gone:
        return Unread(request, gone)


def _prepare(
    task: Task, requests: Sequence[Request], contracts: Contracts
) -> list[Prepared | Unread]:
    read = [_read_if_there(task, request, contracts) for request in requests]
    frames = join_frames([laid.frames if laid else {} for _, laid in read])
    failures = by_submission(judge(frames))
    judged: list[Prepared | Unread] = []
    for index, (prepared, laid) in enumerate(read):
        if isinstance(prepared, Unread):
            judged.append(prepared)
            continue
        findings: Sequence[Finding] = ()
        if laid is not None:
            form = _form(prepared.extract, prepared.request, contracts)
            findings = explain(failures[index], prepared.extract, laid, form, contracts)
        judged.append(replace(prepared, findings=tuple(findings)))
    return judged


def _read_if_there(
    task: Task, request: Request, contracts: Contracts
) -> tuple[Prepared | Unread, Laid | None]:
    try:
        return _read(task, request, contracts)
    except FileError as error:
        return Unread(request, error), None


def _read(task: Task, request: Request, contracts: Contracts) -> tuple[Prepared, Laid | None]:
    """The file as read, and laid out for the gate when its form was recognised."""
    try:
        stored = _store(task, request)
    except UserError as error:
        if error.code != "FILE_TOO_LARGE":
            raise
        return _refused_at_the_door(task, request, contracts), None
    content = request.source if isinstance(request.source, bytes) else read_regular(stored.path)
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
    findings = Findings(contracts)
    findings.add("FILE_TOO_LARGE", **too_large(_size(request.source), task.limits).params)
    territory = request.territory or infer_territory(
        statements(contracts, DocumentProperties(), request.file_name)
    )
    read = Extract(tuple(findings.items), DocumentProperties())
    return Prepared(request, None, territory, read)


def _size(source: Path | bytes) -> int:
    if isinstance(source, bytes):
        return len(source)
    with told_of(source):
        return source.stat().st_size


def program_failed(task: Task, request: Request, error: BaseException) -> Prepared:
    """The answer to a file over which our own code failed; the log says where.

    Raises FileError when the file is there no longer.
    """
    findings = Findings(load_contracts(task.contracts_root))
    findings.add("READING_FAILED", reason=type(error).__name__)
    failed = _without_figures(task, request, findings)
    sha256 = failed.stored.sha256 if failed.stored else ""
    _log.error("the program failed over file %s:\n%s", sha256, trace_of(error))
    return failed


def not_read(task: Task, request: Request, ended: EndedError) -> Prepared | Unread:
    """The answer to a file whose reading ended the process that read it.

    No verdict when the process was killed from outside, or the file is there no longer.
    """
    if ended.end is End.OTHER:
        code = "READING_INTERRUPTED"
        error = FileError(code, file=request.file_name, exit_code=ended.exit_code)
        return Unread(request, error)
    try:
        return _over_bounds(task, request, ended.end)
    except FileError as error:
        return Unread(request, error)


def _over_bounds(task: Task, request: Request, end: End) -> Prepared:
    findings = Findings(load_contracts(task.contracts_root))
    if end is End.MEMORY:
        findings.add("READING_OVER_MEMORY", megabytes=task.bounds.memory // 1000**2)
    elif end is End.TIME:
        findings.add("READING_OVER_TIME", seconds=f"{task.bounds.seconds:g}")
    else:
        findings.add("READING_FAILED", reason="the reading process died")
    return _without_figures(task, request, findings)


def _without_figures(task: Task, request: Request, findings: Findings) -> Prepared:
    territory = request.territory or infer_territory(
        statements(findings.contracts, DocumentProperties(), request.file_name)
    )
    stored = _store(task, request)
    read = Extract(tuple(findings.items), DocumentProperties())
    return Prepared(replace(request, source=stored.path), stored, territory, read)
