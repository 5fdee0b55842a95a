"""Whether a flow's questions may be asked as they are: without a way round, without their own ground, in this time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.branching import reachable, ways
from flows.checks.codes import issue
from flows.checks.ways import is_question
from flows.longest import longest
from flows.model import End, whole_minutes
from flows.timing import minutes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from flows.bank import Bank
    from flows.issues import Issue, Where
    from flows.model import Flow, State
    from flows.plain import Plain


def musts(flow: Flow, where: Where) -> Iterator[Issue]:
    """Yield the questions that everybody who comes to the end meets and nobody may skip; the frame's own aside."""
    states = flow.scripts[flow.language].states
    passed = _passed_by_all(states, flow.start)
    for state in states.values():
        must = is_question(state) and not getattr(state, "optional", True) and not getattr(state, "role", None)
        if must and state.id in passed:
            message = (
                f'everybody must answer "{state.id}"; who will not must stop. Could people skip it (optional = true)?'
            )
            yield issue(where(state.id), message, "everybody-must")


def _passed_by_all(states: Mapping[str, State], start: str) -> set[str]:
    """Return the states on every way from `start` to an end that counts: its dominators, kept as bits of a number."""
    reached = reachable(states, start)
    names = [name for name in states if name in reached]
    bit = {name: 1 << number for number, name in enumerate(names)}
    everything = (1 << len(names)) - 1
    before: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for to in ways(states[name]):
            before[to].append(name)
    passed = dict.fromkeys(names, everything) | {start: bit[start]}
    waiting = [start]
    while waiting:
        for to in ways(states[waiting.pop()]):
            now = everything
            for name in before[to]:
                now &= passed[name]
            now |= bit[to]
            if now != passed[to] and to != start:
                passed[to] = now
                waiting.append(to)
    ends = [name for name in names if isinstance(end := states[name], End) and end.outcome == "completed"]
    on_all = everything if ends else 0
    for name in ends:
        on_all &= passed[name]
    return {name for name in names if bit[name] & on_all}


# --------------------------------------------------------------------------- data that the law guards


def guarded(flow: Flow, where: Where, bank: Bank) -> Iterator[Issue]:
    """Yield questions of a special category (GDPR, Article 9): their answers need a store of their own."""
    for state in flow.scripts[flow.language].states.values():
        item = bank.find(getattr(state, "item", None) or "")
        if item and item.special_category:
            message = (
                f'"{state.id}" asks for data the law guards most (GDPR, Article 9). It needs a ground and a store of '
                "its own, which this bot does not keep. Leave it out, or ask it elsewhere, as on a sheet without names."
            )
            yield issue(where(state.id), message, "guarded")


# --------------------------------------------------------------------------- time


def promises(flow: Flow, where: Where, plain: Callable[[str], Plain]) -> Iterator[Issue]:
    """Yield texts before the first question that promise fewer minutes than the flow takes in their language."""
    for script in flow.scripts.values():
        takes = longest(script.states, flow.start, minutes).weight
        for name in _opening(script.states, flow.start):
            said = plain(script.language).minutes_in(script.states[name].text)
            if said is not None and takes > said:
                message = (
                    f'"{name}" ({script.language}) promises {said:g} minutes, and it takes about '
                    f"{whole_minutes(takes)}. Ask less, or write {{minutes}}."
                )
                yield issue(where(name, language=script.language), message, "promise")


def _opening(states: Mapping[str, State], start: str) -> Collection[str]:
    """Return the states up to and with the first that asks something, when nothing is answered."""
    found = [start]
    while not is_question(states[found[-1]]) and ways(states[found[-1]]):
        found.append(ways(states[found[-1]])[0])
    return found
