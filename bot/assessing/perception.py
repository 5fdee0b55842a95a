"""What a manager expected against what citizens said: the gap, practice against experience, calibration. Pure.

To let those who serve predict the answers of those who are served is an old idea (Melkers and Thomas 1998). It is put
on one scale here: both are shares of the same answer to the same question.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.digests import disclosure, statistics
from bot.digests.disclosure import INDICATION_BELOW, PERCENT_FROM, Share, Strength
from bot.digests.statistics import Posneg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

IN_LINE_BELOW: Final = 10
"""Points: a smaller gap is no gap."""
CUT: Final = 60
"""From this score on practice, or experience, is high."""
NOBODY: Final = Posneg(0, 0, 0)


class Verdict(StrEnum):
    """How a prediction turned out."""

    IN_LINE = "in_line"
    OPTIMISTIC = "optimistic"
    PESSIMISTIC = "pessimistic"


class Field(StrEnum):
    """Practice against experience: a picture to talk about, no difference of two like numbers."""

    PROVEN = "proven"
    BLIND_SPOT = "blind_spot"
    """High practice, low experience, beyond chance."""
    UNSURE = "unsure"
    """High practice, low experience, and chance may explain it."""
    HIDDEN_STRENGTH = "hidden_strength"
    KNOWN_NEED = "known_need"


@dataclass(frozen=True, slots=True)
class Perceived:
    """A prediction minus the share that was observed, from -1 to 1, with the range of the share turned round."""

    gap: float
    low: float
    high: float
    indication: bool

    @property
    def verdict(self) -> Verdict:
        """In line where the range holds zero or the gap is under ten points."""
        if self.low <= 0 <= self.high or abs(self.gap) * 100 < IN_LINE_BELOW - 1e-9:
            return Verdict.IN_LINE
        return Verdict.OPTIMISTIC if self.gap > 0 else Verdict.PESSIMISTIC


def perceived(percent: int, observed: Share) -> Perceived | None:
    """Return the gap of a prediction in percent; None where the share may not be told exactly (a base under 10)."""
    if observed.part is None or not observed.base or observed.base < PERCENT_FROM:
        return None
    expected, share = percent / 100, observed.part / observed.base
    low, high = expected - (observed.high or 0.0), expected - (observed.low or 0.0)
    return Perceived(expected - share, low, high, observed.strength is Strength.INDICATION)


@dataclass(frozen=True, slots=True)
class Joined:
    """Weeks none of which may be told by itself, as they were told together: they stay so, whoever leaves later."""

    weeks: tuple[str, ...]
    part: int
    base: int


class Counted(NamedTuple):
    """A week as it is counted, with its share as a digest told it."""

    week: str
    group: Posneg
    told: Share | None = None


def observed(weeks: Iterable[Counted], minimum: int, joined: Iterable[Joined] = ()) -> tuple[Share, tuple[Joined, ...]]:
    """Return the share of several weeks, oldest first, as far as it may be told, and which of them are told together.

    A week that was told counts as it was told: else whoever leaves later would show in the sum. One that may not be
    told by itself waits for others of its kind until they may be told together; `joined` are those that were. So the
    sum is made of parts each of which stands alone or may: it tells of nobody whom the weekly figures hide.
    """
    parts = [*joined]
    known = {week for part in parts for week in part.weeks}
    told = [disclosure.share(part.part, part.base, minimum) for part in parts]
    waiting, span = NOBODY, list[str]()
    for week, group, before in (each for each in weeks if each.week not in known):
        alone = before or _share(group, minimum)
        if alone.exact:
            told.append(alone)
            continue
        waiting, span = waiting + group, [*span, week]
        together = _share(waiting, minimum)
        if together.part is not None and together.base:
            told.append(together)
            parts.append(Joined(tuple(span), together.part, together.base))
            waiting, span = NOBODY, []
    return disclosure.together(told, minimum), tuple(parts)


def _share(group: Posneg, minimum: int) -> Share:
    return disclosure.shares(group.positive, group.neutral, group.negative, minimum)[0]


def calibration(gaps: Sequence[Perceived]) -> float | None:
    """Return the mean size of the gaps: the single figure for how well a team knows its citizens; None of none."""
    return sum(abs(each.gap) for each in gaps) / len(gaps) if gaps else None


# --------------------------------------------------------------------------- practice and experience


@dataclass(frozen=True, slots=True)
class Experience:
    """What citizens say of the items of a stage, from 0 to 100, with its range by chance."""

    index: float
    low: float
    high: float
    indication: bool


def experience(items: Mapping[str, Mapping[int, int]], seed: str) -> Experience | None:
    """Return the mean over items of the mean over people; None where no item has ten people.

    `items`: by citizens' item how many people gave an answer worth so many of 100 points. The range of each item is a
    percentile bootstrap over people; that of the index is the mean of the ends. It is the widest there can be, since
    nobody knows here how answers of one person go together.
    """
    asked = {item: counts for item, counts in items.items() if sum(counts.values()) >= PERCENT_FROM}
    if not asked:
        return None
    means = [float(statistics.mean(counts)) for counts in asked.values()]
    lows, highs = zip(*(bootstrap(counts, f"{seed} {item}") for item, counts in sorted(asked.items())), strict=True)
    few = min(sum(counts.values()) for counts in asked.values()) < INDICATION_BELOW
    return Experience(sum(means) / len(means), sum(lows) / len(lows), sum(highs) / len(highs), few)


def bootstrap(counts: Mapping[int, int], seed: str) -> tuple[float, float]:
    """Return the 95 % range of a mean of so many people by value; the same seed gives the same range for ever."""
    values, people = sorted(counts), sum(counts.values())
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
    found = statistics.bootstrap([counts[value] for value in values], lambda drawn: drawn @ values / people, start)
    return found.low, found.high


def field_of(practice: Fraction | None, felt: Experience | None) -> Field | None:
    """Return the field of a stage; None where either is missing."""
    if practice is None or felt is None:
        return None
    if practice >= CUT and felt.index < CUT:
        return Field.BLIND_SPOT if felt.high < CUT else Field.UNSURE
    if practice >= CUT:
        return Field.PROVEN
    return Field.HIDDEN_STRENGTH if felt.index >= CUT else Field.KNOWN_NEED
