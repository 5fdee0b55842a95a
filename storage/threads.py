"""Threads: what a citizen and the people of a service write to each other, neither learning the other's address.

A thread is known by its name, which is made of chance. What is written in it is sealed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from storage.rows import Shape
from storage.tables import contacts, messages, outbox, thread_messages, threads

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Delete, Select, Table

CITIZEN, STAFF = "citizen", "staff"
"""Who writes in a thread."""


class Thread(NamedTuple):
    """One conversation of a contact with the people of a service; `person_id` looks after it, None: all of them."""

    id: int
    name: str
    contact_id: int
    service: str
    opened_at: datetime
    spoken_at: datetime
    closed_at: datetime | None
    person_id: int | None


class NewWords(NamedTuple):
    """Something to add to a thread.

    `sent_as` is the message it came by (`sent_as`), `form` the browser's form: the same form adds nothing twice. `kind`
    and `file` are of a photo or voice message that came with the words: which of the two, and the channel's reference.
    """

    thread_id: int
    at: datetime
    author: str
    sealed: bytes
    person_id: int | None = None
    sent_as: str | None = None
    form: str | None = None
    kind: str | None = None
    file: str | None = None


class Words(NamedTuple):
    """Something that was written in a thread; ids grow in the order written."""

    id: int
    thread_id: int
    at: datetime
    author: str
    sealed: bytes
    person_id: int | None
    kind: str | None = None
    file: str | None = None


_thread = Shape(threads, Thread)
_words = Shape(thread_messages, Words)
_new = Shape(thread_messages, NewWords)
_all = select(*_thread.columns)


def open_(db: Connection, name: str, contact_id: int, service: str, now: datetime) -> Thread:
    """Begin a thread."""
    row = {"name": name, "contact_id": contact_id, "service": service, "opened_at": now, "spoken_at": now}
    return Thread(*db.execute(insert(threads).returning(*_thread.columns), row).one())


def named(db: Connection, name: str) -> Thread | None:
    """Return the thread with this name."""
    return _thread.first(db.execute(_all.where(threads.c.name == name)))


def going_on(db: Connection, contact_id: int, service: str) -> Thread | None:
    """Return the open thread of a contact with a service, if there is one."""
    mine = (threads.c.contact_id == contact_id, threads.c.service == service, threads.c.closed_at.is_(None))
    return _thread.first(db.execute(_all.where(*mine).order_by(threads.c.id.desc()).limit(1)))


def of_contact(db: Connection, contact_id: int) -> list[Thread]:
    """Return all threads of a contact, the oldest first."""
    return _thread.read(db.execute(_all.where(threads.c.contact_id == contact_id).order_by(threads.c.id)))


def of_services(db: Connection, services: Sequence[str], *, closed: bool, limit: int = 200) -> list[Thread]:
    """Return the open (or closed) threads with these services, the one last written in first."""
    state = threads.c.closed_at.is_not(None) if closed else threads.c.closed_at.is_(None)
    wanted = _all.where(threads.c.service.in_(list(services)), state)
    return _thread.read(db.execute(wanted.order_by(threads.c.spoken_at.desc(), threads.c.id.desc()).limit(limit)))


# --------------------------------------------------------------------------- what is written


def add(db: Connection, words: NewWords) -> int | None:
    """Write words into a thread and return their id; None where the same form brought them before."""
    if words.form is not None and _came(db, words.form):
        return None
    (row,) = _new.write([words])
    written: int = db.execute(insert(thread_messages).returning(thread_messages.c.id), row).scalar_one()
    db.execute(update(threads).where(threads.c.id == words.thread_id).values(spoken_at=words.at))
    return written


def _came(db: Connection, form: str) -> bool:
    return db.execute(select(thread_messages.c.id).where(thread_messages.c.form == form)).first() is not None


def said(db: Connection, thread_id: int) -> list[Words]:
    """Return what was written in a thread, the oldest first."""
    wanted = select(*_words.columns).where(thread_messages.c.thread_id == thread_id)
    return _words.read(db.execute(wanted.order_by(thread_messages.c.id)))


def last_author(db: Connection, thread_id: int) -> str:
    """Return who wrote last in a thread; empty where nobody has."""
    wanted = select(thread_messages.c.author).where(thread_messages.c.thread_id == thread_id)
    return db.execute(wanted.order_by(thread_messages.c.id.desc()).limit(1)).scalar() or ""


def waiting(db: Connection, services: Collection[str]) -> dict[str, int]:
    """Return how many open threads of these services wait for an answer, by service; none where it is 0."""
    later = thread_messages.alias()
    answered = select(later.c.id).where(later.c.thread_id == threads.c.id, later.c.id > thread_messages.c.id).exists()
    theirs = (threads.c.closed_at.is_(None), threads.c.service.in_(list(services)))
    found = select(threads.c.service, func.count()).join(thread_messages, thread_messages.c.thread_id == threads.c.id)
    unanswered = found.where(*theirs, thread_messages.c.author == CITIZEN, ~answered).group_by(threads.c.service)
    return {service: n for service, n in db.execute(unanswered)}  # noqa: C416 - rows, not pairs


def written_since(db: Connection, thread_id: int, since: datetime) -> int:
    """How many messages the citizen has written in a thread since a moment."""
    mine = (thread_messages.c.thread_id == thread_id, thread_messages.c.author == CITIZEN, thread_messages.c.at > since)
    return db.execute(select(func.count()).select_from(thread_messages).where(*mine)).scalar_one()


def sent_as(contact_id: int, external_id: str) -> str:
    """Return how a channel's message of a contact is called."""
    return f"{contact_id}:{external_id}"


def holding(db: Connection, sent: str) -> Thread | None:
    """Return the thread into which a message (`sent_as`) went."""
    wanted = _all.join(thread_messages, thread_messages.c.thread_id == threads.c.id)
    return _thread.first(db.execute(wanted.where(thread_messages.c.sent_as == sent).limit(1)))


# --------------------------------------------------------------------------- who looks after it


def take(db: Connection, thread_id: int, person_id: int) -> bool:
    """Let a person look after a thread that nobody looks after; return whether they do from now on."""
    free = (threads.c.id == thread_id, threads.c.person_id.is_(None))
    return db.execute(update(threads).where(*free).values(person_id=person_id)).rowcount == 1


def hand_on(db: Connection, thread_id: int, person_id: int | None) -> None:
    """From now on this person looks after a thread; None: all of the service's people."""
    db.execute(update(threads).where(threads.c.id == thread_id).values(person_id=person_id))


def close(db: Connection, thread_id: int, now: datetime) -> bool:
    """End a thread; return whether it was open."""
    still = (threads.c.id == thread_id, threads.c.closed_at.is_(None))
    return db.execute(update(threads).where(*still).values(closed_at=now)).rowcount == 1


def reopen(db: Connection, thread_id: int) -> None:
    """Go on with a thread that was closed."""
    db.execute(update(threads).where(threads.c.id == thread_id).values(closed_at=None))


# --------------------------------------------------------------------------- what lies elsewhere of it


LETTERS = "thread."
"""What the keys of all that is sent in threads begin with."""


def key(name: str, *parts: object) -> str:
    """Return the outbox key of something sent in a thread; `name_in` tells the thread's name from it."""
    return LETTERS + ".".join((name, *map(str, parts)))


def name_in(outbox_key: str) -> str | None:
    """Return the name of the thread in which a message of the outbox was sent; None where it was in none."""
    kind, _, rest = outbox_key.partition(".")
    return rest.partition(".")[0] if kind == "thread" and rest else None


def name_of(db: Connection, contact_id: int, external_id: str) -> str | None:
    """Return the name of the thread in which a contact got the message that the channel calls `external_id`."""
    mine = (outbox.c.contact_id == contact_id, outbox.c.external_id == external_id)
    sent = db.execute(select(outbox.c.key).where(*mine).order_by(outbox.c.id.desc()).limit(1)).scalar()
    return None if sent is None else name_in(sent)


def forget_copies(db: Connection, name: str) -> int:
    """Delete what was sent of a thread to staff, sent or not; return how many messages."""
    shown = db.execute(_at_staff(messages, f"out:{key(name)}.")).rowcount
    return shown + db.execute(_at_staff(outbox, f"{key(name)}.")).rowcount


def _at_staff(table: Table, beginning: str) -> Delete:
    staff: Select[tuple[int]] = select(contacts.c.id).where(contacts.c.person_id.is_not(None))
    return delete(table).where(table.c.contact_id.in_(staff), table.c.key.startswith(beginning, autoescape=True))
