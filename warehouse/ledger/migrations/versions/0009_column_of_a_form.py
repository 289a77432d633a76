"""The column of a form that a finding is about is no longer called a graph."""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CODES = {
    "GRAPH_BLANK": "COLUMN_BLANK",
    "GRAPH_HEADER_DIFFERS": "COLUMN_HEADER_DIFFERS",
    "GRAPH_HEADER_MOVED": "COLUMN_HEADER_MOVED",
    "GRAPH_MISSING": "COLUMN_MISSING",
    "GRAPH_REPEATED": "COLUMN_REPEATED",
    "GRAPH_UNKNOWN": "COLUMN_UNKNOWN",
}
_PARAMS = {"graphs": "columns"}
_KEY = ("submission_id", "number", "position")
_finding = sa.table("finding", *(sa.column(name) for name in (*_KEY, "code", "params")))


def upgrade() -> None:  # noqa: D103
    op.alter_column("finding", "graph", new_column_name="column_number")
    _rename(_CODES, _PARAMS)


def downgrade() -> None:  # noqa: D103
    _rename(_reversed(_CODES), _reversed(_PARAMS))
    op.alter_column("finding", "column_number", new_column_name="graph")


def _rename(codes: Mapping[str, str], params: Mapping[str, str]) -> None:
    connection = op.get_bind()
    for before, now in codes.items():
        connection.execute(sa.update(_finding).where(_finding.c.code == before).values(code=now))
    c = _finding.c
    # Only a finding on the empty cells of a line names several columns.
    query = sa.select(*(c[name] for name in _KEY), c.params).where(c.code == "LINE_INCOMPLETE")
    rows = [
        {**{f"its_{name}": row[name] for name in _KEY}, "renamed": _renamed(row["params"], params)}
        for row in connection.execute(query).mappings()
    ]
    if rows:
        is_row = (c[name] == sa.bindparam(f"its_{name}") for name in _KEY)
        update = sa.update(_finding).where(*is_row).values(params=sa.bindparam("renamed"))
        connection.execute(update, rows)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    params = {names.get(name, name): value for name, value in json.loads(text).items()}
    return json.dumps(params, ensure_ascii=False, sort_keys=True)


def _reversed(names: Mapping[str, str]) -> dict[str, str]:
    return {now: before for before, now in names.items()}
