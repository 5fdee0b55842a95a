"""For whom somebody answers: asked once, before the questions of any flow, where an organiser wishes so. Pure.

The questions themselves are a flow like any other, `parts/for_whom.toml`; here they are laid into another one.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from flows.model import Ask, Choose, Comparison, End, Number, Say, Transition

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flows.model import Condition, Flow, State

PART, VERSION = "for_whom", 1
"""The flow that asks; an open round keeps to the version it was opened with."""
DOOR = "first"
"""Says nothing and leads past the part or into it, where a flow begins with a question."""
ROLE = "voice"
"""What its answers are: they say for whom somebody speaks, and nothing about the service."""


def asked_first(flow: Flow, part: Flow, silent: Collection[str]) -> Flow:
    """Return `flow` with the questions of `part` behind its consent, or behind what it says first where it has none.

    On the `silent` channels they are passed over: whoever takes answers down there has said it already.
    """
    base = flow.script(flow.language).states
    before = _before(flow, base)
    first, entry = f"{part.id}.{part.start}", before.next[0].to if before else flow.start
    ways = (Transition(entry, (Comparison("@channel", "in", tuple(silent)),)), Transition(first))
    door = f"{part.id}.{DOOR}"
    laid = {}
    for language, script in flow.scripts.items():
        states = {**script.states, **_states(part, part.script(language).states, entry)}
        if before:
            states[before.id] = replace(states[before.id], next=ways)
        else:
            states[door] = Say(id=door, next=ways)
        laid[language] = replace(script, states=MappingProxyType(states))
    return replace(
        flow,
        start=flow.start if before else door,
        scripts=MappingProxyType(laid),
        questions=flow.questions + part.questions,
        asked=flow.asked + part.asked,
        minutes=round(flow.minutes + part.minutes, 2),
    )


def _before(flow: Flow, states: Mapping[str, State]) -> State | None:
    """Return the state behind which it is asked; None: before all others."""
    for state in states.values():
        if isinstance(state, Choose) and state.role == "begin" and _straight(state):
            return state
    found, at = None, states[flow.start]
    while isinstance(at, Say) and _straight(at) and at is not found:
        found, at = at, states[at.next[0].to]
    return found


def _straight(state: State) -> bool:
    return len(state.next) == 1 and not state.next[0].when


def _states(part: Flow, states: Mapping[str, State], entry: str) -> dict[str, State]:
    """Return the questions of the part under names of their own; where it would end, the other flow goes on."""
    ends = {state.id for state in states.values() if isinstance(state, End)}
    to = {name: entry if name in ends else f"{part.id}.{name}" for name in states}
    return {
        to[state.id]: replace(
            state,
            id=to[state.id],
            next=tuple(Transition(to[way.to], tuple(_renamed(one, to) for one in way.when)) for way in state.next),
            role=ROLE,
        )
        for state in states.values()
        if isinstance(state, Choose | Number | Ask)
    }


def _renamed(condition: Condition, to: Mapping[str, str]) -> Condition:
    return replace(condition, subject=to[condition.subject]) if isinstance(condition, Comparison) else condition
