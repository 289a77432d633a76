"""A condition of a chart is parsed once, not four times for each question.

Why: the result is always the same, and parsing takes longer than many an answer.
Upstream: apache/superset#25514 (statements are parsed again and again in one request).
Test: tests/unit/dashboards/superset/patches/test_patches.py.
To drop: when Superset keeps what it has parsed.
"""

from __future__ import annotations

from functools import lru_cache

MADE_FOR = {"apache-superset": "6.1.0"}
_CLAUSES = 2048


def install() -> None:
    """Keep the last conditions that were parsed."""
    from superset.common import query_object

    query_object.sanitize_clause = lru_cache(_CLAUSES)(query_object.sanitize_clause)
