"""One reading statement over the published tables, and nothing else, reaches the data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

from dashboards.database import SCHEMA
from dashboards.names import in_both

_FORBIDDEN_FUNCTIONS = frozenset(
    {
        "current_database",
        "current_setting",
        "current_user",
        "getenv",
        "getvariable",
        "json_execute_serialized_sql",
        "read_blob",
        "read_text",
        "set_config",
        "version",
        "which_secret",
        "write_log",
    }
)
"""Scalar functions that tell about the server or run text as SQL. For table functions there is a
list of what is allowed."""

_SIZE_ARGUMENTS = {
    "array_resize": slice(1, 2),
    "bar": slice(3, 4),
    "generate_series": slice(0, None),
    "list_resize": slice(1, 2),
    "lpad": slice(1, 2),
    "range": slice(0, None),
    "repeat": slice(1, 2),
    "rpad": slice(1, 2),
}
"""Scalar functions whose answer is as large as arguments say: gigabytes in one call, which neither
the engine's memory limit nor an interruption stops. So these arguments must be plain numbers."""
_LARGEST_SIZE = 1000
_FORMATS = frozenset({"format", "printf"})
_WIDE_FORMAT = re.compile(r"\d{4}|\*|\{[^}]*\{")

_TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
_OWN_NAME = re.compile(r"(?!duckdb_|pragma_|sqlite_|pg_)[^\W\d]\w*")
_CATALOGUE = frozenset({"tables", "columns", "schemata"})
_SOURCES = frozenset(
    {
        "BASE_TABLE",
        "EMPTY",
        "EMPTY_FROM",
        "EXPRESSION_LIST",
        "JOIN",
        "PIVOT",
        "SUBQUERY",
        "TABLE_FUNCTION",
    }
)


class RefusedError(ValueError):
    """The statement may not run; the text of `key` says why, to the one who wrote it."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(in_both(key, **values))


def allow_one_select(sql: str, **_: Any) -> str:
    """SQL_QUERY_MUTATOR: the statement unchanged, or RefusedError."""
    with _parser().cursor() as parser:
        tree = _tree(parser, sql)
    known = set(_common_tables(tree))
    nodes = list(_nodes(tree))
    of_tables = {id(node["function"]) for node in nodes if node.get("type") == "TABLE_FUNCTION"}
    for node in nodes:
        _check_source(node, known)
        _check_function(node, of_tables)
    return sql


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"enable_external_access": "false"})


def _tree(parser: duckdb.DuckDBPyConnection, sql: str) -> Any:
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        raise RefusedError("sql_one_select", problem=error) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise RefusedError("sql_one_select", problem="")
    row = parser.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise RefusedError("sql_one_select", problem=tree.get("error_message", ""))
    return tree["statements"]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the tree."""
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)
    elif isinstance(node, dict):
        yield node
        for item in node.values():
            yield from _nodes(item)


def _common_tables(tree: Any) -> Iterator[str]:
    """Names that the statement itself gives to its parts (WITH), none of them a system view's."""
    for node in _nodes(tree):
        for entry in (node.get("cte_map") or {}).get("map", ()):
            name = str(entry["key"]).lower()
            if not _OWN_NAME.fullmatch(name):
                raise RefusedError("sql_name_refused", name=entry["key"])
            yield name


def _check_source(node: dict[str, Any], known: set[str]) -> None:
    """Whatever can stand after FROM has an alias and a sample, and is no expression."""
    if "alias" not in node or "sample" not in node or "class" in node:
        return
    if node["type"] not in _SOURCES:
        raise RefusedError("sql_source_refused", source=node["type"])
    if node["type"] == "BASE_TABLE":
        _check_table(node, known)


def _check_table(table: dict[str, Any], known: set[str]) -> None:
    catalog, schema = table["catalog_name"], table["schema_name"].lower()
    name = table["table_name"].lower()
    is_own = not schema and name in known
    is_published = schema == SCHEMA
    is_catalogue = schema == "information_schema" and name in _CATALOGUE
    if catalog or not (is_own or is_published or is_catalogue):
        raise RefusedError("sql_table_refused", table=table["table_name"])


def _check_function(node: dict[str, Any], of_tables: set[int]) -> None:
    if node.get("type") == "TABLE_FUNCTION":
        name = str(node["function"]["function_name"]).lower()
        if name not in _TABLE_FUNCTIONS:
            raise RefusedError("sql_function_refused", function=name)
        return
    name = str(node.get("function_name", "")).lower()
    if name in _FORBIDDEN_FUNCTIONS:
        raise RefusedError("sql_function_refused", function=name)
    if id(node) not in of_tables and not _is_bounded(name, node.get("children") or []):
        raise RefusedError("sql_size_refused", function=name, largest=_LARGEST_SIZE)


def _is_bounded(name: str, arguments: list[dict[str, Any]]) -> bool:
    if name in _FORMATS:
        formats = _constants(arguments[0]) if arguments else [""]
        return all(isinstance(f, str) and not _WIDE_FORMAT.search(f) for f in formats)
    sizes = arguments[_SIZE_ARGUMENTS[name]] if name in _SIZE_ARGUMENTS else []
    found = [size for argument in sizes for size in _constants(argument)]
    return all(isinstance(size, int) and size <= _LARGEST_SIZE for size in found)


def _constants(expression: dict[str, Any]) -> list[Any]:
    """What an expression may give, where that stands in the statement; None where it does not."""
    if expression["class"] == "CONSTANT":
        return [expression["value"].get("value")]
    if expression["class"] == "CASE":
        cases = [case["then_expr"] for case in expression["case_checks"]]
        return [c for each in (*cases, expression["else_expr"]) for c in _constants(each)]
    return [None]
