"""Receipts prove what was received, also without the server's database."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ingestion.documents.receipt import (
    Receipt,
    ReceiptOutcome,
    issue,
    issue_receipt,
    plain_form,
    public_key_pem,
    signing_key,
    verify,
)
from tests.tools.processes import FORKED
from tests.unit.ingestion.conftest import Desk, edited, sng_workbook
from warehouse.contracts import load_contracts
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import IncomingFile


def sent(desk: Desk, content: bytes) -> Receipt:
    result = desk.send(content)
    assert result.submission_id is not None
    return issue_receipt(desk.services, result.submission_id)


def test_a_receipt_says_what_was_received_and_how_it_was_judged(desk: Desk) -> None:
    content = edited(sng_workbook(), lambda book: book["R1"].__setitem__("E7", "х"))
    receipt = sent(desk, content)
    said = (receipt.form, receipt.territory, receipt.period, receipt.verdict)
    assert said == ("SNG-1", "430000000", "2022-12", "rejected")
    assert (receipt.size, receipt.errors, receipt.warnings) == (len(content), 1, 0)
    assert receipt.received_at == "2023-01-10T06:00:00+00:00"
    assert receipt.number == f"000001-{receipt.submission_id[:4].upper()}"


def test_it_is_verified_with_nothing_but_the_public_key(desk: Desk) -> None:
    content = sng_workbook()
    receipt = sent(desk, content)
    public = public_key_pem(desk.services.home)
    check = verify(receipt.to_text(), public, content)
    assert check.is_valid
    assert check.receipt == receipt


def test_the_same_bytes_have_the_same_receipt(desk: Desk) -> None:
    assert sent(desk, sng_workbook()).to_text() == sent(desk, sng_workbook()).to_text()


def test_the_printed_form_verifies_itself(desk: Desk) -> None:
    receipt = sent(desk, sng_workbook())
    public = public_key_pem(desk.services.home)
    contracts = load_contracts()
    printed = plain_form(receipt, contracts, "ru")
    assert printed.startswith(f"КВИТАНЦИЯ № {receipt.number}\n")
    assert "10.01.2023 11:00:00 (UTC+0500)" in printed
    for language in LANGUAGES:
        assert verify(plain_form(receipt, contracts, language), public).is_valid


def test_a_receipt_for_made_up_figures_says_so_under_its_signature(desk: Desk) -> None:
    plain = sent(desk, sng_workbook())
    ledger = desk.services.ledger
    submission = replace(ledger.submission(plain.submission_id), is_demonstration=True)
    (judgement,) = ledger.judgements(plain.submission_id)
    receipt = issue(submission, judgement, signing_key(desk.services.home))
    public = public_key_pem(desk.services.home)
    printed = plain_form(receipt, load_contracts(), "kk")
    assert printed.startswith("ДЕМОНСТРАЦИЯЛЫҚ ДЕРЕКТЕР")
    assert verify(printed, public).is_valid
    unmarked = replace(receipt, is_demonstration=False)
    assert verify(unmarked.to_text(), public).outcome is ReceiptOutcome.ALTERED


@pytest.mark.parametrize("name", [f for f in Receipt.__dataclass_fields__ if f != "signature"])
def test_any_altered_field_is_found(desk: Desk, name: str) -> None:
    receipt = sent(desk, sng_workbook())
    value = getattr(receipt, name)
    other: Any = (
        not value if value is False else value + 1 if isinstance(value, int) else f"0{value[1:]}x"
    )
    forged = replace(receipt, **{name: other})
    check = verify(forged.to_text(), public_key_pem(desk.services.home))
    expected = ReceiptOutcome.OTHER_KEY if name == "key" else ReceiptOutcome.ALTERED
    assert check.outcome is expected
    assert check.text("en")


def test_another_file_is_told(desk: Desk) -> None:
    receipt = sent(desk, sng_workbook())
    check = verify(receipt.to_text(), public_key_pem(desk.services.home), sng_workbook(R1_1_1=1))
    assert check.outcome is ReceiptOutcome.OTHER_FILE


def test_the_key_of_another_installation_is_told(desk: Desk, tmp_path: Path) -> None:
    receipt = sent(desk, sng_workbook())
    other = public_key_pem(Home(tmp_path / "other"))
    assert verify(receipt.to_text(), other).outcome is ReceiptOutcome.OTHER_KEY


def test_fields_that_are_not_signed_cannot_be_smuggled_in(desk: Desk) -> None:
    receipt = sent(desk, sng_workbook())
    public = public_key_pem(desk.services.home)
    more = json.dumps({**json.loads(receipt.to_text()), "note": "x"})
    assert verify(more, public).outcome is ReceiptOutcome.NOT_A_RECEIPT
    two = receipt.to_text() + "\n" + replace(receipt, verdict="accepted").to_text()
    assert verify(two, public).outcome is ReceiptOutcome.NOT_A_RECEIPT
    disguised = receipt.to_text().replace(str(receipt.size), f"{receipt.size}.0")
    assert verify(disguised, public).outcome is ReceiptOutcome.NOT_A_RECEIPT


@given(st.one_of(st.text(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_whatever_is_shown_as_a_receipt_gives_an_answer(text: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key()
    assert verify(text, key).outcome is ReceiptOutcome.NOT_A_RECEIPT
    assert verify("{" + text, key).outcome is ReceiptOutcome.NOT_A_RECEIPT


def test_a_receipt_waits_for_the_verdict(desk: Desk) -> None:
    registration = desk.services.ledger.register(
        IncomingFile(
            form_code="SNG-1",
            form_version="1",
            territory_kato="430000000",
            period="2022-12",
            file_name="x",
            file_sha256="0" * 64,
            file_size=1,
        ),
    )
    with pytest.raises(UserError) as refusal:
        issue_receipt(desk.services, registration.submission_id)
    assert refusal.value.code == "SUBMISSION_NOT_JUDGED"


def test_the_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    public_key_pem(home)
    assert (home.keys / "receipts.pem").stat().st_mode & 0o777 == 0o600
    assert home.keys.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in home.keys.iterdir()] == ["receipts.pem"]


def _public_key(root: Path) -> str:
    return public_key_pem(Home(root))


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=FORKED) as pool:
        keys = {
            future.result() for future in [pool.submit(_public_key, tmp_path) for _ in range(8)]
        }
    assert len(keys) == 1


def test_a_key_of_another_kind_is_refused(desk: Desk) -> None:
    with pytest.raises(UserError) as refusal:
        verify(sent(desk, sng_workbook()).to_text(), "no key")
    assert refusal.value.code == "PUBLIC_KEY_UNUSABLE"
