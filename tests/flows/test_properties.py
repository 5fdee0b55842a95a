"""What holds for every flow of the catalogue, whatever a citizen sends."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows import cards, memory
from flows.catalog import Catalog
from flows.model import (
    Allocate,
    Ask,
    BestWorst,
    Choose,
    End,
    Kind,
    Message,
    Misunderstood,
    Moved,
    Number,
    Photo,
    Pick,
    Place,
    Rank,
    Rate,
    Review,
    Status,
    button_data,
)
from flows.phrasebook import EVERYWHERE
from tests.flows.talk import Talk

if TYPE_CHECKING:
    from flows.model import Flow, State, Value

CATALOG = Catalog.load()
FLOWS = [(flow.id, language) for flow in CATALOG.flows for language in flow.languages]

JUNK = [
    "",
    " ",
    "\x00\x07\x1b[31m",
    "👍",
    "👩‍👩‍👧",
    "\u202eمرحبا\u202c",
    "שלום",
    "😀" * 30,
    "x" * 4096,
    "é" * 4096,
    "\ud800",
    "{receipt} {list}",
    "/",
    "//",
    "/start",
    "0",
    "-1",
    "1e309",
    "9" * 400,
    "٣",
    "nan",
    "1,2,3,4,5,6,7,8,9",
    "there is a bomb",
    "tag:priority:hours",
]

sendable = st.one_of(
    st.integers(1, 9).map(str),
    st.integers(1, 9).map(lambda n: f"#{n}"),  # a tap on the n-th button shown
    st.sampled_from(EVERYWHERE),
    st.sampled_from([word.upper() for word in EVERYWHERE if word != "stop"]),
    st.sampled_from([f"/{word}" for word in EVERYWHERE]),
    st.sampled_from(["yes", "no", "ok", "done", "1,2", "1 and 2", "3", "2", "1"]),
    st.sampled_from(JUNK),
    st.text(max_size=40),
    st.sampled_from(
        [
            Message(Kind.PHOTO, "a lamp", file="f1"),
            Message(Kind.PHOTO),
            Message(Kind.PLACE, latitude=40.4, longitude=-3.7),
            Message(Kind.PLACE, latitude=40.4, longitude=-3.7, live=True),
            Message(Kind.PLACE, latitude=float("nan"), longitude=999.0),
            Message(Kind.OTHER),
            Message(Kind.TAP, data=""),
            Message(Kind.TAP, data="tag:nowhere:yes"),
            Message(Kind.TAP, data=button_data("other", "age", "yes")),
        ]
    ),
    st.tuples(st.integers(0, 8), st.sampled_from(["1", "2", "no", "yes", "SKIP", "other words", "STOP"])),  # an edit
)


def send(talk: Talk, what: str | Message | tuple[int, str]) -> None:
    """Send what was drawn: a message, a text, a tap by number, or an edit of the n-th answer."""
    match what:
        case Message():
            talk.sends(what)
        case (place, text):
            states = list(talk.session.answers)
            state = states[place % len(states)] if states else "nowhere"
            talk.sends(Message(Kind.TEXT, str(text), amends=state))
        case str() if what.startswith("#") and what[1:].isdigit() and talk.buttons:
            talk.sends(Message(Kind.TAP, data=talk.buttons[int(what[1:]) % len(talk.buttons)].data))
        case _:
            talk.sends(Message(Kind.TEXT, str(what)))


def is_valid(state: State, value: Value) -> bool:
    """Whether `value` is one that `state` may hold."""
    if value is None:
        return not isinstance(state, Review | End) and bool(getattr(state, "optional", False))
    match state:
        case Choose(options=options) | Rate(options=options):
            return value in {option.id for option in options}
        case Pick(options=options, least=least, most=most):
            ids = [option.id for option in options]
            alone = [option.id for option in options if option.exclusive]
            return (
                isinstance(value, tuple)
                and [one for one in ids if one in value] == list(value)
                and (least <= len(value) <= (most or len(ids)) or value[0] in alone)
                and not (len(value) > 1 and set(alone) & set(value))
            )
        case Rank(places=places):
            return isinstance(value, tuple) and 0 < len(set(value)) == len(value) <= places
        case Allocate(options=options, points=points):
            given = dict(one.split("=") for one in value) if isinstance(value, tuple) else {}
            return list(given) == [option.id for option in options] and sum(map(int, given.values())) == points
        case BestWorst():
            said = [cards.read(one) for one in value] if isinstance(value, tuple) else []
            return bool(said) and all(one.left_out or {one.best, one.last} < {*one.shown} for one in said)
        case Ask(least=least, most=most):
            return isinstance(value, str) and least <= len(value) <= most and value.strip() == value
        case Number():
            return isinstance(value, float)
        case Place() | Photo():
            return isinstance(value, str) and bool(value)
        case _:
            return False


def check(talk: Talk) -> None:
    """Check everything that must hold after any turn."""
    session, script = talk.session, talk.flow.script(talk.session.language)
    state = script.states[session.state]
    assert memory.load(memory.dump(session)) == session
    assert session.active != isinstance(state, End) or session.status is Status.STOPPED
    for name, answer in session.answers.items():
        assert answer.state == name
        assert is_valid(script.states[name], answer.value), (name, answer.value)
    assert talk.counted == dict(session.answers), "the events tell another story than the session"
    assert set(session.trail) <= set(session.answers)
    assert all(len(button.data.encode()) <= 64 for prompt in talk.turn.prompts for button in prompt.buttons)
    assert all(prompt.text for prompt in talk.turn.prompts)


@pytest.mark.parametrize(("name", "language"), FLOWS)
@given(sent=st.lists(sendable, max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_ends_in_a_defined_state(name: str, language: str, sent: list[str | Message]) -> None:
    talk = Talk(CATALOG.get(name), language)
    check(talk)
    for what in sent:
        send(talk, what)
        check(talk)


def straight(flow: Flow, language: str, choices: list[int]) -> Talk:
    """Answer each question sensibly, options by `choices`, until the session stands at its review or its end."""
    talk = Talk(flow, language)
    numbers = itertools.cycle(choices)
    for _ in range(60):
        if not talk.session.active or isinstance(here(talk), Review):
            break
        send(talk, sensible(here(talk), next(numbers)))
    return talk


def here(talk: Talk) -> State:
    """Return the state at hand."""
    return talk.flow.script(talk.session.language).states[talk.session.state]


def sensible(state: State, number: int) -> str | Message:
    """Return a message that `state` takes."""
    match state:
        case Choose(role="age" | "begin"):
            return "1"
        case Choose(options=options) | Rate(options=options) | Pick(options=options):
            return str(number % len(options) + 1)
        case Rank():
            return "2, 1" if number % 2 else "1"
        case Allocate(options=options, points=points):
            given = ["0"] * len(options)
            given[number % len(options)] = str(points)
            return ", ".join(given)
        case BestWorst():
            return "2, 1" if number % 2 else "1, 2"
        case Photo():
            return Message(Kind.PHOTO, "a lamp", file="f1")
        case Number():
            return "2"
        case _:
            return "the door was shut"


@pytest.mark.parametrize(("name", "language"), FLOWS)
@given(choices=st.lists(st.integers(0, 6), min_size=1, max_size=12), steps=st.integers(1, 30))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_back_then_the_same_answer_changes_nothing(name: str, language: str, choices: list[int], steps: int) -> None:
    talk = Talk(CATALOG.get(name), language)
    numbers = itertools.cycle(choices)
    last: str | Message = ""
    for _ in range(steps):
        if not talk.session.active or isinstance(here(talk), Review):
            break
        last = sensible(here(talk), next(numbers))
        send(talk, last)
    if not talk.session.active:
        return
    before, counted = talk.session, dict(talk.counted)
    talk.says("BACK")
    assert talk.session.state == before.trail[-1]
    send(talk, last)
    assert talk.session == before
    assert talk.counted == counted


@pytest.mark.parametrize(("name", "language"), FLOWS)
@given(choices=st.lists(st.integers(0, 6), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sensible_answers_reach_the_end(name: str, language: str, choices: list[int]) -> None:
    talk = straight(CATALOG.get(name), language, choices)
    if talk.session.active:
        talk.says("OK")
    assert talk.session.status is Status.COMPLETED
    assert not [event for event in talk.all_events() if isinstance(event, Misunderstood)]
    moved = [event for event in talk.all_events() if isinstance(event, Moved)]
    assert [event.to for event in moved][:-1] == [event.origin for event in moved][1:], "the way has no gaps"


@pytest.mark.parametrize(("name", "language"), FLOWS)
@given(choices=st.lists(st.integers(0, 6), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nobody_is_asked_more_than_is_said_before(name: str, language: str, choices: list[int]) -> None:
    flow = CATALOG.get(name)
    talk = straight(flow, language, choices)
    asked = len(talk.turns) - (0 if talk.session.active else 1)
    assert asked <= flow.asked
    said = talk.turns[0].prompts[0].text
    assert str(flow.asked) in re.findall("[0-9]+", said) or flow.start == flow.entry


@pytest.mark.parametrize("flow", CATALOG.flows, ids=lambda flow: flow.id)
def test_as_many_are_said_before_as_the_longest_way_asks(flow: Flow) -> None:
    """Where a flow goes round or asks again nobody goes the longest way: it may then promise more than comes."""
    walks = (straight(flow, flow.language, [n % 7, n // 7 % 7, n // 49]) for n in range(150))
    most = max(len(talk.turns) - (0 if talk.session.active else 1) for talk in walks)
    assert most <= flow.asked
    assert flow.asked - most <= 2, (flow.asked, most)


@pytest.mark.parametrize(("name", "language"), FLOWS)
@given(
    choices=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    number=st.integers(1, 15),
    change=st.integers(0, 6),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_change_at_the_review_leaves_only_answers_of_the_way_taken(
    name: str, language: str, choices: list[int], number: int, change: int
) -> None:
    talk = straight(CATALOG.get(name), language, choices)
    if not talk.session.active:
        return
    talk.says(str(number))
    numbers = itertools.cycle([change, *choices])
    for _ in range(30):
        if isinstance(here(talk), Review):
            break
        send(talk, sensible(here(talk), next(numbers)))
        check(talk)
    assert talk.session.trail == tuple(talk.session.answers)
