"""Whether a flow's ways hold together: every state is reached, every way comes to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from flows.branching import ways
from flows.checks.codes import issue
from flows.issues import nearest
from flows.model import End, Question, Say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flows.issues import Issue, Where
    from flows.model import Flow, State

MOST_QUESTIONS = 15
"""No round asks more (US OMB circular A-11, section 280)."""

_QUESTIONS = get_args(Question)
_ASIDE = frozenset({"urgent"})


def broken(flow: Flow, where: Where, gaps: Collection[str]) -> list[Issue]:
    """What is wrong with the ways. What only follows from another fault is left for the day that one is mended.

    A name that no state has is told elsewhere; here it leads where it was probably meant to, or to an end.
    """
    states = flow.scripts[flow.language].states
    edges = {state.id: [_meant(to, states) for to in ways(state)] for state in states.values()}
    sayings = {name: edges[name] for name in states if isinstance(states[name], Say) and name not in gaps}
    circling = [name for name in sayings if name in _spread([to for to in sayings[name] if to in sayings], sayings)]
    excused = {*gaps, *circling, *(name for name in states if None in edges[name])}
    return [
        *(_circle(name, where) for name in circling),
        *_unreachable(states, _meant(flow.start, states), edges, {*gaps, *circling}, where),
        *_endless(states, _meant(flow.start, states), edges, excused, where),
    ]


_Edges: TypeAlias = "Mapping[str, list[str | None]]"
"""By state the states its ways lead to; None for a name that is nobody's and like nobody's."""


def _meant(to: str, states: Mapping[str, State]) -> str | None:
    return to if to in states else nearest(to, states)


def _unreachable(
    states: Mapping[str, State], start: str | None, edges: _Edges, unsure: Collection[str], where: Where
) -> Iterator[Issue]:
    """States that no way leads to; an end is not blamed where another fault may keep everybody from it."""
    reached = _spread([start], edges)
    ends = {name for name in states if isinstance(states[name], End)}
    excused = _ASIDE | (ends if unsure and not ends & reached else set())
    for state in states if start else ():
        if state not in reached and state not in excused:
            yield issue(
                where(state),
                f'no way leads to state "{state}". Name it in a "next", or take it out.',
                "unreachable-state",
            )


def _endless(
    states: Mapping[str, State], start: str | None, edges: _Edges, excused: Collection[str], where: Where
) -> Iterator[Issue]:
    """Where the way breaks off; where it only goes round in a circle, the first state of the circle."""
    back: dict[str | None, list[str | None]] = {}
    for state, targets in edges.items():
        for to in targets:
            back.setdefault(to, []).append(state)
    ending = _spread([name for name in states if isinstance(states[name], End) or name in excused], back)
    endless = _spread([start], edges) - ending - _ASIDE
    lost = [name for name in states if name in endless]
    broken_off = [name for name in lost if not edges[name]]
    for name in broken_off or lost[:1]:
        yield issue(where(name), f'no way leads from state "{name}" to an end. Give it a "next".', "no-end")


def _spread(start: Iterable[str | None], edges: Mapping[Any, list[str | None]]) -> set[str | None]:
    found: set[str | None] = set()
    waiting = [*start]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting.extend(edges.get(at, ()))
    return found


def _circle(state: str, where: Where) -> Issue:
    """A circle of sayings: the bot would talk for ever."""
    return issue(
        where(state, "next"),
        f'state "{state}" leads back to itself without a question. Ask something on the way.',
        "loop-without-question",
    )


def too_many(flow: Flow, where: Where) -> Iterator[Issue]:
    """Yield the fault of asking one citizen more than is bearable."""
    if flow.questions > MOST_QUESTIONS:
        state = next(iter(flow.scripts[flow.language].states))
        many = str(flow.questions) if flow.questions_exact else f"up to {flow.questions}"
        loose = "" if flow.questions_exact else " (its circles are too many to count it exactly)"
        yield issue(
            (where(state)[0], 1),
            f"one citizen can meet {many} questions{loose}; at most {MOST_QUESTIONS} are bearable. Leave some out.",
            "too-many-questions",
        )


def is_question(state: State) -> bool:
    """Return whether a state waits for an answer of its own (a review does not count)."""
    return isinstance(state, _QUESTIONS)
