"""Boxes in rows from top to bottom, and the ways between them: where everything stands. Pure geometry.

The method is the layered one of Sugiyama, Tagawa and Toda (1981): each box stands a row below the lowest of those
that lead to it; a way that passes rows takes a place of its own in each; places are ordered so that few ways cross,
and moved sideways so that ways run straight. What is written on a way is a place too, in a row of its own below the
box that the way leaves: so nothing can ever overlap.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

GAP = 24.0
"""Pixels between rows, where ways bend."""
APART = 28.0
"""Pixels between what stands in one row."""
PORT = 22.0
"""Pixels between ways where they meet a box."""
_ORDERINGS, _ALIGNMENTS = 12, 40
_STILL = 0.1
"""Pixels nobody sees."""
_PASSING, _PINNED = 8.0, 1e9
"""How much more than others a way that passes rows wants to run straight, and how firmly the backbone stands."""


@dataclass(frozen=True, slots=True)
class Box:
    """Something to place, in pixels."""

    id: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """A way from box to box, with the size of what is written on it; `straight`: part of the backbone."""

    origin: str
    to: str
    width: float = 0.0
    height: float = 0.0
    straight: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the middle of its top edge, and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bend:
    """One part of a way between two rows, straight down where both x are the same."""

    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Path:
    """A whole way: its parts from top to bottom, and where its words stand. `up`: it is walked from below."""

    bends: tuple[Bend, ...]
    words: Place
    up: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, and how much room all takes."""

    boxes: Mapping[str, Place]
    paths: tuple[Path, ...]
    """In the order of the links."""
    width: float
    height: float


def laid_out(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Return where `boxes` and `links` stand; the first box is on top. Links go between boxes that are there."""
    drawing = _Drawing(boxes, links)
    drawing.order()
    drawing.align()
    return drawing.layout()


@dataclass(slots=True)
class _Spot:
    """One place in one row: a box, the words of a way, or a way that passes."""

    row: int
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    pinned: bool = False
    """It is part of the backbone: it stands at x = 0."""
    above: list[tuple[_Spot, float]] = field(default_factory=list)
    below: list[tuple[_Spot, float]] = field(default_factory=list)

    @property
    def passing(self) -> bool:
        return not self.width


class _Drawing:
    """The rows while they are being filled, ordered and aligned."""

    def __init__(self, boxes: Sequence[Box], links: Sequence[Link]) -> None:
        returning = _returning([box.id for box in boxes], links)
        down = [(one.to, one.origin) if one in returning else (one.origin, one.to) for one in links]
        depth = _depths([box.id for box in boxes], down)
        self.spots = {box.id: _Spot(2 * depth[box.id], box.width, box.height) for box in boxes}
        self.chains = [self.chain(link, *ends) for link, ends in zip(links, down, strict=True)]
        self.up = [one in returning for one in links]
        self.rows: list[list[_Spot]] = [[] for _ in range(2 * max(depth.values(), default=0) + 1)]
        for spot in (*self.spots.values(), *(spot for chain in self.chains for spot in chain[1:-1])):
            self.rows[spot.row].append(spot)

    def chain(self, link: Link, upper: str, lower: str) -> list[_Spot]:
        """Return the places of a way, its ends included."""
        first, last = self.spots[upper], self.spots[lower]
        middle = [_Spot(row) for row in range(first.row + 1, last.row)]
        middle[0].width, middle[0].height = link.width, link.height
        chain = [first, *middle, last]
        for spot in chain:
            spot.pinned |= link.straight
        for one, next_ in pairwise(chain):
            weight = _PASSING if one.passing and next_.passing else 1.0
            one.below.append((next_, weight))
            next_.above.append((one, weight))
        return chain

    def order(self) -> None:
        """Order each row by its neighbours' places, up and down, and keep the order with the fewest crossings."""
        best, fewest = [list(row) for row in self.rows], self.crossings()
        for turn in range(_ORDERINGS if fewest else 0):
            rows = self.rows if turn % 2 == 0 else self.rows[::-1]
            for fixed, row in pairwise(rows):
                places = {id(spot): n for n, spot in enumerate(fixed)}
                ranks = {id(spot): _mean(spot, places) for spot in row}
                row.sort(key=lambda spot: ranks[id(spot)])
            if (crossed := self.crossings()) < fewest:
                best, fewest = [list(row) for row in self.rows], crossed
        self.rows = best

    def crossings(self) -> int:
        """Return how many pairs of ways cross each other."""
        return sum(_crossed(upper, lower) for upper, lower in pairwise(self.rows))

    def align(self) -> None:
        """Move all sideways to where the ways run straightest, nothing nearer to its neighbour than it may be."""
        for turn in range(_ALIGNMENTS):
            moved = [_settle(row) for row in (self.rows if turn % 2 == 0 else self.rows[::-1])]
            if max(moved) < _STILL:
                break
        self.straighten()

    def straighten(self) -> None:
        """Let each way that passes rows run straight down where its neighbours leave it room, long ones first."""
        where = {id(spot): (row, n) for row in self.rows for n, spot in enumerate(row)}
        for chain in sorted((chain[1:-1] for chain in self.chains), key=len, reverse=True):
            rooms = [_room(*where[id(spot)]) for spot in chain]
            low, high = max(low for low, _ in rooms), min(high for _, high in rooms)
            if low <= high and not chain[0].pinned:
                x = min(max(sum(spot.x for spot in chain) / len(chain), low), high)
                for spot in chain:
                    spot.x = x

    def layout(self) -> Layout:
        left = min((spot.x - spot.width / 2 for row in self.rows for spot in row), default=0.0)
        for spot in (spot for row in self.rows for spot in row):
            spot.x -= left
        tops = self.tops()
        place = {id(spot): _place(spot, tops) for row in self.rows for spot in row}
        ports = self.ports()
        paths = [self.path(n, tops, place, ports) for n in range(len(self.chains))]
        right = max((spot.x + spot.width / 2 for row in self.rows for spot in row), default=0.0)
        return Layout({name: place[id(spot)] for name, spot in self.spots.items()}, tuple(paths), right, tops[-1] - GAP)

    def tops(self) -> list[float]:
        """Return where each row begins, and where the last gap ends."""
        tops = [0.0]
        for row in self.rows:
            tops.append(tops[-1] + max((spot.height for spot in row), default=0.0) + GAP)
        return tops

    def path(
        self, number: int, tops: Sequence[float], place: Mapping[int, Place], ports: Mapping[tuple[int, bool], float]
    ) -> Path:
        chain = self.chains[number]
        xs = [ports[number, True], *(spot.x for spot in chain[1:-1]), ports[number, False]]
        bends: list[Bend] = []
        for at, (one, next_) in enumerate(pairwise(chain)):
            bottom = tops[one.row + 1] - GAP
            begin = tops[one.row] + (one.height if at == 0 else 0.0)
            bends += [Bend((xs[at], begin), (xs[at], bottom))] if bottom > begin else []
            bends.append(Bend((xs[at], bottom), (xs[at + 1], tops[next_.row])))
        return Path(tuple(bends), place[id(chain[1])], self.up[number])

    def ports(self) -> dict[tuple[int, bool], float]:
        """Return where each way leaves its upper box (True) and meets its lower one (False)."""
        found: dict[tuple[int, bool], float] = {}
        for leaving in (True, False):
            meeting: dict[int, list[tuple[float, int]]] = defaultdict(list)
            for number, chain in enumerate(self.chains):
                end, beside = (chain[0], chain[1]) if leaving else (chain[-1], chain[-2])
                meeting[id(end)].append((beside.x, number))
            for box in self.spots.values():
                ways = sorted(meeting[id(box)])
                spread = _ports([x for x, _ in ways], box)
                found |= {(way, leaving): x for (_, way), x in zip(ways, spread, strict=True)}
        return found


def _returning(boxes: Sequence[str], links: Sequence[Link]) -> set[Link]:
    """Return the links that lead back to where one comes from; a picture draws them upwards."""
    onward: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        onward[link.origin].append(link)
    returning: set[Link] = set()
    done: set[str] = set()
    for root in boxes:
        if root in done:
            continue
        on_the_way, stack = {root}, [(root, iter(onward[root]))]
        while stack:
            at, rest = stack[-1]
            for link in rest:
                if link.to in on_the_way:
                    returning.add(link)
                elif link.to not in done:
                    on_the_way.add(link.to)
                    stack.append((link.to, iter(onward[link.to])))
                    break
            else:
                stack.pop()
                on_the_way.discard(at)
                done.add(at)
    return returning


def _depths(boxes: Iterable[str], down: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the row of each box: one below the lowest that leads to it."""
    depth = dict.fromkeys(boxes, 0)
    before, below = dict.fromkeys(depth, 0), defaultdict(list)
    for upper, lower in down:
        before[lower] += 1
        below[upper].append(lower)
    ready = [box for box, count in before.items() if not count]
    while ready:
        at = ready.pop()
        for lower in below[at]:
            depth[lower] = max(depth[lower], depth[at] + 1)
            before[lower] -= 1
            if not before[lower]:
                ready.append(lower)
    return depth


def _mean(spot: _Spot, places: Mapping[int, int]) -> float:
    found = [places[id(one)] for one, _ in (*spot.above, *spot.below) if id(one) in places]
    return sum(found) / len(found) if found else 0.0


def _crossed(upper: Sequence[_Spot], lower: Sequence[_Spot]) -> int:
    place = {id(spot): n for n, spot in enumerate(lower)}
    ends = [place[id(one)] for spot in upper for one in sorted((b for b, _ in spot.below), key=lambda b: place[id(b)])]
    return sum(first > second for at, first in enumerate(ends) for second in ends[at + 1 :])


def _settle(row: Sequence[_Spot]) -> float:
    """Move each in a row to the middle of its neighbours above and below, in order and apart; return how far."""
    wishes = [_wish(spot) for spot in row]
    wanted, weights = [wish for wish, _ in wishes], [weight for _, weight in wishes]
    places = _spread(wanted, weights, lambda n: _distance(row[n - 1], row[n]))
    moved = max(abs(spot.x - x) for spot, x in zip(row, places, strict=True))
    for spot, x in zip(row, places, strict=True):
        spot.x = x
    return moved


def _wish(spot: _Spot) -> tuple[float, float]:
    """Return where a place wants to be, and how much."""
    near = (*spot.above, *spot.below)
    if spot.pinned or not near:
        return (0.0, _PINNED) if spot.pinned else (spot.x, 0.01)
    total = sum(weight for _, weight in near)
    return sum(one.x * weight for one, weight in near) / total, total


def _room(row: Sequence[_Spot], at: int) -> tuple[float, float]:
    """Return how far a place may move to either side."""
    low = row[at - 1].x + _distance(row[at - 1], row[at]) if at else float("-inf")
    high = row[at + 1].x - _distance(row[at], row[at + 1]) if at + 1 < len(row) else float("inf")
    return low, high


def _distance(one: _Spot, other: _Spot) -> float:
    return (one.width + other.width) / 2 + APART


def _spread(wanted: Sequence[float], weights: Sequence[float], apart: Callable[[int], float]) -> list[float]:
    """Return the places nearest to those wanted (least squares) that keep their order and their distance.

    `apart(n)` is the least distance from place n - 1 to place n. Neighbours that push each other move as one block:
    the pool-adjacent-violators algorithm.
    """
    offsets = [0.0]
    for n in range(1, len(wanted)):
        offsets.append(offsets[-1] + apart(n))
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=False):
        mean, total, size = want - offset, weight, 1
        while blocks and blocks[-1][0] >= mean:
            other, more, count = blocks.pop()
            mean, total, size = (mean * total + other * more) / (total + more), total + more, size + count
        blocks.append((mean, total, size))
    moved = [mean for mean, _, size in blocks for _ in range(size)]
    return [mean + offset for mean, offset in zip(moved, offsets, strict=False)]


def _ports(wanted: Sequence[float], box: _Spot) -> list[float]:
    """Return where ways meet the edge of a box: each as near to where it comes from as the edge allows."""
    room = max(box.width / 2 - PORT, 0.0)
    apart = min(PORT, 2 * room / max(len(wanted) - 1, 1))
    spread = _spread(wanted, [1.0] * len(wanted), lambda _: apart)
    left, right = box.x - room, box.x + room - apart * max(len(wanted) - 1, 0)
    return [min(max(x - n * apart, left), right) + n * apart for n, x in enumerate(spread)]


def _place(spot: _Spot, tops: Sequence[float]) -> Place:
    return Place(spot.x, tops[spot.row], spot.width, spot.height)
