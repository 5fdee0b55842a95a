"""Texts that were sent in campaigns are known, week by week, so that they can be counted apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    gone_with = op.f("fk_campaign_texts_answer_id_answers")
    op.create_table(
        "campaign_texts",
        sa.Column("answer_id", _ID, nullable=False),
        sa.Column("campaign", _ID, nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=gone_with, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_campaign_texts")),
    )
    op.create_table(
        "campaign_weeks",
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("until", _AT, nullable=False),
        sa.Column("sought_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("service", "until", name=op.f("pk_campaign_weeks")),
    )


def downgrade() -> None:
    """Go back."""
    for name in ("campaign_weeks", "campaign_texts"):
        op.drop_table(name)
