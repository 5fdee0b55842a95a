"""Who is asked what: the conditions of a form, question by question, become the ways from each state to the next."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from bot.importing.relevance import ALWAYS, NEVER, both, implies, table, when
from bot.importing.workbook import truth
from bot.importing.xpath import Beyond, parse, put, refs, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.importing.losses import Ledger
    from bot.importing.questions import Question
    from bot.importing.relevance import When
    from bot.importing.xpath import Node

LONGEST_RUN = 30
"""Questions with conditions in a row: whoever is asked none of them has all of them behind each answer."""

DEEPEST, LARGEST = 8, 400
"""How far calculations within calculations are followed, and how large an expression they may make."""


def settled(questions: Sequence[Question], reckoned: Mapping[str, str], ledger: Ledger) -> list[Question]:
    """Return the questions with when each is asked; a condition that cannot be said here is told and left out.

    `reckoned` are the expressions of what the form calculates, by name: conditions look through them.
    """
    earlier = Earlier(questions, reckoned)
    found: list[Question] = []
    for question in questions:
        asked = _when(question, earlier, ledger)
        if asked != ALWAYS and _is_long([one.when for one in found]):
            what = f"everybody is asked, as it comes after {LONGEST_RUN} other conditions in a row (relevant)"
            ledger.lose("survey", question.row, what)
            asked = ALWAYS
        if asked == NEVER:
            ledger.note("survey", question.row, "nobody is ever asked it, so it is left out (relevant)")
        else:
            found.append(replace(question, when=asked))
            earlier.add(found[-1])
    return found


def _is_long(asked: Sequence[When]) -> bool:
    """Return whether many conditions, each another, stand in a row since the last question for everybody."""
    run = [*takewhile(lambda one: one != ALWAYS, reversed(asked))]
    return sum(one not in run[:at] for at, one in enumerate(run)) >= LONGEST_RUN


class Earlier:
    """The questions asked so far, by name."""

    def __init__(self, questions: Sequence[Question], reckoned: Mapping[str, str]) -> None:
        self.all = {question.name for question in questions}
        self.reckoned = reckoned
        self.known: dict[str, list[Question]] = {}

    def add(self, question: Question) -> None:
        """Remember a question that is asked."""
        self.known.setdefault(question.name, []).append(question)

    def find(self, name: str) -> Question:
        """Return an earlier question. Raises Beyond where none, or more than one, has that name."""
        found = self.known.get(name, [])
        if len(found) == 1 and found[0].verb != "say":
            return found[0]
        if found:
            raise Beyond(f"${{{name}}}, which has no answer of its own")
        raise Beyond(f"${{{name}}}, which is asked later" if name in self.all else f"${{{name}}}, which is not asked")

    def read(self, expression: str, depth: int = 0) -> Node:
        """Return an expression with what is calculated in place of its name. Raises Beyond."""
        node = parse(expression)
        names = refs(node) & set(self.reckoned) - self.all
        if names and depth >= DEEPEST:
            raise Beyond("what is calculated of itself")
        made = put(node, {name: self.read(self.reckoned[name], depth + 1) for name in names})
        if sum(1 for _ in walk(made)) > LARGEST:
            raise Beyond("so much that is calculated")
        return made


def _when(question: Question, earlier: Earlier, ledger: Ledger) -> When:
    found = ALWAYS
    for row, expression in question.relevant:
        try:
            found = both(found, _read(expression, earlier), earlier.find)
        except Beyond as beyond:
            ledger.lose("survey", row, f"everybody is asked, as nothing here looks at {beyond} (relevant)")
    return found


def _read(expression: str, earlier: Earlier) -> When:
    plain = truth(expression)
    if plain is not None:
        return ALWAYS if plain else NEVER
    return when(earlier.read(expression), earlier.find)


def ways(questions: Sequence[Question], last: str) -> Iterator[list[dict[str, Any]]]:
    """Give for each question the ways on, the first that holds to be taken; none where what follows is asked of all.

    `last` is where those go whom nothing more is asked.
    """
    by_name = {question.name: question for question in questions}
    for at in range(len(questions)):
        found = list(_onward(questions[at], questions[at + 1 :], last, by_name.__getitem__))
        following = questions[at + 1].id if at + 1 < len(questions) else last
        yield [] if found == [{"to": following}] else found


def _onward(here: Question, later: Sequence[Question], last: str, find: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - see Earlier
    tried: When = ()
    for question in later:
        if question.when == ALWAYS:
            yield {"to": question.id}
            return
        if _can_be(here.when, question.when, find) and not implies(question.when, tried, find):
            tried = (*tried, *question.when)
            yield {"when": table(question.when, find), "to": question.id}
    yield {"to": last}


def _can_be(one: When, other: When, find: Any) -> bool:  # noqa: ANN401 - see Earlier
    """Return whether both may hold at once."""
    try:
        return both(one, other, find) != NEVER
    except Beyond:
        return True
