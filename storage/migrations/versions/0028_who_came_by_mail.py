"""The link of a mail tells in which chat somebody of a list goes on, until they have answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_FEW = sa.text("through IS NOT NULL")


def upgrade() -> None:
    """Go forward."""
    op.add_column("audience", sa.Column("through", sa.LargeBinary()))
    op.create_index("ix_audience_through", "audience", ["through"], sqlite_where=_FEW, postgresql_where=_FEW)


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_audience_through", table_name="audience")
    op.drop_column("audience", "through")
