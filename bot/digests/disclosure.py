"""What may be shown of a small group: every rule in one place, used by digest, pages and exports.

A *cell* is a number of people who share something (an answer, a channel). A *base* is how many took part at all: it
says nothing about anyone, so it may be named exactly. How many answered in a week, and all in all, is named under the
minimum and in a running week, too: a manager sees with the first answer that it works. The base of a stage is not.

1. A cell of 1 to minimum-1 people is hidden. A share has two cells, the people in it and all others: "7 of 11" tells
   of four others. Where either is hidden, only a band is told ("over 50%"), the same for every number it hides.
2. Where one cell of a row is hidden, the next smallest is hidden too, so that subtraction does not find it. Of the
   good, middle and bad side of a scale it is always the bad one: the headline stays, and the choice tells nothing.
3. A running figure is the sum of what was told week by week. What is too few to tell in a week is not in it, so the
   figures of two weeks never give back those of a third. A figure of a past week is repeated as it was told first.
4. In a base under 30, none and all, shares under 10 % and over 90 % are bands too: they tell about nearly everybody.
5. No percentage under a base of 10; "indication only" under 30.
6. What is compared or summed up is what is shown, never what is hidden: nothing new follows from it.
7. Many counts that add up to each other (the arrows of a flow) are told in steps of the minimum, none below one step.
   In a week that is running the sides of a scale are told so too: answers come one by one. So does who takes part in a
   round by group: of the first whole steps of people only, one step behind. To how many an action goes, of how many who
   raised a thing, and how many answers lie behind a figure, come in steps as well. Where parts stand beside a whole
   that is told exactly, as on the page of a round, they go down to a whole step: none is told as more than its whole.
8. Scores of options that people order, divide points over or call best and last, are sums over everybody, and add up to
   what is known. They are told from a base of 10 in steps: half the minimum of people, all of one mind, can move no
   score by more than a step. They are rounded together, so that what is told adds up too, and no score is told as
   nothing or all. Their range is the widest there can be for the score that is told (Wilson's): one from people drawn
   again follows from what they gave, and its ends, in whole steps too, tell of few. First places, zeros and medians
   stand beside them, so their steps are four times as wide, and they are told as soon as such a step is a quarter or
   less; a median only where half the minimum of people could not move it. What is told of a round that is open counts
   people in steps of the minimum, one step behind, as in a week that is running: whoever looks twice, or at the end,
   sees nobody or at least the minimum of people come.
9. Of several facts about the same people, a fact is told as far as at least the minimum of people share it and all
   facts told before it. Whom it is hidden from are at least that many too, of two or more kinds (rule 2).
10. Weighted shares stand only beside shares that are told, of groups that are all told, and come in steps: the minimum
   of people cannot move one by more, even those who count for most. They are told as soon as such a step is a quarter
   or less, and never as nothing or all. How many people they say as much as goes down to a whole step. All that is
   told of a question, with the share of all, leaves open by the minimum of people what each group said; else none of
   its weighted shares is told (`bot.digests.weighing.leaves_open`).
11. To whom a theme works may be among all who scored well, whose number stands beside them; to whom it is a problem
   among all others; and each of them is among all who answered. Where fewer than the minimum, or nobody, would be left
   of those, it is told only from how many on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from bot.digests import statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Value = TypeVar("Value", int, float)
Facts = tuple[str, ...]
"""What is known of a person or of one of their answers, the most important fact first."""
Told = tuple[str | None, ...]
"""The same as it may be shown: None where hidden."""

MINIMUM = 5
"""People per cell inside the administration; 10 in public."""
PERCENT_FROM = 10
INDICATION_BELOW = 30
HALF = 50
"""Percent: a band that does not leave out one half says nothing."""


STEPS = (1, 2, 5, 10, 20, 25, 50)
"""How wide a step of a score may be, in points of 100."""
QUARTER = 25
"""Points of 100: figures beside a score are told where their steps are no wider."""


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
    """`over` or `under` the edge instead of a number, or empty."""
    edge: int = 0
    """Where the band begins (`over`) or ends (`under`), in percent, a whole ten; 0 without a band."""
    low: float | None = None
    high: float | None = None
    """Wilson 95 % range, from 0 to 1: chance only."""

    @property
    def exact(self) -> bool:
        """Whether there is a percentage to show."""
        return self.part is not None

    @property
    def says(self) -> bool:
        """Whether there is a percentage, or at least a band, to show."""
        return self.exact or bool(self.band)

    @property
    def percent(self) -> int | None:
        """The share in whole percent, where it may be shown."""
        return statistics.percent(self.part, self.base) if self.part is not None and self.base else None


NOTHING = Share(Strength.HIDDEN)


def cell(count: int, minimum: int) -> int | None:
    """Return a lone count as it may be shown: None where 1 to minimum-1 people."""
    return None if 0 < count < minimum else count


def row(counts: Sequence[int], minimum: int) -> tuple[int | None, ...]:
    """Return the cells of a row whose total is known: all are shown, or those below the minimum are hidden, zeros too.

    Where that is one, the next smallest goes with it. Where the sum of what is hidden still tells a number, all go.
    """
    everything = range(len(counts))
    if all(cell(count, minimum) is not None for count in counts):
        return tuple(counts)
    hidden = {place for place in everything if counts[place] < minimum}
    rest = [place for place in everything if place not in hidden]
    if len(hidden) == 1 and rest:
        (small,), second = hidden, _smallest(counts, rest)
        hidden = {small, second} if _has_a_twin(counts, small, second, minimum) else {*everything}
    elif sum(counts[place] for place in hidden) == len(hidden) * (minimum - 1):
        hidden = {*everything}
    if sum(counts) <= len(counts) * (minimum - 1):  # few enough for all of them to be small
        hidden = {*everything}
    return tuple(None if place in hidden else count for place, count in enumerate(counts))


def _smallest(counts: Sequence[int], places: Sequence[int]) -> int:
    return min(places, key=lambda place: (counts[place], place))


def _has_a_twin(counts: Sequence[int], small: int, second: int, minimum: int) -> bool:
    """Whether one person more in one of two cells and one fewer in the other would have the same two hidden."""
    rest = [place for place in range(len(counts)) if place != small]
    for step in (1, -1):
        twin = list(counts)
        twin[small] += step
        twin[second] -= step
        if 0 < twin[small] < minimum <= twin[second] and _smallest(twin, rest) == second:
            return True
    return False


def share(part: int, base: int, minimum: int) -> Share:
    """Return `part` of `base` people as it may be shown alone."""
    if base < minimum:
        return NOTHING
    if base < PERCENT_FROM:
        return Share(Strength.COUNT, base)
    band = _band(part, base, minimum)
    if band:
        return _banded(band, base, base - few(base, minimum))
    span = statistics.wilson(part, base)
    return Share(_strength(base), base, part, low=round(span.low, 6), high=round(span.high, 6))


def numbered(part: int, base: int, others: Iterable[int], minimum: int) -> Share:
    """Return the share of `part` people among `base`, whose number stands beside it unless it is below the minimum.

    Nothing where the base and that number tell of a few others. Nor where any of `others` is a few: those left over
    where what else is told of the week is taken from the base, or the base from it.
    """
    told = share(part, base, minimum)
    beside = told.exact or part < minimum
    return told if beside and all(cell(each, minimum) is not None for each in others) else NOTHING


def inside(count: int, wholes: Iterable[int], minimum: int) -> tuple[int, bool]:
    """Return what is told of people who are all in each of some groups of a known size, and whether as "at least".

    As that where fewer than the minimum of a group, or nobody, are left out: what is told is the same for all of these.
    """
    close = [whole for whole in wholes if 0 <= whole - count < minimum]
    return (max(min(close) - minimum + 1, minimum), True) if close else (count, False)


def few(base: int, minimum: int) -> int:
    """Return the most people who may stand on a side that is only told as a band."""
    return max(minimum - 1, (base - 1) // 10 if base < INDICATION_BELOW else 0)


def _band(part: int, base: int, minimum: int) -> str:
    if _is_few(part, base, minimum):
        return "under"
    return "over" if _is_few(base - part, base, minimum) else ""


def _is_few(side: int, base: int, minimum: int) -> bool:
    return cell(side, minimum) is None or (base < INDICATION_BELOW and 10 * side < base)


def _banded(band: str, base: int, surely: int) -> Share:
    """Return the band of a share whose larger side holds at least `surely` people; hidden where that is not half."""
    edge = 100 * (surely - 1) // base // 10 * 10
    if edge < HALF:
        return Share(Strength.HIDDEN, base)
    return Share(_strength(base), base, band=band, edge=edge if band == "over" else 100 - edge)


def _strength(base: int) -> Strength:
    return Strength.INDICATION if base < INDICATION_BELOW else Strength.FIRM


def shares(positive: int, neutral: int, negative: int, minimum: int) -> tuple[Share, Share]:
    """Return the positive and the negative share as they may be shown beside each other.

    With the positive share exact, the neutral and the negative people are a row with a known total. A total under
    twice the minimum always has a small cell, unless one is nobody: then the negative share hides whatever it is.
    """
    base = positive + neutral + negative
    good, bad = share(positive, base, minimum), share(negative, base, minimum)
    small = cell(neutral, minimum) is None if bad.exact else neutral + negative < 2 * minimum
    if good.exact and small:
        return good, Share(Strength.HIDDEN, base)
    return good, bad


def possible(share: Share, minimum: int) -> tuple[int, int]:
    """Return the fewest and the most people who may be in a share that says something, as anybody can work out."""
    if share.part is not None:
        return share.part, share.part
    base = share.base or 0
    least, most = int(base >= INDICATION_BELOW), few(base, minimum)
    return (base - most, base - least) if share.band == "over" else (least, most)


def together(parts: Sequence[Share], minimum: int) -> Share:
    """Return the share of several groups taken together, from what is shown of each; those that say nothing are out."""
    base, low, high = _sum(parts, minimum)
    if not base:
        return NOTHING
    if low == high:
        return share(low, base, minimum)
    over = _banded("over", base, low)
    return over if over.band else _banded("under", base, base - high)


def changed(now: Share, past: Sequence[Share], minimum: int, level: float = 0.95) -> bool | None:
    """Return whether the range of now minus past leaves out zero; None where what is shown does not settle it.

    The range moves up with the share now and down with the share before, so the two farthest cases speak for all.
    """
    (least, most), (base, low, high) = possible(now, minimum), _sum(past, minimum)
    lowest = statistics.newcombe(least, now.base or 0, high, base, level)
    highest = statistics.newcombe(most, now.base or 0, low, base, level)
    if lowest.low > 0 or highest.high < 0:
        return True
    return False if highest.low <= 0 <= lowest.high else None


def surely_lost(now: Share, past: Sequence[Share], minimum: int) -> Fraction:
    """Return how far a share lies under that of the past, at least, from 0 to 1; 0 where it may have lost nothing."""
    (_, most), (base, low, _) = possible(now, minimum), _sum(past, minimum)
    if not base or not now.base or not now.says:
        return Fraction(0)
    return max(Fraction(low, base) - Fraction(most, now.base), Fraction(0))


def _sum(parts: Sequence[Share], minimum: int) -> tuple[int, int, int]:
    """Return base, fewest and most people of the groups that say something."""
    told = [part for part in parts if part.says]
    spans = [possible(part, minimum) for part in told]
    return sum(part.base or 0 for part in told), sum(low for low, _ in spans), sum(high for _, high in spans)


@dataclass(frozen=True, slots=True)
class Running:
    """A running count of a group as it may be shown: those told of by the end of `period`, the last ISO week with any.

    Whoever came in a week with too few of them to tell is not in it.
    """

    count: int | None
    period: str


def running(
    now: Sequence[int], new: Sequence[int], period: str, before: Sequence[Running | None], minimum: int
) -> tuple[tuple[Running, ...], tuple[int | None, ...]]:
    """Return the running counts of a row of groups, and those of them who are new in this period, as far as told.

    The first time, those from before the period are a row of their own: what is new and what is known tells of them.
    """
    fresh = row(new, minimum)
    if not any(before):
        known: Sequence[Running | None] = [Running(old, period) for old in row(_less(now, new), minimum)]
    else:
        known = before
    return tuple(_grown(old, come, period) for old, come in zip(known, fresh, strict=True)), fresh


def _less(now: Sequence[int], new: Sequence[int]) -> list[int]:
    return [max(count - come, 0) for count, come in zip(now, new, strict=True)]


def _grown(old: Running | None, come: int | None, period: str) -> Running:
    if come is None:
        return old or Running(None, period)
    return Running(((old.count if old else None) or 0) + come, period)


def beside(count: int, others: Iterable[int], minimum: int) -> int | None:
    """Return a count that stands beside others with whom it makes a known total; None where it is small, or nobody.

    `others`: how many there are by each total that is known; where they are few by any, they would follow from it.
    Nobody is told only where there are no others either: else one who is left would follow from the total.
    """
    left = list(others)
    if not count:
        return None if any(left) else 0
    return None if count < minimum or any(0 < each < minimum for each in left) else count


def steady(now: Share, before: Share | None, minimum: int, *, alike: bool = True) -> Share:
    """Return a past week's share as it was shown before, unless enough people came or left on each side since.

    Where the two are not counted `alike`, enough on both sides together: else many would stay in who are left out now.
    """
    if before is None or before == now:
        return now
    moved = _moved(now, before, minimum) or (not alike and abs((now.base or 0) - (before.base or 0)) >= minimum)
    return now if before.strength is not Strength.HIDDEN and moved else before


def _moved(now: Share, before: Share, minimum: int) -> bool:
    grown = (now.base or 0) - (before.base or 0)
    if now.part is None or before.part is None:
        return abs(grown) >= minimum
    came = now.part - before.part
    return cell(abs(came), minimum) is not None and cell(abs(grown - came), minimum) is not None


def steps(count: int, minimum: int) -> int:
    """Return how many of `count` answers of a week still running may be shown: steps of the minimum, one step behind.

    Any two looks at the running week differ by a multiple of the minimum, and the whole week differs from each look
    by at least the minimum: looking often does not single anybody out.
    """
    return max(count // minimum - 1, 0) * minimum


def sides_in_steps(positive: int, neutral: int, negative: int, minimum: int) -> tuple[int, int, int]:
    """Return the sides of a running week, whose base is whole steps, to the nearest step each.

    Two looks then differ by whole steps, and a look and the whole week by what may be off by half a step: nobody finds
    the few who came in between. A half goes up on the good side and down on the bad one, so that the base stays.
    """
    base = positive + neutral + negative
    good, bad = (
        (count + room) // minimum * minimum
        for count, room in ((positive, minimum // 2), (negative, (minimum - 1) // 2))
    )
    return good, max(base - good - bad, 0), min(bad, base - good)


def stepped(count: int, minimum: int) -> int | None:
    """Return a count of many that add up to each other: the nearest multiple of `minimum`; None below one step.

    A difference of two such counts is off by up to a whole step, so subtracting them finds no small group; and nobody
    and a few people look the same.
    """
    return None if count < minimum else (2 * count + minimum) // (2 * minimum) * minimum


def floored(count: int, minimum: int) -> int:
    """Return a count down to a whole step, so that nobody and a few people look the same."""
    return count - count % minimum


def lowered(count: int, minimum: int) -> int | None:
    """Return a count that stands beside its whole: down to a whole step, None below one.

    So no part is told as more than its whole, nor do parts add up to more; what is told hides as much as `stepped`.
    """
    return floored(count, minimum) or None


def about(count: int, minimum: int) -> int | None:
    """Return the same where nobody may be told from a few people: 0 for nobody."""
    return stepped(count, minimum) if count else 0


# --------------------------------------------------------------------------- scores of options


def step(base: int, minimum: int) -> int:
    """Return how many points of 100 a step of a score is: no less than half the minimum of `base` people can move.

    0 where there are too few people for any score.
    """
    return _wide(base, minimum / 2) if base >= PERCENT_FROM else 0


def wide_step(base: int, minimum: int) -> int:
    """Return the step of a figure that stands beside a score; 0 where it is not told."""
    found = _wide(base, 2 * minimum)
    return found if found <= QUARTER else 0


def weighted_step(base: int, most: float, minimum: int) -> int:
    """Return the step of a weighted share of `base` people, `most` being the largest weight; 0: it is not told."""
    found = _wide(base, most * minimum)
    return found if found <= QUARTER else 0


def _wide(base: int, people: float) -> int:
    return next((points for points in STEPS if points * base >= 100 * people), 0)


def in_step(part: float | Fraction, whole: int, step: int) -> int:
    """Return `part` of `whole` in points of 100, to the nearest step (the half to the middle), never nothing or all."""
    exact = 100 * Fraction(part) / whole / step
    below = exact.numerator // exact.denominator
    half = 2 * (exact - below)
    up = half > 1 or (half == 1 and 2 * below * step < 100)
    return _inside((below + up) * step, step)


def scores(sums: Sequence[Fraction], whole: int, step: int) -> tuple[int, ...]:
    """Return sums as points of 100 of `whole`, each in steps, rounded together so that their total stays what it is.

    Each goes down to a whole step; the steps that are missing then go to those which lost most (Hamilton's method).
    """
    exact = [100 * each / whole / step for each in sums]
    below = [each.numerator // each.denominator for each in exact]
    total = sum(exact, Fraction(0))
    missing = (2 * total.numerator + total.denominator) // (2 * total.denominator) - sum(below)
    lost = sorted(range(len(sums)), key=lambda place: (below[place] - exact[place], place))
    up = set(lost[:missing])
    return tuple(_inside((down + (place in up)) * step, step) for place, down in enumerate(below))


def _inside(points: int, step: int) -> int:
    return min(max(points, step), 100 - step)


def middle(counts: Mapping[Value, int], minimum: int) -> Value | None:
    """Return the median of so many people by value; None where half the minimum of people could move it."""
    base, values = sum(counts.values()), sorted(counts)
    before = max((base - 1 - minimum) // 2, 0)
    low, high = (_at(values, counts, place) for place in (before, base - 1 - before))
    return low if low == high else None


def _at(values: Sequence[Value], counts: Mapping[Value, int], place: int) -> Value:
    """Return what the person at this place says, with everybody in the order of what they say."""
    passed = accumulate(counts[value] for value in values)
    return next(value for value, people in zip(values, passed, strict=True) if people > place)


# --------------------------------------------------------------------------- several facts at once


def narrowed(people: Mapping[Facts, int], minimum: int, given: int = 0) -> dict[Facts, Told]:
    """Return what may be shown of each combination of facts, by how many people share it.

    The first `given` facts are shown as they are. From there on each is shown only together with those before it: at
    least `minimum` people share what is told, or nothing more is.
    """
    shown: dict[Facts, Told] = {}
    for members in _by(people, lambda facts: facts[:given]).values():
        _narrow(people, members, given, minimum, shown)
    return shown


def _narrow(
    people: Mapping[Facts, int], members: Sequence[Facts], at: int, minimum: int, shown: dict[Facts, Told]
) -> None:
    """Decide on the facts from place `at` on of combinations that are alike before it."""
    if at == len(members[0]):
        shown.update({facts: facts for facts in members})
        return
    kinds = _by(members, lambda facts: facts[at])
    counts = [sum(people[facts] for facts in kind) for kind in kinds.values()]
    hidden = _hidden(counts, minimum)
    for place, kind in enumerate(kinds.values()):
        if place in hidden:
            shown.update({facts: (*facts[:at], *(None for _ in facts[at:])) for facts in kind})
        else:
            _narrow(people, kind, at + 1, minimum, shown)


def _by(people: Iterable[Facts], key: Callable[[Facts], object]) -> dict[object, list[Facts]]:
    found: dict[object, list[Facts]] = {}
    for facts in sorted(people):
        found.setdefault(key(facts), []).append(facts)
    return found


def _hidden(counts: Sequence[int], minimum: int) -> set[int]:
    """Return the places of the kinds that are told as one: at least the minimum of people together, or everybody."""
    hidden = {place for place, told in enumerate(row(counts, minimum)) if told is None}
    while 0 < sum(counts[place] for place in hidden) < minimum and len(hidden) < len(counts):
        hidden.add(_smallest(counts, [place for place in range(len(counts)) if place not in hidden]))
    return hidden
