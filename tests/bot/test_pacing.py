from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pacing import CAREFUL, LATE, Pace, Pacer, telegram
from tests.support.botapi.world import Pace as Limit

waits = st.lists(st.floats(0, 0.2, allow_nan=False), min_size=1, max_size=80)


@given(waits, st.integers(1, 100))
def test_the_grid_never_lets_more_out_than_the_rate(arrivals: list[float], rate: int) -> None:
    pacer = Pacer(Pace(rate=rate))
    now, moments = 0.0, []
    for wait in arrivals:
        now += wait
        moments.append(pacer.slot(now))
    assert all(moment >= 0 for moment in moments)
    gaps = [after - before for before, after in pairwise(moments)]
    assert all(gap >= 1 / rate - 1e-9 for gap in gaps)


def test_a_busy_grid_does_not_drift_however_late_each_message_wakes() -> None:
    pacer = Pacer(Pace(rate=30))
    now = 0.0
    for n in range(3000):
        moment = pacer.slot(now)
        assert moment == pytest.approx(n / 30)
        now = moment + 0.004


def test_who_comes_late_keeps_his_place_and_so_does_everybody_after_him() -> None:
    """Or a machine that is always a little late would never reach the rate."""
    pacer = Pacer(Pace(rate=30))
    pacer.slot(0.0)
    late = [pacer.slot(pacer.free_at() + LATE * 0.9) for _ in range(300)]
    assert late == pytest.approx([n / 30 for n in range(1, 301)])


@given(st.lists(st.floats(0, 3 * LATE, allow_nan=False), min_size=5, max_size=80), st.sampled_from([30, 200, 1000]))
def test_however_late_each_one_is_a_burst_makes_up_for_no_more_than_a_short_delay(
    delays: list[float], rate: int
) -> None:
    """The n-th message after any other leaves no earlier than n steps after it, but for `LATE`."""
    pacer = Pacer(Pace(rate=rate))
    now, left = 0.0, []
    for delay in delays:
        now = max(now, pacer.free_at()) + delay
        pacer.slot(now)
        left.append(now)
    for first, before in enumerate(left):
        assert all(after - before >= n / rate - LATE - 1e-9 for n, after in enumerate(left[first:]))


@dataclass
class _Wire:
    """A bot that always has something to send, over a line on which each message takes its time."""

    rate: float
    now: float = 0.0
    arrivals: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pace = telegram(self.rate)
        self._pacer = Pacer(self._pace)
        self._answers: list[float] = []

    def sends(self, late: float, there: float, back: float) -> None:
        """Send one message when there is a wire and a moment, `late` where it had to wait; then it is on the line."""
        if len(self._answers) == self._pace.wires:
            self.now = max(self.now, heappop(self._answers))
        if self._pacer.free_at() > self.now:
            self.now = self._pacer.free_at() + late
        self._pacer.slot(self.now)
        self.arrivals.append(self.now + there)
        heappush(self._answers, self.now + there + back)

    def refused(self) -> int:
        """Return how many a server refuses that counts what arrives, with a second's worth at once and no more."""
        server = Limit(self.rate, int(self.rate))
        return sum(not server.allows(at) for at in sorted(self.arrivals))


def stalls(longest: float) -> st.SearchStrategy[list[tuple[int, float]]]:
    """So many messages, one after the other, each of which takes so long."""
    return st.lists(st.tuples(st.integers(1, 80), st.floats(0, longest, allow_nan=False)), min_size=1, max_size=12)


@given(stalls(5.0), stalls(5.0), st.floats(0, 2 * LATE), st.sampled_from([3, 30, 60, 300]))
def test_however_long_the_network_stalls_no_more_arrive_together_than_are_let_pass(
    there: list[tuple[int, float]], back: list[tuple[int, float]], late: float, rate: int
) -> None:
    wire = _Wire(rate)
    for n, (out, home) in enumerate(zip(_each(there), _each(back), strict=False)):
        wire.sends(late if n % 2 else 0.0, out, home)
    assert wire.refused() == 0


@given(st.lists(st.floats(0, 0.12, allow_nan=False), min_size=5, max_size=30), st.sampled_from([30, 60, 300]))
def test_where_answers_come_within_a_quarter_of_a_second_the_rate_is_reached(delays: list[float], rate: int) -> None:
    wire, many = _Wire(rate), 600
    for n in range(many):
        wire.sends(LATE * 0.9 * (n % 3 == 0), delays[n % len(delays)], delays[(n // 2) % len(delays)])
    assert many / (wire.now * rate) >= 0.99


def _each(stalls: list[tuple[int, float]]) -> list[float]:
    return [seconds for many, seconds in stalls for _ in range(many)]


def test_after_a_pause_nothing_is_made_up_for() -> None:
    pacer = Pacer(Pace(rate=10))
    assert pacer.slot(0.0) == 0.0
    assert [pacer.slot(100.0) for _ in range(3)] == pytest.approx([100.0, 100.1, 100.2])


def test_a_channel_that_asks_us_to_wait_is_left_alone_so_long() -> None:
    pacer = Pacer(Pace(rate=10))
    pacer.hold(5.0)
    assert pacer.free_at() == 5.0
    assert [pacer.slot(5.0), pacer.slot(5.1)] == pytest.approx([5.0, 5.1])
    pacer.hold(4.0)
    assert pacer.free_at() == pytest.approx(5.2)


def test_a_refusal_makes_us_careful_and_good_days_make_us_trust_again() -> None:
    """A channel stricter than it says slows us down a little; without care it would refuse us for ever."""
    pacer = Pacer(Pace(rate=10))
    pacer.slot(0.0)
    for now in (0.05, 0.06, 0.07):  # what was on its way is refused too
        pacer.refused(now, now + 1.0)
    assert pacer.free_at() == pytest.approx(1.07)
    late = pacer.slot(1.08)
    assert (late, pacer.free_at()) == pytest.approx((1.08, 1.08 + 0.1 * (1 + CAREFUL)))
    for _ in range(20_000):
        pacer.slot(pacer.free_at())
    before = pacer.free_at()
    pacer.slot(before + LATE / 2)
    assert pacer.free_at() - before == pytest.approx(0.1)


def test_however_often_we_are_refused_half_the_pace_remains() -> None:
    pacer = Pacer(Pace(rate=10))
    for n in range(100):
        pacer.refused(float(n), n + 0.5)
    now = pacer.slot(1000.0)
    assert pacer.free_at() - now == pytest.approx(0.2)


def test_a_chat_takes_a_burst_and_then_one_a_second() -> None:
    pacer = Pacer(Pace(chat_rate=1.0, burst=3))
    assert [pacer.in_chat(1, 0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert pacer.in_chat(2, 0.0) == 0.0
    assert pacer.in_chat(1, 60.0) == 60.0


@given(st.lists(st.floats(0, 3, allow_nan=False), min_size=4, max_size=60), st.integers(1, 5))
def test_no_chat_gets_more_than_its_burst_and_a_message_a_second(arrivals: list[float], burst: int) -> None:
    pacer = Pacer(Pace(chat_rate=1.0, burst=burst))
    now, moments = 0.0, []
    for wait in arrivals:
        now += wait
        moments.append(pacer.in_chat(1, now))
    for first, moment in enumerate(moments):
        within = [each for each in moments[first:] if each < moment + 1.0 - 1e-9]
        assert len(within) <= burst + 1


def test_without_a_pace_everything_leaves_at_once() -> None:
    pacer = Pacer(Pace())
    assert [pacer.slot(1.0), pacer.slot(1.0), pacer.in_chat(1, 1.0)] == [1.0, 1.0, 1.0]
