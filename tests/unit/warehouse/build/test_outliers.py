"""The list of outliers in the marts of a build, from its own months and inputs."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.tools.country import outlier_rules
from warehouse.build.outliers import list_outliers
from warehouse.build.schemas import table, write_tables
from warehouse.core.settings import Settings

REGIONS = [f"{number}0000000" for number in range(10, 22)]
SLIP = (REGIONS[3], 30)
MONTHS = 36
TEXT = "{territory_kato}: {observed}"


def build(folder: Path, months: int, *, broken_in: tuple[str, str] | None = None) -> Path:
    """A build of twelve regions with about 400 cases a month, one of which lost a digit.

    `broken_in`: first and first settled month of a break in the series.
    """
    random = np.random.default_rng(1)
    database = folder / "warehouse.duckdb"
    codes = ["OUTLIER_HIGH", "OUTLIER_LOW", "OUTLIER_LOST_DIGIT", "OUTLIER_DOUBLED_MONTH"]
    texts = [
        {"finding_code": code, **dict.fromkeys(("text_ru", "text_kk", "text_en"), TEXT)}
        for code in codes
    ]
    write_tables(
        folder / "inputs",
        {
            "outlier_rules": table("outlier_rules", [outlier_rules()]),
            "finding_texts": table("finding_texts", texts),
        },
    )
    with duckdb.connect(database) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.dim_indicator as select 'THEFT' as indicator_code,"
            " 'crime' as domain, false as is_derived, 'flow' as measure_type, 'count' as unit,"
            " 'Кражи' as name_ru,"
            " null::varchar as name_kk, null::varchar as name_en"
        )
        connection.execute(
            "create table marts.dim_territory as select unnest($katos) as territory_kato,"
            " '000000000' as parent_kato, 'oblast' as territory_level, 'Область' as name_ru,"
            " null::varchar as name_kk, null::varchar as name_en,"
            " null::varchar as split_from_kato, null::date as valid_from",
            {"katos": REGIONS},
        )
        connection.execute(
            "create table marts.fct_indicator_values (indicator_code varchar,"
            " territory_kato varchar, period_month date, basis varchar, value double,"
            " submission_id varchar, received_at_max timestamp, status_reason varchar)"
        )
        rows = [
            (kato, number, 40 if (kato, number) == SLIP else int(random.poisson(400)))
            for kato in REGIONS
            for number in range(months)
        ]
        connection.executemany(
            "insert into marts.fct_indicator_values select 'THEFT', $1,"
            " (date '2022-01-01' + to_months($2))::date, 'month', $3, 's' || $1 || $2,"
            " timestamp '2025-01-05 09:00:00', null",
            rows,
        )
        connection.execute(
            "create table marts.dim_series_break (indicator_code varchar, from_month date,"
            " settled_month date)"
        )
        if broken_in:
            connection.execute(
                "insert into marts.dim_series_break values ('THEFT', $1, $2)", broken_in
            )
        connection.execute(
            "create table marts.rpt_outliers (indicator_code varchar, territory_kato varchar,"
            " period_month date, observed double, expected double, low double, high double,"
            " probability double, q_value double, direction varchar, reason varchar,"
            " severity varchar, pattern varchar, suggested_value double, partner varchar,"
            " finding_code varchar, message_ru varchar, message_kk varchar, message_en varchar,"
            " submission_id varchar, received_at timestamp)"
        )
    return database


def listed(database: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute(
            "select territory_kato, strftime(period_month, '%Y-%m'), observed, severity, pattern,"
            " expected, submission_id, message_ru from marts.rpt_outliers"
            " order by probability"
        ).fetchall()


def test_a_lost_digit_is_listed_beside_what_was_expected(tmp_path: Path) -> None:
    database = build(tmp_path, MONTHS)

    count = list_outliers(database, tmp_path / "inputs", Settings(home=tmp_path))

    first, *others = listed(database)
    assert len(others) == count - 1 <= 5
    kato, month, observed, severity, pattern, expected, submission, message = first
    assert (kato, month, observed) == (SLIP[0], "2024-07", 40)
    assert (severity, pattern) == ("warning", "lost_digit")
    assert expected == pytest.approx(400, rel=0.1)
    assert submission == f"s{SLIP[0]}30"
    assert message == "Область: 40"


def test_nothing_is_compared_across_a_break_in_series(tmp_path: Path) -> None:
    database = build(tmp_path, MONTHS, broken_in=("2024-05-01", "2024-07-01"))

    list_outliers(database, tmp_path / "inputs", Settings(home=tmp_path))

    assert all(str(month) < "2024-05" for _, month, *_ in listed(database))


def test_listing_again_gives_the_same_rows(tmp_path: Path) -> None:
    database = build(tmp_path, MONTHS)
    list_outliers(database, tmp_path / "inputs", Settings(home=tmp_path))
    once = listed(database)
    list_outliers(database, tmp_path / "inputs", Settings(home=tmp_path))
    assert listed(database) == once


def test_a_short_history_lists_nothing(tmp_path: Path) -> None:
    database = build(tmp_path, 6)
    assert list_outliers(database, tmp_path / "inputs", Settings(home=tmp_path)) == 0
    assert listed(database) == []
