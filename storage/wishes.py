"""Who wants the result of a round sent, and whether it was clear to them. Kept apart from all answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from storage.rows import insert_new, many
from storage.tables import contacts, wishes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

RESULT = "result"
CLEAR, PARTLY, UNCLEAR = HEARD = ("clear", "partly", "unclear")
"""What somebody says of a result they got: it was clear to them, in part, or not."""
Wish = tuple[int, int]
"""(round id, contact id)."""

_insert = insert_new(wishes)


def add(db: Connection, wanted: Iterable[Wish], now: datetime, what: str = RESULT) -> None:
    """Note wishes; those already noted are passed over."""
    rows = [
        {"round_id": round_id, "contact_id": contact_id, "what": what, "created_at": now}
        for round_id, contact_id in wanted
    ]
    many(db, _insert, rows)


def remove(db: Connection, taken_back: Iterable[Wish], what: str = RESULT) -> list[Wish]:
    """Take wishes back; return those that were there."""
    gone = []
    for round_id, contact_id in taken_back:
        mine = (wishes.c.round_id == round_id, wishes.c.contact_id == contact_id, wishes.c.what == what)
        if db.execute(delete(wishes).where(*mine)).rowcount:
            gone.append((round_id, contact_id))
    return gone


def forget(db: Connection, contact_ids: Iterable[int]) -> None:
    """Send these contacts no result of any round."""
    mine = (wishes.c.contact_id.in_(list(contact_ids)), wishes.c.what == RESULT)
    db.execute(delete(wishes).where(*mine))


def carry(db: Connection, round_id: int, origin: int, to: int) -> None:
    """Let another contact have the wishes of `origin` in a round."""
    db.execute(update(wishes).where(wishes.c.round_id == round_id, wishes.c.contact_id == origin).values(contact_id=to))


def of(db: Connection, round_id: int, what: str = RESULT) -> list[int]:
    """Return the contacts with this wish, by id."""
    wanted = select(wishes.c.contact_id).where(wishes.c.round_id == round_id, wishes.c.what == what)
    return list(db.execute(wanted.order_by(wishes.c.contact_id)).scalars())


def of_contact(db: Connection, contact_id: int) -> list[tuple[int, str]]:
    """Return (round id, what) of one contact's wishes (MYDATA)."""
    mine = select(wishes.c.round_id, wishes.c.what).where(wishes.c.contact_id == contact_id)
    return [(round_id, what) for round_id, what in db.execute(mine.order_by(wishes.c.round_id))]


def since(db: Connection, contact_id: int) -> list[tuple[int, datetime, str]]:
    """Return (round id, since when, what) of one contact's wishes."""
    mine = select(wishes.c.round_id, wishes.c.created_at, wishes.c.what).where(wishes.c.contact_id == contact_id)
    return [(round_id, at, what) for round_id, at, what in db.execute(mine)]


def hashes(db: Connection, round_id: int) -> list[tuple[int, datetime, bytes]]:
    """Return (contact id, since when, hashed address) of all who wish for the result of a round."""
    wanted = select(wishes.c.contact_id, wishes.c.created_at, contacts.c.address_hash).join_from(
        wishes, contacts, wishes.c.contact_id == contacts.c.id
    )
    mine = wanted.where(wishes.c.round_id == round_id, wishes.c.what == RESULT).order_by(wishes.c.contact_id)
    return [(contact_id, at, found) for contact_id, at, found in db.execute(mine)]


def counts(db: Connection, round_id: int) -> dict[str, int]:
    """How many contacts there are for each of the wishes of a round."""
    counted = select(wishes.c.what, func.count()).where(wishes.c.round_id == round_id).group_by(wishes.c.what)
    return dict(db.execute(counted).all())
