"""The one database that Superset knows: the release in force, as the user may see it.

Its address in Superset's own database says nothing: `connections` chooses the file.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

DATABASE_UUID = str(uuid5(NAMESPACE_URL, "mvd:database"))
DATABASE_NAME = "МВД"
SCHEMA = "marts"
FILE = "warehouse.duckdb"
USER_AGENT = "mvd-dashboards"
URI = "duckdb:////release-in-force"

LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "threads": "2",
    "memory_limit": "2GB",
    "lock_configuration": "true",
}
"""Every connection of a process to one file must be configured alike, so there is one way."""


def definition() -> dict[str, object]:
    """The database as an object of a Superset bundle."""
    return {
        "database_name": DATABASE_NAME,
        "sqlalchemy_uri": URI,
        "uuid": DATABASE_UUID,
        "version": "1.0.0",
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "impersonate_user": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "disable_data_preview": False,
            "schemas_allowed_for_file_upload": [],
        },
    }
