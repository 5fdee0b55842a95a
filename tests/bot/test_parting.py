"""Who has lost a role is sent nothing that only the role let them read, also where it was written before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parting import withhold
from storage import outbox, people
from storage.outbox import NewMessage
from tests.bot.test_threads import employed, in_round
from tests.support.house import NOON

if TYPE_CHECKING:
    from tests.support.house import Citizen, House

SECRET = "please help me in the library"


def brought(house: House, staff: Citizen) -> bool:
    return any(SECRET in each.text for each in house.pigeon.sent if each.address == staff.address)


async def test_who_works_here_no_more_gets_no_words_of_citizens(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await house.delivered()
    await citizen.says(SECRET)
    person = house.contact(maya.address).person_id
    assert person is not None
    with house.database.transaction() as db:
        people.remove(db, person)
        people.leave(db, person, house.clock())
    await house.delivered()
    assert not brought(house, maya)


async def test_who_loses_a_service_gets_no_words_of_its_citizens_and_all_others(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya", ("manager", "library"), ("manager", "street_repair"))
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await house.delivered()
    await citizen.says(SECRET)
    await citizen.says("DONE")
    await citizen.says("there is a gas leak")
    contact = house.contact(maya.address)
    assert contact.person_id is not None
    keys = [f"digest:{contact.person_id}:{service}:2026-W47:{contact.id}" for service in ("library", "street_repair")]
    with house.database.transaction() as db:
        outbox.enqueue(db, [NewMessage(key, contact.id, "pigeon", 5, '{"text":"x"}', NOON, NOON) for key in keys])
        people.remove(db, contact.person_id, service="library")
        assert withhold(db, contact.person_id, house.clock()) == 3
        left = outbox.unsent_keys(db, contact.id)
    assert left == keys[1:]


async def test_whoever_keeps_the_right_by_another_role_gets_them_all_the_same(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya", ("manager", "library"), ("organiser", "library"))
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says(SECRET)
    person = house.contact(maya.address).person_id
    assert person is not None
    with house.database.transaction() as db:
        people.remove(db, person, role="manager")
        assert withhold(db, person, house.clock()) == 0
    await house.delivered()
    assert brought(house, maya)
