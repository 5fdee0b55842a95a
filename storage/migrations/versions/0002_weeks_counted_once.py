"""Weeks that are over are counted once.

Triggers note what leaves a week that is counted already. They, and not the program, because an answer may go for many
reasons (a correction, an erasure, a sweep, an operator's own statement) and a figure must never be stale. What comes
into such a week is noted by `storage.weekly`: a trigger on every insert would cost a turn on SQLite 3 µs.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOTE = """
    INSERT INTO week_changes (week_id, round_id, channel, fresh)
    SELECT weeks.id, NULL, NULL, 0 FROM weeks
    WHERE weeks.service = OLD.service AND weeks.until > OLD.counted_at AND weeks.since <= OLD.counted_at
    AND NOT EXISTS (SELECT 1 FROM week_changes AS c WHERE c.week_id = weeks.id AND c.channel IS NULL)
    UNION ALL
    SELECT weeks.id, OLD.round_id, OLD.channel, 1 FROM weeks, (
        SELECT min(a.counted_at) AS at FROM answers AS a
        WHERE a.round_id = OLD.round_id AND a.pseudonym = OLD.pseudonym
        AND a.channel = OLD.channel AND a.withdrawn_at IS NULL AND a.id <> OLD.id
    ) AS other
    WHERE weeks.service = OLD.service AND other.at > OLD.counted_at
    AND weeks.until > other.at AND weeks.since <= other.at
"""
"""The week is to be counted anew. Where the answer was this person's first, the next one becomes it, and the later week
that lies in has a newcomer more."""

COUNTED = "OLD.counted_at IS NOT NULL AND OLD.withdrawn_at IS NULL"
LAID = "OLD.counted_at < (SELECT max(until) FROM weeks WHERE service = OLD.service)"
TRIGGERS = (
    # name, event, when, what the row is then
    ("answers_withdrawn", "UPDATE OF withdrawn_at", f"{COUNTED} AND NEW.withdrawn_at IS NOT NULL", "NEW"),
    ("answers_gone", "DELETE", COUNTED, "OLD"),
)
LOCK = 7_215_506_108_114
"""PostgreSQL's advisory lock under which changes in counted weeks follow one another: each has to see the one before to
know whose answer is the first. Any number would do."""


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "weeks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("service", sa.String(length=60), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weeks")),
        sa.UniqueConstraint("service", "until", "since", name=op.f("uq_weeks_service_until_since")),
    )
    op.create_table(
        "week_counts",
        sa.Column("week_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("choice", sa.String(length=60), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["week_id"], ["weeks.id"], name=op.f("fk_week_counts_week_id_weeks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("week_id", "stage", "item", "choice", name=op.f("pk_week_counts")),
    )
    op.create_table(
        "week_people",
        sa.Column("week_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_week_people_round_id_rounds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["week_id"], ["weeks.id"], name=op.f("fk_week_people_week_id_weeks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("week_id", "round_id", "channel", name=op.f("pk_week_people")),
    )
    op.create_table(
        "week_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("week_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["week_id"], ["weeks.id"], name=op.f("fk_week_changes_week_id_weeks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_changes")),
    )
    op.create_index(op.f("ix_week_changes_week_id_channel"), "week_changes", ["week_id", "channel"], unique=False)
    op.create_index(op.f("ix_weeks_until"), "weeks", ["until"], unique=False)
    for name, event, when, then in TRIGGERS:
        for words in _trigger(name, event, when, then):
            op.execute(words)


def downgrade() -> None:
    """Go back."""
    for name, *_ in TRIGGERS:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON answers")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index(op.f("ix_week_changes_week_id_channel"), table_name="week_changes")
    op.drop_table("week_changes")
    op.drop_table("week_people")
    op.drop_table("week_counts")
    op.drop_index(op.f("ix_weeks_until"), table_name="weeks")
    op.drop_table("weeks")


def _trigger(name: str, event: str, when: str, then: str) -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return (f"CREATE TRIGGER {name} AFTER {event} ON answers WHEN {when} AND {LAID} BEGIN {NOTE}; END",)
    body = f"IF {LAID} THEN PERFORM pg_advisory_xact_lock({LOCK}); {NOTE}; END IF; RETURN {then};"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        # before, not after: so it sees what the same statement did to the rows before this one, and no more
        f"CREATE TRIGGER {name} BEFORE {event} ON answers FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()",
    )
