"""A figure that somebody wants to say is checked and registered without code."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from warehouse.contracts import CONTRACTS_DIR, load_contracts
from warehouse.contracts.claims import Claim
from warehouse.core.errors import UserError
from warehouse.published.claims.check import add, judge, next_id

CONTRACTS = load_contracts()


def figure(claim_id: str = "C9000", indicator: str = "DRG_OFF", kato: str = "430000000") -> Claim:
    return Claim(
        claim_id=claim_id,
        source="pressa-1",
        published_date=date(2026, 3, 5),
        territory_name="Кызылординская область",
        kato=kato,
        period_start=date(2025, 1, 1),
        period_end=date(2025, 12, 31),
        indicator_code=indicator,
        qualifier="exact",
        value=Decimal(304),
        unit="count",
        quote="выявлено 304, «и это»",
        speaker="пресс-служба",
    )


@pytest.mark.parametrize(
    ("observed", "status", "verdict", "reason"),
    [
        (304.0, "final", "confirmed", None),
        (304.4, "final", "within_qualifier", None),
        (305.0, "final", "contradicted", None),
        (303.0, "final", "contradicted", None),
        (304.0, "partial", "not_covered", "partial"),
        (None, "final", "not_covered", "no_comparable_year"),
        (None, None, "not_covered", "no_such_figure"),
    ],
)
def test_a_figure_is_judged_by_what_its_words_allow(
    observed: float | None, status: str | None, verdict: str, reason: str | None
) -> None:
    row = {
        "not_checkable_reason": None,
        "low": 303.5,
        "high": 304.5,
        "qualifier": "exact",
        "stated_value": 304.0,
    }
    assert judge(row, status, observed) == (verdict, reason)


def test_a_figure_that_is_added_is_read_back_as_it_was_said(tmp_path: Path) -> None:
    shutil.copytree(CONTRACTS_DIR, tmp_path / "contracts")
    contracts = load_contracts(tmp_path / "contracts")
    added = figure(next_id(contracts))
    add(added, contracts)
    load_contracts.cache_clear()
    claims = load_contracts(tmp_path / "contracts").claims.claims
    assert claims[-1] == added
    assert len(claims) == len(CONTRACTS.claims.claims) + 1


@pytest.mark.parametrize(
    "unknown", [figure(indicator="NO_SUCH"), figure(kato="999999999")], ids=["indicator", "kato"]
)
def test_what_the_contracts_do_not_know_is_refused_and_nothing_is_written(
    unknown: Claim, tmp_path: Path
) -> None:
    shutil.copytree(CONTRACTS_DIR, tmp_path / "contracts")
    contracts = load_contracts(tmp_path / "contracts")
    register = tmp_path / "contracts/claims/claims.csv"
    before = register.read_bytes()
    with pytest.raises(UserError, match=r"CLAIM_UNKNOWN_WORD|TERRITORY_CODE_UNKNOWN"):
        add(unknown, contracts)
    assert register.read_bytes() == before
