"""Indexes of what is left to do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FEW = {
    "ix_inbox_undone": ("inbox", ["status", "id"], "done_at IS NULL"),
    "ix_outbox_unsent": ("outbox", ["status", "channel", "priority", "due_at"], "sent_at IS NULL"),
}
_ALL = {
    "ix_inbox_status_id": ("inbox", ["status", "id"]),
    "ix_outbox_status_channel_priority_due_at": ("outbox", ["status", "channel", "priority", "due_at"]),
}


def upgrade() -> None:
    """Go forward."""
    for name, (table, _) in _ALL.items():
        op.drop_index(name, table_name=table)
    for name, (table, columns, few) in _FEW.items():
        op.create_index(name, table, columns, sqlite_where=sa.text(few), postgresql_where=sa.text(few))


def downgrade() -> None:
    """Go back."""
    for name, (table, _, _) in _FEW.items():
        op.drop_index(name, table_name=table)
    for name, (table, columns) in _ALL.items():
        op.create_index(name, table, columns)
