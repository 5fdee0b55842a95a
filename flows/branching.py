"""Where to go next: tables of comparisons on earlier answers and on context. No expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from flows.model import Answer, Choose, End, Pick, Rank, Rate, Review, Say, State, Together
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.model import Comparison, Condition, Session, Transition

OPERATORS = ("is", "in", "not", "not_in", "contains", "less", "more", "answered")
"""What a comparison can ask. `contains` is for pick answers and texts; `less` and `more` for numbers and scales."""

CONTEXT = ("@language", "@channel", "@first_time", "@area", "@before", "@last")
"""What is known without asking."""


_OFFERING = (Choose, Rate, Pick, Rank)


def onward(states: Mapping[str, State], state: State, answers: Mapping[str, Answer], session: Session) -> str:
    """Return the id of the state after `state`: by the answer's own way, else the first transition that holds.

    A compiled flow always has one: the last transition of a state that goes on has no condition. Raises LookupError
    for a state that leads nowhere.
    """
    if isinstance(state, _OFFERING) and state.ways and (own := own_way(state, answers.get(state.id))):
        return own
    for transition in state.next:
        if _open(states, transition, answers, session):
            return transition.to
    raise LookupError(state.id)


def _open(states: Mapping[str, State], way: Transition, answers: Mapping[str, Answer], session: Session) -> bool:
    for one in way.when:  # noqa: SIM110 - a loop takes half of what all() and its generator take
        if not holds(states, one, answers, session):
            return False
    return True


class Walk(Struct, frozen=True):
    """A way through a flow, taken without asking anything anew."""

    state: State
    """Where it waits: a question without an answer, a review, or an end."""
    path: tuple[str, ...]
    """All states entered, the last being `state`."""
    trail: tuple[str, ...]
    """The questions passed, those before the walk included."""
    said: tuple[Say, ...]
    """What is said between the last question passed and `state`."""


def walked(
    states: Mapping[str, State], session: Session, answers: Mapping[str, Answer], at: str, trail: tuple[str, ...]
) -> Walk:
    """Walk from `at` past everything that is only said or already answered; a question in `trail` is asked anew.

    Only answers on the way tell where it goes: one that is remembered from another way leads nowhere.
    Raises LookupError where only sayings follow each other in a circle; such a flow is refused by its check.
    """
    path: tuple[str, ...] = (at,)
    said: tuple[Say, ...] = ()
    met = passed(answers, trail)
    while len(path) <= 2 * len(states):
        state = states[at]
        if isinstance(state, Say):
            said = (*said, state)
        elif at in answers and at not in trail:
            trail = (*trail, at)
            met[at] = answers[at]
            said = ()
        else:
            return Walk(state, path, trail, said)
        at = onward(states, state, met, session)
        path = (*path, at)
    raise LookupError(at)


def passed(answers: Mapping[str, Answer], trail: tuple[str, ...]) -> dict[str, Answer]:
    """Return the answers to the questions of `trail`."""
    return {one: answers[one] for one in trail if one in answers}


def ways(state: State) -> list[str]:
    """Return every state that may follow `state`, in the author's order, repeats included."""
    own = [option.next for option in getattr(state, "options", ()) if option.next]
    return [*own, *(transition.to for transition in state.next)]


def reachable(states: Mapping[str, State], start: str) -> set[str]:
    """Return the states that some way leads to from `start`, itself included."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        if at not in found and at in states:
            found.add(at)
            waiting.extend(ways(states[at]))
    return found


def ahead(states: Mapping[str, State], session: Session, answers: Mapping[str, Answer], walk: Walk) -> set[str]:
    """Return the states that some way may still lead to from where `walk` waits, that one included.

    Answers on the way there stand; any other question may still be answered in any way, and the language may change.
    """
    met, found = passed(answers, walk.trail), set[str]()
    waiting = [walk.state.id]
    while waiting:
        at = waiting.pop()
        if at not in found and at in states:
            found.add(at)
            waiting.extend(_may_follow(states, states[at], met, session))
    return found


def _may_follow(
    states: Mapping[str, State], state: State, met: Mapping[str, Answer], session: Session
) -> Iterator[str]:
    yield from (option.next for option in getattr(state, "options", ()) if option.next)
    for way in state.next:
        verdicts = {_verdict(states, one, met, session) for one in way.when}
        if False not in verdicts:
            yield way.to
        if not verdicts - {True}:
            return


def _verdict(
    states: Mapping[str, State], condition: Condition, met: Mapping[str, Answer], session: Session
) -> bool | None:
    """Return whether a condition holds; None where that is still open."""
    if isinstance(condition, Together):
        each = {_verdict(states, one, met, session) for one in condition.of}
        decides = condition.how == "any"  # one True decides that any holds, one False that not all do
        found = decides if decides in each else None if None in each else not decides
        return not found if condition.how == "not" and found is not None else found
    subject = condition.subject
    is_open = subject == "@language" or (subject in states and subject not in met)
    return None if is_open else _compared(states, condition, met, session)


def own_way(state: Choose | Rate | Pick | Rank, answer: Answer | None) -> str | None:
    """Return where the chosen option leads by itself; of several picked, the first that leads anywhere.

    Of a ranking only the best one leads.
    """
    match answer:
        case Answer(value=tuple(order)) if isinstance(state, Rank):
            return state.ways.get(order[0])
        case Answer(value=str(option)):
            return state.ways.get(option)
        case Answer(value=tuple(picked)):
            return next((to for option, to in state.ways.items() if option in picked), None)
        case _:
            return None


def holds(states: Mapping[str, State], condition: Condition, answers: Mapping[str, Answer], session: Session) -> bool:
    """Return whether one condition holds for the `answers` so far and what `session` knows besides."""
    if isinstance(condition, Together):
        each = (holds(states, one, answers, session) for one in condition.of)
        return any(each) if condition.how == "any" else all(each) == (condition.how == "all")
    return _compared(states, condition, answers, session)


def _compared(
    states: Mapping[str, State], comparison: Comparison, answers: Mapping[str, Answer], session: Session
) -> bool:
    subject = comparison.subject
    if subject[0] == "@":
        return _compare(comparison, _context(subject, session), None)
    answer = answers.get(subject)
    if comparison.operator == "answered":
        return (answer is not None and answer.value is not None) == comparison.value
    return _compare(comparison, None if answer is None else answer.value, _number(states.get(subject), answer))


def _context(subject: str, session: Session) -> str | bool | tuple[str, ...] | None:
    match subject:
        case "@language":
            return session.language
        case "@channel":
            return session.channel
        case "@first_time":
            return session.first_time
        case "@before":
            return session.before
        case "@last":
            return session.last
        case _:
            return session.area


def _number(state: State | None, answer: Answer | None) -> float | None:
    """Return the figure of an answer: of a scale the value of its option (5 best), of a number itself."""
    if answer is None or state is None:
        return None
    match state:
        case Rate(scores=scores) | Choose(scores=scores):
            return scores.get(str(answer.value))
        case Say() | Review() | End():
            return None
        case _:
            return answer.value if isinstance(answer.value, float | int) else None


def _compare(comparison: Comparison, known: object, number: float | None) -> bool:
    wanted = comparison.value
    match comparison.operator:
        case "is":
            return _same(known, number, wanted)
        case "in":
            return any(_same(known, number, one) for one in _many(wanted))
        case "not":
            return not _same(known, number, wanted)
        case "not_in":
            return not any(_same(known, number, one) for one in _many(wanted))
        case "contains":
            return _contains(known, str(wanted))
        case "less":
            return number is not None and isinstance(wanted, float | int) and number < wanted
        case "more":
            return number is not None and isinstance(wanted, float | int) and number > wanted
        case "answered":
            return (known is not None) == wanted
        case operator:
            raise ValueError(operator)


def _contains(known: object, wanted: str) -> bool:
    """Whether an option was picked, or words stand in a text: in capitals or not, with accents or without."""
    if not isinstance(known, str):
        return isinstance(known, tuple) and wanted in known
    return fold(wanted) in fold(known) if fold(wanted) else wanted in known


def _many(wanted: object) -> tuple[object, ...]:
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _same(known: object, number: float | None, wanted: object) -> bool:
    if isinstance(known, tuple):
        return known == (wanted,)
    if isinstance(wanted, float | int) and not isinstance(wanted, bool):
        return (number if number is not None else known) == wanted
    return known == wanted
