"""The longest way through a flow that comes to no state twice: how many questions one citizen meets, how long it takes.

Where nothing goes round, it is found state by state from the ends. Of a circle each state where one can come in is
left out in turn, and the way is sought in what remains: exact, as no way comes to it again. Where circles lie so deep
in each other that this would take too long, all that stands in them is counted: a bound that no way exceeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flows.branching import reachable, ways

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from flows.model import State

MOST_LOOKED_AT = 50_000
"""Ways looked at within circles after which the rest is bounded: about a tenth of a second."""

MOST_DEEP = 50
"""Circles within circles that are taken apart."""


class Longest(NamedTuple):
    """The greatest sum of weights on a way."""

    weight: float
    is_exact: bool = True
    """False where no way is longer, and perhaps none so long."""


def longest(states: Mapping[str, State], start: str, weight: Callable[[State], float]) -> Longest:
    """Return the greatest sum of weights (none below 0) on any way from `start` that comes to no state twice."""
    inside = reachable(states, start)
    edges = {name: [to for to in dict.fromkeys(ways(states[name])) if to in inside] for name in inside}
    search = _Search(edges, {name: weight(states[name]) for name in inside})
    nothing = dict.fromkeys(inside, Longest(0))
    return search.best(start, inside, nothing, 0) if inside else Longest(0)


class _Search:
    def __init__(self, edges: Mapping[str, list[str]], weights: Mapping[str, float]) -> None:
        self.edges = edges
        self.weights = weights
        self.looked = 0

    def best(self, start: str, inside: Collection[str], beyond: Mapping[str, Longest], deep: int) -> Longest:
        """Return the longest way from `start` within `inside`; `beyond` is what may follow each state outside."""
        self.looked += sum(len(self.edges[name]) for name in inside) if deep else 0
        known: dict[str, Longest] = {}
        circles = _circles(start, inside, self.edges)
        entered = {to for circle in circles for name in circle for to in self.edges[name] if to not in circle}
        for circle in circles:  # those that come last first
            after = {name: max([beyond[name], *self._known(name, known)]) for name in circle}
            for name in circle & (entered | {start}):
                known[name] = self._through(name, circle, after, deep)
        return known[start]

    def _known(self, name: str, known: Mapping[str, Longest]) -> list[Longest]:
        return [known[to] for to in self.edges[name] if to in known]

    def _through(self, name: str, circle: set[str], after: Mapping[str, Longest], deep: int) -> Longest:
        """Return the longest way from `name` through its circle, which may be itself alone, and on."""
        rest = circle - {name}
        found = after[name]
        for to in self.edges[name]:
            if to in rest and (self.looked > MOST_LOOKED_AT or deep == MOST_DEEP):
                return Longest(sum(self.weights[one] for one in circle) + max(after.values()).weight, is_exact=False)
            if to in rest:
                found = max(found, self.best(to, rest, after, deep + 1))  # as long, what is exact comes first
        return Longest(self.weights[name] + found.weight, found.is_exact)


def _circles(start: str, inside: Collection[str], edges: Mapping[str, list[str]]) -> list[set[str]]:
    """Return the states that lead to each other, together; what follows stands first (Tarjan 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: dict[str, None] = {}
    found: list[set[str]] = []
    waiting = [(start, iter(edges[start]))]
    while waiting:
        at, following = waiting[-1]
        if at not in number:
            number[at] = lowest[at] = len(number)
            open_[at] = None
        to = next((one for one in following if one in inside and (one not in number or one in open_)), None)
        if to is None:
            waiting.pop()
            if lowest[at] == number[at]:
                found.append(_closed(at, open_))
            if waiting:
                before = waiting[-1][0]
                lowest[before] = min(lowest[before], lowest[at])
        elif to in number:
            lowest[at] = min(lowest[at], number[to])
        else:
            waiting.append((to, iter(edges[to])))
    return found


def _closed(first: str, open_: dict[str, None]) -> set[str]:
    """Take out of the open states those that came after `first`, with it."""
    found: set[str] = set()
    while first not in found:
        found.add(open_.popitem()[0])
    return found
