"""Weeks count the last answer of each person to an item; and few look-ups find who speaks for many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_FEW = sa.text("choice IN ('group', 'organisation') AND (item = 'you.role' OR state = 'for_whom.kind')")


def upgrade() -> None:
    """Go forward. Weeks that were counted otherwise are counted anew."""
    op.create_index("ix_answers_for_many", "answers", ["service"], sqlite_where=_FEW, postgresql_where=_FEW)
    op.execute("UPDATE weeks SET ready = false")


def downgrade() -> None:
    """Go back. Weeks that were counted by this rule are counted anew, too."""
    op.execute("UPDATE weeks SET ready = false")
    op.drop_index("ix_answers_for_many", table_name="answers")
