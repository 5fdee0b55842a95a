"""Who chooses a language is spoken to, and understood, in it wherever they were in the middle of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows.composing import spoken_words
from flows.form import PhrasesForm
from flows.phrasebook import DOUBTFUL, UNDERSTOOD
from flows.words import chosen
from tests.bot.test_turns import INTO
from tests.flows.talk import LANGUAGES
from tests.support.house import CATALOG

if TYPE_CHECKING:
    from tests.support.house import Citizen, House


async def test_a_round_left_for_another_goes_on_in_the_language_chosen_there(house: House, citizen: Citizen) -> None:
    library, bus = house.pulse("library").code, house.pulse("bus7").code
    await citizen.starts(library)
    (question,) = await citizen.does(*INTO)
    await citizen.starts(bus)
    await citizen.does(*INTO)
    await citizen.says("LANGUAGE")
    await citizen.says("2")
    said = await citizen.taps("Poor", question)
    assert "¿" in said[-1].text
    said = await citizen.says("PARAR")
    assert [one.text for one in said] == [house.library.phrases["es"]["stopped"]]
    assert [(row.choice, row.text) for row in citizen.answers(library)] == [("2", None)]


async def test_a_session_taken_up_again_speaks_the_language_chosen_at_the_desk(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse("library").code)
    await citizen.does(*INTO)
    for text in ("STOP", "LANGUAGE", "2", "EMPEZAR", "1"):
        said = await citizen.says(text)
    assert "¿cómo" in said[-1].text


async def test_what_is_kept_about_somebody_is_told_in_their_language_whole(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse("library").code)
    await citizen.does(*INTO, "Very good")
    for text in ("STOP", "LANGUAGE", "2"):
        await citizen.says(text)
    said = "\n".join(message.text for message in await citizen.says("MIS DATOS"))
    assert "En general, ¿cómo" in said
    assert "Overall" not in said
    assert "Very good" not in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("other", LANGUAGES)
def test_what_can_be_nothing_else_is_understood_in_a_chat_of_another_language(language: str, other: str) -> None:
    """Of one letter, or also a word of that language: those are none, and asked again."""
    heard, own = CATALOG.words(language), own_words(language)
    for word, key in own_words(other).items():
        if key in UNDERSTOOD and word not in own:
            doubtful = word in DOUBTFUL or (len(word) == 1 and word.isalnum())
            assert heard.get(word) == (None if doubtful else key), word
    assert {key for word, key in heard.items() if word not in own} <= UNDERSTOOD
    assert {word: heard[word] for word in own} == own


def own_words(language: str) -> dict[str, str]:
    spoken = CATALOG.shelf.phrases[language].form
    assert isinstance(spoken, PhrasesForm)
    return spoken_words(spoken)


@pytest.mark.parametrize(
    ("language", "typed"), [("es", "não"), ("pt", "no"), ("en", "nein"), ("de", "لا"), ("ar", "non")]
)
def test_a_no_in_another_language_is_one_where_yes_or_no_is_asked(language: str, typed: str) -> None:
    flow = CATALOG.get("need_round", CATALOG.versions("need_round")[-1])
    tables = flow.script(language).tables
    asked = [table for table in tables.values() if {"yes", "no"} <= {*table.values()}]
    assert asked
    assert {chosen(table, typed) for table in asked} == {"no"}


@pytest.mark.parametrize(("typed", "stops"), [("PARAR", True), ("aufhören", True), ("توقف", True), ("fin", False)])
async def test_a_stop_in_another_language_stops_unless_it_may_be_an_answer(
    house: House, citizen: Citizen, typed: str, *, stops: bool
) -> None:
    code = house.pulse("library").code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    said = await citizen.says(typed)
    assert ([one.text for one in said] == [house.library.phrases["en"]["stopped"]]) is stops
    assert [row.text for row in citizen.answers(code) if row.text] == ([] if stops else [typed])


async def test_help_and_delete_in_another_language_do_what_they_say(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse("library").code)
    await citizen.does(*INTO, "Good")
    helped = [one.text for one in await citizen.says("HELP")]
    assert [one.text for one in await citizen.says("ayuda")] == helped
    (said,) = await citizen.says("löschen")
    assert [button.label for button in said.buttons] == ["Yes", "No"]
    await citizen.says("sim")
    assert house.table("answers") == []
