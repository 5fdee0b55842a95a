"""Staff: people with a role, the one-time links that let them in, and their signed-in browsers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, or_, select, update

from storage import alarms, looks, outbox, threads
from storage.contacts import hold
from storage.rows import Shape, insert_new, many
from storage.tables import contacts, links, people, roles, web_sessions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

EVERY_SERVICE = "*"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff. What is None follows the city; `zone` is an IANA name, days are mon … sun, times HH:MM."""

    id: int
    name: str
    language: str
    zone: str | None
    digest_day: str | None
    digest_time: str | None
    created_at: datetime
    digest_every: str | None = None
    """How often a digest is sent: week, fortnight or month."""
    digest_by: str | None = None
    """Where to: chat, mail or both."""
    digest_language: str | None = None
    """None: each address in its own."""


@dataclass(frozen=True, slots=True)
class Role:
    """What somebody is for a service (`*`: for all): manager, organiser, approver, operator."""

    person_id: int
    role: str
    service: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link: `invite` gives `role` for `service` to whoever follows it, `sign_in` lets `person_id` in."""

    token_hash: bytes
    kind: str
    created_at: datetime
    expires_at: datetime
    person_id: int | None = None
    role: str | None = None
    service: str | None = None
    name: str | None = None


_person = Shape(people, Person)
_role = Shape(roles, Role)
_link = Shape(links, Link)
_all = select(*_person.columns)
_grant = insert_new(roles)


def add(
    db: Connection,
    name: str,
    language: str,
    now: datetime,
    *,
    zone: str | None = None,
    digest_day: str | None = None,
    digest_time: str | None = None,
) -> Person:
    """Keep a new member of staff."""
    values = {
        "name": name,
        "language": language,
        "zone": zone,
        "digest_day": digest_day,
        "digest_time": digest_time,
        "created_at": now,
    }
    return Person(*db.execute(insert(people).returning(*_person.columns), values).one())


def get(db: Connection, person_id: int) -> Person | None:
    """Return the person with this id."""
    return _person.first(db.execute(_all.where(people.c.id == person_id)))


def everyone(db: Connection) -> list[Person]:
    """Return all staff, the first known first."""
    return _person.read(db.execute(_all.order_by(people.c.id)))


def of_contact(db: Connection, contact_id: int) -> Person | None:
    """Return who a contact is, where it is one of the staff."""
    known = _all.join(contacts, contacts.c.person_id == people.c.id).where(contacts.c.id == contact_id)
    return _person.first(db.execute(known))


def change(db: Connection, person_id: int, **values: str | None) -> None:
    """Set `name`, `language`, `zone` or a choice about the digest."""
    db.execute(update(people).where(people.c.id == person_id).values(**values))


def grant(db: Connection, person_id: int, role: str, service: str, now: datetime) -> bool:
    """Give a role for a service; return whether it was new."""
    db.execute(update(people).where(people.c.id == person_id, people.c.left_at.is_not(None)).values(left_at=None))
    return many(db, _grant, _role.write([Role(person_id, role, service, now)])) == 1


def appoint(db: Connection, person_id: int, role: str, service: str, now: datetime, who: str = "") -> None:
    """Give a role for a service, and note it in the log of staff; without `who` they took up an invitation."""
    person = get(db, person_id)
    name = person.name if person else ""
    if grant(db, person_id, role, service, now):
        looks.did(db, service, now, who or name, "role_given", role=role, person=name, number=person_id)


def revoke(db: Connection, person_id: int, role: str, service: str) -> None:
    """Take a role away."""
    mine = (roles.c.person_id == person_id, roles.c.role == role, roles.c.service == service)
    db.execute(delete(roles).where(*mine))


def remove(db: Connection, person_id: int, role: str | None = None, service: str | None = None) -> int:
    """Take away all roles of a person, or those of one kind, or for one service; return how many went."""
    wanted = {roles.c.person_id: person_id, roles.c.role: role, roles.c.service: service}
    return db.execute(delete(roles).where(*(column == value for column, value in wanted.items() if value))).rowcount


def leave(db: Connection, person_id: int, now: datetime) -> None:
    """They work here no more: signed out everywhere, and their chats are those of a citizen. Nothing due is sent.

    What their chats were brought of citizens' alarms and threads goes: later nothing would tell that it was of others.
    """
    sign_out(db, person_id=person_id)
    mine = select(contacts.c.id).where(contacts.c.person_id == person_id).order_by(contacts.c.id)
    chats = db.execute(mine).scalars().all()
    hold(db, chats)
    outbox.erase(db, [key for key, _ in outbox.quoting(db, chats)] if chats else [])
    for contact_id in chats:
        outbox.cancel(db, contact_id, now, bulk_only=False)
        own = [threads.key(each.name, "") for each in threads.of_contact(db, contact_id)]
        outbox.remove(db, contact_id, (alarms.LETTERS, threads.LETTERS), but=own)
    db.execute(update(contacts).where(contacts.c.person_id == person_id).values(person_id=None))
    db.execute(update(people).where(people.c.id == person_id).values(left_at=now))


def roles_of(db: Connection, person_id: int) -> list[Role]:
    """Return all roles of a person."""
    return _role.read(db.execute(select(*_role.columns).where(roles.c.person_id == person_id).order_by(roles.c.id)))


def with_role(db: Connection, role: str, service: str | None = None) -> list[tuple[Person, str]]:
    """Return (person, service key or `*`) of everyone with a role; for one service where given (`*` included)."""
    wanted = select(*_person.columns, roles.c.service).join(roles, roles.c.person_id == people.c.id)
    wanted = wanted.where(roles.c.role == role).order_by(people.c.id, roles.c.service)
    if service is not None:
        wanted = wanted.where(roles.c.service.in_((service, EVERY_SERVICE)))
    return [(Person(*row[:-1]), row[-1]) for row in db.execute(wanted)]


# --------------------------------------------------------------------------- one-time links


def add_link(db: Connection, link: Link) -> None:
    """Keep a link; only its hash (`Keys.token_hash`) is kept."""
    db.execute(insert(links), _link.write([link]))


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to a role that can still be followed; `id` is that of the first of its links."""

    id: int
    role: str
    service: str
    name: str | None
    expires_at: datetime


_invitation = Shape(links, Invitation)


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (links.c.kind == "invite", links.c.used_at.is_(None), links.c.expires_at > now)


def invitations(db: Connection, now: datetime) -> list[Invitation]:
    """Return the invitations that nobody has followed and that still work, the first first.

    Links that were made at one moment for the same person and role are one.
    """
    _, *facts = _invitation.columns
    found = select(func.min(links.c.id).label("first"), *facts).where(*_waits(now)).group_by(*facts, links.c.created_at)
    return _invitation.read(db.execute(found.order_by("first")))


def withdraw(db: Connection, invitation: int, now: datetime) -> bool:
    """Let an invitation work no more, by whichever of its links; return whether it still did."""
    names = ("role", "service", "name", "created_at")
    one = db.execute(select(*(links.c[name] for name in names)).where(links.c.id == invitation, *_waits(now))).first()
    if one is None:
        return False
    same = (links.c[name].is_not_distinct_from(value) for name, value in zip(names, one, strict=True))
    return db.execute(update(links).where(*same, *_waits(now)).values(used_at=now)).rowcount > 0


def links_since(db: Connection, person_id: int, kind: str, since: datetime) -> list[datetime]:
    """Return when the links of a kind were made that a person has got since then, the first first."""
    mine = (links.c.person_id == person_id, links.c.kind == kind, links.c.created_at > since)
    return list(db.execute(select(links.c.created_at).where(*mine).order_by(links.c.created_at)).scalars())


def look_at_link(db: Connection, token_hash: bytes, now: datetime) -> Link | None:
    """Return a link that can still be used, without using it."""
    usable = (links.c.token_hash == token_hash, links.c.used_at.is_(None), links.c.expires_at > now)
    return _link.first(db.execute(select(*_link.columns).where(*usable)))


def use_link(db: Connection, token_hash: bytes, now: datetime) -> Link | None:
    """Use a link up and return it; None where it is unknown, used or too old. Of two at once only one gets it."""
    usable = (links.c.token_hash == token_hash, links.c.used_at.is_(None), links.c.expires_at > now)
    return _link.first(db.execute(update(links).where(*usable).values(used_at=now).returning(*_link.columns)))


# --------------------------------------------------------------------------- signed-in browsers


def sign_in(db: Connection, token_hash: bytes, person_id: int, now: datetime, until: datetime) -> None:
    """Remember a browser by the hash of its cookie."""
    row = {"token_hash": token_hash, "person_id": person_id, "created_at": now, "expires_at": until}
    db.execute(insert(web_sessions), row)


def signed_in(db: Connection, token_hash: bytes, now: datetime) -> Person | None:
    """Return whose browser this is, while it may stay signed in."""
    mine = _all.join(web_sessions, web_sessions.c.person_id == people.c.id)
    mine = mine.where(web_sessions.c.token_hash == token_hash, web_sessions.c.expires_at > now)
    return _person.first(db.execute(mine))


def shut_out(db: Connection) -> None:
    """Forget all browsers, and all links that could still be used."""
    db.execute(delete(web_sessions))
    db.execute(delete(links).where(links.c.used_at.is_(None)))


def sign_out(db: Connection, *, token_hash: bytes | None = None, person_id: int | None = None) -> None:
    """Forget one browser, or all browsers of a person."""
    which = or_(web_sessions.c.token_hash == token_hash, web_sessions.c.person_id == person_id)
    db.execute(delete(web_sessions).where(which))
