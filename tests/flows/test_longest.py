"""The longest way through a flow comes to no state twice, and where it is bounded instead, that is said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from flows.branching import ways
from flows.catalog import Catalog
from flows.longest import Longest, longest
from flows.model import End, Say, Transition
from tests.flows.talk import files_of, flow_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flows.model import State


def _states(edges: Mapping[str, Iterable[str]]) -> dict[str, State]:
    made: dict[str, State] = {}
    for name, following in edges.items():
        text = "word " * (ord(name[0]) % 5)
        nexts = tuple(Transition(to) for to in following)
        made[name] = Say(id=name, text=text, next=nexts) if nexts else End(id=name, text=text)
    return made


def _words(state: State) -> float:
    return len(state.text.split())


def _tried(states: Mapping[str, State], way: tuple[str, ...]) -> float:
    """Return the longest way from the end of `way` on, by going every one."""
    further = (to for to in ways(states[way[-1]]) if to not in way)
    return _words(states[way[-1]]) + max((_tried(states, (*way, to)) for to in further), default=0)


NAMES = "abcdefgh"


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)))
def test_it_is_what_going_every_way_finds(edges: dict[str, list[str]]) -> None:
    states = _states({**dict.fromkeys(NAMES, ()), **edges})
    assert longest(states, "a", _words) == Longest(_tried(states, ("a",)))


def test_where_one_starts_nowhere_nothing_is_met() -> None:
    assert longest({}, "a", _words) == Longest(0)


CIRCLE = """
[states.s]
choose = "Which one?"
options = [{ id = "x", label = "X", next = "x" }, { id = "y", label = "Y", next = "y" }]
[states.y]
choose = "Why?"
options = [{ id = "x", label = "X", next = "x" }, { id = "on", label = "On" }]
next = "q1"
[states.x]
ask = "What is it?"
next = "y"
"""


def _questions(count: int) -> str:
    return "".join(f'[states.q{n}]\nask = "What?"\n' for n in range(1, count + 1)) + '[states.end]\nend = "Bye."\n'


def test_a_circle_hides_no_question() -> None:
    """From s to x, to y and on: the way that meets them all is no shorter because y leads back to x."""
    flow = flow_of(CIRCLE + _questions(13))
    assert (flow.questions, flow.questions_exact) == (16, True)
    codes = [issue.code for issue in Catalog.of(files_of(CIRCLE + _questions(13))).issues]
    assert codes.count("too-many-questions") == 1


def test_a_place_that_all_lead_back_to_is_counted_once() -> None:
    edges = {"m": [f"{one}1" for one in "bcdfg"] + ["z"], "z": []}
    for one in "bcdfg":
        edges |= {f"{one}1": [f"{one}2", "m"], f"{one}2": [f"{one}3", "m"], f"{one}3": ["m"]}
    states = _states(edges)
    assert longest(states, "m", lambda _: 1) == Longest(4)


def _dense(count: int) -> dict[str, State]:
    names = [f"a{n}" for n in range(count)]
    return _states({name: [*names, "z"] for name in names} | {"z": []})


def test_a_bound_is_no_less_than_the_longest_way_and_says_that_it_is_one() -> None:
    assert longest(_dense(200), "a0", lambda _: 1) == Longest(201, is_exact=False)


def test_a_thousand_states_that_all_lead_back_are_soon_counted() -> None:
    names = [f"a{n}" for n in range(1000)]
    edges = {name: [*names[n + 1 : n + 3], *names[max(0, n - 1) : n]] for n, name in enumerate(names)}
    begun = time.process_time()
    found = longest(_states(edges), "a0", lambda _: 1)
    assert found.weight == len(names)
    assert time.process_time() - begun < 5


def test_where_circles_are_too_many_to_count_the_fault_says_so() -> None:
    asked = [f"q{n}" for n in range(40)]
    options = ", ".join(f'{{ id = "{one}", label = "To {one}", next = "{one}" }}' for one in asked)
    states = "".join(f'[states.{one}]\nchoose = "Where?"\noptions = [{options}]\nnext = "bye"\n' for one in asked)
    flow = flow_of(states + '[states.bye]\nend = "Bye."\n')
    assert (flow.questions, flow.questions_exact) == (40, False)
    issues = Catalog.of(files_of(states + '[states.bye]\nend = "Bye."\n')).issues
    (told,) = [issue.message for issue in issues if issue.code == "too-many-questions"]
    assert "can meet up to 40 questions" in told
