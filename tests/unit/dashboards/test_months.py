"""What a chart shows is of the month that the page tells, or says of which month it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml

from dashboards.compile import bundle
from dashboards.compile.check import chart_query
from dashboards.compile.sql_templates import sql
from warehouse.contracts import load_contracts
from warehouse.contracts.indicators import Indicator

FEBRUARY, MARCH = ("2026-02", 202602), ("2026-03", 202603)
_TYPES = {"string": "varchar", "integer": "integer", "double": "double", "boolean": "boolean"}


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    return {path: yaml.safe_load(text) for path, text in bundle.expand().items()}


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
    for row in rows:
        places = ", ".join(f"${column}" for column in row)
        marts.execute(f"insert into marts.{name} ({', '.join(row)}) values ({places})", row)  # noqa: S608


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
    asset = objects[f"charts/{chart}_ru.yaml"]
    datasets = {c["uuid"]: c for path, c in objects.items() if path.startswith("datasets/")}
    return marts.execute(chart_query(asset, datasets[asset["dataset_uuid"]])).fetchall()


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
select {reported} as reported, {complete} as is_complete, {received} as received
from (values
    ('1-M', 202603 * 10 + 9, '2026-03', 20, 20, 'final', timestamp '2026-04-06 05:00'),
    ('TRF-M', 202602 * 10 + 9, '2026-02', 19, 20, 'final', timestamp '2026-04-24 05:44')
) as t(form_code, precedence, period_label, accepted_units, expected_units, status,
    received_at_max), (select 0 as depth)
"""


def test_the_header_names_the_month_of_a_form_that_is_behind_and_the_last_of_all_reports() -> None:
    measures = bundle.datasets()["coverage"]["metrics"]
    query = HEADER.format(
        reported=sql("@reported('1-M') || ' · ' || @reported('TRF-M')", "ru"),
        complete=sql("@is_complete('TRF-M')", "ru"),
        received=sql(measures["as_of"]["sql"], "ru"),
    )
    ((reported, is_complete, received),) = duckdb.sql(query).fetchall()
    assert reported == "20 из 20 · 19 из 20 (2026-02)"
    assert not is_complete
    assert received == "24.04.2026 10:44"


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
