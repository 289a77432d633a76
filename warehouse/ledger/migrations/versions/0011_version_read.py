"""The version of the form that a file was read by, in every judgement."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: D103
    op.add_column("judgement", sa.Column("form_version", sa.String(length=40)))


def downgrade() -> None:  # noqa: D103
    with op.batch_alter_table("judgement") as table:
        table.drop_column("form_version")
