"""A round keeps what it takes from the configuration, as that was when it was signed or opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("rounds", sa.Column("told", sa.Text))


def downgrade() -> None:
    """Go back."""
    op.drop_column("rounds", "told")
