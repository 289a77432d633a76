from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ingestion.judge.control_rules import compile_rules, evaluate
from mvd.demo.country import Country
from mvd.demo.tables import TableFigures
from mvd.demo.targets import by_form, targets
from warehouse.contracts import Form, load_contracts

CONTRACTS = load_contracts()
COUNTRY = Country(CONTRACTS, 2024, 2026)
TARGETS = by_form(targets(CONTRACTS))
KYZYLORDA, ALMATY = "430000000", "750000000"
FORMS = [form.code for form in CONTRACTS.table_forms]


@cache
def figures_of(code: str) -> TableFigures:
    return TableFigures(CONTRACTS.forms[code], COUNTRY, 1, TARGETS.get(code, ()))


def form_of(code: str, period: str, territory: str = KYZYLORDA) -> Form:
    return CONTRACTS.form(code, period, territory)


def rows(code: str, period: str, territory: str = KYZYLORDA) -> NDArray[np.float64]:
    form = form_of(code, period, territory)
    figures = figures_of(code).of(form, period)
    return figures.reshape(-1, len(form.sections[0].columns))


@pytest.mark.parametrize("code", FORMS)
@pytest.mark.parametrize("territory", [KYZYLORDA, ALMATY])
def test_figures_break_no_control_rule(code: str, territory: str) -> None:
    form = form_of(code, "2025-12", territory)
    rules = compile_rules(form, CONTRACTS.rule_book(form))
    figures = figures_of(code).of(form, "2025-12")
    assert len(rules) >= len(form.sections[0].columns)
    assert evaluate(rules, figures).ok.all()


@pytest.mark.parametrize("code", FORMS)
def test_every_figure_is_a_number_and_counts_are_whole(code: str) -> None:
    figures = rows(code, "2025-03")
    whole = [column.integral for column in form_of(code, "2025-03").sections[0].columns]
    assert (figures >= 0).all()
    assert np.array_equal(figures[:, whole], np.floor(figures[:, whole]))


@pytest.mark.parametrize("code", FORMS)
def test_flows_never_fall_within_a_year_and_stocks_hardly_move(code: str) -> None:
    columns = form_of(code, "2025-03").sections[0].columns
    flows = [column.measure == "flow" for column in columns]
    stocks = [column.measure == "stock" for column in columns]
    winter, autumn = rows(code, "2025-01"), rows(code, "2025-10")
    assert (autumn[:, flows] >= winter[:, flows]).all()
    assert (autumn[:, stocks] <= winter[:, stocks] * 1.1 + 2).all()
    assert (autumn[:, stocks] >= winter[:, stocks] * 0.9 - 2).all()


def test_hemp_is_seized_in_autumn() -> None:
    # Of Almaty: the months of Kyzylorda follow what was published of it.
    until = {month: rows("DRG-M", f"2025-{month:02d}", ALMATY)[-1, 0] for month in (2, 7, 9)}
    assert until[9] - until[7] > 1.2 * until[2]


def test_last_years_reports_are_other_figures_of_the_same_size() -> None:
    now, before = rows("TRF-M", "2025-12", ALMATY)[-1], rows("TRF-M", "2024-12", ALMATY)[-1]
    assert not np.array_equal(now, before)
    assert 0.8 < now[0] / before[0] < 1.25


def test_calls_a_day_are_the_calls_by_the_days_since_january() -> None:
    figures = rows("COU-M", "2025-02")[:-1]
    assert np.array_equal(figures[:, 11], np.round(figures[:, 10] / 59))
