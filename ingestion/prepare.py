"""The part of the work on one file that needs no ledger: runs in worker processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path

from ingestion.extract import Extract, extract
from ingestion.findings import Findings
from ingestion.frames import Laid, compiled_rules, lay_out
from ingestion.origin import UNKNOWN, infer_territory, statements
from ingestion.read import DocumentProperties
from ingestion.request import Request
from ingestion.safety import Limits, too_large
from warehouse import originals
from warehouse.contracts import Contracts, load_contracts
from warehouse.errors import UserError
from warehouse.originals import StoredFile
from warehouse.paths import Home


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that lies in the originals, read and laid out for the gate.

    `stored` is None for a file refused at the door; `laid` is None when no form was recognised.
    """

    request: Request
    stored: StoredFile | None
    territory: str
    extract: Extract
    laid: Laid | None


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know."""

    home: Home
    contracts_root: Path
    limits: Limits


def prepare(task: Task, request: Request) -> Prepared:
    """Keep the bytes, then read them. Never raises because of what the file holds."""
    contracts = load_contracts(task.contracts_root)
    try:
        stored = _store(task, request)
    except UserError as error:
        if error.code != "FILE_TOO_LARGE":
            raise
        return _refused_at_the_door(task, request, contracts)
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
    kept = replace(request, source=stored.path)
    if read.form_code is None:
        return Prepared(kept, stored, territory, read, None)
    form = contracts.form(read.form_code, request.period, read.territory)
    return Prepared(kept, stored, territory, read, lay_out(read, form, contracts))


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
    return Prepared(request, None, territory, read, None)


def reading_failed(task: Task, request: Request) -> Prepared:
    """The answer to a file that killed the process reading it."""
    findings = Findings(load_contracts(task.contracts_root))
    findings.add("READING_FAILED", reason="the reading process died")
    read = Extract(tuple(findings.items), DocumentProperties())
    stored = _store(task, request)
    return Prepared(request, stored, request.territory or UNKNOWN, read, None)


def start_worker(contracts_root: Path) -> None:
    """Initialise a worker process: contracts and rules ready, no life without the parent."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    contracts = load_contracts(contracts_root)
    for form in contracts.form_versions:
        compiled_rules(contracts, form)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
