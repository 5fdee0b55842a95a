"""A flow bound to a round: placeholders filled, lists brought, in every language."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from flows.composing import tables
from flows.model import Allocate, BestWorst, Choose, Option, Pick, Rank, Rate
from flows.phrasebook import PHRASES
from flows.words import fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.model import Flow, Script, State

    Worded: TypeAlias = str | Mapping[str, str]
    """A text, or one for each language."""

_NAME = re.compile(r"[a-z0-9_]{1,24}")


def missing(flow: Flow, values: Mapping[str, Worded], lists: Mapping[str, Sequence[tuple[str, Worded]]]) -> list[str]:
    """Return the placeholders and lists that `flow` needs and nobody has brought (empty ones included)."""
    texts = [name for name in sorted(flow.placeholders) if not values.get(name)]
    return texts + [name for name in sorted(flow.lists) if not lists.get(name)]


def bind(
    flow: Flow, values: Mapping[str, Worded], lists: Mapping[str, Sequence[tuple[str, Worded]]] = MappingProxyType({})
) -> Flow:
    """Return `flow` with `values` in its placeholders and `lists` of (id, label) before the options that want them.

    A label or value is a text or a mapping of language to text. `{n}` and `{minutes}` follow from the flow itself,
    `{k}` from the list of its state. What is not brought stays as it is. Raises ValueError for a list id that no button
    can carry.
    """
    _check_ids(lists)
    scripts = {one: _script(flow, script, values, lists) for one, script in flow.scripts.items()}
    titles = {one: fill(title, _in_language(values, one, flow.language)) for one, title in flow.title.items()}
    return replace(flow, scripts=MappingProxyType(scripts), title=MappingProxyType(titles))


def _check_ids(lists: Mapping[str, Sequence[tuple[str, Worded]]]) -> None:
    for name, entries in lists.items():
        for one, _ in entries:
            if not _NAME.fullmatch(one):
                raise ValueError(f'{name}: "{one}" is no id. Use at most 24 small letters, digits and _.')


def _script(
    flow: Flow, script: Script, values: Mapping[str, Worded], lists: Mapping[str, Sequence[tuple[str, Worded]]]
) -> Script:
    known = _in_language(values, script.language, flow.language)
    counted = {"n": str(flow.asked), "minutes": str(flow.takes), **known}
    brought = {
        name: tuple(Option(one, worded(label, script.language, flow.language)) for one, label in entries)
        for name, entries in lists.items()
    }
    states = {name: _state(state, counted, brought) for name, state in script.states.items()}
    phrases = {key: _phrase(key, text, known) for key, text in script.phrases.items()}
    return replace(
        script,
        states=MappingProxyType(states),
        phrases=MappingProxyType(phrases),
        tables=MappingProxyType(tables(states, script.words)),
    )


def _in_language(values: Mapping[str, Worded], language: str, otherwise: str) -> dict[str, str]:
    return {name: worded(value, language, otherwise) for name, value in values.items()}


def worded(value: Worded, language: str, otherwise: str) -> str:
    """Return a value in `language`, else in the `otherwise` language, else in any it has; empty where it has none."""
    if isinstance(value, str):
        return value
    return value.get(language) or value.get(otherwise) or next(iter(value.values()), "")


def _phrase(key: str, text: str, known: Mapping[str, str]) -> str:
    """Fill a phrase, but for what the engine itself fills while it plays."""
    own = PHRASES.get(key, ())
    return fill(text, {name: value for name, value in known.items() if name not in own})


def _state(state: State, values: Mapping[str, str], lists: Mapping[str, tuple[Option, ...]]) -> State:
    if brought := lists.get(getattr(state, "options_from", None) or ""):
        values = {**values, "k": str(len(brought))}
    filled = replace(state, text=fill(state.text, values), why=fill(state.why, values))
    match filled:
        case Choose() | Pick() | Rank() | Allocate() | BestWorst():
            own = _labelled(filled.options, values)
            return replace(filled, options=_joined(lists.get(filled.options_from or "", ()), own))
        case Rate(options=options):
            return replace(filled, options=_labelled(options, values))
        case _:
            return filled


def _labelled(options: tuple[Option, ...], values: Mapping[str, str]) -> tuple[Option, ...]:
    return tuple(replace(one, label=fill(one.label, values)) for one in options)


def _joined(brought: tuple[Option, ...], own: tuple[Option, ...]) -> tuple[Option, ...]:
    """Return the list of the round before the state's own options; an id that both have stays the state's own."""
    taken = {one.id for one in own}
    return (*(one for one in brought if one.id not in taken), *own)
