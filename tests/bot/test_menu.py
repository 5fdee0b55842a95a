"""The organiser's menu: rounds are looked at, steered and begun with buttons, by whoever may, once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.web.words import Dictionary
from bot.errors import Refused
from bot.menu import figures
from bot.menu.links import MOST
from bot.menu.worker import mark_of
from bot.rounds.example import example
from bot.rounds.findings import PAPER
from bot.rounds.outcome import Decision, KeyIssue, Outcome, Reading
from bot.rounds.record import spoken_day
from bot.texts import texts
from storage import contacts, moves, people, rounds
from tests.bot.jobs.test_sweeps import LATER
from tests.bot.rounds.test_audience import people as people_of
from tests.bot.rounds.test_concluding import TOLD, closed
from tests.bot.rounds.test_for_whom import ASKING, NAME, hands_in
from tests.bot.test_threads import Staff, employed, labels, last, text
from tests.flows.talk import LANGUAGES
from tests.support.answering import answered, copied
from tests.support.house import NOON, RECORD, Citizen, House, raw

if TYPE_CHECKING:
    from pathlib import Path

    from bot.channels.base import Outbound

BUTTONS = 8
"""Most buttons a screen has."""


async def organiser(house: House, name: str = "Omar", language: str = "en") -> Staff:
    return await employed(house, name, ("organiser", "library"), language=language)


async def approver(house: House) -> Staff:
    return await employed(house, "Ada", ("approver", "library"))


def state(house: House, code: str) -> str:
    found = house.rounds.find(code)
    assert found is not None
    return found.state


def log(house: House, code: str) -> list[tuple[str, str, str]]:
    return [(each.who, each.what, each.why) for each in house.rounds.log(code)]


async def at(staff: Staff, code: str) -> Outbound:
    """Bring somebody to the screen of a round."""
    return (await staff.sends(raw(staff.address, kind="tap", data=f"@o:round:{code}")))[-1]


# --------------------------------------------------------------------------- who has a menu


async def test_the_menu_offers_what_the_role_allows(house: House) -> None:
    omar, ada = await organiser(house), await approver(house)
    max_ = await employed(house, "Max", ("manager", "library"))
    assert labels((await omar.says("/organise"))[0]) == [
        *(
            "My rounds",
            "New round",
            "Send a flow file",
            "Themes",
            "Words that others may see",
            "Assess yourself",
            "Sign in to the browser",
        )
    ]
    assert labels((await ada.says("/organise"))[0]) == ["My rounds", "Assess yourself", "Sign in to the browser"]
    (said,) = await max_.says("/organise")
    assert labels(said) == ["Themes", "Words that others may see", "Assess yourself", "Sign in to the browser"]
    assert "You read the digest of: Central Library" in said.text


async def test_a_stranger_hears_of_the_menu_what_they_hear_of_any_unknown_command(house: House) -> None:
    ana, ben = Citizen(house, "ana"), Citizen(house, "ben")
    for person in (ana, ben):
        await person.says("hello")
    assert text(await ana.says("/organise")) == text(await ben.says("/anything"))
    code = house.need().code
    assert text(await ana.sends(raw("ana", kind="tap", data=f"@o:yes:{code}:close"))) == text(
        await ben.sends(raw("ben", kind="tap", data="@nothing:at:all"))
    )
    assert state(house, code) == "open"


async def test_a_role_for_one_service_shows_no_round_of_another(house: House) -> None:
    house.need()
    nina = await employed(house, "Nina", ("organiser", "bus12"))
    await nina.says("/organise")
    assert (await nina.taps("My rounds"))[0].text == "There are no rounds yet."
    (said,) = await nina.sends(raw(nina.address, kind="tap", data=f"@o:round:{house.rounds.listed()[0].code}"))
    assert said.text == "That button leads nowhere any more."


async def test_a_link_into_the_browser_works_once_and_only_so_many_are_given(house: House) -> None:
    omar = await organiser(house)
    await omar.says("/organise")
    for _ in range(MOST):
        assert "/manage/sign-in?token=" in (await omar.taps("Sign in to the browser"))[0].text
    assert "You have asked for many links" in (await omar.taps("Sign in to the browser"))[0].text
    assert "You have asked for many links" in (await omar.says("/manage"))[0].text
    assert len(house.table("links")) == MOST
    house.clock.forward(minutes=31)
    assert "/manage/sign-in?token=" in (await omar.says("/manage"))[0].text


# --------------------------------------------------------------------------- the list


async def test_the_rounds_that_need_somebody_first_stand_first_and_pages_have_eight_buttons(house: House) -> None:
    for n in range(7):
        house.need(opened=False, title=f"Draft {n}")
    house.need(title="Late", closes_at=house.clock() + timedelta(days=30))
    house.need(title="Soon", closes_at=house.clock() + timedelta(days=3))
    omar = await organiser(house)
    await omar.says("/organise")
    (first,) = await omar.taps("My rounds")
    assert labels(first)[:3] == ["Soon · open", "Late · open", "Draft 6 · waits for a signature"]
    assert labels(first)[-2:] == ["Next page →", "Back"]
    (second,) = await omar.taps("Next page →")
    assert labels(second) == [*(f"Draft {n} · waits for a signature" for n in (3, 2, 1, 0)), "← Page before", "Back"]
    assert (await omar.taps("Late · open", first))[0].text.startswith("“Late” – Central Library: open")


# --------------------------------------------------------------------------- one round


async def test_a_round_shows_its_live_numbers(house: House) -> None:
    code = house.need().code
    omar, ana = await organiser(house), Citizen(house, "ana")
    await ana.starts(code)
    said = await at(omar, code)
    assert "Invited: 0. Started: 1. Finished: 0. Stopped on the way: 0." in said.text
    assert labels(said) == [
        *("Pause", "Give people more time", "Close now", "Cancel the round"),
        *("All numbers", "Open in the browser", "Look again", "Back"),
    ]


async def test_a_draft_names_what_it_lacks_and_offers_to_fill_it_in(house: House) -> None:
    omar = await organiser(house)
    code = house.need(opened=False, record={}).code
    said = await at(omar, code)
    assert "Before it can open, this is still missing:" in said.text
    assert "– What it is about: is missing" in said.text
    assert "… and" in said.text
    assert labels(said)[:3] == ["Fill in what is missing", "Change title, topic or days", "Cancel the round"]


async def test_nobody_signs_what_was_changed_after_their_screen(house: House) -> None:
    ada = await approver(house)
    code = house.need(opened=False).code
    read = await at(ada, code)
    house.rounds.change(code, title="Other hours")
    (asked,) = await ada.taps("Read and found good: sign", read)
    assert asked.text.startswith("Sign “Other hours”?")
    (refused,) = await ada.taps("Yes")
    assert "somebody has changed the round since you saw it: read it again" in refused.text
    assert state(house, code) == "draft"
    await ada.taps("Read and found good: sign", refused)
    (signed,) = await ada.taps("Yes")
    assert "Signed by Ada" in signed.text


async def test_a_second_person_signs_and_only_then_it_opens(house: House) -> None:
    omar, ada = await organiser(house), await approver(house)
    code = house.need(opened=False).code
    said = await at(omar, code)
    assert "These may: Ada" in said.text
    assert "Open now" not in labels(said)
    await at(ada, code)
    (asked,) = await ada.taps("Read and found good: sign")
    assert asked.text.startswith("Sign “Opening hours”?")
    (signed,) = await ada.taps("Yes")
    assert "Signed by Ada" in signed.text
    assert "Open now" not in labels(signed)
    await at(omar, code)
    (asked,) = await omar.taps("Open now")
    question, whom, *address = asked.text.split("\n")
    assert question == "Open “Opening hours” now?"
    assert whom == "Whoever has the link can take part. Nobody is invited."
    assert [each.partition(" open ")[0] for each in address] == ["People's phones cannot"]
    assert labels(asked) == ["Yes", "No"]
    (opened,) = await omar.taps("Yes")
    assert opened.text.startswith("Done.\n“Opening hours” – Central Library: open")
    assert state(house, code) == "open"
    assert log(house, code)[1:] == [("Ada", "approved", ""), ("Omar", "opened", "")]


async def test_what_waits_for_a_signature_is_counted_and_stands_first_for_whoever_may_sign(house: House) -> None:
    omar, ada = await organiser(house), await approver(house)
    both = await employed(house, "Bo", ("organiser", "library"), ("approver", "library"))
    house.need(code="running")
    house.need(code="plan", title="The reading room", opened=False, who=house.contact(both.address).person_id)
    house.pulse(code="always")
    (home,) = await ada.says("/organise")
    assert "1 round waits for your signature." in home.text
    (shown,) = await ada.taps("My rounds")
    assert labels(shown)[0] == "The reading room · waits for a signature"
    assert "“The reading room” waits for a signature. Written by: Bo" in shown.text
    (round_,) = await ada.taps("The reading room · waits for a signature")
    assert labels(round_)[0] == "Read and found good: sign"
    for author in (both, omar):
        (home,) = await author.says("/organise")
        assert "your signature" not in home.text
        (shown,) = await author.taps("My rounds")
        assert labels(shown)[0].startswith("Opening hours")
        assert "The reading room · waits for a signature" in labels(shown)
    house.sign("plan")
    (home,) = await ada.says("/organise")
    assert "your signature" not in home.text
    (shown,) = await ada.taps("My rounds")
    assert "waits for a signature" not in str(labels(shown)) + shown.text


async def test_a_long_title_leaves_room_for_what_a_round_waits_for(house: House) -> None:
    ada = await approver(house)
    house.need(opened=False, title="Where in the old harbour should the new library stand?")
    await ada.says("/organise")
    (shown,) = await ada.taps("My rounds")
    assert labels(shown)[0] == "Where in the old harbou… · waits for a signature"


async def test_what_still_lacks_something_waits_for_nobodys_signature(house: House) -> None:
    ada = await approver(house)
    house.need(opened=False, record={})
    (home,) = await ada.says("/organise")
    assert "your signature" not in home.text


async def test_who_signs_reads_first_what_people_are_told_and_asked(house: House) -> None:
    ada = await approver(house)
    await at(ada, house.need(opened=False).code)
    (said,) = await ada.taps("Read what people are told")
    assert "– What it is about: the opening hours of the library" in said.text
    assert "– Who decides: The city council" in said.text
    assert "no duty: we ask because we want to know" in said.text
    assert "What they are asked:\n– " in said.text
    assert labels(said) == ["Back"]


async def test_who_signs_reads_what_stands_in_one_language_alone(house: House) -> None:
    ada = await approver(house)
    record = {**RECORD, "topic": {"en": "the hours"}}
    code = house.need(opened=False, record=record).code
    await at(ada, code)
    (said,) = await ada.taps("Read what people are told")
    assert "Not yet in every language: Title, What it is about" in said.text
    house.sign(code)
    house.rounds.open(code)
    await at(ada, code)
    (said,) = await ada.taps("Read what people are told")
    assert "every language" not in said.text


async def test_who_signs_reads_whom_the_round_asks(house: House, tmp_path: Path) -> None:
    ada, code = await employed(house, "Ada", ("approver", "library")), house.need(opened=False).code
    whom = {"languages": ["es"], "themes": ["night bus"], "sample": 500}
    house.rounds.change(code, audience="agreed", whom=whom, spread_hours=6)
    (tmp_path / "members.csv").write_text("mail\na@x.example\nb@x.example\n")
    house.rounds.receive(code, tmp_path / "members.csv", "members, article 6", who=None)
    await at(ada, code)
    (read,) = await ada.taps("Read what people are told")
    await at(ada, code)
    (asked,) = await ada.taps("Read and found good: sign")
    for said in (read.text, asked.text):
        assert "Whom to ask:" in said
        assert "– Who speak one of these languages: Español" in said
        assert "– Who wrote one of these words, or chose an answer that has it: night bus" in said
        assert "– How many of them, by chance: 500" in said
        assert "– A list that the city holds: People from a list: 2. members, article 6" in said
        assert "– Over how many hours to invite: 6" in said


async def test_a_signed_round_is_changed_in_the_chat_for_a_reason_and_a_draft_then(house: House) -> None:
    omar, code = await organiser(house), house.need(opened=False, title="Opening hours").code
    house.sign(code)
    await at(omar, code)
    (said,) = await omar.taps("Change title, topic or days")
    assert "Signed by " in said.text
    assert "Why do you change it?" in said.text
    assert (await omar.taps("Back"))[-1].text.startswith("Nothing was done")
    assert state(house, code) == "checked"
    await omar.taps("Change title, topic or days")
    (long,) = await omar.says("x" * 3000)
    assert "Why do you change it?" in long.text
    (said,) = await omar.says("The library moves")
    assert "What do you want to change?" in said.text
    assert (state(house, code), log(house, code)[-1]) == ("draft", ("Omar", "changed", "The library moves"))
    await omar.taps("Title")
    await omar.says("Other hours")
    assert house.rounds.find(code).title == "Other hours"  # type: ignore[union-attr]


async def test_what_an_old_button_would_change_in_a_signed_round_waits_for_a_reason(house: House) -> None:
    omar, code = await organiser(house), house.need(opened=False).code
    await at(omar, code)
    await omar.taps("Change title, topic or days")
    (asked,) = await omar.taps("Title")
    house.sign(code)
    (said,) = await omar.says("Other hours")
    assert "Why do you change it?" in said.text
    (paper,) = await omar.sends(raw(omar.address, kind="tap", data=f"@o:paper:{code}"))
    assert "Why do you change it?" in paper.text
    assert state(house, code) == "checked"
    assert asked.text


async def test_who_reads_another_language_changes_the_title_in_that_one(house: House) -> None:
    omar = await organiser(house, language="es")
    record = {**RECORD, "title": {"es": "Horario"}}
    code = house.need(opened=False, title="Opening hours", record=record).code
    await at(omar, code)
    (asked,) = await omar.sends(raw(omar.address, kind="tap", data=f"@o:edit:{code}:title"))
    assert "Horario" in asked.text
    assert "Opening hours" not in asked.text
    await omar.says("Nuevo horario")
    found = house.rounds.find(code)
    assert found is not None
    assert (found.title, found.record["title"]) == ("Opening hours", {"es": "Nuevo horario"})


async def test_whoever_wrote_a_round_is_not_offered_to_sign_it(house: House) -> None:
    both = await employed(house, "Bo", ("organiser", "library"), ("approver", "library"))
    person = house.contact(both.address).person_id
    code = house.need(opened=False, who=person).code
    said = await at(both, code)
    assert "Read and found good: sign" not in labels(said)
    assert "nobody may yet" in said.text


async def test_before_people_are_written_to_their_number_is_told(house: House) -> None:
    omar = await organiser(house)
    for n in range(3):
        await Citizen(house, f"p{n}").says("hello")
        with house.database.transaction() as db:
            contacts.set_invite_again(db, house.contact(f"p{n}").id, house.clock())
    code = house.need(opened=False, audience="agreed").code
    house.sign(code)
    await at(omar, code)
    (asked,) = await omar.taps("Open now")
    assert "People who will be invited: 3. Left out: 0." in asked.text


async def test_pausing_asks_once_more_and_then_why(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    assert "nobody can answer" in (await omar.taps("Pause"))[0].text
    assert (await omar.taps("Yes"))[0].text.startswith("Why?")
    assert state(house, code) == "open"
    (said,) = await omar.says("a mistake in the letter")
    assert said.text.startswith("Done.\n“Opening hours” – Central Library: paused")
    assert log(house, code)[-1] == ("Omar", "paused", "a mistake in the letter")
    await omar.taps("Let it go on")
    await omar.taps("Yes")
    assert state(house, code) == "open"


async def test_the_reason_can_be_left_and_nothing_is_done(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.does("Cancel the round", "Yes")
    (said,) = await omar.says("/back")
    assert "open" in said.text
    assert "Done." not in (await omar.says("nobody came"))[0].text
    assert state(house, code) == "open"


@pytest.mark.parametrize("waits", ["o:sure pause {}", "o:why pause {}"])
async def test_what_an_earlier_version_asked_for_is_refused_gently(house: House, waits: str) -> None:
    omar, code = await organiser(house), house.need().code
    with house.database.transaction() as db:
        contacts.set_asks(db, house.contact(omar.address).id, waits.format(code))
    (said,) = await omar.says("yes")
    assert said.text.startswith("That button is old. This is how the round stands now:")
    assert state(house, code) == "open"


async def test_more_time_is_given_to_the_day_that_is_tapped(house: House) -> None:
    omar = await organiser(house)
    code = house.need().code
    await at(omar, code)
    (days,) = await omar.taps("Give people more time")
    assert labels(days) == ["17 December 2026", "21 December 2026", "28 December 2026", "11 January 2027", "Back"]
    (asked,) = await omar.taps("28 December 2026")
    assert asked.text.split("\n") == [
        "New last day of “Opening hours”: 28 December 2026. Is that right?",
        "Answers are kept until 14 December 2027, as people were told, also if they get more time.",
    ]
    await omar.taps("Yes")
    (said,) = await omar.says("the letter came late")
    assert "Last day: 28 December 2026" in said.text
    assert log(house, code)[-1] == ("Omar", "extended", "the letter came late")


@pytest.mark.parametrize(
    ("meanwhile", "becomes"),
    [
        (timedelta(days=3), "21 December 2026"),
        (timedelta(days=3, hours=5), "21 December 2026"),
        (timedelta(days=9), "23 December 2026"),
    ],
)
async def test_more_time_is_given_to_the_day_that_was_confirmed_whoever_moved_it_meanwhile(
    house: House, meanwhile: timedelta, becomes: str
) -> None:
    omar, made = await organiser(house), house.need(record=LATER)
    assert made.closes_at is not None
    await at(omar, made.code)
    await omar.taps("Give people more time")
    await omar.taps("21 December 2026")
    await omar.taps("Yes")
    house.rounds.extend(made.code, made.closes_at + meanwhile, why="another had the same thought")
    (said,) = await omar.says("holidays")
    assert f"Last day: {becomes}" in said.text
    assert said.text.startswith("That button is old.") == (becomes == "23 December 2026")


async def test_no_leaves_everything_as_it_is(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.taps("Close now")
    assert (await omar.taps("No"))[0].text.startswith("Nothing was done.")
    assert state(house, code) == "open"


async def test_yes_and_no_may_be_typed(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.taps("Close now")
    assert (await omar.says("no"))[0].text.startswith("Nothing was done.")
    await omar.taps("Close now")
    assert (await omar.says("yes"))[0].text.startswith("Done.")
    assert state(house, code) == "closed"


# --------------------------------------------------------------------------- old buttons, two at once


async def test_of_two_who_close_at_once_one_wins_and_the_other_is_told_how_it_stands(house: House) -> None:
    omar, olga = await organiser(house), await organiser(house, "Olga")
    code = house.need().code
    for each in (omar, olga):
        await at(each, code)
        await each.taps("Close now")
    yes = [raw(each.address, kind="tap", data=each.button("Yes")) for each in (omar, olga)]
    await house.turns.accept(yes)
    assert last(omar).text.startswith("Done.\n“Opening hours” – Central Library: closed")
    assert last(olga).text.startswith("That does not work: the round is not open\n")
    assert [what for _, what, _ in log(house, code)].count("closed") == 1


async def test_a_chat_and_a_page_that_close_at_once_close_once(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.taps("Close now")

    def by_page() -> None:
        with suppress(Refused):
            house.rounds.close(code)

    await asyncio.gather(omar.taps("Yes"), asyncio.to_thread(by_page))
    assert last(omar).text.startswith(("Done.", "That does not work: the round is not open"))
    assert "Central Library: closed" in last(omar).text
    assert [what for _, what, _ in log(house, code)].count("closed") == 1


async def test_a_double_tap_acts_once(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.taps("Close now")
    twice = omar.button("Yes")
    await omar.sends(raw(omar.address, kind="tap", data=twice), raw(omar.address, kind="tap", data=twice))
    assert last(omar).text.startswith("That button is old. This is how the round stands now:")
    assert [what for _, what, _ in log(house, code)].count("closed") == 1


async def test_an_old_yes_does_nothing_and_shows_how_the_round_stands(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    (old,) = await omar.taps("Close now")
    await at(omar, code)
    (said,) = await omar.taps("Yes", old)
    assert said.text.startswith("That button is old.")
    assert state(house, code) == "open"


async def test_the_button_of_an_act_that_is_past_is_refused_gently(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    shown = await at(omar, code)
    house.rounds.close(code)
    for label in ("Pause", "Give people more time", "Close now", "Cancel the round"):
        (said,) = await omar.taps(label, shown)
        assert said.text.startswith("That button is old.")
        assert "closed" in said.text


async def test_whoever_lost_the_role_meanwhile_acts_no_more(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.taps("Close now")
    with house.database.transaction() as db:
        people.revoke(db, house.contact(omar.address).person_id or 0, "organiser", "library")
    await omar.taps("Yes")
    assert state(house, code) == "open"


async def test_what_is_asked_outlives_a_restart(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    await at(omar, code)
    await omar.does("Pause", "Yes")
    await house.turns.end()
    house.turns = house.new_turns()
    house.turns.begin()
    await omar.says("the water is off")
    assert log(house, code)[-1] == ("Omar", "paused", "the water is off")


async def test_what_was_refused_leaves_the_turn_as_it_was(house: House) -> None:
    """A refusal inside the transaction of a turn takes back only what the act itself wrote."""
    omar, code = await organiser(house), house.need(opened=False).code
    with house.database.transaction() as db:
        inside = house.rounds.within(db)
        with pytest.raises(Exception, match="nobody has signed"):
            inside.open(code)
        rounds.change(db, 1, title="Kept")
    assert house.rounds.listed()[0].title == "Kept"
    assert (await at(omar, code)).text.startswith("“Kept”")


# --------------------------------------------------------------------------- a new round


async def test_a_round_is_begun_and_filled_in_step_by_step(house: House) -> None:
    omar = await organiser(house)
    await omar.says("/organise")
    (flows,) = await omar.taps("New round")
    assert flows.text == "What do you want to ask? Choose a flow."
    label = next(each for each in labels(flows) if "need" in each.lower() or "matter" in each.lower())
    assert "What is the title?" in (await omar.taps(label))[0].text
    (whom,) = await omar.says("When should we open?")
    assert whom.text.startswith("The draft “When should we open?” is saved.")
    (code,) = [each.code for each in house.rounds.listed()]
    assert labels(whom) == ["Whoever has the link", "The same, and invite all who agreed", "Back"]
    (long,) = await omar.taps("The same, and invite all who agreed")
    assert "What is the last day?" in long.text
    (topic,) = await omar.taps("21 December 2026")
    assert "What is missing: what the round is about" in topic.text
    steps = {
        "what the round is about": "the opening hours of the library",
        "the day of the decision": "1 February 2027",
        "what people can still change": "the hours",
        "what is decided already": "the place",
        "the day on which you publish": "15 January 2027",
        "the ideas": "Open earlier\nOpen later",
    }
    said = topic
    for _ in range(20):
        asked = next((key for key in steps if key in said.text.partition("\n")[0]), None)
        if asked:
            (said,) = await omar.says(steps[asked])
        elif "how the answers count" in said.text:
            (said,) = await omar.taps(next(each for each in labels(said) if each.startswith("we ask")))
        elif "whether you have to consult" in said.text:
            (said,) = await omar.taps("no duty: we ask because we want to know")
        elif "whose case it is" in said.text:
            (said,) = await omar.taps("all people of a place")
        else:
            break
    assert "Nothing is missing." in said.text
    assert house.rounds.check(code) == []
    found = house.rounds.find(code)
    assert found is not None
    assert (found.audience, found.record["decided_on"]) == ("agreed", "2027-02-01")
    assert found.record["topic"] == {"en": "the opening hours of the library"}
    assert {who for who, _, _ in log(house, code)} == {"Omar"}


async def test_what_does_not_fit_is_asked_again_and_skip_goes_on(house: House) -> None:
    omar = await organiser(house)
    record = {"topic": "hours", "decider": "the council"}
    await at(omar, house.need(opened=False, record=record).code)
    (asked,) = await omar.taps("Fill in what is missing")
    assert "the day of the decision" in asked.text
    (again,) = await omar.says("some day")
    assert again.text == f"“some day” is no day. Write the day with its month in words.\n{asked.text}"
    (after,) = await omar.says("/skip")
    assert "what people can still change" in after.text
    (back,) = await omar.says("/back")
    assert "still missing" in back.text


async def test_what_is_too_long_is_said_to_be_so_and_asked_again_and_nothing_is_cut(house: House) -> None:
    omar = await organiser(house)
    await omar.says("/organise")
    (flows,) = await omar.taps("New round")
    await omar.taps(next(each for each in labels(flows) if "need" in each.lower()))
    (again,) = await omar.says("T" * 201)
    assert again.text.startswith("That does not work: the title has 201 characters: say it in at most 200")
    assert "What is the title?" in again.text
    (whom,) = await omar.says("T" * 200)
    assert "T" * 200 in whom.text
    await at(omar, house.need(opened=False, record={}).code)
    (topic,) = await omar.taps("Fill in what is missing")
    (again,) = await omar.says("t" * 4001)
    assert again.text.startswith("That does not work: these words have 4001 characters")
    assert again.text.endswith(topic.text)
    code = house.need().code
    await at(omar, code)
    await omar.taps("Pause")
    await omar.taps("Yes")
    (again,) = await omar.says("x" * 501)
    assert again.text.startswith("That does not work: the reason has 501 characters")
    assert state(house, code) == "open"
    await omar.says("x" * 500)
    assert log(house, code)[-1] == ("Omar", "paused", "x" * 500)


async def test_the_first_day_lets_a_signed_round_open_by_itself(house: House) -> None:
    omar, code = await organiser(house), house.need(opened=False).code
    await at(omar, code)
    await omar.taps("Change title, topic or days")
    await omar.taps("First day")
    (said,) = await omar.says("1 December 2026")
    assert "First day: 1 December 2026" in said.text
    house.sign(code)
    await at(omar, code)
    (asked,) = await omar.taps("Open on its first day")
    assert asked.text.startswith("“Opening hours” opens by itself on 1 December 2026.")
    await omar.taps("Yes")
    assert state(house, code) == "scheduled"
    await at(omar, code)
    await omar.taps("Give people more time")
    await omar.taps("28 December 2026")
    await omar.taps("Yes")
    (said,) = await omar.says("the letter came late")
    assert state(house, code) == "draft"
    assert "A change took this round off the calendar: it does not open by itself any more." in said.text


async def test_what_was_mistyped_in_a_whole_draft_is_changed_in_the_chat(house: House) -> None:
    omar = await organiser(house)
    record = {**RECORD, "topic": {"en": "the hourz", "es": "las horas"}}
    code = house.need(opened=False, title="Hourz", record=record).code
    screen = await at(omar, code)
    assert "Nothing is missing." in screen.text
    (offers,) = await omar.taps("Change title, topic or days")
    assert "Everything else is changed in the browser." in offers.text
    assert labels(offers) == ["Title", "What it is about", "First day", "Last day", "Open in the browser", "Back"]
    (asked,) = await omar.taps("Title")
    assert "So far it says: Hourz" in asked.text
    (long,) = await omar.says("T" * 201)
    assert long.text.startswith("That does not work: the title has 201 characters")
    (said,) = await omar.says("Hours")
    assert said.text.startswith("Done.\n“Hours” – Central Library: draft")
    await omar.taps("Change title, topic or days")
    (asked,) = await omar.taps("What it is about")
    assert "So far it says: the hourz" in asked.text
    assert "those in other languages are changed in the browser" in asked.text
    await omar.says("the hours.")
    found = house.rounds.find(code)
    assert found is not None
    assert (found.title, found.record["topic"]) == ("Hours", {"en": "the hours", "es": "las horas"})
    await omar.taps("Change title, topic or days")
    (asked,) = await omar.taps("Last day")
    assert "You can also write another day" in asked.text
    assert (await omar.says("1 November 2026"))[0].text.startswith("1 November 2026 is not a day to come.")
    (said,) = await omar.says("17 December 2026")
    assert "Last day: 17 December 2026" in said.text
    assert [what for _, what, _ in log(house, code)] == ["created", "changed", "changed", "changed"]


async def test_a_topic_is_kept_in_the_language_of_who_types_it_where_the_round_speaks_it(house: House) -> None:
    for name, language, was, kept in (
        ("Omar", "en", "the hourz", {"en": "the hours"}),
        ("Ana", "de", "the hourz", "the hours"),
        ("Eva", "en", {"en": "the hourz"}, {"en": "the hours"}),
    ):
        staff = await organiser(house, name, language)
        code = house.need(opened=False, title=name, record={**RECORD, "topic": was}).code
        (asked,) = await staff.sends(raw(staff.address, kind="tap", data=f"@o:edit:{code}:topic"))
        assert texts(language)("menu.anew_one") not in asked.text
        await staff.says("the hours")
        assert house.rounds.find(code).record["topic"] == kept  # type: ignore[union-attr]


async def test_what_is_no_first_day_is_said_to_be_so(house: House) -> None:
    omar, code = await organiser(house), house.need(opened=False).code
    await at(omar, code)
    await omar.taps("Change title, topic or days")
    await omar.taps("First day")
    for said, why in (
        ("1 November 2026", "1 November 2026 is not a day to come. Choose a later one."),
        ("32 May", "“32 May” is no day. Write the day with its month in words."),
        ("3/4/2027", "“3/4/2027” can be 3 April 2027 or 4 March 2027. Write the day with its month in words."),
    ):
        (again,) = await omar.says(said)
        assert again.text.startswith(f"{why}\nOn which day shall it open?")


async def test_a_round_that_has_opened_meanwhile_keeps_its_title(house: House) -> None:
    omar, code = await organiser(house), house.need(opened=False).code
    await at(omar, code)
    await omar.taps("Change title, topic or days")
    await omar.taps("Title")
    house.sign(code)
    house.rounds.open(code)
    (said,) = await omar.says("Another")
    assert "Another" not in said.text
    assert said.text.startswith("That button is old.")


async def test_an_end_after_a_promised_day_is_refused_before_a_reason_is_asked_for(house: House) -> None:
    omar = await organiser(house)
    code = house.need(record={**RECORD, "decided_on": "2027-01-05", "feedback_on": "2027-02-01"}).code
    await at(omar, code)
    await omar.taps("Give people more time")
    (said,) = await omar.taps("11 January 2027")
    assert "the decision is promised for 5 January 2027, before the new last day" in said.text
    assert "give later days in the browser" in said.text
    assert "--" not in said.text
    assert labels(said) == ["Open in the browser", "Back"]
    await omar.taps("Back")
    await omar.taps("28 December 2026")
    await omar.taps("Yes")
    (done,) = await omar.says("the letter came late")
    assert done.text.startswith("Done.")
    assert "Last day: 28 December 2026" in done.text


async def test_a_result_with_gaps_is_shown_and_written_in_the_browser(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    house.rounds.close(code)
    await at(omar, code)
    (said,) = await omar.taps("Tell people what came of it")
    assert said.text.startswith("This is the text so far.")
    assert labels(said) == ["Open in the browser", "Back"]


async def test_a_result_is_read_signed_by_name_and_published_once(house: House) -> None:
    omar, code = await organiser(house), house.need().code
    for said, reason, changed in (("Open on Sundays", "", "yes"), ("Open at night", "too few staff", "no")):
        house.rounds.raise_issue(code, KeyIssue(said, 4, "We have looked into it", changed, reason))
    house.rounds.close(code)
    await at(omar, code)
    (asked,) = await omar.taps("Tell people what came of it")
    assert "Open on Sundays" in asked.text
    assert "This text is published and goes to everybody who asked for it." in asked.text
    yes = omar.button("Yes")
    (who,) = await omar.sends(raw(omar.address, kind="tap", data=yes))
    assert who.text.startswith("Who answers for this text?")
    (done,) = await omar.says("Olive Moss, head of the library")
    assert done.text.startswith("Done.\n“Opening hours” – Central Library: reported back")
    assert (await omar.sends(raw(omar.address, kind="tap", data=yes)))[0].text.startswith("That button is old.")
    found = house.rounds.find(code)
    assert found is not None
    assert found.outcome.signed == "Olive Moss, head of the library"


@pytest.mark.parametrize("named", [False, True])
async def test_of_a_result_that_was_rewritten_after_it_was_read_nothing_is_published(
    house: House, *, named: bool
) -> None:
    omar, code = await organiser(house), house.need().code
    house.rounds.close(code)
    draft = house.rounds.keep_draft(code, {"en": "We open on Sundays.", "es": "Abrimos."}, signed="Olive")
    await at(omar, code)
    assert "We open on Sundays." in (await omar.taps("Tell people what came of it"))[0].text
    if named:
        await omar.taps("Yes")
    house.rounds.keep_draft(code, {"en": "We do not op", "es": "No."}, signed="Nina", seen=draft.mark)
    (said,) = await omar.says("Omar, head of libraries") if named else await omar.taps("Yes")
    assert said.text.startswith("That button is old.")
    assert (state(house, code), house.rounds.find(code).report) == ("closed", {})  # type: ignore[union-attr]
    (again,) = await omar.taps("Tell people what came of it")
    assert "We do not op" in again.text


# --------------------------------------------------------------------------- what comes after


async def test_a_round_held_by_duty_is_taken_from_its_end_to_the_archive_in_the_chat(house: House) -> None:
    omar, code = await organiser(house), closed(house)
    said = await at(omar, code)
    assert labels(said)[:2] == ["Write down an issue", "Who has read it"]
    assert "Issues written down: 0. Readings noted: 0." in said.text
    assert "does it change anything?" in (await omar.taps("Write down an issue"))[0].text
    (asked,) = await omar.taps("Partly")
    assert "1. What people raised\n2. What you answer\n3. Why it does not change more" in asked.text
    (said,) = await omar.says("Open on Sundays\n\nWe open on two Sundays\na month\n\nMore cannot be staffed")
    assert said.text.startswith("Done.\n")
    assert "Issues written down: 1." in said.text
    await omar.taps("Say what the answers say")
    (said,) = await omar.says("Most want Sundays.\n\nSee the report of 3 December.")
    assert "answers read" in said.text
    assert "Write down the decision" not in labels(said), "nobody who decides has read it"
    await omar.taps("Who has read it")
    (said,) = await omar.says("The mayor\nThe report of the answers\n24 November 2026")
    assert "Readings noted: 1." in said.text
    await omar.taps("Write down the decision")
    (said,) = await omar.says("We open on Sundays.\n\nForty asked for it.\n\nNights: too dear.\n\n24 November 2026")
    assert "decided" in said.text
    await omar.taps("Tell people what came of it")
    await omar.taps("Yes")
    (said,) = await omar.says("Olive Moss, head of the library")
    assert labels(said)[0] == "Put the round away"
    (asked,) = await omar.taps("Put the round away")
    assert "nothing about this round changes any more" in asked.text
    assert "– People who finished: 0.\n– Who lives here was not entered" in asked.text
    assert asked.text.endswith("– Decided on 24 November 2026: We open on Sundays.")
    (said,) = await omar.says("Ask in autumn.")
    assert state(house, code) == "archived"
    found = house.rounds.find(code)
    assert found is not None
    assert found.outcome == Outcome(
        "Most want Sundays.\n\nSee the report of 3 December.",
        (
            KeyIssue(
                {"en": "Open on Sundays"},
                None,
                {"en": "We open on two Sundays\na month"},
                "partly",
                {"en": "More cannot be staffed"},
            ),
        ),
        (Reading("The mayor", "The report of the answers", "2026-11-24"),),
        Decision(
            {"en": "We open on Sundays."}, "2026-11-24", {"en": "Forty asked for it."}, {"en": "Nights: too dear."}
        ),
        "Olive Moss, head of the library",
        "Ask in autumn.",
    )
    done = [(who, what) for who, what, _ in log(house, code)]
    assert done[-6:] == [
        ("Omar", each) for each in ("issue", "analysed", "read", "decided", "reported_back", "archived")
    ]


async def test_a_round_says_by_how_many_days_its_result_is_late(house: House) -> None:
    omar, code = await organiser(house), closed(house)
    assert "overdue" not in (await at(omar, code)).text
    row = house.rounds.find(code)
    assert row is not None
    due = datetime.fromisoformat(f"{row.record['feedback_on']}T12:00:00+00:00")
    house.clock.forward(days=(due - house.clock()).days + 3)
    late = (house.clock().astimezone(house.config.city.zone).date() - due.date()).days
    assert house.rounds.overdue(row.state, row.record) == late == 3
    assert f"The result is {late} days overdue." in (await at(omar, code)).text
    (listed,) = await omar.taps("Back")
    assert f"– {row.title}: The result is {late} days overdue." in listed.text


async def test_without_a_duty_a_decision_needs_no_analysis_and_no_reader(house: House) -> None:
    omar, code = await organiser(house), closed(house, RECORD)
    said = await at(omar, code)
    assert labels(said)[:4] == [
        *("Tell people what came of it", "Write down an issue", "Say what the answers say", "Write down the decision")
    ]
    await omar.taps("Write down the decision")
    (said,) = await omar.says("We open on Sundays.\n\nForty asked for it.\n\n24 November 2026")
    assert "decided" in said.text


async def test_whoever_publishes_hears_in_which_languages_nothing_was_written(house: House) -> None:
    omar, code = await organiser(house), closed(house, RECORD)
    await at(omar, code)
    for changes, said in (("Yes", "Sundays\n\nWe open in May"), ("No", "Nights\n\nWe do not\n\nToo dear")):
        await omar.taps("Write down an issue")
        await omar.taps(changes)
        await omar.says(said)
    warned = "Not everything is written in: Español. Those lines come from another language."
    (asked,) = await omar.taps("Tell people what came of it")
    assert warned in asked.text
    assert labels(asked) == ["Yes", "No", "Open in the browser"]
    house.rounds.keep_draft(code, {"en": "We open.", "es": "Abrimos."}, signed="Olive")
    await at(omar, code)
    (asked,) = await omar.taps("Tell people what came of it")
    assert "Abrimos." in asked.text
    assert warned not in asked.text
    assert labels(asked) == ["Yes", "No"]


async def test_a_decision_written_anew_leaves_what_it_says_in_other_languages(house: House) -> None:
    omar, code = await organiser(house), closed(house, RECORD)
    texts_ = ({"en": "Open late", "es": "Abrir tarde"}, {"en": "Many asked", "es": "Muchos"}, {"es": "Noches"})
    house.rounds.decide(code, Decision(texts_[0], "2026-11-24", texts_[1], texts_[2]))
    await at(omar, code)
    await omar.taps("Write down the decision")
    await omar.says("Open later\n\nEven more asked\n\n24 November 2026")
    found = house.rounds.find(code)
    assert found is not None
    assert found.outcome.decision == Decision(
        {"en": "Open later", "es": "Abrir tarde"}, "2026-11-24", {"en": "Even more asked", "es": "Muchos"}, texts_[2]
    )


@pytest.mark.parametrize(
    ("wrote", "hears"),
    [
        ("Open on Sundays", "Some part is missing, or there is one too many."),
        ("We open.\n\nMany asked.\n24 November 2026", "Some part is missing, or there is one too many."),
        ("A\n\nB\n\nC\n\nD\n\nE", "Some part is missing, or there is one too many."),
        ("We open.\n\nMany asked.\n\nsome day", "“some day” is no day."),
        ("We open.\n\nMany asked.\n\n1 January 2026", "That does not work:"),
        ("We open.\n\nMany asked.\n\n9 December 2027", "That does not work:"),
    ],
)
async def test_what_lacks_a_part_or_names_no_day_is_asked_for_again_and_nothing_is_kept(
    house: House, wrote: str, hears: str
) -> None:
    omar, code = await organiser(house), closed(house, RECORD)
    await at(omar, code)
    await omar.taps("Write down the decision")
    before = log(house, code)
    (said,) = await omar.says(wrote)
    assert said.text.startswith(hears)
    assert "Write down what was decided." in said.text
    assert log(house, code) == before
    (said,) = await omar.says("We open.\n\nMany asked.\n\n24 November 2026")
    assert "decided" in said.text


async def test_what_is_told_of_a_round_that_has_moved_on_is_not_kept(house: House) -> None:
    omar, code = await organiser(house), closed(house, RECORD)
    await at(omar, code)
    await omar.taps("Write down an issue")
    await omar.taps("Yes")
    house.rounds.report_back(code, {"en": "We open.", "es": "Abrimos."}, signed="Olive")
    (said,) = await omar.says("Open on Sundays\n\nWe do")
    assert said.text.startswith("That button is old.")
    found = house.rounds.find(code)
    assert found is not None
    assert found.outcome.issues == ()


async def test_back_leaves_what_is_told_and_whoever_only_signs_tells_nothing(house: House) -> None:
    omar, ada, code = await organiser(house), await approver(house), closed(house, RECORD)
    await at(omar, code)
    await omar.taps("Say what the answers say")
    assert "Central Library: closed" in (await omar.says("/back"))[0].text
    assert state(house, code) == "closed"
    assert "Write down an issue" not in labels(await at(ada, code))
    for data in (f"do:{code}:analyse", f"do:{code}:issue", f"told:{code}:y"):
        (said,) = await ada.sends(raw(ada.address, kind="tap", data=f"@o:{data}"))
        assert said.text.startswith("That button is old.")


# --------------------------------------------------------------------------- every language


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_screen_speaks_the_language_and_has_a_way_back(house: House, language: str) -> None:
    omar = await organiser(house, language=language)
    draft, code = house.need(opened=False, record={}).code, house.need().code
    over, told = closed(house, RECORD), closed(house, RECORD)
    house.rounds.report_back(told, TOLD, signed="Olive")
    screens = [*await omar.says("/organise")]
    for data in (
        "list:0", "new:0", "browser", "file", f"read:{code}", f"round:{code}", f"round:{draft}", f"page:{code}",
        f"do:{code}:extend",
        f"do:{code}:close", f"do:{code}:pause", f"do:{draft}:fill", f"do:{draft}:day", f"do:{code}:open",
        f"do:{draft}:change", f"edit:{draft}:title", f"edit:{draft}:topic", f"edit:{draft}:closes_at", "nowhere",
        f"round:{over}", f"round:{told}", f"do:{over}:issue", f"told:{over}:y", f"told:{over}:n", f"do:{over}:analyse",
        f"do:{over}:decide", f"do:{told}:archive",
    ):  # fmt: skip
        screens += await omar.sends(raw(omar.address, kind="tap", data=f"@o:{data}"))
    for screen in screens:
        assert 1 <= len(screen.buttons) <= BUTTONS
        assert "{" not in screen.text
        assert all(len(button.data.encode()) <= 64 for button in screen.buttons)
    backs = {"en": "Back", "es": "Atrás", "fr": "Retour", "de": "Zurück", "pt": "Voltar", "ar": "رجوع"}
    asked = [screen for screen in screens if backs[language] not in labels(screen)]
    assert len(asked) == 3  # the first screen, and two questions with Yes and No


# --------------------------------------------------------------------------- all numbers


async def test_all_numbers_of_a_round_are_shown_and_grow_in_place(house: House) -> None:
    people_of(house, "ana", "ben", "cleo")
    with house.database.transaction() as db:
        contacts.set_stopped(db, house.contact("cleo").id, house.clock())
    code = house.need(audience="agreed").code
    house.rounds.aim(code, 200, {"area": {"harbour": 50}})
    house.sweeps.rounds()
    omar = await organiser(house)
    await at(omar, code)
    (shown,) = await omar.taps("All numbers")
    assert "Invitations sent: 0 of 2. Reached: 0. Not delivered: 0." in shown.text
    assert "The last invitation leaves about:" in shown.text
    assert "Finished by individuals: 0. Wanted: 200." in shown.text
    assert "By area\n– Harbour: answers under 5, wanted 50" in shown.text
    assert "Left out, and why:\n– sent STOP: 1" in shown.text
    assert labels(shown) == ["Look again", "Read what people are told", "Back"]
    await house.delivered()
    again = omar.button("Look again", shown)
    (fresh,) = await omar.sends(raw(omar.address, kind="tap", data=again, about={"message_id": "77"}))
    assert (shown.replaces, fresh.replaces) == (None, "77")
    assert "Invitations sent: 2 of 2. Reached: 2. Not delivered: 0." in fresh.text
    assert "The last invitation" not in fresh.text
    assert await omar.taps("Look again", shown) == []
    house.clock.forward(seconds=4)
    assert len(await omar.taps("Look again", shown)) == 1


async def test_the_numbers_of_a_round_name_the_texts_of_campaigns(house: House) -> None:
    code = house.pulse().code
    answered(house.database, house.rounds.played(code), code, 20, house.clock())
    copied(house.database, code, range(12), house.clock())
    omar = await organiser(house)
    await at(omar, code)
    assert "campaigns" not in (await omar.taps("All numbers"))[0].text
    house.clock.forward(days=8)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    assert house.sweeps.findings() == 1
    await at(omar, code)
    (shown,) = await omar.taps("All numbers")
    assert "counted apart: texts 12, people 12, campaigns 1.\n" in shown.text


async def test_the_numbers_of_a_round_name_who_is_counted_apart(house: House) -> None:
    code = house.need(record=ASKING).code
    await hands_in(house, code, "group", "For a group", "12")
    await hands_in(house, code, "choir", "For an organisation", NAME)
    await hands_in(house, code, "ana", "For myself")
    omar = await organiser(house)
    await at(omar, code)
    (shown,) = await omar.taps("All numbers")
    apart = "Finished: individuals 1, groups 1 with 12 people together, organisations 1.\n– The Harbour Choir\n"
    assert apart in shown.text
    numbers = house.rounds.numbers(code)
    odd = replace(numbers, voices=replace(numbers.voices, late=4, declared=2), deleted=3)
    said = [*figures.apart(odd, Dictionary.load().words("en"))]
    assert said[:3] == [
        "Came after the last day, counted apart: 4.",
        "Had their answers deleted since the end: at least 3.",
        "Said themselves that they answer for a group or organisation, counted apart: 2.",
    ]


async def test_who_is_left_out_is_told_before_a_round_opens(house: House) -> None:
    people_of(house, "ana", "ben")
    with house.database.transaction() as db:
        contacts.set_unreachable(db, house.contact("ben").id, house.clock())
    omar = await organiser(house)
    said = await at(omar, house.need(opened=False, audience="agreed").code)
    assert len(labels(said)) <= BUTTONS
    (shown,) = await omar.taps("Who is left out", said)
    assert "People who will be invited: 1. Left out: 1." in shown.text
    assert "Left out, and why:\n– cannot be reached: 1" in shown.text
    assert "Who is left out" not in labels(await at(omar, house.need(opened=False).code))


async def test_where_people_stop_and_how_groups_stand_is_told_in_each_language(house: House) -> None:
    code = house.need().code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        moves.count(db, {(row.id, "2026-11-16", "@start", "opening"): 60, (row.id, "2026-11-16", "opening", "age"): 20})
    for n, language in enumerate(LANGUAGES):
        staff = await employed(house, f"O{n}", ("organiser", "library"), language=language)
        said = (await staff.sends(raw(staff.address, kind="tap", data=f"@o:figures:{code}")))[-1]
        assert "40" in said.text or "٤٠" in said.text
        assert "{" not in said.text


async def test_nobody_sees_numbers_of_a_round_that_is_not_theirs(house: House) -> None:
    code = house.need().code
    nina = await employed(house, "Nina", ("organiser", "bus12"))
    for kind in ("figures", "look"):
        (said,) = await nina.sends(raw(nina.address, kind="tap", data=f"@o:{kind}:{code}"))
        assert "leads nowhere any more" in said.text


# --------------------------------------------------------------------------- words of an example


async def test_words_of_an_example_are_shown_and_asked_for_until_each_is_ones_own_or_kept(house: House) -> None:
    omar = await organiser(house)
    shown = example(house.catalog.get("idea_round").among(["en", "es"]), "en", house.clock().date())
    made = house.rounds.create(
        service="library", flow="idea_round", title="Late", record=shown.record, closes_at=NOON + timedelta(days=20)
    )
    assert "still holds words of the example: write your own" in (await at(omar, made.code)).text
    (read,) = await omar.taps("Read what people are told")
    assert read.text.startswith("the words of the example still stand in What it is about, ")
    assert "Open now" not in labels(await at(omar, made.code))
    (asked,) = await omar.taps("Fill in what is missing")
    while labels(asked)[:1] == ["Keep them"]:
        assert len(labels(asked)) <= BUTTONS
        own = "Who decides" not in asked.text and "who decides" not in asked.text and len(labels(asked)) == 3
        own = own and "the day " not in asked.text
        (asked,) = await (omar.says("my own") if own else omar.taps("Keep them", asked))
    assert house.rounds.borrowed(made.code) == []
    kept_ = "decider, decided_on, influence, feedback_on, duty, level"
    assert house.rounds.find(made.code).record["own_words"] == kept_  # type: ignore[union-attr]
    assert "Nothing is missing." in asked.text
    before = house.rounds.log(made.code)
    (said,) = await omar.sends(raw(omar.address, kind="tap", data=f"@o:keep:{made.code}:{mark_of('topic')}"))
    assert "That button is old." in said.text
    assert house.rounds.log(made.code) == before


async def test_a_round_closed_early_names_the_day_it_closed(house: House) -> None:
    omar, code = await organiser(house), house.need(record=LATER).code
    house.rounds.close(code)
    assert f"Last day: {spoken_day(house.clock(), 'en')}" in (await at(omar, code)).text
