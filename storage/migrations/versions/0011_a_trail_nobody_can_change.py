"""The log of a round becomes a chain: each entry carries a hash over itself and the one before, and none ever changes.

Entries that are there already get their place and their hash in the order they were written.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_log = sa.table(
    "round_log",
    sa.column("id", _ID),
    sa.column("round_id", _ID),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("who", sa.String),
    sa.column("what", sa.String),
    sa.column("why", sa.String),
    sa.column("number", sa.Integer),
    sa.column("details", sa.Text),
    sa.column("hash", sa.LargeBinary),
)
_rounds = sa.table("rounds", sa.column("id", _ID), sa.column("code", sa.String))


def upgrade() -> None:
    """Go forward."""
    op.add_column("round_log", sa.Column("number", sa.Integer()))
    op.add_column("round_log", sa.Column("details", sa.Text()))
    op.add_column("round_log", sa.Column("hash", sa.LargeBinary()))
    _chain(op.get_bind())
    with op.batch_alter_table("round_log") as batch:
        batch.alter_column("number", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("details", existing_type=sa.Text(), nullable=False)
        batch.alter_column("hash", existing_type=sa.LargeBinary(), nullable=False)
        batch.create_unique_constraint(op.f("uq_round_log_round_id_number"), ["round_id", "number"])
        batch.drop_index(op.f("ix_round_log_round_id"))
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Go back."""
    for statement in _NO_GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)
    with op.batch_alter_table("round_log") as batch:
        batch.create_index(op.f("ix_round_log_round_id"), ["round_id"])
        batch.drop_constraint(op.f("uq_round_log_round_id_number"), type_="unique")
        batch.drop_column("hash")
        batch.drop_column("details")
        batch.drop_column("number")


def _chain(db: sa.Connection) -> None:
    """Give each entry its number and its hash, as `storage.trail` reckons them."""
    columns = (_log.c.id, _log.c.round_id, _rounds.c.code, _log.c.at, _log.c.who, _log.c.what, _log.c.why)
    found = sa.select(*columns).join(_rounds, _rounds.c.id == _log.c.round_id).order_by(_log.c.round_id, _log.c.id)
    last: tuple[int, int, bytes] = (0, 0, b"")
    for id_, round_id, code, at, who, what, why in db.execute(found).all():
        number, before = (last[1] + 1, last[2]) if last[0] == round_id else (1, b"")
        said = [before.hex(), code, number, _moment(at), who, what, why, "{}"]
        packed = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        last = (round_id, number, hashlib.sha256(packed).digest())
        values = {"number": number, "details": "{}", "hash": last[2]}
        db.execute(sa.update(_log).where(_log.c.id == id_).values(**values))


def _moment(at: datetime) -> str:
    """SQLite's moments are in UTC and do not say so."""
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)).isoformat(timespec="microseconds")


_SAID = "the log of a round is only ever added to"
_RAISE = f"BEGIN RAISE EXCEPTION '{_SAID}'; END"
_REFUSE = "EXECUTE FUNCTION round_log_refuses()"
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER round_log_no_{verb} BEFORE {verb.upper()} ON round_log "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        f"CREATE FUNCTION round_log_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ {_RAISE} $$",
        f"CREATE TRIGGER round_log_no_change BEFORE UPDATE OR DELETE ON round_log FOR EACH ROW {_REFUSE}",
        f"CREATE TRIGGER round_log_no_emptying BEFORE TRUNCATE ON round_log {_REFUSE}",
    ],
}
"""A table that a later revision copies (SQLite's way of altering) loses its triggers: make them again there."""
_NO_GUARDS = {
    "sqlite": ["DROP TRIGGER round_log_no_update", "DROP TRIGGER round_log_no_delete"],
    "postgresql": [
        "DROP TRIGGER round_log_no_emptying ON round_log",
        "DROP TRIGGER round_log_no_change ON round_log",
        "DROP FUNCTION round_log_refuses()",
    ],
}
