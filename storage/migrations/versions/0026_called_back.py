"""What a sender has claimed may be called back before it leaves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("outbox", sa.Column("called_back", sa.String(8)))


def downgrade() -> None:
    """Go back."""
    op.drop_column("outbox", "called_back")
