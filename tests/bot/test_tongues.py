"""Who chooses a language is spoken to, and understood, in it wherever they were in the middle of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.test_turns import INTO

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
