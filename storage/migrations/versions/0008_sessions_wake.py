"""A session may go on by itself at a set moment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FEW = sa.text("wakes_at IS NOT NULL")


def upgrade() -> None:
    """Go forward."""
    op.add_column("sessions", sa.Column("wakes_at", sa.DateTime(timezone=True)))
    op.create_index("ix_sessions_wakes_at", "sessions", ["wakes_at"], sqlite_where=_FEW, postgresql_where=_FEW)


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_sessions_wakes_at", table_name="sessions")
    op.drop_column("sessions", "wakes_at")
