"""Who answered against who lives there: shares beside shares, and the groups that are missing.

All of it is reckoned from what may be shown (`bot.digests.disclosure`, rule 7): counts of groups add up to each other,
so they come in steps of the minimum, none below one step. What follows from them follows for everybody who reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.digests import statistics
from bot.digests.disclosure import PERCENT_FROM, lowered, stepped

if TYPE_CHECKING:
    from collections.abc import Mapping

FEW, MANY = 0.8, 1.25
"""Representation ratios between which a group is heard about as much as it is large: a rule of the house."""
NAMED = 2
"""So many missing groups are named, with what to do about them."""
HARDLY_HEARD = 0.5
"""Representation ratio under which a group is watched, and named before all others that are missing."""


class Verdict(StrEnum):
    """How a group stands."""

    FEW = "few"
    """Missing: heard less than it is large, by more than chance."""
    FAIR = "fair"
    MANY = "many"
    UNSURE = "unsure"
    """The shares differ, but so they may by chance."""
    UNTOLD = "untold"
    """There is nothing to compare, or too few people for it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One group. Nothing that is hidden is in here."""

    group: str
    answers: int | None
    """People of the group who answered, in steps; None below one step."""
    residents: float | None
    """Part of the residents, from 0 to 1; None where nobody has said it."""
    share: float | None
    """Part of those who answered, by what is told."""
    ratio: float | None
    """The representation ratio: part of those who answered, divided by part of the residents; to two places."""
    verdict: Verdict

    @property
    def gap(self) -> float:
        """How many of each answer are missing from the group, from -1 to 1."""
        return (self.residents or 0.0) - (self.share or 0.0)

    @property
    def rank(self) -> tuple[bool, float]:
        """The place among missing groups, lowest first: who is hardly heard, then by how many answers are missing."""
        return (self.ratio or 0.0) >= HARDLY_HEARD, -self.gap


@dataclass(frozen=True, slots=True)
class Representation:
    """The groups of one variable; `base` is how many people said which is theirs, in steps, None below one step."""

    base: int | None
    standings: tuple[Standing, ...]

    @property
    def missing(self) -> list[Standing]:
        """The groups that are missing, the one first that most answers are missing of."""
        found = [each for each in self.standings if each.verdict is Verdict.FEW]
        return sorted(found, key=lambda each: -each.gap)


def represent(
    people: Mapping[str, int], residents: Mapping[str, float], minimum: int, *, down: bool = False
) -> Representation:
    """Return how each group of `people` stands.

    `residents` holds the parts of the residents, from 0 to 1, also of groups nobody can choose ("rest"): those count
    with the residents and do not stand in the list. Where it is empty, counts are told and nothing is compared.
    `down`: counts go down to a whole step instead of the nearest one, as where their sum stands beside them exactly.

    A group is missing (or heard more than it is large) only where both hold: its ratio lies outside 0.8 to 1.25, and
    its part of the residents lies outside the Wilson 95 % interval of its part of those who answered. For that interval
    the people of the group are as many (as few) as they can be behind what is told. Below ten people nothing is said.
    """
    tell, off = (lowered, (0, minimum - 1)) if down else (stepped, (minimum // 2, (minimum - 1) // 2))
    told = {group: tell(count, minimum) for group, count in people.items()}
    base = tell(sum(count for group, count in people.items() if not residents or group in residents), minimum)
    enough = base is not None and base >= PERCENT_FROM and any(count is not None for count in told.values())
    compared = base if enough and base else 0
    return Representation(
        base, tuple(_standing(group, told[group], residents.get(group), compared, minimum, off) for group in people)
    )


def _standing(
    group: str, count: int | None, residents: float | None, base: int, minimum: int, off: tuple[int, int]
) -> Standing:
    share = min(count / base, 1.0) if base and count is not None else None
    ratio = round(share / residents, 2) if share is not None and residents else None
    verdict = _verdict(count, residents, base, minimum, off) if base and residents else Verdict.UNTOLD
    return Standing(group, count, residents, share, ratio, verdict)


def _verdict(count: int | None, residents: float, base: int, minimum: int, off: tuple[int, int]) -> Verdict:
    """Return how a group stands; `off`: by how many a count may be less, and more, than what is told."""
    ratio = (count or 0) / base / residents
    if FEW <= ratio <= MANY:
        return Verdict.FAIR
    less, more = off
    if ratio < FEW:
        most = minimum - 1 if count is None else count + more
        least_base = max(base - less, most)
        return Verdict.FEW if statistics.wilson(most, least_base).high < residents else Verdict.UNSURE
    least = max((count or 0) - less, 0)
    return Verdict.MANY if statistics.wilson(least, base + more).low > residents else Verdict.UNSURE


def most_missing(tables: Mapping[str, Representation]) -> list[tuple[str, Standing]]:
    """Return those hardly heard, then those most answers are missing of, of all variables, each with its variable."""
    found = [(variable, each) for variable, table in tables.items() for each in table.missing]
    return sorted(found, key=lambda pair: pair[1].rank)[:NAMED]


def per_hundred(part: float) -> int:
    """Return a part as a number of every hundred, never none where there is somebody, never all but of all."""
    return statistics.percent(round(part * 10_000), 10_000)


def parts(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights as parts of their sum."""
    total = sum(weights.values())
    return {group: weight / total for group, weight in weights.items()} if total else {}
