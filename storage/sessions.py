"""Where each contact stands in each round. Writes are guarded: who read an old revision writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from storage.database import Conflict
from storage.rows import IDS, Shape, insert_new, many
from storage.tables import rounds, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as kept. `revision` is the one read, 0 for a new one; `body` is JSON of `flows.model.Session`."""

    contact_id: int
    round_id: int
    flow: str
    version: int
    status: str
    state: str
    body: str
    receipt_hash: bytes
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    revision: int = 0


_shape = Shape(sessions, SessionRow)
_all = select(*_shape.columns)
_insert = insert_new(sessions)
_update = (
    update(sessions)
    .where(sessions.c.contact_id == bindparam("b_contact"), sessions.c.round_id == bindparam("b_round"))
    .where(sessions.c.revision == bindparam("b_revision"))
    .values({name: bindparam(name) for name in _shape.names if name not in {"contact_id", "round_id"}})
)
_of = (
    _all.join(rounds, rounds.c.id == sessions.c.round_id)
    .where(sessions.c.contact_id.in_(IDS))
    .where(or_(sessions.c.status == ACTIVE, rounds.c.state == "open"))
    .order_by(sessions.c.updated_at, sessions.c.id)
)


def of(db: Connection, contact_ids: Iterable[int]) -> dict[int, list[SessionRow]]:
    """Return each contact's active sessions and those of rounds still open, the one last touched last."""
    found: dict[int, list[SessionRow]] = {}
    for row in _shape.read(db.execute(_of, {"ids": sorted(set(contact_ids))})):
        found.setdefault(row.contact_id, []).append(row)
    return found


def all_of(db: Connection, contact_id: int) -> list[SessionRow]:
    """Return everything one contact ever took part in that is still kept (MYDATA, DELETE)."""
    return _shape.read(db.execute(_all.where(sessions.c.contact_id == contact_id).order_by(sessions.c.id)))


def save(db: Connection, rows: Sequence[SessionRow]) -> None:
    """Write sessions, each one revision on. Raises `Conflict` where any was written by somebody else since it was read.

    On `Conflict` some rows may have been written: let the transaction roll back.
    """
    fresh = [_next(row) for row in _shape.write(row for row in rows if row.revision == 0)]
    known = [_guarded(row) for row in _shape.write(row for row in rows if row.revision > 0)]
    written = many(db, _insert, fresh) + many(db, _update, known)
    if written != len(rows):
        message = f"{len(rows) - written} of {len(rows)} sessions were changed by another writer: read them again"
        raise Conflict(message)


def _next(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"revision": row["revision"] + 1}


def _guarded(row: dict[str, Any]) -> dict[str, Any]:
    guard = {"b_contact": row.pop("contact_id"), "b_round": row.pop("round_id"), "b_revision": row["revision"]}
    return _next(row) | guard


def by_receipt(db: Connection, receipt_hash: bytes) -> SessionRow | None:
    """Find the session a receipt code belongs to (`Keys.token_hash` of the code)."""
    return _shape.first(db.execute(_all.where(sessions.c.receipt_hash == receipt_hash)))


def idle(db: Connection, before: datetime, limit: int = 500) -> list[SessionRow]:
    """Return active sessions untouched since `before`, the longest silent first."""
    quiet = _all.where(sessions.c.status == ACTIVE, sessions.c.updated_at < before)
    return _shape.read(db.execute(quiet.order_by(sessions.c.updated_at).limit(limit)))


def in_round(db: Connection, round_id: int, status: str, limit: int = 500) -> list[SessionRow]:
    """Return sessions of one round with that status, the oldest first."""
    wanted = _all.where(sessions.c.round_id == round_id, sessions.c.status == status)
    return _shape.read(db.execute(wanted.order_by(sessions.c.id).limit(limit)))


def counts(db: Connection, round_id: int) -> dict[str, int]:
    """How many sessions of a round there are of each status."""
    counted = select(sessions.c.status, func.count()).where(sessions.c.round_id == round_id)
    return dict(db.execute(counted.group_by(sessions.c.status)).all())


def forget(db: Connection, contact_id: int, round_id: int) -> None:
    """Delete one contact's session in one round."""
    db.execute(delete(sessions).where(sessions.c.contact_id == contact_id, sessions.c.round_id == round_id))
