"""Answers go on the day that people were told; of rounds whose record names one it is known as a moment."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("rounds", sa.Column("forget_at", sa.DateTime(timezone=True), nullable=True))
    rounds = sa.table(
        "rounds", sa.column("id"), sa.column("record"), sa.column("forget_at", sa.DateTime(timezone=True))
    )
    db = op.get_bind()
    for round_id, record in db.execute(sa.select(rounds.c.id, rounds.c.record)).all():
        at = _ends(json.loads(record).get("keep_until"))
        if at is not None:
            db.execute(sa.update(rounds).where(rounds.c.id == round_id).values(forget_at=at))


def _ends(told: object) -> datetime | None:
    """Return the moment by which the day is over in every zone: a migration does not know the city's."""
    try:
        day = date.fromisoformat(str(told))
    except ValueError:
        return None
    if day.year > 2999:  # no round reckons with later days
        return None
    return datetime.combine(day + timedelta(days=1), time(12), UTC)


def downgrade() -> None:
    """Go back."""
    op.drop_column("rounds", "forget_at")
