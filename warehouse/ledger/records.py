"""What the ledger hands out: frozen records, all times aware and in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

import pyarrow as pa

Severity = Literal["error", "warning", "info"]
Standing = Literal["counts", "held", "withdrawn", "returned"]
Outcome = Literal[
    "checking",
    "awaits_confirmation",
    "accepted",
    "accepted_with_warnings",
    "rejected",
    "returned",
    "withdrawn",
]


class Verdict(StrEnum):
    """Outcome of a judgement."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REJECTED = "rejected"

    @property
    def is_accepted(self) -> bool:
        """Whether its figures may count."""
        return self is not Verdict.REJECTED


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a submission; the text is made from the messages when it is read."""

    code: str
    severity: Severity
    sheet: str | None = None
    cell: str | None = None
    section: str | None = None
    line: int | None = None
    column: int | None = None
    found: str | None = None
    expected: str | None = None
    rule_id: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    """JSON values for the placeholders of the message."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict on a submission. A later one is added beside it, never over it."""

    submission_id: str
    number: int
    verdict: Verdict
    judged_at: datetime
    contract_hash: str
    cells_path: str | None
    cells_sha256: str | None
    cell_count: int | None
    error_count: int
    warning_count: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission with its latest judgement. Verdict fields are None until it is judged.

    `form_version` is the version that the file was last read by, until then the one in force.
    """

    submission_id: str
    form_code: str
    form_version: str
    territory_kato: str
    period: str
    file_name: str
    file_sha256: str
    file_size: int
    submitted_by: str | None
    language: str
    received_at: datetime
    sequence: int
    state: Literal["received", "judged"]
    verdict: Verdict | None
    judged_at: datetime | None
    contract_hash: str | None
    cells_path: str | None
    cells_sha256: str | None
    cell_count: int | None
    error_count: int | None
    warning_count: int | None
    in_force: bool
    """The accepted version that counts for its form, territory and period."""
    replaces_submission_id: str | None
    """The accepted version that was in force before this one."""
    standing: Standing = "counts"
    """`held` waits for its sender's confirmation; only `counts` can be in force."""
    is_demonstration: bool = False
    """The file says of itself that `mvd demo` wrote it."""

    @property
    def is_counted(self) -> bool:
        """Whether its figures count, or counted until a later version came."""
        is_accepted = self.verdict is not None and self.verdict.is_accepted
        return is_accepted and self.standing == "counts"

    @property
    def awaits_confirmation(self) -> bool:
        """Whether its sender still has to say that it shall count."""
        return self.standing == "held" and self.verdict is not None and self.verdict.is_accepted

    def is_older_than(self, other: Self) -> bool:
        """Whether the other came in later."""
        return (self.received_at, self.sequence) < (other.received_at, other.sequence)

    @property
    def outcome(self) -> Outcome:
        """What became of it, in the one word that pages, letters and lists say."""
        if self.verdict is None:
            return "checking"
        if self.standing == "returned" or self.standing == "withdrawn":
            return self.standing
        return "awaits_confirmation" if self.awaits_confirmation else self.verdict.value


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that came in: for which form, territory and period, who sent it, and its bytes.

    `file_size` in bytes; without `received_at` it came in at this moment.
    """

    form_code: str
    form_version: str
    territory_kato: str
    period: str
    file_name: str
    file_sha256: str
    file_size: int
    submitted_by: str | None = None
    language: str = "ru"
    received_at: datetime | None = None
    is_demonstration: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Form, territory and period."""
        return self.form_code, self.territory_kato, self.period


@dataclass(frozen=True, slots=True)
class Registration:
    """Answer to a file that came in. `is_new` is False when it changed nothing."""

    submission: Submission
    is_new: bool

    @property
    def submission_id(self) -> str:
        """Id of the submission that holds these bytes."""
        return self.submission.submission_id

    @property
    def in_force(self) -> bool:
        """Whether it is the version that counts now."""
        return self.submission.in_force


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that had been received by `as_of`, read in one transaction."""

    as_of: datetime | None
    submissions: list[Submission]
    findings: pa.Table
    """Findings of the latest judgement of each submission: submission_id, position, the fields
    of `Finding` with `column` as `column_number`, `params` as JSON text."""

    @property
    def in_force(self) -> list[Submission]:
        """The version that counts, one per form, territory and period."""
        return [s for s in self.submissions if s.in_force]

    @property
    def is_demonstration(self) -> bool:
        """Whether figures of the demonstration count, or counted until a later version came."""
        return any(s.is_demonstration and s.is_counted for s in self.submissions)


BuildState = Literal["building", "published", "refused", "failed"]
"""`refused`: the data were found wrong. `failed`: the machine or the program gave up."""


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A build that was given a running number, and how it ended."""

    release_id: str
    state: BuildState
    created_at: datetime
    published_at: datetime | None
    as_of: datetime | None
    contract_hash: str
    content_hash: str | None
    period_first: str | None
    period_last: str | None
    problem: str | None
    """Why it was refused or failed."""
    submission_ids: list[str]


_UTC = pa.timestamp("us", tz="UTC")

FINDING_SCHEMA = pa.schema(
    [
        ("submission_id", pa.string()),
        ("position", pa.int32()),
        ("code", pa.string()),
        ("severity", pa.string()),
        ("sheet", pa.string()),
        ("cell", pa.string()),
        ("section", pa.string()),
        ("line", pa.int32()),
        ("column_number", pa.int32()),
        ("found", pa.string()),
        ("expected", pa.string()),
        ("rule_id", pa.string()),
        ("params", pa.string()),
    ]
)
