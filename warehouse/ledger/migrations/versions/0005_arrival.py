"""The log of arrivals; what was registered before is its beginning."""

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.schema import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COPIED = (
    "form_code",
    "territory_kato",
    "period",
    "file_sha256",
    "file_name",
    "submitted_by",
    "received_at",
    "submission_id",
)


def upgrade() -> None:  # noqa: D103
    op.create_table(
        "arrival",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("form_code", sa.String(length=20), nullable=False),
        sa.Column("territory_kato", sa.String(length=9), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.String(length=200), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("is_reinstatement", sa.Boolean(), nullable=False),
        sa.Column("submission_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.submission_id"],
            name=op.f("fk_arrival_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_arrival")),
    )
    op.create_index(
        op.f("ix_arrival_form_code_territory_kato_period"),
        "arrival",
        ["form_code", "territory_kato", "period"],
        unique=False,
    )
    op.create_index(op.f("ix_arrival_submission_id"), "arrival", ["submission_id"], unique=False)
    _copy_submissions()


def _copy_submissions() -> None:
    names = ("number", "registered_at", "is_reinstatement", *_COPIED)
    arrival = sa.table("arrival", *map(sa.column, names))
    submission = sa.table("submission", sa.column("sequence"), *map(sa.column, _COPIED))
    c = submission.c
    told = sa.select(c.sequence, c.received_at, sa.false(), *(c[name] for name in _COPIED))
    op.execute(arrival.insert().from_select(list(names), told))
    counter = sa.table("counter", sa.column("name"), sa.column("value"))
    latest = sa.select(sa.literal("arrival"), sa.func.coalesce(sa.func.max(c.sequence), 0))
    op.execute(counter.insert().from_select(["name", "value"], latest))


def downgrade() -> None:  # noqa: D103
    op.drop_table("arrival")
    op.execute("DELETE FROM counter WHERE name = 'arrival'")
