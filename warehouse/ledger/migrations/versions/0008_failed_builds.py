"""A build that failed for want of a machine is told apart from one whose data were refused."""

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.schema import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BEFORE = "state in ('building', 'published', 'refused')"
_NOW = "state in ('building', 'published', 'refused', 'failed')"


def upgrade() -> None:  # noqa: D103
    # SQLite cannot change a constraint: the table is made anew, from what is described here.
    with op.batch_alter_table("release", copy_from=_release(_BEFORE)) as batch:
        batch.add_column(sa.Column("problem", sa.Text(), nullable=True))
        batch.drop_constraint(op.f("ck_release_state"), type_="check")
        batch.create_check_constraint(op.f("ck_release_state"), _NOW)


def downgrade() -> None:  # noqa: D103
    op.execute("UPDATE release SET state = 'building' WHERE state = 'failed'")
    table = _release(_NOW, sa.Column("problem", sa.Text(), nullable=True))
    with op.batch_alter_table("release", copy_from=table) as batch:
        batch.drop_column("problem")
        batch.drop_constraint(op.f("ck_release_state"), type_="check")
        batch.create_check_constraint(op.f("ck_release_state"), _BEFORE)


def _release(states: str, *more: sa.Column[str]) -> sa.Table:
    return sa.Table(
        "release",
        sa.MetaData(),
        sa.Column("release_id", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=True),
        sa.Column("contract_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("period_first", sa.String(length=7), nullable=True),
        sa.Column("period_last", sa.String(length=7), nullable=True),
        *more,
        sa.CheckConstraint(states, name=op.f("ck_release_state")),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_release")),
    )
