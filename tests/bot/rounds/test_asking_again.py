"""A round that comes back: several short contacts with those who agreed, the closing questions at the last one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from storage import findings, rounds, sessions, turnout
from tests.support.house import NOON, RECORD, Citizen, House

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bot.channels.base import Outbound
    from storage.database import Database

STEPS = {"lists": {"steps": [["door", {"en": "At the door", "es": "En la puerta"}]]}, "area": "the city"}
OPENING = ("Yes", "Yes, let us begin")
WELL = ("Yes", "Well", "Nowhere")


@pytest.fixture
def house(database: Database, tmp_path: Path, mint: Callable[[], str]) -> House:
    return House(database, tmp_path, mint)


@pytest.fixture
def citizen(house: House) -> Citizen:
    return Citizen(house)


def diary(house: House, **facts: Any) -> str:
    """Return the code of an open diary of four weeks."""
    given = {"closes_at": NOON + timedelta(days=28), "record": STEPS, "code": "diary"}
    made = house.rounds.create(service="library", flow="pilot_diary", title="Evenings", **{**given, **facts})
    if made.closes_at is not None:
        house.sign(made.code)
    return house.rounds.open(made.code).code


def letters(house: House, address: str = "c1") -> list[Outbound]:
    """Return the letters that asked again."""
    return [one for one in house.said(address) if one.key.startswith("again.")]


def later(house: House, **span: float) -> int:
    """Let time pass and the clock ring; return how many letters that ask again there have been by then."""
    house.clock.forward(**span)
    house.sweeps.rounds()
    return len(letters(house))


def text(messages: Sequence[Outbound]) -> str:
    return "\n".join(message.text for message in messages)


async def met(citizen: Citizen, code: str, *steps: str) -> str:
    """Take a new tester through the first contact; return what is said last."""
    await citizen.starts(code)
    return text(await citizen.does(*OPENING, *(steps or (*WELL, "Yes, in a week"))))


async def test_who_agreed_is_asked_again_in_a_week_and_goes_on_at_the_questions(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        assert "I will write again in a week" in await met(citizen, code)
        assert later(house, days=6, hours=23) == 0
        assert later(house, hours=1) == 1
        assert later(house, hours=1) == 1
        assert [button.label for button in letters(house)[0].buttons] == ["Yes, begin", "No more"]
        asked = text(await citizen.taps("Yes, begin"))
        assert asked.startswith("Please think of the last time you tried it.\n")
        begun = {(row.origin, row.to): row.count for row in house.table("moves") if row.origin == "@start"}
        assert begun == {("@start", "opening"): 1, ("@start", "entry"): 1}
        assert "Could you do what you came to do?" in asked
        assert "I will write again" in text(await citizen.does("Partly", "Badly", "Nowhere", "Skip", "Yes, in a week"))
        assert [row.choice for row in citizen.answers(code) if row.state == "done"] == ["yes", "partly"]
        assert later(house, days=7) == 2


async def test_nobody_is_asked_again_who_wants_no_more_at_the_end_of_a_contact(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        assert "Is it ready for everybody in the city?" in await met(citizen, code, *WELL, "No more")
        assert "Your receipt is" in text(await citizen.does("Ready now", "Yes", "No"))
        assert later(house, days=14) == 0
        assert "You have already taken part." in text(await citizen.starts(code))


async def test_no_more_under_the_letter_leads_to_the_closing_questions_and_no_further(
    house: House, citizen: Citizen
) -> None:
    async with house.writing():
        code = diary(house)
        await met(citizen, code, "No", "Badly", "At the door")
        await citizen.says("It was locked.")
        await citizen.does("Skip", "Yes, in a week")
        assert later(house, days=7) == 1
        closing = text(await citizen.taps("No more"))
        assert closing.startswith("That is fine. After this I will not ask you again.")
        assert "You told us about a problem earlier. Was it dealt with?" in closing
        assert "Is it ready for everybody" in text(await citizen.taps("Partly"))
        await citizen.does("It needs big changes", "No", "No")
        assert later(house, days=14) == 1
        assert [row.choice for row in citizen.answers(code) if row.state in {"fixed", "ready"}] == [
            "partly",
            "big_changes",
        ]


async def test_a_problem_told_the_last_time_is_asked_about_before_the_questions(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        await met(citizen, code, "No", "Badly", "At the door")
        await citizen.says("It was locked.")
        await citizen.does("Skip", "Yes, in a week")
        later(house, days=7)
        assert "Was it dealt with?" in text(await citizen.taps("Yes, begin"))
        assert "Could you do what you came to do?" in text(await citizen.taps("No"))
        await citizen.does(*WELL, "Yes, in a week")
        later(house, days=7)
        assert "Was it dealt with?" not in text(await citizen.taps("Yes, begin"))


async def test_the_last_contact_before_the_end_asks_the_closing_questions(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house, closes_at=NOON + timedelta(days=12))
        await met(citizen, code)
        later(house, days=7)
        assert "Is it ready for everybody" in text(await citizen.taps("Yes, begin"))
        newcomer = Citizen(house, "c2")
        assert "Is it ready for everybody" in await met(newcomer, code, *WELL)


async def test_nobody_is_asked_again_at_night(house: House, citizen: Citizen) -> None:
    async with house.writing():
        house.clock.forward(hours=7, minutes=30)
        code = diary(house)
        await met(citizen, code)
        assert later(house, days=7, hours=1) == 0
        assert later(house, hours=12) == 0
        assert later(house, hours=1) == 1
        house.clock.forward(hours=11)
        assert not any(one.key.startswith("again.") for one in await house.delivered())


@pytest.mark.parametrize("other_first", [True, False])
async def test_two_rounds_never_write_to_somebody_on_one_day(
    house: House, citizen: Citizen, *, other_first: bool
) -> None:
    async with house.writing():
        await citizen.starts(house.pulse(service="bus7").code)
        await citizen.does(*OPENING, "Skip", "Skip", "Skip", "No", "Yes")
        code = diary(house)
        await met(citizen, code)
        house.clock.forward(days=7)
        if not other_first:
            house.sweeps.rounds()
        house.need(code="other", audience="agreed", record=RECORD, closes_at=house.clock() + timedelta(days=20))
        house.sweeps.rounds()
        house.sweeps.rounds()
        kinds = [one.key.partition(".")[0] for one in house.said("c1")]
        assert kinds.count("invite") + kinds.count("again") == 1
        await house.delivered()
        house.clock.forward(days=1)
        house.sweeps.rounds()
        kinds = [one.key.partition(".")[0] for one in house.said("c1")]
        assert kinds.count("again") == 1
        assert kinds.count("invite") == 1


async def test_stop_a_pause_and_the_end_of_the_round_ask_nobody_again(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        await met(citizen, code)
        await met(Citizen(house, "c2"), code)
        await citizen.says("STOP")
        later(house, days=6)
        house.rounds.pause(code, why="The test rests")
        later(house, days=1)
        assert letters(house) == letters(house, "c2") == []
        house.rounds.resume(code)
        later(house, hours=1)
        assert (len(letters(house)), len(letters(house, "c2"))) == (0, 1)
        house.rounds.close(code)
        later(house, days=7)
        assert len(letters(house, "c2")) == 1


async def test_stop_ends_the_yes_to_being_asked_again_also_for_who_comes_back(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        await met(citizen, code)
        house.clock.forward(days=1)
        await citizen.says("STOP")
        await citizen.says("/start")
        assert later(house, days=8) == 0
        await citizen.starts(code)
        await citizen.does("Partly", "Badly", "Nowhere", "Skip", "Yes, in a week")
        assert later(house, days=7) == 1


async def test_after_two_letters_without_an_answer_there_is_no_third(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house, closes_at=None)
        await met(citizen, code)
        assert [later(house, days=7), later(house, days=3), later(house, days=4)] == [1, 1, 2]
        assert later(house, days=20) == 2
        await citizen.taps("Yes, begin")
        await citizen.does(*WELL, "Yes, in a week")
        assert later(house, days=7) == 3


async def test_who_breaks_off_in_a_contact_is_asked_once_and_no_more(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house, closes_at=None)
        await met(citizen, code)
        later(house, days=7)
        await citizen.taps("Yes, begin")
        assert later(house, days=8) == 1
        house.sweeps.sessions()
        with house.database.reading() as db:
            (session,) = sessions.all_of(db, house.contact("c1").id)
        assert session.status == "expired"
        assert later(house, days=8) == 1


async def test_what_counts_of_a_passage_that_was_broken_off_is_not_denied(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = house.pulse().code
        await citizen.starts(code)
        await citizen.does(*OPENING, "Good")
        assert len(citizen.answers(code)) == 1
        for _ in range(20):
            house.clock.forward(days=1)
            house.sweeps.sessions()
            house.sweeps.privacy()
        assert house.table("sessions") == []
        assert "your answers are in" in text(await citizen.says("MINE"))
        await citizen.says("DELETE")
        await citizen.says("Yes")
        assert "your answers are in" not in text(await citizen.says("MINE"))


def receipt_in(said: str) -> str:
    return said.split("receipt is ")[1].split(".", maxsplit=1)[0]


async def test_the_receipt_of_the_first_contact_stays_that_of_the_next_ones(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        receipt = receipt_in(await met(citizen, code))
        later(house, days=7)
        await citizen.taps("Yes, begin")
        elsewhere = Citizen(house, "elsewhere")
        shown = text(await elsewhere.says(receipt))
        assert "Well" in shown
        assert "You have not finished these yet" in shown
        ended = text(await citizen.does("Partly", "Badly", "Nowhere", "Skip", "Yes, in a week"))
        assert receipt_in(ended) == receipt
        shown = text(await elsewhere.says(receipt))
        assert "Well" in shown
        assert "Badly" in shown
        await elsewhere.says("DELETE")
        await elsewhere.taps("Yes")
        assert citizen.answers(code) == []


@pytest.mark.parametrize("says", [("No",), ("Yes", "Not now")], ids=["too young", "not now"])
async def test_who_will_not_begin_again_keeps_the_receipt_of_what_they_finished(
    house: House, citizen: Citizen, says: tuple[str, ...]
) -> None:
    async with house.writing():
        code = house.pulse().code
        await citizen.starts(code)
        await citizen.does(*OPENING, "Good", *["Skip"] * 4, *["No"] * 3)
        receipt = receipt_in("".join(one.text for one in house.said("c1")))
        house.clock.forward(days=8)
        await citizen.starts(code)
        await citizen.does(*says)
        assert house.rounds.counts(code).finished == 1
        assert text(await citizen.says("CHANGE")) == "There is no answer to change yet."
        assert "Good" in text(await Citizen(house, "elsewhere").says(receipt))
        (session,) = house.table("sessions")
        assert (session.status, '"answers":{}' in session.body or "answers" not in session.body) == ("expired", True)


async def test_who_broke_off_when_asked_again_can_change_what_they_said_then(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        await met(citizen, code)
        later(house, days=7)
        await citizen.taps("Yes, begin")
        await citizen.does("Partly")
        house.clock.forward(days=8)
        house.sweeps.sessions()
        assert [row.status for row in house.table("sessions")] == ["expired"]
        assert "1. " in text(await citizen.says("CHANGE"))
        await citizen.does("1", "No")
        assert [row.choice for row in citizen.answers(code) if row.state == "done"] == ["yes", "no"]


async def test_the_letter_is_in_the_language_of_the_person(house: House, citizen: Citizen) -> None:
    async with house.writing():
        code = diary(house)
        for sent in ("LANGUAGE", "2"):
            await citizen.says(sent)
        await citizen.starts(code)
        await citizen.does("Sí", "Sí, empecemos", "Sí", "Bien", "En ningún sitio", "Sí, en una semana")
        assert later(house, days=7) == 1
        (letter,) = letters(house)
        assert "¿Qué tal ha ido desde entonces?" in letter.text
        assert [button.label for button in letter.buttons] == ["Sí, empezar", "No más"]


async def three(house: House) -> tuple[str, list[Citizen]]:
    """Take three testers through the first contact, to the day of the next."""
    code = diary(house)
    testers = [Citizen(house, f"c{number}") for number in range(3)]
    for tester in testers:
        await met(tester, code)
    later(house, days=7)
    return code, testers


async def test_who_begins_anew_and_breaks_off_has_still_finished_once(house: House) -> None:
    async with house.writing():
        code, testers = await three(house)
        for tester in testers:
            await tester.taps("Yes, begin")
        assert house.rounds.voices(code).individuals == 3
        counts = house.rounds.counts(code)
        assert (counts.finished, counts.active, counts.dropped) == (3, 3, 0)
        await testers[0].does("Partly", "Badly", "Nowhere", "Skip", "Yes, in a week")
        house.clock.forward(days=20)
        house.sweeps.sessions()
        house.sweeps.privacy()
        assert house.rounds.voices(code).individuals == house.rounds.counts(code).finished == 3
        with house.database.reading() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            assert [(way.started, way.finished) for way in turnout.ways(db, row.id).values()] == [(3, 3)]
        assert "your answers are in" in text(await testers[2].says("MINE"))


async def test_the_figures_take_the_newest_answer_of_whoever_answered_twice(house: House) -> None:
    async with house.writing():
        code, testers = await three(house)
        for tester in testers[:2]:
            await tester.taps("Yes, begin")
            await tester.does("Partly", "Badly", "Nowhere", "Skip", "Yes, in a week")
        with house.database.reading() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            counted, crossed = findings.count(db, row.id), findings.crossed(db, row.id)
        done = {one.choice: one.people for one in counted if one.state == "done"}
        assert done == {"yes": 1, "partly": 2}
        assert done == {one.choice: one.people for one in crossed if one.state == "done"}
