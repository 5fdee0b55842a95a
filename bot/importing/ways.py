"""Who is asked what: the conditions of a form, question by question, become the ways from each state to the next."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from bot.importing import filters
from bot.importing.choices import once
from bot.importing.questions import by_name
from bot.importing.reckoning import column
from bot.importing.relevance import ALWAYS, NEVER, both, implies, table, when
from bot.importing.workbook import truth
from bot.importing.xpath import Beyond, Literal, parse, put, refs, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bot.importing.losses import Ledger
    from bot.importing.names import Names
    from bot.importing.questions import Column, Question
    from bot.importing.reckoning import Reckoned
    from bot.importing.relevance import When
    from bot.importing.survey import Reading
    from bot.importing.xpath import Node

LONGEST_RUN = 30
"""Questions with conditions in a row: whoever is asked none of them has all of them behind each answer."""

DEEPEST, LARGEST = 8, 400
"""How far calculations within calculations are followed, and how large an expression they may make."""


def settled(questions: Sequence[Question], reading: Reading, ledger: Ledger) -> tuple[list[Question], list[Column]]:
    """Return the questions with when each is asked, and the columns that follow from their answers.

    What cannot be said here is told and left out. Conditions look through what the form calculates.
    """
    earlier = Earlier(questions, reading.reckoned, reading.silent)
    found: list[Question] = []
    columns: list[Column] = []
    for question in questions:
        asked = _when(question, earlier, ledger)
        if asked != ALWAYS and _is_long([one.when for one in found]):
            what = f"everybody is asked, as it comes after {LONGEST_RUN} other conditions in a row (relevant)"
            ledger.lose("survey", question.row, what)
            asked = ALWAYS
        if asked == NEVER:
            ledger.note("survey", question.row, "nobody is ever asked it, so it is left out (relevant)")
            continue
        lists = _by_list(replace(question, when=asked), earlier, reading.names, ledger)
        for one in lists:
            earlier.add(one)
        found += lists
        if len(lists) > 1:
            earlier.fell_apart(question, lists)
            columns.append(filters.together(question, lists))
    return found, [*columns, *_reckoned(reading.reckoned, earlier, ledger)]


def _by_list(question: Question, earlier: Earlier, names: Names, ledger: Ledger) -> list[Question]:
    """Return a question for each list that its filter makes; the whole where that cannot be said."""
    if not question.filter:
        return [question]
    try:
        lists = [one for one in filters.split(question, earlier, names) if one.when != NEVER]
    except Beyond as beyond:
        what = f"all its choices are offered to everybody, as nothing here looks at {beyond} (choice_filter)"
        ledger.lose("survey", question.row, what)
        return [replace(question, choices=once(question.choices, ledger), filter="")]
    if not lists:
        what = "nobody is ever asked it, as none of its choices is left there; left out (choice_filter)"
        ledger.note("survey", question.row, what)
    if len(lists) > 1:
        what = f"it is asked as {len(lists)} questions, one for each list of choices; one column has the answers"
        ledger.note("survey", question.row, what)
    return lists


def _reckoned(reckoned: Sequence[Reckoned], earlier: Earlier, ledger: Ledger) -> Iterator[Column]:
    """Give what is calculated as columns; what cannot be worked out is told."""
    for one in reckoned:
        try:
            found = column(one, earlier)
        except Beyond as beyond:
            ledger.lose("survey", one.row, f"it is not calculated, as nothing here works out {beyond}; left out")
            continue
        if found.lines:
            ledger.note("survey", one.row, "what it calculates is a column: worked out of the answers in an export")
            yield found
        else:
            ledger.note("survey", one.row, "what it calculates is always empty, so it is left out")


def _is_long(asked: Sequence[When]) -> bool:
    """Return whether many conditions, each another, stand in a row since the last question for everybody."""
    run = [*takewhile(lambda one: one != ALWAYS, reversed(asked))]
    return sum(one not in run[:at] for at, one in enumerate(run)) >= LONGEST_RUN


class Earlier:
    """The questions asked so far, by name."""

    def __init__(
        self, questions: Sequence[Question], reckoned: Sequence[Reckoned] = (), silent: Collection[str] = ()
    ) -> None:
        self.all = {question.name for question in questions}
        self.reckoned = _known_once(reckoned)
        """Expressions by name."""
        self.silent = silent
        """Names of notes, which have no answer."""
        self.known: dict[str, list[Question]] = {}

    def add(self, question: Question) -> None:
        """Remember a question that is asked."""
        self.known.setdefault(question.name, []).append(question)

    def fell_apart(self, question: Question, lists: Sequence[Question]) -> None:
        """Remember that a question is asked as several: its answer is that of the one that was asked."""
        self.reckoned[question.name] = filters.as_expression(lists)
        self.all.discard(question.name)

    def find(self, name: str) -> Question:
        """Return an earlier question. Raises Beyond where none, or more than one, has that name."""
        found = self.known.get(name, [])
        if len(found) == 1 and found[0].verb != "say":
            return found[0]
        if found:
            raise Beyond(f"${{{name}}}, which has no answer of its own")
        raise Beyond(f"${{{name}}}, which is asked later" if name in self.all else f"${{{name}}}, which is not asked")

    def read(self, expression: str) -> Node:
        """Return an expression with what is calculated in place of its name. Raises Beyond."""
        return self.looked_through(parse(expression))

    def looked_through(self, node: Node, depth: int = 0) -> Node:
        """Return an expression with what is calculated in place of its name; a note has no answer. Raises Beyond."""
        names = refs(node) & set(self.reckoned) - self.all
        if names and depth >= DEEPEST:
            raise Beyond("what is calculated of itself")
        empty: dict[str, Node] = {name: Literal("") for name in self.silent}
        inner = {name: self.looked_through(parse(self.reckoned[name]), depth + 1) for name in names}
        made = put(node, empty | inner)
        if sum(1 for _ in walk(made)) > LARGEST:
            raise Beyond("so much that is calculated")
        return made


def _known_once(reckoned: Sequence[Reckoned]) -> dict[str, str]:
    """Return expressions by name; of two that have the same name, none is known."""
    names = [one.name for one in reckoned]
    return {one.name: one.said if names.count(one.name) == 1 else "" for one in reckoned}


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
    known = by_name(questions)
    for at in range(len(questions)):
        found = list(_onward(questions[at], questions[at + 1 :], last, known.__getitem__))
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
