"""A department signs what it sends: verdict and receipt say who signed and whether it holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ingestion.documents.receipt import issue_receipt, plain_form, public_key_pem, verify
from ingestion.signatures.trust import Trust, load_trust
from portal.web import Portal
from tests.unit.ingestion.signatures.test_signatures import Centre, build
from tests.unit.portal.conftest import KYZYLORDA, PERIOD, Browser, Desk
from warehouse.core.errors import UserError
from warehouse.ledger import Verdict

NAME = "СНГ-1 Кызылординская область.xlsx"


@pytest.fixture(scope="module")
def centre() -> Centre:
    return build("ec", days=7300)


@pytest.fixture
def trusting(desk: Desk, centre: Centre) -> Desk:
    """The installation trusts the root of the centre."""
    services = replace(desk.services, trust=Trust((centre.root,)))
    return Desk(services, Portal.of(desk.settings, services), desk.settings, desk.clients)


def send(
    browser: Browser, content: bytes, signature: bytes, name: str = f"{NAME}.p7s"
) -> dict[str, str]:
    page = f"/periods/{PERIOD}"
    answer = browser.client.post(
        f"{page}/files",
        data={"csrf": browser.token(page)},
        files=[("files", (NAME, content)), ("files", (name, signature))],
        headers={"accept": "application/json"},
    )
    found: dict[str, str] = answer.json()["uploads"][0] if answer.status_code == 202 else {}
    return found | {"status": str(answer.status_code)}


def judged(desk: Desk, upload: dict[str, str]) -> str:
    desk.judge()
    found = desk.portal.uploads.get(upload["upload_id"]).submission_id
    assert found is not None
    return found


@pytest.mark.parametrize("name", [f"{NAME}.p7s", "СНГ-1 Кызылординская область.CMS"])
def test_the_verdict_and_the_receipt_say_who_signed(
    trusting: Desk, clean: bytes, centre: Centre, name: str
) -> None:
    browser = trusting.browser("clerk")
    sent = judged(trusting, send(browser, clean, centre.sign(clean), name))
    ledger = trusting.services.ledger
    assert ledger.submission(sent).verdict is Verdict.ACCEPTED
    page = browser.get(f"/submissions/{sent}").text
    assert "АХМЕТОВ САМАТ BIN990340001234" in page
    assert "850101300123" not in page, "the person's number is nobody's business"
    receipt = issue_receipt(trusting.services, sent)
    assert (receipt.signed, receipt.signed_by) == ("valid", "АХМЕТОВ САМАТ BIN990340001234")
    told = plain_form(receipt, trusting.services.contracts, "kk")
    assert "Электрондық қолтаңба: АХМЕТОВ САМАТ" in told
    key = public_key_pem(trusting.services.home)
    assert verify(told, key).is_valid
    assert not verify(receipt.to_text().replace('"valid"', '"wrong"'), key).is_valid


def test_a_signature_of_another_file_is_refused_and_a_right_one_mends_it(
    trusting: Desk, clean: bytes, changed: bytes, centre: Centre
) -> None:
    browser = trusting.browser("clerk")
    sent = judged(trusting, send(browser, clean, centre.sign(changed)))
    ledger = trusting.services.ledger
    assert ledger.submission(sent).verdict is Verdict.REJECTED
    assert [f.code for f in ledger.findings(sent)] == ["SIGNATURE_WRONG"]
    for language, said in (("ru", "Подписан другой файл"), ("kk", "Басқа файлға қол қойылған")):
        browser.client.cookies.set("mvd_language", language)
        assert said in browser.get(f"/submissions/{sent}").text
    assert issue_receipt(trusting.services, sent).signed == "wrong"
    again = judged(trusting, send(browser, clean, centre.sign(clean)))
    assert again == sent, "the same bytes are the same submission"
    assert ledger.submission(sent).verdict is Verdict.ACCEPTED
    assert issue_receipt(trusting.services, sent).signed == "valid"


def test_an_accepted_report_cannot_be_undone_by_a_wrong_signature(
    trusting: Desk, clean: bytes, changed: bytes, centre: Centre
) -> None:
    browser = trusting.browser("clerk")
    sent = trusting.sent(browser, clean)
    assert judged(trusting, send(browser, clean, centre.sign(changed))) == sent
    assert trusting.services.ledger.submission(sent).in_force
    assert trusting.portal.audit.verify() is None


@pytest.mark.parametrize("roots", [(), "another"])
def test_a_signer_of_a_centre_that_is_not_trusted_is_not_believed(
    desk: Desk, clean: bytes, centre: Centre, roots: object
) -> None:
    trust = Trust((build("ec", days=7300).root,)) if roots else Trust()
    services = replace(desk.services, trust=trust)
    doubting = Desk(services, Portal.of(desk.settings, services), desk.settings, desk.clients)
    browser = doubting.browser("clerk")
    sent = judged(doubting, send(browser, clean, centre.sign(clean)))
    (finding,) = services.ledger.findings(sent)
    assert finding.code == ("SIGNATURE_WRONG" if roots else "SIGNATURE_NOT_CHECKED")
    assert "АХМЕТОВ" not in issue_receipt(services, sent).to_text()


def test_a_signature_without_its_file_is_sent_back(desk: Desk, clean: bytes) -> None:
    browser = desk.browser("clerk")
    assert send(browser, clean, b"x", "другое имя.p7s")["status"] == "409"
    assert send(browser, clean, b"x" * 300_000)["status"] == "413"
    assert desk.portal.uploads.recent(KYZYLORDA, PERIOD) == []


def test_a_program_sends_the_signature_first(trusting: Desk, clean: bytes, centre: Centre) -> None:
    api = trusting.api("head")
    kept = api.post("/api/v1/signatures", content=centre.sign(clean))
    assert kept.status_code == 201
    target = f"/api/v1/uploads?period={PERIOD}&file_name=x.xlsx&signature="
    assert api.post(f"{target}{'0' * 64}", content=clean).status_code == 409
    queued = api.post(f"{target}{kept.json()['sha256']}", content=clean)
    assert queued.status_code == 202
    sent = judged(trusting, queued.json())
    said = api.get(f"/api/v1/submissions/{sent}/signature").json()
    assert (said["standing"], said["signed_by"]) == ("valid", "АХМЕТОВ САМАТ BIN990340001234")
    assert api.post("/api/v1/signatures", content=b"x" * 300_000).status_code == 413
    unsigned = trusting.sent(trusting.browser("stranger"), clean, territory="")
    assert api.get(f"/api/v1/submissions/{unsigned}/signature").status_code == 404


def test_a_folder_of_roots_is_read_in_any_encoding(tmp_path: Path, centre: Centre) -> None:
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    (tmp_path / "root.crt").write_bytes(centre.root.public_bytes(pem))
    (tmp_path / "issuer.cer").write_bytes(centre.issuer.public_bytes(der))
    assert set(load_trust(tmp_path).roots) == {centre.root, centre.issuer}
    (tmp_path / "wrong.pem").write_text("no certificate")
    with pytest.raises(UserError, match="SIGNATURE_ROOT_UNUSABLE"):
        load_trust(tmp_path)
