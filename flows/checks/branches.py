"""Ways that no answer takes, and answers that no way leads out of: every combination that matters is tried.

A place in the search is a state together with what is known there that some later comparison still asks for. Where
there are too many of them, what was answered before is forgotten: then fewer faults are found, and none that is not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from flows.branching import ways
from flows.checks.answers import Said, answers, circumstances, nothing_said
from flows.checks.codes import issue
from flows.comparing import fault
from flows.diagram import compared
from flows.model import End, Together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flows.issues import Issue, Where
    from flows.model import Comparison, Condition, Flow, State, Transition

MOST_PLACES = 100_000
"""Places, with what is known there, after which the search forgets what was answered before."""

_Known: TypeAlias = "frozenset[tuple[str, frozenset[Comparison]]]"
"""By subject the comparisons that hold, as pairs."""

_Place: TypeAlias = "tuple[str, _Known]"

_NO_ANSWER = frozenset({Said(frozenset())})


def untaken(flow: Flow, where: Where) -> Iterator[Issue]:
    """Yield the ways and options of a playable flow that no answer takes, and answers that lead round for ever."""
    search = _Search(flow)
    found = search.run(forgetful=False) or search.run(forgetful=True)
    if found is None:
        return
    for state in search.states.values():
        if state.id in found.reached:
            yield from _dead_ways(state, search, found, where)
            yield from _dead_options(state, found, where)
    yield from _circle(search.states, found, where)


@dataclass(slots=True)
class _Found:
    """What a search met: places and what follows them, ways taken, ways whose comparisons held at some place."""

    after: dict[_Place, set[_Place]] = field(default_factory=dict)
    taken: set[tuple[str, int]] = field(default_factory=set)
    held: set[tuple[str, int]] = field(default_factory=set)
    own: set[tuple[str, str]] = field(default_factory=set)
    ends: set[_Place] = field(default_factory=set)

    @property
    def reached(self) -> set[str]:
        return {state for state, _ in self.after}


class _Search:
    """Walks every way through a flow with every answer that makes a difference."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.states = flow.scripts[flow.language].states
        self.wanted = wanted_in(self.states, flow.languages)
        self.said = {name: self._answers(state) for name, state in self.states.items()}
        self.about = {subject: circumstances(flow, subject, self.wanted[subject]) for subject in self._context()}
        self.needed = needed_in(self.states, set(self.wanted))
        self.sound = {one for wanted in self.wanted.values() for one in wanted}
        self.unasked: Mapping[str, frozenset[Comparison]] = {}

    def _answers(self, state: State) -> frozenset[Said] | None:
        if not self.wanted.get(state.id) and not getattr(state, "ways", None):
            return _NO_ANSWER
        found = answers(self.states, state, self.wanted.get(state.id, ()))
        return None if found is None else frozenset(found)

    def _unasked(self) -> dict[str, frozenset[Comparison]]:
        """Return what holds of questions that were not asked; not of those whose answers nobody can list."""
        return {name: nothing_said(wanted) for name, wanted in self.wanted.items() if self.said.get(name)}

    def _context(self) -> list[str]:
        return [subject for subject in self.wanted if subject.startswith("@")]

    def run(self, *, forgetful: bool) -> _Found | None:
        """Return what there is to find; None where there are more places than can be looked at."""
        found = _Found()
        self.unasked = {} if forgetful else self._unasked()
        looked = 0
        waiting = [(self.flow.start, known) for known in self._beginnings(forgetful=forgetful)]
        while waiting:
            place = waiting.pop()
            if place in found.after:
                continue
            looked += 1 + len(place[1])
            if not forgetful and looked > MOST_PLACES:
                return None
            found.after[place] = {(to, self._kept(to, known)) for to, known in self._onward(place, found)}
            if forgetful:
                found.after[place] = {(to, frozenset()) for to, _ in found.after[place]}
            waiting += found.after[place]
        return found

    def _beginnings(self, *, forgetful: bool) -> set[_Known]:
        known: set[_Known] = {frozenset()}
        for subject, possible in () if forgetful else self.about.items():
            known = {before | {(subject, said.facts)} for before in known for said in possible}
        return {self._kept(self.flow.start, one) for one in known}

    def _kept(self, state: str, known: _Known) -> _Known:
        return frozenset(pair for pair in known if pair[0] in self.needed[state])

    def _onward(self, place: _Place, found: _Found) -> Iterator[tuple[str, _Known]]:
        """Yield where each answer leads, with what is known then."""
        name, known = place
        state = self.states[name]
        if isinstance(state, End):
            found.ends.add(place)
            return
        before = frozenset(pair for pair in known if pair[0] != name)
        possible = self.said[name]
        for said in possible or ():
            now = before | {(name, said.facts)}
            if said.own:
                found.own.add((name, said.own))
                yield said.own, now
            else:
                yield from ((to, now) for to in self._table(state, now, found))
        if possible is None:
            yield from ((to, before) for to in self._any_way(state, before, found))

    def _table(self, state: State, known: _Known, found: _Found) -> Iterator[str]:
        """Yield where the table leads: one way where all is known, more where something is not."""
        facts = dict(known)
        is_over = False
        for number, way in enumerate(state.next):
            holding = self._holds(way, facts)
            if holding is False:
                continue
            found.held.add((state.id, number))
            if not is_over:
                found.taken.add((state.id, number))
                yield way.to
            is_over = is_over or holding is True

    def _any_way(self, state: State, known: _Known, found: _Found) -> Iterator[str]:
        """Yield every way out of a question whose answers nobody can list."""
        found.own |= {(state.id, option.next) for option in getattr(state, "options", ()) if option.next}
        yield from (option.next for option in getattr(state, "options", ()) if option.next)
        yield from self._table(state, known, found)

    def _holds(self, way: Transition, facts: Mapping[str, frozenset[Comparison]]) -> bool | None:
        """Return whether a way is open; None where it depends on what is not known."""
        return self._true(Together("all", way.when), facts) if way.when else True

    def _true(self, one: Condition, facts: Mapping[str, frozenset[Comparison]]) -> bool | None:
        if isinstance(one, Together):
            each = [self._true(inner, facts) for inner in one.of]
            settling = one.how == "any"
            whole = settling if settling in each else None if None in each else not settling
            return None if whole is None or not one.of else whole != (one.how == "not")
        known = facts.get(one.subject, self.unasked.get(one.subject))
        return None if known is None or one not in self.sound else one in known


def wanted_in(states: Mapping[str, State], languages: Collection[str]) -> dict[str, list[Comparison]]:
    """Return by subject what is compared with it anywhere, faulty comparisons left out."""
    found: defaultdict[str, dict[Comparison, None]] = defaultdict(dict)
    for state in states.values():
        for one in (one for way in state.next for one in comparisons_in(way.when)):
            if not fault(one, states, languages):
                found[one.subject][one] = None
    return {subject: [*wanted] for subject, wanted in found.items()}


def comparisons_in(conditions: Iterable[Condition]) -> Iterator[Comparison]:
    """Yield every comparison in conditions, however deep they are put together."""
    for one in conditions:
        if isinstance(one, Together):
            yield from comparisons_in(one.of)
        else:
            yield one


def needed_in(states: Mapping[str, State], subjects: set[str]) -> dict[str, set[str]]:
    """Return for each state the subjects that it or a later one compares with something, answered before it."""
    needed = {name: (_subjects(state) & subjects) - {name} for name, state in states.items()}
    before: defaultdict[str, set[str]] = defaultdict(set)
    for name, state in states.items():
        for to in ways(state):
            before[to].add(name)
    waiting = [*states]  # the last first, so that most is known before it is handed on
    while waiting:
        at = waiting.pop()
        for name in before[at]:
            more = needed[at] - needed[name] - {name}
            if more:
                needed[name] |= more
                waiting.append(name)
    return needed


def _subjects(state: State) -> set[str]:
    return {one.subject for way in state.next for one in comparisons_in(way.when)}


# --------------------------------------------------------------------------- what an author reads


def _dead_ways(state: State, search: _Search, found: _Found, where: Where) -> Iterator[Issue]:
    for number, way in enumerate(state.next):
        if (state.id, number) in found.taken or not way.when or _is_told(state.next[: number + 1], search):
            continue
        if (state.id, number) in found.held:
            message = (
                f'no answer comes as far as this way from "{state.id}": those before it take them all. Put it first.'
            )
        else:
            asked = ", ".join(map(compared, way.when))
            message = f'no answer opens this way from "{state.id}": {asked} never holds here. Mend its when.'
        yield issue(where(state.id, "next", number), message, "dead-way")


def _is_told(ways_so_far: Sequence[Transition], search: _Search) -> bool:
    """Whether another fault is told of these ways: one before always holds, or a comparison cannot be made."""
    is_faulty = any(one not in search.sound for one in comparisons_in(ways_so_far[-1].when))
    return is_faulty or not all(way.when for way in ways_so_far[:-1])


def _dead_options(state: State, found: _Found, where: Where) -> Iterator[Issue]:
    for number, option in enumerate(getattr(state, "options", ())):
        if option.next and (state.id, option.next) not in found.own:
            message = (
                f'nobody can take the way of option "{option.id}" of "{state.id}": what is picked with it leads on. '
                "Take its next out, or put the option first."
            )
            yield issue(where(state.id, "options", number), message, "dead-option")


def _circle(states: Mapping[str, State], found: _Found, where: Where) -> Iterator[Issue]:
    """Tell the first state from which, for some answers, no end can be reached any more."""
    back: defaultdict[_Place, set[_Place]] = defaultdict(set)
    for place, following in found.after.items():
        for one in following:
            back[one].add(place)
    saved: set[_Place] = set()
    waiting = [*found.ends]
    while waiting:
        at = waiting.pop()
        if at not in saved:
            saved.add(at)
            waiting += back[at]
    lost = {state for state, _ in found.after.keys() - saved}
    first = next((state for state in states if state in lost), None)
    if first:
        message = (
            f'for some answers the way goes round for ever from "{first}". Let an answer in the circle lead out of it.'
        )
        yield issue(where(first), message, "endless-circle")
