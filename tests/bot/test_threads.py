"""HUMAN opens a thread: words go to the people of a service, their answer comes back, and nobody learns who is who."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot import letters
from bot.channels.mail import MailChannel
from bot.correspondence import MOST
from bot.delivery import LEASE, _Hands
from storage import contacts, outbox, people, threads
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, House, raw

if TYPE_CHECKING:
    from bot.channels.base import Outbound


class Staff(Citizen):
    """Somebody who answers for a service."""


async def employed(house: House, name: str, *roles: tuple[str, str], language: str = "en") -> Staff:
    """Return a member of staff who writes by pigeon too."""
    staff = Staff(house, f"{name}'s address")
    await staff.says("hello")
    with house.database.transaction() as db:
        person = people.add(db, name, language, NOON)
        for role, service in roles or (("manager", "library"),):
            people.grant(db, person.id, role, service, NOON)
        contacts.set_person(db, house.contact(staff.address).id, person.id)
        contacts.set_language(db, house.contact(staff.address).id, language)
    return staff


def labels(message: Outbound) -> list[str]:
    return [button.label for button in message.buttons]


def text(said: list[Outbound]) -> str:
    return "\n\n".join(each.text for each in said)


def last(citizen: Citizen) -> Outbound:
    """Return what was said to somebody last, whoever made it be said."""
    return citizen.house.said(citizen.address)[-1]


def name_of(house: House) -> str:
    """Return the name of the only thread."""
    (row,) = house.table("threads")
    return str(row.name)


async def in_round(house: House, citizen: Citizen) -> str:
    """Bring a citizen to the first question; return the code of the round."""
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    return code


async def delivered_id(house: House, staff: Citizen) -> str:
    """Let everything be delivered; return the channel's id of the last message to somebody."""
    await house.delivered()
    mine = house.contact(staff.address).id
    return str([row.external_id for row in house.table("outbox") if row.contact_id == mine][-1])


# --------------------------------------------------------------------------- there and back


async def test_words_reach_the_people_of_the_service_and_their_answer_comes_back(
    house: House, citizen: Citizen
) -> None:
    maya = await employed(house, "Maya")
    code = await in_round(house, citizen)
    said = await citizen.says("HUMAN")
    assert "You write to the people of the Central Library now." in text(said)
    assert "555 0142" in text(said)
    assert labels(said[-1]) == ["I am done"]
    assert "I have passed it on" in text(await citizen.says("Where is the lift?"))
    brought = last(maya)
    assert (
        brought.text == f"A citizen writes about the Central Library (thread {name_of(house)}):\n\nWhere is the lift?"
    )
    assert labels(brought) == ["Reply", "Close"]
    await maya.taps("Reply")
    (sent,) = await maya.says("Behind the stairs.")
    assert "is on its way" in sent.text
    assert last(citizen).text == "An answer from the people of the Central Library:\n\nBehind the stairs."
    assert citizen.answers(code) == []


async def test_neither_side_sees_who_the_other_is(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("hello there")
    await maya.taps("Reply")
    await maya.says("Good morning")
    to_citizen = json.dumps([each.text for each in house.said(citizen.address)])
    to_maya = json.dumps([(each.text, labels(each)) for each in house.said(maya.address)])
    assert "Maya" not in to_citizen
    assert citizen.address not in to_maya
    assert f'"{house.contact(citizen.address).id}"' not in to_maya


async def test_the_question_waits_and_goes_on_afterwards(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya")
    code = await in_round(house, citizen)
    await citizen.taps("Good")
    await citizen.says("human")
    await citizen.says("a word to you")
    said = await citizen.says("DONE")
    assert "The answer comes here" in said[0].text
    assert "main reason" in said[-1].text
    await citizen.says("friendly staff")
    assert [answer.text for answer in citizen.answers(code)][1:] == ["friendly staff"]


@pytest.mark.parametrize("way", ["DONE", "back", "/skip", "button"])
async def test_each_way_back_loses_no_answer(house: House, citizen: Citizen, way: str) -> None:
    await employed(house, "Maya")
    code = await in_round(house, citizen)
    await citizen.taps("Good")
    await citizen.says("human")
    said = await (citizen.taps("I am done") if way == "button" else citizen.says(way))
    assert "main reason" in said[-1].text
    assert [answer.choice for answer in citizen.answers(code)] == ["4"]


async def test_an_answer_days_later_comes_beside_another_question_and_can_be_replied_to(
    house: House, citizen: Citizen
) -> None:
    maya = await employed(house, "Maya")
    code = await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("Is there a lift?")
    await citizen.says("DONE")
    house.clock.forward(days=3)
    await maya.says("Yes, by the door.", reply_to=await delivered_id(house, maya))
    assert last(citizen).text.startswith("An answer from the people of the Central Library:")
    (said,) = await citizen.says("Thank you!", reply_to=await delivered_id(house, citizen))
    assert said.text == "I have passed it on. The answer comes here."
    assert last(maya).text.endswith("Thank you!")
    await citizen.taps("Good")
    assert [answer.choice for answer in citizen.answers(code)] == ["4"]


async def test_without_replies_a_button_writes_back(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("first")
    await citizen.says("DONE")
    await maya.taps("Reply")
    await maya.says("yes?")
    await citizen.taps("Write back")
    await citizen.says("second")
    assert last(maya).text.endswith("second")
    assert len(house.table("threads")) == 1


async def test_tapping_an_answer_is_no_letter(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    code = await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.taps("Good")
    await citizen.says("the reason")
    assert [answer.choice or answer.text for answer in citizen.answers(code)] == ["4", "the reason"]
    assert "the reason" not in text(house.said(maya.address))


async def test_a_changed_letter_goes_to_people_and_is_no_answer(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    code = await in_round(house, citizen)
    await citizen.taps("Good")
    await citizen.says("HUMAN")
    await citizen.says("the lfit", message_id="70")
    await citizen.says("DONE")
    await citizen.says("the lift", message_id="70", edited=True)
    assert last(maya).text.endswith("the lift")
    assert [answer.choice for answer in citizen.answers(code)] == ["4"]


# --------------------------------------------------------------------------- who is there


async def test_where_nobody_can_be_reached_a_person_is_named_as_ever(house: House, citizen: Citizen) -> None:
    await employed(house, "Bea", ("manager", "bus7"))
    await employed(house, "Ada", ("approver", "library"))
    await in_round(house, citizen)
    (said,) = await citizen.says("HUMAN")
    assert said.text.startswith("You can reach a person here: 555 0142")
    assert labels(said)[0] == "Very good"
    assert house.table("threads") == []


async def test_where_nobody_is_left_to_be_told_the_words_are_kept_and_a_person_is_named(
    house: House, citizen: Citizen
) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    with house.database.transaction() as db:
        contacts.set_unreachable(db, house.contact(maya.address).id, NOON)
        assert threads.waiting(db, ["library"]) == {}
    said = text(await citizen.says("the lift is broken"))
    assert "nobody of the service can be told just now" in said
    assert "555 0142" in said
    assert "I have passed it on" not in said
    with house.database.reading() as db:
        assert threads.waiting(db, ["library", "bus7"]) == {"library": 1}
        (thread,) = threads.of_services(db, ["library"], closed=False)
        assert [line.text for line in house.threads.lines(db, thread)] == ["the lift is broken"]


async def test_outside_a_round_the_service_is_asked_for_where_there_are_several(house: House, citizen: Citizen) -> None:
    bea = await employed(house, "Bea", ("organiser", "*"))
    (said,) = await citizen.says("HUMAN")
    assert labels(said) == ["Central Library", "Bus line 7", "Street repair"]
    await citizen.says("2")
    await citizen.says("It was late")
    assert last(bea).text.startswith("A citizen writes about bus line 7")


@pytest.mark.parametrize("how", ["button", "name"])
async def test_the_service_chosen_is_meant_wherever_it_stands_in_the_configuration(
    house: House, citizen: Citizen, how: str
) -> None:
    await employed(house, "Maya", ("manager", "library"), ("manager", "bus7"))
    (asked,) = await citizen.says("HUMAN")
    async with House(house.database, house.folder, house.mint, house.clock, ahead=("bus7",)).writing() as anew:
        citizen = Citizen(anew)
        label = "Central Library"
        said = await (citizen.taps(label, asked) if how == "button" else citizen.says(label))
        assert "the people of the Central Library" in said[0].text
        await citizen.says("Where is the lift?")
        assert [row.service for row in anew.table("threads")] == ["library"]


async def test_a_number_is_asked_for_again_once_other_services_are_shown(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya", ("manager", "library"), ("manager", "bus7"))
    await citizen.says("HUMAN")
    async with House(house.database, house.folder, house.mint, house.clock, ahead=("bus7",)).writing() as anew:
        citizen = Citizen(anew)
        (again,) = await citizen.says("1")
        assert (again.text, labels(again)) == ("Which service is it about?", ["Bus line 7", "Central Library"])
        said = await citizen.says("2")
        assert "the people of the Central Library" in said[0].text


async def test_an_old_button_that_names_a_service_by_its_place_says_so(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya", ("manager", "library"), ("manager", "bus7"))
    await citizen.says("hello")
    (said,) = await citizen.sends(raw(citizen.address, kind="tap", data="@human:0"))
    assert said.text == "That button is too old. Send HUMAN to write to people."
    await citizen.says("Where is the lift?")
    assert house.table("threads") == []


async def test_words_that_wait_for_a_service_by_its_place_are_asked_for_again(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya", ("manager", "library"), ("manager", "bus7"))
    await citizen.says("hello")
    with house.database.transaction() as db:
        contacts.set_asks(db, house.contact(citizen.address).id, "human 0")
    (again,) = await citizen.says("Where is the lift?")
    assert again.text == "Which service is it about?"
    assert house.table("threads") == []


async def test_outside_a_round_the_only_service_with_people_is_meant(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("/human")
    await citizen.says("hello people")
    assert last(maya).text.endswith("hello people")


async def test_the_first_answer_is_shown_to_the_others_and_who_gave_it_looks_after_the_thread(
    house: House, citizen: Citizen
) -> None:
    maya, omar = await employed(house, "Maya"), await employed(house, "Omar", ("organiser", "*"))
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("one")
    assert last(omar).text.endswith("one")
    await maya.taps("Reply")
    await maya.says("I see to it")
    assert last(omar).text == f"Maya has answered in thread {name_of(house)}:\n\nI see to it"
    before = len(house.said(omar.address))
    await citizen.says("two")
    assert last(maya).text.endswith("two")
    assert len(house.said(omar.address)) == before
    (taken,) = await omar.taps("Reply")
    assert "Maya looks after thread" in taken.text


async def test_whoever_a_thread_is_handed_to_gets_the_last_words(house: House, citizen: Citizen) -> None:
    maya, omar = await employed(house, "Maya"), await employed(house, "Omar", ("organiser", "library"))
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("the roof leaks")
    with house.database.transaction() as db:
        thread = threads.named(db, name_of(house))
        one, other = (people.of_contact(db, house.contact(each.address).id) for each in (maya, omar))
        assert thread is not None
        assert one is not None
        assert other is not None
        house.threads.hand_on(db, thread, one, other.id, NOON)
        with pytest.raises(LookupError):
            house.threads.hand_on(db, thread, one, 999, NOON)
    assert last(omar).text.endswith("the roof leaks")
    assert last(omar).text.startswith("Maya hands thread")
    before = len(house.said(maya.address))
    await citizen.says("and the door")
    assert last(omar).text.endswith("and the door")
    assert len(house.said(maya.address)) == before


async def test_only_staff_of_the_service_can_answer(house: House, citizen: Citizen) -> None:
    maya, bea = await employed(house, "Maya"), await employed(house, "Bea", ("manager", "bus7"))
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("one")
    button = maya.button("Reply")
    for other in (bea, Citizen(house, "stranger")):
        (said,) = await other.sends(raw(other.address, kind="tap", data=button))
        assert said.text.startswith("This is for staff.")
        (said,) = await other.sends(raw(other.address, kind="tap", data=maya.button("Close")))
        assert said.text.startswith("This is for staff.")
    (thread,) = house.table("threads")
    assert thread.closed_at is None
    with house.database.transaction() as db:
        people.revoke(db, thread.person_id or people.everyone(db)[0].id, "manager", "library")
    (said,) = await maya.taps("Reply")
    assert said.text.startswith("This is for staff.")


async def test_each_reads_in_their_own_language(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya", language="es")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("hello")
    assert "Alguien escribe sobre la Biblioteca Central" in last(maya).text
    await maya.taps("Responder")
    await maya.says("hola")
    assert last(citizen).text.startswith("An answer from the people of the Central Library:")


# --------------------------------------------------------------------------- ends


async def test_staff_close_a_thread_and_the_next_words_are_no_letter(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    code = await in_round(house, citizen)
    await citizen.taps("Good")
    await citizen.says("HUMAN")
    await citizen.says("one")
    (said,) = await maya.taps("Close")
    assert said.text == f"Thread {name_of(house)} is closed."
    assert "have ended this conversation" in last(citizen).text
    await citizen.says("the reason")
    assert [answer.text for answer in citizen.answers(code)][1:] == ["the reason"]
    await citizen.says("HUMAN")
    await citizen.says("another matter")
    assert len(house.table("threads")) == 2


async def test_stop_means_stop_for_staff_as_well(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("one")
    await citizen.says("STOP")
    assert last(maya).text == f"The citizen has ended thread {name_of(house)}."
    before = len(house.said(citizen.address))
    await maya.taps("Reply")
    (said,) = await maya.says("Wait!")
    assert "was not sent" in said.text
    assert len(house.said(citizen.address)) == before


@pytest.mark.parametrize("claimed", [False, True])
async def test_an_answer_that_has_not_left_when_they_say_stop_stays_here_and_staff_learn_that(
    house: House, citizen: Citizen, claimed: bool
) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    await citizen.says("one")
    await house.delivered()
    await maya.taps("Reply")
    await maya.says("a late answer")
    if claimed:
        dead = house.new_delivery("me:1:dead")
        dead.exchange("pigeon", None, _Hands([], [], 10, outbox.BULK))
    await citizen.says("STOP")
    house.clock.forward(seconds=LEASE.total_seconds() + 1)
    await house.delivered()
    assert not [each for each in house.pigeon.sent if each.address == citizen.address and "a late answer" in each.text]
    told = [each.text for each in house.pigeon.sent if each.address == maya.address][-2:]
    assert any(name_of(house) in each and "has ended" in each for each in told)
    assert any("Your answer was not sent" in each for each in told) is not claimed


async def test_who_writes_again_after_stop_gets_an_answer(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("STOP")
    house.clock.forward(minutes=1)
    await citizen.says("HUMAN")
    await citizen.says("one question")
    await maya.taps("Reply")
    await maya.says("one answer")
    assert last(citizen).text.endswith("one answer")


async def test_delete_removes_the_words_also_what_was_sent_to_staff(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("HUMAN")
    await citizen.says("private matter")
    await citizen.says("DELETE")
    (done,) = await citizen.taps("Yes")
    assert done.text.startswith("Done.")
    assert house.table("threads") == house.table("thread_messages") == []
    assert "private matter" not in text(house.said(maya.address))
    assert last(maya).text.startswith("The citizen has ended thread")
    await maya.sends(raw(maya.address, kind="tap", data="@reply:7QK2M9"))
    assert last(maya).text == "This thread is no longer there."


async def test_mydata_shows_what_was_written_to_people_and_only_ones_own(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("HUMAN")
    await citizen.says("mine alone")
    await maya.taps("Reply")
    await maya.says("for you alone")
    said = text(await citizen.says("MYDATA"))
    assert "You wrote to the people of the Central Library:\nYou: mine alone\nThey: for you alone" in said
    assert "alone" not in text(await Citizen(house, "other").says("MYDATA"))


async def test_what_is_kept_cannot_be_read_without_the_key(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya")
    await citizen.says("HUMAN")
    await citizen.says("secret garden")
    (row,) = house.table("thread_messages")
    assert b"secret" not in row.sealed
    assert house.keys.unseal(row.sealed) == "secret garden"


# --------------------------------------------------------------------------- care


async def test_words_of_danger_are_met_first_and_still_passed_on(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    (said,) = await citizen.says("There is a gas leak in the hall")
    assert said.text.startswith("I am not an emergency service")
    assert "112" in said.text
    assert "This may speak of danger." in last(maya).text
    (said, *_) = await Citizen(house, "elsewhere").says("he has a gun")
    assert said.text.startswith("I am not an emergency service")


async def test_a_flood_of_letters_is_kindly_slowed_down_for_an_hour(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya")
    await citizen.says("HUMAN")
    for n in range(MOST):
        assert "passed it on" in (await citizen.says(f"letter {n}"))[0].text
    (said,) = await citizen.says("one more")
    assert said.text.startswith("That was a lot in a short time.")
    assert len(house.table("thread_messages")) == MOST
    house.clock.forward(minutes=61)
    assert "passed it on" in (await citizen.says("one more"))[0].text


async def test_a_picture_of_staff_is_kindly_refused(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("HUMAN")
    await citizen.says("words")
    await maya.taps("Reply")
    (said,) = await maya.sends(raw(maya.address, kind="photo", file="f"))
    assert said.text == "I can pass on words only. Please write it in a text message."
    assert len(house.table("thread_messages")) == 1


async def test_the_hours_the_city_names_are_told(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya")
    assert "not at once" in text(await citizen.says("HUMAN"))
    house.config = replace(house.config, city=replace(house.config.city, human_hours={"en": "Monday, 9 to 10"}))
    house.desk._people._config = house.config
    assert "When they answer: Monday, 9 to 10." in text(await citizen.says("HUMAN"))


async def test_staff_can_leave_an_answer_unwritten(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("HUMAN")
    await citizen.says("one")
    await maya.taps("Reply")
    (said,) = await maya.says("BACK")
    assert said.text == "Good. Nothing was sent."
    await maya.says("not for you")
    assert "not for you" not in text(house.said(citizen.address))


async def test_help_while_writing_says_to_whom_and_what_else_can_be_sent(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    said = await citizen.says("HELP")
    assert "You write to the people of the Central Library now." in said[0].text
    assert [labels(each) for each in said] == [["I am done"], ["LANGUAGE", "MYDATA", "DELETE", "STOP"]]
    await citizen.says("still a letter")
    assert last(maya).text.endswith("still a letter")


# --------------------------------------------------------------------------- nothing lost, nothing twice


async def test_the_same_update_twice_is_one_letter(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await citizen.says("HUMAN")
    letter = raw("c1", key="same", text="only once")
    await citizen.sends(letter)
    await citizen.sends(letter)
    assert len(house.table("thread_messages")) == 1
    assert text(house.said(maya.address)).count("only once") == 1


async def test_two_people_at_once_in_one_group_are_not_mixed(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    other = Citizen(house, "other")
    for each in (citizen, other):
        await each.says("HUMAN")
    await house.turns.accept([raw("c1", text="from one"), raw("other", text="from another")])
    first, second = house.table("threads")
    assert first.contact_id != second.contact_id
    one = next(each for each in house.said(maya.address) if each.text.endswith("from one"))
    await maya.taps("Reply", one)
    await maya.says("to one")
    assert last(citizen).text.endswith("to one")
    assert "to one" not in text(house.said("other"))


async def test_staff_who_are_asked_something_themselves_answer_both(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    code = await in_round(house, maya)
    await citizen.says("HUMAN")
    await citizen.says("one")
    await maya.says("an answer", reply_to=await delivered_id(house, maya))
    await maya.taps("Good")
    assert last(citizen).text.endswith("an answer")
    assert [answer.choice for answer in maya.answers(code)] == ["4"]


async def test_a_thread_is_forgotten_with_the_transcripts(house: House, citizen: Citizen) -> None:
    await employed(house, "Maya")
    await citizen.says("HUMAN")
    await citizen.says("one")
    house.clock.forward(days=31)
    house.sweeps.privacy()
    assert house.table("threads") == house.table("thread_messages") == []


# --------------------------------------------------------------------------- mail


async def test_a_mail_tells_that_somebody_has_written_once_and_without_the_words(
    house: House, citizen: Citizen
) -> None:
    staff = await employed(house, "Maya")
    mail = {**house.threads._channels, "mail": MailChannel.capabilities}
    house.threads._channels = mail
    address = contacts.NewContact("mail", house.keys.address_hash("mail", "m@x"), house.keys.seal("m@x"), "en", NOON)
    with house.database.transaction() as db:
        person = house.contact(staff.address).person_id
        contacts.add(db, [address._replace(person_id=person)])
    await citizen.says("HUMAN")
    await citizen.says("the secret of the lift")
    await citizen.says("and one more")
    (mailed,) = [row for row in house.table("outbox") if row.channel == "mail"]
    letter = letters.read(mailed.body, mailed.key, "m@x")
    assert f"/manage/threads/{name_of(house)}" in letter.text
    assert "secret" not in mailed.body
    assert letter.mail is not None
    assert letter.mail.subject == "A citizen has written about the Central Library"
    await staff.taps("Reply")
    await staff.says("an answer")
    await citizen.says("a new question")
    assert len([row for row in house.table("outbox") if row.channel == "mail"]) == 2


# --------------------------------------------------------------------------- what is no text


async def test_photos_voice_messages_and_places_reach_staff_and_nobody_learns_who_sent_them(
    house: House, citizen: Citizen
) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    assert "I have passed it on" in text(await citizen.sends(raw("c1", kind="photo", file="f-1", text="the door")))
    assert last(maya).text.startswith("A citizen writes about the Central Library")
    assert "the door" in last(maya).text
    assert f"/manage/threads/{name_of(house)}" in last(maya).text
    await citizen.sends(raw("c1", kind="voice", file="f-2"))
    assert "Listen to it here" in last(maya).text
    await citizen.sends(raw("c1", kind="place", latitude=52.374031, longitude=4.88969))
    assert "52.37403, 4.88969\nhttps://www.openstreetmap.org/" in last(maya).text
    assert "c1" not in text(house.said(maya.address))
    with house.database.reading() as db:
        (thread,) = threads.of_services(db, ["library"], closed=False)
        lines = [(line.kind, line.file, line.text.partition("\n")[0]) for line in house.threads.lines(db, thread)]
    assert lines == [("photo", "f-1", "the door"), ("voice", "f-2", ""), ("", "", "52.37403, 4.88969")]
    told = text(await citizen.says("MYDATA"))
    assert "a photo the door" in told
    assert "a voice message" in told


async def test_what_cannot_be_passed_on_is_said_to_be_so(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    before = len(house.said(maya.address))
    assert "Please write it in a text message." in text(await citizen.sends(raw("c1", kind="other")))
    moving = raw("c1", kind="place", latitude=1.0, longitude=2.0, live=True)
    assert "one fixed place" in text(await citizen.sends(moving))
    assert len(house.said(maya.address)) == before


async def test_a_photo_with_words_of_danger_is_met_first_with_what_to_do(house: House, citizen: Citizen) -> None:
    maya = await employed(house, "Maya")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    said = text(await citizen.sends(raw("c1", kind="photo", file="f-1", text="I smell gas")))
    assert "112" in said
    assert "This may speak of danger." in last(maya).text
