# ruff: noqa: S608 - the queries are put together from constants of the tests
"""The marts of a small country of which a part was split off: no month runs across the border.

South has 100 on 31 May. On 15 June East is split off: South has 60 at the end of June, East 45.
"""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.release_gate import judge
from tests.tools.country import EAST, NORTH, REPUBLIC, SOUTH, Build, Country, figures
from warehouse.build.transform import transform

SPLIT_ON = date(2022, 6, 15)


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Build:
    root = tmp_path_factory.mktemp("divided")
    country = Country(root, split_on=SPLIT_ON)
    country.expect("2022-04", "2022-05", territories=(NORTH, SOUTH))
    country.expect("2022-06", "2022-07", "2023-05", "2023-06", "2023-07")
    told = {
        "2022-04": {NORTH: (7, 7), SOUTH: (90, 90)},
        "2022-05": {NORTH: (10, 3), SOUTH: (100, 10)},
        "2022-06": {NORTH: (14, 4), SOUTH: (60, 3), EAST: (45, 2)},
        "2022-07": {NORTH: (20, 6), SOUTH: (66, 6), EAST: (50, 5)},
        "2023-05": {NORTH: (9, 9), SOUTH: (40, 40), EAST: (20, 20)},
        "2023-06": {NORTH: (15, 6), SOUTH: (46, 6), EAST: (26, 6)},
        "2023-07": {NORTH: (16, 1), SOUTH: (50, 4), EAST: (30, 4)},
    }
    for period, units in told.items():
        for kato, (since_january, in_month) in units.items():
            country.report(kato, period, figures(since_january, ended=1, in_month=in_month))
    inputs = country.write()
    result = transform(inputs, country.lake, root / "build")
    assert result.is_successful, result.in_words()
    return Build(country, inputs, result)


def month(built: Build, columns: str, territory: str, period: str) -> tuple[Any, ...]:
    """Columns of the month of REGISTERED in fct_indicator_values."""
    (row,) = built.rows(
        f"select {columns} from marts.fct_indicator_values"
        f" where indicator_code = 'REGISTERED' and territory_kato = '{territory}'"
        f" and period_month = '{period}-01' and basis = 'month'"
    )
    return row


@pytest.mark.parametrize(
    ("territory", "period", "value", "status", "reason"),
    [
        (SOUTH, "2022-05", 10, "final", None),
        (SOUTH, "2022-06", None, "missing", "border_change"),
        (EAST, "2022-06", None, "missing", "border_change"),
        (SOUTH, "2022-07", 6, "final", None),
        (EAST, "2022-07", 5, "final", None),
        (NORTH, "2022-06", 4, "final", None),
        (REPUBLIC, "2022-06", 9, "final", None),
        (REPUBLIC, "2022-07", 17, "final", None),
    ],
)
def test_only_the_month_of_the_change_is_unknown_and_only_for_those_redrawn(
    divided: Build, territory: str, period: str, value: float | None, status: str, reason: str
) -> None:
    row = month(divided, "value, status, status_reason", territory, period)
    assert row == (value, status, reason)


def test_the_year_to_date_stands_as_a_span_from_january(divided: Build) -> None:
    columns = "span_value, span_start, per_100k, value_prior_year, growth_code"
    assert month(divided, columns, SOUTH, "2022-06") == (60, date(2022, 1, 1), None, None, None)
    assert month(divided, columns, EAST, "2022-06") == (45, date(2022, 1, 1), None, None, None)


def test_a_year_later_the_month_is_compared_with_nothing_and_says_why(divided: Build) -> None:
    columns = "value, value_prior_year, change_pct, growth_code"
    for territory in (SOUTH, EAST):
        assert month(divided, columns, territory, "2023-06") == (6, None, None, "borders_changed")
    assert month(divided, "value_comparable, value_prior_year", NORTH, "2023-06") == (6, 4)
    assert month(divided, "value_comparable, value_prior_year", SOUTH, "2023-07") == (4, 6)


def test_rates_of_the_month_are_missing_where_it_is_and_whole_above(divided: Build) -> None:
    rows = divided.rows(
        "select territory_kato, value, status_reason from marts.fct_indicator_values"
        " where indicator_code = 'PER_10K' and period_month = '2022-06-01' and basis = 'month'"
        " order by territory_kato"
    )
    assert rows == [
        (REPUBLIC, pytest.approx(10000 * 9 / 1000), None),
        (NORTH, pytest.approx(10000 * 4 / 500), None),
        (SOUTH, None, "border_change"),
        (EAST, None, "border_change"),
    ]


def test_offences_follow_the_same_rule(divided: Build) -> None:
    rows = divided.rows(
        "select territory_kato, registered, ended, status, status_reason from marts.fct_crimes"
        " where period_month = '2022-06-01' and basis = 'month' order by territory_kato"
    )
    assert rows == [
        (REPUBLIC, 9, 1, "final", None),
        (NORTH, 4, 0, "final", None),
        (SOUTH, None, None, "missing", "border_change"),
        (EAST, None, None, "missing", "border_change"),
    ]


def test_nothing_is_told_as_a_restatement(divided: Build) -> None:
    assert divided.rows("select * from marts.rpt_restatements") == []
    assert divided.rows("select * from marts.rpt_revision_triangle") == []
    assert divided.rows("select * from marts.rpt_reconciliation") == []


def test_the_series_of_today_says_the_same(divided: Build) -> None:
    rows = divided.rows(
        "select territory_kato, value_as_was, value, method, status, status_reason"
        " from marts.fct_indicator_values_as_is where indicator_code = 'REGISTERED'"
        " and period_month = '2022-06-01' and basis = 'month' order by territory_kato"
    )
    assert rows == [
        (REPUBLIC, 9, 9, "as_was", "final", None),
        (NORTH, 4, 4, "as_was", "final", None),
        (SOUTH, None, None, "not_separable", "missing", "border_change"),
        (EAST, None, None, "not_separable", "missing", "border_change"),
    ]


def test_dashboards_show_no_month_and_the_reason(divided: Build) -> None:
    rows = divided.rows(
        "select territory_kato, month_value, month_status, month_status_reason, ytd_value"
        " from marts.rpt_dashboard_figures where indicator_code = 'REGISTERED'"
        f" and period_month = '2022-06-01' and territory_kato in ('{SOUTH}', '{EAST}')"
        " order by territory_kato"
    )
    assert rows == [
        (SOUTH, None, "missing", "border_change", 60),
        (EAST, None, "missing", "border_change", 45),
    ]
    offences = divided.rows(
        "select month_registered, ytd_registered from marts.rpt_dashboard_offences"
        f" where period_month = '2022-06-01' and territory_kato = '{SOUTH}'"
    )
    assert offences == [(None, 60)]


def test_the_gate_lets_it_pass(divided: Build) -> None:
    result = judge(Path(divided.result.database), divided.inputs, divided.country.lake)
    assert [failure.code for failure in result.failures] == []


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        # What was published before the rule: June of South as 60 - 100.
        (
            "MONTHS_WITHIN_BORDERS",
            "update marts.fct_indicator_values set value = -40, status = 'final'"
            " where indicator_code = 'REGISTERED' and territory_kato = '200000000'"
            " and period_month = '2022-06-01' and basis = 'month'",
        ),
        (
            "MONTHS_WITHIN_BORDERS",
            "update marts.fct_crimes set registered = 45 where territory_kato = '300000000'"
            " and period_month = '2022-06-01' and basis = 'month'",
        ),
        # Below zero where the year to date did not fall.
        (
            "MONTHS_WITHIN_BORDERS",
            "update marts.fct_indicator_values set value = -4"
            " where indicator_code = 'REGISTERED' and territory_kato = '100000000'"
            " and period_month = '2022-06-01' and basis = 'month'",
        ),
        (
            "TOTALS_ACROSS_BORDERS",
            "update marts.fct_indicator_values set value = 4"
            " where indicator_code = 'REGISTERED' and territory_kato = '000000000'"
            " and period_month = '2022-06-01' and basis = 'month'",
        ),
        (
            "RESTATEMENTS_WITHIN_BORDERS",
            "insert into marts.rpt_restatements by name select 'REGISTERED' as indicator_code,"
            " '200000000' as territory_kato, date '2022-05-01' as period_month,"
            " date '2022-06-01' as reported_month",
        ),
    ],
)
def test_the_gate_refuses_what_runs_across_the_border(
    divided: Build, tmp_path: Path, code: str, sql: str
) -> None:
    database = tmp_path / "warehouse.duckdb"
    shutil.copy(divided.result.database, database)
    with duckdb.connect(database) as connection:
        connection.execute(sql)

    result = judge(database, divided.inputs, divided.country.lake)

    failure = next(f for f in result.failures if f.code == code)
    assert failure.count == 1
    assert failure.examples


@pytest.mark.parametrize(
    ("period", "with_rate"),
    [
        ("2022-05", [NORTH, SOUTH]),
        ("2022-07", [NORTH]),
        ("2023-05", [NORTH, SOUTH, EAST]),
    ],
)
def test_only_the_months_after_the_change_of_its_year_have_no_rate(
    divided: Build, period: str, with_rate: list[str]
) -> None:
    rows = divided.rows(
        "select territory_kato from marts.fct_indicator_values where per_100k is not null"
        f" and indicator_code = 'REGISTERED' and basis = 'ytd' and period_month = '{period}-01'"
        f" and territory_kato in ('{NORTH}', '{SOUTH}', '{EAST}') order by 1"
    )
    assert [kato for (kato,) in rows] == with_rate
