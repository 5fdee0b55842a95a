"""How often a round's sessions went from one state to another, per day: the drop-off picture, without persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage.rows import Insert
from storage.tables import moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

Arrow = tuple[int, str, str, str]
"""(round id, ISO day, origin, to)."""


@dataclass(frozen=True, slots=True)
class Move:
    """So many sessions went from `origin` to `to`."""

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
