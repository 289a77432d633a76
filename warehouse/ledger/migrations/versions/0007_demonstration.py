"""Whether the file of a submission says that it belongs to the demonstration."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEX = "ix_submission_is_demonstration"


def upgrade() -> None:  # noqa: D103
    op.add_column(
        "submission",
        sa.Column("is_demonstration", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(op.f(_INDEX), "submission", ["is_demonstration"], unique=False)


def downgrade() -> None:  # noqa: D103
    op.drop_index(op.f(_INDEX), table_name="submission")
    with op.batch_alter_table("submission") as table:
        table.drop_column("is_demonstration")
