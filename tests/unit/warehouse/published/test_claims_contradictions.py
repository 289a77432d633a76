"""Contradictions between published figures come out of rules; `#n` is the row of the computed
checks in the reference data (inconsistencies.md) that says what a person found by hand."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.contracts.claims import Claim, Claims, load_claims
from warehouse.core.records import CONTRACTS_DIR
from warehouse.published.claims.bounds import Interval, interval, rounding_unit
from warehouse.published.claims.contradictions import Contradiction, find_contradictions

HARD_BY_HAND = {
    "#1": {"C0004", "C2012"},
    "#3": {"C2003", "C2004", "C2005", "C2006", "C2007", "C2008", "C2009", "C2010"},
    "#6": {"C0013", "C2019", "C2021"},
    "#7": {"C1009", "C1010", "C1011", "C1012"},
    "#21": {"C0009", "C2014"},
    "#23": {"C1019", "C1020", "C1021"},
    "#34": {"C3011"},
    "#38 leaflets": {"C0008", "C2017"},
    "#38 seizures": {"C0015", "C2023"},
}


@pytest.fixture(scope="module")
def register() -> Claims:
    return load_claims()


@pytest.fixture(scope="module")
def found(register: Claims) -> list[Contradiction]:
    return find_contradictions(register)


def figure(claim_id: str, value: str, **changes: object) -> Claim:
    fields: dict[str, object] = {
        "claim_id": claim_id,
        "source": "a",
        "published_date": date(2026, 1, 10),
        "territory_name": "Кызылординская область",
        "kato": "430000000",
        "period_start": date(2025, 1, 1),
        "period_end": date(2025, 12, 31),
        "indicator_code": "DRG_OFF",
        "qualifier": "exact",
        "value": Decimal(value),
        "unit": "count",
        "quote": "…",
        "speaker": "…",
    }
    return Claim.model_validate(fields | changes)


def codes(register: Claims, *claims: Claim) -> set[str]:
    return {c.code for c in find_contradictions(replace(register, claims=claims))}


def test_the_register_holds_every_published_figure_once(register: Claims) -> None:
    rows = (CONTRACTS_DIR / "claims" / "claims.csv").read_text(encoding="utf-8")
    listed = [row["claim_id"] for row in csv.DictReader(io.StringIO(rows))]
    assert [claim.claim_id for claim in register.claims] == listed
    assert len(set(listed)) == len(listed) > 100


def test_every_hard_contradiction_that_people_found_comes_out_and_no_other(
    found: list[Contradiction],
) -> None:
    hard = [set(c.claim_ids) for c in found if c.severity == "hard"]
    assert sorted(map(sorted, hard)) == sorted(map(sorted, HARD_BY_HAND.values()))


@pytest.mark.parametrize(
    ("check", "claim_ids"),
    [
        ("#9 drug offences 131 then 304", {"C0012", "C1007"}),
        ("#13 77 cameras in 8 centres are 616", {"C0002", "C1003"}),
        ("#14 centres 7 then 8", {"C2031", "C1002"}),
        ("#19 offences −3 % then −2 %", {"C0001", "C1001"}),
        ("#20 fraud 619, +101 %", {"C1023", "C1024"}),
        ("#24 492 victims in 415 crashes", {"C1030", "C1031"}),
        ("#26 gross violations", {"C1028", "C1029"}),
        ("#29 administrative offences", {"C3004", "C4003"}),
        ("#30 traffic among administrative", {"C3004", "C3025"}),
        ("#40 six classes", {"C1033"}),
    ],
)
def test_consistent_figures_are_not_accused(
    found: list[Contradiction], check: str, claim_ids: set[str]
) -> None:
    accusing = [c for c in found if claim_ids <= set(c.claim_ids) and c.code != "CLAIM_UNDATED"]
    assert accusing == [], check


def test_the_bases_of_two_national_falls_are_asked_about(found: list[Contradiction]) -> None:
    (apart,) = [c for c in found if c.code == "CLAIM_BASES_APART"]
    assert apart.severity == "soft"
    # By hand: 8 500 / 13.5 % … 9 500 / 12.5 % in 212 days; 8 000 / 9.5 % … 9 000 / 8.5 % in 363.
    assert apart.params["first_low"] == round(8500 / 0.135 * 365 / 212)
    assert apart.params["second_high"] == round(9000 / 0.085 * 365 / 363)


def test_a_cumulative_figure_that_falls_is_found(register: Claims) -> None:
    june = figure("A", "131", period_end=date(2025, 6, 30))
    year = figure("B", "120")
    assert codes(register, june, year) == {"CLAIM_TOTAL_FALLS"}


def test_growth_that_no_whole_number_gives_is_found(register: Claims) -> None:
    level = figure("A", "5")
    growth = figure("B", "47.9", qualifier="rise_pct", unit="percent", comparison="prior_year")
    assert codes(register, level, growth) == {"CLAIM_IMPOSSIBLE_BASE"}


def test_growth_from_a_possible_base_is_not_accused(register: Claims) -> None:
    level = figure("A", "15")  # 10 → 15
    growth = figure("B", "50", qualifier="rise_pct", unit="percent", comparison="prior_year")
    assert codes(register, level, growth) == set()


@pytest.mark.parametrize(
    ("value", "unit"),
    [("15900000", "100000"), ("47.9", "0.1"), ("20", "1"), ("52295", "1"), ("1800", "100")],
)
def test_closing_zeros_are_read_as_rounding(value: str, unit: str) -> None:
    assert rounding_unit(Decimal(value)) == Decimal(unit)


@given(st.integers(0, 10**9), st.sampled_from(["exact", "about", "more_than", "less_than"]))
def test_what_is_said_is_always_allowed(value: int, qualifier: str) -> None:
    register = load_claims()
    allowed = interval(Decimal(value), register.qualifiers[qualifier])
    assert allowed.low <= value <= allowed.high


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_meeting_is_mutual(a: int, b: int, c: int, d: int) -> None:
    first = Interval(Decimal(min(a, b)), Decimal(max(a, b)))
    second = Interval(Decimal(min(c, d)), Decimal(max(c, d)))
    assert first.meets(second) == second.meets(first)
