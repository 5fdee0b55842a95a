"""Digest figures once more, with plain loops and school formulas: an independent second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from bot.digests.weeks import Week
    from tests.bot.digests.material import One

Z = 1.959963984540054


def wilson(part: int, base: int) -> tuple[float, float]:
    """Return Wilson's score interval from its textbook form."""
    p, z2 = part / base, Z * Z
    middle = (p + z2 / (2 * base)) / (1 + z2 / base)
    half = Z / (1 + z2 / base) * sqrt(p * (1 - p) / base + z2 / (4 * base * base))
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(part: int, base: int, part_before: int, base_before: int) -> tuple[float, float]:
    """Return Newcombe's hybrid score interval (method 10) from its textbook form."""
    p, q = part / base, part_before / base_before
    (l1, u1), (l2, u2) = wilson(part, base), wilson(part_before, base_before)
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


def hidden(cells: Sequence[int], minimum: int) -> list[bool]:
    """Say for each cell of a row whether it must not be shown."""
    out = [0 < cell < minimum for cell in cells]
    if out.count(True) == 1 and len(cells) > 1:
        smallest = None
        for place, cell in enumerate(cells):
            if not out[place] and (smallest is None or cell < cells[smallest]):
                smallest = place
        assert smallest is not None
        out[smallest] = True
    return out


def told(part: int, base: int, minimum: int, *, part_hidden: bool) -> tuple[object, ...]:
    """Return (base, part, band) as a share may be told."""
    if base < minimum:
        return None, None, ""
    if base < 10 or part_hidden or 0 < part < minimum:
        return base, None, ""
    if base < 30 and part / base < 0.1:
        return base, None, "under"
    if base < 30 and part * 10 > base * 9:
        return base, None, "over"
    return base, part, ""


def headline(people: Sequence[One], week: Week, minimum: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return the positive and the negative share of a week as they may be told."""
    found = tally(people, week.monday, week.sunday)
    out = hidden([found.good, found.middle, found.bad], minimum)
    good = told(found.good, found.base, minimum, part_hidden=out[0])
    return good, told(found.bad, found.base, minimum, part_hidden=out[2])
