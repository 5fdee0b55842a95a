"""Of staff it is known since when they have no role: their names are forgotten some time after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. Whoever has no role now is taken to have left now."""
    op.add_column("people", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    people = sa.table("people", sa.column("id"), sa.column("left_at"))
    roles = sa.table("roles", sa.column("person_id"))
    sqlite = op.get_bind().dialect.name == "sqlite"
    now = sa.func.strftime("%Y-%m-%d %H:%M:%f000", "now") if sqlite else sa.func.now()
    op.execute(sa.update(people).where(people.c.id.not_in(sa.select(roles.c.person_id))).values(left_at=now))


def downgrade() -> None:
    """Go back."""
    op.drop_column("people", "left_at")
