"""The process is killed, at every crossing and at random, while people talk: nothing is lost, nothing is doubled.

Telegram knows no key by which a repeated `sendMessage` could be told, so a message that was on its way at a kill may
come again. What holds, and is counted here: each chat has at most one message on its way, so nobody gets more than one
repeat per kill; and whatever was not on its way comes exactly once.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

import bot
from storage.tables import sessions
from tests.bot import test_entering as entering
from tests.bot import test_moving as moving
from tests.bot import test_safekeeping as safekeeping
from tests.bot.digests import test_writing as digests
from tests.bot.themes import test_sweeping as sorting
from tests.journeys import test_kills_actions as actions
from tests.journeys import test_kills_calendar as calendar
from tests.journeys import test_kills_joining as joining
from tests.journeys import test_kills_menu as menu
from tests.journeys import test_kills_web as web
from tests.journeys.ordeal import (
    ASKED,
    PATIENCE,
    Midwife,
    Ordeal,
    contacts_of,
    counted,
    hasty,
    patient,
    said,
    seen,
    tapping,
)

if TYPE_CHECKING:
    from tests.support.botapi.citizen import Citizen

TURNS = (
    "turns.queued turns.told group.begins group.taken group.stepped group.written group.committed "
    "delivery.takes_lease delivery.settles delivery.claimed delivery.settled delivery.committed delivery.sends "
    "delivery.sent"
).split()
WAYS = {
    "polling": ["receive.takes_lease", "receive.holds_lease", "receive.fetched", "receive.kept"],
    "webhook": ["webhook.brought", "webhook.kept"],
}
RENEWALS = {"polling": ["receive.renews_lease"], "webhook": ["delivery.renews_lease"]}
"""Reached only after a third of a lease, so each in one way of receiving."""
POISONED = ["alone.failed", "alone.written", "alone.kept", "again.failed", "again.noted"]
MENDED = ["again.written", "again.committed"]
STOPPING = ["delivery.releases", "delivery.released"]
LIVES, CROWD = 8, 27
"""Kills at random moments in one town, and how many people come before each."""
EACH = 2
"""At least so many people come for each kill at a crossing."""
DATABASES = 2
"""Each test runs on SQLite and on PostgreSQL."""


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_nothing_is_lost_or_doubled_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife, mode: str
) -> None:
    chance = random.Random(f"crossings {mode}")  # noqa: S311 - a test that can be repeated
    async with Ordeal(tmp_path, bare_url, midwife, mode) as ordeal:
        ordeal.code = await ordeal.opened("matters")
        for crossing in [*WAYS[mode], *TURNS, *RENEWALS[mode]]:
            most = 1 if "lease" in crossing else 4
            await dies_at(ordeal, f"{crossing}:{chance.randint(1, most)}")
        await dies_with_a_poisoned_session(ordeal)
        await dies_while_stopping(ordeal)
        await ordeal.lives()
        await ordeal.over()
        await ordeal.stops()
        found = counted(ordeal)
    print(found)  # noqa: T201 - the figures
    assert sum(found.repeats) >= 1  # else nothing was killed between Telegram's answer and its commit
    assert found.kills == kills_at_crossings(mode)
    assert found.people >= EACH * kills_at_crossings(mode)


def kills_at_crossings(mode: str) -> int:
    """Return how often the process dies: at each crossing, and once so that a session can be spoilt."""
    crossings = (WAYS[mode], TURNS, RENEWALS[mode], POISONED, MENDED, STOPPING)
    return sum(map(len, crossings)) + 1


async def dies_at(ordeal: Ordeal, crash_at: str) -> None:
    """Live until the crossing is passed so often, and die there; new people come as long as that takes."""
    for way in (hasty, patient, tapping):
        ordeal.people(1, way)
    await ordeal.lives(crash_at)
    async with asyncio.timeout(PATIENCE):
        while not await ordeal.dies(within=1):
            ordeal.people(1, patient)


async def dies_with_a_poisoned_session(ordeal: Ordeal) -> None:
    """One session cannot be read for a while: what its citizen says waits, is tried again, and is done in the end."""
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    spoilt = asyncio.Event()

    async def poisoned(ordeal: Ordeal, citizen: Citizen) -> None:
        await citizen.sends(f"/start {ordeal.code}")
        await seen(citizen, ASKED[0])
        arrived.set_result(str(citizen.id))
        await spoilt.wait()
        for text in said(citizen.id):
            await citizen.sends(text)
        await seen(citizen, "receipt")

    ordeal.people(1, poisoned)
    await ordeal.lives()
    address = await arrived
    await ordeal.killed()
    with ordeal.looking() as db:
        contact = contacts_of(db, ordeal.keys())[address]
        body = db.execute(select(sessions.c.body).where(sessions.c.contact_id == contact)).scalar_one()
    write_session(ordeal, contact, "not a session")
    spoilt.set()
    for crossing in POISONED:
        await dies_at(ordeal, f"{crossing}:1")
    write_session(ordeal, contact, body)
    for crossing in MENDED:
        await dies_at(ordeal, f"{crossing}:1")


def write_session(ordeal: Ordeal, contact: int, body: str) -> None:
    """Put other words in place of somebody's session."""
    with ordeal.writing() as db:
        db.execute(update(sessions).where(sessions.c.contact_id == contact).values(body=body))


async def dies_while_stopping(ordeal: Ordeal) -> None:
    """Asked to stop, and killed while giving its leases back."""
    for crossing in STOPPING:
        ordeal.people(2, hasty)
        await ordeal.lives(f"{crossing}:1")
        await ordeal.works()
        await ordeal.killed(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_nothing_is_lost_or_doubled_whenever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife, mode: str
) -> None:
    chance = random.Random(f"moments {mode}")  # noqa: S311 - a test that can be repeated
    async with Ordeal(tmp_path, bare_url, midwife, mode, messages_per_second=1000) as ordeal:
        ordeal.code = await ordeal.opened("matters")
        for _ in range(LIVES):
            for way in (hasty, patient, tapping):
                ordeal.people(CROWD // 3, way)
            await ordeal.lives()
            await ordeal.works()
            await asyncio.sleep(chance.uniform(0, 0.8))
            await ordeal.killed()
        await ordeal.lives()
        await ordeal.over()
        await ordeal.stops()
        found = counted(ordeal)
    print(found)  # noqa: T201 - the figures
    assert (found.kills, found.people) == (LIVES, LIVES * CROWD)


def test_a_hundred_kills_and_a_thousand_people_are_what_the_tests_above_come_to() -> None:
    kills = DATABASES * sum(kills_at_crossings(mode) + LIVES for mode in WAYS)
    people = DATABASES * sum(EACH * kills_at_crossings(mode) + LIVES * CROWD for mode in WAYS)
    assert kills >= 100
    assert people >= 1000


def test_no_crossing_is_forgotten() -> None:
    folder = Path(bot.__file__).parents[1]
    texts = [file.read_text("utf-8") for part in ("bot", "storage") for file in folder.glob(f"{part}/**/*.py")]
    passed = [words for text in texts for words in re.findall(r"crossings\.passed\((.+?)\)", text)]
    killed = [
        TURNS,
        POISONED,
        MENDED,
        STOPPING,
        actions.CROSSINGS,
        calendar.CROSSINGS,
        digests.CROSSINGS,
        digests.REFILLING,
        entering.CROSSINGS,
        joining.CROSSINGS,
        menu.CROSSINGS,
        moving.CROSSINGS,
        safekeeping.CROSSINGS,
        sorting.CROSSINGS,
        web.CROSSINGS,
        *WAYS.values(),
        *RENEWALS.values(),
    ]
    assert {name for words in passed for name in re.findall(r'"(.+?)"', words)} == {*chain(*killed)}
