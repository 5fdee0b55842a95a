"""How long a flow takes and how many questions one citizen can meet: the longest way through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.branching import ways
from flows.model import (
    Allocate,
    Ask,
    BestWorst,
    Choose,
    Date,
    End,
    Number,
    Photo,
    Pick,
    Place,
    Rank,
    Rate,
    Review,
    Say,
    Voice,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flows.model import State

READING = 200
"""Words a minute at which an easy text is read on a phone (own rule of thumb)."""

_CIRCLE = 0.0


def minutes(state: State) -> float:
    """Return the minutes to read one state and answer it (own rules of thumb, in seconds per kind of answer)."""
    words = len(state.text.split()) + sum(len(option.label.split()) for option in getattr(state, "options", ()))
    return words / READING + _seconds(state) / 60


_SECONDS: Mapping[type, float] = {
    **dict.fromkeys((Say, End), 0),
    **dict.fromkeys((Choose, Rate), 5),
    **dict.fromkeys((Pick, Number, Date, Review), 10),
    **dict.fromkeys((Place, Rank), 15),
    Allocate: 20,
    **dict.fromkeys((Ask, Photo, Voice), 30),
}
_SECONDS_A_CARD = 10


def _seconds(state: State) -> float:
    match state:
        case BestWorst(cards=cards):
            return _SECONDS_A_CARD * cards
        case Ask(joins_within=waits):
            return _SECONDS[Ask] + waits
        case _:
            return _SECONDS[type(state)]


def longest(states: Mapping[str, State], start: str, weight: Callable[[State], float]) -> float:
    """Return the greatest sum of weights on any way from `start` to an end; circles are passed once."""
    known: dict[str, float] = {}
    waiting = [(start, False)]
    while waiting:
        at, seen = waiting.pop()
        if at not in states or (at in known and not seen):
            continue
        following = ways(states[at])
        if seen:
            known[at] = weight(states[at]) + max((known.get(one, _CIRCLE) for one in following), default=0)
        else:
            known[at] = _CIRCLE
            waiting.append((at, True))
            waiting += [(one, False) for one in following if one not in known]
    return known.get(start, 0)
