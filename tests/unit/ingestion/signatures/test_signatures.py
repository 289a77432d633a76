"""Detached signatures, with certificates like those of the national certification centre."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.signatures.cms import SignatureOutcome, verify_detached

AT = datetime(2025, 7, 5, 9, 0, tzinfo=UTC)
CONTENT = b"the bytes of a workbook"
GOST = "1.2.398.3.10.1.1.1.2"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Centre:
    """A root, an issuing authority below it, and a clerk's certificate."""

    root: x509.Certificate
    issuer: x509.Certificate
    issuer_key: Key
    clerk: x509.Certificate
    clerk_key: Key

    def sign(self, content: bytes = CONTENT, *options: pkcs7.PKCS7Options) -> bytes:
        return (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(self.clerk, self.clerk_key, hashes.SHA256())
            .add_certificate(self.issuer)
            .sign(
                serialization.Encoding.DER,
                options or (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary),
            )
        )


def certificate(
    name: list[tuple[x509.ObjectIdentifier, str]],
    key: Key,
    issuer: x509.Certificate | None,
    issuer_key: Key,
    *,
    ca: bool,
    days: int = 365,
    signs: bool = True,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in name])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    signer = issuer_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=30))
        .not_valid_after(AT + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=signs and not ca, key_cert_sign=ca, crl_sign=ca, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def build(kind: str, *, days: int = 365, signs: bool = True) -> Centre:
    def new_key() -> Key:
        if kind == "rsa":
            return rsa.generate_private_key(65537, 2048)
        return ec.generate_private_key(ec.SECP256R1())

    root_key, issuer_key, clerk_key = new_key(), new_key(), new_key()
    lasting = max(days, 365)
    name = [(NameOID.COMMON_NAME, "Root")]
    root = certificate(name, root_key, None, root_key, ca=True, days=lasting)
    name = [(NameOID.COMMON_NAME, "НУЦ")]
    issuer = certificate(name, issuer_key, root, root_key, ca=True, days=lasting)
    person = [
        (NameOID.COMMON_NAME, "АХМЕТОВ САМАТ"),
        (NameOID.SERIAL_NUMBER, "IIN850101300123"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "BIN990340001234"),
        (NameOID.COUNTRY_NAME, "KZ"),
    ]
    clerk = certificate(person, clerk_key, issuer, issuer_key, ca=False, days=days, signs=signs)
    return Centre(root, issuer, issuer_key, clerk, clerk_key)


@pytest.fixture(scope="module", params=["rsa", "ec"])
def centre(request: pytest.FixtureRequest) -> Centre:
    return build(request.param)


def outcome(centre: Centre, cms: bytes, content: bytes = CONTENT) -> SignatureOutcome:
    return verify_detached(content, cms, [centre.root], AT).outcome


def test_a_signature_says_who_signed(centre: Centre) -> None:
    check = verify_detached(CONTENT, centre.sign(), [centre.root], AT)
    assert check.is_valid
    assert (check.signer, check.iin, check.bin) == (
        "АХМЕТОВ САМАТ",
        "850101300123",
        "990340001234",
    )
    assert not check.is_revocation_checked
    assert check.text("kk") == "Қолтаңба дұрыс."


def test_der_pem_and_base64_are_read(centre: Centre) -> None:
    der = centre.sign()
    pem = b"-----BEGIN CMS-----\n" + base64.encodebytes(der) + b"-----END CMS-----\n"
    for form in (der, pem, base64.b64encode(der), base64.encodebytes(der)):
        assert outcome(centre, form) is SignatureOutcome.VALID


def test_a_signature_without_signed_attributes_is_read(centre: Centre) -> None:
    options = (
        pkcs7.PKCS7Options.DetachedSignature,
        pkcs7.PKCS7Options.Binary,
        pkcs7.PKCS7Options.NoAttributes,
    )
    cms = centre.sign(CONTENT, *options)
    assert outcome(centre, cms) is SignatureOutcome.VALID
    assert outcome(centre, cms, b"other") is SignatureOutcome.SIGNATURE_WRONG


def test_another_content_is_told(centre: Centre) -> None:
    assert outcome(centre, centre.sign(), b"other") is SignatureOutcome.CONTENT_DIFFERS
    attached = centre.sign(CONTENT, pkcs7.PKCS7Options.Binary)
    assert outcome(centre, attached) is SignatureOutcome.VALID
    assert outcome(centre, attached, b"other") is SignatureOutcome.CONTENT_DIFFERS


def test_a_certificate_from_elsewhere_is_not_trusted(centre: Centre) -> None:
    stranger = build("ec")
    assert outcome(centre, stranger.sign()) is SignatureOutcome.CERTIFICATE_NOT_TRUSTED
    no_roots = verify_detached(CONTENT, centre.sign(), [], AT)
    assert no_roots.outcome is SignatureOutcome.NO_ROOTS


def test_an_expired_certificate_is_not_trusted() -> None:
    centre = build("ec", days=10)
    cms = centre.sign()
    assert outcome(centre, cms) is SignatureOutcome.VALID
    late = verify_detached(CONTENT, cms, [centre.root], AT + timedelta(days=11))
    assert late.outcome is SignatureOutcome.CERTIFICATE_NOT_TRUSTED


def test_a_certificate_for_something_else_is_refused() -> None:
    centre = build("ec", signs=False)
    assert outcome(centre, centre.sign()) is SignatureOutcome.CERTIFICATE_NOT_FOR_SIGNING


def test_a_clerk_cannot_issue_certificates() -> None:
    centre = build("ec")
    forged_key = ec.generate_private_key(ec.SECP256R1())
    name = [(NameOID.COMMON_NAME, "МИНИСТР"), (NameOID.SERIAL_NUMBER, "IIN000000000001")]
    forged = certificate(name, forged_key, centre.clerk, centre.clerk_key, ca=False)
    cms = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(CONTENT)
        .add_signer(forged, forged_key, hashes.SHA256())
        .add_certificate(centre.clerk)
        .add_certificate(centre.issuer)
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])
    )
    assert outcome(centre, cms) is SignatureOutcome.CERTIFICATE_NOT_TRUSTED


def revocations(
    centre: Centre, *serials: int, key: Key | None = None
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(centre.issuer.subject)
        .last_update(AT - timedelta(days=1))
        .next_update(AT + timedelta(days=1))
    )
    for serial in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(AT - timedelta(days=2))
            .build()
        )
    return builder.sign(key or centre.issuer_key, hashes.SHA256())


def test_a_revoked_certificate_is_refused_from_the_day_of_its_revocation(centre: Centre) -> None:
    cms, roots = centre.sign(), [centre.root]
    clean = verify_detached(CONTENT, cms, roots, AT, crls=[revocations(centre)])
    assert clean.is_valid
    assert clean.is_revocation_checked
    lists = [revocations(centre, centre.clerk.serial_number)]
    revoked = verify_detached(CONTENT, cms, roots, AT, crls=lists)
    assert revoked.outcome is SignatureOutcome.CERTIFICATE_REVOKED
    earlier = verify_detached(CONTENT, cms, roots, AT - timedelta(days=3), crls=lists)
    assert earlier.is_valid


def test_a_forged_revocation_list_counts_for_nothing(centre: Centre) -> None:
    forged = revocations(centre, centre.clerk.serial_number, key=build("ec").issuer_key)
    check = verify_detached(CONTENT, centre.sign(), [centre.root], AT, crls=[forged])
    assert check.is_valid
    assert not check.is_revocation_checked


def changed(cms: bytes, change: Any) -> bytes:
    info = asn1_cms.ContentInfo.load(cms)
    change(info["content"])
    return bytes(info.dump(force=True))


def test_gost_is_said_to_be_unsupported_and_never_passes(centre: Centre) -> None:
    def gost_signature(signed: Any) -> None:
        signed["signer_infos"][0]["signature_algorithm"] = {"algorithm": GOST}

    def gost_digest(signed: Any) -> None:
        signed["signer_infos"][0]["digest_algorithm"] = {"algorithm": "1.2.398.3.10.1.3.1"}

    for change, oid in ((gost_signature, GOST), (gost_digest, "1.2.398.3.10.1.3.1")):
        check = verify_detached(CONTENT, changed(centre.sign(), change), [centre.root], AT)
        assert check.outcome is SignatureOutcome.ALGORITHM_NOT_SUPPORTED
        assert check.algorithm == oid
        assert check.text("ru").startswith(f"Алгоритм не поддерживается ({oid})")


def test_a_signature_without_the_certificate_is_told(centre: Centre) -> None:
    def strip(signed: Any) -> None:
        signed["certificates"] = []

    cms = changed(centre.sign(), strip)
    assert outcome(centre, cms) is SignatureOutcome.CERTIFICATE_MISSING


@pytest.mark.parametrize(
    "cms", [b"", b"\x30", b"\x30\x80", b"not a signature", b"{}", b"\xff" * 99]
)
def test_what_is_no_signature_is_told(centre: Centre, cms: bytes) -> None:
    assert outcome(centre, cms) is SignatureOutcome.NOT_A_SIGNATURE


@pytest.fixture(scope="module")
def signed(centre: Centre) -> bytes:
    return centre.sign()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 255)), min_size=1, max_size=3)
)
def test_a_damaged_signature_is_never_an_exception_and_never_names_another_signer(
    centre: Centre, signed: bytes, changes: list[tuple[int, int]]
) -> None:
    cms = bytearray(signed)
    for place, difference in changes:
        cms[place % len(cms)] ^= difference
    check = verify_detached(CONTENT, bytes(cms), [centre.root], AT)
    if check.is_valid:
        assert check.iin == "850101300123"
