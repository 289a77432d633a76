"""What a sender is told about a file, or about figures, that came before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion.findings import Findings
from ingestion.lake_cells import values_of
from ingestion.request import Services
from warehouse.contracts import Form
from warehouse.core.clock import on_clock
from warehouse.ledger import Decision, Submission, Verdict
from warehouse.storage import lake


def note_repetition(services: Services, submission: Submission, noted: Findings) -> None:
    """Note what became of these bytes when they came before, as `submission`."""
    about: dict[str, Any] = {
        "received": _shown(services, submission.received_at),
        "submission": submission.submission_id,
    }
    later = _replacement(services, submission)
    if submission.standing == "returned":
        noted.add("SUBMISSION_RETURNED_BEFORE", **about, **_decided(services, submission))
    elif submission.standing == "withdrawn":
        noted.add("SUBMISSION_WITHDRAWN_BEFORE", **about, **_decided(services, submission))
    elif later is not None:
        noted.add("SUBMISSION_REPEATED_REPLACED", **about, current=later.submission_id)
    else:
        noted.add("SUBMISSION_REPEATED", **about)


def note_returned_figures(
    services: Services,
    submission: Submission,
    form: Form,
    values: NDArray[np.float64],
    noted: Findings,
) -> None:
    """Note a file whose figures are those of an earlier report of its key that was returned.

    The bytes are others, so the sender may have mended what the comment was about: a signature, a
    stamp. `values` are in the order of `form.coordinates`.
    """
    for earlier in _returned_before(services, submission, form):
        kept = _kept_values(services, earlier, form)
        if kept is not None and np.array_equal(kept, values, equal_nan=True):
            noted.add(
                "FIGURES_RETURNED_BEFORE",
                submission=earlier.submission_id,
                **_decided(services, earlier),
            )
            return


def _returned_before(services: Services, submission: Submission, form: Form) -> list[Submission]:
    """Returned reports of the same key and version that came before, newest first."""
    same_key = services.ledger.submissions(
        form_code=submission.form_code,
        territory_kato=submission.territory_kato,
        period=submission.period,
    )
    return [
        earlier
        for earlier in reversed(same_key)
        if earlier.standing == "returned"
        and earlier.sequence < submission.sequence
        and earlier.form_version == form.version
    ]


def _kept_values(
    services: Services, submission: Submission, form: Form
) -> NDArray[np.float64] | None:
    """The figures of an accepted report; None where its file of cells is lost."""
    try:
        cells = lake.read_cells(services.home, submission.cells_path or "", submission.cells_sha256)
    except FileNotFoundError:
        return None
    return values_of(form, cells)


def _decided(services: Services, submission: Submission) -> dict[str, Any]:
    """When it was returned or withdrawn, and the comment."""
    latest: Decision = services.ledger.decisions(submission.submission_id)[-1]
    return {
        "decided": _shown(services, latest.decided_at),
        "comment": latest.comment or "—",
    }


def _shown(services: Services, moment: datetime) -> str:
    return on_clock(moment, services.contracts.calendar.timezone_hours)


def _replacement(services: Services, submission: Submission) -> Submission | None:
    """The version in force, where that is a later one than an accepted submission."""
    if submission.in_force or submission.verdict in (None, Verdict.REJECTED):
        return None
    current = services.ledger.submissions(
        form_code=submission.form_code,
        territory_kato=submission.territory_kato,
        period=submission.period,
        in_force=True,
    )
    return next((s for s in current if s.received_at >= submission.received_at), None)
