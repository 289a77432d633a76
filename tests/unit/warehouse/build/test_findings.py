"""Contradictions between submissions, as a build tells them."""

from pathlib import Path

import duckdb

from warehouse.build.findings import tell_contradictions
from warehouse.build.schemas import table, write_tables
from warehouse.core.settings import Settings

TEXTS = {
    "text_ru": "{indicator}, {territory}, {period}: {found} вместо {expected} ({difference})",
    "text_kk": "{indicator}, {territory}",
    "text_en": "{found}, {expected}, {difference}",
}


def test_contradictions_are_told_with_names_and_numbers_of_each_language(tmp_path: Path) -> None:
    """7 where 8 is derived; 12 where districts add up to 10.5: 1.5 more. A name without a Kazakh
    form is told in Russian."""
    rows = [{"finding_code": code, "severity": "warning", **TEXTS} for code in ("PRINTED", "PARTS")]
    write_tables(tmp_path, {"finding_texts": table("finding_texts", rows)})
    database = tmp_path / "warehouse.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("""
            create schema marts;
            create table marts.dim_indicator as
                select 'I' as indicator_code, 'Кражи' as name_ru, null as name_kk,
                    'Theft' as name_en;
            create table marts.dim_territory as
                select 'N' as territory_kato, 'Север' as name_ru, 'Солтүстік' as name_kk,
                    'North' as name_en;
            create table marts.rpt_reconciliation as
                select *, null::varchar as message_ru, null::varchar as message_kk,
                    null::varchar as message_en
                from (values
                    ('PRINTED', 'I', 'N', date '2025-01-01', 7.0::double, 8.0::double, -1::double),
                    ('PARTS', 'I', 'N', date '2025-03-01', 12::double, 10.5::double, 1.5::double))
                    as t(finding_code, indicator_code, territory_kato, period_month, found_value,
                        expected_value, difference);
        """)

    tell_contradictions(database, tmp_path, Settings(home=tmp_path))

    with duckdb.connect(database, read_only=True) as connection:
        told = connection.execute(
            "select message_ru, message_kk, message_en from marts.rpt_reconciliation"
            " order by period_month"
        ).fetchall()
    assert told == [
        ("Кражи, Север, 01.2025: 7 вместо 8 (-1)", "Кражи, Солтүстік", "7, 8, -1"),
        ("Кражи, Север, 03.2025: 12 вместо 10,5 (+1,5)", "Кражи, Солтүстік", "12, 10.5, +1.5"),
    ]
