"""The ledger: who sent what, when, how it was judged, and what was released from it."""

from warehouse.ledger.decisions import Decision, LockException, PeriodLock
from warehouse.ledger.operations import Ledger
from warehouse.ledger.records import (
    Finding,
    IncomingFile,
    Judgement,
    Outcome,
    Registration,
    ReleaseRecord,
    Snapshot,
    Standing,
    Submission,
    Verdict,
)

__all__ = [
    "Decision",
    "Finding",
    "IncomingFile",
    "Judgement",
    "Ledger",
    "LockException",
    "Outcome",
    "PeriodLock",
    "Registration",
    "ReleaseRecord",
    "Snapshot",
    "Standing",
    "Submission",
    "Verdict",
]
