"""A closed round keeps what it says, as everybody may know it; what came late on paper is counted apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "findings",
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_findings_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_findings")),
    )
    op.add_column("entries", sa.Column("late", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("entries") as batch:
        batch.alter_column("late", server_default=None)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("entries") as batch:
        batch.drop_column("late")
    op.drop_table("findings")
