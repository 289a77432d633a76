"""Detached signatures of what comes in: whom this installation trusts, what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from cryptography import x509

from ingestion.findings import Findings
from ingestion.signatures.cms import SignatureCheck
from warehouse.core.errors import UserError
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import Ledger
from warehouse.ledger.signature_records import CheckedSignature, record_signature

T = TypeVar("T")

SUFFIXES = (".p7s", ".cms", ".sig")
"""Endings of the names of detached signatures."""
LONGEST = 256 * 1024
_CERTIFICATES = (".pem", ".crt", ".cer")


@dataclass(frozen=True, slots=True)
class Trust:
    """Root certificates and revocation lists of an installation."""

    roots: tuple[x509.Certificate, ...] = ()
    crls: tuple[x509.CertificateRevocationList, ...] = ()


def load_trust(folder: Path | None) -> Trust:
    """What lies in `folder`; UserError SIGNATURE_ROOT_UNUSABLE names a file that is none."""
    if folder is None:
        return Trust()
    if not folder.is_dir():
        raise UserError("SIGNATURE_ROOT_UNUSABLE", path=str(folder))
    files = sorted(folder.iterdir())
    named = [f for f in files if f.suffix.lower() in _CERTIFICATES]
    lists = [f for f in files if f.suffix.lower() == ".crl"]
    return Trust(
        tuple(
            certificate
            for found in _read(
                named,
                x509.load_pem_x509_certificates,
                lambda der: [x509.load_der_x509_certificate(der)],
            )
            for certificate in found
        ),
        tuple(_read(lists, x509.load_pem_x509_crl, x509.load_der_x509_crl)),
    )


def _read(files: Iterable[Path], pem: Callable[[bytes], T], der: Callable[[bytes], T]) -> list[T]:
    found = []
    for file in files:
        content = file.read_bytes()
        try:
            found.append(pem(content) if content.lstrip().startswith(b"-----") else der(content))
        except ValueError as error:
            raise UserError("SIGNATURE_ROOT_UNUSABLE", path=str(file)) from error
    return found


def note_signature(check: SignatureCheck, findings: Findings) -> None:
    """Add a finding unless the signature is valid: an error, or a warning where it can not be
    checked here."""
    if check.is_valid:
        return
    reason = {language: check.text(language) for language in LANGUAGES}
    findings.add(
        "SIGNATURE_NOT_CHECKED" if check.can_not_be_checked else "SIGNATURE_WRONG",
        found=check.signer,
        reason=reason,
    )


def keep_signature(
    ledger: Ledger, submission_id: str, cms: bytes, check: SignatureCheck, by: str | None
) -> None:
    """Note with the submission who signed it and whether that holds."""
    said = CheckedSignature(**asdict(check) | {"outcome": check.outcome.value})
    record_signature(ledger, submission_id, cms, said, by=by)
