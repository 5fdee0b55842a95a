"""Alarms: somebody wrote of danger, and people were told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.tables import alarms, contacts, messages, outbox

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Delete, Table


class Alarm(NamedTuple):
    """An alarm; `service` is empty where it was about none, `told` how many addresses of staff it was sent to."""

    id: int
    service: str
    at: datetime
    told: int
    closed_at: datetime | None


class Sounded(NamedTuple):
    """What an alarm is to whoever wrote the words."""

    service: str
    round_id: int | None
    at: datetime
    told: int
    closed_at: datetime | None
    sealed: bytes | None
    """The words as staff read them, until somebody looks after it."""


class Report(NamedTuple):
    """An alarm that nobody looks after yet; `sealed` holds the words, None where they are no longer kept."""

    id: int
    at: datetime
    round_id: int | None
    told: int
    sealed: bytes | None


_COLUMNS = (alarms.c.id, alarms.c.service, alarms.c.at, alarms.c.told, alarms.c.closed_at)


def sound(
    db: Connection, key: bytes, service: str, now: datetime, *, contact_id: int, round_id: int | None = None
) -> int | None:
    """Keep an alarm; return its id, or None where one with this `key` was sounded before."""
    new = {"key": key, "service": service, "at": now, "contact_id": contact_id, "round_id": round_id}
    write = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(alarms)
    found: int | None = db.execute(write.on_conflict_do_nothing().returning(alarms.c.id), new).scalar()
    return found


def told(db: Connection, alarm: int, count: int) -> None:
    """Note to how many addresses an alarm was sent."""
    db.execute(update(alarms).where(alarms.c.id == alarm).values(told=count))


def keep(db: Connection, alarm: int, sealed: bytes) -> None:
    """Keep the words of an alarm until somebody looks after it."""
    db.execute(update(alarms).where(alarms.c.id == alarm).values(sealed=sealed))


def get(db: Connection, alarm: int) -> Alarm | None:
    """Return the alarm with this id."""
    row = db.execute(select(*_COLUMNS).where(alarms.c.id == alarm)).one_or_none()
    return Alarm(*row) if row else None


def of_contact(db: Connection, contact_id: int) -> list[Sounded]:
    """Return the alarms sounded because of what a contact wrote (MYDATA), the first first."""
    mine = select(*[alarms.c[name] for name in Sounded._fields]).where(alarms.c.contact_id == contact_id)
    return [Sounded(*row) for row in db.execute(mine.order_by(alarms.c.id))]


def close(db: Connection, alarm: int, now: datetime) -> bool:
    """Note that somebody looks after it, and let its words go; return whether nobody had before."""
    still = (alarms.c.id == alarm, alarms.c.closed_at.is_(None))
    return db.execute(update(alarms).where(*still).values(closed_at=now, sealed=None)).rowcount == 1


def of_day(db: Connection, contact_id: int, round_id: int | None, since: datetime) -> int:
    """How many alarms were sounded since then because of what a contact wrote in a round; in none where it is None."""
    where = alarms.c.round_id == round_id if round_id is not None else alarms.c.round_id.is_(None)
    mine = (alarms.c.contact_id == contact_id, where, alarms.c.at >= since)
    return db.execute(select(func.count()).select_from(alarms).where(*mine)).scalar_one()


def count(db: Connection, service: str, since: datetime, until: datetime) -> int:
    """How many alarms of a service were sounded in [since, until)."""
    within = (alarms.c.service == service, alarms.c.at >= since, alarms.c.at < until)
    return db.execute(select(func.count()).select_from(alarms).where(*within)).scalar_one()


def waiting(db: Connection, service: str) -> int:
    """How many alarms of a service nobody has said they look after."""
    still = (alarms.c.service == service, alarms.c.closed_at.is_(None))
    return db.execute(select(func.count()).select_from(alarms).where(*still)).scalar_one()


def open_of(db: Connection, service: str, limit: int) -> list[Report]:
    """Return the alarms of a service that nobody looks after, the first first."""
    still = (alarms.c.service == service, alarms.c.closed_at.is_(None))
    found = select(*[alarms.c[name] for name in Report._fields]).where(*still).order_by(alarms.c.id)
    return [Report(*row) for row in db.execute(found.limit(limit))]


def untold(db: Connection, *, lock: bool = False) -> list[Alarm]:
    """Return the alarms that reached nobody and wait, the first first; with `lock` nobody else tells of them.

    One that no longer says who wrote waits no more: the words are gone, and with them what staff could look after.
    """
    waits = (alarms.c.told == 0, alarms.c.closed_at.is_(None), alarms.c.contact_id.is_not(None))
    still = select(*_COLUMNS).where(*waits).order_by(alarms.c.id)
    return [Alarm(*row) for row in db.execute(still.with_for_update() if lock else still)]


LETTERS = "alarm."
"""What the keys of all that is sent of alarms begin with."""


def key(alarm: int, *parts: object) -> str:
    """Return the outbox key of what is sent of an alarm."""
    return LETTERS + ".".join(map(str, (alarm, *parts)))


def forget_copies(db: Connection, contact_id: int, round_id: int | None = None) -> int:
    """Delete what was sent to staff of somebody's words of danger (in one round); return how many messages.

    The alarms stay as a number, and no longer say who wrote, nor what.
    """
    mine: list[ColumnElement[bool]] = [alarms.c.contact_id == contact_id]
    if round_id is not None:
        mine.append(alarms.c.round_id == round_id)
    beginnings = [f"{key(alarm)}." for alarm in db.execute(select(alarms.c.id).where(*mine)).scalars()]
    db.execute(update(alarms).where(*mine).values(contact_id=None, sealed=None))
    if not beginnings:
        return 0
    shown = db.execute(_at_staff(messages, [f"out:{each}" for each in beginnings])).rowcount
    return shown + db.execute(_at_staff(outbox, beginnings)).rowcount


def _at_staff(table: Table, beginnings: list[str]) -> Delete:
    begun: list[ColumnElement[bool]] = [table.c.key.startswith(each, autoescape=True) for each in beginnings]
    staff = select(contacts.c.id).where(contacts.c.person_id.is_not(None))
    return delete(table).where(table.c.contact_id.in_(staff), or_(*begun))
