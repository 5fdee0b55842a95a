"""From levels to scores: the cap, stages and skills, several assessors, what is news. Pure, exact fractions.

House rules all of them: they make a picture to talk about, no measure of people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.assessing.items import CAP, ITEMS, OF_STAGE, PROVEN_FROM, SKILLS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

POINTS: Final = 25
"""What a level is worth, of 100."""
LEAST_OF_STAGE: Final = 2
"""A stage has a score from so many answered items on."""
APART: Final = 2
"""Assessors so many levels apart should talk about it."""
NEWS: Final = 10
"""One level in one of three items is 8.3 points, so a smaller difference says nothing."""
TEAMS: Final = 3
"""Above one team only means of so many are shown."""
BLUR: Final = 5
"""Means of several teams come in such steps: who knows their own score should not find another's."""


_LINK: Final = re.compile(r"(?:https?://|www\.)\w|\w\.[a-z]{2,}/\w", re.IGNORECASE)
_FILE: Final = re.compile(r"[\w)-]{2}\.(?:(?=[a-z0-9]*[a-z])[a-z0-9]{2,5}|(?=[A-Z0-9]*[A-Z])[A-Z0-9]{2,5})(?!\w)")
"""A name, a point, an ending; so no sentence that begins without a space before it, and no number."""
_AROUND: Final = "()[]{}<>,;:!?.\"'“”„‘’«»‹›،؛؟"


class Said(NamedTuple):
    """What one assessor said of an item; `level` None: not for us now."""

    level: int | None
    evidence: str = ""
    of_round: bool = False
    """Whether the evidence names the code of a round that there is."""

    @property
    def claimed(self) -> bool:
        """Whether the level needs something that shows it, and has none."""
        if self.level is None or self.level < PROVEN_FROM:
            return False
        return not (self.of_round or any(map(_shows, parts(self.evidence))))

    @property
    def counts(self) -> int | None:
        """The level after the cap."""
        return CAP if self.claimed else self.level


def parts(evidence: str) -> list[str]:
    """Return the words of what shall show a level, without what stands around them: a link, a file, a code is one."""
    return [part for each in evidence.split() if (part := each.strip(_AROUND))]


def _shows(part: str) -> bool:
    """Whether a word is a link or the name of a file; an address to write to is neither."""
    return bool(_LINK.search(part) or ("@" not in part and _FILE.search(part)))


Levels = dict[str, Fraction]
"""By item the level that counts; items left out are not in it."""


def levels(said: Mapping[str, Said]) -> Levels:
    """Return what counts of one assessor's form."""
    return {item: Fraction(each.counts) for item, each in said.items() if each.counts is not None}


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores from 0 to 100; what has too few answers is None."""

    stages: Mapping[str, Fraction | None]
    skills: Mapping[str, Fraction | None]
    total: Fraction | None


def score(counted: Mapping[str, Fraction]) -> Scores:
    """Return the mean of each stage (two items at least), of each skill, and of the stages that have one."""
    stages = {stage: _mean([counted[i.id] for i in of if i.id in counted], LEAST_OF_STAGE)
              for stage, of in OF_STAGE.items()}  # fmt: skip
    skills = {skill: _mean([counted[i.id] for i in ITEMS if i.skill == skill and i.id in counted]) for skill in SKILLS}
    known = [each for each in stages.values() if each is not None]
    return Scores(stages, skills, sum(known, Fraction()) / len(known) if known else None)


def _mean(found: Sequence[Fraction], least: int = 1) -> Fraction | None:
    return POINTS * sum(found, Fraction()) / len(found) if len(found) >= least else None


# --------------------------------------------------------------------------- several assessors


@dataclass(frozen=True, slots=True)
class Seen:
    """How several assessors see one item: the middle, the ends, and whether they should talk about it."""

    middle: Fraction
    low: int
    high: int
    assessors: int

    @property
    def talk(self) -> bool:
        """Whether they are two levels apart or more."""
        return self.high - self.low >= APART


def together(forms: Iterable[Mapping[str, Said]]) -> dict[str, Seen]:
    """Return how assessors see each item that any of them answered, in the items' order."""
    every = list(forms)
    counted = {item.id: [level for form in every if (level := _counts(form, item.id)) is not None] for item in ITEMS}
    return {item: _seen(found) for item, found in counted.items() if found}


def _counts(form: Mapping[str, Said], item: str) -> int | None:
    return form[item].counts if item in form else None


def _seen(found: Sequence[int]) -> Seen:
    return Seen(median(map(Fraction, found)), min(found), max(found), len(found))


# --------------------------------------------------------------------------- over time


@dataclass(frozen=True, slots=True)
class Moved:
    """A score against an earlier one of the same assessors."""

    points: Fraction

    @property
    def news(self) -> bool:
        """Whether it is more than one level in one item could do."""
        return abs(self.points) >= NEWS


def moved(
    now: Fraction | None, before: Fraction | None, who: Collection[int], who_before: Collection[int]
) -> Moved | None:
    """Return the difference; None where a score is missing, or others have assessed than before."""
    if now is None or before is None or set(who) != set(who_before):
        return None
    return Moved(now - before)


def quarter(day: date) -> str:
    """Return the quarter of a day: `2026-Q4`."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def above_teams(totals: Sequence[Fraction]) -> int | None:
    """Return the mean of several teams in steps of five; None of fewer than three."""
    if len(totals) < TEAMS:
        return None
    return BLUR * int(sum(totals, Fraction()) / len(totals) / BLUR + Fraction(1, 2))
