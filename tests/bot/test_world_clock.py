"""A clock that leaps, forward or back, doubles no digest, skips none, reminds once and forgets nothing too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.channels.base import Again
from bot.clock import DOUBT, Steady
from storage import people
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, Clock, House

if TYPE_CHECKING:
    from storage.people import Person

MONTH = timedelta(days=30)


class Stopwatch:
    """Counts what the wall clock should count too."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Twins:
    """A wall clock and a stopwatch that go together until the wall clock is set."""

    def __init__(self) -> None:
        self.wall = Clock()
        self.stopwatch = Stopwatch()
        self.steady = Steady(self.wall, self.stopwatch)

    def go_on(self, **span: float) -> datetime:
        self.wall.forward(**span)
        self.stopwatch.seconds += timedelta(**span).total_seconds()
        return self.steady()


# --------------------------------------------------------------------------- the steady clock


def test_small_corrections_are_followed_at_once() -> None:
    twins = Twins()
    for step in (-30, 59, -59):
        twins.wall.forward(minutes=step)
        assert twins.go_on(minutes=1) == twins.wall()
    assert twins.steady.trouble is None


@pytest.mark.parametrize("leap", [MONTH, -timedelta(days=1), timedelta(hours=2)], ids=["month", "day back", "hours"])
def test_a_leap_is_doubted_for_an_hour_then_believed_and_told_once(leap: timedelta) -> None:
    twins = Twins()
    twins.wall.now += leap
    with capture_logs() as lines:
        assert twins.go_on(minutes=5) == NOON + timedelta(minutes=5)
        assert twins.steady.trouble is not None
        assert "put it right" in twins.steady.trouble
        assert twins.go_on(minutes=40) == NOON + timedelta(minutes=45)
        assert twins.go_on(seconds=DOUBT.total_seconds()) == twins.wall()
    assert twins.steady.trouble is None
    assert [line["event"] for line in lines] == ["clock.leapt"]


def test_a_leap_that_is_put_right_has_never_been() -> None:
    twins = Twins()
    twins.wall.now += MONTH
    twins.go_on(minutes=30)
    twins.wall.now -= MONTH
    assert twins.go_on(minutes=1) == NOON + timedelta(minutes=31)
    assert twins.steady.trouble is None


# --------------------------------------------------------------------------- what was believed, and was wrong


def manager(house: House) -> Person:
    """Return a manager of the library since a while, who has an address."""
    with house.database.transaction() as db:
        person = people.add(db, "Maya", "en", NOON - MONTH)
        people.grant(db, person.id, "manager", "library", NOON - MONTH)
    return person


def weeks(house: House) -> list[str]:
    """Return the weeks of which a digest is written, in order."""
    return sorted(row.period for row in house.table("digests"))


async def answers(house: House, name: str, code: str) -> None:
    """Let somebody answer a pulse."""
    await Citizen(house, name).starts(code)
    await Citizen(house, name).does(*INTO, "Good")


async def test_a_month_ahead_and_back_again_no_digest_is_skipped_nor_written_twice(house: House) -> None:
    manager(house)
    code = house.pulse().code
    house.sweeps.digests()
    before = weeks(house)
    house.clock.now += timedelta(days=28)
    house.sweeps.digests()
    house.clock.now -= timedelta(days=28)
    house.sweeps.leaps()
    house.sweeps.digests()
    assert weeks(house) == before
    found = []
    for _ in range(5):
        house.clock.forward(days=3)
        await answers(house, f"p{house.clock():%d}", code)
        house.clock.forward(days=4)
        for _ in range(3):
            house.sweeps.leaps()
            house.sweeps.digests()
        found.append([row.body != "null" for row in house.table("digests")].count(True))
    assert found == [1, 2, 3, 4, 5]


async def test_a_day_back_writes_no_digest_again_and_reminds_nobody_again(house: House, citizen: Citizen) -> None:
    manager(house)
    house.sweeps.digests()
    await citizen.starts(house.pulse().code)
    house.clock.forward(days=6)
    house.sweeps.digests()
    house.sweeps.sessions()
    written, queued = weeks(house), len(house.table("outbox"))
    for _ in range(3):
        house.clock.now -= timedelta(days=1)
        house.sweeps.digests()
        house.sweeps.sessions()
        house.sweeps.rounds()
    house.clock.forward(days=3)
    house.sweeps.digests()
    house.sweeps.sessions()
    assert (weeks(house), len(house.table("outbox"))) == (written, queued)


async def test_a_message_put_off_by_a_clock_that_ran_fast_goes_when_it_is_right_again(
    house: House, citizen: Citizen
) -> None:
    house.clock.now += MONTH
    house.pigeon.receipts["c1"] = [Again(timedelta(seconds=30), "slowly")]
    await citizen.says("/help")
    await house.delivered()
    house.clock.now -= MONTH
    await citizen.says("/help")
    assert await house.delivered() == []
    assert house.sweeps.leaps() == 1
    assert len(await house.delivered()) == 2


async def test_a_session_begun_under_a_clock_that_ran_fast_lives_as_long_as_any(house: House, citizen: Citizen) -> None:
    house.clock.now += MONTH
    await citizen.starts(house.pulse().code)
    house.clock.now -= MONTH
    house.sweeps.leaps()
    await citizen.does(*INTO)
    house.clock.forward(days=house.config.privacy.draft_days - 1)
    assert house.sweeps.sessions() == 0
    house.clock.forward(days=2)
    assert house.sweeps.sessions() == 1


def test_moments_of_the_steady_clock_are_aware() -> None:
    assert Twins().steady().tzinfo is UTC
