"""What arrived: kept before the channel is told that we have it, recognised when it comes again.

A raw update holds the sender's address in clear, so what waits is sealed, and what is done keeps its key only.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sqlalchemy import bindparam, func, select, update

from storage.database import Conflict
from storage.rows import IDS, Insert, Shape
from storage.tables import inbox

if TYPE_CHECKING:
    from collections.abc import Iterable
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


class InboxRow(NamedTuple):
    """One update and its place in the inbox."""

    id: int
    channel: str
    external_id: str
    body: bytes
    received_at: datetime
    attempts: int


_shape = Shape(inbox, InboxRow)
_insert = Insert(
    inbox, ("channel", "external_id", "body", "received_at", "status", "done_at"), end="ON CONFLICT DO NOTHING"
)
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
    _keep(db, [(raw.channel, raw.external_id, b"", now, DONE, now) for raw in fresh])
    return [InboxRow(0, raw.channel, raw.external_id, raw.body, now, 0) for raw in fresh]


def accept(db: Connection, raws: Iterable[Arrival], now: datetime, keys: Keys) -> list[InboxRow]:
    """Keep what is new, as waiting and sealed: for who takes the turns later.

    Return the new ones in the order they came, with their bodies; what is known is passed over.
    Raises `Conflict` where another process takes one of them at the same moment.
    """
    fresh = _unknown(db, raws)
    _keep(db, [(raw.channel, raw.external_id, keys.seal_bytes(raw.body), now, WAITING, None) for raw in fresh])
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


def _keep(db: Connection, rows: list[tuple[object, ...]]) -> None:
    if _insert(db, rows) != len(rows):
        raise Conflict("another process takes the same updates at this moment: try again")


def claim(db: Connection, limit: int, keys: Keys) -> list[InboxRow]:
    """Return waiting rows, oldest first. On PostgreSQL they are ours until the commit and others pass them over."""
    rows = _shape.read(db.execute(_claim, {"limit": limit}))
    return [row._replace(body=keys.unseal_bytes(row.body)) for row in rows]


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
