from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rounds.lifecycle import AGREED, LINK, Act, State, Step, due

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Sketch:
    id: int
    state: str
    audience: str = LINK
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    opened_at: datetime | None = None
    remind_at: datetime | None = None


moments = st.none() | st.integers(-1000, 1000).map(lambda n: NOW + timedelta(minutes=n))
sketches = st.builds(
    Sketch,
    id=st.integers(1, 5),
    state=st.sampled_from(State),
    audience=st.sampled_from([AGREED, LINK]),
    opens_at=moments,
    closes_at=moments,
)

AFTER = {Act.OPEN: State.OPEN, Act.CLOSE: State.CLOSED}


def lived(sketch: Sketch, now: datetime) -> Sketch:
    """Apply what is due."""
    state = sketch.state
    for step in due([sketch], now):
        state = AFTER.get(step.act, State(state))
    return Sketch(sketch.id, state, sketch.audience, sketch.opens_at, sketch.closes_at)


def test_a_scheduled_round_opens_when_its_time_comes_and_not_before() -> None:
    planned = Sketch(1, State.SCHEDULED, opens_at=NOW)
    assert due([planned], NOW - timedelta(seconds=1)) == []
    assert due([planned], NOW) == [Step(1, Act.OPEN)]


def test_an_open_round_closes_when_its_time_is_over() -> None:
    running = Sketch(1, State.OPEN, closes_at=NOW)
    assert due([running], NOW - timedelta(seconds=1)) == []
    assert due([running], NOW) == [Step(1, Act.CLOSE)]


def test_those_who_agreed_are_invited_while_the_round_is_open() -> None:
    assert due([Sketch(1, State.OPEN, AGREED)], NOW) == [Step(1, Act.INVITE)]
    assert due([Sketch(1, State.OPEN, AGREED, closes_at=NOW)], NOW) == [Step(1, Act.CLOSE)]


def test_a_round_whose_time_passed_unseen_opens_and_closes_and_invites_nobody() -> None:
    missed = Sketch(1, State.SCHEDULED, AGREED, NOW - timedelta(days=2), NOW - timedelta(days=1))
    assert [step.act for step in due([missed], NOW)] == [Act.OPEN, Act.CLOSE]


def test_a_paused_round_rests_until_its_time_is_over() -> None:
    paused = Sketch(1, State.PAUSED, AGREED, closes_at=NOW)
    assert due([paused], NOW - timedelta(seconds=1)) == [Step(1, Act.REST)]
    assert due([paused], NOW) == [Step(1, Act.CLOSE)]


def test_drafts_and_cancelled_rounds_are_left_alone() -> None:
    long_ago = NOW - timedelta(days=1)
    assert due([Sketch(1, State.DRAFT, AGREED, long_ago), Sketch(2, State.CANCELLED, AGREED, long_ago)], NOW) == []


@given(sketches, st.integers(0, 500))
def test_after_what_is_due_is_done_nothing_changes_until_time_goes_on(sketch: Sketch, minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    settled = lived(sketch, now)
    assert lived(settled, now) == settled


@given(sketches, st.integers(0, 500), st.integers(0, 500))
def test_looking_often_leads_to_where_looking_once_leads(sketch: Sketch, first: int, second: int) -> None:
    early, late = NOW + timedelta(minutes=min(first, second)), NOW + timedelta(minutes=max(first, second))
    assert lived(lived(sketch, early), late) == lived(sketch, late)


@given(st.lists(sketches, max_size=8))
def test_a_closed_round_never_opens_again(rounds: list[Sketch]) -> None:
    order = {State.DRAFT: 0, State.SCHEDULED: 0, State.CANCELLED: 0, State.OPEN: 1, State.PAUSED: 1, State.CLOSED: 2}
    for sketch in rounds:
        assert order.get(State(lived(sketch, NOW).state), 3) >= order.get(State(sketch.state), 3)
