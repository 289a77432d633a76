"""What a chart of the bundle shows, without Superset."""

from typing import Any

import duckdb
import pandas as pd

from dashboards.cells.shows import shown_frame
from dashboards.compile.bundle import published
from dashboards.compile.check import RELEASE, chart_query, create_tables


def answered(
    marts: duckdb.DuckDBPyConnection,
    objects: dict[str, Any],
    path: str,
    condition: str = "true",
) -> list[dict[str, Any]]:
    """The rows of a chart by the titles of its columns, as a reader sees them.

    `condition` is what the filters of the dashboard choose.
    """
    datasets = {c["uuid"]: c for p, c in objects.items() if p.startswith("datasets/")}
    chart = objects[path]
    params = chart["params"]
    clause = {"clause": "WHERE", "sqlExpression": condition}
    chosen = {**chart, "params": {**params, "adhoc_filters": [*params["adhoc_filters"], clause]}}
    by = [*([params["x_axis"]] if "x_axis" in params else []), *params["groupby"]]
    asked = [*by, *(params["metrics"] if "metrics" in params else [params["metric"]])]
    rows = marts.execute(chart_query(chosen, datasets[chart["dataset_uuid"]])).fetchall()
    titles = [column if isinstance(column, str) else column["label"] for column in asked]
    frame = pd.DataFrame(rows, columns=titles, dtype=object)
    return [
        {str(title): value for title, value in row.items()}
        for row in shown_frame(frame, asked).to_dict(orient="records")
    ]


def create_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """Every published table, without rows."""
    create_tables(connection, {**published(), "release": RELEASE})
