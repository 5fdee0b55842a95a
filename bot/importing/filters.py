"""A list that depends on earlier answers: one question for each list that the filter of a form makes.

Which choices are offered is found by trying every answer to the questions that the filter looks at.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from bot.importing.questions import Column
from bot.importing.relevance import ALWAYS, answered, as_one, both
from bot.importing.xpath import COLUMN, Beyond, Call, Literal, holds, parse, put, refs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.importing.choices import Choice
    from bot.importing.names import Names
    from bot.importing.questions import Question
    from bot.importing.ways import Earlier
    from bot.importing.xpath import Node

MOST_TRIED = 2000
"""Combinations of earlier answers that are tried."""

MOST_LISTS = 12
"""Lists that one question may fall into before nobody can look after them."""


def split(question: Question, earlier: Earlier, names: Names) -> list[Question]:
    """Return a question for each list that its filter makes, each asked where that list is offered.

    Raises Beyond where the filter looks at more than choices made earlier.
    """
    rules = [_rule(question.filter, choice, earlier) for choice in question.choices]
    lists = [*_lists(rules, earlier)]
    found = [_offering(question, rules, offered, earlier) for offered in lists]
    if len(found) > 1:
        found = [_named(one, names, number) for number, one in enumerate(found, 1)]
    return found


def _rule(filter_: str, choice: Choice, earlier: Earlier) -> Node:
    """Return when a choice is offered: the filter with what stands in its columns."""
    node = parse(filter_, choice.cells)
    cells: dict[str, Node] = {COLUMN + column: Literal(text) for column, text in choice.cells.items()}
    return earlier.looked_through(put(node, cells))


def _lists(rules: Sequence[Node], earlier: Earlier) -> Iterator[tuple[bool, ...]]:
    """Give each list that some answers leave, as what is in it of all; an empty one asks nobody."""
    questions = [earlier.find(name) for name in sorted(set().union(*map(refs, rules)))]
    if not all(one.has_choices for one in questions):
        raise Beyond("more than a choice made earlier")
    answers = [("", *(choice.name for choice in one.choices)) for one in questions]
    if prod(map(len, answers)) * len(rules) > MOST_TRIED:
        raise Beyond("so many answers together")
    tried = (dict(zip([one.name for one in questions], each, strict=True)) for each in product(*answers))
    found = dict.fromkeys(tuple(holds(rule, each) for rule in rules) for each in tried)
    offered = [one for one in found if any(one)]
    if not offered:
        raise Beyond("a list that is always empty")
    if len(offered) > MOST_LISTS:
        raise Beyond("so many lists")
    yield from offered


def _offering(question: Question, rules: Sequence[Node], offered: tuple[bool, ...], earlier: Earlier) -> Question:
    """Return the question with one of its lists, asked where just these choices are left."""
    choices = tuple(choice for choice, kept in zip(question.choices, offered, strict=True) if kept)
    if len({one.name for one in choices}) < len(choices):
        raise Beyond("choices of the same name in one list")
    if (question.bounds.least or 1) > len(choices) and question.verb != "rank":
        raise Beyond("fewer choices than it wants")
    exact = [rule if kept else Call("not", (rule,)) for rule, kept in zip(rules, offered, strict=True)]
    node = exact[0]
    for one in exact[1:]:
        node = Call("and", (node, one))
    asked = both(question.when, as_one(node, earlier.find), earlier.find)
    bounds = replace(question.bounds, least=len(choices)) if question.verb == "rank" else question.bounds
    return replace(question, choices=choices, bounds=bounds, when=asked)


def _named(question: Question, names: Names, number: int) -> Question:
    """Return one of several lists as a question; its name is its id, which no other question has."""
    name = names.give(f"{question.name}_{number}")
    return replace(question, name=name, id=name, of=question.name)


def together(question: Question, lists: Sequence[Question]) -> Column:
    """Return what was answered to a question, whichever of its lists was offered."""
    first = [(answered(one), one) for one in lists[:-1]]
    return Column(question.name, question.id, (*first, (ALWAYS, lists[-1])))


def as_expression(lists: Sequence[Question]) -> str:
    """Return what was answered to a question that fell into lists, as the form would say it."""
    said = f"${{{lists[-1].name}}}"
    for one in reversed(lists[:-1]):
        said = f"if(${{{one.name}}} != '', ${{{one.name}}}, {said})"
    return said
