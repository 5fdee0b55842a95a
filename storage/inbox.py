"""What arrived: kept before the channel is told that we have it, recognised when it comes again.

A raw update holds the sender's address in clear, so what waits is sealed, and what is done keeps its key only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import bindparam, func, select, update

from storage.database import Conflict
from storage.rows import IDS, Shape, insert_new, many
from storage.tables import inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.sealing import Keys

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
    """One update and its place in the inbox."""

    id: int
    channel: str
    external_id: str
    body: bytes
    received_at: datetime
    attempts: int


_shape = Shape(inbox, InboxRow)
_insert = insert_new(inbox)
_known = select(inbox.c.id, inbox.c.external_id).where(
    inbox.c.channel == bindparam("channel"), inbox.c.external_id.in_(IDS)
)
_waiting = select(*_shape.columns).where(inbox.c.status == WAITING).order_by(inbox.c.id)
_claim = _waiting.limit(bindparam("limit")).with_for_update(skip_locked=True)
_settle = update(inbox).where(inbox.c.id.in_(IDS)).values(status=DONE, done_at=bindparam("at"), body=b"", error=None)
_fail = (
    update(inbox)
    .where(inbox.c.id == bindparam("row"))
    .values(status=bindparam("becomes"), error=bindparam("why"), attempts=inbox.c.attempts + 1)
)


def take(db: Connection, raws: Iterable[Arrival], now: datetime) -> list[InboxRow]:
    """Keep the keys of what is new, as done: for who writes the turns in this same transaction.

    Return the new ones in the order they came, with their bodies but without ids (0); what is known is passed over.
    Raises `Conflict` where another process takes one of them at the same moment.
    """
    fresh = _unknown(db, raws)
    _keep(db, fresh, now, {"status": DONE, "done_at": now}, lambda _: b"")
    return [InboxRow(0, raw.channel, raw.external_id, raw.body, now, 0) for raw in fresh]


def accept(db: Connection, raws: Iterable[Arrival], now: datetime, keys: Keys) -> list[InboxRow]:
    """Keep what is new, as waiting and sealed: for who takes the turns later.

    Return the new ones in the order they came, with their bodies; what is known is passed over.
    Raises `Conflict` where another process takes one of them at the same moment.
    """
    fresh = _unknown(db, raws)
    _keep(db, fresh, now, {"status": WAITING, "done_at": None}, keys.seal_bytes)
    ids = _ids(db, fresh)
    return [InboxRow(ids[_key(raw)], raw.channel, raw.external_id, raw.body, now, 0) for raw in fresh]


def _key(raw: Arrival) -> tuple[str, str]:
    return (raw.channel, raw.external_id)


def _unknown(db: Connection, raws: Iterable[Arrival]) -> list[Arrival]:
    """Return the first of each key, without those already kept."""
    first = {_key(raw): raw for raw in reversed(list(raws))}
    known = _ids(db, first.values())
    return [raw for key, raw in reversed(first.items()) if key not in known]


def _ids(db: Connection, raws: Iterable[Arrival]) -> dict[tuple[str, str], int]:
    """Return the ids of those that are kept."""
    ids: dict[tuple[str, str], int] = {}
    for channel, group in groupby(sorted(map(_key, raws)), key=itemgetter(0)):
        for row_id, external_id in db.execute(_known, {"channel": channel, "ids": [key for _, key in group]}):
            ids[channel, external_id] = row_id
    return ids


def _keep(
    db: Connection, raws: list[Arrival], now: datetime, mark: dict[str, Any], put: Callable[[bytes], bytes]
) -> None:
    rows = [
        {
            "channel": raw.channel,
            "external_id": raw.external_id,
            "body": put(raw.body),
            "received_at": now,
            "attempts": 0,
            **mark,
        }
        for raw in raws
    ]
    if many(db, _insert, rows) != len(rows):
        raise Conflict("another process takes the same updates at this moment: try again")


def claim(db: Connection, limit: int, keys: Keys) -> list[InboxRow]:
    """Return waiting rows, oldest first. On PostgreSQL they are ours until the commit and others pass them over."""
    rows = _shape.read(db.execute(_claim, {"limit": limit}))
    return [replace(row, body=keys.unseal_bytes(row.body)) for row in rows]


def settle(db: Connection, ids: Iterable[int], now: datetime) -> None:
    """Their turns are done. The key stays, so that a repeat is recognised; the body is no longer needed and goes."""
    wanted = list(ids)
    if wanted:
        db.execute(_settle, {"ids": wanted, "at": now})


def fail(db: Connection, row_id: int, status: str, error: str) -> None:
    """Note that a turn did not work: `waiting` tries again, `unreadable` and `failed` keep the row for a person."""
    db.execute(_fail, {"row": row_id, "becomes": status, "why": error[:200]})


def oldest_waiting(db: Connection) -> datetime | None:
    """When the oldest row without a turn came in; None where nothing waits."""
    return db.execute(_waiting.with_only_columns(inbox.c.received_at).limit(1)).scalar()


def counts(db: Connection) -> dict[str, int]:
    """How many rows there are of each status."""
    return dict(db.execute(select(inbox.c.status, func.count()).group_by(inbox.c.status)).all())
