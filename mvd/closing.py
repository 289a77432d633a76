"""Close a month: no new versions are taken, and the release that holds it gets a lasting name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.core.clock import period_month, utc_now
from warehouse.core.errors import UserError
from warehouse.ledger.tags import set_tag, tags
from warehouse.releases.completeness import Completeness, completeness
from warehouse.reporting.punctuality import reports

if TYPE_CHECKING:
    from ingestion.request import Services

_SHOWN = 5
"""Reports that a message names."""


@dataclass(frozen=True, slots=True)
class FormState:
    """How far a form has come in a period."""

    form: str
    expected: int
    reported: int
    missing: tuple[str, ...]
    is_locked: bool


@dataclass(frozen=True, slots=True)
class ClosingState:
    """What closing would freeze, and whether the release in force holds all that was accepted.

    `missing` and `overtaken` name what stands in `completeness`, one report each; `left_out` those
    of the period that the release leaves out.
    """

    period: str
    forms: tuple[FormState, ...]
    completeness: Completeness
    missing: tuple[str, ...]
    overtaken: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def release_id(self) -> str | None:
        """The release in force."""
        return self.completeness.release_id

    @property
    def is_released(self) -> bool:
        """Whether it may be called final."""
        held = self.completeness
        is_held = held.is_complete and not self.left_out and self.period in held.periods
        return held.release_id is not None and is_held


def look(services: Services, period: str, forms: Sequence[str] = ()) -> ClosingState:
    """State of a period, of `forms` or of every form in force then."""
    period_month(period)
    contracts, ledger = services.contracts, services.ledger
    locked = {lock.form_code for lock in ledger.locks(period)}
    found = []
    for form in forms or _forms(services, period):
        sent = ledger.submissions(form_code=form, period=period)
        expected = reports(contracts, form, period, sent)
        missing = tuple(kato for kato, found in expected.items() if found.reported_at is None)
        found.append(
            FormState(form, len(expected), len(expected) - len(missing), missing, form in locked)
        )
    compared = completeness(services.home, ledger, contracts)
    of_period = [each.submission_id for each in ledger.submissions(period=period, in_force=True)]
    return ClosingState(
        period,
        tuple(found),
        compared,
        _named(services, compared.missing),
        _named(services, compared.overtaken),
        _named(services, compared.left_out.intersection(of_period)),
    )


def close(
    services: Services, period: str, forms: Sequence[str] = (), *, reason: str, by: str | None
) -> str:
    """Lock the forms of a period and tag the release in force; gives the tag.

    Locked first, so that nothing can come between; closing again changes nothing.
    UserError CLOSING_NOT_RELEASED names what the release in force lacks, or holds although it
    counts no longer, or leaves out of this period: then the locks stay, and closing is repeated
    after the build. CLOSING_NOTHING_RELEASED when it holds nothing of the period. For a period
    that has not begun, CLOSING_NOT_BEGUN, and nothing is locked. What a build left out of other
    periods keeps nothing back.
    """
    _require_begun(period)
    state = look(services, period, forms)
    for form in state.forms:
        services.ledger.set_lock(form.form, period, is_locked=True, reason=reason, by=by)
    state = look(services, period, forms)
    is_lacking = state.missing or state.overtaken or state.left_out
    if state.release_id is not None and not is_lacking and not state.is_released:
        raise UserError("CLOSING_NOTHING_RELEASED", period=period, release_id=state.release_id)
    if state.release_id is None or not state.is_released:
        raise UserError(
            "CLOSING_NOT_RELEASED",
            period=period,
            release_id=state.release_id or "-",
            missing=_some(state.missing),
            overtaken=_some(state.overtaken),
            left_out=_some(state.left_out),
        )
    return _tag(services, period, state.release_id, reason, by)


def _require_begun(period: str) -> None:
    this_month = f"{utc_now():%Y-%m}"
    period_month(period)
    if period > this_month:
        raise UserError("CLOSING_NOT_BEGUN", period=period, this_month=this_month)


def _named(services: Services, ids: Iterable[str]) -> tuple[str, ...]:
    """Form, territory, month and id of each, in this order."""
    found = [services.ledger.submission(each) for each in ids]
    return tuple(
        sorted(f"{s.form_code} {s.territory_kato} {s.period} ({s.submission_id})" for s in found)
    )


def _some(names: Sequence[str]) -> str:
    more = f", … ({len(names)})" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more or "-"


def _tag(services: Services, period: str, release_id: str, reason: str, by: str | None) -> str:
    """`final-2025-07`; a period that was opened and closed again gets `final-2025-07-2`."""
    stem = f"final-{period}"
    taken = {tag.tag: tag.release_id for tag in tags(services.ledger)}
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    of_release = [name for name in names if taken.get(name) == release_id]
    free = [name for name in names if name not in taken]
    name = (of_release or free)[0]
    return set_tag(services.ledger, name, release_id, reason=reason, by=by).tag


def _forms(services: Services, period: str) -> list[str]:
    contracts = services.contracts
    return [code for code in contracts.forms if contracts.is_in_force(code, period)]
