"""Superset's own database."""

from __future__ import annotations


def upgrade() -> None:
    """Bring it to the version of the installed Superset; nothing when it is there already."""
    from flask_migrate import upgrade as migrate

    if not _is_current():
        migrate()


def _is_current() -> bool:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from flask_migrate import Migrate
    from superset.extensions import db, migrate

    kept: Migrate = migrate
    script = ScriptDirectory.from_config(kept.get_config())
    with db.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(script.get_heads())
