"""Words of danger are told to people at once, and counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "alarms",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("round_id", _ID),
        sa.Column("contact_id", _ID),
        sa.Column("at", _AT, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("closed_at", _AT),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_alarms_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_alarms_contact_id_contacts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sa.UniqueConstraint("key", name=op.f("uq_alarms_key")),
    )
    op.create_index(op.f("ix_alarms_service_at"), "alarms", ["service", "at"])
    op.create_index(op.f("ix_alarms_contact_id"), "alarms", ["contact_id"])
    op.create_index(op.f("ix_alarms_round_id"), "alarms", ["round_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("alarms")
