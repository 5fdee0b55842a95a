"""Orders, divided points, best and last are counted once, with the week they lie in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ANEW = """
    UPDATE weeks SET ready = false WHERE EXISTS (
        SELECT 1 FROM answers WHERE answers.service = weeks.service
        AND answers.counted_at >= weeks.since AND answers.counted_at < weeks.until
        AND answers.verb IN ('rank', 'allocate', 'bestworst')
    )
"""
"""Weeks that hold such answers and were counted without them are to be counted anew."""


def upgrade() -> None:
    """Go forward."""
    week, round_ = (sa.BigInteger().with_variant(sa.Integer(), "sqlite") for _ in range(2))
    op.create_table(
        "week_ballots",
        sa.Column("week_id", week, nullable=False),
        sa.Column("round_id", round_, nullable=False),
        sa.Column("state", sa.String(length=60), nullable=False),
        sa.Column("option", sa.String(length=60), nullable=False),
        sa.Column("said", sa.String(length=61), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_week_ballots_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["week_id"], ["weeks.id"], name=op.f("fk_week_ballots_week_id_weeks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("week_id", "round_id", "state", "option", "said", name=op.f("pk_week_ballots")),
    )
    op.execute(ANEW)


def downgrade() -> None:
    """Go back."""
    op.drop_table("week_ballots")
