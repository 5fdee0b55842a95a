"""What arrived: kept before the channel is told that we have it, recognised when it comes again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import bindparam, func, select, update

from storage.rows import IDS, Shape, insert_new
from storage.tables import inbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

WAITING, DONE, UNREADABLE, FAILED = "waiting", "done", "unreadable", "failed"


class Arrival(Protocol):
    """Anything with a channel, an id unique within it, and bytes."""

    @property
    def channel(self) -> str:
        """Name of the channel."""

    @property
    def external_id(self) -> str:
        """The channel's own id of this update."""

    @property
    def body(self) -> bytes:
        """What arrived, untouched."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One update that waits for its turn."""

    id: int
    channel: str
    external_id: str
    body: bytes
    received_at: datetime
    attempts: int


_shape = Shape(inbox, InboxRow)
_insert = insert_new(inbox, *_shape.columns)
_waiting = select(*_shape.columns).where(inbox.c.status == WAITING).order_by(inbox.c.id)
_claim = _waiting.limit(bindparam("limit")).with_for_update(skip_locked=True)
_settle = update(inbox).where(inbox.c.id.in_(IDS)).values(status=DONE, done_at=bindparam("at"), body=b"", error=None)
_fail = (
    update(inbox)
    .where(inbox.c.id == bindparam("row"))
    .values(status=bindparam("becomes"), error=bindparam("why"), attempts=inbox.c.attempts + 1)
)


def accept(db: Connection, raws: Iterable[Arrival], now: datetime) -> list[InboxRow]:
    """Keep what is new, as waiting; return the new rows in the order they came. What is known is passed over."""
    rows = [
        {
            "channel": raw.channel,
            "external_id": raw.external_id,
            "body": raw.body,
            "received_at": now,
            "status": WAITING,
            "attempts": 0,
        }
        for raw in raws
    ]
    if not rows:
        return []
    taken = _shape.read(db.execute(_insert[db.dialect.name], rows))
    return sorted(taken, key=lambda row: row.id)


def claim(db: Connection, limit: int) -> list[InboxRow]:
    """Return waiting rows, oldest first. On PostgreSQL they are ours until the commit and others pass them over."""
    return _shape.read(db.execute(_claim, {"limit": limit}))


def settle(db: Connection, ids: Sequence[int], now: datetime) -> None:
    """Their turns are done. The key stays, so that a repeat is recognised; the body is no longer needed and goes."""
    if ids:
        db.execute(_settle, {"ids": list(ids), "at": now})


def fail(db: Connection, row_id: int, status: str, error: str) -> None:
    """Note that a turn did not work: `waiting` tries again, `unreadable` and `failed` keep the row for a person."""
    db.execute(_fail, {"row": row_id, "becomes": status, "why": error[:200]})


def oldest_waiting(db: Connection) -> datetime | None:
    """When the oldest row without a turn came in; None where nothing waits."""
    return db.execute(_waiting.with_only_columns(inbox.c.received_at).limit(1)).scalar()


def counts(db: Connection) -> dict[str, int]:
    """How many rows there are of each status."""
    return dict(db.execute(select(inbox.c.status, func.count()).group_by(inbox.c.status)).tuples().all())
