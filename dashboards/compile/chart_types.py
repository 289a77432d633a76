"""From a chart of the assets to the form data of a Superset chart, kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.cells.shows import ShowError, require
from dashboards.compile.assets import AssetError, all_forms, short_form, sql
from dashboards.compile.map_names import DISTRICTS
from dashboards.names import LANGUAGES, indicators, texts_in

Chart = dict[str, Any]
Dataset = dict[str, Any]

DISTRICT_MAP = "district_map"
"""The kind of chart that is drawn only where the operator supplied borders."""

_ALL_TIME = {"time_range": "No filter", "extra_form_data": {}}
_COLOURS = {"color_scheme": "supersetColors"}
_TILE_WIDTH = 120
"""At least, in pixels: what a figure of five digits needs."""


def form_data(chart: Chart, dataset: Dataset, language: str) -> Chart:
    """The form data of a chart. Raises AssetError for an unknown kind, measure or column."""
    try:
        build = _KINDS[chart["kind"]]
    except KeyError:
        raise AssetError(f"no kind of chart {chart['kind']}") from None
    return {**build(chart, dataset, language), **chart.get("more", {})}


def metric(dataset: Dataset, name: str, language: str) -> Chart:
    """A measure of a dataset under its title in the language."""
    try:
        measure = dataset["metrics"][name]
    except KeyError:
        raise AssetError(f"dataset {dataset['name']} has no measure {name}") from None
    return _expression(measure["sql"], measure["title"], language, measure.get("shown"))


def columns(chart: Chart, dataset: Dataset, language: str) -> list[Any]:
    """What a chart groups by: columns as they are, computed ones under their titles."""
    return [_column(dataset, name, language) for name in chart["by"]]


def conditions(chart: Chart, dataset: Dataset, language: str) -> list[Chart]:
    """Which rows a chart is about, and which of its results it shows."""
    listed = list(chart.get("where", []))
    if codes := chart.get("indicators"):
        _require_indicators(codes)
        listed.append(f"indicator_code in ({_quoted(codes)})")
    clauses = [("WHERE", condition) for condition in listed]
    for condition in chart.get("having", []):
        name, _, bound = condition.partition(" ")
        clauses.append(("HAVING", f"{metric(dataset, name, language)['sqlExpression']} {bound}"))
    return [
        {
            "expressionType": "SQL",
            "clause": clause,
            "sqlExpression": condition,
            "filterOptionName": f"filter_{number}",
        }
        for number, (clause, condition) in enumerate(clauses)
    ]


def _table(chart: Chart, dataset: Dataset, language: str) -> Chart:
    order = _order(chart, dataset, language)
    return {
        "viz_type": "table",
        "query_mode": "aggregate",
        "groupby": columns(chart, dataset, language),
        "metrics": [metric(dataset, name, language) for name in chart["metrics"]],
        "percent_metrics": [],
        "adhoc_filters": conditions(chart, dataset, language),
        "row_limit": chart.get("limit", 200),
        "order_desc": chart.get("descending", False),
        **({"timeseries_limit_metric": order} if order else {}),
        "include_search": chart.get("search", False),
        "page_length": chart.get("page", 0),
        "server_pagination": False,
        "show_cell_bars": False,
        "color_pn": False,
        "align_pn": False,
        "allow_render_html": True,
        "allow_rearrange_columns": False,
        "table_timestamp_format": "%d.%m.%Y",
        "column_config": _column_config(chart, dataset),
        **_ALL_TIME,
    }


def _tiles(chart: Chart, dataset: Dataset, language: str) -> Chart:
    metrics = []
    for tile in chart["tiles"]:
        _require_indicators([tile["indicator"]])
        asked = sql("{{ tile(code) }}", code=tile["indicator"])
        title = tile.get("title") or indicators()[tile["indicator"]][language]
        metrics.append(_expression(asked, title, language, {"as": "tile", "bad": tile["bad"]}))
    codes = [tile["indicator"] for tile in chart["tiles"]]
    about = {**chart, "indicators": codes}
    looks = {"horizontalAlign": "left", "columnWidth": _TILE_WIDTH}
    titles = {shown["label"]: looks for shown in metrics}
    table = _table({**about, "by": [], "metrics": [], "limit": 2}, dataset, language)
    return {**table, "metrics": metrics, "column_config": titles}


def _header(chart: Chart, dataset: Dataset, language: str) -> Chart:
    """One line: what the figures cover, how final they are, how fresh, from which release."""
    codes = _forms(chart)
    title = chart["titles"]
    reported, state = (
        sql(f"{{{{ {macro}(forms) }}}}", forms=codes) for macro in ("reported", "state_of")
    )
    added = [
        _expression(reported, title["reported"], language, "reported"),
        _expression(state, title["state"], language, "state"),
    ]
    about = {**chart, "by": [], "limit": 2, "where": [f"form_code in ({_quoted(codes)})"]}
    table = _table(about, dataset, language)
    period, *rest = table["metrics"]
    looks = {shown["label"]: {"horizontalAlign": "left"} for shown in [*added, *table["metrics"]]}
    return {**table, "metrics": [period, *added, *rest], "column_config": looks}


def _sent(chart: Chart, dataset: Dataset, language: str) -> Chart:
    """What became of every form, a column each."""
    table = _table({**chart, "metrics": []}, dataset, language)
    metrics = [
        _expression(
            sql("{{ sent(form) }}", form=code), short_form(code, language), language, "sent"
        )
        for code in _forms(chart)
    ]
    looks = {shown["label"]: {"horizontalAlign": "center"} for shown in metrics}
    return {**table, "metrics": metrics, "column_config": looks}


def _line(chart: Chart, dataset: Dataset, language: str) -> Chart:
    return {
        "viz_type": chart.get("look", "echarts_timeseries_line"),
        "x_axis": "period_month",
        "time_grain_sqla": "P1M",
        "metrics": [metric(dataset, name, language) for name in chart["metrics"]],
        "groupby": columns(chart, dataset, language) if chart.get("by") else [],
        "adhoc_filters": conditions(chart, dataset, language),
        "row_limit": 5000,
        "truncate_metric": True,
        "show_empty_columns": True,
        "show_legend": True,
        "legendType": "plain",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "markerEnabled": True,
        "markerSize": 5,
        "y_axis_format": chart.get("format", ",d"),
        "tooltipTimeFormat": "%m.%Y",
        "x_axis_time_format": "%m.%Y",
        "x_axis_title_margin": 15,
        "y_axis_title_margin": 15,
        "connectNulls": False,
        **_COLOURS,
        **_ALL_TIME,
    }


def _bar(chart: Chart, dataset: Dataset, language: str) -> Chart:
    by = columns(chart, dataset, language)
    return {
        "viz_type": "echarts_timeseries_bar",
        "x_axis": by[0],
        "groupby": by[1:],
        "metrics": [metric(dataset, name, language) for name in chart["metrics"]],
        "adhoc_filters": conditions(chart, dataset, language),
        "row_limit": chart.get("limit", 25),
        "orientation": chart.get("orientation", "horizontal"),
        "x_axis_sort": metric(dataset, chart["metrics"][0], language)["label"],
        "x_axis_sort_asc": chart.get("orientation", "horizontal") == "horizontal",
        "order_desc": True,
        "truncate_metric": True,
        "show_empty_columns": True,
        "show_legend": len(chart["metrics"]) > 1,
        "legendType": "plain",
        "legendOrientation": "top",
        "show_value": chart.get("show_value", True),
        "rich_tooltip": True,
        "y_axis_format": chart.get("format", ",d"),
        **_COLOURS,
        **_ALL_TIME,
    }


def _map(chart: Chart, dataset: Dataset, language: str) -> Chart:
    return {
        "viz_type": "country_map",
        "select_country": "kazakhstan",
        "entity": "iso_3166_2",
        "groupby": ["iso_3166_2"],
        "filter_columns": [f"region_{language}"],
        "filter_title": dataset["titles"][f"region_{language}"],
        "no_data_text": texts_in("charts", language)["no_data"],
        "metric": metric(dataset, chart["metrics"][0], language),
        "adhoc_filters": conditions(chart, dataset, language),
        "row_limit": 100,
        "number_format": chart.get("format", ",.1f"),
        "linear_color_scheme": chart.get("colours", "schemeBlues"),
        **_ALL_TIME,
    }


def _district_map(chart: Chart, dataset: Dataset, language: str) -> Chart:
    """Names of districts repeat between regions: a click chooses both."""
    return {
        **_map(chart, dataset, language),
        "select_country": DISTRICTS,
        "entity": "territory_kato",
        "groupby": ["territory_kato"],
        "filter_columns": [f"district_{language}", f"region_{language}"],
        "filter_title": dataset["titles"][f"district_{language}"],
        "row_limit": 1000,
    }


_KINDS: dict[str, Callable[[Chart, Dataset, str], Chart]] = {
    "table": _table,
    "tiles": _tiles,
    "header": _header,
    "sent": _sent,
    "line": _line,
    "bar": _bar,
    "map": _map,
    DISTRICT_MAP: _district_map,
}


def _order(chart: Chart, dataset: Dataset, language: str) -> Chart | None:
    if name := chart.get("order"):
        return metric(dataset, name, language)
    if codes := chart.get("indicators"):
        expression = f"list_position([{_quoted(codes)}], min(indicator_code))"
        return _expression(expression, "position", language)
    return None


def _column(dataset: Dataset, name: str, language: str) -> Any:
    if computed := dataset.get("computed", {}).get(name):
        return _expression(computed["sql"], computed["title"], language, computed.get("shown"))
    if name in dataset["columns"]:
        return name
    raise AssetError(f"dataset {dataset['name']} has no column {name}")


def _column_config(chart: Chart, dataset: Dataset) -> Chart:
    """How the columns of a table look: numbers to the right, some with a least width in pixels."""
    configuration: Chart = {}
    for name in chart["metrics"]:
        measure = dataset["metrics"][name]
        look = {"horizontalAlign": measure.get("align", "right"), **_width(measure)}
        if "format" in measure:
            look["d3NumberFormat"] = measure["format"]
        configuration[measure["title"]] = look
    for name in chart["by"]:
        if width := _width(dataset["computed"].get(name, {})):
            configuration[dataset["computed"][name]["title"]] = width
    return configuration


def _width(column: Chart) -> Chart:
    return {"columnWidth": column["width"]} if "width" in column else {}


def _expression(
    expression: str, label: str, language: str, shown: str | Chart | None = None
) -> Chart:
    """What is asked, and what its answer is shown as (`dashboards.cells.shows`)."""
    asked: Chart = {
        "expressionType": "SQL",
        "sqlExpression": expression,
        "label": label,
        "hasCustomLabel": True,
    }
    if shown is None:
        return asked
    how = {"as": shown} if isinstance(shown, str) else shown
    try:
        require(how["as"])
    except ShowError as error:
        raise AssetError(f"{label}: {error}") from None
    return {**asked, "shown": {**how, "in": language}}


def _require_indicators(codes: list[str]) -> None:
    if unknown := [code for code in codes if code not in indicators()]:
        raise AssetError(f"no indicator {', '.join(unknown)}")


def _quoted(codes: list[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _forms(chart: Chart) -> list[str]:
    """Codes of the forms that a chart is about."""
    codes = all_forms() if chart["forms"] == "all" else chart["forms"]
    for code in codes:
        short_form(code, LANGUAGES[0])
    return codes
