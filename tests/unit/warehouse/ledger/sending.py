"""Files that a clerk sends, and their verdicts, for the tests of the ledger."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse.ledger import Finding, IncomingFile, Ledger, Registration, Verdict
from warehouse.storage.lake import CellFile

T0 = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
CELLS = CellFile(Path("x.parquet"), "form=1-M/x.parquet", "c" * 64, 217_460)


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def send(
    ledger: Ledger,
    content: str,
    *,
    hours: float = 0,
    territory: str = "430000000",
    period: str = "2025-06",
    reinstate: bool = False,
    is_demonstration: bool = False,
) -> Registration:
    return ledger.register(
        IncomingFile(
            is_demonstration=is_demonstration,
            form_code="1-M",
            form_version="2019",
            territory_kato=territory,
            period=period,
            file_name=f"{content}.xlsx",
            file_sha256=sha(content),
            file_size=len(content),
            submitted_by="kyzylorda",
            received_at=T0 + timedelta(hours=hours),
        ),
        reinstate=reinstate,
    )


def accept(ledger: Ledger, submission_id: str, verdict: Verdict = Verdict.ACCEPTED) -> None:
    ledger.record_verdict(submission_id, verdict, [], CELLS, "contracts-1")


def reject(ledger: Ledger, submission_id: str) -> None:
    finding = Finding("SHEET_MISSING", "error", sheet="R1", params={"sheet": "R1"})
    ledger.record_verdict(submission_id, Verdict.REJECTED, [finding], None, "contracts-1")
