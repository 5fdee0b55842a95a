"""Shares in which each group of people counts as large as it is among residents, where that may be done. Pure.

They stand beside the shares of answers as given, which remain what a round says. By age and area, nothing else: what is
told of health or belief weighs nobody. Weights follow `bot.digests.statistics.rake`, with its conditions; besides, each
group has to be one that is told of. What is told comes in steps that the minimum of people cannot exceed, with the
weight of those who count for most, and not at all where it would tell, beside the shares as given, what a group said
(`bot.digests.disclosure`, 10).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.digests import disclosure, statistics
from bot.digests.statistics import RAKED_FROM, Cell, Unraked, kish

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from storage.findings import Celled

Weights = Mapping[Cell, float]
MOST: Final = 200
"""So many groups times options are looked through for what they would tell."""
NEARLY: Final = 1e-6
"""By so much a number that is worked out may miss a whole one."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A share as weighted, in percent, and within which it may lie by chance (Wilson of Kish's people) and rounding."""

    percent: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """By what shares are weighted, or why none is; numbers of people in steps."""

    by: tuple[str, ...]
    """The variables."""
    why: Unraked | None = None
    people: int = 0
    """Who told of each variable which group is theirs: weighted shares are of them."""
    effective: int = 0
    """As many people without weights say as much (Kish)."""

    @property
    def effect(self) -> float:
        """The design effect, by what is told."""
        return round(self.people / self.effective, 1) if self.effective else 0.0


@dataclass(frozen=True, slots=True)
class Among:
    """Who answered, by one group of each variable, and what they said."""

    by: tuple[str, ...]
    items: Collection[str]
    """The items of the bank that ask for the variables: they are not weighted by themselves."""
    residents: Sequence[Mapping[str, float]]
    """How many live there by group, of each variable, in any unit."""
    people: Mapping[Cell, int]
    given: Sequence[Celled]

    @property
    def margins(self) -> list[dict[str, float]]:
        """The parts of the residents in the groups that people can say are theirs."""
        totals = [sum(groups.values()) for groups in self.residents]
        return [
            {group: count / total for group, count in groups.items() if count}
            for groups, total in zip(self.residents, totals, strict=True)
        ]


def weigh(among: Among, minimum: int) -> tuple[Weighing, Weights]:
    """Return what weights are made of, and the weight of each cell; none where they may not be."""
    weights = statistics.rake(among.people, among.margins, max(minimum, statistics.CELL_FROM))
    if isinstance(weights, Unraked):
        return Weighing(among.by, weights), {}
    effective = kish((weights[cell], count) for cell, count in among.people.items())
    people = sum(among.people.values())
    told = (disclosure.floored(number, minimum) for number in (people, int(effective)))
    return Weighing(among.by, None, *told), weights


def shares(
    options: Iterable[str], given: Sequence[Celled], weights: Weights, outside: Collection[str], minimum: int
) -> dict[str, Weighted]:
    """Return the weighted share of each option of one question; `outside` are those that are no part of the base."""
    based = [one for one in given if one.cell in weights and (one.choices or one.choice not in outside)]
    people, most = sum(one.people for one in based), max((weights[one.cell] for one in based), default=0.0)
    base = _sum(based, weights)
    step = disclosure.weighted_step(int(min(people, round(base, 9))), most, minimum) if people >= RAKED_FROM else 0
    effective = disclosure.floored(int(kish((weights[one.cell], one.people) for one in based)), minimum)
    if not step or not effective:
        return {}
    chose = {option: [one for one in based if option in _chosen(one)] for option in options}
    told = {option: _told(_sum(some, weights), base, step, effective) for option, some in chose.items()}
    cells = Counter[Cell]()
    for one in based:
        cells[one.cell] += one.people
    groups = tuple((count, weights[cell]) for cell, count in sorted(cells.items()))
    views = [
        View(_about(some, minimum), minimum / 2, *_between(told[option].percent, base, step))
        for option, some in chose.items()
    ]
    several = any(one.choices for one in based)
    rest = {choice for one in based for choice in _chosen(one)} - told.keys()
    seen = [(each,) for each in views] if several else [(*views, View(0, len(rest) * minimum, 0, base))]
    return told if all(leaves_open(groups, each, minimum, whole=not several) for each in seen) else {}


def _about(given: Iterable[Celled], minimum: int) -> int:
    """Return the middle of how many people there may be by what is told."""
    return disclosure.floored(sum(one.people for one in given), minimum) + minimum // 2


class View(NamedTuple):
    """What is told of an option: how many people chose it, how far off that may be, and within which weighted sum."""

    people: int
    off: float
    low: float
    high: float


def _between(percent: int, base: float, step: int) -> tuple[float, float]:
    """Return within which weighted sum a told share may stand: the last steps reach to nobody and to all."""
    low = 0.0 if percent <= step else percent - step / 2
    high = 100.0 if percent >= 100 - step else percent + step / 2
    return low * base / 100, high * base / 100


@lru_cache(maxsize=256)
def leaves_open(groups: tuple[tuple[int, float], ...], views: tuple[View, ...], minimum: int, *, whole: bool) -> bool:
    """Whether all that is told of a question leaves open what each group said, by the minimum of people or all of them.

    `groups`: how many people, and the weight of each, as readers may know them. How many of each group chose an option
    may be any numbers that give all that is told of these options; `whole`: everybody chose one of them. What is looked
    through are at most `MOST` numbers; of more nothing is told.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 - slow to load, and only closed rounds need it

    width, size = len(groups), len(groups) * len(views)
    if size > MOST:
        return False
    rows: list[list[float]] = []
    limits: list[float] = []
    for place, view in enumerate(views):
        sums = [([1.0] * width, view.people - view.off, view.people + view.off)]
        sums.append(([weight for _, weight in groups], view.low, view.high))
        for factors, low, high in sums:
            row = [0.0] * size
            row[place * width : (place + 1) * width] = factors
            rows += [row, [-each for each in row]]
            limits += [high, -low]
    each_once = [[float(at % width == place) for at in range(size)] for place in range(width)] if whole else None
    people = [count for count, _ in groups]
    bounds = [(0, count) for _ in views for count in people]
    least, most = [float(count) for _ in views for count in people], [0.0] * size
    for at in range(size - width if whole else size):
        wanted = min(minimum, people[at % width]) - NEARLY
        for way in (1, -1):
            if most[at] - least[at] >= wanted:  # what was found for others leaves this one open already
                break
            aim = [way * float(at == each) for each in range(size)]
            found = linprog(aim, rows, limits, A_eq=each_once, b_eq=people if whole else None, bounds=bounds)
            if not found.success:
                return False
            least, most = list(map(min, least, found.x)), list(map(max, most, found.x))
        if most[at] - least[at] < wanted:
            return False
    return True


def _sum(given: Iterable[Celled], weights: Weights) -> float:
    return sum(weights[one.cell] * one.people for one in given)


def _chosen(one: Celled) -> Collection[str]:
    chosen: list[str] = json.loads(one.choices) if one.choices else [one.choice or ""]
    return chosen


def _told(part: float, base: float, step: int, effective: int) -> Weighted:
    percent = disclosure.in_step(round(part / base, 9), 1, step)
    span = statistics.wilson(percent / 100 * effective, effective)
    low, high = max(span.low - step / 200, 0.0), min(span.high + step / 200, 1.0)
    return Weighted(percent, statistics.points(low), statistics.points(high))
