"""Who has lost a role is sent nothing that only the role let them read, also where it was written before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parting import withhold
from storage import answers, messages, outbox, people, rounds
from storage.messages import BOT, NewLine
from storage.outbox import NewMessage
from tests.bot.test_threads import employed, in_round
from tests.storage import makers
from tests.support.house import NOON, Citizen

if TYPE_CHECKING:
    from tests.support.house import House

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


async def test_who_loses_a_service_keeps_no_copy_here_of_words_of_its_citizens(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya", ("manager", "library"), ("manager", "bus7"))
    omar = await employed(house, "Omar")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("there is a gas leak")
    await citizen.says("DONE")
    other = Citizen(house, "other")
    await other.says("HUMAN")
    await other.taps("Bus line 7")
    await other.says("The bus never comes")
    await house.delivered()
    code = house.table("rounds")[0].id
    with house.database.transaction() as db:
        contact = house.contact(maya.address)
        who, round_ = contact.person_id or 0, rounds.get(db, code)
        assert round_ is not None
        answers.append(db, [makers.answer(round_, b"one", "why", house.clock(), verb="ask", text="Nobody was there")])
    quoted = house.table("answers")[-1].id
    with house.database.transaction() as db:
        bodies = {f"pigeon:{n}.0": f'{{"text":"read","quotes":["{n}"]}}' for n in (quoted, 10**9)}
        outbox.enqueue(db, [NewMessage(key, contact.id, "pigeon", 1, body, NOON, NOON) for key, body in bodies.items()])
        lines = [NewLine(contact.id, f"out:{key}", NOON, BOT, "{}") for key in outbox.keys_of(db, contact.id, ("",))]
        messages.append(db, lines)
        before = set(outbox.keys_of(db, contact.id, ("alarm.", "thread.")))
        theirs = set(outbox.keys_of(db, house.contact(omar.address).id, ("",)))
        people.remove(db, who, service="library")
        withhold(db, who, house.clock())
        left = set(outbox.keys_of(db, contact.id, ("alarm.", "thread.")))
        bus = next(row.name for row in house.table("threads") if row.service == "bus7")
        assert left == {key for key in before if key.startswith(f"thread.{bus}.")} != before
        assert [key for key, _ in outbox.quoting(db, [contact.id])] == [f"pigeon:{10**9}.0"]
        assert set(outbox.keys_of(db, house.contact(omar.address).id, ("",))) == theirs
    assert not [row for row in house.table("messages") if row.key == f"out:pigeon:{quoted}.0"]
