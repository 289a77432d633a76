"""Published tables of a simulated country, of any length, for measuring and for looking at.

Every column that dbt describes is there. The tables that dashboards ask are filled from the
contracts: real territories, indicators and offences; the figures are invented, and some of them are
missing or withheld.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dashboards.names import months, read_yaml
from warehouse.build.transform import PROJECT
from warehouse.contracts import Contracts, load_contracts

_TYPES = {"string": "varchar"}
_FIGURES = """
with cells as (
    select *, hash(indicator_code, territory_kato, period_month) as h,
        period_code * 10 + 9 - depth as precedence,
        case depth when 0 then 400 when 1 then 20 else 1 end as size
    from indicators cross join territories cross join periods
    where depth < 2 or of_districts
),
states as (
    select *, case when depth = 0 then 'final' when h % 29 = 0 then 'missing'
        when h % 31 = 0 then 'withheld' else 'final' end as ytd_status
    from cells
),
numbers as (
    select *, case when ytd_status = 'final' then (size * (5 + h % 90))::double end as ytd_value
    from states
)
select *,
    ytd_value / month_number as month_value, ytd_value / month_number as month_prior_year,
    ytd_status as month_status, ytd_value * 0.9 as ytd_prior_year,
    ytd_value * 0.1 as ytd_change_abs, 11.1 as ytd_change_pct,
    case when ytd_value is not null then 'percent' end as ytd_growth_code,
    case when ytd_value is not null then 11.1 end as ytd_growth_value,
    case when ytd_value is not null then 'percent' end as month_growth_code,
    case when ytd_value is not null then 11.1 end as month_growth_value,
    case when measure_type = 'flow' then ytd_value / size / 10 end as ytd_per_100k,
    case ytd_status when 'missing' then 'not_received' when 'withheld'
        then 'coverage_below_threshold' end as ytd_status_reason,
    case when depth = 0 then 20 else 1 end as expected_units,
    case when ytd_value is null then 0 when depth = 0 then 20 else 1 end as accepted_units,
    (h % 41 = 0) as has_warning, period_month + interval 40 day as received_at_max
from numbers order by indicator_code, period_month, territory_kato
"""

_RANKING = """
select *, ytd_per_100k * 0.8 as rate_low, ytd_per_100k * 1.2 as rate_high, 5.0 as peers_rate,
    12.0 as peers_highest_limit,
    case when ytd_per_100k is null then 'unknown' when ytd_per_100k * 0.8 > 5 then 'higher'
        when ytd_per_100k * 1.2 < 5 then 'lower' else 'same' end as comparison,
    case when ytd_per_100k is not null then 1 end as rank_from,
    case when ytd_per_100k is not null then 20 end as rank_to, 20 as ranked_units
from marts.rpt_dashboard_figures inner join marts.dim_indicator using (indicator_code)
where depth > 0 and is_ranked
"""

_OFFENCES = """
select *, period_code * 10 + 9 - depth as precedence, n as ytd_registered,
    n // 3 as month_registered, n as ytd_comparable, n - n // 10 as ytd_prior_year,
    n // 2 as ended, n // 4 as interrupted, n // 5 as unsolved, n // 3 as sent_to_court,
    n // 6 as against_women, n // 9 as against_minors, n // 7 as public_place, n // 8 as street,
    n // 10 as domestic, 'final' as ytd_status
from (
    select *, (hash(offence_code, territory_kato, period_month) % 900)::bigint as n
    from offences cross join territories cross join periods where depth < 2
)
order by period_month, territory_kato, line_order
"""

_COVERAGE = """
select *, case when depth = 0 then 20 else 1 end as expected_units,
    case when depth = 0 then 20 else 1 end as received_units,
    case when depth = 0 then 20 else 1 end as accepted_units,
    case when depth = 0 then 20 else 1 end as on_time_units, 0 as late_units, 'final' as status,
    1.0 as population_coverage_share, period_month + interval 38 day as deadline_at,
    period_month + interval 40 day as received_at_max
from forms cross join territories cross join periods where depth < 2
"""

_SUBMISSIONS = """
select *, md5(form_code || territory_kato || period_month) as submission_id, 1 as version_number,
    'accepted' as verdict, true as is_in_force, period_month + interval 37 day as received_at,
    true as is_expected, false as is_late, 0 as error_count, 1 as warning_count
from forms cross join territories cross join periods where depth = 1
"""

_FINDINGS = """
select *, 1 as finding_number, 'warning' as severity, '1M-R1-SEVERITY' as rule_id,
    'Раздел 1' as sheet, 'C7' as cell, 'Строка 3 не равна сумме строк 4–7' as message_ru,
    '3-жол 4–7-жолдардың қосындысына тең емес' as message_kk
from marts.rpt_submissions
"""

_RESTATEMENTS = """
select *, 2 as revision_number, ytd_value as previous_value, ytd_value + 1 as value,
    1.0 as change_abs, 'requalification' as classification, period_month as reported_month
from marts.rpt_dashboard_figures where depth = 1 and indicator_code = 'CRM_TOTAL' and ytd_value > 0
"""

_CLAIMS = """
select *, 'C' || row_number() over () as claim_id, 'confirmed' as verdict,
    territory_ru as territory_name, ytd_value as stated_value, ytd_value as observed_value,
    'Столько и было' as quote_text, 'Начальник департамента' as speaker
from marts.rpt_dashboard_figures where depth = 1 and indicator_code = 'TRF_DTP' and ytd_value > 0
"""

_TABLES = {
    "rpt_dashboard_figures": _FIGURES,
    "rpt_dashboard_ranking": _RANKING,
    "rpt_dashboard_offences": _OFFENCES,
    "rpt_coverage": _COVERAGE,
    "rpt_submissions": _SUBMISSIONS,
    "rpt_findings": _FINDINGS,
    "rpt_restatements": _RESTATEMENTS,
    "rpt_claims": _CLAIMS,
}


def write(
    path: Path,
    *,
    months: int,
    last: date,
    districts: bool = True,
    tables: Sequence[str] = tuple(_TABLES),
) -> None:
    """Write a DuckDB file with the schema `marts`, `months` long until the month `last`.

    All tables are there, those with dimensions and those in `tables` have rows.
    """
    contracts = load_contracts()
    with duckdb.connect(path) as connection:
        _create_tables(connection)
        for name, rows in _dimensions(contracts, months, last, districts).items():
            connection.register(name, pa.Table.from_pylist(rows))
        for name in ("territory", "indicator", "offence", "period"):
            _fill(connection, f"dim_{name}", f"select * from dim_{name}")
        _view_with_names(connection)
        for table in tables:
            _fill(connection, table, _TABLES[table])


def _fill(connection: duckdb.DuckDBPyConnection, table: str, question: str) -> None:
    """The columns of the answer that the table has."""
    given = {row[0] for row in connection.execute(f"describe {question}").fetchall()}
    known = [row[0] for row in connection.execute(f"describe marts.{table}").fetchall()]
    columns = ", ".join(f'"{name}"' for name in known if name in given)
    connection.execute(f"insert into marts.{table} ({columns}) select {columns} from ({question})")


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema marts")
    for file in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        for model in read_yaml(file).get("models", []):
            columns = ", ".join(
                f'"{c["name"]}" {_TYPES.get(c["data_type"], c["data_type"])}'
                for c in model["columns"]
            )
            connection.execute(f"create table marts.{model['name']} ({columns})")


def _view_with_names(connection: duckdb.DuckDBPyConnection) -> None:
    """The dimensions under the names that the dashboards' tables give to their columns."""
    connection.execute(
        """
        create temp view territories as select *,
            label_ru as territory_ru, label_kk as territory_kk,
            oblast_name_ru as region_ru, oblast_name_kk as region_kk,
            case when depth > 1 then label_ru end as district_ru,
            case when depth > 1 then label_kk end as district_kk from dim_territory;
        create temp view indicators as
            select *, name_ru as indicator_ru, name_kk as indicator_kk from dim_indicator;
        create temp view offences as
            select *, name_ru as offence_ru, coalesce(name_kk, name_ru) as offence_kk
            from dim_offence;
        create temp view periods as
            select *, left(period_month::varchar, 7) as period_label from dim_period;
        """
    )


def _dimensions(
    contracts: Contracts, months: int, last: date, districts: bool
) -> dict[str, list[dict[str, Any]]]:
    first = last.year * 12 + last.month - months
    periods = [date(n // 12, n % 12 + 1, 1) for n in range(first, first + months)]
    return {
        "dim_territory": [
            row for row in _territories(contracts, last) if districts or row["depth"] < 2
        ],
        "dim_indicator": [
            {
                "indicator_code": i.code,
                "domain": i.domain,
                "name_ru": i.name.ru,
                "name_kk": i.name.kk,
                "unit": i.unit,
                "measure_type": i.measure_type,
                "is_ranked": i.ranked,
                # Form 1-М comes from regions; the compact forms from districts, too.
                "of_districts": any(source.form != "1-M" for source in i.sources),
            }
            for i in contracts.indicators.values()
        ],
        "dim_offence": _offences(contracts),
        "dim_period": [_period(month) for month in periods],
        "forms": [{"form_code": code} for code in contracts.forms],
    }


def _territories(contracts: Contracts, day: date) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    known = {unit.kato: unit for unit in contracts.territories.valid_on(day)}
    for unit in known.values():
        line = [unit]
        while line[-1].parent_kato in known:
            line.append(known[str(line[-1].parent_kato)])
        region = line[-2] if len(line) > 1 else None
        rows[unit.kato] = {
            "territory_kato": unit.kato,
            "territory_level": unit.level,
            "oblast_kato": region.kato if region else None,
            "oblast_name_ru": region.name_ru if region else None,
            "oblast_name_kk": region.name_kk if region else None,
            "iso_3166_2": unit.iso_3166_2 or None,
            "name_ru": unit.name_ru,
            "name_kk": unit.name_kk,
            "label_ru": contracts.territories.label(unit.kato, "ru"),
            "label_kk": contracts.territories.label(unit.kato, "kk"),
            "depth": len(line) - 1,
            "is_current": True,
        }
    return list(rows.values())


def _offences(contracts: Contracts) -> list[dict[str, Any]]:
    lines = contracts.forms["1-M"].section("R1").lines
    drugs = contracts.marts["fct_drugs"].offences or ()
    return [
        {
            "offence_code": str(line.offence),
            "line_order": order,
            "name_ru": line.name.ru,
            "name_kk": line.name.kk or None,
            "article": line.article or None,
            "chapter": line.chapter,
            "offence_kind": "article" if line.article else "total" if order == 1 else "chapter",
            "is_drugs": line.offence in drugs,
        }
        for order, line in enumerate(lines, start=1)
    ]


def _period(month: date) -> dict[str, Any]:
    return {
        "period_month": month,
        "year_number": month.year,
        "month_number": month.month,
        "period_code": month.year * 100 + month.month,
        "month_name_ru": months()[f"{month:%m}"]["ru"],
        "month_name_kk": months()[f"{month:%m}"]["kk"],
    }
