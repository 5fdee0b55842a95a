"""A digest keeps to how many addresses it was sent, so that the next one knows what its reader has got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. Of digests written before it is taken that each was sent, unless its week was silent."""
    op.add_column("digests", sa.Column("addresses", sa.Integer(), nullable=True))
    op.execute("UPDATE digests SET addresses = 1 WHERE body <> 'null'")


def downgrade() -> None:
    """Go back."""
    op.drop_column("digests", "addresses")
