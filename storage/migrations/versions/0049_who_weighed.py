"""What is said of who lives in the city has a log: who entered or forgot it, when, why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_SAID = "this log is only ever added to"
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER margin_log_no_{verb} BEFORE {verb.upper()} ON margin_log "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        f"CREATE TRIGGER margin_log_no_{name} BEFORE {verbs} ON margin_log {each}EXECUTE FUNCTION only_added_to()"
        for name, verbs, each in (("change", "UPDATE OR DELETE", "FOR EACH ROW "), ("emptying", "TRUNCATE", ""))
    ],
}


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "margin_log",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("variable", sa.String(60), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("valid_on", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_margin_log")),
    )
    op.execute(
        'INSERT INTO margin_log (variable, what, at, who, why, "groups", source, valid_on) '
        "SELECT variable, 'entered', entered_at, entered_by, '', \"groups\", source, valid_on "
        "FROM margins ORDER BY variable"
    )
    for guard in _GUARDS[op.get_bind().dialect.name]:
        op.execute(guard)


def downgrade() -> None:
    """Go back."""
    op.drop_table("margin_log")
