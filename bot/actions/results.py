"""What people answered to a question that was asked back: as far as it may be told, words masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.actions.telling import load
from bot.digests.disclosure import INDICATION_BELOW
from bot.digests.disclosure import row as told_row
from storage import actions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from storage.actions import Action

    Mask = Callable[[str, str], str]
    """Takes a text and its language."""

SHOWN = 20
"""Texts that are shown, the newest first."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answers to one question."""

    people: int | None
    """How many answered; None: fewer than the minimum."""
    options: Sequence[tuple[str, int | None]] = ()
    """Each answer that was offered, with how many gave it; None: hidden."""
    texts: Sequence[str] = ()


def of(db: Connection, action: Action, minimum: int, language: str, mask: Mask) -> Result:
    """Return the answers as they may be shown, `mask` taking out of words what would tell who they are.

    While the question is open only how many have answered is told, in steps of the minimum: whoever looks twice would
    else see the answer of one person come. Once it is over all is told that the minimum of people share.
    """
    given = actions.replies(db, action.id)
    people = len(given) - (len(given) % minimum if action.state == actions.OPEN else 0)
    if people < minimum or action.state == actions.OPEN:
        return Result(people if people >= minimum else None)
    letter = load(action.letter)
    offered = letter.choices.get(letter.in_(language), ())
    chosen = actions.chosen(given)
    counts = _told([chosen[n] for n in range(len(offered))], minimum) if offered else ()
    said = [mask(each.text, each.language) for each in given if each.text]
    return Result(people, list(zip(offered, counts, strict=True)), said[:SHOWN] if len(said) >= minimum else ())


def _told(counts: Sequence[int], minimum: int) -> Sequence[int | None]:
    """Return the counts as they may be shown; that all of a few people said the same would tell about each of them."""
    if max(counts) == sum(counts) < INDICATION_BELOW:
        return [None] * len(counts)
    return told_row(counts, minimum)
