"""The report of a round is written over several sittings: a draft is kept until it is published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "report_drafts",
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("signed", sa.String(200), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_report_drafts_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_report_drafts")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("report_drafts")
