"""A release is refused for each thing that must not happen to a figure on its way."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from expectations import release_gate
from expectations.release_checks import checks
from expectations.release_gate import RESULT_NAME, judge
from expectations.statistics_checks import statistics_checks
from tests.tools.country import Build, built_country
from warehouse.core.texts import LANGUAGES, load_texts


@pytest.fixture(scope="module")
def built(run_folder: Path, parsed_models: None) -> Build:
    return built_country(run_folder)


def test_a_sound_build_passes_and_leaves_its_result(built: Build) -> None:
    database = built.result.database
    result = judge(database, built.inputs, built.country.lake)

    kept = json.loads((database.parent / RESULT_NAME).read_text(encoding="utf-8"))
    assert result.in_words() == []
    assert kept["is_passed"] is True
    # Its history is too short for a verdict on outliers, and no borders move in it; every other
    # check has something to judge.
    judged = {code for code, rows in result.rows.items() if rows > 0}
    idle = {"OUTLIERS_ARE_PUBLISHED_MONTHS", "KEY_OUTLIERS", "TOTALS_ACROSS_BORDERS"}
    assert set(result.rows) - judged == idle


def test_every_check_has_a_text_of_its_own_and_every_text_a_check() -> None:
    found = (*checks(("registered",)), *statistics_checks())
    assert {check.text or check.code for check in found} == load_texts("release_gate").by_key.keys()
    assert len({check.code for check in found}) == len(found)


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        (
            "KEY_INDICATOR_VALUES",
            "insert into {fct} select * from {fct} where territory_kato = '300000000'"
            " and period_month = '2025-02-01' limit 1",
        ),
        (
            "KEY_CRIMES",
            "insert into marts.fct_crimes select * from marts.fct_crimes"
            " where period_month = '2025-02-01' limit 1",
        ),
        ("KEY_IN_FORCE", "update marts.rpt_submissions set is_in_force = true"),
        ("STATUS_KNOWN", "update marts.rpt_coverage set status = 'complete'"),
        (
            "VALUE_FITS_STATUS",
            "update {fct} set value = 0 where status = 'withheld'",
        ),
        (
            "COUNT_NOT_NEGATIVE",
            "update {fct} set value = -1 where value = 0 and basis = 'ytd'",
        ),
        ("COVERAGE_SHARE_IN_RANGE", "update {fct} set coverage_share = 1.05 where value = 25"),
        (
            "POPULATION_COVERAGE_SHARE_IN_RANGE",
            "update marts.rpt_coverage set population_coverage_share = -0.1",
        ),
        ("COVERAGE_EQUALS_LEDGER", "update marts.rpt_coverage set accepted_units = 3"),
        (
            "REGION_EQUALS_CELLS",
            "update {fct} set value = value + 1 where territory_kato = '100000000'",
        ),
        (
            "OFFENCES_EQUAL_CELLS",
            "update marts.fct_crimes set ended = ended + 1 where submission_id is not null",
        ),
        (
            "TOTAL_EQUALS_PARTS",
            "update {fct} set numerator = numerator + 1 where territory_kato = '000000000'",
        ),
        (
            "MONTHS_SUM_TO_YTD",
            "update {fct} set span_value = span_value - 1 where basis = 'month'",
        ),
        ("PRINTED_MONTHS_EXPLAINED", "delete from marts.rpt_reconciliation"),
        ("PRINTED_MONTHS_EXPLAINED", "delete from marts.rpt_restatements"),
        (
            "OUTLIERS_ARE_PUBLISHED_MONTHS",
            "insert into marts.rpt_outliers by name select indicator_code, territory_kato,"
            " period_month, value + 1 as observed from {fct} where basis = 'month'"
            " and period_month = '2025-02-01' limit 1",
        ),
        (
            "REPUBLIC_SAME_IN_BOTH_SERIES",
            "update marts.fct_indicator_values_as_is set group_numerator = group_numerator + 1"
            " where territory_kato = '100000000'",
        ),
        (
            "KEY_OUTLIERS",
            "insert into marts.rpt_outliers by name select indicator_code, territory_kato,"
            " period_month, value as observed from"
            " (from {fct} where basis = 'month' and value is not null"
            " and period_month = '2025-02-01' limit 1), range(2)",
        ),
        ("LAST_WORD_IS_PUBLISHED", "update marts.rpt_revision_triangle set value = value + 1"),
        ("REGION_TRACEABLE", "update {fct} set submission_id = 'unknown'"),
        ("MART_NOT_EMPTY", "delete from marts.fct_crimes"),
        ("INDICATORS_PRESENT", "delete from {fct} where indicator_code = 'CLEARANCE'"),
        ("SUBMISSIONS_PRESENT", "delete from marts.rpt_submissions where verdict = 'rejected'"),
    ],
)
def test_a_spoilt_mart_is_refused(built: Build, tmp_path: Path, code: str, sql: str) -> None:
    database = tmp_path / "warehouse.duckdb"
    shutil.copy(built.result.database, database)
    with duckdb.connect(database) as connection:
        connection.execute(sql.format(fct="marts.fct_indicator_values"))

    # What is spoilt stands in the newer of its two years.
    result = judge(database, built.inputs, built.country.lake, years=[2025])

    assert not result.is_passed
    failure = next(f for f in result.failures if f.code == code)
    assert failure.count > 0
    assert failure.examples
    assert set(failure.text) == set(LANGUAGES)
    assert failure.examples[0] in failure.text["ru"]


def test_rows_judged_a_few_at_a_time_give_the_same_result(
    built: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "warehouse.duckdb"
    shutil.copy(built.result.database, database)
    with duckdb.connect(database) as connection:
        connection.execute("insert into marts.fct_crimes select * from marts.fct_crimes limit 9")
        connection.execute("update marts.fct_indicator_values set value = 0 where value is null")
    whole = judge(database, built.inputs, built.country.lake)

    monkeypatch.setattr(release_gate, "ROWS_AT_ONCE", 500)
    in_parts = judge(database, built.inputs, built.country.lake)

    assert in_parts.rows == whole.rows
    counts = [{f.code: f.count for f in result.failures} for result in (whole, in_parts)]
    assert counts[0] == counts[1]
    assert {"KEY_CRIMES", "VALUE_FITS_STATUS"} <= set(counts[0])
