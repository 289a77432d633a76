"""Superset's roles, made from `contracts/access.yml`."""

from __future__ import annotations

from typing import Any

from dashboards.access import Role, region_role, rules
from dashboards.database import DATABASE_NAME, SCHEMA
from dashboards.names import REGION_LEVELS, territories

_OUR_SCHEMA = f"[{DATABASE_NAME}].[{SCHEMA}]"
# What reading dashboards takes, beyond what Superset thinks the public may do.
_READING = frozenset(
    {
        ("can_csv", "Superset"),
        ("can_export", "Chart"),
        ("can_read", "CurrentUserRestApi"),
        ("can_write", "CurrentUserRestApi"),
        ("can_read", "Superset"),
        ("can_read", "Dataset"),
        ("can_get_drill_info", "Dataset"),
        ("can_view_chart_as_table", "Dashboard"),
        ("can_view_query", "Dashboard"),
        ("can_drill", "Dashboard"),
        ("can_samples", "Datasource"),
        ("can_read", "DashboardFilterStateRestApi"),
        ("can_write", "DashboardFilterStateRestApi"),
        ("can_read", "DashboardPermalinkRestApi"),
        ("can_write", "DashboardPermalinkRestApi"),
        ("can_read", "ExploreFormDataRestApi"),
        ("can_write", "ExploreFormDataRestApi"),
        ("can_share_dashboard", "Superset"),
        ("can_log", "Superset"),
        ("can_language_pack", "Superset"),
        ("can_recent_activity", "Log"),
        ("can_read", "SecurityRestApi"),
        ("can_userinfo", "UserDBModelView"),
        ("can_get", "MenuApi"),
        ("can_read", "AdvancedDataType"),
        ("can_read", "AvailableDomains"),
        ("can_read", "user"),
        ("can_this_form_get", "ResetMyPasswordView"),
        ("can_this_form_post", "ResetMyPasswordView"),
        ("resetmypassword", "UserDBModelView"),
        ("menu_access", "Dashboards"),
        ("menu_access", "Home"),
    }
)
# Charts and dashboards of one's own, beside those of the ministry.
_WRITING = frozenset(
    {
        ("can_explore", "Superset"),
        ("can_export", "Dashboard"),
        ("can_external_metadata_by_name", "Datasource"),
        ("can_fetch_datasource_metadata", "Superset"),
        ("can_put_chart_customizations", "Dashboard"),
        ("can_read", "Explore"),
        ("can_share_chart", "Superset"),
        ("can_write", "Chart"),
        ("can_write", "Dashboard"),
        ("can_write", "ExplorePermalinkRestApi"),
        ("menu_access", "Charts"),
        ("menu_access", "Datasets"),
        # Superset's own role for SQL may read saved queries and not open their list.
        ("can_list", "SavedQuery"),
    }
)
# Letters by schedule.
_LETTERS = frozenset(
    {
        ("can_read", "ReportSchedule"),
        ("can_write", "ReportSchedule"),
        ("menu_access", "Alerts & Report"),
        ("menu_access", "Manage"),
    }
)


def define() -> None:
    """Bring Superset's own roles and ours into being, with exactly their permissions."""
    from superset import appbuilder
    from superset import security_manager as manager
    from superset.extensions import db

    appbuilder.add_permissions(update_perms=True)
    manager.add_permission_view_menu("schema_access", _OUR_SCHEMA)
    manager.sync_role_definitions()
    _grant(manager)
    db.session.commit()


def _grant(manager: Any) -> None:
    for code, role in rules().roles.items():
        _set(manager, code, _permissions(manager, role))
    for kato in _regions():
        _set(manager, region_role(kato), [])


def open_dashboards() -> None:
    """Let each role see the tables, and the dashboards that are meant for it."""
    from superset import security_manager as manager
    from superset.extensions import db
    from superset.models.dashboard import Dashboard

    from dashboards.compile.bundle import audiences

    wanted = audiences()
    for dashboard in db.session.query(Dashboard).filter(Dashboard.is_managed_externally):
        codes = wanted.get(str(dashboard.uuid), list(rules().roles))
        dashboard.roles = [manager.find_role(code) for code in codes]
    _grant(manager)
    db.session.commit()


def _set(manager: Any, name: str, permissions: list[Any]) -> None:
    role = manager.find_role(name) or manager.add_role(name)
    if set(role.permissions) != set(permissions):
        role.permissions = permissions


def _permissions(manager: Any, role: Role) -> list[Any]:
    wanted = set(manager.PUBLIC_ROLE_PERMISSIONS | _READING)
    if role.sql:
        # Letters too: an alert is a query.
        wanted |= _WRITING | _LETTERS
        wanted |= manager.SQLLAB_ONLY_PERMISSIONS | manager.SQLLAB_EXTRA_PERMISSION_VIEWS
    return [
        permission
        for permission in manager._get_all_pvms()
        if (permission.permission.name, permission.view_menu.name) in wanted
        or _opens_data(permission, role)
    ]


def _opens_data(permission: Any, role: Role) -> bool:
    """The published tables for all; the database as such for whoever may write SQL."""
    kind, name = permission.permission.name, permission.view_menu.name
    if kind == "schema_access":
        return bool(name == _OUR_SCHEMA)
    is_ours = str(name).startswith(f"[{DATABASE_NAME}].(id:")
    return kind == "database_access" and is_ours and role.sql


def _regions() -> list[str]:
    """KATO of the oblasts and cities of republican importance, of all times."""
    return [kato for kato, unit in territories().items() if unit["level"] in REGION_LEVELS]
