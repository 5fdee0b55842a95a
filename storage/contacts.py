"""People we talk with: a sealed address each, and what they allow us."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, select, update

from storage import proof
from storage.rows import IDS, Insert, Lookup, Shape
from storage.tables import audience, contacts, outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

Address = tuple[str, bytes]
"""(channel, keyed hash): how a contact is found."""


class Contact(NamedTuple):
    """One person on one channel. Moments are None where the thing never happened."""

    id: int
    channel: str
    address_hash: bytes
    address_sealed: bytes
    person_id: int | None
    language: str
    first_seen_at: datetime
    last_seen_at: datetime
    invite_again_at: datetime | None = None
    stopped_at: datetime | None = None
    blocked_at: datetime | None = None
    blocked_why: str | None = None
    unreachable_at: datetime | None = None
    asks: str | None = None
    said_stop_at: datetime | None = None
    """Their last STOP, also once they are back: it ended what they had agreed to before."""

    @property
    def address(self) -> Address:
        """How this contact is found."""
        return (self.channel, self.address_hash)

    @property
    def may_be_written_to(self) -> bool:
        """Whether we may write first: neither STOP nor gone."""
        return self.stopped_at is None and self.unreachable_at is None


class NewContact(NamedTuple):
    """Somebody who was never here before, seen at `first_seen_at`."""

    channel: str
    address_hash: bytes
    address_sealed: bytes
    language: str
    first_seen_at: datetime
    person_id: int | None = None


_shape = Shape(contacts, Contact)
_insert = Insert(contacts, (*NewContact._fields, "last_seen_at"), end="ON CONFLICT DO NOTHING")
_all = select(*_shape.columns)
_find = Lookup(Contact, _all.where(contacts.c.channel == bindparam("channel"), contacts.c.address_hash.in_(IDS)))
_meet = Lookup(
    Contact, _all.where(contacts.c.address_hash.in_(IDS)).order_by(contacts.c.id).with_for_update(key_share=True)
)  # the hash is of channel and address, so it is enough; others may meanwhile queue messages for them
_hold = select(contacts.c.id).where(contacts.c.id.in_(IDS)).order_by(contacts.c.id).with_for_update(key_share=True)
_by_id = _all.where(contacts.c.id.in_(IDS))
_seen = update(contacts).where(contacts.c.id.in_(IDS)).values(last_seen_at=bindparam("at"), unreachable_at=None)


def find(db: Connection, addresses: Iterable[Address]) -> dict[Address, Contact]:
    """Return the contacts known under these addresses."""
    found: dict[Address, Contact] = {}
    for channel, group in groupby(sorted(set(addresses)), key=itemgetter(0)):
        found |= {one.address: one for one in _find(db, [hash_ for _, hash_ in group], channel=channel)}
    return found


def meet(db: Connection, addresses: Iterable[Address]) -> dict[Address, Contact]:
    """Return the contacts known under these addresses, ours alone until the commit.

    No other replica takes turns of them meanwhile, and what is returned is how they stand then. SQLite has one writer.
    """
    if db.dialect.name == "sqlite":
        return find(db, addresses)
    return {one.address: one for one in _meet(db, sorted({hash_ for _, hash_ in addresses}))}


def hold(db: Connection, ids: Iterable[int]) -> None:
    """Let nobody else take turns of these contacts or change them until the commit.

    For who writes to a contact and to its messages: in this order always, so that two never wait for each other.
    """
    wanted = sorted(set(ids))
    if wanted and db.dialect.name == "postgresql":
        db.execute(_hold, {"ids": wanted})


def add(db: Connection, rows: Sequence[NewContact]) -> list[Contact]:
    """Add contacts, passing over those already known; return them all in the order given."""
    _insert(db, [(*row, row.first_seen_at) for row in rows])
    found = find(db, [(row.channel, row.address_hash) for row in rows])
    return [found[row.channel, row.address_hash] for row in rows]


def welcome(db: Connection, rows: Sequence[NewContact]) -> dict[Address, Contact]:
    """Add contacts, passing over those already known, and `meet` them all."""
    _insert(db, [(*row, row.first_seen_at) for row in rows])
    return meet(db, [(row.channel, row.address_hash) for row in rows])


def by_ids(db: Connection, ids: Iterable[int]) -> dict[int, Contact]:
    """Return the contacts with these ids that still exist."""
    return {contact.id: contact for contact in _shape.read(db.execute(_by_id, {"ids": list(ids)}))}


def get(db: Connection, contact_id: int) -> Contact | None:
    """Return one contact, or None where it was forgotten."""
    return by_ids(db, [contact_id]).get(contact_id)


def seen(db: Connection, ids: Iterable[int], now: datetime) -> None:
    """They wrote to us now, so they can be reached."""
    wanted = sorted(set(ids))
    if wanted:
        db.execute(_seen, {"ids": wanted, "at": now})


def _change(db: Connection, contact_id: int, **values: Any) -> None:  # noqa: ANN401 - columns of many types
    db.execute(update(contacts).where(contacts.c.id == contact_id).values(**values))


def set_language(db: Connection, contact_id: int, language: str) -> None:
    """From now on we write in `language`."""
    _change(db, contact_id, language=language)


def set_invite_again(db: Connection, contact_id: int, at: datetime | None) -> None:
    """They agreed to be invited again (at that moment), or took it back (None)."""
    _change(db, contact_id, invite_again_at=at)


def set_stopped(db: Connection, contact_id: int, at: datetime | None) -> None:
    """STOP: we never write first again; None: they came back by themselves."""
    _change(db, contact_id, stopped_at=at, **({} if at is None else {"said_stop_at": at}))


def note_stop(db: Connection, contact_id: int, at: datetime) -> None:
    """Keep when somebody last said STOP, wherever they stand now."""
    _change(db, contact_id, said_stop_at=at)


def set_blocked(db: Connection, contact_id: int, at: datetime | None, why: str | None) -> None:
    """Staff take no more from them, for a reason; None: they do again."""
    _change(db, contact_id, blocked_at=at, blocked_why=why)


def set_unreachable(db: Connection, contact_id: int, at: datetime | None) -> None:
    """The channel says that they are gone, or (None) back."""
    _change(db, contact_id, unreachable_at=at)


def set_asks(db: Connection, contact_id: int, asks: str | None) -> None:
    """Remember what the bot waits for outside any session, such as `confirm_delete`."""
    _change(db, contact_id, asks=asks)


def set_person(db: Connection, contact_id: int, person_id: int | None) -> None:
    """This contact is that member of staff."""
    _change(db, contact_id, person_id=person_id)


def relocate(db: Connection, contact_id: int, address_hash: bytes, address_sealed: bytes) -> None:
    """The channel renamed the address: it is the same contact.

    Where somebody we know has the new address already, what waits for the old contact goes to them, and the old one is
    unreachable from when it was last seen.
    """
    channel = select(contacts.c.channel).where(contacts.c.id == contact_id).scalar_subquery()
    known = select(contacts.c.id).where(contacts.c.address_hash == address_hash, contacts.c.channel == channel)
    heir = db.execute(known).scalar()
    if heir is None:
        _change(db, contact_id, address_hash=address_hash, address_sealed=address_sealed)
    elif heir != contact_id:
        waiting = and_(outbox.c.contact_id == contact_id, outbox.c.status.in_(("due", "sending")))
        db.execute(update(outbox).where(waiting).values(contact_id=heir))
        _change(db, contact_id, unreachable_at=contacts.c.last_seen_at)


def every(db: Connection) -> Iterator[Contact]:
    """Give all contacts, the first known first; do not write to them on the way."""
    for row in db.execute(_all.order_by(contacts.c.id).execution_options(yield_per=1000)):
        yield Contact(*row)


def of_person(db: Connection, person_id: int) -> list[Contact]:
    """Return the channels on which a member of staff can be reached, the first known first."""
    return _shape.read(db.execute(_all.where(contacts.c.person_id == person_id).order_by(contacts.c.id)))


def counts(db: Connection) -> dict[str, int]:
    """How many contacts there are on each channel."""
    return dict(db.execute(select(contacts.c.channel, func.count()).group_by(contacts.c.channel)).all())


_ask_no_more = {
    "state": case((audience.c.state == "waiting", "excluded"), else_=audience.c.state),
    "reason": case((audience.c.state.in_(("waiting", "invited")), "declined"), else_=audience.c.reason),
}
"""Whose passage was forgotten where they went on with it: they had come, and are not called back."""


def part(db: Connection, contact_id: int, round_id: int | None = None) -> None:
    """Forget whose address of a list takes part (in one round) in the chat of a contact."""
    chat = select(contacts.c.address_hash).where(contacts.c.id == contact_id).scalar_subquery()
    here = [audience.c.round_id == round_id] if round_id is not None else []
    db.execute(update(audience).where(audience.c.through == chat, *here).values(through=None, **_ask_no_more))


def forget(db: Connection, contact_id: int, now: datetime) -> None:
    """Delete a contact with sessions, wishes, threads, messages and all that waits to be sent; leave a proof.

    Answers hang on a pseudonym, not on the contact: see `answers.forget`.
    """
    db.execute(delete(outbox).where(outbox.c.contact_id == contact_id))
    part(db, contact_id)
    gone = db.execute(delete(contacts).where(contacts.c.id == contact_id)).rowcount
    proof.note(db, "contact", gone, now)
