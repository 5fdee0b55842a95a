"""A turn leaves the indexes of its session alone."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.drop_index(op.f("ix_sessions_status_updated_at"), table_name="sessions")
    op.create_index(op.f("ix_sessions_status_started_at"), "sessions", ["status", "started_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_sessions_status_started_at"), table_name="sessions")
    op.create_index(op.f("ix_sessions_status_updated_at"), "sessions", ["status", "updated_at"], unique=False)
