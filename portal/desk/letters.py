"""What departments are written about, and the writing: deadlines, verdicts, returned reports."""

from __future__ import annotations

import smtplib
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid

from ingestion.request import Services
from portal.access.roles import account_rules
from portal.desk.duties import duties
from portal.settings import PortalSettings
from portal.store.accounts import Account, Accounts
from portal.store.letters import Letter, Letters
from portal.store.uploads import Uploads
from portal.texts import month_name, text
from warehouse.core.clock import utc_now
from warehouse.core.texts import Language, load_texts
from warehouse.ledger import Submission
from warehouse.ledger.uploads import Upload
from warehouse.reporting.duties import Duty

_LOOK_EVERY_SECONDS = 20.0
_TIMEOUT_SECONDS = 20.0
_PERIODS_BACK = 2
_LONGEST_LINE = 998
"""Characters of a line, RFC 5322."""


def tell_verdict(letters: Letters, upload: Upload, submission: Submission) -> None:
    """The sender's file has its verdict."""
    letters.add(
        upload.account_id,
        kind="verdict",
        occasion=f"verdict|{upload.upload_id}",
        params={
            "form": submission.form_code,
            "period": submission.period,
            "file": submission.file_name,
            "verdict": submission.outcome,
            "errors": submission.error_count,
            "warnings": submission.warning_count,
            "path": f"/submissions/{submission.submission_id}",
        },
    )


def tell_returned(
    letters: Letters, accounts: Accounts, submission: Submission, comment: str
) -> None:
    """The ministry has returned a report: everybody of the department who sends is told."""
    for account in senders(accounts, submission.territory_kato):
        letters.add(
            account.account_id,
            kind="returned",
            occasion=f"returned|{submission.submission_id}|{account.account_id}",
            params=_of_return(submission, submission.file_name, comment),
        )


def tell_returned_again(
    letters: Letters, upload: Upload, submission: Submission, comment: str
) -> None:
    """The sender's file is one that the ministry returned: it does not count."""
    letters.add(
        upload.account_id,
        kind="returned_again",
        occasion=f"verdict|{upload.upload_id}",
        params=_of_return(submission, upload.file_name, comment),
    )


def _of_return(submission: Submission, file_name: str, comment: str) -> dict[str, object]:
    """What the letters about a return say of it."""
    return {
        "form": submission.form_code,
        "period": submission.period,
        "file": file_name,
        "comment": comment,
        "path": f"/submissions/{submission.submission_id}",
    }


def senders(accounts: Accounts, territory: str | None = None) -> list[Account]:
    """Open accounts that send reports, of one territory or of all."""
    return [
        account
        for account in accounts.all()
        if account.disabled_at is None
        and account.access.may("submission.send")
        and territory in (None, account.territory_kato)
    ]


def remind(
    services: Services, uploads: Uploads, accounts: Accounts, letters: Letters, now: datetime
) -> None:
    """Put reminders of near and of missed deadlines into the outbox, one per deadline."""
    near = timedelta(days=account_rules().letters.days_before_deadline)
    missing: dict[tuple[str, str, str, datetime], list[Duty]] = defaultdict(list)
    for period in _recent_periods(now):
        for duty in duties(services, uploads, period):
            if duty.in_force is None and duty.is_open and now > duty.deadline - near:
                kind = "late" if now > duty.deadline else "deadline_near"
                missing[duty.territory, period, kind, duty.deadline].append(duty)
    if not missing:
        return
    for account in senders(accounts):
        for (territory, period, kind, deadline), open_duties in missing.items():
            if territory == account.territory_kato:
                letters.add(
                    account.account_id,
                    kind=kind,
                    occasion=f"{kind}|{account.account_id}|{period}|{deadline:%Y%m%d%H%M}",
                    params={
                        "period": period,
                        "territory": territory,
                        "forms": ", ".join(duty.form for duty in open_duties),
                        "deadline": deadline.isoformat(),
                        "path": f"/periods/{period}",
                    },
                )


def _recent_periods(now: datetime) -> list[str]:
    months = [now.year * 12 + now.month - 1 - back for back in range(1, _PERIODS_BACK + 1)]
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]


def compose(
    letter: Letter, account: Account, services: Services, settings: PortalSettings
) -> EmailMessage:
    """The message in the language of its reader."""
    language = account.language
    shown = _shown(letter.params, services, settings, language)
    book = load_texts("letters", services.contracts.root)
    message = EmailMessage()
    subject = book.text(f"{letter.kind}_subject", language, **shown)
    if services.ledger.is_demonstration():
        subject = f"{text('demonstration', language)}: {subject}"
    message["Subject"] = " ".join(subject.split())
    message["From"] = settings.mail.sender
    message["To"] = Address(account.display_name, addr_spec=account.email or "")
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=settings.mail.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    body = book.text(f"{letter.kind}_body", language, **shown)
    message.set_content(f"{body}\n\n-- \n{book.text('signature', language)}\n")
    # Where Python folds a subject between ASCII and other letters, it loses the space there.
    message.policy = message.policy.clone(max_line_length=_LONGEST_LINE)
    return message


def _shown(
    params: Mapping[str, object],
    services: Services,
    settings: PortalSettings,
    language: Language,
) -> dict[str, object]:
    shown = dict(params) | {"url": f"{settings.public_url}{params['path']}"}
    shown["period"] = month_name(str(params["period"]), language)
    # A letter may outlive what the contracts know; then the code itself is told.
    territories = services.contracts.territories
    if (kato := str(params.get("territory"))) in territories:
        shown["territory"] = territories.label(kato, language)
    if "verdict" in params:
        shown["verdict"] = text(f"state_{params['verdict']}", language)
    if "deadline" in params:
        zone = timezone(timedelta(hours=services.contracts.calendar.timezone_hours))
        local = datetime.fromisoformat(str(params["deadline"])).astimezone(zone)
        shown["deadline"] = f"{local:%d.%m.%Y %H:%M}"
    return shown


@dataclass
class Postman:
    """Looks for deadlines and sends what is in the outbox, in a thread of its own."""

    services: Services
    uploads: Uploads
    accounts: Accounts
    letters: Letters
    settings: PortalSettings
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if there is a mail server."""
        if self.settings.mail.host:
            self._thread = threading.Thread(target=self._run, name="postman", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the letter in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            remind(self.services, self.uploads, self.accounts, self.letters, utc_now())
            self.deliver()
            self._stopping.wait(_LOOK_EVERY_SECONDS)

    def deliver(self) -> int:
        """Send what is due; a refused letter is tried again later. How many were taken."""
        delivered = 0
        while not self._stopping.is_set() and (letter := self.letters.take()) is not None:
            account = self.accounts.get(letter.account_id)
            if not account.email or account.disabled_at is not None:
                self.letters.sent(letter)
                continue
            try:
                self._send(compose(letter, account, self.services, self.settings))
            except (OSError, smtplib.SMTPException) as error:
                self.letters.failed(letter, f"{type(error).__name__}: {error}")
                continue
            self.letters.sent(letter)
            delivered += 1
        return delivered

    def _send(self, message: EmailMessage) -> None:
        server = self.settings.mail
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS) as connection:
            if server.starttls:
                connection.starttls()
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
