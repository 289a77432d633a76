"""What may be asked: one reading statement, without functions that reach out."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from warehouse.core.errors import UserError

TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns",
        "duckdb_constraints",
        "duckdb_schemas",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "generate_series",
        "json_each",
        "json_tree",
        "pragma_table_info",
        "range",
        "unnest",
    }
)
"""Table functions a query may call. Others reach files, or like `enable_profiling` change
settings in spite of the locked configuration, or like `query` hide SQL in a text."""

_SIDE_EFFECTS = frozenset({"write_log", "getenv", "set_config"})


def refuse_all_but_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """UserError QUERY_REFUSED for anything but one SELECT that calls harmless functions."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise UserError("QUERY_REFUSED", problem=f"{len(statements)} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise UserError("QUERY_REFUSED", problem=statements[0].type.name)
    for kind, name in _functions(_syntax_tree(connection, sql)):
        allowed = name in TABLE_FUNCTIONS if kind == "table" else name not in _SIDE_EFFECTS
        if not allowed:
            raise UserError("QUERY_REFUSED", problem=f"{name}()")


def _syntax_tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise UserError("QUERY_REFUSED", problem=tree.get("error_message", "PRAGMA"))
    return tree["statements"]


def _functions(node: Any) -> Iterator[tuple[str, str]]:
    """Every function called anywhere in the query, as (table or scalar, name in lower case)."""
    if isinstance(node, list):
        for item in node:
            yield from _functions(item)
    elif isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            function = node["function"]
            yield "table", str(function["function_name"]).lower()
            yield from _functions(function["children"])
            return
        if "function_name" in node:
            yield "scalar", str(node["function_name"]).lower()
        for item in node.values():
            yield from _functions(item)
