"""What arrived: kept before the channel is told that we have it, recognised when it comes again.

A raw update holds the sender's address in clear, so what waits is sealed, and what is done keeps its key only.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
from sqlalchemy import and_, bindparam, func, select, update

from storage.database import Conflict, fetch
from storage.rows import IDS, Insert, Shape
from storage.tables import inbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
_COLUMNS = ("channel", "external_id", "body", "address_hash", "received_at", "status")
_insert = Insert(inbox, _COLUMNS, end="ON CONFLICT DO NOTHING")
_encode = msgspec.json.Encoder().encode
_TAKE = {
    "sqlite": "INSERT INTO inbox (channel, external_id, body, received_at, status, attempts, done_at)"
    " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), x'', ?, 'done', 0, ? FROM json_each(?)"
    " WHERE true"
    " ON CONFLICT DO NOTHING RETURNING channel, external_id",  # `WHERE true` parts the join from the conflict
    "postgresql": "INSERT INTO inbox (channel, external_id, body, received_at, status, attempts, done_at)"
    " SELECT channel, external_id, '', %s, 'done', 0, %s FROM unnest(%s::text[], %s::text[]) AS v(channel, external_id)"
    " ON CONFLICT DO NOTHING RETURNING channel, external_id",
}
_known = select(inbox.c.id, inbox.c.external_id).where(
    inbox.c.channel == bindparam("channel"), inbox.c.external_id.in_(IDS)
)
_undone = inbox.c.done_at.is_(None)  # goes by an index that holds these only
_waiting = select(*_shape.columns).where(_undone, inbox.c.status == WAITING).order_by(inbox.c.id)
_claim = _waiting.limit(bindparam("limit")).with_for_update(skip_locked=True)
_earlier = inbox.alias("earlier")
_behind = (
    select(_earlier.c.id)
    .where(_earlier.c.done_at.is_(None), _earlier.c.status == WAITING, _earlier.c.id < inbox.c.id)
    .where(_earlier.c.address_hash == inbox.c.address_hash)
    .exists()
)
_claim_one = _waiting.where(inbox.c.id == bindparam("row"), ~_behind).with_for_update(skip_locked=True, of=inbox)
_HELD = "SELECT DISTINCT address_hash FROM inbox WHERE done_at IS NULL AND status = 'waiting'"
_settle = update(inbox).where(inbox.c.id.in_(IDS)).values(status=DONE, done_at=bindparam("at"), body=b"", error=None)
_fail = (
    update(inbox)
    .where(inbox.c.id == bindparam("row"), inbox.c.status == WAITING)
    .values(status=bindparam("becomes"), error=bindparam("why"), attempts=inbox.c.attempts + 1)
)


def take(db: Connection, raws: Iterable[Arrival], now: datetime) -> set[tuple[str, str]]:
    """Keep the keys (channel, external id) of what is new, as done: for who writes the turns in this same transaction.

    Return the new ones; what is known is passed over. On PostgreSQL, what another process takes at this moment is known
    once that has committed, and new where it has not.
    """
    keys = sorted(set(map(_key, raws)))  # in one order always: two processes never wait for each other crosswise
    if not keys:
        return set()
    if db.dialect.name == "sqlite":
        taken = fetch(db, _TAKE["sqlite"], (now, now, _encode(keys).decode()))
    else:
        taken = fetch(db, _TAKE["postgresql"], (now, now, *map(list, zip(*keys, strict=True))))
    return {(channel, external_id) for channel, external_id in taken}


def accept(
    db: Connection, raws: Sequence[Arrival], now: datetime, keys: Keys, whose: Sequence[bytes] = ()
) -> list[InboxRow]:
    """Keep what is new, as waiting and sealed: for who takes the turns later; `whose` are the contacts' keyed hashes.

    Return the new ones in the order they came, with their bodies; what is known is passed over.
    Raises `Conflict` where another process takes one of them at the same moment.
    """
    first: dict[tuple[str, str], tuple[Arrival, bytes]] = {}
    for raw, of in zip(raws, whose or [b""] * len(raws), strict=True):
        first.setdefault(_key(raw), (raw, of))
    for known in _ids(db, first):
        del first[known]
    rows = [(*key, keys.seal_bytes(raw.body), of or None, now, WAITING) for key, (raw, of) in first.items()]
    if _insert(db, rows) != len(rows):
        raise Conflict("another process takes the same updates at this moment: try again")
    ids = _ids(db, first)
    return [InboxRow(ids[key], *key, raw.body, now, 0) for key, (raw, _) in first.items()]


def held(db: Connection) -> frozenset[bytes]:
    """Return the keyed hashes of contacts of whom an update waits: what they send meanwhile waits behind it."""
    return frozenset(of for (of,) in fetch(db, _HELD) if of is not None)


def _key(raw: Arrival) -> tuple[str, str]:
    return (raw.channel, raw.external_id)


def _ids(db: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the ids of those that are kept."""
    ids: dict[tuple[str, str], int] = {}
    for channel, group in groupby(sorted(wanted), key=itemgetter(0)):
        for row_id, external_id in db.execute(_known, {"channel": channel, "ids": [key for _, key in group]}):
            ids[channel, external_id] = row_id
    return ids


def claim(db: Connection, limit: int, keys: Keys) -> list[InboxRow]:
    """Return waiting rows, oldest first. On PostgreSQL they are ours until the commit and others pass them over."""
    rows = _shape.read(db.execute(_claim, {"limit": limit}))
    return [row._replace(body=keys.unseal_bytes(row.body)) for row in rows]


def waiting(db: Connection, limit: int) -> list[int]:
    """Return the ids of waiting rows that wait behind no earlier one of their contact, oldest first."""
    heads = _waiting.with_only_columns(inbox.c.id).where(~_behind)
    return list(db.execute(heads.limit(limit)).scalars())


def claim_one(db: Connection, row_id: int) -> InboxRow | None:
    """Return a waiting row, still sealed; None where another process has it or an earlier one of its contact waits."""
    return _shape.first(db.execute(_claim_one, {"row": row_id}))


def settle(db: Connection, ids: Iterable[int], now: datetime) -> None:
    """Their turns are done. The key stays, so that a repeat is recognised; the body is no longer needed and goes."""
    wanted = list(ids)
    if wanted:
        db.execute(_settle, {"ids": wanted, "at": now})


def fail(db: Connection, row_id: int, status: str, error: str) -> None:
    """Note that a turn did not work: `waiting` tries again, `unreadable` and `failed` keep the row for a person.

    Nothing happens where the row waits no longer: another process has taken it in between.
    """
    db.execute(_fail, {"row": row_id, "becomes": status, "why": error[:200]})


def oldest_waiting(db: Connection) -> datetime | None:
    """When the oldest row without a turn came in; None where nothing waits."""
    return db.execute(_waiting.with_only_columns(inbox.c.received_at).limit(1)).scalar()


def counts(db: Connection) -> dict[str, int]:
    """How many rows there are of each status but `done`, which are too many to be counted."""
    return dict(db.execute(select(inbox.c.status, func.count()).where(_undone).group_by(inbox.c.status)).all())


# --------------------------------------------------------------------------- for a person to look at


class Stuck(NamedTuple):
    """An update kept for a person: why its turn did not work, and how often it was tried. Never what it says."""

    id: int
    channel: str
    received_at: datetime
    status: str
    attempts: int
    error: str | None


_stuck = Shape(inbox, Stuck)
_for_a_person = and_(_undone, inbox.c.status.in_((UNREADABLE, FAILED)))


def stuck(db: Connection) -> list[Stuck]:
    """Return what was given up or could not be read, oldest first."""
    return _stuck.read(db.execute(select(*_stuck.columns).where(_for_a_person).order_by(inbox.c.id)))


def retry(db: Connection, ids: Iterable[int]) -> int:
    """Let these wait for a turn again, with as many tries as a new one; return how many."""
    again = update(inbox).where(inbox.c.id.in_(list(ids)), _for_a_person)
    return db.execute(again.values(status=WAITING, attempts=0, error=None)).rowcount


def drop(db: Connection, ids: Iterable[int], now: datetime) -> int:
    """Give these up for good: their words go, their keys stay, so that no repeat is taken; return how many."""
    gone = update(inbox).where(inbox.c.id.in_(list(ids)), _for_a_person)
    return db.execute(gone.values(status=DONE, done_at=now, body=b"", error=None)).rowcount
