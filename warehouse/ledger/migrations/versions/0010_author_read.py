"""Whether the author of a file was read: of submissions before revision 0007 it was not."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INDEX = "ix_submission_is_author_read"


def upgrade() -> None:  # noqa: D103
    op.add_column(
        "submission",
        sa.Column("is_author_read", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(op.f(_INDEX), "submission", ["is_author_read"], unique=False)


def downgrade() -> None:  # noqa: D103
    op.drop_index(op.f(_INDEX), table_name="submission")
    with op.batch_alter_table("submission") as table:
        table.drop_column("is_author_read")
