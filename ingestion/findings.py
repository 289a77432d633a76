"""Make findings whose severity comes from the contracts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from warehouse.contracts import Contracts, Form, Rule
from warehouse.core.texts import Language
from warehouse.ledger import Finding


@dataclass(frozen=True, slots=True)
class Findings:
    """Collects the findings on one submission."""

    contracts: Contracts
    items: list[Finding] = field(default_factory=list)

    def add_breach(self, broken: Rule, code: str, /, **fields: Any) -> None:
        """Note a broken control rule; the rule itself says how grave that is."""
        self.add(code, rule=broken.id, **fields)
        self.items[-1] = replace(self.items[-1], severity=broken.severity, rule_id=broken.id)

    def add(
        self,
        code: str,
        /,
        *,
        sheet: str | None = None,
        cell: str | None = None,
        section: str | None = None,
        line: int | None = None,
        column: int | None = None,
        found: object = None,
        expected: object = None,
        **params: Any,
    ) -> None:
        """Note what stands where. `params` fill the placeholders of the message of `code`."""
        self.items.append(
            Finding(
                code=code,
                severity=self.contracts.message(code).severity,
                sheet=sheet,
                cell=cell,
                section=section,
                line=line,
                column=column,
                found=None if found is None else str(found),
                expected=None if expected is None else str(expected),
                params=params,
            )
        )


def message_parameters(
    finding: Finding, contracts: Contracts, language: Language
) -> dict[str, Any]:
    """Everything that the message of `finding` may show, in the language of the reader."""
    shown = {name: getattr(finding, name) for name in _SHOWN}
    rule_name = _rule_names(contracts).get(finding.rule_id or "", {}).get(language)
    return {**finding.params, **shown, "rule_name": rule_name}


def render(finding: Finding, contracts: Contracts, language: Language) -> tuple[str, str]:
    """What is wrong and how to put it right, in the language of the reader."""
    params = message_parameters(finding, contracts, language)
    messages = contracts.messages
    return (
        messages.render(finding.code, language, params),
        messages.render_how_to_fix(finding.code, language, params),
    )


def note_version(found: str, expected: Form, period: str, findings: Findings) -> None:
    """Say that a file is laid out as version `found` of a form of which `expected` is in force."""
    findings.add(
        "FORM_VERSION_OTHER",
        form=expected.code,
        found=found,
        expected=expected.version,
        period=period,
    )


_SHOWN = ("sheet", "cell", "section", "line", "column", "found", "expected")
_names_of: dict[str, dict[str, dict[Language, str]]] = {}


def _rule_names(contracts: Contracts) -> dict[str, dict[Language, str]]:
    if contracts.content_hash not in _names_of:
        books = [*contracts.rule_books.values(), *contracts.cross_rule_books]
        _names_of[contracts.content_hash] = {
            rule.id: {"ru": rule.name.ru, "kk": rule.name.kk, "en": rule.name.en}
            for book in books
            for rule in book.rules
        }
    return _names_of[contracts.content_hash]
