"""Lists that are a scale of the bank: questions that offer them are rated, and their figures compare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flows.form import ScalesForm
from flows.shelf import NOT_APPLICABLE, scale_words
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.importing.losses import Ledger
    from bot.importing.questions import Question
    from flows.shelf import Shelf


def scaled(question: Question, language: str, shelf: Shelf, ledger: Ledger) -> Question:
    """Return a question as one that is rated, where its choices read as the steps of a scale in `language`."""
    if question.verb != "choose" or question.filter:
        return question
    for name, steps in _scales(shelf, language):
        if found := _matched(question, name, steps, language):
            if [choice.id for choice in found.choices] != [*steps][: len(found.choices)]:
                what = f'its choices are the scale "{name}"; the best answer is offered first'
                ledger.note("survey", question.row, what)
            return found
    return question


def _scales(shelf: Shelf, language: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give each scale with its labels by id, "does not apply" last."""
    made = shelf.scales.document.form if shelf.scales else None
    for name in made.scales if isinstance(made, ScalesForm) else ():
        yield name, scale_words(shelf, name, language).options


def _matched(question: Question, scale: str, steps: Mapping[str, str], language: str) -> Question | None:
    """Return the question rated on this scale, its choices by the steps' ids; None where they are no such steps."""
    ids = {fold(label): step for step, label in steps.items()}
    found = [ids.get(fold(choice.words.get(language, ""))) for choice in question.choices]
    wanted = [step for step in steps if step != NOT_APPLICABLE]
    inner = [step for step in found if step != NOT_APPLICABLE]
    if inner not in (wanted, wanted[::-1]) or found[len(inner) :] not in ([], [NOT_APPLICABLE]):
        return None
    choices = tuple(replace(one, id=str(step)) for one, step in zip(question.choices, found, strict=True))
    return replace(question, verb="rate", scale=scale, choices=choices, has_na=len(found) > len(inner))
