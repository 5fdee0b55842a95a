"""Somebody who knows the rules and every number shown, and tries out all that could stand behind them."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

from tests.bot.digests import slow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.digests.disclosure import Share
    from bot.digests.model import Score

Sides = tuple[int, int, int]
"""People who said good, in the middle, bad."""


def everything(base: int) -> Iterator[Sides]:
    """Yield every way so many people can answer."""
    for good in range(base + 1):
        for middle in range(base - good + 1):
            yield good, middle, base - good - middle


def ways(people: int, kinds: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to divide so many people over so many kinds of answers."""
    if kinds == 1:
        yield (people,)
        return
    for first in range(people + 1):
        for rest in ways(people - first, kinds - 1):
            yield (first, *rest)


def cells(sides: Sides) -> dict[str, int]:
    """Return the groups nobody may learn the size of."""
    good, middle, bad = sides
    return {"positive": good, "not positive": middle + bad, "neutral": middle, "negative": bad}


def sizes(possible: Sequence[Sides]) -> dict[str, set[int]]:
    """Return, for each group, the sizes it can have."""
    found: dict[str, set[int]] = defaultdict(set)
    for sides in possible:
        for name, size in cells(sides).items():
            found[name].add(size)
    return found


def gives_away(possible: Sequence[Sides], minimum: int) -> list[str]:
    """Return the groups of 1 to minimum-1 people whose size follows from what is shown."""
    return [name for name, known in sizes(possible).items() if len(known) == 1 and 0 < min(known) < minimum]


def behind_week(good: Share, bad: Share, minimum: int) -> list[Sides]:
    """Return all that may stand behind the two shares of one week."""
    base = good.base or 0
    return [sides for sides in everything(base) if slow.pair(sides, minimum) == (slow.seen(good), slow.seen(bad))]


def behind(score: Score, minimum: int) -> tuple[list[set[int]], list[Sides]]:
    """Return what may stand behind a digest: positive people of each earlier week that says something, and this week.

    The sentence about the last four weeks is tried on every combination.
    """
    past = [point.share for point in score.weeks[-5:-1] if point.share.says]
    now = behind_week(score.positive, score.negative, minimum)
    options = [slow.known(share, minimum) for share in past]
    base = sum(share.base or 0 for share in past)
    weeks: list[set[int]] = [set() for _ in past]
    found: set[Sides] = set()
    fitting = {(p, t) for p in {s[0] for s in now} for t in range(base + 1) if _fits(score, p, t, base)}
    for parts in product(*options):
        right = [sides for sides in now if (sides[0], sum(parts)) in fitting]
        found.update(right)
        for week, part in zip(weeks, parts if right else (), strict=bool(right)):
            week.add(part)
    return weeks, sorted(found)


def _fits(score: Score, good: int, before: int, base: int) -> bool:
    """Whether so many people now and before would have given this sentence."""
    change, now = score.change, score.positive.base or 0
    if change is None or not base or not now:
        return True
    then = change.before
    if then.part not in (None, before) or then.base != base:
        return False
    share = 100 * before / base
    if (then.band == "over" and share <= then.edge) or (then.band == "under" and share >= then.edge):
        return False
    if change.points is not None and abs(change.points - (100 * good / now - share)) > 0.5 + 1e-6:
        return False
    return change.real is None or change.real == slow.is_real(good, now, before, base)
