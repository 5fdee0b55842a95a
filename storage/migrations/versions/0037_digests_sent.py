"""A digest keeps to how many addresses it was sent, so that the next one knows what its reader has got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. A digest was sent of which a letter is kept, or which is older than the letters that are kept."""
    op.add_column("digests", sa.Column("addresses", sa.Integer(), nullable=True))
    digests = sa.table(
        "digests", *map(sa.column, ("person_id", "service", "period", "created_at", "body", "addresses"))
    )
    outbox = sa.table("outbox", *map(sa.column, ("key", "status", "created_at")))
    sqlite = op.get_bind().dialect.name == "sqlite"
    month_ago = sa.text("strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 days')" if sqlite else "now() - interval '30 days'")
    sent = sa.and_(outbox.c.status == "sent", outbox.c.key.like("digest:%"))
    kept_since = sa.select(sa.func.min(outbox.c.created_at)).where(sent).scalar_subquery()
    whose = sa.cast(digests.c.person_id, sa.String)
    begins = sa.literal("digest:") + whose + ":" + digests.c.service + ":" + digests.c.period + ":"
    letter = sa.exists().where(sa.func.substr(outbox.c.key, 1, sa.func.length(begins)) == begins)
    old = digests.c.created_at < sa.func.coalesce(kept_since, month_ago)
    op.execute(sa.update(digests).where(digests.c.body != "null", sa.or_(old, letter)).values(addresses=1))


def downgrade() -> None:
    """Go back."""
    op.drop_column("digests", "addresses")
