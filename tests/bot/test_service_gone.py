"""A service is taken out of the configuration while rounds, answers and actions of it are there: nothing breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.jobs.deeds import Deeds
from bot.rights import ROLES
from flows.phrasebook import EVERYWHERE
from storage import actions
from storage.actions import FIX, NewAction, Origin
from tests.bot.actions.test_asked import WORDS, asked, complained
from tests.bot.test_altered import RESTS, said_to
from tests.bot.test_cli import A_PULSE, ACTS, Terminal, terminal
from tests.bot.test_threads import employed
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, House, raw

__all__ = ["terminal"]
GONE = "library"
MOST_BUTTONS = 150
"""The menu goes round in circles, and some buttons make something new."""


def restarted(house: House) -> House:
    """Return the program as it is once the library is no longer set up."""
    return House(house.database, house.folder, house.mint, house.clock, without=(GONE,))


@pytest.mark.parametrize("amid", ["a round", "a question asked back", "words for its people", "nothing"])
async def test_every_word_of_a_citizen_is_answered(house: House, amid: str) -> None:
    await employed(house, "Max")
    who = await complained(house)
    citizen = who[0]
    match amid:
        case "a round":
            citizen = Citizen(house, "c1")
            await citizen.starts(house.need().code)
            await citizen.does(*INTO)
        case "a question asked back":
            asked(house, WORDS)
            await citizen.taps("Write an answer")
        case "words for its people":
            await citizen.says("HUMAN")
    async with restarted(house).writing() as anew:
        for word in sorted({*EVERYWHERE, "start", "mine"} - {"stop", "delete"}):
            await said_to(anew, f"/{word}", address=citizen.address)
        await said_to(anew, "hello", "1", "🙂", "/mydata", "/stop", "/delete", "yes", address=citizen.address)
        assert not [row for row in anew.table("inbox") if row.status != "done"]


async def test_nobody_is_asked_in_its_rounds_and_their_results_are_told(house: House) -> None:
    citizen = Citizen(house, "c1")
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    async with restarted(house).writing() as anew:
        (said,) = await said_to(anew, "1")
        assert said.startswith(RESTS)
        anew.rounds.close(code)
        anew.clock.forward(days=20)
        anew.sweeps.sessions()
        anew.sweeps.findings()
        assert anew.rounds.findings(code) is not None
        anew.rounds.report_back(code, {"en": "We open.", "es": "Abrimos."}, signed="Ada Ames")


async def test_every_button_of_the_menu_of_staff_is_answered(house: House) -> None:
    staff = await employed(house, "Max", *((role, "*") for role in ROLES))
    await complained(house)
    house.need()
    house.need(opened=False)
    await said_to(house, "/organise", address=staff.address)
    async with restarted(house).writing() as anew:
        again, tapped = Citizen(anew, staff.address), set[str]()
        waits = [button.data for message in await again.says("/organise") for button in message.buttons]
        while waits and len(tapped) < MOST_BUTTONS:
            data = waits.pop(0)
            if data in tapped:
                continue
            tapped.add(data)
            said = await again.sends(raw(staff.address, kind="tap", data=data))
            waits += [button.data for message in said for button in message.buttons]
        assert not [row for row in anew.table("inbox") if row.status != "done"]
        assert {f"@o:round:{each.code}" for each in anew.rounds.listed()} <= tapped


def test_every_command_of_a_round_ends_without_a_traceback(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal("round", "new", *A_PULSE, "--code", "lib")
    terminal("round", "open", "lib")
    terminal("round", "new", *A_PULSE, "--code", "draft")
    terminal("round", "new", *A_PULSE, "--code", "over")
    terminal("round", "open", "over")
    terminal("round", "close", "over")
    (terminal.folder / "config.toml").write_text(
        '[[services]]\nkey = "bus"\nname = { en = "Bus", es = "Bus" }\n', encoding="utf-8"
    )
    for code in ("lib", "draft", "over"):
        for look in ("audience", "check", "page", "results", "show", "verify", "poster"):
            said = terminal("round", look, code)
            assert said.status in {0, 1}, (look, said.err)
    assert terminal("round", "list").status == 0
    assert {row["code"] for row in terminal("round", "list", "--json").json} == {"lib", "draft", "over"}
    assert (
        "fewer than 5 are not shown" in terminal("export", "--round", "over", "--format", "csv", "--out", "a.csv").err
    )
    for act in (*("place", "pause", "resume", "extend", "close"), *("note", "issue", "read", "analyse")):
        assert terminal("round", act, *ACTS[act]).status == 0, act
    assert "library is no longer set up" in terminal("round", "check", "draft").out


async def test_words_for_the_people_of_another_service_still_reach_these(house: House) -> None:
    await employed(house, "Max", ("manager", "bus7"))
    await employed(house, "Eve", ("manager", "street_repair"))
    citizen = Citizen(house, "c1")
    await citizen.says("HUMAN")
    await citizen.says("1")
    async with restarted(house).writing() as anew:
        await said_to(anew, "The bus never comes")
        assert [row.service for row in anew.table("threads")] == ["bus7"]


async def test_every_sweep_runs(house: House) -> None:
    staff = await employed(house, "Max")
    who = await complained(house)
    asked(house)
    code = house.need().code
    citizen = Citizen(house, "amid")
    await citizen.starts(code)
    await citizen.does(*INTO)
    await who[0].says("HUMAN")
    with house.database.transaction() as db:
        due = NewAction(GONE, FIX, "words", Origin("Queues"), "A desk", NOON, due_on="2026-12-09")
        mine = replace(due, person_id=house.contact(staff.address).person_id)
        actions.add(db, mine, "Max")
    anew, told = restarted(house), list[str]()
    deeds = Deeds(anew.config, anew.database, anew.actions, anew.clock, lambda: None)
    for days in (0, 1, 3, 8, 30, 400):
        anew.clock.forward(days=days)
        for sweep in ("rounds", "heads", "promises", "findings", "sessions", "leaps", "digests", "alarms"):
            getattr(anew.sweeps, sweep)()
        anew.sweeps.assessments()
        deeds.sweep()
        told += [each.text for each in anew.said(staff.address)]
        await anew.delivered()
        anew.sweeps.privacy()
    assert any("A desk" in text and GONE in text for text in told)
    assert not any("Opening hours" in each.text for each in anew.said("citizen1"))
