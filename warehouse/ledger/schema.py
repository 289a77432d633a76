"""Tables of the ledger. Arrivals, judgements, findings and releases are only ever added."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)

from warehouse.core.clock import as_utc

REVISION = "0011"
"""Newest migration; a test holds it equal to the newest script."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both databases; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        moment = as_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

counter = Table(
    "counter",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Running numbers. Locking a row puts all who register, or release, in one line."""

submission = Table(
    "submission",
    metadata,
    Column("submission_id", String(16), primary_key=True),
    Column("form_code", String(20), nullable=False),
    Column("form_version", String(40), nullable=False),
    Column("territory_kato", String(9), nullable=False),
    Column("period", String(7), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("submitted_by", String(200)),
    Column("language", String(2), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("sequence", BigInteger, nullable=False, unique=True),
    Column("judgements", Integer, nullable=False, default=0),
    Column("is_demonstration", Boolean, nullable=False, server_default=false()),
    Column("is_author_read", Boolean, nullable=False, server_default=false()),
    Index(None, "form_code", "territory_kato", "period"),
    Index(None, "period"),
    Index(None, "is_demonstration"),
    Index(None, "is_author_read"),
)
"""`judgements` is the number of the latest judgement; 0 means received and not judged yet.
`is_demonstration`: the workbook says of itself that `mvd demo` wrote it.
`is_author_read`: whether that was looked at; earlier versions did not, and the next build does."""

arrival = Table(
    "arrival",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("form_code", String(20), nullable=False),
    Column("territory_kato", String(9), nullable=False),
    Column("period", String(7), nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("submitted_by", String(200)),
    Column("received_at", UtcDateTime, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("is_reinstatement", Boolean, nullable=False),
    Column("submission_id", ForeignKey(submission.c.submission_id), nullable=False),
    Index(None, "form_code", "territory_kato", "period"),
    Index(None, "submission_id"),
)
"""Every time that a file came in, also where it changed nothing (`warehouse.ledger.arrivals`)."""

judgement = Table(
    "judgement",
    metadata,
    Column("submission_id", ForeignKey(submission.c.submission_id), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("verdict", String(30), nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
    Column("contract_hash", String(64), nullable=False),
    Column("form_version", String(40)),
    Column("cells_path", Text),
    Column("cells_sha256", String(64)),
    Column("cell_count", BigInteger),
    Column("error_count", Integer, nullable=False),
    Column("warning_count", Integer, nullable=False),
    Column("findings_sha256", String(64), nullable=False),
    CheckConstraint(
        "verdict in ('accepted', 'accepted_with_warnings', 'rejected')", name="verdict"
    ),
    CheckConstraint("verdict = 'rejected' or cells_path is not null", name="accepted_has_cells"),
)
"""`form_version` is the version of the form that the file was read by; empty where that of the
submission is meant, which was in force when the file was registered."""

finding = Table(
    "finding",
    metadata,
    Column("submission_id", String(16), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("code", String(80), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("sheet", Text),
    Column("cell", String(20)),
    Column("section", String(40)),
    Column("line", Integer),
    Column("column_number", Integer),
    Column("found", Text),
    Column("expected", Text),
    Column("rule_id", String(120)),
    Column("params", Text, nullable=False),
    ForeignKeyConstraint(
        ["submission_id", "number"], ["judgement.submission_id", "judgement.number"]
    ),
    CheckConstraint("severity in ('error', 'warning', 'info')", name="severity"),
)

decision = Table(
    "decision",
    metadata,
    Column("submission_id", ForeignKey(submission.c.submission_id), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("decided_by", String(200)),
    Column("comment", Text),
    CheckConstraint("kind in ('held', 'confirmed', 'withdrawn', 'returned')", name="kind"),
)
"""What people decided about a submission; the latest one holds. Without any it counts as judged."""

signature = Table(
    "signature",
    metadata,
    Column("submission_id", ForeignKey(submission.c.submission_id), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("cms", LargeBinary, nullable=False),
    Column("cms_sha256", String(64), nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("signer", Text),
    Column("iin", String(12)),
    Column("bin", String(12)),
    Column("algorithm", String(80)),
    Column("is_revocation_checked", Boolean, nullable=False),
)
"""Detached signatures that came with a submission and what checking them came to; the latest one
is what is said about it."""

period_lock = Table(
    "period_lock",
    metadata,
    Column("form_code", String(20), primary_key=True),
    Column("period", String(7), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("is_locked", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(200)),
    Column("reason", Text, nullable=False),
)
"""Locking and unlocking of a form's period; the latest one holds."""

lock_exception = Table(
    "lock_exception",
    metadata,
    Column("exception_id", String(16), primary_key=True),
    Column("form_code", String(20), nullable=False),
    Column("territory_kato", String(9), nullable=False),
    Column("period", String(7), nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("granted_by", String(200)),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "form_code", "territory_kato", "period"),
)

release = Table(
    "release",
    metadata,
    Column("release_id", String(20), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    Column("as_of", UtcDateTime),
    Column("contract_hash", String(64), nullable=False),
    Column("content_hash", String(64)),
    Column("period_first", String(7)),
    Column("period_last", String(7)),
    Column("problem", Text),
    CheckConstraint("state in ('building', 'published', 'refused', 'failed')", name="state"),
)
"""Builds. `refused`: tests, contracts or the gate found the data wrong. `failed`: the machine or
the program gave up, so the data are as good as before. `problem` says what it was."""

release_submission = Table(
    "release_submission",
    metadata,
    Column("release_id", ForeignKey(release.c.release_id), primary_key=True),
    Column("submission_id", ForeignKey(submission.c.submission_id), primary_key=True),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(80), nullable=False),
    Column("object", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "actor"),
    Index(None, "object"),
)
"""Who did what to what; each row holds the hash of the row before it (`warehouse.ledger.audit`)."""
