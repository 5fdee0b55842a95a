"""How answers become figures: shares, ranges, changes. Each function names the source of its formula.

statsmodels is imported where it is used: a program that writes no digest does not pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Range:
    """Two bounds, both inside, as shares from 0 to 1 (a difference: from -1 to 1)."""

    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether nothing may have changed."""
        return self.low <= 0.0 <= self.high


def wilson(part: int, base: float, level: float = 0.95) -> Range:
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


def nps(promoters: int, passive: int, detractors: int) -> tuple[float, Range]:
    """Return promoters' minus detractors' share; variance of the simple range (P + D - (P - D)^2) / n (Rocks 2016)."""
    base = promoters + passive + detractors
    good, bad = promoters / base, detractors / base
    spread = 1.959963984540054 * ((good + bad - (good - bad) ** 2) / base) ** 0.5
    return good - bad, Range(good - bad - spread, good - bad + spread)


def borda(options: Sequence[str], ballots: Iterable[Sequence[str]]) -> dict[str, float]:
    """Return each option's points from 0 to 100: first place m-1, last 0; options left out share the points left."""
    totals, count, most = dict.fromkeys(options, 0.0), 0, len(options) - 1
    for ballot in ballots:
        count += 1
        left = [option for option in options if option not in ballot]
        rest = sum(range(len(left))) / len(left) if left else 0.0
        for option in options:
            totals[option] += most - ballot.index(option) if option in ballot else rest
    return {option: 100 * total / (most * count) for option, total in totals.items()} if count else {}


def best_worst(best: Mapping[str, int], worst: Mapping[str, int], shown: Mapping[str, int]) -> dict[str, float]:
    """Return (times best - times worst) / times shown for each option, from -1 to 1 (best-worst scaling, case 1)."""
    return {option: (best.get(option, 0) - worst.get(option, 0)) / times for option, times in shown.items() if times}


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one option got when people divided points: shares of all points, from 0 to 1."""

    mean: float
    median: float
    zero: float
    """Share of people who gave it nothing."""


def allocation(rows: Sequence[Sequence[float]]) -> tuple[Allotment, ...]:
    """Return what each option got; each row is one person's points, with a sum above 0."""
    shares = [[points / sum(row) for points in row] for row in rows]
    return tuple(
        Allotment(sum(column) / len(column), _median(column), column.count(0.0) / len(column))
        for column in (list(given) for given in zip(*shares, strict=True))
    )


def kish(weights: Sequence[float]) -> tuple[float, float]:
    """Return Kish's effective number of people, (sum w)^2 / sum w^2, and the design effect n / n_eff (Kish 1965)."""
    effective = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    return effective, len(weights) / effective


def _median(values: Sequence[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
