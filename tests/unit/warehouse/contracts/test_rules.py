"""Control rules as data: what their files must hold, and the document made from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warehouse.contracts import Contracts, load_contracts
from warehouse.contracts.rules import Rule, load_rule_book
from warehouse.core.records import ContractError
from warehouse.published.rules_page import guarded, render

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "control-rules.md"

RULE: dict[str, Any] = {
    "id": "T-1",
    "kind": "lines",
    "sections": ["R"],
    "left": 1,
    "op": "=",
    "right": 2,
    "name": {"ru": "правило", "kk": "ереже", "en": "rule"},
    "holds": "exact",
    "evidence": {"regions": 1, "comparisons": 1, "nonzero": 1, "broken": 0},
}
BROKEN = {"regions": 1, "comparisons": 1, "nonzero": 1, "broken": 1}


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"right": None}, "left and right go together"),
        ({"left": None, "right": None}, "or instances"),
        ({"sections": []}, "name their sections"),
        ({"kind": "forms"}, "name their sections"),
        ({"evidence": BROKEN}, "must agree"),
        ({"holds": "nearly"}, "must agree"),
        ({"op": "<"}, "op"),
        ({"name": {"ru": "правило", "kk": "", "en": "rule"}}, r"name\.kk"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_rule_that_is_not_whole_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=rf"(?s){reason}"):
        Rule.model_validate(RULE | change)


def test_an_id_may_stand_only_once_in_a_book(tmp_path: Path) -> None:
    entry = """
rules:
  - {id: T-1, kind: lines, sections: [R], left: 1, op: "=", right: 2, holds: exact,
     name: {ru: п, kk: е, en: r},
     evidence: {regions: 1, comparisons: 1, nonzero: 1, broken: 0}}
"""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules.yml").write_text(entry, encoding="utf-8")
    (tmp_path / "rules" / "more.yml").write_text(entry, encoding="utf-8")
    with pytest.raises(ContractError, match="'T-1' stands twice"):
        load_rule_book(tmp_path)


def test_official_identities_are_warnings(contracts: Contracts) -> None:
    for form in contracts.official_forms:
        assert {rule.severity for rule in contracts.rules_for(form)} == {"warning"}
    assert {rule.severity for rule in contracts.cross_rules} == {"warning"}


def test_every_rule_says_which_words_of_the_form_justify_it(contracts: Contracts) -> None:
    rules = [rule for form in contracts.form_versions for rule in contracts.rules_for(form)]
    assert [rule.id for rule in (*rules, *contracts.cross_rules) if not rule.because] == []


def test_every_sheet_but_the_empty_one_is_guarded_by_several_rules(contracts: Contracts) -> None:
    for form in contracts.official_forms:
        counts = guarded((form,), contracts.rules_for(form))
        for section, start, end in zip(form.sections, form.offsets, form.offsets[1:], strict=False):
            least = 0 if (form.code, section.code) == ("SNG-1", "R3") else 2
            assert np.max(counts[start:end]) >= least, section.code


def test_the_document_is_current(contracts: Contracts) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(contracts), (
        "make it again: python -m warehouse.published.rules_page > docs/control-rules.md"
    )
