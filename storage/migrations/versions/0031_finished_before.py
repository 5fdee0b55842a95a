"""A session that begins anew keeps when an earlier passage first came to its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. Of passages begun anew before that nobody knows whether an earlier one came to its end."""
    op.add_column("sessions", sa.Column("first_ended_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("sessions", "first_ended_at")
