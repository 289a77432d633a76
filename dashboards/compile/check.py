"""Whether every dashboard can be drawn, told without a server: `make validate-dashboards`.

The published tables are made empty from dbt's manifest, and every dataset, measure, column and
condition of the bundle is asked of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb

from dashboards.database import SCHEMA
from dashboards.names import LANGUAGES, read_text

RELEASE = {
    "release_id": "varchar",
    "published_at": "timestamp",
    "as_of": "timestamp",
    "is_demonstration": "boolean",
}
"""Columns of the table that publishing adds to the marts."""

_TYPES = {"string": "varchar"}


def problems(manifest: dict[str, Any], files: dict[str, str]) -> list[str]:
    """What is wrong with a bundle (path → YAML), as sentences; `manifest` is dbt's."""
    objects = {path: read_text(text) for path, text in files.items()}
    found = list(_repeated(objects))
    found += _unfinished(objects)
    found += _unplaced(objects)
    with _marts(manifest) as connection:
        found += _unanswered(connection, objects)
    return found


def _marts(manifest: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    tables = {"release": RELEASE}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == SCHEMA:
            columns = node["columns"].values()
            tables[node["name"]] = {column["name"]: column["data_type"] for column in columns}
    create_tables(connection, tables)
    return connection


def create_tables(connection: duckdb.DuckDBPyConnection, tables: dict[str, dict[str, str]]) -> None:
    """Make the published tables without rows: table → column → type, as dbt names types."""
    connection.execute(f"create schema {SCHEMA}")
    for name, columns in tables.items():
        listed = ", ".join(f'"{c}" {_TYPES.get(kind, kind)}' for c, kind in columns.items())
        connection.execute(f'create table {SCHEMA}."{name}" ({listed})')


def _repeated(objects: dict[str, Any]) -> Iterator[str]:
    uses = Counter(content["uuid"] for content in objects.values())
    yield from (
        f"{uuid}: {count} objects have this uuid" for uuid, count in uses.items() if count > 1
    )


def _unfinished(objects: dict[str, Any]) -> Iterator[str]:
    for path in objects:
        folder, _, name = path.rpartition("/")
        if folder in {"charts", "dashboards"}:
            stem, _, language = name.removesuffix(".yaml").rpartition("_")
            twins = [f"{folder}/{stem}_{other}.yaml" for other in LANGUAGES]
            if language not in LANGUAGES or any(twin not in objects for twin in twins):
                yield f"{path}: one of the languages is missing"


def _unplaced(objects: dict[str, Any]) -> Iterator[str]:
    placed = {
        node["meta"]["uuid"]
        for path, content in objects.items()
        if path.startswith("dashboards/")
        for node in content["position"].values()
        if isinstance(node, dict) and node["type"] == "CHART"
    }
    drawn = {c["uuid"]: path for path, c in objects.items() if path.startswith("charts/")}
    yield from (f"{path}: stands on no dashboard" for u, path in drawn.items() if u not in placed)
    yield from (f"{uuid}: placed, but no such chart" for uuid in placed - drawn.keys())


def _unanswered(connection: duckdb.DuckDBPyConnection, objects: dict[str, Any]) -> Iterator[str]:
    datasets = {c["uuid"]: c for path, c in objects.items() if path.startswith("datasets/")}
    for path, dataset in objects.items():
        if path.startswith("datasets/"):
            yield from _asked(connection, path, _listed_columns(dataset))
    for path, chart in objects.items():
        if path.startswith("charts/"):
            dataset = datasets.get(chart["dataset_uuid"])
            if dataset is None:
                yield f"{path}: its dataset is not in the bundle"
            else:
                yield from _asked(connection, path, chart_query(chart, dataset))
    for path, dashboard in objects.items():
        if path.startswith("dashboards/"):
            yield from _filters(path, dashboard, datasets)


def _filters(path: str, dashboard: dict[str, Any], datasets: dict[str, Any]) -> Iterator[str]:
    for shown in dashboard["metadata"]["native_filter_configuration"]:
        for target in shown["targets"]:
            dataset = datasets.get(target["datasetUuid"], {"columns": []})
            names = {column["column_name"] for column in dataset["columns"]}
            if target["column"]["name"] not in names:
                yield f"{path}: filter {shown['name']} asks for {target['column']['name']}"


def _asked(connection: duckdb.DuckDBPyConnection, path: str, query: str) -> Iterator[str]:
    try:
        connection.execute(f"explain {query}")
    except duckdb.Error as error:
        yield f"{path}: {str(error).splitlines()[0]}"


def source(dataset: dict[str, Any]) -> str:
    """What a dataset reads from, as it stands after FROM."""
    if dataset["sql"]:
        return f"({dataset['sql']}) as virtual_table"
    return f"{dataset['schema']}.{dataset['table_name']}"


def chart_query(chart: dict[str, Any], dataset: dict[str, Any]) -> str:
    """The question of a chart as Superset asks it, up to the order of its parts."""
    params = chart["params"]
    groups = [_written(column) for column in _dimensions(params)]
    measures = [_written(metric) for metric in _measures(params)]
    query = f"select {', '.join([*groups, *measures])} from {source(dataset)}"  # noqa: S608
    query += _conditions(params, "WHERE")
    if groups:
        query += f" group by {', '.join(groups)}"
    query += _conditions(params, "HAVING")
    if order := params.get("timeseries_limit_metric"):
        query += f" order by {_written(order)} {'desc' if params.get('order_desc') else 'asc'}"
    return query + f" limit {params['row_limit']}"


def _conditions(params: dict[str, Any], clause: str) -> str:
    shown = [f"({c['sqlExpression']})" for c in params["adhoc_filters"] if c["clause"] == clause]
    return f" {clause} {' and '.join(shown)}" if shown else ""


def _dimensions(params: dict[str, Any]) -> list[Any]:
    first = [params["x_axis"]] if "x_axis" in params else []
    return [*first, *params["groupby"]]


def _measures(params: dict[str, Any]) -> list[Any]:
    return params["metrics"] if "metrics" in params else [params["metric"]]


def _written(expression: Any) -> str:
    return expression if isinstance(expression, str) else f"({expression['sqlExpression']})"


def _listed_columns(dataset: dict[str, Any]) -> str:
    names = ", ".join(column["column_name"] for column in dataset["columns"])
    return f"select {names} from {source(dataset)}"  # noqa: S608
