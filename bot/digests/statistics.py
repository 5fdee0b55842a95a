"""How answers become figures: shares, ranges, changes. Each function names the source of its formula.

statsmodels is imported where it is used: a program that writes no digest does not pay for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from flows.ballots import BEFORE, BEST, LAST, SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy import float64, int64
    from numpy.typing import NDArray

    from storage.ballots import Tally

ZERO = Fraction(0)
GLAD, SORRY = 9, 6
"""Of 0 to 10: from the first on somebody recommends it, up to the second they do not."""


@dataclass(frozen=True, slots=True)
class Range:
    """Two bounds, both inside, as shares from 0 to 1 (a difference: from -1 to 1)."""

    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether nothing may have changed."""
        return self.low <= 0.0 <= self.high


def wilson(part: float, base: float, level: float = 0.95) -> Range:
    """Return the score interval of a share `part` of `base` (Wilson 1927); with weights, `base` is Kish's n_eff."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415 - a second of import

    low, high = proportion_confint(part, base, alpha=1 - level, method="wilson")
    return Range(max(0.0, float(low)), min(1.0, float(high)))


def newcombe(part: int, base: int, part_before: int, base_before: int, level: float = 0.95) -> Range:
    """Return the hybrid score interval of the share now minus the share before (Newcombe 1998, method 10)."""
    from statsmodels.stats.proportion import confint_proportions_2indep  # noqa: PLC0415 - a second of import

    low, high = confint_proportions_2indep(
        part, base, part_before, base_before, method="newcomb", compare="diff", alpha=1 - level
    )
    return Range(float(low), float(high))


def percent(part: int, base: int) -> int:
    """Return the share in whole percent, a half rounded up; 0 and 100 only where it is exactly none or all."""
    rounded = (200 * part + base) // (2 * base)
    return min(max(rounded, 1 if part else 0), 99 if part < base else 100)


def points(share: float) -> int:
    """Return a share or a difference of shares in whole percentage points, a half rounded away from zero."""
    whole = int(abs(share) * 100 + 0.5 + 1e-9)
    return -whole if share < 0 else whole


@dataclass(frozen=True, slots=True)
class Posneg:
    """How many people answered on the good side, in the middle, on the bad side, and did not know."""

    positive: int
    neutral: int
    negative: int
    unknown: int = 0

    @property
    def base(self) -> int:
        """The base of every percentage: without "do not know" and without skipped."""
        return self.positive + self.neutral + self.negative

    @property
    def net(self) -> float:
        """Share better minus share worse, from -1 to 1; 0 where nobody answered."""
        return (self.positive - self.negative) / self.base if self.base else 0.0

    def __add__(self, other: Posneg) -> Posneg:
        """Return both groups taken together."""
        return Posneg(
            self.positive + other.positive,
            self.neutral + other.neutral,
            self.negative + other.negative,
            self.unknown + other.unknown,
        )


def recommended(scores: Mapping[int, int]) -> tuple[float, Range]:
    """Return the share of 9 and 10 minus that of 0 to 6, by how many people (one or more) gave each score.

    Variance of the simple range: (P + D - (P - D)^2) / n (Rocks 2016).
    """
    base, promoters = sum(scores.values()), sum(count for score, count in scores.items() if score >= GLAD)
    detractors = sum(count for score, count in scores.items() if score <= SORRY)
    good, bad = promoters / base, detractors / base
    spread = 1.959963984540054 * ((good + bad - (good - bad) ** 2) / base) ** 0.5
    return good - bad, Range(good - bad - spread, good - bad + spread)


def borda(options: Sequence[str], tally: Tally) -> dict[str, Fraction]:
    """Return each option's points from 0 to 100: first place m-1, last 0; options left out share the points left.

    `tally` counts orders as `flows.ballots` words them. Empty where nobody gave one, or there is nothing to order.
    """
    people, most = _orders(tally), len(options) - 1
    if not people or not most:
        return {}
    sums = {option: sum((_placed(option, length, count, tally, most) for length, count in people.items()), ZERO)
            for option in options}  # fmt: skip
    return {option: 100 * points / (most * people.total()) for option, points in sums.items()}


def _orders(tally: Tally) -> Counter[int]:
    """Return how many people put how many options in order: each of them put one first."""
    people: Counter[int] = Counter()
    for (_, said), count in tally.items():
        if said.startswith("1/"):
            people[int(said[2:])] += count
    return people


def _placed(option: str, length: int, people: int, tally: Tally, most: int) -> Fraction:
    """Return the points of an option by all orders of one length."""
    at = [tally[option, f"{place}/{length}"] for place in range(1, length + 1)]
    given = sum(count * (most - place) for place, count in enumerate(at))
    return given + (people - sum(at)) * Fraction(most - length, 2)


def first(option: str, tally: Tally) -> int:
    """Return how many people put an option first."""
    return sum(count for (one, said), count in tally.items() if one == option and said.startswith("1/"))


def beats_each(options: Sequence[str], tally: Tally, by: int) -> str:
    """Return the option that at least `by` people more prefer to each other one than the other way round, or none.

    What stands in an order is preferred to what was left out (Condorcet's winner).
    """
    for one in options:
        if all(_prefer(one, other, tally) - _prefer(other, one, tally) >= by for other in options if other != one):
            return one
    return ""


def _prefer(one: str, other: str, tally: Tally) -> int:
    placed = sum(count for (option, said), count in tally.items() if option == one and "/" in said)
    return placed - tally[other, f"{BEFORE}{one}"]


def best_worst(options: Sequence[str], tally: Tally) -> dict[str, Fraction]:
    """Return (times best - times last) / times shown, from -1 to 1 (best-worst scaling, case 1), where shown at all."""
    times = {option: shown(option, tally) for option in options}
    return {one: Fraction(tally[one, BEST] - tally[one, LAST], count) for one, count in times.items() if count}


def shown(option: str, tally: Tally) -> int:
    """Return on how many answered cards an option stood."""
    return tally[option, BEST] + tally[option, LAST] + tally[option, SHOWN]


def allocation(option: str, tally: Tally) -> dict[int, int]:
    """Return how many people gave an option how many points."""
    return {int(said): count for (one, said), count in tally.items() if one == option and said.isdecimal()}


def mean(counts: Mapping[int, int]) -> Fraction:
    """Return the mean of so many people by value; 0 of nobody."""
    return Fraction(sum(value * people for value, people in counts.items()), sum(counts.values()) or 1)


def kish(people: Iterable[tuple[float, int]]) -> float:
    """Return how many people so many with each weight speak for, (sum w)^2 / sum w^2 (Kish 1965); 0 for nobody."""
    weighted = [(weight, count) for weight, count in people if count]
    squares = sum(weight**2 * count for weight, count in weighted)
    return sum(weight * count for weight, count in weighted) ** 2 / squares if weighted else 0.0


# --------------------------------------------------------------------------- by drawing again

DRAWS = 2000
"""So often people are drawn anew."""


def seed(round_: str, week: str) -> int:
    """Return where chance begins for a round and a week: the same for ever, so that a digest can be made again."""
    return int.from_bytes(sha256(f"{round_}/{week}".encode()).digest()[:4])


def bootstrap(
    people: Sequence[int], figure: Callable[[NDArray[int64]], NDArray[float64]], seed: int, level: float = 0.95
) -> Range:
    """Return the percentile bootstrap range of a figure of people counted by kind (Efron 1979).

    `figure` takes one row of counts by kind for each draw and returns one number for each. To draw people with
    replacement is to draw their counts from a multinomial. The generator is numpy's old one, whose stream is promised
    never to change (NEP 19): the same seed gives the same range with every version.
    """
    import numpy as np  # noqa: PLC0415 - a program that writes no digest does not pay for it

    base = sum(people)
    drawn = np.random.RandomState(seed).multinomial(base, [count / base for count in people], DRAWS)
    tail = 50 * (1 - level)
    low, high = np.percentile(figure(drawn), [tail, 100 - tail])
    return Range(float(low), float(high))


def net_range(group: Posneg, seed: int) -> Range:
    """Return the range of share better minus share worse, by drawing people again."""
    kinds = (group.positive, group.neutral, group.negative)
    return bootstrap(kinds, lambda drawn: (drawn[:, 0] - drawn[:, 2]) / group.base, seed)


# --------------------------------------------------------------------------- weights

RAKED_FROM, CELL_FROM = 100, 5
"""People, and people in each cell of those who answered, below which nobody is weighted."""


class Unraked(StrEnum):
    """Why nobody is weighted."""

    PEOPLE = "people"
    """Too few answered."""
    CELL = "cell"
    """Too few answered of a group, or of a group within a group."""
    RESIDENTS = "residents"
    """Nobody knows how large a group is."""
    CUT = "cut"
    """The margins are not met within the cut: some would count for too many."""
    TELLING = "telling"
    """No weighted share can stand beside those as given without telling what few said."""


LEAST, MOST = 0.2, 5.0
"""Weights are cut to these: nobody counts for nothing, nobody for many."""
ROUNDS, CLOSE = 200, 1e-9
"""How often weights are adjusted at most, and how near each margin has to come to what it should be."""

Cell: TypeAlias = "tuple[str, ...]"


def rake(
    people: Mapping[Cell, int], margins: Sequence[Mapping[str, float]], group_from: int = CELL_FROM
) -> dict[Cell, float] | Unraked:
    """Return a weight for each cell so that every margin is met (iterative proportional fitting, Deming, Stephan 1940).

    `people` counts who answered by one group of each variable; `margins` hold the parts of the residents by group, one
    for each variable, from 0 to 1. Weights have a mean of 1. Nothing is weighted, and the reason returned, under 100
    people, with a cell under 5 or a group under `group_from`, with a group nobody knows the part of, and where it does
    not settle within the cut.
    """
    base = sum(people.values())
    if base < RAKED_FROM:
        return Unraked.PEOPLE
    if not all(margin.get(cell[place]) for cell in people for place, margin in enumerate(margins)):
        return Unraked.RESIDENTS
    groups = [_sums(dict.fromkeys(people, 1.0), people, place) for place in range(len(margins))]
    few = any(sums.get(group, 0) < group_from for sums, margin in zip(groups, margins, strict=True) for group in margin)
    if few or min(people.values()) < CELL_FROM:
        return Unraked.CELL
    weights = dict.fromkeys(people, 1.0)
    for _ in range(ROUNDS):
        for place, margin in enumerate(margins):
            _fit(weights, people, place, margin, base)
        weights = {cell: min(max(weight, LEAST), MOST) for cell, weight in weights.items()}
        if all(_met(weights, people, place, margin, base) for place, margin in enumerate(margins)):
            return weights
    return Unraked.CUT


def _fit(
    weights: dict[Cell, float], people: Mapping[Cell, int], place: int, margin: Mapping[str, float], base: int
) -> None:
    sums = _sums(weights, people, place)
    for cell in weights:
        weights[cell] *= margin[cell[place]] * base / sums[cell[place]]


def _met(
    weights: Mapping[Cell, float], people: Mapping[Cell, int], place: int, margin: Mapping[str, float], base: int
) -> bool:
    sums = _sums(weights, people, place)
    return all(abs(sums.get(group, 0.0) / base - part) < CLOSE for group, part in margin.items())


def _sums(weights: Mapping[Cell, float], people: Mapping[Cell, int], place: int) -> dict[str, float]:
    sums: dict[str, float] = {}
    for cell, weight in weights.items():
        sums[cell[place]] = sums.get(cell[place], 0.0) + weight * people[cell]
    return sums
