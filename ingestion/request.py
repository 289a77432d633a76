"""What comes in: one file with what its sender says about it; and what goes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion.findings import render
from ingestion.read.safety import Limits
from ingestion.signatures.cms import SignatureCheck
from ingestion.signatures.trust import Trust, load_trust
from warehouse.contracts import Contracts, load_contracts
from warehouse.core.bounded import Bounds
from warehouse.core.memory import in_bytes
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.core.texts import Language
from warehouse.ledger import Finding, Ledger, Standing, Submission, Verdict
from warehouse.ledger.text import storable

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Services:
    """What ingestion works with."""

    home: Home
    ledger: Ledger
    contracts: Contracts
    limits: Limits
    bounds: Bounds
    """Of reading one file, or a few together."""
    trust: Trust = field(default_factory=Trust)
    memory_limit: str = "2GB"

    @classmethod
    def open(cls, settings: Settings, contracts: Contracts | None = None) -> Services:
        """Services of an installation; the caller closes the ledger."""
        return cls(
            home=settings.paths,
            ledger=Ledger(settings.ledger),
            contracts=contracts or load_contracts(),
            limits=Limits(file_bytes=settings.max_upload_bytes),
            bounds=Bounds.of(in_bytes(settings.read_memory), settings.read_seconds),
            trust=load_trust(settings.signature_roots),
            memory_limit=settings.memory_limit,
        )


@dataclass(frozen=True, slots=True)
class Request:
    """A file to be judged: a path or its bytes, and what the sender says about it.

    Without `territory` it is taken from the document or the file name. `submission` is set when
    the file is in the ledger already and is to be judged (again). With `hold` a file that carries
    warnings or replaces an accepted version waits until its sender confirms it. With `reinstate`
    bytes that a later version replaced, or their sender withdrew, come back in force. `signature`
    is the detached signature (CMS) that came with the file.
    """

    source: Path | bytes
    file_name: str
    period: str
    territory: str | None = None
    form: str | None = None
    by: str | None = None
    language: Language = "ru"
    received_at: datetime | None = None
    submission: Submission | None = None
    hold: bool = False
    reinstate: bool = False
    signature: bytes | None = None

    def __post_init__(self) -> None:
        # A name may hold marks that nothing can keep, and those that hide what it ends in.
        legible = "".join(c if c.isprintable() else _UNPRINTABLE for c in storable(self.file_name))
        object.__setattr__(self, "file_name", legible)


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """The answer to one file.

    `submission_id` is None only for a file refused at the door because of its size. `is_new` is
    False when the same bytes were already there: then nothing changed and `verdict` is theirs.
    """

    submission_id: str | None
    verdict: Verdict
    is_new: bool
    file_name: str
    form: str
    territory: str
    period: str
    sha256: str
    size: int
    received_at: datetime
    findings: tuple[Finding, ...]
    contract_hash: str
    replaces: str | None = None
    signature: SignatureCheck | None = None
    standing: Standing = "counts"
    """`returned` or `withdrawn` for bytes that came again after that: they do not count."""

    @property
    def is_given_up(self) -> bool:
        """Whether the same bytes were returned or withdrawn before."""
        return self.standing in ("returned", "withdrawn")

    @property
    def is_accepted(self) -> bool:
        """Whether its figures may count."""
        return self.verdict.is_accepted and not self.is_given_up

    @property
    def outcome(self) -> str:
        """What became of the file in one word: the verdict, or that it stays given up."""
        return self.standing if self.is_given_up else self.verdict.value

    @property
    def receipt(self) -> dict[str, Any]:
        """What proves the submission: who keeps it can check it against the ledger."""
        return {
            "submission_id": self.submission_id,
            "sha256": self.sha256,
            "size": self.size,
            "file_name": self.file_name,
            "form": self.form,
            "territory": self.territory,
            "period": self.period,
            "received_at": self.received_at.isoformat(),
            "verdict": self.verdict.value,
            "contract_hash": self.contract_hash,
            "signed_by": self.signature.signer if self.signature else None,
            "signature": self.signature.outcome.value if self.signature else None,
        }

    def to_json(self, contracts: Contracts, language: Language = "ru") -> dict[str, Any]:
        """Everything a program may want, texts in `language`."""
        return {
            **self.receipt,
            "standing": self.standing,
            "is_new": self.is_new,
            "replaces": self.replaces,
            "findings": [finding_json(f, contracts, language) for f in self.findings],
        }


def finding_json(finding: Finding, contracts: Contracts, language: Language) -> dict[str, Any]:
    """A finding with its text and advice in `language`."""
    text, how_to_fix = render(finding, contracts, language)
    return {
        "code": finding.code,
        "severity": finding.severity,
        "sheet": finding.sheet,
        "cell": finding.cell,
        "section": finding.section,
        "line": finding.line,
        "column": finding.column,
        "found": finding.found,
        "expected": finding.expected,
        "rule_id": finding.rule_id,
        "params": dict(finding.params),
        "text": text,
        "how_to_fix": how_to_fix,
    }


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """The worst finding decides."""
    severities = {finding.severity for finding in findings}
    if "error" in severities:
        return Verdict.REJECTED
    return Verdict.ACCEPTED_WITH_WARNINGS if "warning" in severities else Verdict.ACCEPTED
