"""A file that staff send in the chat may be a document of a round."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. All files sent before were flows."""
    op.add_column("manuscripts", sa.Column("of_round", sa.String(24), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("manuscripts", "of_round")
