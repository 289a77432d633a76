"""The first schema of the ledger."""

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.schema import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: D103
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "release",
        sa.Column("release_id", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=True),
        sa.Column("contract_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("period_first", sa.String(length=7), nullable=True),
        sa.Column("period_last", sa.String(length=7), nullable=True),
        sa.CheckConstraint(
            "state in ('building', 'published', 'refused')", name=op.f("ck_release_state")
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_release")),
    )
    op.create_table(
        "submission",
        sa.Column("submission_id", sa.String(length=16), nullable=False),
        sa.Column("form_code", sa.String(length=20), nullable=False),
        sa.Column("form_version", sa.String(length=40), nullable=False),
        sa.Column("territory_kato", sa.String(length=9), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("submitted_by", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("judgements", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_submission")),
        sa.UniqueConstraint("sequence", name=op.f("uq_submission_sequence")),
    )
    op.create_index(
        op.f("ix_submission_form_code_territory_kato_period"),
        "submission",
        ["form_code", "territory_kato", "period"],
        unique=False,
    )
    op.create_index(op.f("ix_submission_period"), "submission", ["period"], unique=False)
    op.create_table(
        "judgement",
        sa.Column("submission_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=30), nullable=False),
        sa.Column("judged_at", UtcDateTime(), nullable=False),
        sa.Column("contract_hash", sa.String(length=64), nullable=False),
        sa.Column("cells_path", sa.Text(), nullable=True),
        sa.Column("cells_sha256", sa.String(length=64), nullable=True),
        sa.Column("cell_count", sa.BigInteger(), nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("warning_count", sa.Integer(), nullable=False),
        sa.Column("findings_sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "verdict = 'rejected' or cells_path is not null",
            name=op.f("ck_judgement_accepted_has_cells"),
        ),
        sa.CheckConstraint(
            "verdict in ('accepted', 'accepted_with_warnings', 'rejected')",
            name=op.f("ck_judgement_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.submission_id"], name=op.f("fk_judgement_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name=op.f("pk_judgement")),
    )
    op.create_table(
        "release_submission",
        sa.Column("release_id", sa.String(length=20), nullable=False),
        sa.Column("submission_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.release_id"], name=op.f("fk_release_submission_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.submission_id"],
            name=op.f("fk_release_submission_submission_id"),
        ),
        sa.PrimaryKeyConstraint("release_id", "submission_id", name=op.f("pk_release_submission")),
    )
    op.create_table(
        "finding",
        sa.Column("submission_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("cell", sa.String(length=20), nullable=True),
        sa.Column("section", sa.String(length=40), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("graph", sa.Integer(), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.String(length=120), nullable=True),
        sa.Column("params", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "severity in ('error', 'warning', 'info')", name=op.f("ck_finding_severity")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id", "number"],
            ["judgement.submission_id", "judgement.number"],
            name=op.f("fk_finding_submission_id_number"),
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", "position", name=op.f("pk_finding")),
    )
    counter = sa.table("counter", sa.column("name"), sa.column("value"))
    op.bulk_insert(counter, [{"name": "submission", "value": 0}, {"name": "release", "value": 0}])


def downgrade() -> None:  # noqa: D103
    for name in ("finding", "release_submission", "judgement", "submission", "release", "counter"):
        op.drop_table(name)
