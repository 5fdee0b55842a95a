"""How far the invitations of a round are, in numbers and at a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clock
from bot.channels.base import Gone
from bot.rounds.audience import Tally
from bot.rounds.hours import Hours
from bot.rounds.sending import Plan, Sending, sending
from storage import outbox, rounds, turnout
from tests.bot.rounds.test_audience import people
from tests.bot.test_turns import INTO, to_review
from tests.support.house import Citizen

if TYPE_CHECKING:
    from bot.rounds.sending import Waiting
    from tests.support.house import House

LISBON, AUCKLAND = ZoneInfo("Europe/Lisbon"), "Pacific/Auckland"
DAY = Hours(time(8), time(20), LISBON)
NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
PLAN = Plan(rates={"telegram": 10}, hours=DAY, opened_at=NOON, spread_hours=None, over=False)


class TestNumbers:
    def test_letters_that_are_written_and_have_not_left_still_wait(self) -> None:
        tally = Tally(waiting=100, invited=60, answered=5, failed={"gone": 3}, excluded={"stopped": 9})
        found = sending(tally, {(None, "telegram"): 100}, {(None, "telegram"): 20}, PLAN, NOON)
        assert (found.sent, found.reached, found.failed, found.waiting, found.people) == (48, 45, 3, 120, 168)
        assert found.ends_at == NOON + timedelta(seconds=12)
        assert not found.done

    def test_who_sleeps_is_told_with_the_hour_at_which_their_day_begins(self) -> None:
        waits: Waiting = {(None, "telegram"): 10, (AUCKLAND, "telegram"): 4}
        written: Waiting = {(AUCKLAND, "telegram"): 3}
        found = sending(Tally(waiting=14, invited=3), waits, written, PLAN, NOON)
        assert (found.asleep, found.wakes_at) == (7, datetime(2026, 11, 16, 19, tzinfo=UTC))
        assert found.ends_at == datetime(2026, 11, 16, 19, 0, 1, 700_000, tzinfo=UTC)

    def test_a_night_lies_between_what_a_day_has_no_room_for(self) -> None:
        late = datetime(2026, 11, 16, 19, 59, 50, tzinfo=UTC)
        found = sending(Tally(waiting=300), {(None, "telegram"): 300}, {}, PLAN, late)
        assert found.ends_at == datetime(2026, 11, 17, 8, 0, 20, tzinfo=UTC)

    def test_invitations_that_are_spread_end_when_their_hours_have_passed(self) -> None:
        plan = replace(PLAN, spread_hours=10)
        found = sending(Tally(waiting=3), {(None, "web"): 3}, {}, plan, NOON)
        assert found.ends_at == datetime(2026, 11, 17, 10, tzinfo=UTC)

    def test_of_chosen_people_whole_steps_alone_are_told_also_by_the_hour_of_the_last_letter(self) -> None:
        waits: Waiting = {(None, "telegram"): 5, (AUCKLAND, "telegram"): 4}
        tally = Tally(waiting=9, invited=7, answered=1, failed={"gone": 1})
        found = sending(tally, waits, {(None, "telegram"): 1}, replace(PLAN, step=5), NOON)
        assert found == Sending(5, 5, 0, 10, 0, None, NOON + timedelta(seconds=1), over=False, step=5)
        few = sending(Tally(waiting=4), {(None, "telegram"): 4}, {}, replace(PLAN, step=5), NOON)
        assert few == Sending(0, 0, 0, 0, 0, None, None, over=False, step=5)

    def test_a_round_that_is_over_waits_for_nobody(self) -> None:
        found = sending(Tally(waiting=3), {(None, "web"): 3}, {}, replace(PLAN, over=True), NOON)
        assert found == Sending(0, 0, 0, 3, 0, None, None, over=True)
        assert found.done

    @given(st.integers(0, 40 * 3600), st.integers(0, 60 * 24 * 30))
    def test_sending_time_is_added_as_it_is_counted(self, seconds: int, begin: int) -> None:
        since = NOON + timedelta(minutes=begin)
        end = DAY.after(since, timedelta(seconds=seconds))
        assert DAY.elapsed(since, end) == timedelta(seconds=seconds)
        assert DAY.day(end) or end.astimezone(LISBON).time() == time(20)


class Screen:
    """A real terminal with a real process in it."""

    def __init__(self, house: House, *words: str) -> None:
        (house.folder / "clock").write_text(house.clock().isoformat(), encoding="utf-8")
        where = house.database.engine.url.set(drivername=house.database.dialect)
        url = where.render_as_string(hide_password=False)
        settings = {"CIVICLOOP_DATABASE__URL": url, "CIVICLOOP_PRIVACY__KEY_FILE": str(house.config.privacy.key_file)}
        known = {name: said for name, said in os.environ.items() if not name.startswith("CIVICLOOP_")}
        environ = {**known, **settings, clock.CLOCK: str(house.folder / "clock"), "COLUMNS": "100", "TERM": "xterm"}
        self._end, inner = pty.openpty()
        command = [sys.executable, "-m", "bot", *words]
        self._process = subprocess.Popen(command, stdout=inner, stderr=inner, env=environ, cwd=house.folder)
        os.close(inner)
        self.shown = ""

    def _reads(self) -> bool:
        """Take in what is shown next; False: the terminal is closed."""
        if not select.select([self._end], [], [], 1)[0]:
            return True
        try:
            more = os.read(self._end, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            return False
        self.shown += more
        return bool(more)

    async def shows(self, words: str) -> None:
        """Wait until it shows this."""
        until = asyncio.get_running_loop().time() + 40
        while words not in self.shown:
            assert asyncio.get_running_loop().time() < until, self.shown
            assert await asyncio.to_thread(self._reads), self.shown

    async def ends(self) -> int:
        """Wait until the process ends by itself, and return its status."""
        while await asyncio.to_thread(self._reads):
            pass
        return await asyncio.to_thread(self._process.wait, 30)


@pytest.mark.slow
async def test_a_bar_grows_until_all_are_asked_and_then_the_numbers_stand_there(house: House) -> None:
    people(house, *(f"c{n}" for n in range(12)))
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.pigeon.receipts["c3"] = [Gone("blocked")]
    screen = Screen(house, "round", "watch", code)
    await screen.shows("sent to 0 of 12, last about 12:00")
    await house.delivered()
    assert await screen.ends() == 0
    assert "sent to 12 of 12, 1 failed, reached 11" in screen.shown
    after = screen.shown.partition("100%")[2]
    assert "asked: sent to 12 of 12; 1 failed; reached 11\r\n  people: sent to 12, reached 11" in after
    assert "Traceback" not in screen.shown


@pytest.mark.slow
async def test_the_bar_ends_when_the_round_is_closed_before_all_were_asked(house: House) -> None:
    people(house, "a", "b", "c")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    screen = Screen(house, "round", "watch", code)
    await screen.shows("sent to 0 of 3")
    house.rounds.close(code)
    assert await screen.ends() == 0
    assert "0 of" in screen.shown


async def test_who_sends_stop_before_the_letter_leaves_is_not_among_those_it_was_sent_to(house: House) -> None:
    people(house, "a", "b", "c")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await Citizen(house, "a").says("STOP")
    await house.delivered()
    found = house.rounds.sending(code)
    assert (found.sent, found.reached, found.waiting) == (2, 2, 0)
    assert house.rounds.counts(code).invited == 2


@pytest.mark.parametrize("ends", ["close", "cancel"])
async def test_whose_letter_was_called_back_from_a_sender_that_died_with_it_was_not_asked(
    house: House, ends: str
) -> None:
    people(house, "a")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    with house.database.transaction() as db:
        assert outbox.claim(db, "pigeon", "dead:1", house.clock(), timedelta(seconds=10), 10)
    getattr(house.rounds, ends)(code, why="flood")
    assert house.rounds.audience(code).invited == 1, "it may have left"
    house.clock.forward(minutes=1)
    await house.delivered()
    house.sweeps.rounds()
    found = house.rounds.audience(code)
    assert (found.invited, found.excluded) == (0, {"closed": 1})


async def finishes(house: House, name: str, code: str) -> None:
    """Let somebody find a round by its code, and come to its end."""
    citizen = Citizen(house, name)
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("OK")


async def test_a_letter_is_sent_to_nobody_who_answered_before_their_turn(house: House) -> None:
    people(house, *"abcd")
    code = house.need(audience="agreed", spread_hours=40).code
    house.sweeps.rounds()
    for name in "abc":
        await finishes(house, name, code)
    house.sweeps.rounds()
    found = house.rounds.sending(code)
    assert (found.sent, found.reached, found.waiting, found.people) == (0, 0, 1, 1)
    house.clock.forward(days=5)
    house.sweeps.rounds()
    await house.delivered()
    found = house.rounds.sending(code)
    assert (found.sent, found.reached, found.waiting, found.people) == (1, 1, 0, 1)
    assert house.rounds.counts(code).invited == 1
    assert house.rounds.audience(code).answered == 3


async def test_whose_letter_came_back_and_who_answers_by_the_code_was_sent_one_that_did_not_reach_them(
    house: House,
) -> None:
    people(house, "a")
    code = house.need(audience="agreed").code
    house.pigeon.receipts["a"] = [Gone("blocked")]
    house.sweeps.rounds()
    await house.delivered()
    await finishes(house, "a", code)
    house.sweeps.rounds()
    found = house.rounds.sending(code)
    assert (found.sent, found.reached, found.failed) == (1, 0, 1)
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        assert {way[:2] for way in turnout.ways(db, row.id).values()} == {(1, 0)}


@pytest.mark.parametrize("deletes", [False, True])
async def test_the_sending_ends_although_somebody_has_come_before_their_turn(house: House, deletes: bool) -> None:
    people(house, "a", "b")
    code = house.need(audience="agreed", spread_hours=10).code
    house.sweeps.rounds()
    citizen = Citizen(house, "a")
    await citizen.starts(code)
    await citizen.does(*INTO)
    if deletes:
        await citizen.says("DELETE")
        await citizen.taps("Yes")
    house.clock.forward(days=5)
    house.sweeps.rounds()
    await house.delivered()
    found, told = house.rounds.sending(code), house.rounds.audience(code)
    assert (found.sent, found.waiting, found.people, found.ends_at, found.done) == (1, 0, 1, None, True)
    assert (told.people, dict(told.excluded)) == (2, {"forgotten": 1} if deletes else {})
