"""How a measure is taken and shown: contestants alternate in one run, the median counts, CPU stands beside wall.

A measure lives in a file `measure_*.py` beside this one and offers `rows(quick) -> list[Row]`; `quick` means a run
small enough for a test, whose figures prove only that the measure works.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Taken = TypeVar("Taken")

ROUNDS = 5
"""How often each contestant runs; they take turns, so that a busy moment of the machine meets them all."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one contestant: `count` units in `wall` seconds, for which its processes used `cpu` seconds."""

    count: float
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.count / self.wall

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for a unit."""
        return self.cpu / self.count * 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours to theirs as the target words it; None where nothing is compared."""

    what: str
    ours: str
    peer: str = ""
    theirs: str = ""
    ratio: float | None = None
    target: str = ""
    """In words, with the bound: "≥ 15×"."""
    met: bool | None = None
    cpu_us: float | None = None
    """CPU of one unit of ours, in microseconds."""
    note: str = ""


def timed(count: float, work: Callable[[], object]) -> Sample:
    """Run `work`, which does `count` units in this process."""
    began, used = time.perf_counter(), cpu()
    work()
    return Sample(count, time.perf_counter() - began, cpu() - used)


def cpu() -> float:
    """Return the CPU seconds this process and the children it has waited for have used."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def alternate(contestants: Mapping[str, Callable[[], Taken]], rounds: int = ROUNDS) -> dict[str, list[Taken]]:
    """Let each contestant run `rounds` times, in turns. Returns their samples, the first of each belonging together."""
    taken: dict[str, list[Taken]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            taken[name].append(run())
    return taken


def rate(samples: Sequence[Sample]) -> float:
    """Return the median of units a second."""
    return median(sample.rate for sample in samples)


def cpu_us(samples: Sequence[Sample]) -> float:
    """Return the median of CPU microseconds for a unit."""
    return median(sample.cpu_us for sample in samples)


def faster(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """Return how many times as fast ours is: the median of the ratios within each round."""
    return median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))


def cheaper(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """Return our CPU for a unit as a part of theirs: the median of the ratios within each round."""
    return median(one.cpu_us / other.cpu_us for one, other in zip(ours, theirs, strict=True))
