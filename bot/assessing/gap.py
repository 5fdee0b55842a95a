"""The gap of one manager at one service: expected against said, practice against experience, what they work on. Pure.

It belongs to one person: their digest tells it to them, and nobody else's does. Kept in the digest as figures, and put
into words here, so that chat, mail and page say the same.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.assessing.perception import Field, Joined, Verdict, calibration, perceived
from bot.digests import statistics

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bot.assessing.perception import Perceived
    from bot.digests.disclosure import Share
    from bot.texts import Texts

TELLING = (Field.BLIND_SPOT, Field.HIDDEN_STRENGTH)
"""Fields that show what one does not see oneself."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """A prediction and what came of it; `points` is the prediction minus the share, from `low` to `high` by chance."""

    stage: str
    item: str
    predicted: int
    percent: int
    base: int
    points: int
    low: int
    high: int
    verdict: Verdict
    indication: bool
    good: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Words of the answers that were predicted, by language, best first."""
    since: str = ""
    """The first week that counts: the one in which the round opened."""
    joined: tuple[Joined, ...] = ()
    """Weeks of few people that are told together only."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The field a stage lies in."""

    stage: str
    field: Field
    indication: bool = False
    """Few people have answered what it rests on."""


@dataclass(frozen=True, slots=True)
class Rated:
    """An item somebody works on, and people's experience of it from 0 to 100; None: too few have answered."""

    item: str
    index: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Item 8 of a manager's digest."""

    quarter: str
    foretold: tuple[Foretold, ...] = ()
    """The widest gap first."""
    fields: tuple[Placed, ...] = ()
    calibration: int | None = None
    """Mean size of the gaps in points; None without any."""
    before: int | None = None
    """The same at the end of the quarter before."""
    top: tuple[Rated, ...] = ()
    """What they work on."""

    def without(self, again: Collection[str]) -> Gap:
        """Return it without the lines that are named: `gap.first`, the widest one, and `gap.rest`."""
        first = replace(self, foretold=()) if "gap.first" in again else self
        return replace(first, fields=(), calibration=None, before=None, top=()) if "gap.rest" in again else first

    @property
    def parts(self) -> Mapping[str, Gap]:
        """What each of the two lines rests on, by its name."""
        first, rest = self.without({"gap.rest"}), self.without({"gap.first"})
        return {"gap.first": replace(first, quarter="", foretold=first.foretold[:1]), "gap.rest": rest}


@dataclass(frozen=True, slots=True)
class Guess:
    """A prediction in percent of a stage's item, and the share that has been observed so far."""

    stage: str
    item: str
    percent: int
    observed: Share
    good: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: str = ""
    joined: tuple[Joined, ...] = ()


def foretell(guesses: Sequence[Guess]) -> tuple[Foretold, ...]:
    """Return what came of each prediction that can be compared, the widest gap first."""
    known = [(guess, found) for guess in guesses if (found := perceived(guess.percent, guess.observed))]
    known.sort(key=lambda one: (-abs(one[1].gap), one[0].stage))
    return tuple(_foretold(guess, found) for guess, found in known)


def _foretold(guess: Guess, found: Perceived) -> Foretold:
    points, low, high = (statistics.points(value) for value in (found.gap, found.low, found.high))
    return Foretold(
        stage=guess.stage,
        item=guess.item,
        predicted=guess.percent,
        percent=guess.observed.percent or 0,
        base=guess.observed.base or 0,
        points=points,
        low=low,
        high=high,
        verdict=found.verdict,
        indication=found.indication,
        good=guess.good,
        since=guess.since,
        joined=guess.joined,
    )


def off_by(guesses: Sequence[Guess]) -> int | None:
    """Return in whole points how far these predictions are off on the whole; None where none can be compared."""
    mean = calibration([found for guess in guesses if (found := perceived(guess.percent, guess.observed))])
    return None if mean is None else statistics.points(mean)


# --------------------------------------------------------------------------- in words


def lines(gap: Gap, words: Texts) -> tuple[str, ...]:
    """Return the gap as a digest tells it, in two lines: the widest one, then what it says of them on the whole."""
    first = expected(gap.foretold[0], words) if gap.foretold else ""
    placed = next((field_line(each, words) for field_ in TELLING for each in gap.fields if each.field is field_), "")
    second = " ".join(filter(None, (placed, *calibrated(gap, words), top_line(gap, words))))
    return tuple(filter(None, (first, second)))


def expected(told: Foretold, words: Texts) -> str:
    """Return one prediction and what came of it: `Deliver: you expected 85%, and 68% of 50 said …`."""
    labels = told.good.get(words.language) or next(iter(told.good.values()), ())
    good = words.either([label[:1].lower() + label[1:] for label in labels])
    sentence = words(
        "gap.expected",
        stage=words(f"stage.{told.stage}"),
        expected=words.percent(told.predicted),
        share=words.percent(told.percent),
        base=words.number(told.base),
        good=good,
        verdict=_verdict(told, words),
    )
    return f"{sentence} {words('gap.indication')}" if told.indication else sentence


def _verdict(told: Foretold, words: Texts) -> str:
    if told.verdict is Verdict.IN_LINE:
        return words("gap.in_line")
    ends = (told.low, told.high) if told.points > 0 else (-told.high, -told.low)
    return words.many(f"gap.{told.verdict}", abs(told.points), low=ends[0], high=ends[1])


def field_line(placed: Placed, words: Texts) -> str:
    """Return where a stage lies, as a sentence."""
    sentence = words(f"gap.{placed.field}", stage=words(f"stage.{placed.stage}"))
    return f"{sentence} {words('gap.indication')}" if placed.indication else sentence


def calibrated(gap: Gap, words: Texts) -> Iterator[str]:
    """Give how far the predictions are off, this quarter and the last."""
    if gap.calibration is not None:
        yield words.many("gap.calibration", gap.calibration)
        if gap.before is not None:
            yield words.many("gap.calibration_before", gap.before)


def top_line(gap: Gap, words: Texts) -> str:
    """Return what they work on, with people's experience beside it; empty where they have marked nothing."""
    return words("result.top", list="; ".join(_rated(each, words) for each in gap.top)) if gap.top else ""


def _rated(each: Rated, words: Texts) -> str:
    short = words(f"item.{each.item}.short")
    return short if each.index is None else words("gap.rated", item=short, index=words.number(each.index))
