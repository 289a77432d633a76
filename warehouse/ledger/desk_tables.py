"""Tables of the departments' desk: accounts and their secrets, uploads in progress, letters.

Secrets (sessions, tokens, enrolment links) are kept as SHA-256: reading the database signs nobody
in.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from warehouse.ledger.schema import UtcDateTime, metadata

account = Table(
    "account",
    metadata,
    Column("account_id", String(16), primary_key=True),
    Column("login", String(80), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("role", String(40), nullable=False),
    Column("territory_kato", String(9)),
    Column("email", String(254)),
    Column("language", String(2), nullable=False),
    Column("password_hash", Text),
    Column("subject", Text, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(200)),
    Column("disabled_at", UtcDateTime),
)
"""`password_hash` is empty until the enrolment link is used; `subject` names the account at the
identity provider."""

enrolment = Table(
    "enrolment",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("account_id", ForeignKey(account.c.account_id), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

session = Table(
    "session",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("account_id", ForeignKey(account.c.account_id), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "account_id"),
)

api_token = Table(
    "api_token",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("account_id", ForeignKey(account.c.account_id), nullable=False),
    Column("name", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Index(None, "account_id"),
)

throttle = Table(
    "throttle",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("window_started_at", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", UtcDateTime),
)
"""Failed attempts per account name and per address, shared by all processes that serve."""

upload = Table(
    "upload",
    metadata,
    Column("upload_id", String(16), primary_key=True),
    Column("account_id", ForeignKey(account.c.account_id), nullable=False),
    Column("territory_kato", String(9), nullable=False),
    Column("period", String(7), nullable=False),
    Column("form_code", String(20)),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("language", String(2), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", String(120)),
    Column("claimed_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("submission_id", ForeignKey("submission.submission_id")),
    Column("refusal", Text),
    Column("signature", LargeBinary),
    CheckConstraint("state in ('waiting', 'checking', 'done', 'refused')", name="state"),
    Index(None, "state"),
    Index(None, "territory_kato", "period"),
)
"""A file that came in through the desk, until it is judged. `refusal` is JSON: code and
parameters of the reason for which no submission was made of it. `signature` is the detached
signature (CMS) that came with it."""

oidc_request = Table(
    "oidc_request",
    metadata,
    Column("state_sha256", String(64), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    Column("target", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Sign-ins for which somebody was sent to the identity provider and has not come back."""

notification = Table(
    "notification",
    metadata,
    Column("notification_id", String(16), primary_key=True),
    Column("account_id", ForeignKey(account.c.account_id), nullable=False),
    Column("occasion", String(200), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("params", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("last_error", Text),
    Index(None, "sent_at", "next_attempt_at"),
)
"""Letters to be sent. `occasion` is unique, so that no letter goes out twice."""
