"""How long it takes to read a state and to answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from collections.abc import Mapping

    from flows.model import State

READING = 200
"""Words a minute at which an easy text is read on a phone (own rule of thumb)."""


def minutes(state: State) -> float:
    """Return the minutes to read one state and answer it (own rules of thumb, in seconds per kind of answer)."""
    words = len(state.text.split()) + sum(len(option.label.split()) for option in getattr(state, "options", ()))
    return words / READING + _seconds(state) / 60


def screens(state: State) -> int:
    """Return how often a state waits for an answer: each card of best and worst is one, the review another."""
    match state:
        case Say() | End():
            return 0
        case BestWorst(cards=cards):
            return cards
        case _:
            return 1


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
