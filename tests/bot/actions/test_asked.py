"""A question asked back: who was asked answers once, with a tap or in words, and it goes as their answers go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.actions.acting import Draft
from bot.actions.telling import Letter
from bot.jobs.deeds import Deeds
from storage import actions, contacts, people
from storage.actions import ASK, FIX, SCORE, NewAction, Origin
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from storage.actions import Action
    from storage.database import Database

TAPS, WORDS = Letter({"en": "Which day?"}, {"en": ("Saturday", "Sunday")}), Letter({"en": "Which day?"})


@pytest.fixture
async def house(database: Database, tmp_path: Path, mint: Callable[[], str]) -> AsyncIterator[House]:
    async with House(database, tmp_path, mint).writing() as house:
        yield house


async def complained(house: House, many: int = 5, *, again: str = "Yes") -> list[Citizen]:
    """Let so many say that the library is poor, to the end of the questions."""
    code, who = house.pulse().code, []
    for n in range(many):
        citizen = Citizen(house, f"citizen{n}")
        await citizen.starts(code)
        await citizen.does(*INTO, "Poor")
        for _ in range(12):
            labels = {button.label for message in house.said(citizen.address)[-1:] for button in message.buttons}
            if not labels:
                break
            last = house.said(citizen.address)[-1].text
            await citizen.taps("Skip" if "Skip" in labels else again if "invite you again" in last else "No")
        who.append(citizen)
    return who


def asked(house: House, letter: Letter = TAPS) -> Action:
    """Let a manager ask those who complained one more question."""
    with house.database.transaction() as db:
        ada = people.add(db, "Ada", "en", NOON)
        house.clock.forward(days=7)
        origin = house.actions.origin(SCORE, "del.overall", "2026-W48", house.clock())
        draft = Draft("library", ASK, SCORE, origin, "Which day?", letter)
        return house.actions.do(db, draft, ada, house.clock())


def replies(house: House, row: Action) -> list[tuple[int | None, str | None]]:
    with house.database.reading() as db:
        return [(each.choice, each.text) for each in actions.replies(db, row.id)]


def sweep(house: House) -> int:
    return Deeds(house.config, house.database, house.actions, house.clock, lambda: None).sweep()


async def test_a_tap_answers_once_and_shows_who_did_to_nobody(house: House) -> None:
    who = await complained(house)
    row = asked(house)
    question = house.said(who[0].address)[-1]
    assert "May we ask one more question?" in question.text
    assert "You can answer until" in question.text
    (thanks,) = await who[0].taps("Sunday", question)
    assert thanks.text == "Thank you. Your answer is on its way, without your name."
    (once,) = await who[0].taps("Saturday", question)
    assert once.text == "We have your answer to this already. Thank you."
    assert replies(house, row) == [(1, None)]


async def test_words_answer_after_a_button_and_other_words_mean_what_they_mean(house: House) -> None:
    who = await complained(house)
    row = asked(house, WORDS)
    await who[0].taps("Write an answer")
    (thanks,) = await who[0].says("After six in the evening")
    assert "on its way" in thanks.text
    await who[1].taps("Write an answer")
    (left,) = await who[1].says("SKIP")
    assert left.text == "Good. Nothing was sent."
    await who[2].taps("Write an answer")
    assert "Send STOP" not in (await who[2].says("STOP"))[0].text
    assert house.contact(who[2].address).stopped_at is not None
    assert replies(house, row) == [(None, "After six in the evening")]


@pytest.mark.parametrize("said", ["What happened to mine?", "/mine", "what happened to mine"])
async def test_who_asks_what_came_of_theirs_is_told_and_the_question_stays(house: House, said: str) -> None:
    who = await complained(house)
    row = asked(house, WORDS)
    await who[0].taps("Write an answer")
    told = "\n".join(each.text for each in await who[0].says(said))
    assert "your answers are in" in told
    assert replies(house, row) == []
    await who[0].says("After six in the evening")
    await who[1].taps("Write an answer")
    await who[1].says("Mine")
    assert sorted(replies(house, row), key=str) == [(None, "After six in the evening"), (None, "Mine")]


async def test_a_long_answer_is_asked_for_again_and_never_cut(house: House) -> None:
    who = await complained(house)
    row = asked(house, WORDS)
    await who[0].taps("Write an answer")
    (long,) = await who[0].says("a" * 2001)
    assert long.text == "That is a little long for me. Please keep it under 2000 letters. You sent 2001."
    assert "on its way" in (await who[0].says("a" * 2000))[0].text
    assert replies(house, row) == [(None, "a" * 2000)]


async def test_words_of_danger_are_answered_with_the_number_to_call(house: House) -> None:
    who = await complained(house)
    asked(house, WORDS)
    await who[0].taps("Write an answer")
    said = await who[0].says("somebody has a gun here")
    assert "112" in "\n".join(each.text for each in said)


CALL = "Saturday, call 07400 123456"


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("REMOVE", "Saturday, call [phone number]"),
        ("KEEP", CALL),
        ("and a lift", CALL),
        ("", "Saturday, call [phone number]"),
    ],
)
async def test_who_writes_what_leads_to_a_person_is_asked_whether_it_shall_go(
    house: House, word: str, kept: str
) -> None:
    who = await complained(house)
    row = asked(house, WORDS)
    await who[0].taps("Write an answer")
    said = await who[0].says(CALL)
    assert "on its way" in said[0].text
    assert "phone number: 07400 123456" in said[-1].text
    await (who[0].says(word) if word else who[0].taps("Remove"))
    assert replies(house, row) == [(None, kept)]
    assert house.contact(who[0].address).asks is None


async def test_nobody_changes_the_words_of_another(house: House) -> None:
    who = await complained(house)
    row = asked(house, WORDS)
    for citizen in who[:2]:
        await citizen.taps("Write an answer")
        await citizen.says(CALL)
    for broken in (f"@private:remove.reply{row.id}0", "@private:remove.reply", f"@private:burn.reply{row.id}"):
        await who[0].sends(raw(who[0].address, kind="tap", data=broken))
    await who[2].sends(raw(who[2].address, kind="tap", data=f"@private:remove.reply{row.id}"))
    assert replies(house, row) == [(None, CALL)] * 2
    await who[1].taps("Remove")
    assert sorted(replies(house, row)) == [(None, CALL), (None, "Saturday, call [phone number]")]


async def test_who_was_not_asked_cannot_answer(house: House) -> None:
    who = await complained(house)
    row = asked(house)
    stranger = Citizen(house, "stranger")
    await stranger.says("hello")
    await stranger.taps("Sunday", house.said(who[0].address)[-1])
    assert replies(house, row) == []


async def test_after_fourteen_days_it_is_over_and_what_was_said_can_be_shown(house: House) -> None:
    who = await complained(house, 6)
    row = asked(house)
    for citizen, day in zip(who, ("Sunday", "Sunday", "Sunday", "Sunday", "Sunday", ""), strict=True):
        if day:
            await citizen.taps(day)
    with house.database.reading() as db:
        so_far = house.actions.result(db, row, "en")
    assert (so_far.people, so_far.options) == (5, ())
    house.clock.forward(days=14)
    (late,) = await who[5].taps("Sunday")
    assert late.text == "The time for this question is over. Thank you all the same."
    assert sweep(house) == 1
    assert sweep(house) == 0
    with house.database.reading() as db:
        ended = actions.get(db, row.id)
        assert ended is not None
        shown = house.actions.result(db, ended, "en")
        assert [each.what for each in actions.log(db, row.id)] == ["begun", "expired"]
    assert ended.state == "done"
    assert (shown.people, list(shown.options)) == (5, [("Saturday", None), ("Sunday", None)])


async def test_fewer_answers_than_the_minimum_are_never_shown(house: House) -> None:
    who = await complained(house)
    row = asked(house, WORDS)
    await who[0].taps("Write an answer")
    await who[0].says("After six")
    with house.database.reading() as db:
        shown = house.actions.result(db, replace(row, state="done"), "en")
    assert (shown.people, shown.options, shown.texts) == (None, (), ())


async def test_what_was_answered_is_part_of_a_persons_data_and_goes_with_it(house: House) -> None:
    who = await complained(house)
    row = asked(house)
    await who[0].taps("Sunday")
    said = "\n".join(each.text for each in await who[0].says("MYDATA"))
    assert "You also answered a question we asked later: Sunday" in said
    await who[0].says("DELETE")
    await who[0].taps("Yes")
    assert replies(house, row) == []
    with house.database.reading() as db:
        assert len(actions.linked(db, row.id, "asked")) == 4


async def test_an_owner_is_reminded_once_on_the_day_and_once_when_it_is_late(house: House) -> None:
    kim = Citizen(house, "kim")
    await kim.says("hello")
    with house.database.transaction() as db:
        owner = people.add(db, "Kim", "en", NOON)
        contacts.set_person(db, house.contact("kim").id, owner.id)
        new = NewAction(
            "library", FIX, "words", Origin(), "Mend the door", NOON, person_id=owner.id, due_on="2026-11-25"
        )
        row = actions.add(db, new, "Ada")
    assert sweep(house) == 0
    house.clock.forward(days=1)
    assert [sweep(house), sweep(house)] == [1, 0]
    assert "Due today for Central Library: “Mend the door”." in house.said("kim")[-1].text
    house.clock.forward(days=1)
    assert [sweep(house), sweep(house)] == [1, 0]
    assert "was due on" in house.said("kim")[-1].text
    house.clock.forward(days=9)
    assert sweep(house) == 0
    with house.database.reading() as db:
        assert [each.what for each in actions.log(db, row.id)] == ["begun", "reminded", "reminded"]


async def test_nobody_is_reminded_at_night(house: House) -> None:
    with house.database.transaction() as db:
        owner = people.add(db, "Kim", "en", NOON)
        new = NewAction("library", FIX, "words", Origin(), "Door", NOON, person_id=owner.id, due_on="2026-11-20")
        actions.add(db, new, "Ada")
    house.clock.forward(hours=11)
    assert sweep(house) == 0
    house.clock.forward(hours=12)
    assert sweep(house) == 1
