"""Superset's own database."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


def write_behind() -> None:
    """SQLite: readers and a writer at once, and no wait for the disk at every commit.

    A loss of power can take the last moments, never the database. Another database is left alone.
    """
    if not event.contains(Engine, "connect", _prepare):
        event.listen(Engine, "connect", _prepare)


def _prepare(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")


def upgrade() -> bool:
    """Bring it to the version of the installed Superset; whether that changed anything."""
    from flask_migrate import upgrade as migrate

    if _is_current():
        return False
    migrate()
    return True


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
