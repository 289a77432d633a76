"""The page that manages databases is for whoever may change them.

Why: SQL Lab needs the right to read databases, and Superset opens that page with it.
Upstream: none known; the permission of a page is an attribute of its class.
Test: tests/dashboards/test_roles.py.
To drop: when the page has a permission of its own.
"""

from __future__ import annotations

MADE_FOR = {"apache-superset": "6.1.0"}


def install() -> None:
    """Ask for the right to write before the page is shown."""
    from superset.views.database.views import DatabaseView

    DatabaseView.method_permission_name = {**DatabaseView.method_permission_name, "list": "write"}
