"""Hours in which far more people answer than a service is used to: found by when they came, not by what they said.

What is usual is what came in the same hours of the weeks before. A run of hours stands out where so many by chance are
less likely than one in a million (the upper tail of a Poisson count) and where twice as many came as in the busiest run
of hours of those weeks: people do not come by chance alone. Of the runs that stand out the one is taken that is least
like the usual, as in Kulldorff's scan statistic (1997), then the next that shares no hour with it.
"""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

RUNS: Final = (1, 3, 6)
"""So many hours on end are looked at."""
CHANCE: Final = 1e-6
"""Less likely than this by chance: of some 500 runs in a week, one in forty years."""
FLOOR: Final = 1.0
"""People an hour who are usual at the least: of a few weeks nobody knows that an hour is always empty."""
TIMES: Final = 2
"""So many times as many as in the busiest run of the weeks before."""
WEEKS: Final = 3
"""Weeks with answers that have to lie before: with fewer, nobody knows what is usual."""


class Burst(NamedTuple):
    """People who came in a few hours on end, counted from the beginning of the week."""

    hour: int
    hours: int
    who: frozenset[Hashable]


class _Run(NamedTuple):
    likeness: float
    hours: int
    hour: int


def bursts(came: Mapping[Hashable, int], before: Sequence[Sequence[int]], minimum: int) -> list[Burst]:
    """Return the bursts of a week of at least `minimum` people, the most unlike the usual first.

    `came`: in which hour of the week each person did. `before`: the hours of all who came in each of the weeks before.
    """
    weeks = [Counter(hours) for hours in before if hours]
    if len(weeks) < WEEKS:
        return []
    now = Counter(came.values())
    runs = sorted(run for hours in RUNS for run in _standing_out(now, weeks, hours, minimum))
    taken: set[int] = set()
    found: list[Burst] = []
    for run in runs:
        span = range(run.hour, run.hour + run.hours)
        if taken.isdisjoint(span):
            taken.update(span)
            found.append(Burst(run.hour, run.hours, frozenset(one for one, hour in came.items() if hour in span)))
    return found


def _standing_out(now: Counter[int], weeks: Sequence[Counter[int]], hours: int, minimum: int) -> Iterator[_Run]:
    """Give the runs of so many hours that hold many more people than usual; each begins and ends with somebody."""
    busiest = max(_in_run(week, first, hours) for week in weeks for first in _begins(week, hours))
    for first in _begins(now, hours):
        people = _in_run(now, first, hours)
        if people < max(minimum, TIMES * busiest):
            continue
        usual = max(sum(_in_run(week, first, hours) for week in weeks) / len(weeks), FLOOR * hours)
        if people > usual and _by_chance(people, usual) < CHANCE:
            yield _Run(people - usual - people * log(people / usual), hours, first)


def _begins(week: Iterable[int], hours: int) -> list[int]:
    return sorted({max(hour - back, 0) for hour in week for back in range(hours)})


def _in_run(week: Counter[int], first: int, hours: int) -> int:
    return sum(week[hour] for hour in range(first, first + hours))


def _by_chance(people: int, usual: float) -> float:
    """Return how likely so many people or more are where `usual` come on average."""
    from scipy.special import pdtrc  # noqa: PLC0415 - slow to load: only the process that writes a digest needs it

    return float(pdtrc(people - 1, usual))
