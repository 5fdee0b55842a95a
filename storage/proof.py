"""Proof that something was deleted: what kind, how much and when; never whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from storage.rows import Shape
from storage.tables import forgettings

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Forgetting:
    """At that moment that many rows of that kind were deleted."""

    at: datetime
    what: str
    rows: int


PROMISED = "answers_months"
"""Kind of the rows that are no deletion: from then on people are told that answers are kept so many months."""

_shape = Shape(forgettings, Forgetting)


def note(db: Connection, what: str, rows: int, now: datetime) -> None:
    """Write down that `rows` of a kind are gone; nothing where nothing was."""
    if rows > 0:
        db.execute(insert(forgettings), _shape.write([Forgetting(now, what, rows)]))


def of(db: Connection) -> list[Forgetting]:
    """Return all proofs, oldest first."""
    gone = select(*_shape.columns).where(forgettings.c.what != PROMISED)
    return _shape.read(db.execute(gone.order_by(forgettings.c.id)))


def promise(db: Connection, months: int, now: datetime) -> None:
    """Write down for how many months answers are kept, where it is not what was written last."""
    known = promised(db)
    if not known or known[-1].rows != months:
        note(db, PROMISED, months, now)


def promised(db: Connection) -> list[Forgetting]:
    """Return for how many months (`rows`) people were told that answers are kept, from when on, oldest first."""
    told = select(*_shape.columns).where(forgettings.c.what == PROMISED)
    return _shape.read(db.execute(told.order_by(forgettings.c.at, forgettings.c.id)))


def people(db: Connection, since: datetime, until: datetime) -> int:
    """Return how many parts in rounds people had deleted in [since, until), in the whole city."""
    within = (forgettings.c.what == "answers", forgettings.c.at >= since, forgettings.c.at < until)
    return db.execute(select(func.count()).where(*within)).scalar_one()
