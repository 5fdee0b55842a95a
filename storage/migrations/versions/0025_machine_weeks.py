"""How many requests a language model has had in a week."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "machine_weeks",
        sa.Column("period", sa.String(8), nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_machine_weeks")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("machine_weeks")
