"""The quarterly sheet: what the digests of three months and the rounds that ended in them say together. Pure.

Nothing is counted anew. It is made of weekly digests as they were issued, of findings as they were published, and of
what a manager's own digest says of their predictions: so it tells of nobody whom those do not tell of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from bot.digests import disclosure
from bot.digests.disclosure import NOTHING, PERCENT_FROM
from bot.digests.model import Point, Score
from bot.digests.summarise import change_of
from bot.digests.weeks import Week

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.assessing.gap import Gap
    from bot.digests.findings import Finding, Findings
    from bot.digests.model import Digest

VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "individual": ("ass.change", "ass.worth"),
    "public": ("ass.community", "ass.equal", "ass.trust", "ass.money"),
}
"""Whose value it is, and the questions whose mean it is: for each who uses the service, and for the community."""
WORTH: Final = tuple(Fraction(each) for each in (100, 75, 50, 25, 0))
"""What the five steps of a scale are worth, best first."""
OPEN = 20
"""Points a figure may lie apart by rounding; where it is more, it is not told."""


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three months of a year; `2026-Q4` as text. A week belongs to the quarter its Sunday lies in."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return its name."""
        return f"{self.year:04d}-Q{self.number}"

    @classmethod
    def holding(cls, day: date) -> Quarter:
        """Return the quarter of a day."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read `2026-Q4`. Raises ValueError where there is no such quarter."""
        found = re.fullmatch(r"(\d{4})-Q([1-4])", text)
        if not found or not 1 < int(found[1]) < 9999:
            raise ValueError(f"{text!r} is no quarter; write it like 2026-Q4")
        return cls(int(found[1]), int(found[2]))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def before(self) -> Quarter:
        """The quarter before it."""
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    @property
    def weeks(self) -> tuple[Week, ...]:
        """Its weeks, oldest first: twelve to fourteen."""
        week, found = Week.holding(self.first), []
        while Quarter.holding(week.sunday) == self:
            found.append(week)
            week = week.back(-1)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Index:
    """What a question says from 0 (worst) to 100 (best): the percent of maximum possible (Cohen and others 1999).

    Counts are told in whole steps, so it lies from `low` to `high`, and `value` is the middle of them; None where too
    few said it, or where these lie more than `OPEN` apart.
    """

    item: str
    question: Mapping[str, str]
    base: int | None
    value: int | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One of the two values: the mean of those of its questions that are told."""

    whose: str
    """`individual` or `public`."""
    indices: tuple[Index, ...]
    """Of the questions that were asked."""
    wanted: int
    """Of so many questions it is the mean when all are asked."""
    mean: int | None = None
    low: int | None = None
    high: int | None = None
    """Within which it lies by rounding."""

    @property
    def told(self) -> int:
        """Of so many questions it is the mean."""
        return sum(each.value is not None for each in self.indices)


@dataclass(frozen=True, slots=True)
class Account:
    """The value account of one round: what people said the service is worth, to each and to all."""

    code: str
    title: Mapping[str, str]
    at: datetime
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A round as it was published."""

    code: str
    title: Mapping[str, str]
    findings: Findings


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a quarter says of one service. `change` of a score is against the quarter before."""

    quarter: Quarter
    minimum: int
    scores: tuple[Score, ...] = ()
    gap: Gap | None = None
    accounts: tuple[Account, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.scores or self.gap or self.accounts)


def sheet(quarter: Quarter, issued: Mapping[Week, Digest], gap: Gap | None, ended: Iterable[Ended], minimum: int,
          zone: ZoneInfo) -> Sheet:  # fmt: skip
    """Return the sheet of a quarter from the digests of its weeks and those of the quarter before, as they were issued.

    `gap`: what the manager's own last digest of the quarter says of their predictions. `ended`: rounds as published;
    those of other quarters are left out.
    """
    now, before = (_by_stage(issued, each.weeks) for each in (quarter, quarter.before))
    scores = (_score(found, before.get(key, []), minimum) for key, found in now.items())
    rounds = [each for each in ended if Quarter.holding(each.findings.at.astimezone(zone).date()) == quarter]
    rounds.sort(key=lambda each: (each.findings.at, each.code))
    accounts = (Account(each.code, each.title, each.findings.at, values(each.findings)) for each in rounds)
    return Sheet(quarter, minimum, tuple(scores), gap, tuple(each for each in accounts if each.values))


# --------------------------------------------------------------------------- scores


def _by_stage(issued: Mapping[Week, Digest], weeks: Sequence[Week]) -> dict[tuple[str, str], list[tuple[Week, Score]]]:
    """Return the scores of these weeks by stage and question, oldest first."""
    found: dict[tuple[str, str], list[tuple[Week, Score]]] = {}
    for week in weeks:
        for score in issued[week].scores if week in issued else ():
            found.setdefault((score.stage, score.item), []).append((week, score))
    return found


def _score(weeks: Sequence[tuple[Week, Score]], before: Sequence[tuple[Week, Score]], minimum: int) -> Score:
    """Return a stage's share of the whole quarter; of weeks with another wording only those with the newest."""
    newest = weeks[-1][1]
    alike = [(week, score.positive) for week, score in weeks if str(week) >= newest.reworded]
    past = [score.positive for week, score in before if str(week) >= newest.reworded]
    share = disclosure.together([each for _, each in alike], minimum)
    points = tuple(Point(str(week), each) for week, each in alike)
    change = change_of(share, past, minimum)
    return replace(
        newest,
        positive=share,
        negative=NOTHING,
        unknown=None,
        change=change,
        weeks=points,
        median=None,
        side=0,
        net=None,
    )


# --------------------------------------------------------------------------- value


def values(findings: Findings) -> tuple[Value, ...]:
    """Return the two values a round tells of; those none of whose questions it asked are left out."""
    asked = {one.item: one for one in findings.findings if one.answers}
    found = (_value(whose, items, asked, findings.minimum) for whose, items in VALUES.items())
    return tuple(each for each in found if each.indices)


def _value(whose: str, items: Sequence[str], asked: Mapping[str, Finding], minimum: int) -> Value:
    indices = tuple(_index(asked[item], minimum) for item in items if item in asked)
    plain, told = Value(whose, indices, len(items)), [each for each in indices if each.value is not None]
    if not told:
        return plain
    ends = (_whole(Fraction(sum(getattr(each, end) for each in told), len(told))) for end in ("value", "low", "high"))
    return Value(whose, indices, len(items), *ends)


def _index(one: Finding, minimum: int) -> Index:
    """Return where a question lies. Its options stand best first, in five steps; "do not know" is no part of it."""
    plain = Index(one.item, one.question, one.base)
    scale = [each for each in one.answers if each.counts]
    if one.base is None or one.base < PERCENT_FROM or len(scale) != len(WORTH):
        return plain
    told = [each.people or 0 for each in scale]
    more = range(max(one.base - sum(told), 0), one.base + minimum - sum(told))
    low, high = min(_means(told[::-1], WORTH[::-1], more, minimum)), max(_means(told, WORTH, more, minimum))
    if high - low > OPEN:
        return plain
    return replace(plain, value=_whole((low + high) / 2), low=_whole(low), high=_whole(high))


def _means(told: Sequence[int], worth: Sequence[Fraction], more: range, minimum: int) -> Iterator[Fraction]:
    """Give the farthest means there can be, one for each number of people that the steps may have left out.

    Told counts are the fewest of each option, and a step hides no more than `minimum` - 1; all of them together lie
    within the step of the base. So as many as can be are counted at the end that `worth` begins with.
    """
    for left in more:
        full = []
        for count in told:
            full.append(count + min(left, minimum - 1))
            left -= full[-1] - count  # noqa: PLW2901 - what is not counted yet
        if not left:
            yield sum((count * each for count, each in zip(full, worth, strict=True)), Fraction()) / sum(full)


def _whole(value: Fraction) -> int:
    return int(value + Fraction(1, 2))
