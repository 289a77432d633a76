"""Submit one file and get its verdict at once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from expectations import submission_gate
from ingestion.intake import batch
from ingestion.judge.frames import compiled_rules
from ingestion.request import Request, Services, SubmissionResult
from warehouse.contracts import Contracts
from warehouse.core.errors import UserError
from warehouse.core.texts import Language


def submit(
    file: Path | bytes,
    *,
    territory: str | None,
    period: str,
    services: Services,
    form: str | None = None,
    by: str | None = None,
    file_name: str | None = None,
    language: Language = "ru",
    received_at: datetime | None = None,
    reinstate: bool = False,
    signature: bytes | None = None,
    workers: int = 1,
) -> SubmissionResult:
    """Judge one file. `file_name` names bytes; of a path its last part is taken.
    `signature` is the detached signature (CMS) of the file.

    With `reinstate` bytes that a later version replaced, or their sender withdrew, come back in
    force.
    `workers` as in `batch.ingest`.

    Raises UserError for an unknown territory or form and a malformed period: nothing is stored.
    FileError for a file that cannot be read.
    """
    if territory is not None:
        services.contracts.territories.require(territory)
    if form is not None and form not in services.contracts.forms:
        raise UserError("FORM_CODE_UNKNOWN", value=form, forms=", ".join(services.contracts.forms))
    name = file_name or (file.name if isinstance(file, Path) else "")
    request = Request(
        source=file,
        file_name=name,
        period=period,
        territory=territory,
        form=form,
        by=by,
        language=language,
        received_at=received_at,
        reinstate=reinstate,
        signature=signature,
    )
    (result,) = batch.run(services, [request], workers=workers)
    return result


def warm_up(contracts: Contracts) -> None:
    """Do now what the first submission would otherwise wait for (imports, compiled rules)."""
    for form in contracts.form_versions:
        compiled_rules(contracts, form)
    submission_gate.warm_up()
