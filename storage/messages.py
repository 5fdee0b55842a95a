"""The transcript of the web chat: what a contact has said and read. Other channels keep this themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from storage.rows import Shape, insert_new, many
from storage.tables import messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

CITIZEN, BOT = "citizen", "bot"
OWN = ".own"
"""Ends the key of a line in which the bot tells somebody what is kept of them, or that only they may read."""
_MOST = 1000


@dataclass(frozen=True, slots=True)
class NewLine:
    """One message to show; the same `key` is the same message. `body` is JSON of the channel's own."""

    contact_id: int
    key: str
    at: datetime
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a transcript; ids grow in the order shown."""

    id: int
    contact_id: int
    key: str
    at: datetime
    author: str
    body: str


_shape = Shape(messages, Line)
_new = Shape(messages, NewLine)
_insert = insert_new(messages)


def heard(external_id: str) -> str:
    """Return the key of what a contact said, by the channel's id of the update: said again, it is the same line."""
    return f"in:{external_id}"


def append(db: Connection, rows: Sequence[NewLine]) -> int:
    """Add messages, passing over keys already there; return how many were new."""
    return many(db, _insert, _new.write(rows))


def of(db: Connection, contact_id: int, *, after: int = 0, limit: int | None = 500) -> list[Line]:
    """Return the last `limit` messages of a contact (None: all) with an id over `after`, in the order shown."""
    newest = select(*_shape.columns).where(messages.c.contact_id == contact_id, messages.c.id > after)
    return _shape.read(db.execute(newest.order_by(messages.c.id.desc()).limit(limit)))[::-1]


def replace(db: Connection, key: str, body: str) -> bool:
    """Change what a message shows, in place (a tick on a button); return whether there is such a message."""
    return db.execute(update(messages).where(messages.c.key == key).values(body=body)).rowcount == 1


def forget(db: Connection, contact_id: int) -> int:
    """Delete a contact's transcript; return how many messages it had."""
    return db.execute(delete(messages).where(messages.c.contact_id == contact_id)).rowcount


def drop(db: Connection, ids: Sequence[int]) -> None:
    """Delete some messages, a thousand at a time."""
    for at in range(0, len(ids), _MOST):
        db.execute(delete(messages).where(messages.c.id.in_(ids[at : at + _MOST])))
