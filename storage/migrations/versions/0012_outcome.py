"""A round keeps what came of it: issues raised, who read what, the decision with its reasons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("rounds", sa.Column("outcome", sa.Text()))


def downgrade() -> None:
    """Go back."""
    op.drop_column("rounds", "outcome")
