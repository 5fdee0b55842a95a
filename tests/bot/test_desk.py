from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from bot.menu.worker import mark_of
from storage import contacts, messages, people, tables
from tests.bot.test_turns import INTO, to_review
from tests.support.house import NOON, Citizen, House, raw

if TYPE_CHECKING:
    from bot.channels.base import Outbound


def labels(message: Outbound) -> list[str]:
    """Return what its buttons say."""
    return [button.label for button in message.buttons]


# --------------------------------------------------------------------------- /start and deep links


async def test_start_shows_the_open_rounds_to_choose_from(house: House, citizen: Citizen) -> None:
    house.need()
    house.pulse()
    (said,) = await citizen.starts()
    assert said.text.startswith("Hello. I am an automated assistant of")
    assert labels(said) == [
        "Tell us about the Central Library",
        "The opening hours of the library (until 14 December 2026)",
    ]
    (opening,) = await citizen.taps("Tell us about the Central Library")
    assert "Are you 16 or older?" in opening.text


async def test_what_is_offered_can_be_chosen_by_number(house: House, citizen: Citizen) -> None:
    house.need()
    house.pulse()
    await citizen.starts()
    (opening,) = await citizen.says("2")
    assert "the opening hours of the library" in opening.text


async def test_what_is_offered_can_be_chosen_in_words(house: House, citizen: Citizen) -> None:
    house.need()
    house.pulse("bus7")
    await citizen.starts()
    (opening,) = await citizen.says("tell us about bus line 7")
    assert "Are you 16 or older?" in opening.text


async def test_one_word_is_enough_where_it_means_one_of_what_is_offered(house: House, citizen: Citizen) -> None:
    house.need()
    house.pulse("bus7")
    await citizen.starts()
    (opening,) = await citizen.says("Library")
    assert "the opening hours of the library" in opening.text


async def test_a_word_that_means_several_or_is_only_part_of_one_is_asked_again(house: House, citizen: Citizen) -> None:
    house.need()
    house.pulse()
    await citizen.starts()
    for text in ("library", "opening hou", "the"):
        (said,) = await citizen.says(text)
        assert said.text.startswith("Please choose one of these."), text


async def test_yes_takes_the_only_offer_and_asks_again_among_several(house: House, citizen: Citizen) -> None:
    house.pulse()
    await citizen.starts()
    (opening,) = await citizen.says("yes")
    assert "Are you 16 or older?" in opening.text
    house.need()
    other = Citizen(house, "other")
    await other.starts()
    (said,) = await other.says("yes")
    assert said.text.startswith("Please choose one of these.")


async def test_what_was_offered_can_still_be_chosen_after_a_word_not_understood(house: House, citizen: Citizen) -> None:
    house.need()
    house.pulse()
    await citizen.starts()
    (said,) = await citizen.says("the library please")
    assert said.text.startswith("Please choose one of these.")
    assert len(said.buttons) == 2
    await citizen.says("HELP")
    (opening,) = await citizen.says("2.")
    assert "the opening hours of the library" in opening.text


async def test_with_very_many_rounds_a_number_chooses_within_the_service(house: House, citizen: Citizen) -> None:
    for n in range(9):
        house.pulse("library" if n % 2 else "bus7")
    (said,) = await citizen.starts()
    (rounds,) = await citizen.says(str(labels(said).index("Bus line 7") + 1))
    assert len(rounds.buttons) == 5
    (opening,) = await citizen.says("5")
    assert "Are you 16 or older?" in opening.text
    assert "us line 7" in opening.text


@pytest.mark.parametrize(
    ("now", "asks"), [({"ahead": ("bus7",)}, None), ({"without": ("library",)}, None), ({}, "choose 0")]
)
async def test_a_number_chooses_within_the_service_wherever_that_stands_in_the_configuration(
    house: House, citizen: Citizen, now: dict[str, Any], asks: str | None
) -> None:
    for n in range(9):
        house.pulse("library" if n % 2 else "bus7")
    (said,) = await citizen.starts()
    await citizen.says(str(labels(said).index("Central Library") + 1))
    if asks is not None:
        with house.database.transaction() as db:
            contacts.set_asks(db, house.contact(citizen.address).id, asks)
    async with House(house.database, house.folder, house.mint, house.clock, **now).writing() as anew:
        (opening,) = await Citizen(anew).says("2")
    if asks is None and "ahead" in now:
        assert "Are you 16 or older?" in opening.text
        assert "entral Library" in opening.text
    else:
        assert opening.text == "What would you like to talk about?"


async def test_the_button_of_a_service_has_room_whatever_its_key(house: House, citizen: Citizen) -> None:
    for n in range(9):
        house.pulse("library" if n % 2 else "bus7")
    (said,) = await citizen.starts()
    assert sorted(button.data for button in said.buttons) == sorted(
        f"@service:{mark_of(s)}" for s in ("library", "bus7")
    )
    (rounds,) = await citizen.sends(raw(citizen.address, kind="tap", data="@service:bus7"))
    assert len(rounds.buttons) == 5


async def test_whoever_writes_first_is_greeted_and_shown_what_is_open(house: House, citizen: Citizen) -> None:
    house.pulse()
    (said,) = await citizen.says("good morning")
    assert labels(said) == ["Tell us about the Central Library"]


async def test_rounds_that_would_be_offered_in_the_same_words_are_told_apart_by_their_titles(
    house: House, citizen: Citizen
) -> None:
    house.pulse()
    made = house.rounds.create(service="library", flow="deliver_pulse", title="How was the summer?", record={})
    house.rounds.open(made.code)
    house.pulse("bus7")
    (said,) = await citizen.starts()
    assert sorted(labels(said)) == ["How is it?", "How was the summer?", "Tell us about bus line 7"]
    (opening,) = await citizen.taps("How was the summer?")
    assert "Are you 16 or older?" in opening.text


async def test_when_nothing_is_open_a_person_is_named(citizen: Citizen) -> None:
    (said,) = await citizen.starts()
    assert "555 0142" in said.text
    assert said.buttons == ()


async def test_with_very_many_rounds_the_service_is_chosen_first(house: House, citizen: Citizen) -> None:
    for n in range(9):
        house.pulse("library" if n % 2 else "bus7")
    (said,) = await citizen.starts()
    assert sorted(labels(said)) == ["Bus line 7", "Central Library"]
    (rounds,) = await citizen.taps("Bus line 7")
    assert len(rounds.buttons) == 5


async def test_the_code_of_a_service_leads_to_its_round(house: House, citizen: Citizen) -> None:
    house.pulse("bus7")
    house.pulse("library")
    (said,) = await citizen.starts("bus7")
    assert "us line 7" in said.text
    assert "Are you 16 or older?" in said.text


async def test_an_unknown_code_says_so_and_offers_what_is_open(house: House, citizen: Citizen) -> None:
    house.pulse()
    (said,) = await citizen.starts("nonsense")
    assert said.text.startswith("I do not know this code.")
    assert labels(said) == ["Tell us about the Central Library"]


async def test_a_link_to_a_closed_round_says_so_kindly_and_offers_others(house: House, citizen: Citizen) -> None:
    closed = house.need().code
    house.rounds.close(closed)
    house.pulse()
    (said,) = await citizen.starts(closed)
    assert "closed on 24 November 2026" in said.text
    assert "15 January 2027" in said.text
    assert labels(said) == ["Tell us about the Central Library"]


async def test_a_link_to_a_round_that_has_not_begun_says_when(house: House, citizen: Citizen) -> None:
    planned = house.need(opens_at=NOON + timedelta(days=3)).code
    (said,) = await citizen.starts(planned)
    assert "27 November 2026" in said.text


async def test_who_returns_goes_on_where_they_stopped(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    for start in (code, ""):
        (said,) = await citizen.starts(start)
        assert said.text.startswith("Welcome back.")
        assert labels(said)[0] == "Very good"


async def test_two_open_rounds_never_mix(house: House, citizen: Citizen) -> None:
    library, bus = house.pulse("library").code, house.pulse("bus7").code
    await citizen.starts(library)
    (first,) = await citizen.does(*INTO)
    await citizen.starts(bus)
    await citizen.does(*INTO)
    await citizen.taps("Poor")
    await citizen.taps("Very good", first)
    assert [answer.choice for answer in citizen.answers(library)] == ["5"]
    assert [answer.choice for answer in citizen.answers(bus)] == ["2"]
    await citizen.says("friendly staff")
    assert [answer.text for answer in citizen.answers(library)][1:] == ["friendly staff"]
    assert len(citizen.answers(bus)) == 1


async def test_after_one_round_the_other_one_is_taken_up_again(house: House, citizen: Citizen) -> None:
    library, bus = house.pulse("library").code, house.pulse("bus7").code
    await citizen.starts(library)
    await citizen.does(*INTO)
    await citizen.starts(bus)
    said = await citizen.does("Yes", "Not now")
    assert "Welcome back." in said[-1].text
    assert labels(said[-1])[0] == "Very good"


# --------------------------------------------------------------------------- buttons


async def test_a_button_of_an_earlier_question_is_no_answer(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    (question,) = await citizen.does(*INTO)
    await citizen.taps("Good", question)
    (said,) = await citizen.taps("Poor", question)
    assert said.text.startswith("That button belongs to an earlier question.")
    assert [answer.choice for answer in citizen.answers(code)] == ["4"]


async def test_a_button_of_a_closed_round_is_kindly_refused(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    (question,) = await citizen.does(*INTO)
    house.rounds.close(code)
    house.clock.forward(hours=1)
    (said,) = await citizen.taps("Good", question)
    assert "has closed in the meantime" in said.text
    assert citizen.answers(code) == []
    (again,) = await citizen.taps("Good", question)
    assert "closed on 24 November 2026" in again.text


async def test_who_is_in_the_middle_when_a_round_closes_is_told_once_until_when_they_can_go_on(
    house: House, citizen: Citizen
) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.taps("Yes")
    asked = (await citizen.taps("Yes, let us begin"))[-1]
    house.clock.forward(minutes=5)
    house.rounds.close(code)
    house.clock.forward(minutes=20)
    until = (house.clock() + timedelta(minutes=40)).astimezone(house.config.city.zone)
    told, *_ = await citizen.taps(asked.buttons[0].label)
    assert told.text.startswith(f"This round has closed. You can still come to the end until {until:%H:%M}.")
    assert all("has closed" not in each.text for each in await citizen.says("skip"))


async def test_a_button_nobody_knows_is_answered(house: House, citizen: Citizen) -> None:
    for data in ("x:y:z", "", "@nonsense:1", "@delete:yes", "@round:gone", "::", "@language:xx"):
        assert await citizen.sends(raw("c1", kind="tap", data=data)), data


# --------------------------------------------------------------------------- having taken part


async def test_a_formal_round_is_taken_part_in_once_and_the_receipt_is_told_again(
    house: House, citizen: Citizen
) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    (end,) = await citizen.says("OK")
    receipt = end.text.split("Your receipt is ")[1].split(".")[0]
    (said,) = await citizen.starts(code)
    assert receipt in said.text


async def finished(citizen: Citizen, code: str) -> str:
    """Answer a pulse to its end with one score; return the receipt."""
    await citizen.starts(code)
    await citizen.does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "No")
    return citizen.house.said(citizen.address)[-1].text.split("receipt is ")[1].split(".")[0]


async def test_a_running_round_can_be_answered_again_after_a_week(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await finished(citizen, code)
    (said,) = await citizen.starts(code)
    assert "1 December 2026" in said.text
    house.clock.forward(days=7)
    await finished(citizen, code)
    assert [a.choice for a in citizen.answers(code) if a.item == "del.overall"] == ["4", "4"]


async def test_a_receipt_shows_the_answers_to_whoever_has_it(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    receipt = await finished(citizen, code)
    elsewhere = Citizen(house, "elsewhere")
    (said,) = await elsewhere.says(receipt.lower().replace("-", " "))
    assert "Good" in said.text
    (unknown,) = await elsewhere.says("CFGH-CFGH-CFGH")
    assert "I do not know this receipt" in unknown.text


async def test_answers_can_be_deleted_by_receipt_from_elsewhere(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    receipt = await finished(citizen, code)
    elsewhere = Citizen(house, "elsewhere")
    await elsewhere.says(receipt)
    (asked,) = await elsewhere.says("DELETE")
    assert labels(asked) == ["Yes", "No"]
    await citizen.says("MYDATA")
    others = Citizen(house, "others")
    await finished(others, code)
    (done,) = await elsewhere.taps("Yes")
    assert done.text.startswith("Done.")
    assert citizen.answers(code) == []
    left = "".join(row.body for row in house.table("outbox"))
    assert receipt not in left
    (tag,) = {each.split('"')[0] for each in left.split('"tag":"')[1:]}
    assert tag in house.table("sessions")[-1].body


async def test_an_answer_can_be_changed_after_the_end_and_counts_at_once(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await finished(citizen, code)
    (listed,) = await citizen.says("CHANGE")
    assert "1." in listed.text
    await citizen.says("1")
    (said,) = await citizen.taps("Very good")
    assert "I have changed your answer" in said.text
    (answer,) = [each for each in citizen.answers(code) if each.item == "del.overall"]
    assert answer.choice == "5"
    assert answer.counted_at is not None
    (again,) = await citizen.starts(code)
    assert "You told us about this not long ago" in again.text


async def test_once_a_round_has_closed_answers_stay_as_they_are(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    (end,) = await citizen.says("OK")
    house.rounds.close(code)
    receipt = end.text.split("Your receipt is ")[1].split(".")[0]
    (said,) = await citizen.says(receipt)
    assert "can no longer change" in said.text


# --------------------------------------------------------------------------- rights


async def test_mydata_shows_everything_in_words_also_in_the_middle(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    said = await citizen.says("MYDATA")
    text = "\n".join(each.text for each in said)
    assert "Good" in text
    assert "Your language: English" in text
    assert "main reason" in said[-1].text


async def test_a_wish_is_told_and_goes_with_delete_also_once_nothing_else_is_known(
    house: House, citizen: Citizen
) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen, send_you_the_result="Yes")
    await citizen.says("OK")
    await house.delivered()
    house.rounds.close(code)
    for _ in range(3):
        house.clock.forward(days=20)
        house.sweeps.findings()
        house.sweeps.privacy()
    assert house.table("sessions") == []
    told = "\n".join(each.text for each in await citizen.says("MYDATA"))
    assert "You asked for the result of: the opening hours of the library." in told
    (asked,) = await citizen.says("DELETE")
    assert labels(asked) == ["Yes", "No"]
    await citizen.taps("Yes")
    assert house.table("wishes") == []
    assert "I keep nothing about you" in (await citizen.says("MYDATA"))[0].text


async def agreed_to_all(house: House, citizen: Citizen) -> str:
    """Answer in words and say Yes to all three choices; return the round's code."""
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Yes, often")
    await citizen.says("It is cold in the reading room")
    await to_review(citizen, quote="Yes", send_you_the_result="Yes", invite_you_again="Yes")
    await citizen.says("OK")
    await house.delivered()
    return code


@pytest.mark.parametrize("over", ["close", "pause"])
async def test_what_somebody_said_yes_to_can_be_taken_back_once_the_round_takes_no_answers(
    house: House, citizen: Citizen, over: str
) -> None:
    code = await agreed_to_all(house, citizen)
    assert {each.quotable for each in citizen.answers(code)} == {True}
    if over == "close":
        house.rounds.close(code)
    else:
        house.rounds.pause(code, why="flood")
    offered = (await citizen.says("CHANGE"))[-1]
    topic = "the opening hours of the library"
    assert labels(offered) == [f"Do not quote me: {topic}", f"Send me no result: {topic}", "Do not ask me again"]
    left = (await citizen.taps(f"Do not quote me: {topic}"))[-1]
    assert "I have taken that back." in left.text
    assert labels(left) == [f"Send me no result: {topic}", "Do not ask me again"]
    assert {each.quotable for each in citizen.answers(code)} == {False}
    assert house.rounds.prove(code).whole
    await citizen.says("1")
    assert house.table("wishes") == []
    (done,) = await citizen.says("1")
    assert labels(done) == []
    assert house.contact("c1").invite_again_at is None
    told = "\n".join(each.text for each in await citizen.says("MYDATA"))
    assert told.count("– Yes\n") == 0
    assert "yes" not in (await citizen.says("CHANGE"))[-1].text


async def test_a_wish_can_be_taken_back_also_once_nothing_links_it_with_answers(house: House, citizen: Citizen) -> None:
    code = await agreed_to_all(house, citizen)
    house.rounds.close(code)
    for _ in range(3):
        house.clock.forward(days=20)
        house.sweeps.findings()
        house.sweeps.privacy()
    assert house.table("sessions") == []
    (offered,) = await citizen.says("CHANGE")
    assert labels(offered)[0].startswith("Send me no result")
    await citizen.says("1")
    assert house.table("wishes") == []


async def test_mydata_of_a_stranger_is_nothing(citizen: Citizen) -> None:
    (said,) = await citizen.says("/mydata")
    assert "I keep nothing about you" in said.text


async def test_delete_asks_first_and_then_removes_everything_with_one_line_of_proof(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    await finished(citizen, code)
    (asked,) = await citizen.says("DELETE")
    assert labels(asked) == ["Yes", "No"]
    (unclear,) = await citizen.says("perhaps")
    assert "YES or NO" in unclear.text
    (done,) = await citizen.says("yes")
    assert done.text.startswith("Done. I have removed")
    assert house.table("answers") == []
    assert house.table("sessions") == []
    assert {row.what for row in house.table("forgettings")} == {"answers", "contact"}
    assert [each.text for each in house.said("c1")] == [done.text]


async def test_delete_can_be_taken_back_and_the_conversation_goes_on(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("DELETE")
    (kept,) = await citizen.taps("No")
    assert "stays as it is" in kept.text
    await citizen.says("It was quick")
    assert [a.choice or a.text for a in citizen.answers(code)] == ["4", "It was quick"]


async def test_until_it_is_counted_delete_removes_everything_from_a_closed_round(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    await finished(citizen, code)
    house.rounds.close(code)
    house.clock.forward(days=13)
    (asked,) = await citizen.says("DELETE")
    (done,) = await citizen.taps("Yes")
    assert "published" not in asked.text + done.text
    assert house.table("answers") == []
    house.clock.forward(days=2)
    house.sweeps.findings()
    found = house.rounds.findings(code)
    assert found is not None
    assert not found.people
    assert house.rounds.prove(code).whole


async def test_once_it_is_counted_delete_removes_words_and_the_link_and_figures_stay(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("private words")
    house.rounds.close(code)
    house.clock.forward(days=15)
    house.sweeps.findings()
    (asked,) = await citizen.says("DELETE")
    assert asked.text.endswith("This cannot be undone. Figures that are already published stay.")
    (done,) = await citizen.taps("Yes")
    assert "Figures that are already published stay" in done.text
    assert citizen.answers(code) == []
    assert [row.choice for row in house.table("answers") if row.choice] == ["4"]
    assert all(row.text is None for row in house.table("answers"))
    assert [(each.who, each.why) for each in house.rounds.log(code) if each.what == "forgotten"] == [("citizen", "")]
    assert house.rounds.prove(code).whole


async def test_stop_outside_a_session_means_never_write_first(house: House, citizen: Citizen) -> None:
    await citizen.says("hello")
    (said,) = await citizen.says("STOP")
    assert "no more messages" in said.text
    assert house.contact("c1").stopped_at is not None
    (again,) = await citizen.says("stop")
    assert "already silent" in again.text
    (back,) = await citizen.starts()
    assert back.text.startswith("Good to have you back.")
    assert house.contact("c1").stopped_at is None


async def test_human_names_a_person_and_comes_back_to_the_question(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO)
    (said,) = await citizen.says("HUMAN")
    assert "555 0142" in said.text
    assert labels(said)[0] == "Very good"


async def test_the_language_can_be_changed_outside_and_inside_a_conversation(house: House, citizen: Citizen) -> None:
    await citizen.says("/language")
    (said,) = await citizen.taps("Español")
    assert house.contact("c1").language == "es"
    (opening,) = await citizen.starts(house.pulse().code)
    assert "¿Tiene usted 16 años o más?" in opening.text
    await citizen.says("/language")
    await citizen.taps("English")
    assert house.contact("c1").language == "en"
    assert said.text


async def test_words_that_mean_nothing_here_get_a_kind_answer(house: House, citizen: Citizen) -> None:
    house.pulse()
    await citizen.starts()
    for text in ("/unknown", "9", "x" * 4096, "🙂", "مرحبا", "\x00\x01", "SKIP", "yes", "BACK", "CHANGE"):
        said = await citizen.says(text)
        assert said, text
        assert all(each.text for each in said), text
    assert await citizen.sends(raw("c1", kind="photo", file="f")), "a photo where nothing is asked"
    assert await citizen.sends(raw("c1", kind="other"))


# --------------------------------------------------------------------------- staff


def invited(house: House, role: str, service: str = "library") -> str:
    """Return the code of an invitation to a role."""
    link = people.Link(
        house.keys.token_hash("secret"), "invite", NOON, NOON + timedelta(days=7), None, role, service, "Max"
    )
    with house.database.transaction() as db:
        people.add_link(db, link)
    return "r_secret"


async def test_an_invitation_gives_a_role_to_whoever_follows_it_first(house: House, citizen: Citizen) -> None:
    code = invited(house, "manager")
    (said,) = await citizen.starts(code)
    assert "service manager" in said.text
    (late,) = await Citizen(house, "late").starts(code)
    assert "has been used" in late.text
    assert house.contact("late").person_id is None
    (helped,) = await citizen.says("/help")
    assert "/digest" in helped.text


async def test_a_manager_gets_a_sign_in_link_and_the_week_so_far(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(invited(house, "manager"))
    (link,) = await citizen.says("/manage")
    assert "/manage/sign-in?token=" in link.text
    (empty,) = await citizen.says("/digest")
    assert "no new answers" in empty.text
    for n in range(6):
        await finished(Citizen(house, f"p{n}"), code)
    (digest,) = await citizen.says("/digest")
    assert "Central Library" in digest.text
    assert "6" in digest.text


async def quoted_in_chat(house: House, citizen: Citizen, *, sent: bool) -> tuple[int, str]:
    """Let 30 people answer in words and a manager ask for the week so far; return whom it quotes first, with what."""
    code = house.pulse().code
    await citizen.starts(invited(house, "manager"))
    for n in range(30):
        person = Citizen(house, f"p{n}")
        await person.starts(code)
        await person.does(*INTO, "Good")
        await person.says(f"it was quiet on my day {n}")
        await person.does("Skip", "Skip", "Skip", "Yes", "No")
    (digest,) = await citizen.says("/digest")
    first = re.search(r"it was quiet on my day (\d+)", digest.text)
    assert first, digest.text
    (row,) = kept_of(house, citizen)
    assert first[0] in row.body
    with house.database.transaction() as db:
        chat = messages.NewLine(row.contact_id, f"out:{row.key}", NOON, messages.BOT, row.body)  # as a browser has it
        assert messages.append(db, [chat]) == 1
        if sent:
            db.execute(update(tables.outbox).values(status="sent", sent_at=NOON))
    return int(first[1]), first[0]


def kept_of(house: House, citizen: Citizen) -> list[Any]:
    """Return the last message to somebody, as it lies in the outbox."""
    mine = house.contact(citizen.address).id
    return [row for row in house.table("outbox") if row.contact_id == mine][-1:]


@pytest.mark.parametrize("sent", [True, False])
async def test_words_in_the_week_so_far_go_from_the_chat_when_their_writer_deletes_them(
    house: House, citizen: Citizen, *, sent: bool
) -> None:
    n, words = await quoted_in_chat(house, citizen, sent=sent)
    quoted = json.loads(kept_of(house, citizen)[0].body)["quotes"]
    other = next(row.text for row in house.table("answers") if row.text and str(row.id) not in quoted).split()[-1]
    await Citizen(house, f"p{other}").says("DELETE")
    await Citizen(house, f"p{other}").says("yes")
    assert words in kept_of(house, citizen)[0].body
    assert len(house.table("messages")) == 1
    await Citizen(house, f"p{n}").says("DELETE")
    await Citizen(house, f"p{n}").says("yes")
    (row,) = kept_of(house, citizen)
    assert (row.body, row.status) == ("", "sent" if sent else "gone")
    assert house.table("messages") == []
    (again,) = await citizen.says("/digest")
    assert f"{words}”" not in again.text


async def test_words_in_the_week_so_far_go_from_the_chat_the_moment_their_writer_changes_them(
    house: House, citizen: Citizen
) -> None:
    n, words = await quoted_in_chat(house, citizen, sent=True)
    writer = Citizen(house, f"p{n}")
    (listed,) = await writer.says("CHANGE")
    found = re.search(rf"(\d+)\. [^\n]*{words}", listed.text)
    assert found, listed.text
    await writer.says(found[1])
    await writer.says("Other words came to my mind")
    assert [row.text for row in house.table("answers") if row.text and row.withdrawn_at is not None] == [words]
    assert [row.body for row in kept_of(house, citizen)] == [""]
    assert house.table("messages") == []
    (again,) = await citizen.says("/digest")
    assert f"{words}”" not in again.text


async def test_who_has_no_role_any_more_keeps_no_words_of_others(house: House, citizen: Citizen) -> None:
    await quoted_in_chat(house, citizen, sent=True)
    person_id = house.contact(citizen.address).person_id
    assert person_id
    with house.database.transaction() as db:
        people.leave(db, person_id, NOON)
    assert [row.body for row in kept_of(house, citizen)] == [""]
    assert house.table("messages") == []


@pytest.mark.parametrize("sent", [True, False])
async def test_who_has_no_role_any_more_keeps_no_alarm_and_nothing_of_threads(
    house: House, citizen: Citizen, *, sent: bool
) -> None:
    code = house.pulse().code
    await citizen.starts(invited(house, "manager"))
    writer = Citizen(house, "writer")
    await writer.starts(code)
    await writer.does(*INTO, "Good")
    await writer.says("I want to kill myself")
    await writer.says("HUMAN")
    await writer.says("Where is the lift?")
    staff = house.contact(citizen.address)
    mine = [row for row in house.table("outbox") if row.contact_id == staff.id]
    brought = [row.key for row in mine if row.key.startswith(("alarm.", "thread."))]
    assert {key.partition(".")[0] for key in brought} == {"alarm", "thread"}
    with house.database.transaction() as db:
        lines = [messages.NewLine(staff.id, f"out:{key}", NOON, messages.BOT, '"words"') for key in brought]
        lines.append(messages.NewLine(staff.id, "out:other", NOON, messages.BOT, '"their own"'))
        assert messages.append(db, lines) == len(brought) + 1
        if sent:
            db.execute(update(tables.outbox).values(status="sent", sent_at=NOON))
        assert staff.person_id
        people.leave(db, staff.person_id, NOON)
    assert not [row for row in house.table("outbox") if row.key in brought]
    assert [row.key for row in house.table("messages")] == ["out:other"]


async def test_a_manager_says_in_the_chat_when_and_where_the_digest_comes(house: House, citizen: Citizen) -> None:
    await citizen.starts(invited(house, "manager"))
    (asked,) = await citizen.says("/digest ?")
    assert "Your digest: weekly, Monday, 08:00, by both, language as in each chat." in asked.text
    assert "/digest monthly mail friday 17:30" in asked.text
    (kept,) = await citizen.says("/digest monthly mail friday 17:30 Spanish")
    assert "Your digest: monthly, Friday, 17:30, by mail, language español." in kept.text
    (wrong,) = await citizen.says("/digest sometimes")
    assert "I do not know “sometimes”. Nothing was changed." in wrong.text
    (person,) = house.table("people")
    assert (person.digest_every, person.digest_by, person.digest_day) == ("month", "mail", "fri")
    assert (person.digest_time, person.digest_language) == ("17:30", "es")


async def test_an_organiser_sees_the_rounds_and_their_counts(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    house.need()
    await finished(Citizen(house, "p"), code)
    await citizen.starts(invited(house, "organiser"))
    (said,) = await citizen.says("/rounds")
    assert "How is it? – open, 1 person" in said.text
    assert "Opening hours – open, until 14 December 2026, 0 people" in said.text


async def test_citizens_cannot_use_the_commands_of_staff(house: House, citizen: Citizen) -> None:
    for command in ("/manage", "/digest", "/rounds"):
        (said,) = await citizen.says(command)
        assert said.text.startswith("This is for staff.")
    assert house.table("links") == []


async def test_a_citizens_own_data_never_shows_anothers(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("mine alone")
    other = Citizen(house, "other")
    await other.starts(code)
    await other.does(*INTO, "Poor")
    assert "mine alone" not in "\n".join(each.text for each in await other.says("MYDATA"))


async def test_a_right_is_heard_while_the_desk_waits_for_yes_or_no(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("DELETE")
    (said,) = await citizen.says("perhaps")
    assert labels(said) == ["Yes", "No"]
    (said,) = await citizen.says("HUMAN")
    assert "555 0142" in said.text
    (said,) = await citizen.says("yes")
    assert "We keep nothing" not in said.text
    assert len(citizen.answers(code)) == 2


async def test_mydata_says_where_there_is_no_answer_yet(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    said = await citizen.says("MYDATA")
    assert "Central Library:\nNo answer yet." in "\n".join(each.text for each in said)


async def test_stop_ends_every_talk_not_only_the_last(house: House, citizen: Citizen) -> None:
    need, pulse = house.need().code, house.pulse().code
    await citizen.starts(need)
    await citizen.does(*INTO, "Yes, often")
    await citizen.starts(pulse)
    await citizen.says("STOP")
    (said,) = await citizen.says("the door was shut")
    assert said.text.startswith("I did not understand that.")
    assert [answer.state for answer in citizen.answers(need)] == ["use"]
    (said,) = await citizen.starts(need)
    assert "Welcome back." in said.text


async def test_stop_while_changing_an_answer_leaves_what_was_handed_in(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("OK")
    await citizen.says("CHANGE")
    await citizen.says("STOP")
    (said,) = await citizen.starts(code)
    assert "receipt" in said.text
    assert all(answer.counted_at for answer in citizen.answers(code))


# --------------------------------------------------------------------------- words as buttons


async def test_help_asks_the_database_as_often_whatever_number_of_rounds_there_are(
    house: House, citizen: Citizen
) -> None:
    """The answers that may be quoted are found in all of them at once."""
    asked: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    house.need()
    await citizen.says("hello")
    counts = []
    for _ in range(2):
        asked.clear()
        assert "MINE – " in (await citizen.says("HELP"))[0].text
        counts.append(len([each for each in asked if "FROM answers" in each]))
        for title in ("One", "Two", "Three"):
            house.need(title=title)
    assert counts == [1, 1]


async def test_help_at_the_desk_offers_what_can_be_done_there_as_buttons(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.says("hello")
    (said,) = await citizen.says("HELP")
    assert labels(said) == ["START", "LANGUAGE", "MYDATA", "MINE", "DELETE", "HUMAN", "STOP"]
    (kept,) = await citizen.taps("MYDATA")
    assert "I keep nothing about you" in kept.text
    (offered,) = await citizen.taps("START")
    assert labels(offered) == ["Tell us about the Central Library"]
    await finished(citizen, code)
    (said,) = await citizen.says("HELP")
    assert "CHANGE" in labels(said)


async def test_a_word_button_outlives_its_conversation(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    helped = (await citizen.says("HELP"))[0]
    await citizen.does("Good", "Skip", "Skip", "Skip", "Skip", "No", "No")
    (said,) = await citizen.taps("HUMAN", helped)
    assert "555 0142" in said.text
    (said,) = await citizen.taps("SKIP", helped)
    assert said.text.startswith("No questions are open between us just now.")
    house.rounds.close(code)
    (said,) = await citizen.taps("DELETE", helped)
    assert labels(said) == ["Yes", "No"]


async def test_a_right_is_heard_by_button_when_the_round_has_closed(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    helped = (await citizen.says("HELP"))[0]
    house.rounds.close(code)
    (said,) = await citizen.taps("DELETE", helped)
    assert labels(said) == ["Yes", "No"]


async def test_who_comes_for_a_round_whose_days_are_being_changed_hears_so(house: House, citizen: Citizen) -> None:
    code = house.need(opened=False, opens_at=NOON + timedelta(days=5), closes_at=NOON + timedelta(days=20)).code
    house.sign(code)
    house.rounds.open(code)
    assert "opens on" in (await citizen.starts(code))[-1].text
    house.rounds.extend(code, NOON + timedelta(days=21), why="more time")
    assert "its days are being changed" in (await citizen.starts(code))[-1].text
    draft = house.need(opened=False).code
    assert "I do not know this code" in (await citizen.starts(draft))[0].text


async def test_an_old_button_for_a_service_with_nothing_open_leads_to_all_that_is_open(
    house: House, citizen: Citizen
) -> None:
    house.pulse()
    house.pulse(service="bus7")
    await citizen.starts()
    (said,) = await citizen.sends(raw(citizen.address, kind="tap", data="@service:gone"))
    assert len(labels(said)) == 2


@pytest.mark.parametrize(("language", "word"), [("en", "/mine"), ("es", "/mías")])
async def test_help_amid_questions_offers_what_became_of_ones_answers_and_the_question_stays(
    house: House, citizen: Citizen, language: str, word: str
) -> None:
    code = house.pulse().code
    await citizen.says("hello", language=language)
    question = (await citizen.starts(code))[-1].text.rpartition("\n\n")[2]
    listed, again = await citizen.says("/help")
    assert again.text.endswith(question)
    assert f"\n{word} – " in listed.text
    (found,) = [button for button in listed.buttons if button.label == word]
    for said in (await citizen.says(word), await citizen.sends(raw(citizen.address, kind="tap", data=found.data))):
        assert "\n\n".join(each.text for each in said).startswith(house.library.phrases[language]["mine_none"])
        assert said[-1].text.endswith(question)


@pytest.mark.parametrize(("language", "told"), [("en", "MINE – what came of your answers"), ("es", "respuestas")])
async def test_help_tells_how_to_ask_what_became_of_ones_answers(
    house: House, citizen: Citizen, language: str, told: str
) -> None:
    await citizen.says("hello", language=language)
    (said,) = await citizen.says("/help")
    assert told in said.text
    (found,) = [button for button in said.buttons if button.data.endswith(":mine")]
    (answer,) = await citizen.sends(raw(citizen.address, kind="tap", data=found.data))
    assert answer.text
