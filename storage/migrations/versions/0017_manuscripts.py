"""Staff send flow files to the bot, try them out, and publish them there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.add_column("flow_versions", sa.Column("channel", sa.String(20)))
    op.create_table(
        "manuscripts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("sent_as", sa.String(100), nullable=False),
        sa.Column("file", sa.String(300), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("session", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_manuscripts_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manuscripts")),
        sa.UniqueConstraint("sent_as", name=op.f("uq_manuscripts_sent_as")),
    )
    op.create_index(op.f("ix_manuscripts_contact_id"), "manuscripts", ["contact_id"])
    op.create_index(op.f("ix_manuscripts_due_at"), "manuscripts", ["due_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("manuscripts")
    op.drop_column("flow_versions", "channel")
