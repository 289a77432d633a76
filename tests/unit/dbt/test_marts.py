# ruff: noqa: S608 - the queries are put together from constants of the tests
"""The marts of a country small enough to be computed on paper."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.tools.country import EAST, NORTH, REPUBLIC, SOUTH, SOUTH_TOWN, Build, built_country
from warehouse.build.schemas import SCHEMAS
from warehouse.contracts import load_contracts
from warehouse.core.texts import load_texts


@pytest.fixture(scope="module")
def built(run_folder: Path) -> Build:
    return built_country(run_folder)


def figure(
    built: Build, columns: str, indicator: str, territory: str, month: str, basis: str
) -> tuple[Any, ...]:
    """Columns of one row of fct_indicator_values."""
    rows = built.rows(
        f"select {columns} from marts.fct_indicator_values"
        f" where indicator_code = '{indicator}' and territory_kato = '{territory}'"
        f" and period_month = '{month}-01' and basis = '{basis}'"
    )
    assert len(rows) == 1
    return rows[0]


def test_every_model_and_test_passes(built: Build) -> None:
    assert built.result.in_words() == []
    assert built.result.is_successful
    kinds = {node.kind for node in built.result.nodes}
    assert {"model", "test", "unit_test"} <= kinds
    assert len(built.result.tests) > 100


@pytest.mark.parametrize(
    ("territory", "month", "basis", "value", "status", "reason"),
    [
        (NORTH, "2025-01", "ytd", 12, "final", None),
        (NORTH, "2025-01", "month", 12, "final", None),
        (NORTH, "2025-02", "ytd", 11, "final", None),
        (NORTH, "2025-02", "month", -1, "final", None),
        (SOUTH, "2025-01", "ytd", 0, "final", None),
        (EAST, "2025-01", "ytd", None, "missing", "rejected"),
        (EAST, "2025-02", "month", None, "missing", "previous_month_missing"),
        (EAST, "2025-03", "ytd", None, "missing", "not_received"),
        (REPUBLIC, "2025-01", "ytd", 12, "partial", "coverage_incomplete"),
        (REPUBLIC, "2025-02", "ytd", 25, "final", None),
        (REPUBLIC, "2025-02", "month", 5, "partial", "coverage_incomplete"),
        (REPUBLIC, "2025-03", "ytd", None, "withheld", "coverage_below_threshold"),
        (SOUTH_TOWN, "2025-04", "ytd", 3, "final", None),
        (SOUTH, "2025-04", "ytd", 7, "final", None),
        (REPUBLIC, "2025-04", "ytd", 32, "partial", "coverage_incomplete"),
    ],
)
def test_registered_offences_are_what_was_reported(
    built: Build,
    territory: str,
    month: str,
    basis: str,
    value: float | None,
    status: str,
    reason: str | None,
) -> None:
    row = figure(built, "value, status, status_reason", "REGISTERED", territory, month, basis)
    assert row == (value, status, reason)


def test_a_total_says_how_many_units_and_people_it_covers(built: Build) -> None:
    columns = (
        "expected_units, received_units, accepted_units, on_time_units, population_coverage_share,"
        " population_date"
    )
    row = figure(built, columns, "REGISTERED", REPUBLIC, "2025-01", "ytd")
    assert row == (3, 3, 2, 2, 0.8, date(2024, 1, 1))


def test_rates_are_formed_from_sums_at_every_level(built: Build) -> None:
    north = figure(built, "value, numerator, denominator", "CLEARANCE", NORTH, "2025-01", "ytd")
    south = figure(built, "value, numerator, denominator", "CLEARANCE", SOUTH, "2025-01", "ytd")
    total = figure(built, "value, numerator, denominator", "CLEARANCE", REPUBLIC, "2025-01", "ytd")
    assert north == (75.0, 6.0, 8.0)
    assert south == (25.0, 1.0, 4.0)
    assert total == (pytest.approx(100 * 7 / 12), 7.0, 12.0)


def test_a_rate_divides_by_the_people_of_the_units_in_it(built: Build) -> None:
    row = figure(built, "value, denominator", "PER_10K", REPUBLIC, "2025-01", "ytd")
    assert row == (pytest.approx(10000 * 12 / 800), 800.0)


def test_last_year_is_compared_over_the_same_units_and_names_the_others(built: Build) -> None:
    columns = (
        "value, value_comparable, value_prior_year, change_abs, change_pct, comparable_units,"
        " left_out_units"
    )
    february = figure(built, columns, "REGISTERED", REPUBLIC, "2025-02", "ytd")
    month = figure(built, columns, "REGISTERED", REPUBLIC, "2025-02", "month")
    assert february == (25, 25, 43, -18, pytest.approx(-100 * 18 / 43), 3, None)
    assert month == (5, 5, 22, -17, pytest.approx(-100 * 17 / 22), 2, "Восток")


def test_a_comparison_across_a_break_in_series_says_so(built: Build) -> None:
    columns = (
        "growth_code, growth_value, break_prior_year, break_from, break_previous_month,"
        " break_inside"
    )
    january = figure(built, columns, "REGISTERED", NORTH, "2025-01", "ytd")
    february = figure(built, columns, "REGISTERED", NORTH, "2025-02", "ytd")
    month = figure(built, columns, "REGISTERED", NORTH, "2025-02", "month")
    from_month = date(2025, 2, 1)
    assert january == ("percent", 20.0, None, None, None, None)
    assert february == ("percent", -63.3, "new_rule", from_month, None, "new_rule")
    assert month == ("percent", -105.0, "new_rule", from_month, "new_rule", None)


def test_a_gap_yields_a_span_and_no_month(built: Build) -> None:
    columns = "value, span_value, span_start, span_months"
    value, span, start, months = figure(built, columns, "REGISTERED", EAST, "2025-02", "month")
    assert (value, span, start.isoformat(), months) == (None, 8, "2025-01-01", 2)


def test_a_month_is_known_when_the_parts_reported_before_and_the_whole_after(built: Build) -> None:
    columns = "value, span_value, span_start, span_months"
    april = figure(built, columns, "REGISTERED", SOUTH, "2025-04", "month")
    may = figure(built, columns, "REGISTERED", SOUTH, "2025-05", "month")
    assert april == (None, 7, date(2025, 1, 1), 4)
    assert may == (2, 2, date(2025, 5, 1), 1)


def test_a_warning_is_shown_with_the_figure_it_concerns(built: Build) -> None:
    columns = "has_warning, has_submission_warning"
    assert figure(built, columns, "ENDED", NORTH, "2025-01", "ytd") == (True, True)
    assert figure(built, columns, "CLEARANCE", REPUBLIC, "2025-01", "ytd") == (True, True)
    assert figure(built, columns, "REGISTERED", NORTH, "2025-01", "ytd") == (False, True)
    assert figure(built, columns, "ENDED", NORTH, "2025-02", "ytd") == (False, False)


def test_offences_follow_the_same_rules(built: Build) -> None:
    rows = built.rows(
        "select territory_kato, basis, registered, ended, street, status from marts.fct_crimes"
        f" where period_month = '2025-02-01' and territory_kato in ('{NORTH}', '{REPUBLIC}')"
        " order by all"
    )
    assert rows == [
        (REPUBLIC, "month", 5, 4, None, "partial"),
        (REPUBLIC, "ytd", 25, 13, None, "final"),
        (NORTH, "month", -1, 3, None, "final"),
        (NORTH, "ytd", 11, 9, None, "final"),
    ]


def test_a_corrected_file_supersedes_and_both_remain(built: Build) -> None:
    rows = built.rows(
        "select version_number, is_in_force, superseded_by is not null, warning_count"
        f" from marts.rpt_submissions where territory_kato = '{NORTH}'"
        " and period_month = '2025-01-01' order by 1"
    )
    assert rows == [(1, False, True, 1), (2, True, False, 1)]


def test_columns_of_models_are_those_that_are_documented(built: Build) -> None:
    manifest = json.loads((built.result.target / "manifest.json").read_text(encoding="utf-8"))
    documented = {
        (node["schema"], node["name"], column)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for column in node["columns"]
    }
    real = built.rows(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('staging', 'intermediate', 'marts')"
    )
    assert set(real) == documented


def test_sources_are_the_tables_that_inputs_write(built: Build) -> None:
    manifest = json.loads((built.result.target / "manifest.json").read_text(encoding="utf-8"))
    sources = {source["name"] for source in manifest["sources"].values()}
    assert sources == set(SCHEMAS) - {"cell_files", "no_cells", "outlier_rules"} | {"cells"}


def test_the_measures_of_the_contract_are_columns_of_the_marts(built: Build) -> None:
    for mart in load_contracts().marts.values():
        rows = built.rows(
            f"select column_name from information_schema.columns where table_name = '{mart.mart}'"
        )
        assert {measure.name for measure in mart.measures} <= {name for (name,) in rows}


def test_months_have_the_names_of_the_texts(built: Build) -> None:
    rows = built.rows(
        "select distinct month_number, month_name_ru, month_name_kk, month_name_en"
        " from marts.dim_period"
    )
    texts = load_texts("months")
    assert rows
    for number, *names in rows:
        assert tuple(names) == texts.in_all_languages(f"{number:02}")
