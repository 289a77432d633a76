"""The demonstration says what was published, and what it cannot say it names."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvd.demo.allocate import Goal, UnreachableError, allocate, base_of, meet
from mvd.demo.country import Country
from mvd.demo.official import calibrate
from mvd.demo.plan import FORMS
from mvd.demo.simulate import Simulation, balance, catalogue
from mvd.demo.space import Space
from mvd.demo.tables import TableFigures
from mvd.demo.targets import Target, by_form, set_aside, targets
from warehouse.contracts import load_contracts
from warehouse.published.claims.contradictions import find_contradictions
from warehouse.published.claims.register import claim_rows

CONTRACTS = load_contracts()
TARGETS = targets(CONTRACTS)
REGIONS = [region.kato for region in CONTRACTS.territories.regions_on(date(2025, 12, 1))]
YearToDate = Callable[[Target, date], float]


def month_before(day: date) -> date:
    return date(day.year, day.month - 1, 1)


def reached(target: Target, year_to_date: YearToDate) -> float:
    now = year_to_date(target, target.month)
    if target.basis == "month":
        return now - year_to_date(target, month_before(target.month))
    if target.quantity == "value":
        return now
    before = year_to_date(target, target.month.replace(year=target.month.year - 1))
    return 100 * (now - before) / before


def names(target: Target) -> str:
    return "+".join(target.claims)


@pytest.fixture(scope="module")
def tables() -> YearToDate:
    country = Country(CONTRACTS, 2024, 2026)
    mine = by_form(TARGETS)
    figures = {
        form.code: TableFigures(form, country, 1, mine.get(form.code, ()))
        for form in CONTRACTS.table_forms
    }

    def year_to_date(target: Target, month: date) -> float:
        source = target.indicator.sources[0]
        own = target.territory
        region = own if own in country.regions else CONTRACTS.territories[own].parent_kato
        total = 0.0
        for kato in REGIONS if own == "000000000" else [str(region)]:
            form = CONTRACTS.form(source.form, f"{month:%Y-%m}", kato)
            section = form.sections[0]
            rows = figures[form.code].of(form, f"{month:%Y-%m}").reshape(len(section.lines), -1)
            wanted = kato if own == "000000000" else own
            (line,) = (i for i, ln in enumerate(section.lines) if ln.territory == wanted)
            total += rows[line, section.column_index[source.column]]
        return total

    return year_to_date


@pytest.fixture(scope="module")
def official() -> YearToDate:
    space = Space([CONTRACTS.forms[code] for code in FORMS])
    mine = [t for t in TARGETS if t.indicator.sources[0].form in FORMS]
    always = sorted({int(cell) for t in mine for cell in space.cells_of(t.indicator)})
    facts = catalogue(space, balance(space, CONTRACTS), atoms=150, seed=3, always=always)
    simulation = Simulation(space, facts, dict.fromkeys(REGIONS, 900_000), 3)
    calibrate(simulation, mine, REGIONS)

    def year_to_date(target: Target, month: date) -> float:
        each = simulation.adding_to(target.indicator)
        members = REGIONS if target.territory == "000000000" else [target.territory]
        years = [simulation.year(kato, month.year)[: month.month] for kato in members]
        return float(sum((year @ each).sum() for year in years))

    return year_to_date


@pytest.mark.parametrize("target", TARGETS, ids=names)
def test_every_published_figure_is_met(
    target: Target, tables: YearToDate, official: YearToDate
) -> None:
    source = official if target.indicator.sources[0].form in FORMS else tables
    found = reached(target, source)
    assert target.low <= found <= target.high or found == pytest.approx(target.value)


def test_what_is_answerable_is_a_target_or_set_aside_with_a_reason() -> None:
    aimed = {claim for target in TARGETS for claim in target.claims}
    answerable = {
        row["claim_id"]: row["period_month"]
        for row in claim_rows(CONTRACTS.claims, CONTRACTS)
        if not row["not_checkable_reason"]
    }
    before_any_form = {claim for claim, month in answerable.items() if month.year < 2021}
    assert aimed | set(set_aside()) | before_any_form == set(answerable)
    assert aimed.isdisjoint(set_aside())
    assert all(set_aside().values())


def test_only_figures_that_something_contradicts_are_set_aside() -> None:
    doubted = {
        claim
        for contradiction in find_contradictions(CONTRACTS.claims)
        if contradiction.severity == "hard"
        for claim in contradiction.claim_ids
    }
    # 54 speed cameras in all, of which 79 operate: no workbook can hold it.
    assert set(set_aside()) - doubted == {"C1004"}


@given(
    weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
    data=st.data(),
)
def test_shares_are_whole_and_add_up(weights: list[float], data: st.DataObject) -> None:
    caps = data.draw(st.lists(st.integers(0, 1000), min_size=len(weights), max_size=len(weights)))
    total = data.draw(st.integers(0, sum(caps)))
    given_out = allocate(np.array(weights), total, np.array(caps))
    assert given_out.sum() == total
    assert (given_out >= 0).all()
    assert (given_out <= np.array(caps)).all()


def test_shares_follow_the_weights() -> None:
    caps = np.full(3, 100)
    assert allocate(np.array([1.0, 2.0, 1.0]), 40, caps).tolist() == [10, 20, 10]
    assert allocate(np.array([1.0, 2.0, 1.0]), 41, caps).tolist() == [10, 21, 10]
    assert allocate(np.zeros(3), 3, caps).tolist() == [1, 1, 1]
    assert allocate(np.array([1.0, 9.0]), 12, np.array([100, 5])).tolist() == [7, 5]


def test_more_than_the_caps_admit_cannot_be_shared_out() -> None:
    with pytest.raises(UnreachableError):
        allocate(np.ones(2), 5, np.array([2, 2]))


def test_a_goal_within_another_is_met_first_and_left_alone() -> None:
    drawn = np.array([[10, 10], [10, 10]])
    first_month = np.array([[True, True], [False, False]])
    goals = [Goal(np.full((2, 2), True), 60, ("C2",)), Goal(first_month, 10, ("C1",))]
    assert meet(drawn, goals, np.full((2, 2), 1000)).tolist() == [[5, 5], [25, 25]]


def test_goals_that_exclude_each_other_name_their_claims() -> None:
    goals = [Goal(np.full(2, True), 3, ("C2",)), Goal(np.array([True, False]), 5, ("C1",))]
    with pytest.raises(UnreachableError, match="C2"):
        meet(np.array([1, 1]), goals, np.full(2, 1000))


def test_the_base_of_a_published_growth_is_a_whole_number() -> None:
    # 619 facts after a growth of 101 %: 308 the year before, as neither 307 nor 309 gives it.
    assert base_of(619, 100.5, 101.5, is_fixed=True) == (619, 308)
    level, base = base_of(1500, 47.85, 47.95, is_fixed=False)
    assert level >= 1500
    assert 47.85 <= 100 * (level - base) / base <= 47.95
