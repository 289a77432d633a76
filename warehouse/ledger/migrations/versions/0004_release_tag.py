"""Names given to releases."""

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.schema import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: D103
    op.create_table(
        "release_tag",
        sa.Column("tag", sa.String(length=80), nullable=False),
        sa.Column("release_id", sa.String(length=20), nullable=False),
        sa.Column("tagged_at", UtcDateTime(), nullable=False),
        sa.Column("tagged_by", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
            name=op.f("fk_release_tag_release_id_release"),
        ),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_release_tag")),
    )


def downgrade() -> None:  # noqa: D103
    op.drop_table("release_tag")
