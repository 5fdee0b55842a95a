"""How a question of a flow was asked, in each of its languages, and which figures are made of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests.results import Kind
from flows.model import Allocate, BestWorst, Rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.model import Flow, Option


def question(flow: Flow, state: str) -> dict[str, str]:
    """Return the words of a question in each language."""
    return {language: flow.script(language).states[state].text.strip() for language in flow.languages}


def label(flow: Flow, state: str, place: int) -> dict[str, str]:
    """Return the words of the option at a place, in each language."""
    return {language: _options(flow, language, state)[place].label for language in flow.languages}


def wording(flow: Flow, state: str) -> dict[str, tuple[str, ...]]:
    """Return in each language what is asked, and what each option says."""
    return {
        language: (asked, *(f"{option.id} {option.label}" for option in _options(flow, language, state)))
        for language, asked in question(flow, state).items()
    }


def _options(flow: Flow, language: str, state: str) -> Sequence[Option]:
    options: Sequence[Option] = getattr(flow.script(language).states[state], "options", ())
    return options


def kind(asked: Rank | Allocate | BestWorst) -> tuple[Kind, int]:
    """Return how people said what they want, and how many options or points there are for it; 0 for cards."""
    match asked:
        case Rank():
            return Kind.RANK, asked.places
        case Allocate():
            return Kind.ALLOCATE, asked.points
        case BestWorst():
            return Kind.BESTWORST, 0
