"""What one account sees and does. Every page and every call of the API goes through here, so the
question whose data it is about is asked in this one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ingestion.annotate.answer import annotate_submission
from ingestion.documents.official import write_blank
from ingestion.documents.receipt import Receipt, issue_receipt
from ingestion.documents.template import previous_figures, write_template
from ingestion.request import Services
from portal.access.authorisation import Access, AccessDeniedError
from portal.desk.differences import Differences, differences
from portal.desk.duties import duties
from portal.desk.letters import tell_returned
from portal.problems import PortalError
from portal.store.accounts import Accounts
from portal.store.letters import Letters
from portal.store.uploads import Uploads
from warehouse.core.clock import period_month, utc_now
from warehouse.core.errors import UserError
from warehouse.core.texts import Language
from warehouse.ledger import Decision, Finding, LockException, PeriodLock, Submission
from warehouse.ledger.signature_records import Signature, latest_signature
from warehouse.ledger.uploads import Upload
from warehouse.releases.left_out import why_left_out
from warehouse.reporting.duties import Duty
from warehouse.storage import originals
from warehouse.storage.originals import StoredFile


@dataclass(frozen=True, slots=True)
class Desk:
    """The services of the installation as far as `access` reaches."""

    services: Services
    uploads: Uploads
    accounts: Accounts
    letters: Letters
    access: Access

    def period(self, period: str) -> list[Duty]:
        """What the account's own territory owes."""
        self.access.require("period.view")
        period_month(period)
        return duties(self.services, self.uploads, period, frozenset({self._own()}))

    def country(self, period: str) -> list[Duty]:
        """What all units owe."""
        self.access.require("country.view")
        period_month(period)
        return duties(self.services, self.uploads, period)

    def take_in(
        self,
        stored: StoredFile,
        *,
        file_name: str,
        period: str,
        form: str | None,
        territory: str,
        signature: bytes | None = None,
    ) -> Upload:
        """Put a stored file in the queue, for the account's own territory alone."""
        self.access.require("submission.send")
        self.access.require_territory(territory)
        self.check_target(period, form)
        return self.uploads.add(
            account_id=self.access.account_id,
            territory=territory,
            period=period,
            form=form,
            file_name=file_name,
            stored=stored,
            language=self.access.language,
            signature=signature,
        )

    def check_target(self, period: str, form: str | None) -> None:
        """Refuse, before a byte is read, what could not be taken in."""
        self.access.require("submission.send")
        own = self.period(period)
        if not own:
            raise PortalError("period_without_forms", period=period)
        chosen = [duty for duty in own if form in (None, duty.form)]
        if not chosen:
            raise PortalError("form_not_due", form=form, period=period)
        if not any(duty.is_open for duty in chosen):
            lock = chosen[0].lock
            reason = lock.reason if lock else ""
            raise UserError("PERIOD_LOCKED", form=chosen[0].form, period=period, reason=reason)

    def upload(self, upload_id: str) -> Upload:
        """An upload of the account's territory."""
        try:
            upload = self.uploads.get(upload_id)
        except KeyError as error:
            raise AccessDeniedError(hidden=True) from error
        self.access.require("submission.view")
        self.access.require_territory(upload.territory_kato)
        return upload

    def recent_uploads(self, period: str) -> list[Upload]:
        """What the account's territory sent lately."""
        self.access.require("period.view")
        return self.uploads.recent(self._own(), period)

    def submission(self, submission_id: str) -> Submission:
        """A submission of a territory that the account sees."""
        self.access.require("submission.view")
        try:
            submission = self.services.ledger.submission(submission_id)
        except UserError as error:
            raise AccessDeniedError(hidden=True) from error
        self.access.require_territory(submission.territory_kato)
        return submission

    def findings(self, submission_id: str) -> list[Finding]:
        """All findings of its latest judgement."""
        self.submission(submission_id)
        return self.services.ledger.findings(submission_id)

    def decisions(self, submission_id: str) -> list[Decision]:
        """What people decided about it."""
        self.submission(submission_id)
        return self.services.ledger.decisions(submission_id)

    def history(
        self, *, period: str | None = None, form: str | None = None, territory: str | None = None
    ) -> list[Submission]:
        """Submissions that the account sees, newest first."""
        self.access.require("submission.view")
        if self.access.scope == "own":
            territory = self._own() if territory is None else territory
        if territory is not None:
            self.access.require_territory(territory)
        if period is not None:
            period_month(period)
        found = self.services.ledger.submissions(
            period=period, form_code=form, territory_kato=territory
        )
        return [s for s in reversed(found) if self.access.sees(s.territory_kato)]

    def in_force(self, submission: Submission) -> Submission | None:
        """The version that counts for the same form, territory and period."""
        self.access.require_territory(submission.territory_kato)
        found = self.services.ledger.submissions(
            form_code=submission.form_code,
            territory_kato=submission.territory_kato,
            period=submission.period,
            in_force=True,
        )
        return found[0] if found else None

    def changes(self, submission_id: str, language: Language) -> Differences | None:
        """What it changes against the accepted version before it.

        None where there is none, where it was read by another version of the form, or where the
        contracts no longer know the form.
        """
        after = self.submission(submission_id)
        if not after.cells_path:
            return None
        before = (
            self.services.ledger.submission(after.replaces_submission_id)
            if after.replaces_submission_id
            else self.in_force(after)
        )
        if before is None or before.submission_id == after.submission_id or not before.cells_path:
            return None
        if why_left_out(after, self.services.contracts):
            return None
        if before.form_version != after.form_version:
            return None
        return differences(self.services, before, after, language=language)

    def original(self, submission_id: str) -> StoredFile:
        """The bytes as they were sent."""
        return originals.find(self.services.home, self.submission(submission_id).file_sha256)

    def signature(self, submission_id: str) -> Signature | None:
        """The detached signature that came with it last."""
        self.submission(submission_id)
        return latest_signature(self.services.ledger, submission_id)

    def annotated(self, submission_id: str, language: Language) -> bytes:
        """The sender's workbook with the findings at its cells."""
        self.submission(submission_id)
        return annotate_submission(self.services, submission_id, language)

    def receipt(self, submission_id: str) -> Receipt:
        """The signed receipt of its latest judgement."""
        self.submission(submission_id)
        return issue_receipt(self.services, submission_id)

    def confirm(self, submission_id: str, comment: str) -> None:
        """Let a version that waits count."""
        self.access.require("submission.confirm")
        self.submission(submission_id)
        self.services.ledger.confirm(submission_id, by=self.access.login, comment=comment or None)

    def withdraw(self, submission_id: str) -> None:
        """Give up a version that waits."""
        self.access.require("submission.confirm")
        self.submission(submission_id)
        self.services.ledger.withdraw(submission_id, by=self.access.login)

    def send_back(self, submission_id: str, comment: str) -> None:
        """Return an accepted version to its sender."""
        self.access.require("submission.return")
        submission, comment = self.submission(submission_id), comment.strip()
        if not comment:
            raise PortalError("comment_missing")
        self.services.ledger.send_back(submission_id, by=self.access.login, comment=comment)
        tell_returned(self.letters, self.accounts, submission, comment)

    def set_locks(self, forms: Sequence[str], period: str, *, is_locked: bool, reason: str) -> None:
        """Close forms of a period, or open them again."""
        self.access.require("period.lock")
        period_month(period)
        self._check_forms(forms)
        if not reason.strip():
            raise PortalError("reason_missing")
        for form in forms:
            self.services.ledger.set_lock(
                form, period, is_locked=is_locked, reason=reason.strip(), by=self.access.login
            )

    def locks(self, period: str) -> list[PeriodLock]:
        """Locks of a period."""
        return self.services.ledger.locks(period)

    def grant_exception(
        self, form: str, territory: str, period: str, *, valid_until: datetime, reason: str
    ) -> LockException:
        """Let one unit send although the period is locked."""
        self.access.require("exception.grant")
        self.access.require_territory(territory)
        self._check_forms([form])
        if territory not in self.services.contracts.expected_submitters(form, period):
            raise PortalError("territory_not_expected")
        if not reason.strip():
            raise PortalError("reason_missing")
        if valid_until <= utc_now():
            raise PortalError("moment_past")
        return self.services.ledger.grant_exception(
            form,
            territory,
            period,
            valid_until=valid_until,
            reason=reason.strip(),
            by=self.access.login,
        )

    def exceptions(self, period: str) -> list[LockException]:
        """Exceptions of a period that concern the account."""
        granted = self.services.ledger.exceptions(period)
        return [e for e in granted if self.access.sees(e.territory_kato)]

    def forms_in(self, period: str) -> list[str]:
        """Forms that units owe for a period."""
        self.access.require("template.download")
        period_month(period)
        territories = None if self.access.scope == "country" else frozenset({self._own()})
        found = duties(self.services, self.uploads, period, territories)
        return list(dict.fromkeys(duty.form for duty in found))

    def template_territories(self, period: str) -> list[str]:
        """Units for which the account may download blank forms."""
        self.access.require("template.download")
        if self.access.scope == "own":
            return [self._own()]
        found = duties(self.services, self.uploads, period)
        return list(dict.fromkeys(duty.territory for duty in found))

    def template(self, form: str, territory: str, period: str) -> bytes:
        """A blank form: a table with the rows of the territory and last month's figures beside, or
        the official workbook."""
        self.access.require("template.download")
        self.access.require_territory(territory)
        period_month(period)
        contracts = self.services.contracts
        known = contracts.forms.get(form)
        if known is None or territory not in contracts.territories:
            raise AccessDeniedError(hidden=True)
        if territory not in contracts.expected_submitters(form, period):
            raise PortalError("form_not_due", form=form, period=period)
        if not known.is_table:
            return write_blank(contracts, form=form, territory=territory, period=period)
        previous = previous_figures(
            self.services.home,
            self.services.ledger,
            contracts,
            form=form,
            territory=territory,
            period=period,
        )
        return write_template(
            contracts, form=form, territory=territory, period=period, previous=previous
        )

    def _check_forms(self, forms: Sequence[str]) -> None:
        if not forms:
            raise PortalError("form_missing")
        for form in forms:
            if form not in self.services.contracts.forms:
                raise PortalError("form_unknown", form=form)

    def _own(self) -> str:
        if self.access.territory is None:
            raise AccessDeniedError
        return self.access.territory
