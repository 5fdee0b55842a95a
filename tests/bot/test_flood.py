"""Who writes faster than any thumb is asked to wait; STOP and DELETE are heard all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.flood import Flood, Pace
from tests.bot.test_threads import text
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, House

MINUTE = timedelta(minutes=1)


class TestPace:
    def test_a_burst_passes_and_then_it_is_one_at_a_time(self) -> None:
        pace: Pace[str] = Pace(3, timedelta(seconds=30))
        assert [pace.allows("a", NOON) for _ in range(4)] == [True, True, True, False]
        assert [pace.allows("a", NOON + timedelta(seconds=10)) for _ in range(2)] == [True, False]

    def test_one_visitor_does_not_slow_another(self) -> None:
        pace: Pace[str] = Pace(1, MINUTE)
        assert pace.allows("a", NOON)
        assert pace.allows("b", NOON)
        assert not pace.allows("a", NOON)

    def test_who_is_quiet_for_the_span_is_forgotten(self) -> None:
        pace: Pace[str] = Pace(5, MINUTE)
        for seconds, name in enumerate("abca"):
            pace.allows(name, NOON + timedelta(seconds=seconds))
        assert len(pace) == 3
        pace.allows("d", NOON + timedelta(seconds=62))
        assert len(pace) == 2
        pace.allows("d", NOON + timedelta(seconds=63))
        assert len(pace) == 1

    def test_what_it_remembers_is_limited(self) -> None:
        pace: Pace[str] = Pace(1, MINUTE, remembered=2)
        for name in "abc":
            pace.allows(name, NOON)
        assert pace.allows("a", NOON)
        assert not pace.allows("c", NOON)


@pytest.fixture
def hurried(house: House) -> House:
    """Give a house where each may write ten times a minute."""
    house.desk._flood = Flood(messages=10)
    return house


async def test_too_many_messages_are_not_taken_and_that_is_said_once(hurried: House, citizen: Citizen) -> None:
    code = hurried.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    said = [text(await citizen.says("4")) for _ in range(20)]
    assert sum("You write faster than I can read" in each for each in said) == 1
    assert said[-1] == ""
    taken = citizen.answers(code)
    await citizen.says("2")
    assert citizen.answers(code) == taken
    hurried.clock.forward(minutes=1)
    assert text(await citizen.says("3"))


async def test_who_floods_does_not_slow_another(hurried: House, citizen: Citizen) -> None:
    for _ in range(15):
        await citizen.says("x")
    assert text(await Citizen(hurried, "other").says("hello"))


@pytest.mark.parametrize("word", ["STOP", "/stop"])
async def test_stop_is_heard_whatever_came_before(hurried: House, citizen: Citizen, word: str) -> None:
    for _ in range(15):
        await citizen.says("x")
    await citizen.says(word)
    assert hurried.contact(citizen.address).stopped_at is not None


async def test_delete_is_heard_whatever_came_before(hurried: House, citizen: Citizen) -> None:
    for _ in range(15):
        await citizen.says("x")
    assert text(await citizen.says("DELETE"))
