"""What may be shown of a small group: every rule in one place, used by digest, pages and exports.

A *cell* is a number of people who share something (an answer, a channel). A *base* is how many took part at all: it
says nothing about anyone, so it may be named exactly, but the base of a stage or week under the minimum is not.

1. A cell of 1 to minimum-1 people is hidden.
2. Where one cell of a row is hidden, the next smallest is hidden too, so that subtraction does not find it.
3. A running figure is repeated with its old date until it grew by nothing or by at least the minimum.
4. In a base under 30, shares under 10 % and over 90 % are only said to be so: they tell about nearly everybody in it.
5. No percentage under a base of 10; "indication only" under 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.digests import statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

MINIMUM = 5
"""People per cell inside the administration; 10 in public."""
PERCENT_FROM = 10
INDICATION_BELOW = 30


class Strength(StrEnum):
    """How much a share may say."""

    HIDDEN = "hidden"
    """Nothing: too few people, or a hidden cell."""
    COUNT = "count"
    """Only how many answered: too few for a percentage."""
    INDICATION = "indication"
    """A percentage, marked as an indication only."""
    FIRM = "firm"


@dataclass(frozen=True, slots=True)
class Share:
    """A share as far as it may be shown. Nothing that is hidden is in here: what is stored is what may be seen."""

    strength: Strength
    base: int | None = None
    """People who answered, without "do not know"; None where fewer than the minimum."""
    part: int | None = None
    """People in the share; None where hidden."""
    band: str = ""
    """`under` 10 % or `over` 90 % instead of a number, or empty."""
    low: float | None = None
    high: float | None = None
    """Wilson 95 % range, from 0 to 1: chance only."""

    @property
    def exact(self) -> bool:
        """Whether there is a percentage to show."""
        return self.part is not None

    @property
    def percent(self) -> int | None:
        """The share in whole percent, where it may be shown."""
        return statistics.percent(self.part, self.base) if self.part is not None and self.base else None


NOTHING = Share(Strength.HIDDEN)


def cell(count: int, minimum: int) -> int | None:
    """Return a lone count as it may be shown: None where 1 to minimum-1 people."""
    return None if 0 < count < minimum else count


def row(counts: Sequence[int], minimum: int) -> tuple[int | None, ...]:
    """Return the cells of a row whose total is known: small ones hidden, and a second one wherever only one was."""
    hidden = {place for place, count in enumerate(counts) if cell(count, minimum) is None}
    if len(hidden) == 1:
        rest = [place for place in range(len(counts)) if place not in hidden]
        hidden |= {min(rest, key=lambda place: (counts[place], place))} if rest else set()
    return tuple(None if place in hidden else count for place, count in enumerate(counts))


def share(part: int | None, base: int, minimum: int) -> Share:
    """Return `part` of `base` people as it may be shown; `part` None where its cell is hidden in its row."""
    if base < minimum:
        return NOTHING
    if base < PERCENT_FROM:
        return Share(Strength.COUNT, base)
    if part is None or cell(part, minimum) is None:
        return Share(Strength.HIDDEN, base)
    strength = Strength.INDICATION if base < INDICATION_BELOW else Strength.FIRM
    band = _band(part, base)
    if band:
        return Share(strength, base, band=band)
    span = statistics.wilson(part, base)
    return Share(strength, base, part, "", round(span.low, 6), round(span.high, 6))


def _band(part: int, base: int) -> str:
    if base >= INDICATION_BELOW:
        return ""
    return "under" if 10 * part < base else "over" if 10 * part > 9 * base else ""


@dataclass(frozen=True, slots=True)
class Running:
    """A running count of a group as it may be shown: `count` as it stood at the end of `period` (ISO week)."""

    count: int | None
    period: str


def running(
    now: Sequence[int], period: str, before: Sequence[Running | None], minimum: int
) -> tuple[tuple[Running, ...], int]:
    """Return the running counts of a row of groups, and how many of them are held back at an older value.

    A count that grew (or shrank) by 1 to minimum-1 people since it was last shown keeps its old value and date; and
    where only one does, the one that changed least keeps its own too, because the total of the row is known.
    """
    changes = [count - (old.count or 0) if old else count for count, old in zip(now, before, strict=True)]
    kept = row([abs(change) for change in changes], minimum)
    held = [change is None for change in kept]
    shown = (
        (old or Running(None, period)) if waits else Running(count, period)
        for count, old, waits in zip(now, before, held, strict=True)
    )
    return tuple(shown), sum(held)


def steady(now: Share, before: Share | None, minimum: int) -> Share:
    """Return a past week's share as it was shown before, unless it has changed by at least the minimum since."""
    if before is None or before == now:
        return now
    moved = max(abs((now.base or 0) - (before.base or 0)), abs((now.part or 0) - (before.part or 0)))
    return now if moved >= minimum and before.strength is not Strength.HIDDEN else before


def steps(count: int, minimum: int) -> int:
    """Return how many of `count` answers of a week still running may be shown: steps of the minimum, one step behind.

    Any two looks at the running week differ by a multiple of the minimum, and the whole week differs from each look
    by at least the minimum: looking often does not single anybody out.
    """
    return max(count // minimum - 1, 0) * minimum
