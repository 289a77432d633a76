"""What a chart shows is of the month that the page tells, or says of which month it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dashboards.cells.shows import shown
from dashboards.compile import bundle
from dashboards.compile.assets import sql
from dashboards.names import read_text
from tests.tools.charts import answered
from warehouse.contracts import load_contracts
from warehouse.contracts.indicators import Indicator

FEBRUARY, MARCH = ("2026-02", 202602), ("2026-03", 202603)
_TYPES = {"string": "varchar", "integer": "integer", "double": "double", "boolean": "boolean"}


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    return {path: read_text(text) for path, text in bundle.expand().items()}


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema marts")
        yield connection


def _table(
    marts: duckdb.DuckDBPyConnection, name: str, dataset: str, rows: list[dict[str, Any]]
) -> None:
    columns = bundle.datasets()[dataset]["columns"]
    listed = ", ".join(f"{c} {_TYPES.get(kind, kind)}" for c, kind in columns.items())
    marts.execute(f"create table marts.{name} ({listed})")
    whole = pa.Table.from_pylist([{column: row.get(column) for column in columns} for row in rows])
    marts.register("whole", whole)
    marts.execute(f"insert into marts.{name} by name from whole")


def _figure(month: tuple[str, int], depth: int = 1, **more: object) -> dict[str, Any]:
    label, code = month
    return {
        "period_label": label,
        "precedence": code * 10 + 9 - depth,
        "depth": depth,
        "unit": "count",
        "indicator_code": "TRF_DTP",
        "indicator_ru": "ДТП",
        "ytd_status": "final",
        **more,
    }


def _answer(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any], chart: str
) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answered(marts, objects, f"charts/{chart}_ru.yaml")]


def test_a_region_whose_month_was_refused_is_not_told_by_the_month_before(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any]
) -> None:
    grown: dict[str, Any] = {"ytd_value": 900.0, "ytd_prior_year": 400.0, "ytd_change_abs": 500.0}
    _table(
        marts,
        "rpt_dashboard_figures",
        "figures",
        [
            _figure(FEBRUARY, region_ru="Костанайская область", **grown),
            _figure(MARCH, region_ru="Костанайская область", ytd_status="missing"),
            _figure(FEBRUARY, region_ru="Абай", **grown),
            _figure(MARCH, region_ru="Абай", **grown),
        ],
    )
    found = _answer(marts, objects, "situation_changes")
    assert [(row[0], row[2]) for row in found] == [("Абай", "2026-03")]


@pytest.mark.parametrize(("chart", "place"), [("roads_districts", 1), ("roads_regions", 0)])
def test_a_territory_of_an_older_month_has_no_rank_among_those_of_the_newest(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any], chart: str, place: int
) -> None:
    depth = 2 if place else 1
    same = {"ytd_value": 10.0, "ytd_per_100k": 50.0, "rank_from": 1, "rank_to": 1}
    named: dict[str, Any] = {"indicator_code": "TRF_DTP" if place else "TRF_DEATHS", "depth": depth}
    rows = [_figure(m, **named) for m in (FEBRUARY, MARCH)]
    for row in rows:
        for absent in ("unit", "depth"):
            row.pop(absent)
    rows = [{**row, **same, "depth": depth} for row in rows]
    rows[0] |= {"region_ru": "Б", "district_ru": "Б"}
    rows[1] |= {"region_ru": "А", "district_ru": "А"}
    _table(marts, "rpt_dashboard_ranking", "ranking", rows)
    told = {row[place]: row[place + 1 :] for row in _answer(marts, objects, chart)}
    month, value, rate, interval, _, rank, _ = told["Б"]
    assert (month, value, rate, interval, rank) == ("2026-02", "нет данных", "—", "—", "—")
    assert told["А"][:3] == ("2026-03", "10", "50,0")


def test_the_map_leaves_a_region_of_an_older_month_without_a_colour(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any]
) -> None:
    rows = [
        _figure(FEBRUARY, indicator_code="TRF_DEATHS", iso_3166_2="KZ-39", ytd_per_100k=9.0),
        _figure(MARCH, indicator_code="TRF_DEATHS", iso_3166_2="KZ-43", ytd_per_100k=4.0),
    ]
    _table(marts, "rpt_dashboard_figures", "figures", rows)
    assert dict(_answer(marts, objects, "roads_map")) == {"KZ-39": None, "KZ-43": 4.0}
    # Whoever chose the older month sees it.
    marts.execute("delete from marts.rpt_dashboard_figures where period_label = '2026-03'")
    assert dict(_answer(marts, objects, "roads_map")) == {"KZ-39": 9.0}


def test_violations_of_one_month_are_not_divided_by_devices_of_another(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any]
) -> None:
    rows = [
        _figure(MARCH, 0, indicator_code="INF_TRAFFIC_DEVICES__SERGEK", ytd_value=10.0),
        _figure(FEBRUARY, 0, indicator_code="TRF_VIOL_AUTO__SERGEK", ytd_value=500.0),
    ]
    _table(marts, "rpt_dashboard_figures", "figures", rows)
    ((_, _, devices, caught, ratio),) = _answer(marts, objects, "roads_systems")
    assert (devices, caught, ratio) == ("10", "500 (2026-02)", "—")


def test_every_table_of_latest_figures_has_the_month_beside_them() -> None:
    for dashboard in bundle.dashboards():
        for name, chart in bundle.charts(dashboard["slug"]).items():
            if chart["kind"] == "table" and chart["dataset"] in ("figures", "ranking", "offences"):
                assert "period" in chart["metrics"], name


HEADER = """
select {reported} as reported, {state} as state, {received} as received
from (values
    ('1-M', 202603 * 10 + 9, '2026-03', 20, 20, 'final', timestamp '2026-04-06 05:00'),
    ('TRF-M', 202602 * 10 + 9, '2026-02', 19, 20, 'final', timestamp '2026-04-24 05:44')
) as t(form_code, precedence, period_label, accepted_units, expected_units, status,
    received_at_max), (select 0 as depth)
"""


def test_the_header_names_the_month_of_a_form_that_is_behind_and_the_last_report_of_its_own() -> (
    None
):
    measures = bundle.datasets()["coverage"]["metrics"]
    query = HEADER.format(
        reported=sql("{{ reported(['1-M', 'TRF-M']) }}"),
        state=sql("{{ state_of(['TRF-M']) }}"),
        received=sql(measures["as_of"]["sql"]),
    )
    ((reported, state, received),) = duckdb.sql(query).fetchall()
    told = shown(reported, {"as": "reported", "in": "ru"})
    assert told == "1-М: 20 из 20 · ДТП: 19 из 20 (2026-02)"
    assert state == "missing"
    assert shown(received, {"as": "moment", "in": "ru"}) == "06.04.2026 10:00"


def test_the_header_tells_every_form_that_the_page_has_figures_of() -> None:
    contracts = load_contracts()

    def forms(indicator: Indicator) -> set[str]:
        if indicator.formula is None:
            return {source.form for source in indicator.sources[:1]}
        operands = (*indicator.formula.numerator, *indicator.formula.denominator)
        parts = (contracts.indicators[o] for o in operands if o in contracts.indicators)
        return set().union(*map(forms, parts))

    for dashboard in bundle.dashboards():
        charts = bundle.charts(dashboard["slug"])
        shown = {
            code
            for chart in charts.values()
            for code in (
                *chart.get("indicators", ()),
                *(tile["indicator"] for tile in chart.get("tiles", ())),
            )
        }
        behind = set().union(*(forms(contracts.indicators[code]) for code in shown))
        assert behind <= set(charts["header"]["forms"]), dashboard["slug"]


OLD, NEW = 777.0, 555.0
"""Figures of February and of March in a release in which region K sent nothing for March."""
_MONTHS = {FEBRUARY: OLD, MARCH: NEW}
_ABSENT = {"ytd_status": "missing", "ytd_status_reason": "not_received"}
_PLACES: list[dict[str, Any]] = [
    {"depth": 0, "iso_3166_2": "KZ"},
    *(
        {"region_ru": region, "depth": depth, "iso_3166_2": f"KZ-{region}", **district}
        for region in ("A", "K")
        for depth, district in ((1, {}), (2, {"district_ru": f"{region} район"}))
    ),
]
_OF_LATEST = ("figures", "ranking", "offences", "coverage")
"""Datasets of which a chart shows the newest month; the others list months in their rows."""


def _is_sent(place: dict[str, Any], month: tuple[str, int]) -> bool:
    return place.get("region_ru") != "K" or month == FEBRUARY


def _rows(dataset: str, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    columns = bundle.datasets()[dataset]["columns"]
    made = []
    for key in keys:
        for place in _PLACES:
            for month, value in _MONTHS.items():
                row = {**_figure(month, place["depth"]), **place, **key}
                row["territory_kato"] = f"{place.get('region_ru')}{place['depth']}"
                row["period_month"] = f"{month[0]}-01"
                if _is_sent(place, month):
                    row |= {c: value for c, kind in columns.items() if kind == "double"}
                    row |= {
                        c: value for c in columns if c.startswith(("ytd_re", "month_re", "end"))
                    }
                else:
                    row |= _ABSENT
                made.append({c: v for c, v in row.items() if c in columns})
    return made


def _silent_release(marts: duckdb.DuckDBPyConnection) -> None:
    codes = {
        code
        for dashboard in bundle.dashboards()
        for chart in bundle.charts(dashboard["slug"]).values()
        for code in (
            *chart.get("indicators", ()),
            *(tile["indicator"] for tile in chart.get("tiles", ())),
        )
    } | {"INF_TRAFFIC_DEVICES__SERGEK", "TRF_VIOL_AUTO__SERGEK"}
    named = [{"indicator_code": code, "indicator_ru": code} for code in sorted(codes)]
    _table(marts, "rpt_dashboard_figures", "figures", _rows("figures", named))
    _table(marts, "rpt_dashboard_ranking", "ranking", _rows("ranking", named))
    articles = [{"offence_kind": "article", "article": "296", "offence_ru": "ст. 296"}]
    _table(marts, "rpt_dashboard_offences", "offences", _rows("offences", articles))


def _coverage(marts: duckdb.DuckDBPyConnection) -> None:
    """The coverage as it is published: districts have rows only where their region reported."""
    marts.execute("""
        create table marts.release as
            select 'r1' as release_id, timestamp '2026-04-10' as published_at,
                false as is_demonstration;
        create table marts.dim_period as select * from (values
            (date '2026-02-01', 202602), (date '2026-03-01', 202603))
            as p(period_month, period_code);
        create table marts.dim_territory as select *, null::date as valid_to, label_ru as label_kk,
            oblast_name_ru as oblast_name_kk from (values
            ('KZ', null, 'Страна', null, 0), ('A', 'KZ', 'A', 'A', 1), ('K', 'KZ', 'K', 'K', 1),
            ('AD', 'A', 'A район', 'A', 2), ('KD', 'K', 'K район', 'K', 2))
            as t(territory_kato, parent_kato, label_ru, oblast_name_ru, depth);
        create table marts.rpt_coverage as
            with forms as (select unnest(['1-M', 'TRF-M', 'DRG-M', 'CYB-M', 'SNG-1']) as form_code),
            told as (select * from (values
                ('KZ', date '2026-02-01', 2, 2, 'final', timestamp '2026-03-05 05:00'),
                ('A', date '2026-02-01', 1, 1, 'final', timestamp '2026-03-04 05:00'),
                ('AD', date '2026-02-01', 0, 0, 'final', timestamp '2026-03-04 05:00'),
                ('K', date '2026-02-01', 1, 1, 'final', timestamp '2026-03-05 05:00'),
                ('KD', date '2026-02-01', 0, 0, 'final', timestamp '2026-03-05 05:00'),
                ('KZ', date '2026-03-01', 2, 1, 'partial', timestamp '2026-04-05 05:00'),
                ('A', date '2026-03-01', 1, 1, 'final', timestamp '2026-04-05 05:00'),
                ('AD', date '2026-03-01', 0, 0, 'final', timestamp '2026-04-05 05:00'),
                ('K', date '2026-03-01', 1, 0, 'missing', null))
                as c(territory_kato, period_month, expected_units, accepted_units, status,
                    received_at_max))
            select *, accepted_units as received_units, accepted_units as on_time_units,
                0 as late_units, null::double as population_coverage_share,
                null::varchar as missing_units, null::varchar as missing_units_kk,
                null::varchar as not_accepted_units, null::varchar as not_accepted_units_kk,
                null::timestamp as deadline_at
            from forms cross join told
    """)


def _latest_charts() -> list[str]:
    return [
        f"charts/{dashboard['slug']}_{name}_ru.yaml"
        for dashboard in bundle.dashboards()
        for name, chart in bundle.charts(dashboard["slug"]).items()
        if chart["dataset"] in _OF_LATEST and chart["kind"] != "line"
    ]


@pytest.mark.parametrize(
    "condition",
    ["true", "region_ru = 'K'", "region_ru = 'A'", "region_ru = 'K' and district_ru = 'K район'"],
)
def test_no_figure_of_an_older_month_stands_under_the_newest_without_its_month(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any], condition: str
) -> None:
    _silent_release(marts)
    _coverage(marts)
    told_any = False
    for path in _latest_charts():
        for row in answered(marts, objects, path, condition):
            told = {name: str(value) for name, value in row.items()}
            told_any |= any("555" in value for value in told.values())
            assert not any("777" in value for value in told.values()), (path, told)
            month = told.get("Месяц") or told.get("Период")
            assert month in (None, "2026-03", "март 2026"), (path, told)
    assert told_any == ("'K'" not in condition)


@pytest.mark.parametrize("district", ["", " and district_ru = 'K район'"])
def test_the_header_of_a_silent_region_tells_of_the_month_that_it_names(
    marts: duckdb.DuckDBPyConnection, objects: dict[str, Any], district: str
) -> None:
    _coverage(marts)
    for slug in ("submissions", "crime", "drugs", "fraud", "roads", "situation"):
        path = f"charts/{slug}_header_ru.yaml"
        (row,) = answered(marts, objects, path, f"region_ru = 'K'{district}")
        told = (row["Период"], row["Состояние данных"], row["Последний отчёт получен"])
        assert told == ("март 2026", "нет данных", "—"), slug
    (row,) = answered(marts, objects, "charts/crime_header_ru.yaml", "true")
    assert row["Последний отчёт получен"] == "05.04.2026 10:00"
    assert row["Состояние данных"] == "предварительные"
