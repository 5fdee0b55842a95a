"""A contact keeps when they last said STOP, also once they are back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. Of those who are back by now nobody knows when they said it."""
    op.add_column("contacts", sa.Column("said_stop_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE contacts SET said_stop_at = stopped_at WHERE stopped_at IS NOT NULL")


def downgrade() -> None:
    """Go back."""
    op.drop_column("contacts", "said_stop_at")
