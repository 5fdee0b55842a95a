"""A service notes what it does about what it was told, whom it told of that, and who looked at the answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_TABLES = ("looks", "action_replies", "action_links", "action_log", "actions")


def upgrade() -> None:
    """Go forward."""
    _actions()
    _log()
    _links()
    _replies()
    _looks()
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("body", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("person_id", _ID),
        sa.Column("due_on", sa.String(10)),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("settled_at", _AT),
        sa.Column("raised", sa.Integer()),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("expires_at", _AT),
        sa.Column("form", sa.String(140)),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_actions_person_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint("form", name=op.f("uq_actions_form")),
    )
    op.create_index(op.f("ix_actions_service_state"), "actions", ["service", "state"])
    op.create_index(op.f("ix_actions_state_due_on"), "actions", ["state", "due_on"])


def _log() -> None:
    op.create_table(
        "action_log",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("action_id", _ID, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("fk_action_log_action_id_actions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_log")),
    )
    op.create_index(op.f("ix_action_log_action_id"), "action_log", ["action_id"])


def _links() -> None:
    op.create_table(
        "action_links",
        sa.Column("action_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("at", _AT, nullable=False),
        *_belonging("action_links", "action", "contact", "round"),
        sa.PrimaryKeyConstraint("action_id", "contact_id", "what", name=op.f("pk_action_links")),
    )
    op.create_index(op.f("ix_action_links_contact_id"), "action_links", ["contact_id"])
    op.create_index(op.f("ix_action_links_round_id"), "action_links", ["round_id"])


def _replies() -> None:
    op.create_table(
        "action_replies",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("action_id", _ID, nullable=False),
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.Column("choice", sa.Integer()),
        sa.Column("text", sa.Text()),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("answered_at", _AT, nullable=False),
        *_belonging("action_replies", "action", "round"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_replies")),
        sa.UniqueConstraint("action_id", "pseudonym", name=op.f("uq_action_replies_action_id_pseudonym")),
    )
    op.create_index(op.f("ix_action_replies_round_id_pseudonym"), "action_replies", ["round_id", "pseudonym"])


def _belonging(table: str, *nouns: str) -> list[sa.ForeignKeyConstraint]:
    """Return what lets a row go with what it belongs to."""
    return [
        sa.ForeignKeyConstraint(
            [f"{noun}_id"], [f"{noun}s.id"], name=op.f(f"fk_{table}_{noun}_id_{noun}s"), ondelete="CASCADE"
        )
        for noun in nouns
    ]


def _looks() -> None:
    op.create_table(
        "looks",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_service_at"), "looks", ["service", "at"])


def downgrade() -> None:
    """Go back."""
    dialect = op.get_bind().dialect.name
    for table in _TABLES:
        op.drop_table(table)
    if dialect == "postgresql":
        op.execute("DROP FUNCTION only_added_to()")


_GUARDED = ("action_log", "looks")
_SAID = "this log is only ever added to"
_RAISE = f"BEGIN RAISE EXCEPTION '{_SAID}'; END"
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        for table in _GUARDED
        for verb in ("update", "delete")
    ],
    "postgresql": [
        f"CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ {_RAISE} $$",
        *(
            f"CREATE TRIGGER {table}_no_{name} BEFORE {verbs} ON {table} {each}EXECUTE FUNCTION only_added_to()"
            for table in _GUARDED
            for name, verbs, each in (("change", "UPDATE OR DELETE", "FOR EACH ROW "), ("emptying", "TRUNCATE", ""))
        ),
    ],
}
"""A table that a later revision copies (SQLite's way of altering) loses its triggers: make them again there."""
