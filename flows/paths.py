"""Every way a citizen can take through a flow, as far as its comparisons tell answers apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from flows.branching import holds, onward, ways
from flows.checks.answers import OTHER, values_of
from flows.checks.branches import needed_in, wanted_in
from flows.model import Answer, End, Review, Say, Session, whole_minutes
from flows.timing import minutes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from flows.model import Comparison, Flow, State, Value

MOST_MERGED = 1000
"""Most paths that are told at all."""
MOST = 200
"""Paths after which those that go on alike are told once only."""
_NAMED = 3
"""Most answers that are named one by one."""
_KNOWN: Mapping[str, tuple[str | bool | None, ...]] = {
    "@first_time": (True, False),
    "@channel": ("web",),
    "@area": (None,),
    "@last": (False, True),
}
"""What can be known without asking, beside what a flow names."""


class Step(NamedTuple):
    """A state on a way, and what was said there; empty where every answer goes on alike."""

    state: str
    said: str


@dataclass(frozen=True, slots=True)
class Path:
    """One way: what was known before, the states passed, and what it takes."""

    known: tuple[Step, ...]
    steps: tuple[Step, ...]
    questions: int
    minutes: float
    ending: str
    """How it goes on: empty where it is told to its end, `again` for a circle, `as before` where that was told."""

    @property
    def takes(self) -> int:
        """The minutes that are told of it."""
        return whole_minutes(self.minutes)


@dataclass(frozen=True, slots=True)
class Paths:
    """All ways of a flow. `merged`: those that go on alike are told once only; `cut`: these are too many too."""

    paths: tuple[Path, ...]
    merged: bool = False
    cut: bool = False


def paths(flow: Flow, begin: str, own: Collection[str]) -> Paths:
    """Return every way from the state `begin` through the states of `own`, up to the first that is not among them.

    Answers that no later comparison tells apart are one. Where there are more than `MOST` ways, a state that is come to
    again with nothing different for what follows ends the line: each step of the flow is then told at least once.
    Of more than `MOST_MERGED` such lines the rest is left out.
    """
    walker = _Walker(flow, begin, frozenset(own))
    whole = list(_some(walker.all(merged=False), MOST + 1))
    if len(whole) <= MOST:
        return Paths(tuple(whole))
    lines = list(_some(walker.all(merged=True), MOST_MERGED + 1))
    return Paths(tuple(lines[:MOST_MERGED]), merged=True, cut=len(lines) > MOST_MERGED)


def _some(found: Iterator[Path], most: int) -> Iterator[Path]:
    for _, path in zip(range(most), found, strict=False):
        yield path


class _Way(NamedTuple):
    """A walk that stands at a state."""

    at: str
    answers: Mapping[str, Answer]
    steps: tuple[Step, ...]


class _Walker:
    """Walks all ways, depth first, in the author's order."""

    def __init__(self, flow: Flow, begin: str, own: frozenset[str]) -> None:
        self.flow = flow
        self.begin = begin
        self.own = own
        self.states = flow.scripts[flow.language].states
        inside = {name: self.states[name] for name in own}
        self.wanted = wanted_in(inside, flow.languages)
        self.needed = needed_in(self.states, set(self.wanted))

    def all(self, *, merged: bool) -> Iterator[Path]:
        """Give each way; `merged`: end it where nothing new follows."""
        seen: set[object] | None = set() if merged else None
        for known, session, answers in self.beginnings():
            yield from self.walk(session, _Way(self.begin, answers, ()), known, seen)

    def beginnings(self) -> Iterator[tuple[tuple[Step, ...], Session, dict[str, Answer]]]:
        """Give all that can be the case when the walk begins and that a comparison asks for."""
        outside = [subject for subject in self.wanted if subject not in self.own]
        for values in product(*(self.before(subject) for subject in outside)):
            facts = dict(zip(outside, values, strict=True))
            about = {subject[1:]: value for subject, value in facts.items() if subject.startswith("@")}
            session = _nobody(self.flow).moved(**about)
            answers = {one: Answer(one, value) for one, value in facts.items() if not one.startswith("@")}
            yield tuple(Step(one, _told([value])) for one, value in facts.items()), session, answers

    def before(self, subject: str) -> Sequence[Value]:
        wanted = self.wanted[subject]
        if not subject.startswith("@"):
            return values_of(self.states[subject], wanted) or [None]
        if subject == "@before":
            return [None, (), *((str(one.value),) for one in wanted if one.operator == "contains")]
        named = [each for one in wanted for each in (one.value if isinstance(one.value, tuple) else (one.value,))]
        known = self.flow.languages if subject == "@language" else _KNOWN[subject]
        return list(dict.fromkeys([*known, *(each for each in named if each not in known)]))

    def walk(self, session: Session, way: _Way, known: tuple[Step, ...], seen: set[object] | None) -> Iterator[Path]:
        waiting = [way]
        while waiting:
            at, answers, steps = waiting.pop()
            passed = {step.state for step in steps}
            if at not in self.own or isinstance(self.states[at], End):
                yield self.path(known, (*steps, Step(at, "")), "")
            elif at in passed:
                yield self.path(known, (*steps, Step(at, "")), "again")
            elif seen is not None and steps and (key := self.key(at, answers, session)) in seen:
                yield self.path(known, (*steps, Step(at, "")), "as before")
            else:
                if seen is not None and steps:
                    seen.add(key)
                waiting += reversed(list(self.onward(at, answers, steps, session)))

    def key(self, at: str, answers: Mapping[str, Answer], session: Session) -> object:
        """Return all that makes a difference from a state on."""
        facts = [one for subject in sorted(self.needed[at]) for one in self.wanted.get(subject, ())]
        return at, tuple(holds(self.states, one, answers, session) for one in facts)

    def onward(
        self, at: str, answers: Mapping[str, Answer], steps: tuple[Step, ...], session: Session
    ) -> Iterator[_Way]:
        """Give each way on from a state: one for all answers that make no difference."""
        state = self.states[at]
        if isinstance(state, Say | Review):
            yield _Way(onward(self.states, state, answers, session), answers, steps)
            return
        groups = self.groups(state, answers, session)
        for values, to in groups:
            other = "other" if hasattr(state, "options") else "answered"
            said = _told(values, other) if len(groups) > 1 else ""
            yield _Way(to, {**answers, at: Answer(at, values[0])}, (*steps, Step(at, said)))

    def groups(self, state: State, answers: Mapping[str, Answer], session: Session) -> list[tuple[list[Value], str]]:
        """Return the answers to a state that make a difference, each with all like it, and where they lead."""
        values = values_of(state, self.wanted.get(state.id, ()))
        if values is None:
            return [([OTHER], to) for to in dict.fromkeys(ways(state))]
        found: dict[object, tuple[list[Value], str]] = {}
        for value in values:
            given = {**answers, state.id: Answer(state.id, value)}
            to = onward(self.states, state, given, session)
            facts = tuple(holds(self.states, one, given, session) for one in self.later(state, to))
            found.setdefault((to, facts), ([], to))[0].append(value)
        return list(found.values())

    def later(self, state: State, to: str) -> Sequence[Comparison]:
        """Return the comparisons with a state's answer that are still ahead."""
        return self.wanted.get(state.id, ()) if state.id in self.needed[to] else ()

    def path(self, known: tuple[Step, ...], steps: tuple[Step, ...], ending: str) -> Path:
        passed = [self.states[step.state] for step in steps[:-1]]
        return Path(known, steps, len(passed), sum(map(minutes, passed)), ending)


def _nobody(flow: Flow) -> Session:
    return Session(flow.id, flow.version, flow.language, "web", "", "", flow.start)


def _told(values: Sequence[Value], other: str = "other") -> str:
    """Return answers that go on alike, in few words; `other` stands for all that nothing names."""
    words = list(dict.fromkeys(_word(value, other) for value in values))
    return "|".join(words if len(words) <= _NAMED else [*words[: _NAMED - 1], "…"])


def _word(value: Value, other: str) -> str:
    match value:
        case None:
            return "skipped"
        case tuple():
            return "+".join(dict.fromkeys(_word(one, other) for one in value))
        case float():
            return f"{value:g}"
        case _:
            return other if str(value).startswith(OTHER) else str(value)
