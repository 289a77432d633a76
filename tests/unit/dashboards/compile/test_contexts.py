"""What the browser asks for a chart: held against questions that a browser sent."""

import json
from typing import Any

import pytest

from dashboards.compile.contexts import filter_question, query_context

COUNT = {"expressionType": "SQL", "sqlExpression": "count(*)", "label": "Случаев"}
SENT_BY_EVERY_CHART = {
    "annotation_layers": [],
    "applied_time_extras": {},
    "custom_form_data": {},
    "custom_params": {},
    "filters": [],
    "group_others_when_limit_reached": False,
    "series_limit": 0,
    "url_params": {},
}


def question(form: dict[str, Any]) -> dict[str, Any]:
    content = json.loads(query_context({"time_range": "No filter", "groupby": [], **form}))
    (only,) = content["queries"]
    return dict(only)


@pytest.fixture
def table() -> dict[str, Any]:
    return {
        "viz_type": "table",
        "metrics": [COUNT],
        "adhoc_filters": [
            {"clause": "WHERE", "sqlExpression": "depth = 1"},
            {"clause": "HAVING", "sqlExpression": "count(*) > 2"},
            {"clause": "WHERE", "sqlExpression": "unit != 'kg'"},
        ],
        "row_limit": 200,
        "order_desc": False,
    }


def test_a_table_is_ordered_by_its_first_measure_the_greatest_first(table: dict[str, Any]) -> None:
    assert question(table) == {
        **SENT_BY_EVERY_CHART,
        "columns": [],
        "metrics": [COUNT],
        "extras": {"having": "(count(*) > 2)", "where": "(depth = 1) AND (unit != 'kg')"},
        "order_desc": False,
        "orderby": [[COUNT, False]],
        "post_processing": [],
        "row_limit": 200,
        "time_offsets": [],
        "time_range": "No filter",
    }


def test_a_table_with_an_order_says_it_twice(table: dict[str, Any]) -> None:
    order = {**COUNT, "label": "order"}
    sent = question({**table, "timeseries_limit_metric": order, "order_desc": True})
    assert sent["orderby"] == [[order, False]]
    assert sent["series_limit_metric"] == order


def test_a_chart_over_months_turns_its_series_into_columns() -> None:
    sent = question(
        {
            "viz_type": "echarts_timeseries_bar",
            "x_axis": "period_month",
            "time_grain_sqla": "P1M",
            "metrics": [COUNT],
            "row_limit": 5000,
            "show_empty_columns": True,
        }
    )
    assert sent["columns"] == [
        {
            "columnType": "BASE_AXIS",
            "expressionType": "SQL",
            "isColumnReference": True,
            "label": "period_month",
            "sqlExpression": "period_month",
            "timeGrain": "P1M",
        }
    ]
    assert sent["extras"] == {"time_grain_sqla": "P1M", "having": "", "where": ""}
    assert sent["orderby"] == [[COUNT, False]]
    pivot = {
        "index": ["period_month"],
        "columns": [],
        "aggregates": {"Случаев": {"operator": "mean"}},
        "drop_missing_columns": False,
    }
    assert sent["post_processing"] == [
        {"operation": "pivot", "options": pivot},
        {"operation": "flatten"},
    ]


def test_a_bar_chart_is_sorted_on_its_axis() -> None:
    axis = {"expressionType": "SQL", "sqlExpression": "left(name, 3)", "label": "Система"}
    sent = question(
        {
            "viz_type": "echarts_timeseries_bar",
            "x_axis": axis,
            "metrics": [COUNT],
            "row_limit": 25,
            "show_empty_columns": True,
            "order_desc": True,
            "x_axis_sort": "Случаев",
            "x_axis_sort_asc": True,
        }
    )
    assert sent["columns"] == [{**axis, "columnType": "BASE_AXIS"}]
    steps = [step["operation"] for step in sent["post_processing"]]
    assert steps == ["pivot", "sort", "flatten"]
    assert sent["post_processing"][1]["options"] == {"by": "Случаев", "ascending": True}


def test_a_map_asks_one_value_for_each_region() -> None:
    sent = question(
        {"viz_type": "country_map", "groupby": ["iso_3166_2"], "metric": COUNT, "row_limit": 100}
    )
    assert sent["columns"] == ["iso_3166_2"]
    assert sent["metrics"] == [COUNT]
    assert sent["order_desc"] is True
    assert "orderby" not in sent


def test_a_filter_asks_for_the_values_of_its_column_in_their_order() -> None:
    assert filter_question("period_label", ascending=False) == {
        **SENT_BY_EVERY_CHART,
        "columns": ["period_label"],
        "metrics": [],
        "extras": {"having": "", "where": ""},
        "order_desc": True,
        "orderby": [["period_label", False]],
        "row_limit": 1000,
    }
