"""A city knows who lives in it, and a round how many answers it wants, and of whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("rounds", sa.Column("aims", sa.Text()))
    op.create_table(
        "margins",
        sa.Column("variable", sa.String(60), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("valid_on", sa.String(10), nullable=False),
        sa.Column("entered_by", sa.String(120), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("variable", name=op.f("pk_margins")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("margins")
    op.drop_column("rounds", "aims")
