"""The rows that SQL Lab asks for: never more than the statement itself asks for.

Superset puts its own limit in the place of the outermost LIMIT or FETCH FIRST. It knows only a
LIMIT that is a number, and forgets even that where the request names no limit or LIMIT is 0.

sqlglot writes USING SAMPLE after ORDER BY and LIMIT; DuckDB reads it only before them.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Let every statement that Superset limits keep its own limit where that is lower."""
    from sqlglot import exp
    from superset.sql.parse import LimitMethod, SQLStatement

    _write_samples_before_order()
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


def _write_samples_before_order() -> None:
    from sqlglot.dialects.duckdb import DuckDB

    writer: Any = DuckDB.Generator
    written = writer.after_limit_modifiers

    def after_limit_modifiers(self: Any, expression: Any) -> list[str]:
        locks, _sample = written(self, expression)
        return [locks]

    def sample(self: Any, expression: Any) -> str:
        found: str = self.sql(expression, "sample")
        return found

    writer.after_limit_modifiers = after_limit_modifiers
    writer.AFTER_HAVING_MODIFIER_TRANSFORMS = {
        **writer.AFTER_HAVING_MODIFIER_TRANSFORMS,
        "sample": sample,
    }


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
