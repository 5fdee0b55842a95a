"""Words of danger are heard wherever somebody stands and in every language of the city; what staff write is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from bot import correspondence, discretion
from bot.actions import asked as asked_back
from bot.alarms import A_DAY
from bot.desk.changing import DELETING, RECEIPT
from bot.desk.choosing import CHOOSING, SWITCHING
from bot.desk.desk import LANGUAGE
from bot.flood import Flood
from storage import sessions
from tests.bot.actions import test_asked
from tests.bot.test_threads import employed, in_round, text
from tests.bot.test_turns import INTO
from tests.support.house import RECORD, Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DESPAIR = "I want to kill myself"
LEAK = "Hay una fuga de gas en la sala"

# --------------------------------------------------------------------------- where somebody may stand


async def nowhere(house: House) -> Citizen:
    citizen = Citizen(house, "n")
    await citizen.says("hello")
    return citizen


async def amid(house: House) -> Citizen:
    citizen = Citizen(house, "n")
    await in_round(house, citizen)
    return citizen


async def deleting(house: House) -> Citizen:
    citizen = await amid(house)
    await citizen.does("Good")
    await citizen.says("DELETE")
    return citizen


async def choosing(house: House) -> Citizen:
    house.pulse()
    house.need()
    citizen = Citizen(house, "n")
    await citizen.starts()
    return citizen


async def switching(house: House) -> Citizen:
    citizen = await amid(house)
    await citizen.starts(house.need().code)
    await citizen.says("START")
    return citizen


async def language(house: House) -> Citizen:
    citizen = await nowhere(house)
    await citizen.says("LANGUAGE")
    return citizen


async def receipt(house: House) -> Citizen:
    code = house.pulse().code
    other = Citizen(house, "other")
    await other.starts(code)
    await other.does(*INTO, "Good")
    await other.says("SKIP")
    citizen = await nowhere(house)
    session = sessions.shown(house.table("sessions")[0].body, house.keys)
    await citizen.says(session.split('"receipt":"')[1].split('"')[0])
    return citizen


async def private(house: House) -> Citizen:
    citizen = await amid(house)
    await citizen.does("Good")
    await citizen.says("Longer hours, call 07400 123456")
    return citizen


async def answering(house: House) -> Citizen:
    citizen, *_ = await test_asked.complained(house)
    test_asked.asked(house, test_asked.WORDS)
    await citizen.taps("Write an answer")
    return citizen


async def writing(house: House) -> Citizen:
    await employed(house, "Maya")
    citizen = await amid(house)
    await citizen.says("HUMAN")
    return citizen


async def writing_much(house: House) -> Citizen:
    citizen = await writing(house)
    for _ in range(correspondence.MOST):
        await citizen.says("hm")
    return citizen


async def whom(house: House) -> Citizen:
    await employed(house, "Maya")
    await employed(house, "Bea", ("manager", "street_repair"))
    citizen = await nowhere(house)
    await citizen.says("HUMAN")
    return citizen


async def stopped(house: House) -> Citizen:
    citizen = await amid(house)
    await citizen.says("STOP")
    return citizen


async def paused(house: House) -> Citizen:
    citizen = await amid(house)
    house.rounds.pause(house.table("rounds")[0].code, why="x")
    return citizen


async def closed(house: House) -> Citizen:
    citizen = await amid(house)
    house.rounds.close(house.table("rounds")[0].code)
    house.clock.forward(days=3)
    return citizen


async def cancelled(house: House) -> Citizen:
    citizen = Citizen(house, "n")
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    house.rounds.cancel(code, why="no")
    return citizen


STATES: Final[dict[Callable[[House], Awaitable[Citizen]], str]] = {
    nowhere: "",
    amid: "",
    deleting: DELETING,
    choosing: CHOOSING,
    switching: SWITCHING,
    language: LANGUAGE,
    receipt: RECEIPT,
    private: discretion.ASKING,
    answering: asked_back.ANSWERING,
    writing: correspondence.WRITING,
    writing_much: correspondence.WRITING,
    whom: correspondence.WHOM,
    stopped: "",
    paused: "",
    closed: "",
    cancelled: "",
}
"""By how somebody gets there: what the desk waits for then."""


@pytest.mark.parametrize("words", [DESPAIR, LEAK])
@pytest.mark.parametrize("state", STATES)
async def test_danger_is_heard_wherever_somebody_stands(
    house: House, state: Callable[[House], Awaitable[Citizen]], words: str
) -> None:
    citizen = await state(house)
    assert (house.contact(citizen.address).asks or "").partition(" ")[0] == STATES[state]
    said = text(await citizen.says(words))
    assert said.count(house.config.city.emergency_number) == 1
    assert said.index(house.config.city.emergency_number) < 400
    assert len(house.table("alarms")) == 1


async def test_within_a_passage_it_reaches_the_people_of_the_service_so_often_a_day_and_no_more(house: House) -> None:
    maya = await employed(house, "Maya")
    citizen = await deleting(house)
    await citizen.says(DESPAIR)
    await citizen.says("no")
    for _ in range(A_DAY):
        await citizen.says(DESPAIR)
    assert len([each for each in house.said(maya.address) if "kill myself" in each.text]) == A_DAY


async def test_too_many_messages_are_heard_for_danger_and_answered_once(house: House, citizen: Citizen) -> None:
    house.desk._flood = Flood(messages=10)
    await in_round(house, citizen)
    for _ in range(15):
        await citizen.says("hm")
    said = [text(await citizen.says(DESPAIR)) for _ in range(4)]
    assert [house.config.city.emergency_number in each for each in said] == [True, False, False, False]
    assert len(house.table("alarms")) == A_DAY


async def test_a_photo_and_a_change_of_a_message_are_read_too(house: House, citizen: Citizen) -> None:
    await citizen.says("hello", message_id="5")
    number = house.config.city.emergency_number
    assert number in text(await citizen.says(DESPAIR, edited=True, message_id="5"))
    assert number in text(await citizen.sends(raw(citizen.address, kind="photo", file="f", text=DESPAIR)))


async def test_it_is_heard_where_a_command_is_not_known(house: House, citizen: Citizen) -> None:
    await in_round(house, citizen)
    assert house.config.city.emergency_number in text(await citizen.says(f"/help {DESPAIR}"))


async def test_who_writes_in_another_language_reads_what_to_do_in_the_one_of_the_chat(
    house: House, citizen: Citizen
) -> None:
    await in_round(house, citizen)
    said = text(await citizen.says(LEAK))
    assert "call" in said
    assert "llam" not in said


async def test_what_staff_write_at_work_is_no_alarm(house: House) -> None:
    citizen = await writing(house)
    await citizen.says("what do I do if I smell something odd?")
    maya = Citizen(house, "Maya's address")
    await maya.taps("Reply")
    said = text(await maya.says("If there is a gas leak leave at once"))
    assert house.config.city.emergency_number not in said
    await maya.says("/digest gas leak")
    assert not house.table("alarms")


async def test_the_name_of_a_round_that_is_chosen_is_no_alarm(house: House, citizen: Citizen) -> None:
    house.need(record={**RECORD, "topic": {"en": "a gas leak", "es": "una fuga"}})
    house.pulse()
    await citizen.starts()
    assert "Are you 16 or older?" in text(await citizen.says("gas leak"))
    assert not house.table("alarms")
