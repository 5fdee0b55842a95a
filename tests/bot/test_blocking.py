"""Who is blocked by staff reads why, can object, and keeps their rights; nothing else is taken from them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage import contacts, people, threads
from storage.audience import ASKING
from tests.bot.rounds.test_audience import people as listed
from tests.bot.test_threads import employed, in_round, name_of, text
from tests.support.house import NOON

if TYPE_CHECKING:
    from tests.bot.test_threads import Staff
    from tests.support.house import Citizen, House

WHY = "Insults, three times"


async def written(house: House, citizen: Citizen) -> Staff:
    """Let a citizen in a round have written to Maya, who looks after the library."""
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("You are all idiots")
    await citizen.taps("I am done")
    return maya


def blocks(house: House, why: str = WHY) -> None:
    """Let Maya block, or with no reason free, the citizen of the only thread."""
    with house.database.transaction() as db:
        thread = threads.named(db, name_of(house))
        assert thread is not None
        (maya,) = (person for person in people.everyone(db) if person.name == "Maya")
        if why:
            house.threads.block(db, thread, maya, why, house.clock())
        else:
            house.threads.unblock(db, thread, maya, house.clock())


async def test_they_read_why_and_nothing_more_is_taken(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    code = house.table("rounds")[0].code
    blocks(house)
    assert f"Their reason: {WHY}" in house.said(citizen.address)[-1].text
    said = text(await citizen.says("5"))
    assert f"I take no answers from this chat. The reason: {WHY}" in said
    assert "Send HUMAN" in said
    assert citizen.answers(code) == []
    assert "I take no answers" in text(await citizen.starts(code))


async def test_the_same_press_twice_blocks_once(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    blocks(house)
    said = house.said(citizen.address)
    blocks(house, "Another reason")
    assert house.said(citizen.address) == said


async def test_their_objection_reaches_staff_three_times_a_day(house: House, citizen: Citizen) -> None:
    maya = await written(house, citizen)
    house.clock.forward(days=1)
    blocks(house)
    await citizen.says("HUMAN")
    for n in range(5):
        await citizen.says(f"I was angry {n}")
    told = [each.text for each in house.said(maya.address) if "I was angry" in each.text]
    assert len(told) == 3
    assert "three messages a day" in house.said(citizen.address)[-1].text


@pytest.mark.parametrize(
    ("word", "answer"), [("MYDATA", "This is what I keep about you"), ("DELETE", "Shall I remove"), ("HELP", "MYDATA")]
)
async def test_their_rights_stay(house: House, citizen: Citizen, word: str, answer: str) -> None:
    await written(house, citizen)
    blocks(house)
    assert answer in text(await citizen.says(word))


async def test_what_is_kept_of_the_block_is_told_with_all_else(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    blocks(house)
    assert f"Staff have blocked this chat on 24 November 2026. Their reason: {WHY}" in text(
        await citizen.says("MYDATA")
    )


async def test_stop_is_heard(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    blocks(house)
    await citizen.says("STOP")
    assert house.contact(citizen.address).stopped_at is not None


async def test_danger_is_heard_all_the_same(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    blocks(house)
    assert house.config.city.emergency_number in text(await citizen.says("There is a gas leak here"))
    assert len(house.table("alarms")) == 1


async def test_a_block_can_be_taken_back(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    blocks(house)
    blocks(house, "")
    assert "free again" in house.said(citizen.address)[-1].text
    await citizen.starts(house.table("rounds")[0].code)
    await citizen.taps("Good")
    assert len(citizen.answers(house.table("rounds")[0].code)) == 1


async def test_nobody_who_is_blocked_is_invited(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    listed(house, "ana")
    with house.database.transaction() as db:
        contacts.set_invite_again(db, house.contact(citizen.address).id, house.clock())
    blocks(house)
    found = house.rounds.audience(house.need(opened=False, audience="agreed").code)
    assert (found.waiting, dict(found.excluded)) == (1, {"blocked": 1})


def asking(house: House) -> list[tuple[str, str]]:
    return [(row.key.split(".")[0], row.status) for row in house.table("outbox") if row.key.startswith(ASKING)]


async def test_what_asks_them_into_a_round_is_called_back(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    agreed(house, citizen)
    house.need(audience="agreed")
    house.sweeps.rounds()
    assert asking(house) == [("invite", "due")]
    blocks(house)
    assert asking(house) == [("invite", "gone")]
    assert house.said(citizen.address)[-1].text.count(WHY)


async def test_nobody_blocked_is_reminded_of_what_they_began(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    agreed(house, citizen)
    blocks(house)
    house.clock.forward(days=2, hours=1)
    house.sweeps.sessions()
    assert asking(house) == []
    blocks(house, why="")
    house.sweeps.sessions()
    assert asking(house) == [("silence", "due")]


def agreed(house: House, citizen: Citizen) -> None:
    with house.database.transaction() as db:
        contacts.set_invite_again(db, house.contact(citizen.address).id, house.clock() - timedelta(days=60))


async def test_a_block_outlives_delete_and_goes_in_its_time(house: House, citizen: Citizen) -> None:
    await written(house, citizen)
    blocks(house)
    assert "That staff have blocked this chat stays" in text(await citizen.says("DELETE"))
    house.clock.forward(days=1)
    await citizen.taps("Yes")
    fresh = house.contact(citizen.address)
    assert (fresh.blocked_at, fresh.blocked_why) == (NOON, WHY)
    assert WHY in text(await citizen.starts(house.pulse().code))
    await house.delivered()
    for _ in range(3):
        house.clock.forward(days=31)
        house.sweeps.privacy()
    assert citizen.address not in {house.keys.unseal(each.address_sealed) for each in house.table("contacts")}
