"""Detached signatures (CMS) of departments, checked against configured roots, without a network.

RSA and ECDSA signatures are checked. Kazakhstan's GOST 34.310, which the national certification
centre issues as well, is not known to the common libraries: that is an outcome of its own, never
a silent pass. Revocation is checked as far as revocation lists are given.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import pem as asn1_pem
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import Hash, HashAlgorithm
from cryptography.x509 import verification

from warehouse.core.clock import as_utc
from warehouse.core.texts import Language, load_texts

_LONGEST = 1 << 20
_HASHES: dict[str, type[HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
# What the parsers of CMS and of certificates raise when they meet something else.
_MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
_IIN, _BIN = re.compile(r"IIN(\d{12})"), re.compile(r"BIN(\d{12})")


class SignatureOutcome(StrEnum):
    """What checking a signature has come to."""

    VALID = "valid"
    NOT_A_SIGNATURE = "not_a_signature"
    ALGORITHM_NOT_SUPPORTED = "algorithm_not_supported"
    CONTENT_DIFFERS = "content_differs"
    SIGNATURE_WRONG = "signature_wrong"
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_NOT_TRUSTED = "certificate_not_trusted"
    NO_ROOTS = "no_roots"
    CERTIFICATE_NOT_FOR_SIGNING = "certificate_not_for_signing"
    CERTIFICATE_REVOKED = "certificate_revoked"


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """Who signed, and whether that holds; believe the names only when `is_valid`.

    `iin` is of the person, `bin` of the organisation, None where the certificate has none.
    `is_revocation_checked`: a list of the issuer was at hand.
    """

    outcome: SignatureOutcome
    signer: str | None = None
    iin: str | None = None
    bin: str | None = None
    algorithm: str | None = None
    is_revocation_checked: bool = False

    @property
    def can_not_be_checked(self) -> bool:
        """Whether nothing is known for or against it: this installation lacks the means."""
        return self.outcome in (SignatureOutcome.ALGORITHM_NOT_SUPPORTED, SignatureOutcome.NO_ROOTS)

    @property
    def is_valid(self) -> bool:
        """Whether this signer signed exactly this content."""
        return self.outcome is SignatureOutcome.VALID

    def text(self, language: Language) -> str:
        """The outcome in words."""
        key = f"signature_{self.outcome}"
        return load_texts("receipt").text(key, language, algorithm=self.algorithm or "—")


class _RefusedError(Exception):
    def __init__(self, outcome: SignatureOutcome, algorithm: str | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.algorithm = algorithm


def verify_detached(
    content: bytes,
    cms: bytes,
    roots: Sequence[x509.Certificate],
    at: datetime,
    *,
    crls: Sequence[x509.CertificateRevocationList] = (),
) -> SignatureCheck:
    """Check a signature (DER, PEM or base64) of `content` as of the moment `at`.

    `at` should be the server's time of receipt: the signer's own clock proves nothing. Never
    raises because of what `cms` holds.
    """
    try:
        return _verified(content, cms, roots, at, crls)
    except _RefusedError as refusal:
        return SignatureCheck(refusal.outcome, algorithm=refusal.algorithm)
    except _MALFORMED:
        return SignatureCheck(SignatureOutcome.NOT_A_SIGNATURE)


def _verified(
    content: bytes,
    cms: bytes,
    roots: Sequence[x509.Certificate],
    at: datetime,
    crls: Sequence[x509.CertificateRevocationList],
) -> SignatureCheck:
    signed = _signed_data(cms)
    info = _signer(signed)
    certificates = _certificates(signed)
    leaf = _leaf(info, certificates)
    who = _who(leaf)
    try:
        _check_signature(content, signed, info, leaf)
        chain = _chain(leaf, certificates, roots, at)
        _check_purpose(leaf)
        known = _check_revocation(chain, crls, at)
    except _RefusedError as refusal:
        return SignatureCheck(refusal.outcome, *who, algorithm=refusal.algorithm)
    return SignatureCheck(SignatureOutcome.VALID, *who, is_revocation_checked=known)


def _signed_data(cms: bytes) -> Any:
    loaded = asn1_cms.ContentInfo.load(_der(cms), strict=True)
    if loaded["content_type"].native != "signed_data":
        raise _RefusedError(SignatureOutcome.NOT_A_SIGNATURE)
    return loaded["content"]


def _der(cms: bytes) -> bytes:
    if len(cms) > _LONGEST:
        raise ValueError("too long to be a signature")
    if asn1_pem.detect(cms):
        return bytes(asn1_pem.unarmor(cms)[2])
    if cms[:1] == b"\x30":
        return cms
    return base64.b64decode(b"".join(cms.split()), validate=True)


def _signer(signed: Any) -> Any:
    infos = signed["signer_infos"]
    if len(infos) != 1:
        raise _RefusedError(SignatureOutcome.NOT_A_SIGNATURE)
    return infos[0]


def _certificates(signed: Any) -> list[x509.Certificate]:
    return [
        x509.load_der_x509_certificate(choice.chosen.dump())
        for choice in signed["certificates"] or ()
        if choice.name == "certificate"
    ]


def _leaf(info: Any, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    identifier = info["sid"]
    for certificate in certificates:
        if identifier.name == "issuer_and_serial_number":
            issuer = identifier.chosen["issuer"].dump()
            serial = identifier.chosen["serial_number"].native
            matches = (issuer, serial) == (
                certificate.issuer.public_bytes(),
                certificate.serial_number,
            )
        else:
            matches = identifier.chosen.native == _key_identifier(certificate)
        if matches:
            return certificate
    raise _RefusedError(SignatureOutcome.CERTIFICATE_MISSING)


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.digest


def _check_signature(content: bytes, signed: Any, info: Any, certificate: x509.Certificate) -> None:
    algorithm = _hash_algorithm(info["digest_algorithm"]["algorithm"])
    attached = signed["encap_content_info"]["content"].native
    if attached is not None and attached != content:
        raise _RefusedError(SignatureOutcome.CONTENT_DIFFERS)
    said = content
    if info["signed_attrs"]:
        attributes = {a["type"].native: a["values"].native for a in info["signed_attrs"]}
        if attributes.get("content_type") != ["data"]:
            raise _RefusedError(SignatureOutcome.NOT_A_SIGNATURE)
        if attributes.get("message_digest") != [_digest(algorithm, content)]:
            raise _RefusedError(SignatureOutcome.CONTENT_DIFFERS)
        said = info["signed_attrs"].untag().dump()
    _check_bytes(said, info, certificate, algorithm)


def _check_bytes(
    said: bytes, info: Any, certificate: x509.Certificate, algorithm: HashAlgorithm
) -> None:
    oid = info["signature_algorithm"]["algorithm"].dotted
    name = info["signature_algorithm"]["algorithm"].native
    signature = info["signature"].native
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey) and name in ("rsassa_pkcs1v15", *_named("rsa")):
            key.verify(signature, said, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and name in _named("ecdsa"):
            key.verify(signature, said, ec.ECDSA(algorithm))
        else:
            raise _RefusedError(SignatureOutcome.ALGORITHM_NOT_SUPPORTED, oid)
    except InvalidSignature as error:
        raise _RefusedError(SignatureOutcome.SIGNATURE_WRONG) from error
    except (UnsupportedAlgorithm, ValueError) as error:
        raise _RefusedError(SignatureOutcome.ALGORITHM_NOT_SUPPORTED, oid) from error


def _named(family: str) -> tuple[str, ...]:
    return tuple(f"{name}_{family}" for name in _HASHES)


def _hash_algorithm(algorithm: Any) -> HashAlgorithm:
    try:
        return _HASHES[algorithm.native]()
    except KeyError as error:
        raise _RefusedError(SignatureOutcome.ALGORITHM_NOT_SUPPORTED, algorithm.dotted) from error


def _digest(algorithm: HashAlgorithm, content: bytes) -> bytes:
    digest = Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _chain(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> list[x509.Certificate]:
    """The certificates from the signer's up to a root, all in force `at`."""
    if not roots:
        raise _RefusedError(SignatureOutcome.NO_ROOTS)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(roots)))
        .time(as_utc(at))
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            # Certificates of persons name no host; their purpose is checked by `_check_purpose`.
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    try:
        return list(verifier.verify(leaf, [c for c in others if c != leaf]).chain)
    except (verification.VerificationError, ValueError) as error:
        raise _RefusedError(SignatureOutcome.CERTIFICATE_NOT_TRUSTED) from error


def _check_purpose(leaf: x509.Certificate) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise _RefusedError(SignatureOutcome.CERTIFICATE_NOT_FOR_SIGNING)


def _check_revocation(
    chain: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList],
    at: datetime,
) -> bool:
    """Whether the issuer's list was at hand for the signer's certificate."""
    known = False
    for place, (certificate, issuer) in enumerate(pairwise(chain)):
        for crl in crls:
            if crl.issuer != issuer.subject or not _is_signed_by(crl, issuer):
                continue
            known = known or place == 0
            revoked = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if revoked is not None and revoked.revocation_date_utc <= as_utc(at):
                raise _RefusedError(SignatureOutcome.CERTIFICATE_REVOKED)
    return known


def _is_signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    return crl.is_signature_valid(key)


def _who(leaf: x509.Certificate) -> tuple[str | None, str | None, str | None]:
    """Name, IIN and BIN of the signer as the national certification centre writes them."""
    names = [str(a.value) for a in leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    values = [str(attribute.value) for attribute in leaf.subject]
    found = [
        next((match[1] for value in values if (match := pattern.fullmatch(value))), None)
        for pattern in (_IIN, _BIN)
    ]
    return (names[0] if names else None), found[0], found[1]
