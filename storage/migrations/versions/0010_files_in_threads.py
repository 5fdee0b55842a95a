"""A citizen may send photos and voice messages to the people of a service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("thread_messages", sa.Column("kind", sa.String(8)))
    op.add_column("thread_messages", sa.Column("file", sa.String(300)))


def downgrade() -> None:
    """Go back."""
    op.drop_column("thread_messages", "file")
    op.drop_column("thread_messages", "kind")
