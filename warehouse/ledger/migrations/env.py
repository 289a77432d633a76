"""Alembic runs inside the transaction and under the lock that `database` holds."""

from alembic import context
from sqlalchemy import Connection

from warehouse.ledger import desk_tables, tags  # noqa: F401 - add their tables to the metadata
from warehouse.ledger.schema import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
