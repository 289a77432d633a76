"""The rows that SQL Lab asks for: never more than the statement itself asks for.

Why: Superset puts its own limit in the place of the outermost LIMIT or FETCH FIRST. It knows only a
LIMIT that is a number, and forgets even that where the request names no limit or LIMIT is 0.
Upstream: apache/superset#40070 (limits of statements are not respected).
Test: tests/unit/dashboards/superset/patches/test_row_limits.py.
To drop: when Superset keeps the lower one of its own limit and the statement's.
"""

from __future__ import annotations

from typing import Any

MADE_FOR = {"apache-superset": "6.1.0"}


def install() -> None:
    """Let every statement that Superset limits keep its own limit where that is lower."""
    from sqlglot import exp
    from superset.sql.parse import LimitMethod, SQLStatement

    force = SQLStatement.set_limit_value

    def set_limit_value(
        self: Any, limit: int, method: LimitMethod = LimitMethod.FORCE_LIMIT
    ) -> None:
        own = self._parsed.args.get("limit")
        if own is None and isinstance(self._parsed, exp.Subquery):
            # DuckDB takes no second limit after a statement in brackets that has one.
            force(self, limit, LimitMethod.WRAP_SQL)
        elif own is None or _is_all(own):
            force(self, limit, method)
        elif (rows := _whole_number(own)) is not None:
            force(self, min(limit, rows), method)
        else:
            # A share of the rows or an expression: only the database can tell how many.
            force(self, limit, LimitMethod.WRAP_SQL)

    SQLStatement.set_limit_value = set_limit_value


def _is_all(own: Any) -> bool:
    """LIMIT ALL, which sqlglot takes for a column."""
    from sqlglot import exp

    count = own.args.get("expression")
    return isinstance(count, exp.Null) or (
        isinstance(count, exp.Column) and count.name.lower() == "all"
    )


def _whole_number(own: Any) -> int | None:
    """How many rows LIMIT or FETCH FIRST names; None where it is no plain number."""
    from sqlglot import exp

    options = own.args.get("limit_options")
    if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
        return None
    count: Any = own.args.get("count") if isinstance(own, exp.Fetch) else own.expression
    if isinstance(own, exp.Fetch) and (count is None or count.name.lower() in ("row", "rows")):
        return 1
    is_number = isinstance(count, exp.Literal) and count.is_int
    return int(count.name) if is_number else None
