"""Whom staff take no more from, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("contacts", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contacts", sa.Column("blocked_why", sa.String(300), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("contacts") as batch:
        batch.drop_column("blocked_why")
        batch.drop_column("blocked_at")
