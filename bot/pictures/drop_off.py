"""How many people went which way in a round, as far as it may be shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.digests.disclosure import PERCENT_FROM, lowered
from flows.model import End
from storage.moves import KEPT_FROM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.texts import Texts
    from flows.model import Flow

    Moves = Mapping[tuple[str, str], int]
    """(from, to) to how often."""


@dataclass(frozen=True, slots=True)
class Part:
    """So many people of those who came; None where they are too few to tell."""

    count: int | None
    percent: int | None


@dataclass(frozen=True, slots=True)
class DropOff:
    """The people of a round on their way through its flow. Nothing that is hidden is in here."""

    minimum: int
    came: Mapping[str, int | None]
    """By state: how often somebody came to it."""
    stopped: Mapping[str, Part]
    """By state: how many did not go on from it (some may still be about to)."""
    went: Mapping[tuple[str, str], Part]

    @property
    def most(self) -> int:
        """The most people on one arrow, as told."""
        return max((part.count or 0 for part in self.went.values()), default=0)

    def came_to(self, state: str, texts: Texts) -> str:
        """Return how many came to a state, in words."""
        return texts("picture.came", n=self._number(self.came[state], texts))

    def on_arrow(self, origin: str, to: str, texts: Texts) -> str:
        """Return how many went from state to state, and their share of those who came, in words."""
        return self._told(self.went.get((origin, to), NOBODY), texts)

    def stopped_at(self, state: str, texts: Texts) -> str:
        """Return how many did not go on from a state, in words; empty where they are too few to tell."""
        part = self.stopped.get(state, NOBODY)
        return texts("picture.stopped", n=self._told(part, texts)) if part.count else ""

    def _told(self, part: Part, texts: Texts) -> str:
        share = "" if part.percent is None else f" · {texts.percent(part.percent)}"
        return self._number(part.count, texts) + share

    def _number(self, count: int | None, texts: Texts) -> str:
        return texts("picture.few", minimum=texts.number(self.minimum)) if count is None else texts.number(count)


NOBODY = Part(None, None)


def drop_off(flow: Flow, moves: Moves, minimum: int) -> DropOff:
    """Return what may be told of the moves of a round of `flow`.

    Everybody who comes to a state goes on or stays there, so counts that stand beside each other can be subtracted.
    Each is therefore told in steps of `minimum` only, down to a whole one, and not at all below one: no more people are
    told to have gone on, or stopped, than to have come.

    Where answers are gone, and small counts with them (0 stands for each), all are at least as many as is told.
    """
    states = flow.script(flow.language).states
    known = {arrow: count for arrow, count in moves.items() if arrow[1] in states}
    lost = Counter(origin for (origin, _), count in known.items() if count == 0)
    minimum = max(minimum, KEPT_FROM) if lost else minimum
    came = {state: sum(count for (_, to), count in known.items() if to == state) for state in states}
    left = {state: sum(count for (origin, _), count in known.items() if origin == state) for state in states}
    went_on = {state: left[state] + lost[state] * (KEPT_FROM - 1) for state in states}
    stayed = {id_: max(came[id_] - went_on[id_], 0) for id_, state in states.items() if not isinstance(state, End)}
    return DropOff(
        minimum,
        {state: lowered(count, minimum) for state, count in came.items()},
        {state: _part(count, came[state], minimum) for state, count in stayed.items()},
        {arrow: _part(count, came[arrow[0]], minimum) for arrow, count in known.items() if arrow[0] in came},
    )


def _part(count: int, of: int, minimum: int) -> Part:
    """Return a count in steps, and its share of the steps it is part of."""
    told, base = lowered(count, minimum), lowered(of, minimum)
    if told is None or base is None or base < PERCENT_FROM:
        return Part(told, None)
    return Part(told, min(round(100 * told / base), 100))
