"""How long each step took: one line of JSON per step in `home/timings.jsonl`.

Whoever does the work writes it, a task of Airflow, the command line or the desk, so that metrics
and benchmarks know our own work apart from what surrounds it.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from structlog.contextvars import bound_contextvars

from warehouse.core.clock import utc_now
from warehouse.core.paths import Home

TIMINGS = "timings.jsonl"
_MOST_BYTES = 4 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """One step that ended. `seconds` by the clock; `processor_seconds` of the process and of the
    children it waited for, which the readers of a batch are not.

    `subject` names what it was about: a release, or how many files.
    """

    step: str
    subject: str
    outcome: Literal["done", "failed"]
    ended_at: datetime
    seconds: float
    processor_seconds: float


@contextmanager
def timed(home: Home, step: str, **subject: str) -> Iterator[None]:
    """Time what happens inside, and name `subject` in every line logged meanwhile."""
    started, used = time.monotonic(), _processor_seconds()
    outcome = "failed"
    with bound_contextvars(step=step, **subject):
        try:
            yield
            outcome = "done"
        finally:
            _note(home, step, subject, outcome, time.monotonic() - started, used)


def _note(
    home: Home, step: str, subject: dict[str, str], outcome: str, seconds: float, used: float
) -> None:
    line = {
        "step": step,
        "subject": " ".join(subject.values()),
        "outcome": outcome,
        "ended_at": utc_now().isoformat(timespec="milliseconds"),
        "seconds": round(seconds, 3),
        "processor_seconds": round(_processor_seconds() - used, 3),
    }
    _log.info("step %s %s", step, outcome, extra=line)
    _append(home, json.dumps(line, ensure_ascii=False))


def read_timings(home: Home) -> list[Timing]:
    """Steps still on file, oldest first; a line that a full disk cut short is passed over."""
    found = []
    for path in (_older(home), home.root / TIMINGS):
        with suppress(FileNotFoundError):
            found += [t for line in path.read_text("utf-8").splitlines() if (t := _parsed(line))]
    return found


def _parsed(line: str) -> Timing | None:
    try:
        kept = json.loads(line)
        return Timing(**kept | {"ended_at": datetime.fromisoformat(kept["ended_at"])})
    except (ValueError, TypeError, KeyError):
        return None


def _append(home: Home, line: str) -> None:
    """Times are no reason to fail: what cannot be written is only logged."""
    path = home.root / TIMINGS
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _MOST_BYTES:
            path.replace(_older(home))
        # One write of one line: those of several processes do not mix.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        with os.fdopen(descriptor, "ab", buffering=0) as stream:
            stream.write(f"{line}\n".encode())
    except OSError as error:
        _log.warning("the time of a step was not kept: %s", error)


def _older(home: Home) -> Path:
    return home.root / f"{TIMINGS}.1"


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
