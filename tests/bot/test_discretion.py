"""Who writes something that leads to a person is asked once whether it shall go; what stays holds nothing up."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import pytest

from bot.channels.base import Raw
from bot.channels.telegram.updates import parse
from bot.texts import texts
from flows import memory
from flows.catalog import Catalog
from flows.catalog import texts as flow_texts
from storage import contacts
from tests.bot.test_turns import INTO
from tests.support.house import Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.channels.base import Outbound
    from storage.database import Database

NUMBER = "Longer hours, call 07400 123456"
MASKED = "Longer hours, call [phone number]"


FILE = "file-0001"
FILES = ("photo", "voice")
"""What is sent as a file, with words beside it."""
OF_WORDS = ("ask", "place", *FILES)
"""The verbs whose answers may hold words."""


@cache
def of_words() -> Catalog:
    """Return the catalogue with a flow for each verb whose answers may hold words."""
    made = {}
    for verb in OF_WORDS:
        asking = f'flow = "in_{verb}"\nversion = 1\nstage = "deliver"\nlanguage = "en"\ntitle = "In words"\n'
        asking += f'start = "{verb}"\n\n[states.{verb}]\n{verb} = "Tell us."\n\n[states.more]\nchoose = "More?"\n'
        asking += 'options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]\n\n'
        made[f"in_{verb}.toml"] = asking + '[states.bye]\nend = "Thank you."\n'
    return Catalog.of(flow_texts() | made)


async def at(citizen: Citizen, verb: str) -> str:
    """Bring somebody to the question with this verb; return the code of the round."""
    code = citizen.house.need(flow=f"in_{verb}").code
    await citizen.starts(code)
    return code


def in_words(citizen: Citizen, verb: str, text: str) -> Raw:
    """Return the update that answers with these words, beside a file where the verb wants one."""
    return raw(citizen.address, kind=verb, file=FILE, text=text) if verb in FILES else raw(citizen.address, text=text)


async def asked(house: House, citizen: Citizen) -> str:
    """Bring a citizen to a question in their own words; return the code of the round."""
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    return code


def said(prompts: list[Outbound]) -> str:
    return "\n\n".join(each.text for each in prompts)


def written(citizen: Citizen, code: str) -> list[str | None]:
    return [answer.text for answer in citizen.answers(code) if answer.verb == "ask"]


async def test_remove_takes_it_out_of_the_answer_and_the_talk_goes_on(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    ask, *question = await citizen.says(NUMBER)
    assert "phone number: 07400 123456" in ask.text
    assert [button.label for button in ask.buttons] == ["Remove", "Keep"]
    assert question
    assert question[-1].buttons
    done = await citizen.taps("Remove")
    assert said(done) == f"Done. Your answer is now: {MASKED}"
    assert written(citizen, code) == [MASKED]
    (row,) = house.table("sessions")
    assert "123456" not in row.body
    kept = memory.load(row.body)
    assert kept.state != "reason"
    assert kept.active


@pytest.mark.parametrize("verb", OF_WORDS)
async def test_it_is_asked_of_words_to_every_kind_of_question_and_they_go_from_everywhere(
    database: Database, tmp_path: Path, mint: Callable[[], str], verb: str
) -> None:
    async with House(database, tmp_path, mint, catalog=of_words()).writing() as house:
        citizen = Citizen(house)
        code = await at(citizen, verb)
        ask, *_ = await citizen.sends(in_words(citizen, verb, NUMBER))
        assert "phone number: 07400 123456" in ask.text
        done = await citizen.taps("Remove", ask)
        assert said(done) == f"Done. Your answer is now: {MASKED}"
        (answer,) = (each for each in citizen.answers(code) if each.verb == verb)
        assert (answer.text, answer.file) == (MASKED, FILE if verb in FILES else None)
        (kept,) = (memory.load(row.body).answers[verb] for row in house.table("sessions"))
        assert (kept.value, kept.caption) == ((FILE, MASKED) if verb in FILES else (MASKED, ""))
        await house.delivered()
        for name in ("answers", "outbox", "sessions", "messages"):
            assert "123456" not in "".join(map(str, house.table(name)))


@pytest.mark.parametrize("verb", OF_WORDS)
async def test_kept_words_of_every_kind_stay_as_they_are(
    database: Database, tmp_path: Path, mint: Callable[[], str], verb: str
) -> None:
    async with House(database, tmp_path, mint, catalog=of_words()).writing() as house:
        citizen = Citizen(house)
        code = await at(citizen, verb)
        ask, *_ = await citizen.sends(in_words(citizen, verb, NUMBER))
        await citizen.taps("Keep", ask)
        assert "REMOVE" not in said(await citizen.says("1"))
        assert [each.text for each in citizen.answers(code) if each.verb == verb] == [NUMBER]


@pytest.mark.parametrize("verb", FILES)
async def test_an_old_button_leaves_a_file_alone_that_came_without_words(
    database: Database, tmp_path: Path, mint: Callable[[], str], verb: str
) -> None:
    async with House(database, tmp_path, mint, catalog=of_words()).writing() as house:
        citizen = Citizen(house)
        code = await at(citizen, verb)
        ask, *_ = await citizen.sends(in_words(citizen, verb, NUMBER))
        await citizen.says("BACK")
        await citizen.sends(raw(citizen.address, kind=verb, file="call 07400 123456.jpg"))
        assert "Your answer is now" not in said(await citizen.taps("Remove", ask))
        (answer,) = citizen.answers(code)
        assert (answer.text, answer.file) == (None, "call 07400 123456.jpg")


@pytest.mark.parametrize("spot", ["Harbour street, by the school", "in front of 14 Albert Road", "52.52001, 13.40495"])
async def test_a_place_that_leads_to_nobody_is_asked_about_no_further(
    database: Database, tmp_path: Path, mint: Callable[[], str], spot: str
) -> None:
    async with House(database, tmp_path, mint, catalog=of_words()).writing() as house:
        citizen = Citizen(house)
        await at(citizen, "place")
        assert "REMOVE" not in said(await citizen.says(spot))


@pytest.mark.parametrize(
    ("kind", "sent"), [("photo", {"photo": [{"file_id": FILE}]}), ("voice", {"voice": {"file_id": FILE}})]
)
def test_words_beside_a_file_from_telegram_are_its_words(kind: str, sent: dict[str, object]) -> None:
    message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "caption": NUMBER, **sent}
    (inbound,) = parse(Raw("telegram", "1", json.dumps({"update_id": 1, "message": message}).encode()))
    assert (inbound.message.kind.value, inbound.message.text) == (kind, NUMBER)


@pytest.mark.parametrize(("word", "text"), [("REMOVE", MASKED), ("Keep", NUMBER)])
async def test_the_word_may_be_typed(house: House, citizen: Citizen, word: str, text: str) -> None:
    code = await asked(house, citizen)
    assert "Send REMOVE or KEEP" in said(await citizen.says(NUMBER))
    await citizen.says(word)
    assert written(citizen, code) == [text]


async def test_any_other_answer_means_keep_and_is_taken_for_the_question_at_hand(
    house: House, citizen: Citizen
) -> None:
    code = await asked(house, citizen)
    await citizen.says(NUMBER)
    await citizen.says("1")
    assert house.contact(citizen.address).asks is None
    assert written(citizen, code) == [NUMBER]
    (row,) = house.table("sessions")
    assert memory.load(row.body).answers["went_well"].value == ("got_it",)


async def test_a_button_of_before_still_removes(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    ask, *_ = await citizen.says(NUMBER)
    await citizen.says("1")
    await citizen.taps("Remove", ask)
    assert written(citizen, code) == [MASKED]


@pytest.mark.parametrize("aside", ["WHY", "HELP", "MYDATA"])
async def test_the_word_may_be_typed_after_a_word_aside(house: House, citizen: Citizen, aside: str) -> None:
    code = await asked(house, citizen)
    await citizen.says(NUMBER)
    await citizen.says(aside)
    await citizen.says("REMOVE")
    assert written(citizen, code) == [MASKED]


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("over", ["close", "pause"])
async def test_a_round_that_rests_or_has_closed_still_removes(
    house: House, citizen: Citizen, over: str, typed: bool
) -> None:
    code = await asked(house, citizen)
    await citizen.says(NUMBER)
    if over == "close":
        house.rounds.close(code)
    else:
        house.rounds.pause(code, why="flood")
    done = await (citizen.says("remove") if typed else citizen.taps("Remove"))
    assert said(done) == f"Done. Your answer is now: {MASKED}"
    assert written(citizen, code) == [MASKED]
    assert house.rounds.prove(code).whole
    log = [(each.who, each.what) for each in house.rounds.log(code) if each.who == "citizen"]
    assert log == ([("citizen", "taken_back")] if over == "close" else [])


async def test_once_a_round_is_counted_its_answers_stay_as_they_were_counted(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says(NUMBER)
    house.rounds.close(code)
    house.clock.forward(days=15)
    house.sweeps.findings()
    await citizen.taps("Remove")
    assert written(citizen, code) == [NUMBER]


async def test_what_was_removed_is_kept_nowhere_in_words(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    await citizen.says("call 07400 123456 or 07400 123457")
    await citizen.says("BACK")
    await citizen.says(NUMBER)
    await citizen.taps("Remove")
    await house.delivered()
    for name in ("answers", "outbox", "sessions", "messages"):
        assert "07400" not in "".join(map(str, house.table(name)))


async def test_who_writes_nothing_of_the_kind_is_asked_nothing(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    assert "REMOVE" not in said(await citizen.says("The lamp at 14 Albert Road is out since 12/05/2026."))


async def test_it_is_asked_once(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    await citizen.says(NUMBER)
    await citizen.says("BACK")
    again = await citizen.says(NUMBER)
    assert said(again).count("REMOVE") <= 1
    await citizen.taps("Keep")
    changed = await citizen.sends(
        raw(citizen.address, text="Longer hours please, call 07400 123456", about={"edited": True, "message_id": "m9"})
    )
    assert "REMOVE" not in said(changed)


async def test_the_senders_own_name_is_found(house: House, citizen: Citizen) -> None:
    await asked(house, citizen)
    prompts = await citizen.says("Zorblax here, open longer", names=["Xanthe Zorblax"])
    assert "name: Zorblax" in said(prompts)


@pytest.mark.parametrize("language", ["de", "es", "fr", "pt", "ar"])
async def test_it_is_asked_and_answered_in_every_language(house: House, citizen: Citizen, language: str) -> None:
    code = await asked(house, citizen)
    with house.database.transaction() as db:
        contacts.set_language(db, house.contact(citizen.address).id, language)
    shown = texts(language)
    prompts = await citizen.says(NUMBER)
    assert shown("private.phone")[1:-1] in said(prompts)
    await citizen.says(shown("private.remove").upper())
    assert written(citizen, code) == [NUMBER.replace("07400 123456", shown("private.phone"))]


async def test_a_button_that_leads_nowhere_does_no_harm(house: House, citizen: Citizen) -> None:
    code = await asked(house, citizen)
    await citizen.says(NUMBER)
    for data in ("x", "remove", "remove.", "remove.1", "remove.99.abc", f"remove.{10**30}.a", "burn.1.abc"):
        assert await citizen.sends(raw(citizen.address, kind="tap", data=f"@private:{data}"))
    assert written(citizen, code) == [NUMBER]


def test_telegram_tells_what_somebody_is_called_there() -> None:
    sender = {"id": 7, "first_name": "Xanthe", "last_name": "Zorblax", "username": "xz", "is_bot": False}
    message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "from": sender, "text": "hello"}
    (inbound,) = parse(Raw("telegram", "1", json.dumps({"update_id": 1, "message": message}).encode()))
    assert inbound.names == ("Xanthe Zorblax", "xz")
