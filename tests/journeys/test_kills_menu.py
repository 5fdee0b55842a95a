"""The process is killed while an organiser works in the chat: an act happens once, a file is told of once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from storage import tables
from tests.bot.test_manuscripts import TEA
from tests.journeys.ordeal import Midwife, Ordeal, seen
from tests.support.botapi.citizen import written

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.botapi.citizen import Citizen

ACTING = ["round.acts", "round.acted", "group.written", "group.committed"]
"""Inside the turn's transaction and around its commit."""
FAILING = ["manuscript.puts_off", "manuscript.put_off"]
READING = ["manuscript.tells", "manuscript.told"]
CROSSINGS = [*FAILING, *READING]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_an_act_in_the_chat_happens_once_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife
) -> None:
    async with Ordeal(tmp_path, bare_url, midwife) as ordeal:
        code = await ordeal.opened("matters")
        omar = await joined(ordeal)
        for crossing in ACTING:
            await ordeal.command("round", "pause", code, "--why", "the water is off")
            asked = await led_to_the_question(ordeal, omar)
            await ordeal.lives(f"{crossing}:1")
            before = len(omar.chat.happenings)
            await omar.taps("Yes", on=asked)
            assert await ordeal.dies(), ordeal.told()
            await ordeal.lives()
            await seen(omar, "Done.", since=before)
            await ordeal.over()
            await ordeal.stops()
        with ordeal.looking() as db:
            done = db.execute(select(tables.round_log.c.what).order_by(tables.round_log.c.id)).scalars().all()
    assert [what for what in done if what in {"paused", "resumed"}] == ["paused", "resumed"] * len(ACTING)
    assert ordeal.kills == len(ACTING)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_file_is_told_of_once_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife
) -> None:
    async with Ordeal(tmp_path, bare_url, midwife) as ordeal:
        omar = await joined(ordeal)
        for crossing in CROSSINGS:
            if crossing in FAILING:
                ordeal.api.fault("getFile", status=500, description="Internal Server Error", times=100)
            await ordeal.lives(f"{crossing}:1")
            before = len(omar.chat.happenings)
            await omar.sends_file("tea.toml", "application/toml", TEA.encode())
            assert await ordeal.dies(), ordeal.told()
            ordeal.api.world.faults.clear()
            await ordeal.lives()
            await seen(omar, "nothing to mend", since=before)
            await ordeal.over()
            await ordeal.stops()
        with ordeal.looking() as db:
            wanted = select(tables.outbox.c.key).where(tables.outbox.c.key.startswith("manuscript:"))
            keys = db.execute(wanted).scalars().all()
    assert len(keys) == len(CROSSINGS)
    told = [each for each in omar.chat.happenings if "nothing to mend" in written(each.message)]
    assert len(CROSSINGS) <= len(told) <= len(CROSSINGS) + ordeal.kills  # one on its way at a kill may come again
    assert ordeal.kills == len(CROSSINGS)


async def joined(ordeal: Ordeal) -> Citizen:
    """Return an organiser who has followed the invitation."""
    links = await ordeal.asks("invite", "--role", "organiser", "--service", "library", "--name", "Omar")
    omar = ordeal.api.citizen(701, name="Omar")
    await ordeal.lives()
    await omar.sends(links["telegram"])
    await seen(omar, "organiser")
    await ordeal.over()
    await ordeal.stops()
    return omar


async def led_to_the_question(ordeal: Ordeal, omar: Citizen) -> dict[str, object]:
    """Let the organiser come to the question whether the round shall go on; the life ends there."""
    before = len(omar.chat.happenings)
    await ordeal.lives()
    await omar.sends("/organise")
    await seen(omar, "What would you like to do?", since=before)
    await omar.taps("My rounds")
    await seen(omar, "Those that need you first", since=before)
    await omar.taps("A round of matters · paused")
    await seen(omar, "Invited: 0.", since=before)
    await omar.taps("Let it go on")
    asked = await seen(omar, "Everything goes on where it was", since=before)
    await ordeal.over()
    await ordeal.stops()
    return asked
