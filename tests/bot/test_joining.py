"""Several messages that are one answer, through the whole loop: kept, joined, and gone on from by the clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from bot.turns import LATER
from flows import memory
from flows.catalog import Catalog
from storage import tables
from tests.bot.test_counter import Taking, lines
from tests.bot.test_turns import INTO
from tests.support.house import Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from storage.database import Database

FLOW = """
flow = "lamps"
version = 1
stage = "deliver"
language = "en"
title = "What about the lamps?"
frame = "pulse"
start = "what"

[states.what]
ask = "What is the matter?"
most = 200
joins_within_seconds = 20

[states.since]
ask = "Since when?"
next = "thanks"
"""
ASKED, NEXT = "What is the matter?", "Since when?"


@pytest.fixture
async def house(database: Database, tmp_path: Path, mint: Callable[[], str]) -> AsyncIterator[House]:
    """Give an installation that has such a question."""
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "lamps.toml").write_text(FLOW, encoding="utf-8")
    async with House(database, tmp_path, mint, catalog=Catalog.load(extra=[flows])).writing() as house:
        yield house


def lamps(house: House, service: str = "library") -> str:
    """Open a round that asks it."""
    made = house.rounds.create(service=service, flow="lamps", title="Lamps", record={})
    return house.rounds.open(made.code).code


async def asked(house: House, citizen: Citizen, code: str = "") -> str:
    """Bring somebody to the question, and return the round's code."""
    code = code or lamps(house)
    await citizen.starts(code)
    said = await citizen.does(*INTO)
    assert ASKED in said[-1].text
    return code


async def passes(house: House, citizen: Citizen, **span: float) -> list[Any]:
    """Let time pass and the bell ring; return what is said then."""
    before = len(house.said(citizen.address))
    house.clock.forward(**span)
    await house.turns.again()
    return house.said(citizen.address)[before:]


def texts(house: House, code: str, citizen: Citizen) -> list[tuple[str, str | None]]:
    """Return somebody's standing answers in words."""
    del house
    return [(answer.state, answer.text) for answer in citizen.answers(code)]


def wakes(house: House) -> list[Any]:
    """Return when the sessions go on by themselves."""
    return [row.wakes_at for row in house.table("sessions")]


async def test_messages_in_a_row_are_one_answer_and_silence_brings_the_next_question(
    house: House, citizen: Citizen
) -> None:
    code = await asked(house, citizen)
    assert await citizen.says("The lamp is broken.") == []
    assert await passes(house, citizen, seconds=15) == []
    assert await citizen.says("The one at the door.") == []
    assert await passes(house, citizen, seconds=15) == []
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nThe one at the door.")]
    (question,) = await passes(house, citizen, seconds=5)
    assert question.text.startswith(NEXT)
    assert await passes(house, citizen, minutes=5) == []
    await citizen.says("Monday")
    assert texts(house, code, citizen)[1:] == [("since", "Monday")]
    assert wakes(house) == [None]


async def test_a_whole_burst_in_one_group_is_one_answer(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    assert await citizen.sends(*(raw("c1", text=text) for text in ("The lamp", "is", "broken"))) == []
    assert texts(house, code, citizen) == [("what", "The lamp\nis\nbroken")]
    assert len([row for row in house.table("answers") if row.withdrawn_at is None]) == 1
    assert len(await passes(house, citizen, seconds=20)) == 1


async def test_a_message_that_comes_again_joins_once(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    message = raw("c1", key="again", text="The lamp is broken.")
    await citizen.sends(message)
    await citizen.sends(message, message, raw("c1", text="Since May."))
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nSince May.")]


async def test_nothing_that_was_sent_before_the_next_question_answers_it(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    house.clock.forward(hours=2)  # nobody rang
    await citizen.says("The one at the door.")
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nThe one at the door.")]


async def test_done_brings_the_next_question_at_once_and_only_once(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    (question,) = await citizen.says("DONE")
    assert question.text.startswith(NEXT)
    assert await passes(house, citizen, minutes=1) == []


async def test_a_new_process_goes_on_with_what_an_earlier_one_left(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    await house.turns.end()
    house.clock.forward(minutes=3)
    house.turns = house.new_turns()
    house.turns.begin()
    await house.turns.again()
    assert await citizen.says("The one at the door.") == []  # sent before, and only now brought
    (question,) = await passes(house, citizen, seconds=20)
    assert question.text.startswith(NEXT)
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nThe one at the door.")]
    assert await passes(house, citizen, minutes=1) == []


async def test_the_process_that_took_the_words_wakes_by_itself(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    house.clock.forward(seconds=19.7)
    await citizen.house.turns.accept([raw("c2", text="hello")])  # so that it looks at the clock again
    house.clock.forward(seconds=0.3)
    async with asyncio.timeout(5):
        while not house.said("c1")[-1].text.startswith(NEXT):  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.02)


async def test_two_writers_ring_and_the_question_comes_once(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    other = house.new_turns()
    other.begin()
    await citizen.says("The lamp is broken.")
    before = len(house.said("c1"))
    house.clock.forward(seconds=30)
    await asyncio.gather(*(each.again() for each in (house.turns, other) * 3))
    await other.end()
    assert len(house.said("c1")) == before + 1


async def test_an_edited_message_changes_its_part(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await house.delivered()
    first, second = (str(next(house.pigeon._ids)) for _ in range(2))
    await citizen.says("The lamp is borken.", message_id=first)
    await citizen.says("Since May.", message_id=second)
    (said,) = await citizen.says("The lamp is broken.", message_id=first, edited=True)
    assert "Your answer is changed too" in said.text
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nSince May.")]
    await passes(house, citizen, seconds=20)
    await house.delivered()
    await citizen.says("Since June.", message_id=second, edited=True)
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nSince June.")]


async def test_an_edited_message_changes_its_part_also_where_the_question_was_said_again_after_it(
    house: House, citizen: Citizen
) -> None:
    code = await asked(house, citizen)
    first, second = (str(next(house.pigeon._ids)) for _ in range(2))
    await citizen.says("The lamp is broken.", message_id=first)
    await citizen.says("Since May.", message_id=second)
    await house.delivered()  # with numbers that come after those of the answer, as after a kill
    await passes(house, citizen, seconds=20)
    await citizen.says("Since June.", message_id=second, edited=True)
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nSince June.")]


async def test_back_takes_the_words_back_and_stop_keeps_them(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    (again,) = await citizen.says("BACK")
    assert ASKED in again.text
    assert texts(house, code, citizen) == []
    await citizen.says("The door.")
    (stopped,) = await citizen.says("STOP")
    assert NEXT not in stopped.text
    assert texts(house, code, citizen) == [("what", "The door.")]
    assert await passes(house, citizen, minutes=1) == []
    assert wakes(house) == [None]


async def test_who_talks_of_another_round_is_not_interrupted_and_finds_the_next_question_on_coming_back(
    house: House, citizen: Citizen
) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    other = house.pulse("bus7").code
    await citizen.starts(other)
    assert await passes(house, citizen, minutes=1) == []
    said = await citizen.starts(code)
    assert said[-1].text.endswith("SKIP.")
    assert NEXT in said[-1].text
    assert texts(house, code, citizen) == [("what", "The lamp is broken.")]


async def test_a_question_for_the_bot_comes_first_and_the_next_question_after_it(
    house: House, citizen: Citizen
) -> None:
    await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    said = await citizen.says("MYDATA")
    text = "\n".join(message.text for message in said)
    assert "The lamp is broken." in text
    assert text.index("The lamp is broken.") < text.index(NEXT)
    assert await passes(house, citizen, minutes=1) == []


async def test_while_the_bot_itself_asks_something_the_next_question_waits(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    await citizen.says("DELETE")
    assert await passes(house, citizen, minutes=1) == []
    said = await citizen.says("no")
    assert NEXT in said[-1].text
    assert texts(house, code, citizen) == [("what", "The lamp is broken.")]


async def test_what_leads_to_a_person_goes_out_of_one_of_them_and_more_may_join(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    (question,) = await citizen.says("Broken, call 07400 123456")
    assert "REMOVE" in question.text
    await citizen.taps("Remove")
    await citizen.says("The one at the door.")
    (next_one,) = await passes(house, citizen, minutes=1)
    assert NEXT in next_one.text
    assert texts(house, code, citizen) == [("what", "Broken, call [phone number]\nThe one at the door.")]


async def test_who_cannot_be_reached_is_let_alone(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    await citizen.sends(raw("c1", about={"reachable": False}))
    assert await passes(house, citizen, minutes=1) == []
    assert await citizen.says("The one at the door.") == []
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nThe one at the door.")]
    assert len(await passes(house, citizen, minutes=1)) == 1


async def test_a_round_that_closes_meanwhile_keeps_the_answer(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    house.rounds.close(code)
    assert await passes(house, citizen, minutes=1) == []
    assert texts(house, code, citizen) == [("what", "The lamp is broken.")]


async def test_one_session_that_fails_holds_up_no_other_and_is_tried_again(house: House) -> None:
    code = lamps(house)
    people = [Citizen(house, f"p{n}") for n in range(4)]
    for each in people:
        await asked(house, each, code)
        await each.says("The lamp is broken.")
    ill = house.contact("p1").id
    mine = tables.sessions.c.contact_id == ill
    with house.database.transaction() as db:
        body = db.execute(tables.sessions.select().where(mine)).one().body
        db.execute(update(tables.sessions).where(mine).values(body="not a session"))
    house.clock.forward(minutes=1)
    await house.turns.again()
    last = [house.said(each.address)[-1].text for each in people]
    assert [text.startswith(NEXT) for text in last] == [True, False, True, True]
    assert [at for at in wakes(house) if at] == [house.clock() + LATER]
    with house.database.transaction() as db:
        db.execute(update(tables.sessions).where(mine).values(body=body))
    assert len(await passes(house, people[1], seconds=LATER.total_seconds())) == 1


async def test_words_that_still_wait_for_their_turn_go_before_the_next_question(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    answer = house.desk.answer
    well: list[bool] = []

    def stumbling(*words: Any) -> Any:
        if not well:
            raise RuntimeError("stumbled")
        return answer(*words)

    monkeypatch.setattr(house.desk, "answer", stumbling)
    await citizen.says("The one at the door.")
    assert await passes(house, citizen, minutes=1) == []
    well.append(True)
    assert await passes(house, citizen, minutes=1) == []
    assert texts(house, code, citizen) == [("what", "The lamp is broken.\nThe one at the door.")]
    assert len(await passes(house, citizen, minutes=1)) == 1


async def test_a_wait_set_by_a_clock_that_ran_fast_ends_once_it_is_right_again(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    house.clock.forward(days=30)
    await citizen.says("The lamp is broken.")
    house.clock.forward(days=-30)
    assert await passes(house, citizen, minutes=1) == []
    assert house.sweeps.leaps()
    assert len(await passes(house, citizen, seconds=1)) == 1


async def test_an_expired_session_goes_on_no_more(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    await citizen.says("The lamp is broken.")
    house.clock.forward(days=house.config.privacy.draft_days + 1)
    house.sweeps.sessions()
    assert wakes(house) == [None]
    assert await passes(house, citizen, seconds=1) == []
    with house.database.reading() as db:
        assert memory.load(db.execute(tables.sessions.select()).one().body).joins_until == ""


def test_whoever_enters_answers_for_somebody_is_asked_the_next_question_at_once(house: House) -> None:
    taking = Taking(house, lamps(house))
    taking.does(*INTO)
    assert NEXT in lines(taking.says("All of them are dark."))[-1].text
    assert [row.wakes_at for row in house.table("sessions")] == [None]
