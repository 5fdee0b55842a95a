"""The process is killed where a conversation goes on by itself: no word is lost, and the next question comes once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from storage import tables
from tests.journeys.ordeal import ANSWER, PATIENCE, RECEIPT, Midwife, Ordeal, contacts_of, seen, sent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.botapi.citizen import Citizen
    from tests.support.botapi.schema import Json

WAKING = ["wake.written", "wake.committed"]
FAILING = ["wake.puts_off", "wake.put_off"]
CROSSINGS = [*WAKING, *FAILING]
EDITED = "at the gate"
LAMP, SINCE = "Which lamp", "Since when?"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_wherever_the_process_is_killed_no_word_is_lost_and_the_next_question_comes_once(
    bare_url: str, tmp_path: Path, midwife: Midwife
) -> None:
    async with Ordeal(tmp_path, bare_url, midwife) as ordeal:
        ordeal.code = await ordeal.opened("lamps")
        for crossing in WAKING:
            ordeal.people(2, in_two_messages)
            await dies_at(ordeal, crossing)
        await dies_with_a_poisoned_session(ordeal)
        await ordeal.lives()
        await ordeal.over()
        await ordeal.stops()
        check(ordeal)
    assert ordeal.kills > len(CROSSINGS)


async def dies_at(ordeal: Ordeal, crossing: str) -> None:
    """Live until the crossing is passed, and die there."""
    await ordeal.lives(f"{crossing}:1")
    async with asyncio.timeout(PATIENCE):
        while not await ordeal.dies(within=1):
            pass


async def in_two_messages(ordeal: Ordeal, citizen: Citizen) -> None:
    """Answer the first question in two messages, and all that follow."""
    await asked(ordeal, citizen)
    await to_the_end(citizen, *[await citizen.sends(words) for words in parts(citizen.id)])


async def asked(ordeal: Ordeal, citizen: Citizen) -> None:
    """Come to the first question."""
    for text in (f"/start {ordeal.code}", "yes", "yes"):
        await citizen.sends(text)
    await seen(citizen, LAMP)


async def to_the_end(citizen: Citizen, _first: Json, second: Json) -> None:
    """Once the second question is there, edit the last message of the first; then answer all that follow."""
    await seen(citizen, SINCE)
    await citizen.edits(second, EDITED)
    for text in ("in May", "no", "no"):
        await citizen.sends(text)
    await seen(citizen, RECEIPT)


def parts(person: int) -> tuple[str, str]:
    """Return the messages that are one answer; nobody else's."""
    return (f"the lamp of person{person}", "at the door")


async def dies_with_a_poisoned_session(ordeal: Ordeal) -> None:
    """One session cannot be read for a while: it is put off, and goes on in the end."""
    kept: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    mended = asyncio.Event()

    async def poisoned(ordeal: Ordeal, citizen: Citizen) -> None:
        await asked(ordeal, citizen)
        both = [await citizen.sends(words) for words in parts(citizen.id)]
        kept.set_result(str(citizen.id))
        await mended.wait()  # what is said meanwhile might be tried too often, and given up
        await to_the_end(citizen, *both)

    ordeal.people(1, poisoned)
    await ordeal.lives()
    contact = await has_said_both(ordeal, await kept)
    await ordeal.killed()
    body = rewritten(ordeal, contact, "not a session")
    for crossing in FAILING:
        await dies_at(ordeal, crossing)
    rewritten(ordeal, contact, body)
    mended.set()


async def has_said_both(ordeal: Ordeal, address: str) -> int:
    """Wait until both messages are in the answer; return whose it is."""
    words = "\n".join(parts(int(address)))
    async with asyncio.timeout(PATIENCE):
        while True:
            with ordeal.looking() as db:
                if words in db.execute(select(tables.answers.c.text)).scalars().all():
                    return contacts_of(db, ordeal.keys())[address]
            await asyncio.sleep(0.02)


def rewritten(ordeal: Ordeal, contact: int, body: str) -> str:
    """Put other words in place of somebody's session that is due, and return what was there."""
    mine = tables.sessions.c.contact_id == contact
    with ordeal.writing() as db:
        before: str = db.execute(select(tables.sessions.c.body).where(mine)).scalar_one()
        started = select(tables.sessions.c.started_at).where(mine).scalar_subquery()
        db.execute(update(tables.sessions).where(mine).values(body=body, wakes_at=started))
    return before


def check(ordeal: Ordeal) -> None:
    """Each answer stands once and whole; the question after it was decided once for everybody."""
    with ordeal.looking() as db:
        standing = select(*ANSWER).where(tables.answers.c.withdrawn_at.is_(None))
        found = sorted(text for _, state, text in db.execute(standing) if state == "lamp")
        asked = select(tables.outbox.c.contact_id, func.count()).where(tables.outbox.c.state == "since")
        decided: dict[int, int] = dict(db.execute(asked.group_by(tables.outbox.c.contact_id)).all())
        left = db.execute(select(tables.sessions.c.wakes_at)).scalars().all()
    assert found == sorted(f"{parts(person)[0]}\n{EDITED}" for person in ordeal.api.citizens)
    assert set(decided.values()) == {1}
    assert len(decided) == len(ordeal.api.citizens)
    assert set(left) == {None}
    for citizen in ordeal.api.citizens.values():
        heard = Counter(SINCE in text for text in sent(citizen))
        assert 1 <= heard[True] <= 1 + ordeal.kills
    assert ordeal.api.violations == []
