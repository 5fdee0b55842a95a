"""Managers choose how often a digest comes, where to and in which language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

COLUMNS = {"digest_every": 9, "digest_by": 4, "digest_language": 12}


def upgrade() -> None:
    """Go forward."""
    for name, length in COLUMNS.items():
        op.add_column("people", sa.Column(name, sa.String(length)))


def downgrade() -> None:
    """Go back."""
    for name in reversed(COLUMNS):
        op.drop_column("people", name)
