"""Places of a round: where its code hangs out, and how many came by each. Sums only: nobody's way is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from storage.moves import KEPT_FROM
from storage.rows import Insert, Shape
from storage.tables import arrivals, places

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

SEEN, STARTED, FINISHED = "seen", "started", "finished"
"""What is counted: the code was opened; somebody began to answer; somebody came to the end."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place as kept."""

    id: int
    round_id: int
    code: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many came by a place, exactly: for whoever counts, not to be shown as it is.

    None: fewer than `KEPT_FROM`, and more than none; how many is kept no more.
    """

    seen: int | None = 0
    started: int | None = 0
    finished: int | None = 0


Arrival = tuple[int, str]
"""(place id, what)."""

_shape = Shape(places, Place)
_all = select(*_shape.columns).order_by(places.c.id)
_add = Insert(
    arrivals,
    ("place_id", "what", "count"),
    end="ON CONFLICT (place_id, what) DO UPDATE SET count = arrivals.count + excluded.count",
)


def add(db: Connection, round_id: int, code: str, name: str, now: datetime) -> Place:
    """Keep a new place. A code already taken, or a name the round has, raises SQLAlchemy's IntegrityError."""
    values = {"round_id": round_id, "code": code, "name": name, "created_at": now}
    return Place(*db.execute(insert(places).returning(*_shape.columns), values).one())


def by_code(db: Connection, code: str) -> Place | None:
    """Return the place a poster names."""
    return _shape.first(db.execute(_all.where(places.c.code == code)))


def of(db: Connection, round_id: int) -> list[Place]:
    """Return the places of a round, the oldest first."""
    return _shape.read(db.execute(_all.where(places.c.round_id == round_id)))


def count(db: Connection, came: Mapping[Arrival, int]) -> None:
    """Add to the sums. Written in one order always, so that two writers never wait for each other crosswise."""
    _add(db, [(*arrival, n) for arrival, n in sorted(came.items())])


def counts(db: Connection, round_id: int) -> dict[int, Arrivals]:
    """Return the sums of each place of a round, by its id."""
    wanted = select(arrivals.c.place_id, arrivals.c.what, arrivals.c.count).join(places)
    found: dict[int, dict[str, int | None]] = {}
    for place_id, what, number in db.execute(wanted.where(places.c.round_id == round_id)):
        found.setdefault(place_id, {})[what] = number or None
    return {place_id: Arrivals(**sums) for place_id, sums in found.items()}


def thin(db: Connection, past: ColumnElement[bool]) -> None:
    """Keep of the sums of places that are `past` with their answers no more than that a few came, where few did."""
    gone = arrivals.c.place_id.in_(select(places.c.id).where(past))
    db.execute(update(arrivals).where(gone, arrivals.c.count < KEPT_FROM).values(count=0))
