"""What changed between two versions of a flow, question by question: for those who open rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from flows.model import Choose, Flow, State

KINDS = (
    "added",
    "removed",
    "moved",
    "verb",
    "words",
    "why",
    "option_added",
    "option_removed",
    "option_words",
    "option_order",
    "ways",
    "rules",
    "title",
    "start",
    "language_added",
    "language_removed",
    "translated",
)
"""What can have changed; each has a sentence wherever changes are shown."""


class Change(NamedTuple):
    """One thing that changed; `state` is empty for the flow as a whole."""

    kind: str
    state: str = ""
    old: str = ""
    new: str = ""
    """Words, an option, or a language, as the kind needs them."""


def changes(old: Flow, new: Flow) -> list[Change]:
    """Return what an organiser should know who used `old` and will use `new`: the flow, its questions, translations."""
    return [*_of_flow(old, new), *_of_states(old, new), *_of_translations(old, new)]


def _of_flow(old: Flow, new: Flow) -> Iterator[Change]:
    titles = old.title.get(old.language, ""), new.title.get(new.language, "")
    if titles[0] != titles[1]:
        yield Change("title", "", *titles)
    if old.start != new.start:
        yield Change("start", "", old.start, new.start)
    for language in new.languages:
        if language not in old.languages:
            yield Change("language_added", new=language)
    for language in old.languages:
        if language not in new.languages:
            yield Change("language_removed", old=language)


def _of_states(old: Flow, new: Flow) -> Iterator[Change]:
    before, after = _states(old), _states(new)
    for name, state in after.items():
        if name not in before:
            yield Change("added", name, new=state.text)
    for name, state in before.items():
        if name not in after:
            yield Change("removed", name, old=state.text)
    for name in _moved(before, after):
        yield Change("moved", name)
    for name, state in after.items():
        if name in before:
            yield from _of_state(before[name], state)


def _states(flow: Flow) -> Mapping[str, State]:
    return flow.script(flow.language).states


def _moved(before: Mapping[str, State], after: Mapping[str, State]) -> list[str]:
    """Return the fewest states whose moves explain the new order: those outside the longest order that stayed."""
    order = [name for name in after if name in before]
    places = {name: place for place, name in enumerate(before)}
    best: dict[str, list[str]] = {}
    for name in order:
        shorter = [kept for last, kept in best.items() if places[last] < places[name]]
        best[name] = [*max(shorter, key=len, default=()), name]
    stayed = set(max(best.values(), key=len, default=()))
    return [name for name in order if name not in stayed]


def _of_state(old: State, new: State) -> Iterator[Change]:
    if type(old) is not type(new):
        yield Change("verb", new.id, type(old).__name__.lower(), type(new).__name__.lower())
    if old.text != new.text:
        yield Change("words", new.id, old.text, new.text)
    if old.why != new.why:
        yield Change("why", new.id, old.why, new.why)
    yield from _of_options(old, new)
    if _ways(old) != _ways(new):
        yield Change("ways", new.id)
    shared = _options(old).keys() & _options(new).keys()
    if type(old) is type(new) and _rules(old, shared) != _rules(new, shared):
        yield Change("rules", new.id)


def _options(state: State) -> dict[str, str]:
    return {option.id: option.label for option in getattr(state, "options", ())}


def _of_options(old: State, new: State) -> Iterator[Change]:
    before, after = _options(old), _options(new)
    yield from (Change("option_added", new.id, new=label) for one, label in after.items() if one not in before)
    yield from (Change("option_removed", new.id, old=label) for one, label in before.items() if one not in after)
    shared = [one for one in after if one in before]
    for one in shared:
        if before[one] != after[one]:
            yield Change("option_words", new.id, before[one], after[one])
    if shared != [one for one in before if one in after]:
        yield Change("option_order", new.id)


def _ways(state: State) -> object:
    own = {option.id: option.next for option in getattr(state, "options", ()) if option.next}
    return state.next, own


def _rules(state: State, shared: Collection[str]) -> object:
    """Return what is left of a state without its words, its ways, and the options it does not share: limits, scores."""
    bare = replace(state, text="", why="", next=())
    if not hasattr(bare, "options"):
        return bare
    offering = cast("Choose", bare)
    options = sorted((one for one in offering.options if one.id in shared), key=lambda one: one.id)
    return replace(offering, options=tuple(replace(one, label="", next=None) for one in options))


def _of_translations(old: Flow, new: Flow) -> Iterator[Change]:
    """Name each translation in which words changed that did not change in the flow's own language."""
    for language in sorted(set(old.languages) & set(new.languages) - {new.language}):
        mine = zip(_words(old, language), _words(new, language), strict=False)
        own = zip(_words(old, new.language), _words(new, new.language), strict=False)
        if any(one != other and same == still for (one, other), (same, still) in zip(mine, own, strict=False)):
            yield Change("translated", new=language)


def _words(flow: Flow, language: str) -> list[tuple[str, ...]]:
    states = flow.script(language).states
    return [(name, states[name].text, states[name].why, *_options(states[name]).values()) for name in sorted(states)]
