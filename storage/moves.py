"""How often a round's sessions went from one state to another, per day: the drop-off picture, without persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, select, update

from storage.rows import Insert
from storage.tables import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection

Arrow = tuple[int, str, str, str]
"""(round id, ISO day, origin, to)."""
KEPT_FROM = 10
"""Sums of fewer people do not outlive their answers: 0 stands for them."""
_PAST = ""
"""The day of what is told of all days whose answers are gone."""


@dataclass(frozen=True, slots=True)
class Move:
    """So many sessions went from `origin` to `to`; 0: a few did, and how many is kept no more."""

    origin: str
    to: str
    count: int


_add = Insert(
    moves,
    ("round_id", "day", "origin", "to", "count"),
    end='ON CONFLICT (round_id, day, origin, "to") DO UPDATE SET count = moves.count + excluded.count',
)


def count(db: Connection, arrows: Mapping[Arrow, int]) -> None:
    """Add to the counts. Written in one order always, so that two writers never wait for each other crosswise."""
    _add(db, [(*arrow, n) for arrow, n in sorted(arrows.items())])


def of(db: Connection, round_id: int) -> list[Move]:
    """Return the counts of a round over all its days, the busiest first."""
    total = func.sum(moves.c.count)
    summed = select(moves.c.origin, moves.c.to, total).where(moves.c.round_id == round_id)
    grouped = summed.group_by(moves.c.origin, moves.c.to).order_by(total.desc(), moves.c.origin, moves.c.to)
    return [Move(origin, to, int(n)) for origin, to, n in db.execute(grouped)]


def thin(db: Connection, past: ColumnElement[bool]) -> None:
    """Make one sum of those that are `past` with their answers; of what stays below `KEPT_FROM`, that it was."""
    old = (moves.c.day != _PAST, past)
    arrow = (moves.c.round_id, moves.c.origin, moves.c.to)
    summed = db.execute(select(*arrow, func.sum(moves.c.count)).where(*old).group_by(*arrow)).all()
    if not summed:
        return
    db.execute(delete(moves).where(*old))
    count(db, {(round_id, _PAST, origin, to): int(n) for round_id, origin, to, n in summed})
    later = moves.alias()
    same = and_(*(later.c[column.name] == column for column in arrow), later.c.day != _PAST)
    few = and_(moves.c.day == _PAST, moves.c.count < KEPT_FROM, ~exists().where(same))
    db.execute(update(moves).where(few).values(count=0))
