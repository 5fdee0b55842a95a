"""What people want: options in the order of their scores, as far as it may be told. Pure.

A `Poll` is what was counted of one question, a `Result` what may be shown of it: that is what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.digests import disclosure, statistics

if TYPE_CHECKING:
    from fractions import Fraction

    from storage.ballots import Tally


FEW_POINTS, FEW_OPTIONS = 5, 3
"""Of fewer points, or over fewer options, only the mean is told: one figure would give back another."""


class Kind(StrEnum):
    """How people said what they want: named as the verb they were asked with."""

    RANK = "rank"
    ALLOCATE = "allocate"
    BESTWORST = "bestworst"


@dataclass(frozen=True, slots=True)
class Poll:
    """One question of a round with what people said to it, counted as `flows.ballots` words it."""

    code: str
    title: Mapping[str, str]
    state: str
    kind: Kind
    question: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    """Labels in each language, by option, in the order they were offered."""
    most: int
    """How many options can be put in order, or how many points there are to divide; 0 for cards."""
    people: int
    tally: Tally
    whole: bool
    """Everybody is counted, because no more answers come; otherwise steps of the minimum, one step behind."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one option stands. What may not be told, or is not told of this kind of question, is None."""

    option: str
    label: Mapping[str, str]
    score: int | None = None
    """Points of 100: of an order Borda's, of points the mean share; of cards from -100 to 100."""
    low: int | None = None
    high: int | None = None
    """Within these a score may lie by chance and rounding."""
    first: int | None = None
    """Percent who put it first."""
    median: int | None = None
    """Percent of the points that the middle person gave it."""
    nothing: int | None = None
    """Percent who gave it nothing."""
    shown: int | None = None
    """On how many answered cards it stood."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one question, best option first."""

    code: str
    title: Mapping[str, str]
    state: str
    kind: Kind
    question: Mapping[str, str]
    base: int | None
    """People counted; None where fewer than the minimum."""
    whole: bool
    step: int
    """Scores come in steps of so many points of 100; 0 where there are none."""
    wide: int
    """The same for what stands beside scores."""
    standings: tuple[Standing, ...] = ()
    """Empty where there is no score."""
    ahead_of_each: str = ""
    """The option most people prefer to each single other, where it is not the one with the best score."""

    @property
    def indication(self) -> bool:
        """Whether there are so few people that it is an indication only."""
        return (self.base or 0) < disclosure.INDICATION_BELOW


def result(poll: Poll, minimum: int) -> Result:
    """Return as much of a poll as may be told."""
    base = poll.people if poll.people >= minimum else None
    step, wide = (measure(poll.people, minimum) for measure in (disclosure.step, disclosure.wide_step))
    step = wide if poll.most == 1 else step
    scores = _scores(poll, step) if step else {}
    standings = tuple(_standing(poll, option, scores.get(option), step, wide, minimum) for option in poll.options)
    best_first = tuple(sorted(standings, key=_best_first)) if scores else ()
    ahead = _ahead(poll, best_first, minimum) if wide else ""
    shown = step if scores else 0
    return Result(
        poll.code, poll.title, poll.state, poll.kind, poll.question, base, poll.whole, shown, wide, best_first, ahead
    )


def _best_first(standing: Standing) -> int:
    return 1000 if standing.score is None else -standing.score


def _scores(poll: Poll, step: int) -> dict[str, int]:
    match poll.kind:
        case Kind.RANK:
            points = statistics.borda([*poll.options], poll.tally)
            return _together(points, step)
        case Kind.ALLOCATE:
            means = {one: statistics.mean(statistics.allocation(one, poll.tally)) for one in poll.options}
            return _together({one: 100 * mean / poll.most for one, mean in means.items()}, step)
        case Kind.BESTWORST:
            return _of_cards(poll, step)


def _together(points: Mapping[str, Fraction], step: int) -> dict[str, int]:
    return dict(zip(points, disclosure.scores([*points.values()], 100, step), strict=True))


def _of_cards(poll: Poll, step: int) -> dict[str, int]:
    """Scores from -100 to 100, each by itself: options stand on different numbers of cards."""
    found = statistics.best_worst([*poll.options], poll.tally)
    enough = [one for one in found if statistics.shown(one, poll.tally) >= disclosure.PERCENT_FROM]
    return {one: 2 * disclosure.in_step(found[one] + 1, 2, step) - 100 for one in enough}


def _standing(poll: Poll, option: str, score: int | None, step: int, wide: int, minimum: int) -> Standing:
    plain = Standing(option, poll.options[option], score, *_reach(poll, score, step))
    if score is None:
        return plain
    match poll.kind:
        case Kind.RANK:
            return _ordered(poll, plain, wide)
        case Kind.ALLOCATE:
            return _divided(poll, plain, wide, minimum)
        case Kind.BESTWORST:
            return replace(plain, shown=statistics.shown(option, poll.tally))


def _ordered(poll: Poll, plain: Standing, wide: int) -> Standing:
    if not wide or poll.most == 1:
        return plain
    first = statistics.first(plain.option, poll.tally)
    return replace(plain, first=disclosure.in_step(first, poll.people, wide))


def _divided(poll: Poll, plain: Standing, wide: int, minimum: int) -> Standing:
    """Of few points little more can be said than the mean, and it would tell of a few people."""
    if not wide or poll.most < FEW_POINTS or len(poll.options) < FEW_OPTIONS:
        return plain
    given = statistics.allocation(plain.option, poll.tally)
    middle = disclosure.middle(given, minimum)
    median = None if middle is None else disclosure.in_step(middle, poll.most, wide)
    return replace(plain, median=median, nothing=disclosure.in_step(given.get(0, 0), poll.people, wide))


def _reach(poll: Poll, score: int | None, step: int) -> tuple[int | None, int | None]:
    """Return within which points a score lies by chance (Wilson: no spread of it is wider) and by its step.

    Drawn again from what people gave the range would be narrower, and give small groups away.
    """
    if score is None:
        return None, None
    cards = poll.kind is Kind.BESTWORST
    share = (score + 100) / 200 if cards else score / 100
    span = statistics.wilson(share * poll.people, poll.people)
    low, high = max(span.low - step / 200, 0.0), min(span.high + step / 200, 1.0)
    ends = statistics.points(low), statistics.points(high)
    return (2 * ends[0] - 100, 2 * ends[1] - 100) if cards else ends


def _ahead(poll: Poll, standings: tuple[Standing, ...], minimum: int) -> str:
    """Return Condorcet's winner where one of the others has the best score."""
    if poll.kind is not Kind.RANK or not standings:
        return ""
    ahead = statistics.beats_each([*poll.options], poll.tally, 2 * minimum)
    best = {each.option for each in standings if each.score == standings[0].score}
    return "" if ahead in best else ahead
