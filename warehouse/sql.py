"""Questions to a release: one reading query, within time and memory."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse import releases
from warehouse.as_of import release_tables
from warehouse.duck import connect_reader
from warehouse.errors import UserError
from warehouse.paths import Home

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

_META = re.compile(r"\bmeta\b", re.IGNORECASE)

_SIDE_EFFECTS = frozenset({"write_log", "getenv", "set_config"})


def query(
    home: Home,
    sql: str,
    *,
    release: str | None = None,
    database: Path | None = None,
    timeout: float = 60.0,
    memory_limit: str = "2GB",
    threads: int = 2,
) -> pa.Table:
    """Answer of one SELECT from the release in force, or from `release`, as an Arrow table.

    The release is chosen once, so one answer never mixes two; `database` is asked instead of it. A
    query that names the schema `meta` finds in it `releases` and `release_submissions`.
    UserError QUERY_REFUSED for anything but one reading statement, QUERY_FAILED for a mistake in
    it, QUERY_TIMEOUT after `timeout` seconds, QUERY_TOO_LARGE beyond `memory_limit`.
    """
    path = database or releases.database(home, release)
    tables = release_tables(home) if _META.search(sql) else {}
    with connect_reader(
        path, memory_limit=memory_limit, threads=threads, meta=tables
    ) as connection:
        try:
            _refuse_all_but_one_select(connection, sql)
            return _within(connection, sql, timeout)
        except duckdb.InterruptException as error:
            raise UserError("QUERY_TIMEOUT", seconds=f"{timeout:g}") from error
        except duckdb.OutOfMemoryException as error:
            raise UserError("QUERY_TOO_LARGE", limit=memory_limit) from error
        except duckdb.PermissionException as error:
            raise UserError("QUERY_REFUSED", problem=str(error)) from error
        except duckdb.Error as error:
            raise UserError("QUERY_FAILED", problem=str(error)) from error


def _within(connection: duckdb.DuckDBPyConnection, sql: str, timeout: float) -> pa.Table:
    timer = threading.Timer(timeout, connection.interrupt)
    timer.start()
    try:
        return connection.execute(sql).to_arrow_table()
    finally:
        timer.cancel()
        timer.join()


def _refuse_all_but_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
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
