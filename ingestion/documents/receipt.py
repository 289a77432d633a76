"""Receipts that prove, without the server's database, what was received when and how it was judged.

A receipt is one line of canonical JSON signed with the key of the installation (Ed25519). The same
judgement of the same submission always gives the same receipt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ingestion.request import Services
from ingestion.signatures.cms import SignatureCheck, SignatureOutcome
from warehouse.contracts import Contracts
from warehouse.core.clock import as_utc
from warehouse.core.durable import fsync_path, make_directories, temporary_in
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.texts import Language, load_texts
from warehouse.ledger import Judgement, Submission
from warehouse.ledger.signature_records import Signature, latest_signature

_VERSION = 1
_SECRET_MODE = 0o600
_LONGEST = 20_000
_OPTIONAL = frozenset({"signed", "signed_by", "is_demonstration", "standing"})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was received and how it was judged. `received_at` is the server's time, in UTC.

    `signature` is the server's; of the department's own detached signature `signed` says valid,
    wrong or unchecked and `signed_by`, if it is valid, whose it is. `standing` says returned or
    withdrawn for what does not count although it was accepted.
    """

    number: str
    submission_id: str
    sha256: str
    size: int
    form: str
    territory: str
    period: str
    received_at: str
    verdict: str
    errors: int
    warnings: int
    contract_hash: str
    key: str
    signature: str
    version: int = _VERSION
    signed: str = ""
    signed_by: str = ""
    is_demonstration: bool = False
    standing: str = ""

    def to_text(self) -> str:
        """The line that is kept and verified."""
        return _canonical(self.said)

    @property
    def said(self) -> dict[str, Any]:
        """What the line says: of signature, decision and demonstration only where there is one."""
        fields = asdict(self)
        return {name: value for name, value in fields.items() if value or name not in _OPTIONAL}


class ReceiptOutcome(StrEnum):
    """What checking a receipt has come to."""

    VALID = "valid"
    ALTERED = "altered"
    OTHER_KEY = "other_key"
    OTHER_FILE = "other_file"
    NOT_A_RECEIPT = "not_a_receipt"


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """`receipt` is what the text says; believe it only when `is_valid`."""

    outcome: ReceiptOutcome
    receipt: Receipt | None = None

    @property
    def is_valid(self) -> bool:
        """Whether this installation issued exactly this receipt."""
        return self.outcome is ReceiptOutcome.VALID

    def text(self, language: Language) -> str:
        """The outcome in words."""
        return load_texts("receipt").text(f"check_{self.outcome}", language)


def issue_receipt(services: Services, submission_id: str) -> Receipt:
    """The receipt for the latest judgement of a submission.

    Raises UserError SUBMISSION_UNKNOWN, and SUBMISSION_NOT_JUDGED while it waits for a verdict.
    """
    submission = services.ledger.submission(submission_id)
    judgements = services.ledger.judgements(submission_id)
    if not judgements:
        raise UserError("SUBMISSION_NOT_JUDGED", submission_id=submission_id)
    signed = latest_signature(services.ledger, submission_id)
    return issue(submission, judgements[-1], signing_key(services.home), signed)


def issue(
    submission: Submission,
    judgement: Judgement,
    key: Ed25519PrivateKey,
    signed: Signature | None = None,
) -> Receipt:
    """Sign what the ledger knows about a judged submission."""
    number = f"{submission.sequence:06d}-{submission.submission_id[:4].upper()}"
    said: dict[str, Any] = {
        # A later judgement of the same file is another receipt.
        "number": number if judgement.number == 1 else f"{number}-{judgement.number}",
        "submission_id": submission.submission_id,
        "sha256": submission.file_sha256,
        "size": submission.file_size,
        "form": submission.form_code,
        "territory": submission.territory_kato,
        "period": submission.period,
        "received_at": as_utc(submission.received_at).isoformat(timespec="seconds"),
        "verdict": judgement.verdict.value,
        "errors": judgement.error_count,
        "warnings": judgement.warning_count,
        "contract_hash": judgement.contract_hash,
        "key": key_id(key.public_key()),
        "version": _VERSION,
    }
    if submission.is_demonstration:
        said["is_demonstration"] = True
    if submission.standing in ("returned", "withdrawn"):
        said["standing"] = submission.standing
    if signed is not None:
        said["signed"] = signature_standing(signed)
    if signed is not None and signed.is_valid:
        said["signed_by"] = signed_by(signed)
    signature = key.sign(_canonical(said).encode())
    return Receipt(**said, signature=base64.b64encode(signature).decode())


def verify(
    text: str, public_key: Ed25519PublicKey | str, content: bytes | None = None
) -> ReceiptCheck:
    """Check a receipt, as its line or in the plain form that holds the line.

    `public_key` may be PEM. With `content` also whether the receipt is for that file.
    """
    receipt = _read(text)
    if receipt is None:
        return ReceiptCheck(ReceiptOutcome.NOT_A_RECEIPT)
    key = _public_key(public_key)
    if receipt.key != key_id(key):
        return ReceiptCheck(ReceiptOutcome.OTHER_KEY, receipt)
    said = receipt.said
    try:
        signature = base64.b64decode(said.pop("signature"), validate=True)
        key.verify(signature, _canonical(said).encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return ReceiptCheck(ReceiptOutcome.ALTERED, receipt)
    if content is not None and hashlib.sha256(content).hexdigest() != receipt.sha256:
        return ReceiptCheck(ReceiptOutcome.OTHER_FILE, receipt)
    return ReceiptCheck(ReceiptOutcome.VALID, receipt)


def plain_form(receipt: Receipt, contracts: Contracts, language: Language) -> str:
    """The receipt for people, with the signed line at its end; can be printed or saved as it is."""
    texts = load_texts("receipt", contracts.root)
    territory = receipt.territory
    if territory in contracts.territories:
        territory = contracts.territories.label(territory, language)
    clock = timezone(timedelta(hours=contracts.calendar.timezone_hours))
    received = datetime.fromisoformat(receipt.received_at).astimezone(clock)
    values = asdict(receipt) | {
        "territory": territory,
        "kato": receipt.territory,
        "received": f"{received:%d.%m.%Y %H:%M:%S} (UTC{received:%z})",
        "verdict": texts.text(receipt.verdict, language),
    }
    if receipt.signed:
        values["signature"] = texts.text(f"signed_{receipt.signed}", language)
        values["signed_by"] = receipt.signed_by or texts.text("signed_by_unknown", language)
    first = ("demonstration",) if receipt.is_demonstration else ()
    standing = (f"standing_{receipt.standing}",) if receipt.standing else ()
    signed = ("signed",) if receipt.signed else ()
    about = ("title", "form", "territory", "file", "received", "verdict")
    keys = (*first, *about, *standing, *signed, "how_to_check")
    return "\n".join([*(texts.text(k, language, **values) for k in keys), receipt.to_text(), ""])


def signature_standing(signed: Signature) -> Literal["valid", "wrong", "unchecked"]:
    """What a department's signature is worth."""
    if signed.is_valid:
        return "valid"
    check = SignatureCheck(SignatureOutcome(signed.outcome))
    return "unchecked" if check.can_not_be_checked else "wrong"


def signed_by(signed: Signature) -> str:
    """The signer as receipts and pages show it: the name and the organisation's number."""
    return " ".join(filter(None, (signed.signer, signed.bin and f"BIN{signed.bin}")))


def signing_key(home: Home) -> Ed25519PrivateKey:
    """The key of the installation, made on first use. It never leaves `home`."""
    path = home.keys / "receipts.pem"
    if not path.exists():
        _make_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError("RECEIPT_KEY_UNUSABLE", path=str(path))
    return key


def public_key_pem(home: Home) -> str:
    """The public key of the installation: give it to everybody who is to verify receipts."""
    encoding, kind = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return signing_key(home).public_key().public_bytes(encoding, kind).decode()


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a key: the beginning of its SHA-256."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def _make_key(path: Path) -> None:
    make_directories(path.parent)
    path.parent.chmod(0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with temporary_in(path.parent) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SECRET_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        fsync_path(temporary)
        try:
            # Unlike a rename, a link never replaces the key that another process has just made.
            path.hardlink_to(temporary)
        except FileExistsError:
            return
    fsync_path(path.parent)


def _public_key(key: Ed25519PublicKey | str) -> Ed25519PublicKey:
    if isinstance(key, Ed25519PublicKey):
        return key
    try:
        loaded = serialization.load_pem_public_key(key.encode())
    except ValueError as error:
        raise UserError("PUBLIC_KEY_UNUSABLE") from error
    if not isinstance(loaded, Ed25519PublicKey):
        raise UserError("PUBLIC_KEY_UNUSABLE")
    return loaded


def _read(text: str) -> Receipt | None:
    if len(text) > _LONGEST:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("{")]
    if len(lines) != 1:
        return None
    try:
        said = json.loads(lines[0])
        receipt = Receipt(**said)
    except (ValueError, TypeError, RecursionError):
        return None
    is_sound = all(type(value) is _KINDS.get(name, str) for name, value in said.items())
    return receipt if is_sound and "version" in said else None


_KINDS: dict[str, type] = {
    **dict.fromkeys(("size", "errors", "warnings", "version"), int),
    "is_demonstration": bool,
}


def _canonical(said: dict[str, Any]) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"))
