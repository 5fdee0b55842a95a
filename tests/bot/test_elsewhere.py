"""Going on elsewhere with the receipt, and two rounds at once that never mix."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flows.model import Status
from tests.bot.test_turns import INTO, to_review
from tests.support.house import Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from bot.channels.base import Outbound
    from bot.rounds.library import Played
    from storage.answers import AnswerRow
    from storage.rounds import RoundRow


def text(said: Sequence[Outbound]) -> str:
    return "\n".join(each.text for each in said)


async def begun(citizen: Citizen, code: str) -> str:
    """Begin a round and answer its first question; return the receipt, as MYDATA tells it."""
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.says("1")
    found = re.search(r"Receipt ([A-Z0-9-]+)", text(await citizen.says("MYDATA")))
    assert found
    return found[1]


def people(house: House) -> set[bytes]:
    return {row.pseudonym for row in house.table("answers")}


def values(answers: Sequence[AnswerRow]) -> list[tuple[str, str | None]]:
    return [(row.state, row.choice) for row in answers]


# --------------------------------------------------------------------------- with the receipt


async def test_an_unfinished_round_goes_on_elsewhere_with_the_receipt(house: House, citizen: Citizen) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    said, asked = values(citizen.answers(code)), house.said(citizen.address)[-1].text
    house.clock.forward(days=3)
    web = Citizen(house, "web")
    shown = await web.says(receipt.lower())
    assert "You have not finished these yet." in text(shown)
    again = await web.taps("OK")
    assert again[-1].text.endswith(asked.split("\n\n")[-1])
    assert values(web.answers(code)) == said
    assert citizen.answers(code) == []
    await to_review(web)
    assert "Your receipt is " + receipt in text(await web.says("OK"))
    assert len(people(house)) == 1
    assert [row.counted_at is not None for row in web.answers(code)] == [True] * len(web.answers(code))


@pytest.mark.parametrize("word", ["OK", "yes", "CHANGE"])
async def test_it_goes_on_by_a_word_too(house: House, citizen: Citizen, word: str) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    web = Citizen(house, "web")
    await web.says(receipt)
    assert "Here we stopped:" in text(await web.says(word))


async def test_a_round_only_opened_there_gives_way(house: House, citizen: Citizen) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    web = Citizen(house, "web")
    await web.starts(code)
    await web.taps("Yes")
    await web.says(receipt)
    await web.says("OK")
    assert values(web.answers(code)) == [("use", citizen_choice(web, code))]
    assert [(row.contact_id, row.status) for row in house.table("sessions")] == [
        (house.contact("web").id, Status.ACTIVE)
    ]


def citizen_choice(citizen: Citizen, code: str) -> str | None:
    return citizen.answers(code)[0].choice


async def test_whoever_answered_there_takes_over_nothing(house: House, citizen: Citizen) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    other = Citizen(house, "other")
    await begun(other, code)
    before = (values(citizen.answers(code)), values(other.answers(code)))
    await other.says(receipt)
    assert "You gave these answers elsewhere." in text(await other.says("OK"))
    assert (values(citizen.answers(code)), values(other.answers(code))) == before
    assert len(people(house)) == 2


async def test_where_it_began_it_is_over_and_old_buttons_do_nothing(house: House, citizen: Citizen) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    button = citizen.button("Skip")
    web = Citizen(house, "web")
    await web.says(receipt)
    await web.says("OK")
    before = values(web.answers(code))
    said = await citizen.sends(raw(citizen.address, kind="tap", data=button))
    assert "No questions are open between us just now." in text(said)
    assert values(web.answers(code)) == before
    assert citizen.answers(code) == []


async def test_both_in_one_group_lose_nothing_and_mix_nothing(house: House, citizen: Citizen) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    web = Citizen(house, "web")
    await web.says(receipt)
    await web.sends(raw(citizen.address, text="SKIP"), raw("web", text="OK"), raw(citizen.address, text="SKIP"))
    assert len(web.answers(code)) == 2
    assert citizen.answers(code) == []
    assert len(people(house)) == 1


async def test_a_finished_round_is_changed_elsewhere(house: House, citizen: Citizen) -> None:
    code = house.need().code
    receipt = await begun(citizen, code)
    await to_review(citizen, send_you_the_result="Yes")
    await citizen.says("OK")
    web = Citizen(house, "web")
    await web.says(receipt)
    assert "These are your answers so far" in text(await web.says("CHANGE"))
    await web.says("1")
    await web.says("2")
    assert len(people(house)) == 1
    assert web.answers(code)[-1].counted_at is not None
    assert [row.contact_id for row in house.table("wishes")] == [house.contact("web").id]


async def test_a_receipt_sent_in_the_middle_of_another_round_is_no_answer(house: House, citizen: Citizen) -> None:
    need, pulse = house.need().code, house.pulse().code
    receipt = await begun(citizen, need)
    web = Citizen(house, "web")
    await begun(web, pulse)
    await web.says("SKIP")
    before = values(web.answers(pulse))
    assert "You have not finished these yet." in text(await web.says(receipt))
    said = text(await web.says("OK"))
    assert "This is about the opening hours of the library." in said
    assert values(web.answers(pulse)) == before


# --------------------------------------------------------------------------- two rounds at once


async def test_start_lists_all_that_go_on_and_one_is_tapped(house: House, citizen: Citizen) -> None:
    need, pulse = house.need().code, house.pulse().code
    await begun(citizen, need)
    await begun(citizen, pulse)
    (said,) = await citizen.says("START")
    assert [button.label for button in said.buttons] == [
        "Tell us about the Central Library",
        "The opening hours of the library (until 14 December 2026)",
    ]
    again = await citizen.taps("The opening hours of the library (until 14 December 2026)")
    assert "This is about the opening hours of the library." in text(again)
    before = values(citizen.answers(pulse))
    await citizen.says("SKIP")
    assert len(citizen.answers(need)) == 2
    assert values(citizen.answers(pulse)) == before


async def test_after_the_list_a_number_chooses_and_anything_else_is_an_answer(house: House, citizen: Citizen) -> None:
    need, pulse = house.need().code, house.pulse().code
    await begun(citizen, need)
    await begun(citizen, pulse)
    await citizen.starts()
    assert "This is about the opening hours" in text(await citizen.says("2"))
    await citizen.starts()
    before = len(citizen.answers(need))
    await citizen.says("SKIP")
    assert len(citizen.answers(need)) == before + 1


async def test_a_button_of_the_other_round_says_which_one_it_is_about(house: House, citizen: Citizen) -> None:
    need, pulse = house.need().code, house.pulse().code
    await citizen.starts(need)
    await citizen.does(*INTO)
    skip = citizen.button("Skip")
    await begun(citizen, pulse)
    said = await citizen.sends(raw(citizen.address, kind="tap", data=skip))
    assert text(said).startswith("This is about the opening hours of the library.")
    assert "This is about" not in text(await citizen.says("SKIP"))
    assert [row.skipped for row in citizen.answers(need)] == [True, True]


async def test_when_one_is_over_the_other_is_named_and_goes_on(house: House, citizen: Citizen) -> None:
    need, pulse = house.need().code, house.pulse().code
    await begun(citizen, need)
    await citizen.starts(pulse)
    await citizen.taps("Yes")
    said = await citizen.taps("Not now")
    assert "This is about the opening hours of the library." in text(said)


# --------------------------------------------------------------------------- how long an unfinished one waits


def patient(house: House, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let a flow wait two days from now on."""
    played = house.library.played

    def shorter(db: Connection, row: RoundRow) -> Played:
        found = played(db, row)
        return replace(found, flow=replace(found.flow, expires_after_days=2 if row.flow == name else None))

    monkeypatch.setattr(house.library, "played", shorter)


async def test_a_flow_may_end_what_stays_silent_sooner_than_the_city_does(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    need, pulse = house.need(), house.pulse()
    await begun(citizen, need.code)
    await begun(Citizen(house, "other"), pulse.code)
    patient(house, monkeypatch, need.flow)
    house.clock.forward(days=1, hours=23)
    house.sweeps.sessions()
    assert {row.status for row in house.table("sessions")} == {Status.ACTIVE}
    house.clock.forward(hours=2)
    house.sweeps.sessions()
    assert {row.flow: row.status for row in house.table("sessions")} == {
        "need_round": Status.EXPIRED,
        "deliver_pulse": Status.ACTIVE,
    }


async def test_an_answer_given_meanwhile_puts_the_end_off(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = house.need()
    await begun(citizen, need.code)
    patient(house, monkeypatch, need.flow)
    house.clock.forward(days=1)
    await citizen.says("SKIP")
    house.clock.forward(days=1, hours=1)
    house.sweeps.sessions()
    assert {row.status for row in house.table("sessions")} == {Status.ACTIVE}
