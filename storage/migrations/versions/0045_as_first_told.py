"""Answers of rounds that got more time go on the day that people were told first, where it is still to come."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_ROUNDS = sa.table(
    "rounds",
    sa.column("id"),
    sa.column("opened_at", sa.DateTime(timezone=True)),
    sa.column("forget_at", sa.DateTime(timezone=True)),
)
_LOG = sa.table(
    "round_log",
    sa.column("round_id"),
    sa.column("number"),
    sa.column("what"),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("details"),
)


def upgrade() -> None:
    """Go forward."""
    begun = sa.and_(_LOG.c.round_id == _ROUNDS.c.id, _LOG.c.at >= _ROUNDS.c.opened_at)
    longer = sa.select(_LOG.c.round_id, _LOG.c.details).select_from(_LOG.join(_ROUNDS, begun))
    longer = longer.where(_LOG.c.what == "extended").order_by(_LOG.c.round_id, _LOG.c.number)
    first: dict[int, datetime] = {}
    db = op.get_bind()
    for round_id, details in db.execute(longer).all():
        told = json.loads(details).get("changed", {}).get("record.keep_until", [None])[0]
        if (at := _ends(told)) is not None:
            first.setdefault(round_id, at)
    now = sa.func.strftime("%Y-%m-%d %H:%M:%f000", "now") if db.dialect.name == "sqlite" else sa.func.now()
    for round_id, at in first.items():
        kept = sa.or_(_ROUNDS.c.forget_at.is_(None), _ROUNDS.c.forget_at > at)
        to_come = sa.literal(at, sa.DateTime(timezone=True)) > now
        db.execute(sa.update(_ROUNDS).where(_ROUNDS.c.id == round_id, kept, to_come).values(forget_at=at))


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
    """Go back: the day that people were told stays."""
