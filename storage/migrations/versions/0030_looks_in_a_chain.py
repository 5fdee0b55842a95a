"""Looks at answers carry a hash each, over the one before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("looks", sa.Column("hash", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("looks", "hash")
