"""Weeks that are over are counted once.

Triggers note what happens to answers in a week that is counted already. They, and not the program, because such a
change may come from anywhere (a correction, an erasure, a sweep, an operator's own statement, a clock set back) and a
figure must never be stale. An answer in a week not laid down yet, as nearly all are, costs one look into an index.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOTE = """
    INSERT INTO week_changes (week_id, channel, fresh)
    SELECT weeks.id, NULL, 0 FROM weeks
    WHERE weeks.service = {row}.service AND weeks.until > {row}.counted_at AND weeks.since <= {row}.counted_at
    UNION ALL
    SELECT weeks.id, {row}.channel, {step} FROM weeks, (
        SELECT min(a.counted_at) AS at FROM answers AS a
        WHERE a.round_id = {row}.round_id AND a.pseudonym = {row}.pseudonym AND a.stage = {row}.stage
        AND a.channel = {row}.channel AND a.language = {row}.language AND a.withdrawn_at IS NULL AND a.id <> {row}.id
    ) AS other
    WHERE weeks.service = {row}.service AND other.at > {row}.counted_at
    AND weeks.until > other.at AND weeks.since <= other.at
"""
"""The week is to be counted anew. Where the answer was this person's first, or becomes it, another one that lies in a
later week stops being the first, or becomes it: that week has one newcomer less or more."""

LAID = "{row}.counted_at < (SELECT max(until) FROM weeks WHERE service = {row}.service)"
TRIGGERS = (
    # name, event, whose row, newcomers of the later week, when
    ("answers_come", "INSERT", "NEW", -1, "NEW.withdrawn_at IS NULL AND NEW.counted_at IS NOT NULL"),
    (
        "answers_count",
        "UPDATE OF counted_at",
        "NEW",
        -1,
        "OLD.counted_at IS NULL AND NEW.counted_at IS NOT NULL AND NEW.withdrawn_at IS NULL",
    ),
    (
        "answers_withdrawn",
        "UPDATE OF withdrawn_at",
        "OLD",
        1,
        "OLD.counted_at IS NOT NULL AND OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL",
    ),
    ("answers_go", "DELETE", "OLD", 1, "OLD.counted_at IS NOT NULL AND OLD.withdrawn_at IS NULL"),
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
        sa.Column("built", sa.Integer(), nullable=False),
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
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["week_id"], ["weeks.id"], name=op.f("fk_week_people_week_id_weeks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("week_id", "channel", name=op.f("pk_week_people")),
    )
    op.create_table(
        "week_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("week_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["week_id"], ["weeks.id"], name=op.f("fk_week_changes_week_id_weeks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_changes")),
    )
    op.create_index(op.f("ix_week_changes_week_id"), "week_changes", ["week_id"], unique=False)
    for name, event, row, step, when in TRIGGERS:
        for words in _trigger(name, event, row, step, when):
            op.execute(words)


def downgrade() -> None:
    """Go back."""
    for name, *_ in TRIGGERS:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON answers")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index(op.f("ix_week_changes_week_id"), table_name="week_changes")
    op.drop_table("week_changes")
    op.drop_table("week_people")
    op.drop_table("week_counts")
    op.drop_table("weeks")


def _trigger(name: str, event: str, row: str, step: int, when: str) -> tuple[str, ...]:
    laid, note = LAID.format(row=row), NOTE.format(row=row, step=step)
    if op.get_bind().dialect.name == "sqlite":
        return (f"CREATE TRIGGER {name} AFTER {event} ON answers WHEN {when} AND {laid} BEGIN {note}; END",)
    goes_on = "OLD" if event == "DELETE" else "NEW"
    body = f"IF {laid} THEN PERFORM pg_advisory_xact_lock({LOCK}); {note}; END IF; RETURN {goes_on};"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        # before, not after: so it sees what the same statement did to the rows before this one, and no more
        f"CREATE TRIGGER {name} BEFORE {event} ON answers FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()",
    )
