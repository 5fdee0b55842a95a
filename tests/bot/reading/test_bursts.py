"""Hours far above what a service is used to are found; what chance, habit or few weeks explain is not."""

from __future__ import annotations

import random
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reading.bursts import CHANCE, FLOOR, TIMES, WEEKS, Burst, bursts

QUIET = [[10, 34, 34, 58, 90, 130]] * 4
"""Hours of six people in each of four weeks."""
HOURS = st.integers(0, 167)


def came(*hours: int) -> dict[object, int]:
    return dict(enumerate(hours))


def test_sixty_in_one_hour_after_six_a_week_are_a_burst_of_that_hour() -> None:
    assert bursts(came(*[20] * 60, 3, 90), QUIET, 5) == [Burst(20, 1, frozenset(range(60)))]


def test_a_burst_over_some_hours_is_told_as_one() -> None:
    (found,) = bursts(came(*[20] * 20, *[21] * 20, *[22] * 20, 90), QUIET, 5)
    assert (found.hour, found.hours, len(found.who)) == (20, 3, 60)


def test_two_bursts_share_nobody_and_the_greater_stands_first() -> None:
    found = bursts(came(*[20] * 30, *[100] * 60), QUIET, 5)
    assert [(each.hour, len(each.who)) for each in found] == [(100, 60), (20, 30)]


def test_an_hour_in_which_as_many_come_each_week_is_none() -> None:
    assert bursts(came(*[20] * 60), [[20] * 50] * 4, 5) == []
    assert bursts(came(*[20] * 60), [[20] * 50, [21] * 55, [20] * 40, [20] * 50], 5) == []


def test_a_crowd_that_comes_an_hour_later_than_it_does_each_week_is_none() -> None:
    assert bursts(came(*[21] * 60), [[20] * 50] * 4, 5) == []


def test_with_too_few_weeks_before_nobody_knows_what_is_usual() -> None:
    assert bursts(came(*[20] * 60), QUIET[: WEEKS - 1] + [[]] * 2, 5) == []
    assert len(bursts(came(*[20] * 60), QUIET[:WEEKS], 5)) == 1


@pytest.mark.parametrize("people", range(5, 15))
def test_the_line_is_one_in_a_million_by_chance_above_one_an_hour(people: int) -> None:
    """Reckoned anew, from the sum of what is below."""
    by_chance = 1 - sum(exp(-FLOOR) * FLOOR**n / factorial(n) for n in range(people))
    assert bool(bursts(came(*[20] * people), QUIET, 5)) == (by_chance < CHANCE)


@given(st.lists(HOURS, max_size=80), st.lists(st.lists(HOURS, max_size=30), max_size=5), st.integers(1, 20))
def test_whatever_comes_bursts_are_of_the_minimum_share_nobody_and_are_twice_what_any_hour_held(
    now: list[int], before: list[list[int]], minimum: int
) -> None:
    found = bursts(came(*now), before, minimum)
    everybody = [one for each in found for one in each.who]
    assert len(everybody) == len(set(everybody))
    for each in found:
        assert len(each.who) >= minimum
        assert all(each.hour <= now[one] < each.hour + each.hours for one in each.who if isinstance(one, int))
        most = max(hours.count(hour) for hours in before for hour in range(168))
        assert len(each.who) >= TIMES * most
    assert found == bursts(dict(reversed(came(*now).items())), before, minimum)


def test_weeks_of_people_who_come_by_chance_have_none() -> None:
    drawn = random.Random(7)  # noqa: S311 - a made-up city
    day = [0.2] * 7 + [1] * 12 + [2] * 4 + [0.5]

    def week(people: int) -> list[int]:
        return drawn.choices(range(168), day * 7, k=people)

    for people in (20, 100, 600, 3000):
        for _ in range(25):
            assert bursts(came(*week(people)), [week(people) for _ in range(4)], 5) == []
