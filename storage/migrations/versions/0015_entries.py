"""What staff take down for somebody is known as that: who entered it, and for whom it speaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "entries",
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("person_id", _ID),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("heads", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_entries_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_entries_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_entries_person_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("contact_id", "round_id", name=op.f("pk_entries")),
    )
    op.create_index(op.f("ix_entries_round_id"), "entries", ["round_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("entries")
