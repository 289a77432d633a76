"""What each unit owes for a period, and how far it has come."""

from __future__ import annotations

from ingestion.request import Services
from portal.store.uploads import Uploads
from warehouse.core.clock import utc_now
from warehouse.ledger.uploads import Upload
from warehouse.reporting.duties import Duty, duty_of
from warehouse.reporting.punctuality import reports


def duties(
    services: Services, uploads: Uploads, period: str, territories: frozenset[str] | None = None
) -> list[Duty]:
    """A duty per form and expected unit, of all units or of some, in the order of the forms."""
    contracts, ledger, now = services.contracts, services.ledger, utc_now()
    submissions = ledger.submissions(period=period)
    waiting: dict[tuple[str | None, str], Upload] = {
        (upload.form_code, upload.territory_kato): upload for upload in uploads.unfinished(period)
    }
    locks = {lock.form_code: lock for lock in ledger.locks(period)}
    granted = {
        (e.form_code, e.territory_kato): e for e in ledger.exceptions(period) if e.is_valid_at(now)
    }
    found = []
    for form in contracts.forms:
        for territory, report in reports(contracts, form, period, submissions).items():
            if territories is not None and territory not in territories:
                continue
            found.append(
                duty_of(
                    form,
                    period,
                    report,
                    upload=waiting.get((form, territory)),
                    lock=locks.get(form),
                    exception=granted.get((form, territory)),
                    now=now,
                )
            )
    return found
