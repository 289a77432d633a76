"""sqlglot writes USING SAMPLE where DuckDB reads it: before ORDER BY and LIMIT.

Why: it writes the sample after them, so a statement that Superset limits is refused by DuckDB.
Upstream: tobymao/sqlglot#1247 (samples of DuckDB); none known for their place.
Test: tests/unit/dashboards/superset/patches/test_row_limits.py.
To drop: when sqlglot writes a sample before ORDER BY.
"""

from __future__ import annotations

from typing import Any

MADE_FOR = {"sqlglot": "28.10.1"}


def install() -> None:
    """Write samples of DuckDB in their place."""
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
