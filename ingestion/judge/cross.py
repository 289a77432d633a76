"""Control rules of form against form: a submission against the accepted other form.

The finding is given to the form that comes second, whichever that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expectations.submission_gate import Failure
from ingestion.findings import Findings
from ingestion.judge.control_rules import CompiledRules, compile_cross_rules, evaluate
from ingestion.judge.explanations import note_breaches
from ingestion.judge.extract import Extract
from ingestion.judge.frames import Columns, lay_out_comparisons
from ingestion.lake_cells import values_of
from ingestion.request import Services
from warehouse.contracts import Form
from warehouse.contracts.rules import forms_of
from warehouse.ledger import Finding
from warehouse.storage import lake

Values = NDArray[np.float64]
_compiled: dict[tuple[str, tuple[tuple[str, str], ...], int], CompiledRules] = {}


@dataclass(frozen=True, slots=True)
class Accepted:
    """Figures of an accepted submission."""

    submission_id: str
    form: Form
    values: Values


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """One book of rules applied to a submission and its partner."""

    rules: CompiledRules
    partner: Accepted
    frames: Mapping[str, Columns]


def cross_checks(
    services: Services, own: Accepted, territory: str, period: str, batch: Sequence[Accepted]
) -> list[CrossCheck]:
    """What the gate has to judge about `own` and the other forms of its territory and period.

    The other form is the one accepted earlier in the batch, else the one in force in the ledger.
    """
    checks = []
    for number, written in enumerate(services.contracts.cross_rule_books):
        codes = forms_of(written)
        others = [code for code in codes if code != own.form.code]
        if own.form.code not in codes or len(others) != 1:
            continue
        partner = _partner(services, others[0], territory, period, batch)
        if partner is None:
            continue
        by_code = {own.form.code: own, partner.form.code: partner}
        rules = _compile(services, number, tuple(by_code[code].form for code in codes))
        outcome = evaluate(rules, np.concatenate([by_code[code].values for code in codes]))
        checks.append(CrossCheck(rules, partner, lay_out_comparisons(rules, outcome)))
    return checks


def explain_cross(
    check: CrossCheck,
    failures: Iterable[Failure],
    own: Accepted,
    extract: Extract,
    period: str,
    services: Services,
) -> list[Finding]:
    """Findings for the comparisons of `check` that the gate refused."""
    findings = Findings(services.contracts)
    broken = sorted(failure.item for failure in failures)
    if broken:
        partner = check.partner
        note_breaches(
            check.rules,
            broken,
            {own.form.code: own.values, partner.form.code: partner.values},
            extract,
            own.form,
            findings,
            code="CROSS_FORM_RULE_BROKEN",
            forms=", ".join(form.code for form in check.rules.forms),
            period=period,
            other_submission=partner.submission_id,
        )
    return findings.items


def _compile(services: Services, number: int, forms: tuple[Form, ...]) -> CompiledRules:
    versions = tuple((form.code, form.version) for form in forms)
    key = (services.contracts.content_hash, versions, number)
    if key not in _compiled:
        book = services.contracts.cross_rule_book(number, forms)
        _compiled[key] = compile_cross_rules(forms, book)
    return _compiled[key]


def _partner(
    services: Services, code: str, territory: str, period: str, batch: Sequence[Accepted]
) -> Accepted | None:
    for accepted in reversed(batch):
        if accepted.form.code == code:
            return accepted
    found = services.ledger.submissions(
        form_code=code, territory_kato=territory, period=period, in_force=True
    )
    if not found or found[0].cells_path is None:
        return None
    form = services.contracts.read_by(code, found[0].form_version, period)
    table = lake.read_cells(services.home, found[0].cells_path, found[0].cells_sha256)
    return Accepted(found[0].submission_id, form, values_of(form, table))
