"""Places of a round as organisers see them: how people came by each, as far as it may be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.digests.disclosure import about
from storage import places as kept
from storage.moves import KEPT_FROM
from storage.places import Arrivals

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.places import Place

MOST = 500
"""Places of one round."""
LONGEST = 80
"""Letters of a name."""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place with its sums, in steps of the minimum; None stands for fewer than `few`, and more than none."""

    code: str
    name: str
    seen: int | None
    started: int | None
    finished: int | None
    few: int


def views(db: Connection, round_id: int, minimum: int) -> list[PlaceView]:
    """Return the places of a round, the oldest first; sums come in steps, those of few people not at all."""
    counts = kept.counts(db, round_id)
    return [view(place, counts.get(place.id, Arrivals()), minimum) for place in kept.of(db, round_id)]


def view(place: Place, came: Arrivals, minimum: int) -> PlaceView:
    """Return a place with its sums as they may be shown."""
    sums = (came.seen, came.started, came.finished)
    few = max(minimum, KEPT_FROM) if None in sums else minimum
    seen, started, finished = (None if count is None else about(count, few) for count in sums)
    return PlaceView(place.code, place.name, seen, started, finished, few)
