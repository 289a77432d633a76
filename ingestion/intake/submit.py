"""Submit one file and get its verdict at once."""

from __future__ import annotations

from expectations import submission_gate
from ingestion.intake import batch
from ingestion.judge.frames import compiled_rules
from ingestion.request import Request, Services, SubmissionResult
from warehouse.contracts import Contracts
from warehouse.core.errors import UserError


def submit(services: Services, request: Request, *, workers: int = 1) -> SubmissionResult:
    """Judge one file; `workers` as in `batch.ingest`.

    Raises UserError for an unknown territory or form and a malformed period: nothing is stored.
    FileError for a file that cannot be read.
    """
    territory, form = request.territory, request.form
    if territory is not None:
        services.contracts.territories.require(territory)
    if form is not None and form not in services.contracts.forms:
        raise UserError("FORM_CODE_UNKNOWN", value=form, forms=", ".join(services.contracts.forms))
    (result,) = batch.run(services, [request], workers=workers)
    return result


def warm_up(contracts: Contracts) -> None:
    """Do now what the first submission would otherwise wait for (imports, compiled rules)."""
    for form in contracts.form_versions:
        compiled_rules(contracts, form)
    submission_gate.warm_up()
