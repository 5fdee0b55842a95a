"""Passages that staff take down for somebody: who entered them, and whether they speak for one person or for many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, func, insert, select, update

from storage.rows import Shape
from storage.sessions import FINISHED
from storage.tables import contacts, entries, rounds, sessions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

INDIVIDUAL, GROUP, ORGANISATION = KINDS = ("individual", "group", "organisation")
DECLARED = "declared"
"""Somebody who said themselves that they answer for a group or an organisation."""
LATE = "late"
"""Came after the last day to answer, whoever for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One passage taken down by a member of staff; `person_id` is None where that is not known, or no more."""

    contact_id: int
    round_id: int
    person_id: int | None
    kind: str
    heads: int
    organisation: str
    created_at: datetime
    late: bool = False
    """It came after the last day to answer: counted apart."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Who has finished a round: individuals, groups with their heads together, organisations by name.

    What came after the last day is counted in `late` alone.
    """

    individuals: int
    groups: int
    heads: int
    organisations: tuple[str, ...]
    late: int = 0
    declared: int = 0
    """Said themselves that they answer for a group or an organisation: nobody knows for how many."""

    def named(self, names: Sequence[str] = ()) -> Voices:
        """Return as many organisations, under these names alone: the others have none."""
        many = len(self.organisations)
        known = sorted(filter(None, names))[:many]
        return replace(self, organisations=(*[""] * (many - len(known)), *known))


_shape = Shape(entries, Entry)
_SPECIAL = (entries.c.kind != INDIVIDUAL) | entries.c.late
_KIND = case((entries.c.late, LATE), else_=entries.c.kind)
_finished = (
    select(entries.c.kind, entries.c.heads, entries.c.organisation, entries.c.late)
    .join(sessions, (sessions.c.contact_id == entries.c.contact_id) & (sessions.c.round_id == entries.c.round_id))
    .where(FINISHED)
)


def add(db: Connection, new: Entry) -> None:
    """Keep that a passage is taken down for somebody."""
    db.execute(insert(entries), _shape.write([new]))


def of_contact(db: Connection, contact_id: int) -> list[Entry]:
    """Return the passages that were taken down for a contact (MYDATA)."""
    return _shape.read(db.execute(select(*_shape.columns).where(entries.c.contact_id == contact_id)))


def get(db: Connection, contact_id: int, round_id: int) -> Entry | None:
    """Return how a passage was taken down; None where nobody did that for them."""
    mine = (entries.c.contact_id == contact_id, entries.c.round_id == round_id)
    return _shape.first(db.execute(select(*_shape.columns).where(*mine)))


def voices(db: Connection, round_id: int) -> Voices:
    """Count who has finished a round: a group is one answer with its heads, an organisation none of them."""
    ended = select(func.count()).select_from(sessions).where(sessions.c.round_id == round_id)
    everybody = db.execute(ended.where(FINISHED)).scalar_one()
    found = db.execute(_finished.where(entries.c.round_id == round_id).order_by(entries.c.organisation)).all()
    in_time = [row for row in found if not row.late]
    heads = [row.heads for row in in_time if row.kind == GROUP]
    names = tuple(row.organisation for row in in_time if row.kind == ORGANISATION)
    late = len(found) - len(in_time)
    return Voices(everybody - len(heads) - len(names) - late, len(heads), sum(heads), names, late)


def apart(db: Connection, round_id: int) -> dict[bytes, str]:
    """Return by hashed address those who are counted apart, and why: groups, organisations, and whoever came late."""
    whose = select(contacts.c.address_hash, _KIND).join(entries, entries.c.contact_id == contacts.c.id)
    return dict(db.execute(whose.where(entries.c.round_id == round_id, _SPECIAL)).all())


def apart_in(db: Connection, service: str) -> list[tuple[int, bytes, str]]:
    """Return the same of all rounds of a service: round, hashed address, and why."""
    whose = select(entries.c.round_id, contacts.c.address_hash, _KIND)
    joined = whose.join(contacts, contacts.c.id == entries.c.contact_id)
    joined = joined.join(rounds, rounds.c.id == entries.c.round_id)
    return [(*row,) for row in db.execute(joined.where(rounds.c.service == service, _SPECIAL))]


def by_address(db: Connection, round_id: int) -> dict[bytes, Entry]:
    """Return the entries of a round by the hashed address of the person they are of."""
    found = db.execute(
        select(contacts.c.address_hash, *_shape.columns)
        .join(entries, entries.c.contact_id == contacts.c.id)
        .where(entries.c.round_id == round_id)
    )
    return {row[0]: Entry(*row[1:]) for row in found}


def carry(db: Connection, round_id: int, old: int, new: int) -> None:
    """Let an entry follow its passage to another contact."""
    mine = (entries.c.round_id == round_id, entries.c.contact_id == old)
    db.execute(update(entries).where(*mine).values(contact_id=new))


def forget(db: Connection, contact_id: int, round_id: int) -> None:
    """Forget how a passage was taken down."""
    db.execute(delete(entries).where(entries.c.contact_id == contact_id, entries.c.round_id == round_id))
