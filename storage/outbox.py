"""What is decided and not yet delivered: claimed under a lease, settled once, in order within a chat.

A claim counts as an attempt; `attempts` is its fence. Who stalls beyond the lease and wakes settles nothing: the row
has another owner or another attempt by then.

What is claimed may have left, which only its sender knows. Bulk that shall not leave after all is called back, and what
carries words that people wrote: its sender asks before it leaves, and it becomes what it was called back for where it
has not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, null, or_, select, tuple_, update

from storage.rows import IDS, Insert, Lookup, Update, read
from storage.tables import contacts, messages, outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Connection

REPLY, DIGEST, BULK = 0, 5, 9
"""Priorities: lower goes first."""
DUE, SENDING, SENT, GONE = "due", "sending", "sent", "gone"
CANCELLED = "cancelled"
"""The error of a message that was taken back before it left."""
SEALED = "sealed:"
"""What the body of a message begins with that only a holder of the key file reads; it goes when the message does."""
HELD = "held"
"""Would be due, but what it belongs to rests."""
WRITTEN = ("thread.", "alarm.")
"""What the keys begin with of messages that carry what people wrote to each other."""
_QUOTES = '"quotes":["'
"""Stands in the JSON of a reply that quotes answers; in no text, where marks are escaped."""


class NewMessage(NamedTuple):
    """A message to enqueue. The same `key` is the same message; `body` is JSON of an Outbound without its address."""

    key: str
    contact_id: int
    channel: str
    priority: int
    body: str
    due_at: datetime
    created_at: datetime
    state: str | None = None


class OutboxRow(NamedTuple):
    """A claimed message with where it goes. `attempt` is the fence to settle with, 1 for the first."""

    id: int
    key: str
    contact_id: int
    channel: str
    priority: int
    body: str
    due_at: datetime
    created_at: datetime
    state: str | None
    attempt: int
    address_sealed: bytes
    language: str

    @property
    def claim(self) -> Claim:
        """What this claim is known by."""
        return Claim(self.id, self.attempt)


class Claim(NamedTuple):
    """A message and the try it was claimed for: together they are the fence."""

    id: int
    attempt: int


class Outcome(NamedTuple):
    """What became of a claimed message: `sent` at, `due` again at, or `gone` at the moment `at`."""

    id: int
    attempt: int
    status: str
    at: datetime
    external_id: str | None = None
    error: str | None = None


_insert = Insert(outbox, NewMessage._fields, end="ON CONFLICT DO NOTHING")
_unsent = outbox.c.sent_at.is_(None)  # goes by an index that holds these only

# Order in a chat: of one contact's messages that are in play (due by now, or begun) only the first may go.
_ahead = outbox.alias("ahead")
_blocked = (
    select(_ahead.c.id)
    .where(_ahead.c.contact_id == outbox.c.contact_id, _ahead.c.status.in_((DUE, SENDING)))
    .where(
        or_(
            _ahead.c.status == SENDING,
            and_(
                or_(_ahead.c.attempts > 0, _ahead.c.due_at <= bindparam("now")),
                tuple_(_ahead.c.priority, _ahead.c.id) < tuple_(outbox.c.priority, outbox.c.id),
            ),
        )
    )
    .where(_ahead.c.id != outbox.c.id)
    .exists()
)
_due = (
    select(
        *(
            outbox.c[name]
            for name in ("id", "key", "contact_id", "channel", "priority", "body", "due_at", "created_at", "state")
        ),
        outbox.c.attempts + 1,
        contacts.c.address_sealed,
        contacts.c.language,
    )
    .join(contacts, contacts.c.id == outbox.c.contact_id)
    .where(_unsent, outbox.c.status == DUE, outbox.c.channel == bindparam("channel"))
    .where(outbox.c.due_at <= bindparam("now"))
    .where(outbox.c.priority <= bindparam("least"), ~_blocked)
    .order_by(outbox.c.priority, outbox.c.due_at, outbox.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=outbox)
)
_expired = (
    select(outbox.c.id)
    .where(_unsent, outbox.c.status == SENDING, outbox.c.channel == bindparam("channel"))
    .where(outbox.c.lease_until <= bindparam("now"))
    .with_for_update(skip_locked=True)
)
_never_again = outbox.c.called_back == GONE
_kept = case((func.substr(outbox.c.body, 1, len(SEALED)) == SEALED, ""), else_=outbox.c.body)
"""What is kept of the body of a message that has gone, or never goes."""
_freed = update(outbox).values(
    status=func.coalesce(outbox.c.called_back, DUE),
    sent_at=case((_never_again, bindparam("now", type_=outbox.c.sent_at.type)), else_=outbox.c.sent_at),
    error=case((_never_again, CANCELLED), else_=outbox.c.error),
    called_back=None,
    lease_owner=None,
    lease_until=None,
)
_reap = _freed.where(outbox.c.id.in_(IDS))
_ours = ("id", "status", "lease_owner", "attempts")
"""What a claim is found by: its fence."""
_claimed = (
    select(outbox.c.id, outbox.c.attempts, outbox.c.called_back)
    .where(outbox.c.id.in_(IDS), outbox.c.status == SENDING, outbox.c.lease_owner == bindparam("owner"))
    .order_by(outbox.c.id)
    .with_for_update()
)
_still = Lookup(tuple, _claimed)
_take = Update(outbox, ("status", "lease_owner", "lease_until", "attempts"), ("id", "status"))
_longer = Update(outbox, ("lease_until",), _ours)
_left = f"body = CASE WHEN substr(body, 1, {len(SEALED)}) = '{SEALED}' THEN '' ELSE body END"
_sent = Update(outbox, ("status", "sent_at", "external_id", "error", "lease_owner", "lease_until"), _ours, also=_left)
_gone = Update(outbox, ("status", "sent_at", "error", "lease_owner", "lease_until"), _ours, also=_left)
_put_off = Update(outbox, ("status", "due_at", "error", "lease_owner", "lease_until"), _ours, also="called_back = NULL")


def enqueue(db: Connection, rows: Sequence[NewMessage]) -> int:
    """Decide to send; a key already there is passed over. Return how many were new."""
    return _insert(db, rows)


def claim(
    db: Connection, channel: str, owner: str, now: datetime, lease: timedelta, limit: int, least: int = BULK
) -> list[OutboxRow]:
    """Take what is due on a channel for `lease`, replies first; expired claims of anybody come back first.

    `least`: nothing that may wait longer than this priority. At most one message per contact: the next one is claimed
    when this one is settled, so a chat keeps its order. On PostgreSQL several may claim at once; each row goes to one.
    """
    expired = db.execute(_expired, {"channel": channel, "now": now}).scalars().all()
    if expired:
        db.execute(_reap, {"ids": expired, "now": now})
    rows = read(OutboxRow, db.execute(_due, {"channel": channel, "now": now, "limit": limit, "least": least}))
    _take(db, [(SENDING, owner, now + lease, row.attempt, row.id, DUE) for row in rows])
    return rows


def ours(db: Connection, claims: Iterable[Claim], owner: str) -> dict[Claim, str | None]:
    """Return which of these claims are still ours, and stay so until the commit: only of them may anything be made.

    With each comes what it was called back for; None: it may leave. Who writes to contacts too holds those first
    (`contacts.hold`), as whoever takes a contact's turn does.
    """
    wanted = set(claims)
    found = _still.raw(db, [each.id for each in wanted], owner=owner) if wanted else []
    return {claim: back for id_, attempt, back in found if (claim := Claim(id_, attempt)) in wanted}


def extend(db: Connection, rows: Iterable[OutboxRow], owner: str, until: datetime) -> int:
    """Hold on to claims; return how many are still ours."""
    return _longer(db, [(until, row.id, SENDING, owner, row.attempt) for row in rows])


def orphan(db: Connection, channel: str, owner: str, now: datetime) -> int:
    """Free at once what anybody but `owner` has claimed on a channel; for who has just become its only sender."""
    others = and_(_unsent, outbox.c.status == SENDING, outbox.c.channel == channel, outbox.c.lease_owner != owner)
    return db.execute(_freed.where(others), {"now": now}).rowcount


def settle(db: Connection, results: Iterable[Outcome], owner: str) -> int:
    """Write what became of claimed messages; return how many were still ours. The rest is another owner's by now."""
    found: dict[str, list[tuple[object, ...]]] = {SENT: [], GONE: [], DUE: [], HELD: []}
    for each in results:
        error = _plain(each.error) if each.error else None
        told = (each.external_id, error) if each.status == SENT else (error,)
        found[each.status].append((each.status, each.at, *told, None, None, each.id, SENDING, owner, each.attempt))
    return _sent(db, found[SENT]) + _gone(db, found[GONE]) + _put_off(db, found[DUE] + found[HELD])


def _plain(said: str) -> str:
    """Return what a channel said as any database takes it: no half characters, no zero bytes, at most 200 signs."""
    return said.encode("utf-8", "replace").decode().replace("\0", "")[:200]


def sent(row: OutboxRow, at: datetime, external_id: str | None = None) -> Outcome:
    """The channel took it."""
    return Outcome(row.id, row.attempt, SENT, at, external_id)


def postpone(row: OutboxRow, until: datetime, error: str | None = None) -> Outcome:
    """Not now: due again at `until`; later messages to the same contact wait behind it."""
    return Outcome(row.id, row.attempt, DUE, until, error=error)


def gone(row: OutboxRow, at: datetime, error: str) -> Outcome:
    """Never: the address is gone or the message refused."""
    return Outcome(row.id, row.attempt, GONE, at, error=error)


def heeding(outcome: Outcome, back: str | None, at: datetime) -> Outcome:
    """Return what becomes of a message that was called back: as it was to be, unless it left or is gone anyway."""
    if outcome.status != DUE or back is None:
        return outcome
    return outcome._replace(status=HELD) if back == HELD else Outcome(*outcome[:2], GONE, at, error=CANCELLED)


def cancel(db: Connection, contact_id: int, now: datetime, *, bulk_only: bool) -> int:
    """Do not send what is due to a contact (only bulk, or everything); return how many, with what is called back."""
    least = BULK if bulk_only else REPLY
    return _withdraw(db, now, outbox.c.contact_id == contact_id, outbox.c.priority >= least)


def recall(db: Connection, contact_id: int, beginnings: Iterable[str], now: datetime) -> int:
    """Do not send a contact what has a key that begins so; return how many, with what is called back."""
    return _withdraw(db, now, outbox.c.contact_id == contact_id, _begins(beginnings))


_waits = (or_(outbox.c.status == DUE, outbox.c.status == HELD, outbox.c.status == SENDING), outbox.c.priority >= BULK)
_waiting = Lookup(
    tuple, select(outbox.c.id, outbox.c.contact_id, outbox.c.key).where(outbox.c.contact_id.in_(IDS), *_waits)
)


def outdated(db: Connection, beginnings: Iterable[tuple[int, str]], now: datetime) -> int:
    """Do not send bulk by (contact id, what its key begins with); return how many, with what is called back."""
    whose: dict[int, tuple[str, ...]] = {}
    for contact_id, beginning in beginnings:
        whose[contact_id] = (*whose.get(contact_id, ()), beginning)
    waiting = _waiting.raw(db, list(whose)) if whose else []
    ids = [id_ for id_, contact_id, key in waiting if key.startswith(whose[contact_id])]
    if not ids:
        return 0
    return _withdraw(db, now, outbox.c.id.in_(ids))


def hold(db: Connection, beginnings: Iterable[str]) -> int:
    """Let what has a key that begins so wait for `release`; return how many, with what is called back."""
    mine = _begins(beginnings)
    _line_up(db, mine)
    waits = or_(outbox.c.status == DUE, and_(_in_hand, outbox.c.called_back.is_(None)))
    becomes = {"status": case((_in_hand, SENDING), else_=HELD), "called_back": case((_in_hand, HELD), else_=null())}
    return db.execute(update(outbox).where(waits, mine).values(becomes)).rowcount


def release(db: Connection, beginnings: Iterable[str]) -> int:
    """Let what waits and has a key that begins so be due again; return how many."""
    mine = _begins(beginnings)
    _line_up(db, mine)
    held = or_(outbox.c.status == HELD, and_(_in_hand, outbox.c.called_back == HELD))
    becomes = {"status": case((_in_hand, SENDING), else_=DUE), "called_back": None}
    return db.execute(update(outbox).where(held, mine).values(becomes)).rowcount


def drop(db: Connection, beginnings: Iterable[str], now: datetime) -> int:
    """Do not send what has a key that begins so; return how many, with what is called back."""
    return _withdraw(db, now, _begins(beginnings))


def empty(db: Connection, beginning: str) -> int:
    """Take the words out of what has a key that begins so, wherever it stands; return how many messages.

    What left keeps none, not even where a chat of ours shows it. What has not waits for `refill`.
    """
    mine = (outbox.c.key.startswith(beginning, autoescape=True), outbox.c.body != "")
    db.execute(select(outbox.c.id).where(*mine).order_by(outbox.c.id).with_for_update())
    becomes = {
        "body": "",
        "status": case((outbox.c.status == DUE, HELD), else_=outbox.c.status),
        "called_back": case(
            (and_(outbox.c.status == SENDING, outbox.c.called_back.is_(None)), HELD), else_=outbox.c.called_back
        ),
    }
    emptied = db.execute(update(outbox).where(*mine).values(becomes)).rowcount
    db.execute(delete(messages).where(messages.c.key.startswith(f"out:{beginning}", autoescape=True)))
    return emptied


def quoting(db: Connection, chats: Sequence[int] | None = None) -> list[tuple[str, list[str]]]:
    """Return (key, answers quoted) of the replies to staff (in some chats) that quote some, while they keep words."""
    staff = select(contacts.c.id).where(contacts.c.person_id.is_not(None))
    mine = (outbox.c.contact_id.in_(staff if chats is None else chats), outbox.c.body.contains(_QUOTES))
    found = db.execute(select(outbox.c.key, outbox.c.body).where(*mine).order_by(outbox.c.id))
    return [(key, json.loads(body)["quotes"]) for key, body in found]


def erase(db: Connection, keys: Iterable[str]) -> None:
    """Take the words out of these replies, wherever they stand; what has not left goes nowhere."""
    waits = outbox.c.status.in_((DUE, HELD))
    becomes = {
        "body": "",
        "status": case((waits, GONE), else_=outbox.c.status),
        "sent_at": case((waits, outbox.c.created_at), else_=outbox.c.sent_at),
        "error": case((waits, CANCELLED), else_=outbox.c.error),
        "called_back": case((outbox.c.status == SENDING, GONE), else_=null()),
    }
    for key in keys:
        db.execute(update(outbox).where(outbox.c.key == key).values(becomes))
        db.execute(delete(messages).where(messages.c.key == f"out:{key}"))


def remove(db: Connection, contact_id: int, beginnings: Iterable[str], *, but: Iterable[str] = ()) -> None:
    """Delete what was sent to a contact and has a key that begins so, wherever it stands; `but` what begins so."""
    kept, gone = tuple(but), tuple(beginnings)
    if not gone:
        return
    for table, before in ((outbox, ""), (messages, "out:")):
        begun = or_(*(table.c.key.startswith(f"{before}{each}", autoescape=True) for each in gone))
        own = [~table.c.key.startswith(f"{before}{each}", autoescape=True) for each in kept]
        db.execute(delete(table).where(table.c.contact_id == contact_id, begun, *own))


def emptied(db: Connection, beginning: str) -> list[str]:
    """Return the keys of what waits for new words and has a key that begins so."""
    mine = (_unsent, outbox.c.status == HELD, outbox.c.body == "", outbox.c.key.startswith(beginning, autoescape=True))
    return [*db.execute(select(outbox.c.key).where(*mine).order_by(outbox.c.id)).scalars()]


def refill(db: Connection, keys: Iterable[str], anew: Sequence[NewMessage], now: datetime) -> None:
    """Give what waits for words the new ones and let it be due; a key that has none any more goes nowhere."""
    waits = (_unsent, outbox.c.status == HELD, outbox.c.body == "")
    bodies = {each.key: each.body for each in anew}
    for key in keys:
        gone = {"status": GONE, "sent_at": now, "error": CANCELLED}
        becomes = {"status": DUE, "body": bodies[key]} if key in bodies else gone
        db.execute(update(outbox).where(outbox.c.key == key, *waits).values(becomes))
    enqueue(db, anew)


_in_hand = and_(
    outbox.c.status == SENDING,
    or_(outbox.c.priority >= BULK, *(outbox.c.key.startswith(each, autoescape=True) for each in WRITTEN)),
)
"""Whether a sender has it and may be told to keep it. A reply of the bot is never held."""


def _withdraw(db: Connection, now: datetime, *mine: ColumnElement[bool]) -> int:
    """Let what has not left be gone: at once where nobody has claimed it, and else when its sender asks."""
    _line_up(db, *mine)
    becomes = {
        "status": case((_in_hand, SENDING), else_=GONE),
        "sent_at": case((_in_hand, outbox.c.sent_at), else_=now),
        "error": case((_in_hand, outbox.c.error), else_=CANCELLED),
        "called_back": case((_in_hand, GONE), else_=null()),
        "body": _kept,
    }
    waits = or_(outbox.c.status.in_((DUE, HELD)), _in_hand)
    return db.execute(update(outbox).where(waits, *mine).values(becomes)).rowcount


def _line_up(db: Connection, *mine: ColumnElement[bool]) -> None:
    """Lock what a sender has in the order in which it does: in another, two would wait for each other."""
    db.execute(select(outbox.c.id).where(_in_hand, *mine).order_by(outbox.c.id).with_for_update())


def _begins(beginnings: Iterable[str]) -> ColumnElement[bool]:
    return and_(_unsent, or_(*(outbox.c.key.startswith(each, autoescape=True) for each in beginnings)))


def state_of(db: Connection, contact_id: int, external_id: str) -> str | None:
    """Which question the message asked that the channel calls `external_id`; None where it asked nothing."""
    wanted = select(outbox.c.state).where(outbox.c.contact_id == contact_id, outbox.c.external_id == external_id)
    return db.execute(wanted.order_by(outbox.c.id.desc()).limit(1)).scalar()


def asked(db: Connection, contact_id: int, limit: int = 100) -> list[tuple[str, str, str]]:
    """Return (state, the channel's id, body) of the questions delivered to a contact, the latest first."""
    questions = select(outbox.c.state, outbox.c.external_id, outbox.c.body).where(
        outbox.c.contact_id == contact_id, outbox.c.state.is_not(None), outbox.c.external_id.is_not(None)
    )
    return [(state, key, body) for state, key, body in db.execute(questions.order_by(outbox.c.id.desc()).limit(limit))]


def taken_back(db: Connection, contact_id: int, beginning: str, at: datetime) -> int:
    """How many messages to a contact, by what their keys begin with, were taken back at a moment and had not left."""
    mine = (outbox.c.contact_id == contact_id, outbox.c.key.startswith(beginning, autoescape=True))
    gone = (outbox.c.status == GONE, outbox.c.error == CANCELLED, outbox.c.sent_at == at)
    return db.execute(select(func.count()).select_from(outbox).where(*mine, *gone)).scalar_one()


def of_contact(db: Connection, contact_id: int) -> list[tuple[datetime, str, str]]:
    """Return (moment, status, body) of every message to a contact that is kept (MYDATA), the first first."""
    at = func.coalesce(outbox.c.sent_at, outbox.c.due_at)
    mine = select(at, outbox.c.status, outbox.c.body).where(outbox.c.contact_id == contact_id).order_by(outbox.c.id)
    return [(row[0], row[1], row[2]) for row in db.execute(mine)]


def holding(db: Connection, contact_id: int, words: Iterable[str]) -> list[str]:
    """Return the keys of what is kept of messages to a contact in which some of these words stand."""
    there = or_(*(outbox.c.body.contains(each, autoescape=True) for each in words))
    return list(db.execute(select(outbox.c.key).where(outbox.c.contact_id == contact_id, there)).scalars())


def keys_of(db: Connection, contact_id: int, beginnings: Iterable[str]) -> list[str]:
    """Return the keys that begin so of what is kept of messages to a contact, here or in a chat that we show."""
    begun = tuple(beginnings)
    found = {
        key.removeprefix(before)
        for table, before in ((outbox, ""), (messages, "out:"))
        for key in db.execute(select(table.c.key).where(table.c.contact_id == contact_id)).scalars()
        if key.removeprefix(before).startswith(begun)
    }
    return sorted(found)


def unsent_keys(db: Connection, contact_id: int) -> list[str]:
    """Return the keys of what waits to be sent to a contact."""
    return list(db.execute(select(outbox.c.key).where(outbox.c.contact_id == contact_id, _unsent)).scalars())


def waiting_for(db: Connection, contact_id: int) -> int:
    """How many messages to a contact are not delivered yet."""
    return db.execute(
        select(func.count()).select_from(outbox).where(outbox.c.contact_id == contact_id, _unsent)
    ).scalar_one()


def oldest_due(db: Connection, now: datetime) -> datetime | None:
    """Since when the longest overdue message has been due; None where nothing is overdue.

    Bulk is never overdue: a large round takes its hour, and nothing is wrong with whoever sends it.
    """
    overdue = (_unsent, outbox.c.status != HELD, outbox.c.priority < BULK, outbox.c.due_at <= now)
    return db.execute(select(func.min(outbox.c.due_at)).where(*overdue)).scalar()


def unsent(db: Connection, beginning: str, before: datetime) -> tuple[int, datetime | None]:
    """Return how many messages whose key begins so were due before then and have not left, and when the first was."""
    mine = outbox.c.key.startswith(beginning, autoescape=True)
    late = (_unsent, mine, outbox.c.status != HELD, outbox.c.due_at < before)
    count, first = db.execute(select(func.count(), func.min(outbox.c.due_at)).where(*late)).one()
    return count, first


def lost(db: Connection, beginning: str) -> list[str]:
    """Return the keys of messages whose key begins so and that nobody will ever get, whoever called them back."""
    mine = (outbox.c.key.startswith(beginning, autoescape=True), outbox.c.status == GONE)
    return [*db.execute(select(outbox.c.key).where(*mine).order_by(outbox.c.id)).scalars()]


def refused(db: Connection, beginning: str, since: datetime) -> list[str]:
    """Return the keys of messages whose key begins so and that since then nobody will ever get: a channel said no."""
    mine = outbox.c.key.startswith(beginning, autoescape=True)
    lost = (outbox.c.status == GONE, outbox.c.error != CANCELLED, outbox.c.sent_at >= since)
    return [*db.execute(select(outbox.c.key).where(mine, *lost).order_by(outbox.c.id)).scalars()]


def failing(db: Connection, before: datetime) -> tuple[int, str]:
    """How many messages have been tried in vain and are older than `before`, and what was said of the last of them."""
    tried = (_unsent, outbox.c.attempts > 0, outbox.c.error.is_not(None), outbox.c.created_at < before)
    count = db.execute(select(func.count()).select_from(outbox).where(*tried)).scalar_one()
    said = db.execute(select(outbox.c.error).where(*tried).order_by(outbox.c.id.desc()).limit(1)).scalar()
    return count, said or ""


def counts(db: Connection) -> dict[str, int]:
    """How many rows still to be sent there are of each status."""
    return dict(db.execute(select(outbox.c.status, func.count()).where(_unsent).group_by(outbox.c.status)).all())


def hasten(db: Connection, now: datetime, within: timedelta) -> int:
    """Let what was tried and put off beyond `within`, by a clock that ran fast, be due now; return how many."""
    late = update(outbox).where(_unsent, outbox.c.status == DUE, outbox.c.attempts > 0, outbox.c.due_at > now + within)
    return db.execute(late.values(due_at=now)).rowcount
