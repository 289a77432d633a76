"""Detached signatures that came with submissions, and what checking them came to."""

import hashlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import func, insert, select

from warehouse.core.clock import utc_now
from warehouse.ledger import schema as t
from warehouse.ledger.audit import append
from warehouse.ledger.database import reading, writing
from warehouse.ledger.operations import Ledger


@dataclass(frozen=True, kw_only=True)
class CheckedSignature:
    """What checking a signature came to. `outcome` is a `SignatureOutcome` of ingestion; believe
    `signer`, `iin` and `bin` only when it is `valid`."""

    outcome: str
    signer: str | None
    iin: str | None
    bin: str | None
    algorithm: str | None
    is_revocation_checked: bool


@dataclass(frozen=True, kw_only=True)
class Signature(CheckedSignature):
    """One signature of a submission, as it was last checked."""

    submission_id: str
    number: int
    cms: bytes
    cms_sha256: str
    checked_at: datetime

    @property
    def is_valid(self) -> bool:
        return self.outcome == "valid"


def latest_signature(ledger: Ledger, submission_id: str) -> Signature | None:
    """The signature that came last; None for a submission without one."""
    query = (
        select(*(t.signature.c[field.name] for field in fields(Signature)))
        .where(t.signature.c.submission_id == submission_id)
        .order_by(t.signature.c.number.desc())
        .limit(1)
    )
    with reading(ledger.engine) as connection:
        row = connection.execute(query).mappings().first()
    return Signature(**row) if row else None


def record_signature(
    ledger: Ledger,
    submission_id: str,
    cms: bytes,
    check: CheckedSignature,
    *,
    by: str | None = None,
) -> None:
    """Add a checked signature; the same one with the same outcome again changes nothing."""
    checked = asdict(check) | {"cms_sha256": hashlib.sha256(cms).hexdigest()}
    kept = latest_signature(ledger, submission_id)
    if kept is not None and all(getattr(kept, name) == value for name, value in checked.items()):
        return
    mine = t.signature.c.submission_id == submission_id
    with writing(ledger.engine) as connection:
        last = connection.execute(select(func.max(t.signature.c.number)).where(mine)).scalar()
        connection.execute(
            insert(t.signature).values(
                submission_id=submission_id,
                number=(last or 0) + 1,
                cms=cms,
                checked_at=utc_now(),
                **checked,
            )
        )
        append(
            connection,
            actor=by or "system",
            action="submission.signed",
            object=submission_id,
            details={"outcome": check.outcome, "sha256": checked["cms_sha256"]},
        )
