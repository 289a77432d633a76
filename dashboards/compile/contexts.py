"""What the browser asks for a chart, put together in advance.

Superset leaves that to the code of each kind of chart in the browser, and keeps answers by
question: only the same question, field by field, finds the answer that was prepared.
"""

from __future__ import annotations

import json
from typing import Any

Form = dict[str, Any]
Question = dict[str, Any]

_PLACE_OF_DATASET = {"id": 0, "type": "table"}
"""Superset's importer writes the number of the dataset here."""


def query_context(form: Form) -> str:
    """The question of a chart with this form data, without any filter, as Superset keeps it."""
    build = {"table": _table, "country_map": _plain}.get(form["viz_type"], _over_axis)
    return json.dumps(
        {
            "datasource": _PLACE_OF_DATASET,
            "force": False,
            "queries": [build(form)],
            "result_format": "json",
            "result_type": "full",
        },
        ensure_ascii=False,
    )


def filter_question(column: str, *, ascending: bool) -> Question:
    """The query by which a filter lists the values of a column."""
    return {
        **_common({}),
        "columns": [column],
        "metrics": [],
        "orderby": [[column, ascending]],
        "order_desc": True,
        "row_limit": 1000,
    }


def _plain(form: Form) -> Question:
    question = {
        **_common(form),
        "columns": form["groupby"],
        "metrics": form.get("metrics") or [form["metric"]],
        "order_desc": form.get("order_desc", True),
        "row_limit": form["row_limit"],
        "time_range": form["time_range"],
    }
    if limit := form.get("timeseries_limit_metric"):
        question["series_limit_metric"] = limit
    return question


def _table(form: Form) -> Question:
    limit = form.get("timeseries_limit_metric")
    order = [limit, not form["order_desc"]] if limit else [form["metrics"][0], False]
    return {**_plain(form), "orderby": [order], "post_processing": [], "time_offsets": []}


def _over_axis(form: Form) -> Question:
    """Charts with an axis: one column for it, one series for each value of the others."""
    plain = _plain(form)
    return {
        **plain,
        "columns": [_axis(form), *form["groupby"]],
        "series_columns": form["groupby"],
        "orderby": [[form["metrics"][0], not plain["order_desc"]]],
        "post_processing": list(_steps(form)),
        "time_offsets": [],
    }


def _axis(form: Form) -> Form:
    grain = form.get("time_grain_sqla")
    axis = form["x_axis"]
    if isinstance(axis, str):
        axis = {
            "sqlExpression": axis,
            "label": axis,
            "expressionType": "SQL",
            "isColumnReference": True,
        }
    return {"columnType": "BASE_AXIS", **({"timeGrain": grain} if grain else {}), **axis}


def _steps(form: Form) -> list[Question]:
    """What is done with the answer: a column for each series, in the order of the axis."""
    labels = [metric["label"] for metric in form["metrics"]]
    series = [_label(column) for column in form["groupby"]]
    steps: list[Question] = [
        {
            "operation": "pivot",
            "options": {
                "index": [_label(form["x_axis"])],
                "columns": series,
                "aggregates": {label: {"operator": "mean"} for label in labels},
                "drop_missing_columns": not form["show_empty_columns"],
            },
        }
    ]
    if series and len(labels) == 1:
        options = {"columns": {labels[0]: None}, "level": 0, "inplace": True}
        steps.append({"operation": "rename", "options": options})
    if "x_axis_sort" in form and not series:
        options = {"by": form["x_axis_sort"], "ascending": form["x_axis_sort_asc"]}
        steps.append({"operation": "sort", "options": options})
    return [*steps, {"operation": "flatten"}]


def _label(column: Any) -> str:
    return column if isinstance(column, str) else str(column["label"])


def _common(form: Form) -> Question:
    grain = form.get("time_grain_sqla")
    return {
        "annotation_layers": [],
        "applied_time_extras": {},
        "custom_form_data": {},
        "custom_params": {},
        "extras": {
            **({"time_grain_sqla": grain} if grain else {}),
            "having": _joined(form, "HAVING"),
            "where": _joined(form, "WHERE"),
        },
        "filters": [],
        "group_others_when_limit_reached": False,
        "series_limit": 0,
        "url_params": {},
    }


def _joined(form: Form, clause: str) -> str:
    conditions = (f for f in form.get("adhoc_filters", []) if f["clause"] == clause)
    return " AND ".join(f"({condition['sqlExpression']})" for condition in conditions)
