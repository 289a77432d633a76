"""Only the published schema is listed as a schema of the database.

Why: DuckDB lists the system's schemas too, under names that no query of ours may use, and asking it
needs a connection, which nobody without an account gets while dashboards are imported.
Upstream: none known; an engine specification of one's own has to be a package with an entry point.
Test: tests/dashboards/test_superset.py.
To drop: when a setting names the schemas of a database.
"""

from __future__ import annotations

from dashboards.database import SCHEMA

MADE_FOR = {"apache-superset": "6.1.0"}


def install() -> None:
    """Let Superset know one schema."""
    from superset.db_engine_specs.duckdb import DuckDBEngineSpec

    DuckDBEngineSpec.get_schema_names = classmethod(lambda *_: {SCHEMA})
