"""The ministry watches, locks, grants and returns; the log keeps it; letters tell of it."""

import csv
import io
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from markupsafe import Markup

from ingestion.documents.receipt import public_key_pem, verify
from ingestion.intake.submit import submit
from ingestion.request import Request
from portal.desk.letters import Postman, compose, remind
from portal.render import legible
from portal.settings import MailSettings, PortalSettings
from tests.unit.ingestion.conftest import sng_workbook
from tests.unit.portal.conftest import KYZYLORDA, PAVLODAR, PERIOD, Browser, Desk
from warehouse.core.clock import utc_now
from warehouse.core.texts import Language

COUNTRY = f"/country/{PERIOD}"


def lock(browser: Browser, *forms: str, action: str = "lock") -> int:
    data: dict[str, object] = {"forms": list(forms), "reason": "опубликовано", "action": action}
    return browser.post(f"{COUNTRY}/locks", data, page=COUNTRY).status_code


def grant(browser: Browser, **fields: str) -> int:
    data: dict[str, object] = {
        "form": "SNG-1",
        "territory": KYZYLORDA,
        "hours": "24",
        "reason": "приказ",
        **fields,
    }
    return browser.post(f"{COUNTRY}/exceptions", data, page=COUNTRY).status_code


def test_the_country_shows_who_has_sent(desk: Desk, clean: bytes) -> None:
    desk.sent(desk.browser("clerk"), clean)
    table = desk.browser("ministry").get(f"{COUNTRY}/table").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table), delimiter=";"))
    states = {(row["Код КАТО"], row["Форма"]): row["Состояние"] for row in rows}
    assert states[KYZYLORDA, "SNG-1"] == "принят"
    assert states[PAVLODAR, "SNG-1"] == "просрочен"
    contracts = desk.services.contracts
    forms = [form for form in contracts.forms if contracts.is_in_force(form, PERIOD)]
    owed = sum(len(contracts.expected_submitters(form, PERIOD)) for form in forms)
    assert len(rows) == owed


def test_a_locked_form_takes_nothing_until_it_is_opened(desk: Desk, clean: bytes) -> None:
    ministry, clerk = desk.browser("ministry"), desk.browser("clerk")
    assert lock(ministry, "SNG-1") == 303
    assert clerk.send(clean, form="SNG-1").status_code == 409
    assert clerk.send(clean).status_code == 202, "the other form is open"
    desk.judge()
    (refused,) = desk.portal.uploads.recent(KYZYLORDA, PERIOD)
    assert refused.refusal is not None
    assert refused.refusal["code"] == "PERIOD_LOCKED"
    assert lock(ministry, "SNG-1", action="unlock") == 303
    assert desk.services.ledger.submission(desk.sent(clerk, clean)).in_force


def test_an_exception_opens_it_for_one_department(desk: Desk, clean: bytes) -> None:
    ministry = desk.browser("ministry")
    lock(ministry, "SNG-1")
    assert grant(ministry) == 303
    assert desk.services.ledger.submission(desk.sent(desk.browser("clerk"), clean)).in_force
    assert desk.browser("stranger").send(clean, form="SNG-1").status_code == 409
    (granted,) = desk.portal.audit.entries(action="exception.granted")
    assert (granted.actor, granted.details["reason"]) == ("ministry", "приказ")


@pytest.mark.parametrize(
    "fields",
    [{"reason": " "}, {"hours": "0"}, {"hours": "9999"}, {"hours": "²"}, {"territory": "1"}],
)
def test_an_exception_needs_a_reason_an_end_and_a_territory(
    desk: Desk, fields: dict[str, str]
) -> None:
    assert grant(desk.browser("ministry"), **fields) == 409
    assert desk.services.ledger.exceptions(PERIOD) == []


def test_a_returned_report_counts_no_more_and_its_senders_are_told(
    desk: Desk, clean: bytes
) -> None:
    clerk, ministry = desk.browser("clerk"), desk.browser("ministry")
    sent = desk.sent(clerk, clean)
    page = f"/submissions/{sent}"
    assert ministry.post(f"{page}/return", {"comment": " "}, page=page).status_code == 409
    assert ministry.post(f"{page}/return", {"comment": "R2 пуст"}, page=page).status_code == 303
    assert not desk.services.ledger.submission(sent).in_force
    assert "R2 пуст" in clerk.get(page).text
    receipt = clerk.get(f"{page}/receipt").text
    assert "Министерство вернуло этот отчёт" in receipt
    assert verify(receipt, public_key_pem(desk.services.home)).is_valid


@pytest.mark.parametrize("name", ["СНГ-1.xlsx", "СНГ-1 исправленный.xlsx"])
def test_a_returned_file_sent_again_stays_returned_and_its_sender_is_told(
    desk: Desk, clean: bytes, name: str
) -> None:
    clerk, program = desk.browser("clerk"), desk.api("clerk")
    sent = desk.sent(clerk, clean)
    desk.services.ledger.send_back(sent, by="ministry", comment="R2 пуст")
    upload = clerk.send(clean, name=name).json()["uploads"][0]["upload_id"]
    query = f"period={PERIOD}&file_name={name}&territory={KYZYLORDA}"
    desk.judge()
    by_program = program.post(f"/api/v1/uploads?{query}", content=clean).json()["upload_id"]
    desk.judge()
    page = clerk.get(f"/uploads/{upload}").text
    assert "Именно этот файл" in page
    assert "R2 пуст" in page
    assert "отправьте исправленный файл" in page
    assert f"/submissions/{sent}" in page
    for number in (upload, by_program):
        answer = program.get(f"/api/v1/uploads/{number}").json()
        assert (answer["state"], answer["verdict"]) == ("refused", None)
        assert "R2 пуст" in answer["text"]
        assert answer["submission_id"] == sent
    assert [s.standing for s in desk.services.ledger.submissions()] == ["returned"]
    duties = program.get(f"/api/v1/periods/{PERIOD}").json()
    assert [duty["state"] for duty in duties if duty["form"] == "SNG-1"] == ["returned"]


def test_a_returned_file_with_other_figures_counts_when_it_is_sent(
    desk: Desk, clean: bytes
) -> None:
    clerk = desk.browser("clerk")
    sent = desk.sent(clerk, clean)
    desk.services.ledger.send_back(sent, by="ministry", comment="R2 пуст")
    corrected = desk.sent(clerk, sng_workbook(R1_1_1=900, R1_2_1=900))
    assert desk.services.ledger.submission(corrected).in_force


def test_a_withdrawn_file_sent_again_has_to_be_confirmed_again(desk: Desk, clean: bytes) -> None:
    clerk = desk.browser("clerk")
    first = desk.sent(clerk, clean)
    other = sng_workbook(R1_1_1=900, R1_2_1=900)
    desk.services.ledger.withdraw(desk.sent(clerk, other), by="clerk")
    again = desk.services.ledger.submission(desk.sent(clerk, other))
    assert again.awaits_confirmation
    assert desk.services.ledger.submission(first).in_force


def test_a_held_version_that_was_overtaken_offers_no_confirmation(desk: Desk, clean: bytes) -> None:
    clerk = desk.browser("clerk")
    desk.sent(clerk, clean)
    other = sng_workbook(R1_1_1=900, R1_2_1=900)
    held = desk.sent(clerk, other)
    page = f"/submissions/{held}"
    button = f'action="{page}/confirm"'
    assert button in clerk.get(page).text
    later = desk.sent(clerk, sng_workbook(R1_1_1=901, R1_2_1=901))
    desk.services.ledger.confirm(later, by="clerk")
    shown = clerk.get(page).text
    assert button not in shown
    assert "Подтверждать уже нечего" in shown
    assert f'href="/submissions/{later}"' in shown
    assert "заменит принятую" not in shown
    # What the page advises leads to a version that may be confirmed.
    clerk.post(f"{page}/withdraw", {}, page=page)
    again = f"/submissions/{desk.sent(clerk, other)}"
    assert clerk.post(f"{again}/confirm", {}, page=again).status_code == 303
    assert desk.services.ledger.submission(again.rpartition("/")[2]).in_force


def test_no_name_of_a_file_turns_the_words_beside_it(desk: Desk, clean: bytes) -> None:
    name = "СНГ-1 \u202excod\x1b[2J\u2066.xlsx"
    judged = submit(desk.services, Request(clean, name, PERIOD, KYZYLORDA))
    kept = desk.services.ledger.submission(str(judged.submission_id))
    assert kept.file_name == "СНГ-1 \ufffdxcod\ufffd[2J\ufffd.xlsx"
    history = desk.browser("clerk").get("/history").text
    assert kept.file_name in history
    # What is markup of ours stays so.
    assert '<span class="state state-' in history
    assert legible(Markup("<b>\u202e</b>")) == Markup("<b>\ufffd</b>")
    assert isinstance(legible(Markup("<b>")), Markup)


def test_a_returned_file_is_told_of_on_the_clock_of_the_pages(desk: Desk, clean: bytes) -> None:
    clerk, ledger = desk.browser("clerk"), desk.services.ledger
    sent = desk.sent(clerk, clean)
    ledger.send_back(sent, by="ministry", comment="R2 пуст")
    (returned,) = [d for d in ledger.decisions(sent) if d.kind == "returned"]
    at = f"{returned.decided_at + timedelta(hours=5):%d.%m.%Y %H:%M}"
    upload = clerk.send(clean).json()["uploads"][0]
    desk.judge()
    told = clerk.get(f"/uploads/{upload['upload_id']}").text
    assert f"министерство вернуло {at} с замечанием" in told
    assert at in clerk.get(f"/submissions/{sent}").text


def test_what_people_do_is_in_the_audit_log_and_the_chain_is_whole(
    desk: Desk, clean: bytes
) -> None:
    ministry = desk.browser("ministry")
    sent = desk.sent(desk.browser("clerk"), clean)
    page = f"/submissions/{sent}"
    lock(ministry, "SNG-1")
    grant(ministry)
    ministry.post(f"{page}/return", {"comment": "R2 пуст"}, page=page)
    actions = {entry.action for entry in desk.portal.audit.entries()}
    assert actions >= {
        "sign_in.done",
        "submission.received",
        "period.locked",
        "exception.granted",
        "submission.returned",
    }
    assert desk.portal.audit.verify() is None
    assert "Цепочка цела" in desk.browser("admin").get("/audit").text


class Mailbox:
    """What a real SMTP server took."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postman(desk: Desk, port: int) -> Postman:
    settings = PortalSettings(
        public_url="https://desk.example", mail=MailSettings(host="127.0.0.1", port=port)
    )
    portal = desk.portal
    return Postman(desk.services, portal.uploads, portal.accounts, portal.letters, settings)


def test_letters_of_a_verdict_and_of_a_return_arrive(desk: Desk, clean: bytes) -> None:
    mailbox = Mailbox()
    port = free_port()
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        clerk, ministry = desk.browser("clerk"), desk.browser("ministry")
        sent = desk.sent(clerk, clean)
        page = f"/submissions/{sent}"
        comment = "R2 пуст\r\nBcc: all@example.kz"
        ministry.post(f"{page}/return", {"comment": comment}, page=page)
        clerk.send(clean)
        desk.judge()
        assert postman(desk, port).deliver() == 4
        assert postman(desk, port).deliver() == 0
    finally:
        server.stop()
    returned = [letter for letter in mailbox.letters if "возвращена" in letter["Subject"]]
    verdict, again = (letter for letter in mailbox.letters if letter not in returned)
    assert verdict["Subject"] == "Форма SNG-1 за декабрь 2022: принят"
    assert f"https://desk.example{page}" in verdict.get_content()
    assert again["Subject"] == "Форма SNG-1 за декабрь 2022: файл не учтён"
    assert "R2 пуст" in again.get_content()
    assert sorted(letter["To"].addresses[0].addr_spec for letter in returned) == [
        "clerk@example.kz",
        "head@example.kz",
    ]
    assert all("R2 пуст" in letter.get_content() for letter in returned)
    assert not [letter for letter in mailbox.letters if letter["Bcc"]]


def test_a_letter_that_nobody_takes_is_kept_for_later(desk: Desk, clean: bytes) -> None:
    desk.sent(desk.browser("clerk"), clean)
    assert postman(desk, 1).deliver() == 0
    assert postman(desk, 1).deliver() == 0


def test_one_reminder_before_each_deadline_and_one_after(desk: Desk) -> None:
    due = desk.services.contracts.deadline("SNG-1", "2026-10")
    portal = desk.portal

    def reminded(now: datetime) -> list[str]:
        remind(desk.services, portal.uploads, portal.accounts, portal.letters, now)
        kinds = []
        while (letter := portal.letters.take()) is not None:
            if letter.params["period"] == "2026-10":
                kinds.append(f"{letter.kind} {portal.accounts.get(letter.account_id).login}")
            portal.letters.sent(letter)
        return sorted(kinds)

    senders = ("clerk", "head", "stranger")
    assert reminded(due - timedelta(days=4)) == []
    assert reminded(due - timedelta(days=2)) == [f"deadline_near {name}" for name in senders]
    assert reminded(due - timedelta(days=1)) == []
    assert reminded(due + timedelta(minutes=1)) == [f"late {name}" for name in senders]
    assert reminded(due + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        ("ru", "Отчётность за октябрь 2026 просрочена", "Кызылординская область"),
        ("kk", "кешіктірілді", "Қызылорда облысы"),
    ],
)
def test_the_letter_of_a_missed_deadline_says_whose_and_which(
    desk: Desk, language: Language, subject: str, said: str
) -> None:
    portal = desk.portal
    due = desk.services.contracts.deadline("SNG-1", "2026-10")
    now = due + timedelta(minutes=1)
    remind(desk.services, portal.uploads, portal.accounts, portal.letters, now)
    clerk = replace(portal.accounts.by_login("clerk"), language=language)
    while (letter := portal.letters.take()) is not None:
        is_ours = (letter.kind, letter.account_id) == ("late", clerk.account_id)
        if is_ours and letter.params["period"] == "2026-10":
            break
    assert letter is not None
    message = compose(letter, clerk, desk.services, desk.settings)
    assert subject in message["Subject"]
    body = message.get_content()
    assert said in body
    assert "SNG-1" in body
    assert f"{desk.settings.public_url}/periods/2026-10" in body


def test_a_moment_is_shown_on_the_countrys_clock(desk: Desk) -> None:
    from portal.render import moment

    assert moment(datetime(2026, 11, 5, 13, 0, tzinfo=UTC)) == "05.11.2026 18:00"
    assert utc_now().tzinfo is UTC
