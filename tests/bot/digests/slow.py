"""Digest figures once more, with plain loops and school formulas: an independent second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from bot.digests.disclosure import Share
    from bot.digests.weeks import Week
    from tests.bot.digests.material import One

Z = 1.959963984540054


def wilson(part: int, base: int, z: float = Z) -> tuple[float, float]:
    """Return Wilson's score interval from its textbook form."""
    p, z2 = part / base, z * z
    middle = (p + z2 / (2 * base)) / (1 + z2 / base)
    half = z / (1 + z2 / base) * sqrt(p * (1 - p) / base + z2 / (4 * base * base))
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(part: int, base: int, part_before: int, base_before: int, z: float = Z) -> tuple[float, float]:
    """Return Newcombe's hybrid score interval (method 10) from its textbook form."""
    p, q = part / base, part_before / base_before
    (l1, u1), (l2, u2) = wilson(part, base, z), wilson(part_before, base_before, z)
    return p - q - sqrt((p - l1) ** 2 + (u2 - q) ** 2), p - q + sqrt((u1 - p) ** 2 + (q - l2) ** 2)


@dataclass
class Tally:
    """People of one span by side."""

    good: int = 0
    middle: int = 0
    bad: int = 0
    unknown: int = 0

    @property
    def base(self) -> int:
        return self.good + self.middle + self.bad


def tally(people: Iterable[One], first: date, last: date) -> Tally:
    """Count by side, one person after the other."""
    found = Tally()
    for one in people:
        if first <= one.on <= last:
            if one.choice in ("5", "4"):
                found.good += 1
            elif one.choice == "3":
                found.middle += 1
            elif one.choice in ("2", "1"):
                found.bad += 1
            else:
                found.unknown += 1
    return found


def told(part: int, base: int, minimum: int) -> tuple[object, ...]:
    """Return (base, part, band, edge) as a share may be told."""
    if base < minimum:
        return None, None, "", 0
    if base < 10:
        return base, None, "", 0
    rest = base - part
    few_in = 0 < part < minimum or (base < 30 and part / base < 0.1)
    few_out = 0 < rest < minimum or (base < 30 and rest / base < 0.1)
    if not few_in and not few_out:
        return base, part, "", 0
    tens = [ten for ten in range(50, 100, 10) if ten * base <= 100 * (base - minimum)]
    if not tens:
        return base, None, "", 0
    return (base, None, "under", 100 - max(tens)) if few_in else (base, None, "over", max(tens))


def headline(people: Sequence[One], week: Week, minimum: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return the positive and the negative share of a week as they may be told."""
    found = tally(people, week.monday, week.sunday)
    return pair((found.good, found.middle, found.bad), minimum)


def pair(sides: tuple[int, int, int], minimum: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return the positive and the negative share of people on the good side, in the middle, on the bad side."""
    base, rest = sum(sides), sides[1] + sides[2]
    good, bad = told(sides[0], base, minimum), told(sides[2], base, minimum)
    middle_is_small, both_are_small = 0 < sides[1] < minimum, rest < 2 * minimum
    if good[1] is not None and (middle_is_small if bad[1] is not None else both_are_small):
        return good, (base, None, "", 0)
    return good, bad


def is_real(part: int, base: int, part_before: int, base_before: int) -> bool:
    """Say whether the 95 % range of the difference leaves out zero."""
    low, high = newcombe(part, base, part_before, base_before)
    return low > 0 or high < 0


def known(share: Share, minimum: int) -> list[int]:
    """Return every number of people that a share which says something may stand for."""
    assert share.base is not None
    return [part for part in range(share.base + 1) if told(part, share.base, minimum) == seen(share)]


def seen(share: Share) -> tuple[object, ...]:
    """Return what a reader sees of a share."""
    return share.base, share.part, share.band, share.edge
