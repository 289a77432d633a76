"""Detached signatures of submissions; sign-ins through an identity provider that are under way."""

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.schema import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: D103
    op.create_table(
        "signature",
        sa.Column("submission_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cms", sa.LargeBinary(), nullable=False),
        sa.Column("cms_sha256", sa.String(length=64), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("signer", sa.Text(), nullable=True),
        sa.Column("iin", sa.String(length=12), nullable=True),
        sa.Column("bin", sa.String(length=12), nullable=True),
        sa.Column("algorithm", sa.String(length=80), nullable=True),
        sa.Column("is_revocation_checked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.submission_id"],
            name=op.f("fk_signature_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name=op.f("pk_signature")),
    )
    op.create_table(
        "oidc_request",
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("code_verifier", sa.String(length=128), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_oidc_request")),
    )
    op.add_column("upload", sa.Column("signature", sa.LargeBinary(), nullable=True))


def downgrade() -> None:  # noqa: D103
    op.drop_column("upload", "signature")
    op.drop_table("oidc_request")
    op.drop_table("signature")
