"""Who was written to because of a round is forgotten once its time is over; how many stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0037"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("invitations") as batch:
        batch.alter_column("contact_id", existing_type=_ID, nullable=True)


def downgrade() -> None:
    """Go back."""
    op.execute("DELETE FROM invitations WHERE contact_id IS NULL")
    with op.batch_alter_table("invitations") as batch:
        batch.alter_column("contact_id", existing_type=_ID, nullable=False)
