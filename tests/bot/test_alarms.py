"""Words of danger reach a person at once, three times a day at most, and are counted; who wrote them stays unknown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot import alarms as alarm_module
from bot.erasure import Eraser
from storage import alarms, crossings, looks
from tests.bot.test_threads import employed, in_round, labels, last, text
from tests.support.house import NOON, Citizen, House, raw

BURNS = "There is a gas leak at 14 Albert Road, call Rosalind Franklin, 07400 123456"


async def test_the_managers_of_the_service_read_it_at_once_without_what_leads_to_a_person(
    house: House, citizen: Citizen
) -> None:
    maya = await employed(house, "Maya")
    bea = await employed(house, "Bea", ("manager", "street_repair"))
    code = await in_round(house, citizen)
    said = text(await citizen.says(BURNS))
    assert "call" in said
    (sent,) = house.said(maya.address)[1:]
    assert "“There is a gas leak at 14 Albert Road, call [name], [phone number]”" in sent.text
    assert "the Central Library" in sent.text
    assert house.config.city.emergency_number in sent.text
    assert citizen.address not in sent.text
    assert "/manage/urgent/library" in sent.text
    assert len(house.said(bea.address)) == 1
    assert code


async def test_who_is_no_manager_of_the_service_reads_no_address(house: House, citizen: Citizen) -> None:
    root = await employed(house, "Root", ("operator", "*"))
    await in_round(house, citizen)
    await citizen.says(BURNS)
    assert "at [house number] Albert Road" in last(root).text


async def test_the_words_arrive_whole_however_late_they_speak_of_danger(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("The opening hours could be longer. " * 90 + "My neighbour beats his wife.")
    assert "beats his wife" in "".join(each.text for each in house.said(maya.address))


async def test_a_cry_after_a_hazard_sounds_too_and_none_rings_all_day(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("bare wires hang here")
    await maya.taps("I look after it")
    await citizen.says("I want to kill myself")
    assert "kill myself" in last(maya).text
    for _ in range(5):
        await citizen.says("gas leak")
    assert len(house.table("alarms")) == alarm_module.A_DAY
    house.clock.forward(days=1)
    await citizen.says("gas leak, still")
    assert len(house.table("alarms")) == alarm_module.A_DAY + 1


async def test_each_passage_sounds_for_itself(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("gas leak here")
    other = citizen.__class__(house, "another address")
    await other.starts(house.table("rounds")[0].code)
    await other.says("hello")
    await other.says("my bin is on fire, a gas leak too")
    assert len(house.table("alarms")) == 2
    assert len([each for each in house.said(maya.address) if "gas leak" in each.text]) == 2


async def test_without_a_manager_who_runs_the_bot_is_told(house: House, citizen: Citizen) -> None:
    root = await employed(house, "Root", ("operator", "*"))
    await in_round(house, citizen)
    await citizen.says("gas leak")
    assert "gas leak" in last(root).text
    assert "/manage/urgent/" not in last(root).text
    assert house.table("alarms")[0].told == 1


async def test_where_nobody_can_be_told_it_is_kept_as_told_to_nobody(house: House, citizen: Citizen) -> None:
    await in_round(house, citizen)
    await citizen.says("gas leak")
    with house.database.reading() as db:
        assert len(alarms.untold(db)) == 1


async def test_outside_of_rounds_it_reaches_who_runs_the_bot_on_each_day(house: House, citizen: Citizen) -> None:
    root = await employed(house, "Root", ("operator", "*"), language="de")
    for words in ("there is a gas leak", *["still a gas leak"] * alarm_module.A_DAY):
        await citizen.says(words)
    assert "außerhalb einer Umfrage" in last(root).text
    house.clock.forward(days=1)
    await citizen.says("a gas leak again")
    assert len(house.table("alarms")) == alarm_module.A_DAY + 1


async def test_in_a_thread_it_is_counted_and_not_sent_twice(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("gas leak")
    assert [each.told for each in house.table("alarms")] == [1]
    assert len([each for each in house.said(maya.address) if "gas leak" in each.text]) == 1


async def test_who_looks_after_it_says_so_with_one_press_and_only_staff_of_the_service_can(
    house: House, citizen: Citizen
) -> None:
    maya = await employed(house, "Maya")
    bea = await employed(house, "Bea", ("manager", "street_repair"))
    await in_round(house, citizen)
    await citizen.says("gas leak")
    assert labels(last(maya)) == ["I look after it"]
    data = last(maya).buttons[0].data
    with house.database.reading() as db:
        assert alarms.waiting(db, "library") == 1
    for stranger in (bea, citizen):
        await stranger.sends(raw(stranger.address, kind="tap", data=data))
    with house.database.reading() as db:
        assert alarms.waiting(db, "library") == 1
    assert "noted" in text(await maya.taps("I look after it"))
    assert "already" in text(await maya.sends(raw(maya.address, kind="tap", data=data)))
    for broken in ("@alarm:x", "@alarm:999", f"@alarm:{10**30}"):
        await maya.sends(raw(maya.address, kind="tap", data=broken))
    with house.database.reading() as db:
        assert alarms.waiting(db, "library") == 0
        assert [json.loads(each.what)["did"] for each in looks.of(db, "library") if each.who == "Maya"].count(
            "urgent_done"
        ) == 1
        assert alarms.count(db, "library", NOON, NOON + timedelta(days=7)) == 1
        assert alarms.count(db, "library", NOON - timedelta(days=7), NOON) == 0
        assert alarms.count(db, "street_repair", NOON, NOON + timedelta(days=7)) == 0


@pytest.mark.parametrize("at", ["outbox", "sent"])
async def test_with_delete_go_the_copies_of_the_words_and_the_number_stays(
    house: House, citizen: Citizen, at: str
) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("gas leak")
    if at == "sent":
        await house.delivered()
    await citizen.says("DELETE")
    await citizen.says("yes")
    mine = house.contact(maya.address).id
    assert not [row for row in house.table("outbox") if row.contact_id == mine and "gas" in row.body]
    (kept,) = house.table("alarms")
    assert (kept.contact_id, kept.sealed) == (None, None)


@pytest.mark.parametrize(("role", "service"), [("operator", "*"), ("manager", "library"), ("organiser", "*")])
async def test_one_that_reached_nobody_is_told_once_somebody_can_be_reached(
    house: House, citizen: Citizen, role: str, service: str
) -> None:
    await in_round(house, citizen)
    await citizen.says("gas leak")
    house.clock.forward(days=1)
    assert house.sweeps.alarms() == 0
    maya = await employed(house, "Maya", (role, service))
    assert (house.sweeps.alarms(), house.sweeps.alarms()) == (1, 0)
    assert "On 24 November" in last(maya).text
    assert "the Central Library" in last(maya).text
    assert "gas" not in last(maya).text
    with house.database.reading() as db:
        assert alarms.untold(db) == []
    assert "noted" in text(await maya.taps("I look after it"))


async def test_one_about_a_service_that_is_no_longer_there_is_told_by_its_key(house: House, citizen: Citizen) -> None:
    await in_round(house, citizen)
    await citizen.says("gas leak")
    with house.database.transaction() as db:
        alarms.sound(db, b"old", "museum", house.clock(), contact_id=house.contact(citizen.address).id)
    root = await employed(house, "Root", ("operator", "*"))
    assert house.sweeps.alarms() == 2
    assert ["museum" in each.text for each in house.said(root.address)[-2:]] == [False, True]


@pytest.mark.parametrize("how", ["DELETE", "their part", "time"])
async def test_one_whose_words_are_deleted_is_no_longer_told(house: House, citizen: Citizen, how: str) -> None:
    await in_round(house, citizen)
    await citizen.says("gas leak")
    if how == "DELETE":
        await citizen.says("DELETE")
        await citizen.says("yes")
    elif how == "their part":
        with house.database.transaction() as db:
            Eraser.traces(db, house.table("rounds")[0].id, house.contact(citizen.address).id)
    else:
        house.clock.forward(days=house.config.privacy.transcript_days + 1)
        house.sweeps.privacy()
    maya = await employed(house, "Maya")
    before = len(house.said(maya.address))
    assert house.sweeps.alarms() == 0
    assert len(house.said(maya.address)) == before
    with house.database.reading() as db:
        assert alarms.untold(db) == []
        assert alarms.waiting(db, "library") == 1


async def test_without_a_manager_and_who_runs_the_bot_an_organiser_is_told(house: House, citizen: Citizen) -> None:
    omar = await employed(house, "Omar", ("organiser", "library"))
    await in_round(house, citizen)
    await citizen.says("gas leak")
    assert "gas leak" in last(omar).text
    await Citizen(house, "outside").says("gas leak")
    assert "outside of any round" in last(omar).text


@pytest.mark.slow
@pytest.mark.parametrize("crossing", ["alarm.tells", "alarm.told"])
async def test_killed_while_it_tells_late_it_tells_once(
    house: House, citizen: Citizen, crossing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_round(house, citizen)
    await citizen.says("gas leak")
    maya = await employed(house, "Maya", ("operator", "*"))

    def passed(name: str) -> None:
        if name == crossing:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(crossings, "passed", passed)
        with pytest.raises(KeyboardInterrupt):
            house.sweeps.alarms()
    house.sweeps.alarms()
    assert len([each for each in house.said(maya.address) if "Perhaps a danger" in each.text]) == 1
