"""Where each contact stands in each round. Writes are guarded: who read an old revision writes nothing."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update

from storage.database import Conflict
from storage.rows import IDS, Insert, Lookup, Shape, Update
from storage.tables import contacts, entries, invitations, rounds, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Select

    from storage.sealing import Keys

ACTIVE, COMPLETED = "active", "completed"
SEALED = "sealed:"
"""What the receipt in a body begins with where only a holder of the key file reads it."""
_RECEIPT = re.compile(r'("tag":"[^"\\]*","receipt":")([^"\\]+)')


class SessionRow(NamedTuple):
    """A session as kept. `revision` is the one read, 0 for a new one; `body` is JSON of `flows.model.Session`.

    In it the receipt is sealed (`hidden`).
    """

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
    wakes_at: datetime | None = None
    """When it goes on by itself; None: only when something is sent."""
    first_ended_at: datetime | None = None
    """When an earlier passage of theirs through the round first came to its end; None: none has."""
    revision: int = 0

    @property
    def finished(self) -> bool:
        """Whether this passage or an earlier one came to its end."""
        return self.ended_at is not None or self.first_ended_at is not None


class Due(NamedTuple):
    """A session whose moment to go on by itself has come."""

    contact_id: int
    round_id: int
    wakes_at: datetime


class Step(NamedTuple):
    """Where a known session went: same passage, same status. Written so, most indexes are left alone."""

    state: str
    body: str
    updated_at: datetime
    contact_id: int
    round_id: int
    revision: int
    """As read."""


def hidden(body: str, keys: Keys) -> str:
    """Return a body with its receipt sealed: whoever has it opens and changes the answers that stand beside it."""
    return _RECEIPT.sub(lambda found: f"{found[1]}{SEALED}{b64encode(keys.seal(found[2])).decode()}", body, count=1)


def shown(body: str, keys: Keys) -> str:
    """Return a body with its receipt to be read, as it was before `hidden`, or before receipts were sealed.

    Raises `Unopened` where the key is not in the key file.
    """
    return _RECEIPT.sub(lambda found: found[1] + _opened(found[2], keys), body, count=1)


def resealed(body: str, keys: Keys) -> str:
    """Return a body with its receipt sealed under the newest key. Raises `Unopened` as `shown` does."""
    return hidden(shown(body, keys), keys)


def _opened(kept: str, keys: Keys) -> str:
    return keys.unseal(b64decode(kept.removeprefix(SEALED))) if kept.startswith(SEALED) else kept


FINISHED = or_(sessions.c.ended_at.is_not(None), sessions.c.first_ended_at.is_not(None))
"""Who has come to the end of a round once, also where they have begun anew since."""
_shape = Shape(sessions, SessionRow)
_all = select(*_shape.columns)
_GUARD = ("contact_id", "round_id", "revision")
_NEXT = "revision = sessions.revision + 1"
_insert = Insert(sessions, _shape.names, end="ON CONFLICT DO NOTHING")
_step = Update(sessions, Step._fields[:3], Step._fields[3:], also=_NEXT)
_rewrite = Update(sessions, [name for name in _shape.names if name not in _GUARD], _GUARD, also=_NEXT)
_due = Shape(sessions, Due)
_waking = (
    select(*_due.columns)
    .where(sessions.c.wakes_at.is_not(None), sessions.c.wakes_at <= bindparam("now"))
    .order_by(sessions.c.wakes_at, sessions.c.id)
    .limit(bindparam("limit"))
)
_of = Lookup(
    SessionRow,
    _all.join(rounds, rounds.c.id == sessions.c.round_id)
    .where(sessions.c.contact_id.in_(IDS))
    .where(or_(sessions.c.status == ACTIVE, rounds.c.state == "open", rounds.c.state == "paused"))
    .order_by(sessions.c.updated_at, sessions.c.id),
)


def of(db: Connection, contact_ids: Iterable[int]) -> dict[int, list[SessionRow]]:
    """Return each contact's active sessions and those of rounds not over yet, the one last touched last."""
    found: dict[int, list[SessionRow]] = {}
    for row in _of(db, list(contact_ids)):
        found.setdefault(row.contact_id, []).append(row)
    return found


def all_of(db: Connection, contact_id: int) -> list[SessionRow]:
    """Return everything one contact ever took part in that is still kept (MYDATA, DELETE)."""
    return _shape.read(db.execute(_all.where(sessions.c.contact_id == contact_id).order_by(sessions.c.id)))


def save(db: Connection, rows: Sequence[SessionRow], steps: Sequence[Step] = ()) -> None:
    """Write sessions, each one revision on. Raises `Conflict` where any was written by somebody else since it was read.

    On `Conflict` some rows may have been written: let the transaction roll back.
    """
    written = _insert(db, [row._replace(revision=1) for row in rows if row.revision == 0])
    written += _rewrite(db, [(*row[2:-1], *row[:2], row.revision) for row in rows if row.revision > 0])
    written += _step(db, steps)
    count = len(rows) + len(steps)
    if written != count:
        raise Conflict(f"{count - written} of {count} sessions were changed by another writer: read them again")


def by_receipt(db: Connection, receipt_hash: bytes) -> SessionRow | None:
    """Find the session a receipt code belongs to (`Keys.token_hash` of the code)."""
    return _shape.first(db.execute(_all.where(sessions.c.receipt_hash == receipt_hash)))


def hand_over(db: Connection, row: SessionRow, contact_id: int) -> SessionRow:
    """Let another contact go on with a session; return it as it is now. Raises `Conflict` as `save` does."""
    mine = (sessions.c.contact_id == row.contact_id, sessions.c.round_id == row.round_id)
    given = update(sessions).where(*mine, sessions.c.revision == row.revision)
    if db.execute(given.values(contact_id=contact_id, revision=row.revision + 1)).rowcount != 1:
        raise Conflict("the session was changed by another writer: read it again")
    return row._replace(contact_id=contact_id, revision=row.revision + 1)


def going(db: Connection) -> list[int]:
    """Return the ids of the rounds in which some session is active."""
    active = select(sessions.c.round_id).where(sessions.c.status == ACTIVE).distinct()
    return list(db.execute(active.order_by(sessions.c.round_id)).scalars())


def idle(db: Connection, before: datetime, limit: int = 500, *, round_id: int | None = None) -> list[SessionRow]:
    """Return active sessions untouched since `before`, the longest silent first; of one round where it is named."""
    quiet = _idle(before)
    if round_id is not None:
        quiet = quiet.where(sessions.c.round_id == round_id)
    return _shape.read(db.execute(quiet.limit(limit)))


def rouse(db: Connection, round_id: int, now: datetime) -> None:
    """Let the active sessions of a round that goes on count as touched: nobody could answer while it was paused."""
    waiting = (sessions.c.round_id == round_id, sessions.c.status == ACTIVE)
    db.execute(update(sessions).where(*waiting).values(updated_at=now))


def silent(db: Connection, before: datetime, limit: int = 500) -> list[SessionRow]:
    """Return the idle sessions to be reminded of: not yet reminded, of who agreed and may be written to."""
    reminded = (
        select(invitations.c.id)
        .where(invitations.c.round_id == sessions.c.round_id, invitations.c.contact_id == sessions.c.contact_id)
        .where(invitations.c.which == "silence")
    )
    quiet = (
        _idle(before)
        .join(contacts, contacts.c.id == sessions.c.contact_id)
        .where(contacts.c.invite_again_at.is_not(None), contacts.c.stopped_at.is_(None))
        .where(contacts.c.unreachable_at.is_(None), ~reminded.exists())
    )
    return _shape.read(db.execute(quiet.limit(limit)))


def _idle(before: datetime) -> Select[Any]:
    """Return what finds the active sessions in which nothing was said, though something could have been."""
    begun = sessions.c.started_at < before  # follows from the next; for the index
    paused = select(rounds.c.id).where(rounds.c.state == "paused")
    quiet = _all.where(sessions.c.status == ACTIVE, begun, sessions.c.updated_at < before)
    quiet = quiet.where(sessions.c.round_id.not_in(paused))
    return quiet.order_by(sessions.c.updated_at)


def in_round(db: Connection, round_id: int, status: str, limit: int = 500) -> list[SessionRow]:
    """Return sessions of one round with that status, the oldest first."""
    wanted = _all.where(sessions.c.round_id == round_id, sessions.c.status == status)
    return _shape.read(db.execute(wanted.order_by(sessions.c.id).limit(limit)))


def amid(db: Connection, round_id: int) -> list[bytes]:
    """Return the hashed addresses of those who are in the middle of a passage through a round."""
    whose = select(contacts.c.address_hash).join(sessions, sessions.c.contact_id == contacts.c.id)
    return list(db.execute(whose.where(sessions.c.round_id == round_id, sessions.c.ended_at.is_(None))).scalars())


def finished(db: Connection, round_id: int) -> list[bytes]:
    """Return the hashed addresses of those who have come to the end of a round, also where they have begun anew."""
    whose = select(contacts.c.address_hash).join(sessions, sessions.c.contact_id == contacts.c.id)
    return list(db.execute(whose.where(sessions.c.round_id == round_id, FINISHED)).scalars())


def counts(db: Connection, round_id: int) -> dict[str, int]:
    """How many sessions of a round there are of each status; whoever has finished once counts as completed for good."""
    status = case((FINISHED, COMPLETED), else_=sessions.c.status).label("status")
    each = select(status).where(sessions.c.round_id == round_id).subquery()
    return dict(db.execute(select(each.c.status, func.count()).group_by(each.c.status)).all())


def active(db: Connection, round_id: int) -> int:
    """Return how many are in the middle of a round, also those who have finished before and look or begin again."""
    at_it = (sessions.c.round_id == round_id, sessions.c.status == ACTIVE)
    return db.execute(select(func.count()).select_from(sessions).where(*at_it)).scalar_one()


def passages(db: Connection, service: str, since: datetime, until: datetime) -> tuple[int, int]:
    """Return how many people began to answer rounds of a service in [since, until), and how many of them finished.

    Whoever was too young, or did not want to after the first words, has not begun. What staff took down of groups and
    organisations, or late, is not in it: none of these is among the people who answered.
    """
    mine = and_(entries.c.contact_id == sessions.c.contact_id, entries.c.round_id == sessions.c.round_id)
    for_one = or_(entries.c.kind.is_(None), and_(entries.c.kind == "individual", ~entries.c.late))
    counted = select(func.count(), func.count(sessions.c.ended_at)).join(rounds, rounds.c.id == sessions.c.round_id)
    counted = counted.outerjoin(entries, mine).where(for_one)
    within = (sessions.c.started_at >= since, sessions.c.started_at < until, sessions.c.status.in_(_BEGAN))
    began, finished = db.execute(counted.where(rounds.c.service == service, *within)).one()
    return began, finished


_BEGAN = (ACTIVE, "completed", "stopped", "expired", "deleted")


def due(db: Connection, now: datetime, limit: int) -> list[Due]:
    """Return sessions that should have gone on by themselves by now, the longest overdue first."""
    return _due.read(db.execute(_waking, {"now": now, "limit": limit}))


def next_due(db: Connection, after: datetime) -> datetime | None:
    """When the next session goes on by itself after that; None where none does."""
    return db.execute(select(func.min(sessions.c.wakes_at)).where(sessions.c.wakes_at > after)).scalar()


def put_off(db: Connection, which: Due, until: datetime | None) -> None:
    """Let it go on by itself at another moment, or no more; nothing happens where it has gone on meanwhile."""
    mine = (sessions.c.contact_id == which.contact_id, sessions.c.round_id == which.round_id)
    db.execute(update(sessions).where(*mine, sessions.c.wakes_at == which.wakes_at).values(wakes_at=until))


def forget(db: Connection, contact_id: int, round_id: int) -> None:
    """Delete one contact's session in one round."""
    db.execute(delete(sessions).where(sessions.c.contact_id == contact_id, sessions.c.round_id == round_id))


def rejuvenate(db: Connection, now: datetime) -> int:
    """Let sessions begun in the future, under a clock that ran fast, have begun now; return how many."""
    ahead = update(sessions).where(sessions.c.started_at > now)
    return db.execute(ahead.values(started_at=now)).rowcount


def hasten(db: Connection, now: datetime, within: timedelta) -> int:
    """Let those go on now that wait beyond `within`, by a clock that ran fast; return how many."""
    late = update(sessions).where(sessions.c.wakes_at > now + within)
    return db.execute(late.values(wakes_at=now)).rowcount
