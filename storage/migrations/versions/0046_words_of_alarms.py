"""The words of an alarm are kept, sealed, until somebody looks after it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("alarms", sa.Column("sealed", sa.LargeBinary))


def downgrade() -> None:
    """Go back."""
    op.drop_column("alarms", "sealed")
