"""What people answered, by where and in which language, as everybody may know it: the lines of a publication. Pure.

A line stands for at least the public minimum of people, told down to a whole step of it (see
`bot.digests.disclosure`, 7 and 9). Lines are of one question each: nothing leads from an answer to another answer of
the same person. Groups, organisations and whoever came late have lines of their own, and none where they are fewer than
the minimum.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.digests.disclosure import floored, narrowed
from flows.columns import in_text
from flows.model import Choose, Date, Number, Pick, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.digests.disclosure import Facts
    from flows.model import Question
    from storage.findings import Crossed

TOLD = (Choose, Rate, Pick, Number, Date)
"""Questions whose answers are told; of others only that they were answered."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many people answered one question so; what is None is not told."""

    state: str
    answer: str | None
    """Empty: in own words, as an order, by a picture."""
    channel: str | None
    language: str | None
    kind: str | None
    """individual, group, organisation, declared (said they answer for many); None of those who came late."""
    late: bool
    people: int
    """In steps of the minimum: at least one."""


@dataclass(frozen=True, slots=True)
class Part:
    """Who is counted together: all of one kind who came in time, or all who came late."""

    kind: str | None
    late: bool
    given: Sequence[Crossed]


def lines(questions: Sequence[Question], parts: Iterable[Part], minimum: int) -> tuple[Line, ...]:
    """Return the lines of everybody, question by question in the order they were asked."""
    every = list(parts)
    return tuple(
        Line(state.id, answer, channel, language, part.kind, part.late, floored(people, minimum) or minimum)
        for state in questions
        for part in every
        for (answer, channel, language), people in _shown(state, part.given, minimum)
    )


def _shown(state: Question, given: Sequence[Crossed], minimum: int) -> Iterator[tuple[tuple[str | None, ...], int]]:
    """Give the combinations of answer, channel and language that are told, with the people in each."""
    for people in _tables(state, given):
        if people.total() >= minimum:
            told: Counter[tuple[str | None, ...]] = Counter()
            for facts, shown in narrowed(people, minimum).items():
                told[shown] += people[facts]
            yield from sorted(told.items(), key=lambda each: [(fact is None, fact or "") for fact in each[0]])


def _tables(state: Question, given: Sequence[Crossed]) -> Iterable[Counter[Facts]]:
    """Return the people of a question by their facts; each is in a table once.

    Where several options may be chosen, each option has a table of its own.
    """
    tables: defaultdict[str, Counter[Facts]] = defaultdict(Counter)
    for one in given:
        if one.state == state.id:
            for answer in _answers(state, one):
                own = answer if isinstance(state, Pick) else ""
                tables[own][answer, one.channel, one.language] += one.people
    return tables.values()


def _answers(state: Question, one: Crossed) -> list[str]:
    if not isinstance(state, TOLD):
        return [""]
    if isinstance(state, Pick):
        chosen: list[str] = json.loads(one.choices or "[]")
        return chosen
    return [one.choice or in_text(one.score)]
