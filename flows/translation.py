"""Lay a language over a state, and tell what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flows.bank import Words
from flows.model import Allocate, BestWorst, Choose, Number, Pick, Rank, Rate

if TYPE_CHECKING:
    from flows.model import State


def words_of(state: State) -> Words:
    """Return the words of a state as it stands."""
    options = {option.id: option.label for option in getattr(state, "options", ())}
    return Words(state.text, state.why, getattr(state, "unit", ""), options)


def lay(state: State, words: Words) -> State:
    """Return `state` in other `words`; what they do not hold stays as it is."""
    laid = replace(state, text=state.text if words.text is None else words.text, why=words.why or state.why)
    match laid:
        case Choose() | Pick() | Rate() | Rank() | Allocate() | BestWorst():
            labelled = tuple(replace(one, label=words.options.get(one.id) or one.label) for one in laid.options)
            return replace(laid, options=labelled)
        case Number():
            return replace(laid, unit=words.unit or laid.unit)
        case _:
            return laid


def gaps(state: State, words: Words) -> list[str]:
    """Return which words of `state` have no counterpart in `words`: `text`, `why`, `unit`, `options.<id>`."""
    return missing(words_of(state), words)


def missing(own: Words, words: Words) -> list[str]:
    """Return what `own` says and `words` do not: `text`, `why`, `unit`, `options.<id>`."""
    slots = [slot for slot in ("text", "why", "unit") if getattr(own, slot) and not getattr(words, slot)]
    return slots + [f"options.{one}" for one in own.options if not words.options.get(one)]


def told(slot: str, name: str) -> str:
    """Return in words which part of `name` is meant: `the text of "why"`, `option "yes" of "why"`."""
    part, _, option = slot.partition(".")
    return f'option "{option}" of "{name}"' if option else f'the {part} of "{name}"'
