"""Answers that are counted apart stay so once a round's key, or what somebody said of themselves, is gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0041"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "counted_apart",
        sa.Column("round_id", _ID, sa.ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("pseudonym", sa.LargeBinary(), primary_key=True),
        sa.Column("kind", sa.String(12), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("counted_apart")
