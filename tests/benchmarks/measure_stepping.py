"""What a step of a flow costs, stores and channels left out: ours, `transitions` and `python-statemachine`.

Every contestant plays the same survey with the same citizens: it reads an answer, keeps it or refuses it, moves on and
says what comes next. Ours reads more in it: words that mean something everywhere, slips of the finger, danger.
"""

from __future__ import annotations

import gc
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from statemachine import State, StateMachine
from transitions import Machine

from flows import memory
from flows.binding import bind
from flows.catalog import Catalog
from flows.engine import advance, start
from flows.model import Context, Kind, Message
from tests.benchmarks import survey
from tests.benchmarks.table import ROUNDS, Row, alternate, cheaper, cpu_us, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flows.model import Flow, Session
    from tests.benchmarks.table import Sample

    Talk = list[tuple[int, str]]
    """Who says what, in the order it arrives."""

CITIZENS, FEW = 1000, 10
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
STEP, KEPT = 10.0, 8.0
"""Most microseconds of CPU for a step, and for a session read and written."""

QUESTIONS = survey.questions()
OPTIONS = {one.id: {label.casefold(): label for label in one.options} for one in QUESTIONS}
TEXTS = {**{one.id: one.text for one in QUESTIONS}, "thanks": survey.ending()}
PLACES = list(TEXTS)


def rows(quick: bool) -> list[Row]:
    """Return what a step and a session read and written cost, beside the two machines and beside plain JSON."""
    rounds = 1 if quick else ROUNDS
    talk = _talk(FEW if quick else CITIZENS)
    flow = bind(Catalog.load(extra=[survey.FILE]).get("survey"), {})
    steps = alternate(
        {
            "ours": lambda: _ours(flow, talk),
            "transitions": lambda: _transitions(talk),
            "python-statemachine": lambda: _statemachine(talk),
        },
        rounds,
    )
    kept = alternate(_keeping(_half_way(flow), len(talk)), rounds)
    return [*_stepping(steps), _kept(kept)]


def _stepping(steps: Mapping[str, list[Sample]]) -> list[Row]:
    mine = cpu_us(steps["ours"])
    found = []
    for peer, times in (("transitions", 2), ("python-statemachine", 25)):
        ratio = 1 / cheaper(steps["ours"], steps[peer])
        found.append(
            Row(
                "a step of a flow",
                f"{mine:.1f} µs",
                peer,
                f"{cpu_us(steps[peer]):.1f} µs",
                ratio,
                f"≥ {times}×, ≤ {STEP:.0f} µs",
                ratio >= times and mine <= STEP,
                mine,
            )
        )
    return found


def _kept(kept: Mapping[str, list[Sample]]) -> Row:
    mine, theirs = cpu_us(kept["ours"]), cpu_us(kept["json"])
    return Row(
        "a session read and written",
        f"{mine:.1f} µs",
        "json.loads, json.dumps",
        f"{theirs:.1f} µs",
        1 / cheaper(kept["ours"], kept["json"]),
        f"≤ {KEPT:.0f} µs",
        mine <= KEPT,
        mine,
        "the peer makes no session of it",
    )


# --------------------------------------------------------------------------- what is said


def _talk(citizens: int) -> Talk:
    """Return what citizens answer, greetings left out, as the survey's stream brings it."""
    updates = (each for batch in survey.stream(citizens).batches for each in json.loads(batch)["result"])
    said = ((each["message"]["chat"]["id"], each["message"]["text"]) for each in updates)
    return [(who, text) for who, text in said if not text.startswith("/")]


def _timed(talk: Talk, play: Callable[[], object]) -> Sample:
    gc.collect()
    return timed(len(talk), play)


def _reads(question: str, text: str) -> bool:
    """Whether the machines' survey takes `text` for an answer: an option's label, or any words."""
    return text.casefold() in OPTIONS[question] if OPTIONS[question] else 0 < len(text) <= 1000


# --------------------------------------------------------------------------- ours


def _ours(flow: Flow, talk: Talk) -> Sample:
    sessions = {who: _begun(flow) for who in _citizens(talk)}
    messages = [(who, Message(Kind.TEXT, text)) for who, text in talk]

    def play() -> None:
        for who, message in messages:
            sessions[who] = advance(flow, sessions[who], message, NOW).session

    return _checked(_timed(talk, play), (one.state for one in sessions.values()))


def _begun(flow: Flow) -> Session:
    return start(flow, Context("en", "telegram", "k7m2qx", "K7M2-9QXR"), NOW).session


def _half_way(flow: Flow) -> Session:
    session = _begun(flow)
    for question in QUESTIONS[:3]:
        session = advance(flow, session, Message(Kind.TEXT, (*question.options, survey.TEXTS[0])[0]), NOW).session
    return session


def _keeping(session: Session, count: int) -> dict[str, Callable[[], Sample]]:
    body = memory.dump(session)

    def ours() -> None:
        for _ in range(count):
            memory.dump(memory.load(body))

    def plain() -> None:
        for _ in range(count):
            json.dumps(json.loads(body))

    return {"ours": lambda: timed(count, ours), "json": lambda: timed(count, plain)}


def _citizens(talk: Talk) -> set[int]:
    return {who for who, _ in talk}


def _checked(sample: Sample, ends: Iterable[object]) -> Sample:
    """Return `sample` of a play in which everybody has come to the end. Raises RuntimeError otherwise."""
    if set(ends) != {PLACES[-1]}:
        raise RuntimeError("somebody did not come to the end of the survey")
    return sample


# --------------------------------------------------------------------------- transitions


class _Model:
    """One citizen's survey; the machine, one for all, gives it `state` and `reply`."""

    state: str
    reply: Callable[[str], bool]

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}

    def reads(self, text: str) -> bool:
        return _reads(self.state, text)

    def keep(self, text: str) -> None:
        self.answers[self.state] = text


def _transitions(talk: Talk) -> Sample:
    machine = Machine(model=None, states=PLACES, initial=PLACES[0], auto_transitions=False)
    for place, following in itertools.pairwise(PLACES):
        machine.add_transition("reply", place, following, conditions="reads", before="keep")
    models = {who: _Model() for who in _citizens(talk)}
    machine.add_model(list(models.values()))

    def play() -> None:
        said = ""
        for who, text in talk:
            model = models[who]
            said = TEXTS[model.state] if model.reply(text) else f"Please choose one of these. {TEXTS[model.state]}"
        assert said

    return _checked(_timed(talk, play), (one.state for one in models.values()))


# --------------------------------------------------------------------------- python-statemachine


class _Survey(StateMachine):
    """The survey with its states as class attributes, one machine for each citizen."""

    allow_event_without_transition = True

    reason = State(initial=True)
    overall = State()
    why = State()
    hours = State()
    ease = State()
    wish = State()
    thanks = State(final=True)

    reply = (
        reason.to(overall, cond="reads")
        | overall.to(why, cond="reads")
        | why.to(hours, cond="reads")
        | hours.to(ease, cond="reads")
        | ease.to(wish, cond="reads")
        | wish.to(thanks, cond="reads")
    )

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.said = ""
        super().__init__()

    def reads(self, text: str, source: State) -> bool:
        return _reads(source.id, text)

    def on_reply(self, text: str, source: State) -> None:
        self.answers[source.id] = text

    def on_enter_state(self, target: State) -> None:
        self.said = TEXTS[target.id]


def _statemachine(talk: Talk) -> Sample:
    machines: dict[int, Any] = {who: _Survey() for who in _citizens(talk)}

    def play() -> None:
        for who, text in talk:
            machines[who].reply(text)

    return _checked(_timed(talk, play), (one.current_state_value for one in machines.values()))
