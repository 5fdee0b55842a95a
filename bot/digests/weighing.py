"""Shares in which each group of people counts as large as it is among residents, where that may be done. Pure.

They stand beside the shares of answers as given, which remain what a round says. By age and area, nothing else: what is
told of health or belief weighs nobody. Weights follow `bot.digests.statistics.rake`, with its conditions; besides, each
group has to be one that is told of. What is told comes in steps that the minimum of people cannot exceed, with the
weight of those who count for most (`bot.digests.disclosure`, 10).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.digests import disclosure, statistics
from bot.digests.statistics import RAKED_FROM, Cell, Unraked, kish

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from storage.findings import Celled

Weights = Mapping[Cell, float]


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
    found = {option: _sum([one for one in based if option in _chosen(one)], weights) for option in options}
    return {option: _told(part, base, step, effective) for option, part in found.items()}


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
