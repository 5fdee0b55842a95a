"""How long a flow takes and how many questions one citizen can meet: the longest way through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.branching import ways
from flows.model import Ask, Choose, End, Number, Photo, Pick, Place, Rate, Review, Say

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


def _seconds(state: State) -> float:
    match state:
        case Choose() | Rate():
            return 5
        case Pick() | Number():
            return 10
        case Ask():
            return 30
        case Place():
            return 15
        case Photo():
            return 30
        case Review():
            return 10
        case Say() | End():
            return 0


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
