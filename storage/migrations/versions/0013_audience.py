"""A round has an audience, a row for each person of it; and there is a list of who must never be written to.

Who was invited before stands in it as invited.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_FACTS: dict[str, sa.types.TypeEngine[Any]] = {
    "whom": sa.Text(),
    "spread_hours": sa.Integer(),
    "remind_at": _MOMENT,
    "drawn_at": _MOMENT,
}


def upgrade() -> None:
    """Go forward."""
    for name, kind in _FACTS.items():
        op.add_column("rounds", sa.Column(name, kind))
    op.create_table(
        "quiet",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_quiet")),
    )
    op.create_table(
        "audience",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("contact_id", _ID),
        sa.Column("mark", sa.LargeBinary()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("zone", sa.String(60)),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_audience_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_audience_contact_id_contacts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience")),
        sa.UniqueConstraint("round_id", "contact_id", name=op.f("uq_audience_round_id_contact_id")),
        sa.UniqueConstraint("round_id", "mark", name=op.f("uq_audience_round_id_mark")),
    )
    op.create_index(op.f("ix_audience_contact_id"), "audience", ["contact_id"])
    op.create_index(op.f("ix_audience_round_id_state"), "audience", ["round_id", "state"])
    op.execute(
        "INSERT INTO audience (round_id, contact_id, state, reason, source) "
        "SELECT round_id, contact_id, 'invited', '', 'agreed' FROM invitations WHERE which = 'invitation'"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("audience")
    op.drop_table("quiet")
    for name in reversed(_FACTS):
        op.drop_column("rounds", name)
