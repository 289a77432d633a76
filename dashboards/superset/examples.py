"""Example queries among the saved ones of everybody who may write SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from dashboards.access import rules
from dashboards.database import DATABASE_UUID, SCHEMA
from dashboards.names import read_yaml

_FILE = Path(__file__).parents[1] / "queries.yml"


def queries() -> list[dict[str, str]]:
    """Each with `name`, `description`, `sql`."""
    found: list[dict[str, str]] = read_yaml(_FILE)
    return found


def give_to_all() -> None:
    """Superset shows people their own saved queries only, so each gets a copy; their changes of a
    copy are kept until its name is taken anew."""
    from superset import security_manager as manager
    from superset.extensions import db

    with_sql = {code for code, role in rules().roles.items() if role.sql}
    for user in manager.get_all_users():
        if with_sql & {role.name for role in user.roles}:
            give_to(user)
    db.session.commit()


def give_to(user: Any) -> None:
    """The queries that the account does not have yet."""
    from superset.extensions import db
    from superset.models.core import Database
    from superset.models.sql_lab import SavedQuery

    database = db.session.query(Database).filter_by(uuid=DATABASE_UUID).one_or_none()
    if database is None:
        return
    for query in queries():
        key = uuid5(NAMESPACE_URL, f"mvd:query:{user.username}:{query['name']}")
        if db.session.query(SavedQuery).filter_by(uuid=key).one_or_none() is None:
            db.session.add(
                SavedQuery(
                    uuid=key,
                    label=query["name"],
                    description=query["description"],
                    sql=query["sql"],
                    schema=SCHEMA,
                    database=database,
                    user_id=user.id,
                    created_by_fk=user.id,
                    changed_by_fk=user.id,
                )
            )
