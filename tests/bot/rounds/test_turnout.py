"""Who took part stays known when all it was counted from is gone; everybody reads it before what people said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.counter import Voice
from bot.rounds.findings import PAPER
from bot.rounds.margins import Line
from storage import retention
from storage.entries import GROUP, ORGANISATION
from storage.retention import Policy
from tests.bot.test_counter import PULSE, Taking
from tests.support.answering import answered
from tests.support.house import Citizen

if TYPE_CHECKING:
    from tests.support.house import House

RESIDENTS = [Line(1, "language", "en", "9000"), Line(2, "language", "es", "1000")]


async def over(house: House) -> str:
    """Return a round that was answered in many ways, has closed and has been counted."""
    code = house.pulse().code
    house.rounds.weigh(RESIDENTS, "City register", "2026-01-01", code=code)
    answered(house.database, house.rounds.played(code), code, 60, house.clock())
    anna = Citizen(house, "anna")
    await anna.starts(code)
    await anna.does(*PULSE, "No", "No")
    Taking(house, code, voice=Voice.of(GROUP, 24, "")).does(*PULSE)
    Taking(house, code, voice=Voice.of(ORGANISATION, None, "The Choir")).does(*PULSE)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    assert house.sweeps.findings() == 1
    return code


async def test_who_took_part_stays_known_when_sessions_keys_and_answers_are_gone(house: House) -> None:
    code = await over(house)
    voices, counts, numbers = house.rounds.voices(code), house.rounds.counts(code), house.rounds.numbers(code)
    drafted, findings = house.rounds.drafted(code, "en"), house.rounds.findings(code)
    assert (voices.individuals, voices.groups, voices.heads, voices.organisations) == (1, 1, 24, ("The Choir",))
    assert numbers.tables
    with house.database.transaction() as db:
        retention.forget(db, house.clock() + timedelta(days=500), Policy())
    assert [house.table(name) for name in ("sessions", "answers", "entries")] == [[], [], []]
    assert house.rounds.voices(code) == voices.named(), "as many, but no name outlives what it was read from"
    few = dict.fromkeys(counts.moves, 0)
    assert house.rounds.counts(code) == replace(counts, moves=few), "who went which way were fewer than ten"
    assert house.rounds.numbers(code) == replace(numbers, voices=voices.named())
    assert (house.rounds.drafted(code, "en"), house.rounds.findings(code)) == (drafted, findings)
    assert house.rounds.prove(code).whole


async def test_everybody_reads_who_answered_beside_who_lives_there(house: House) -> None:
    found = house.rounds.findings(await over(house))
    assert found is not None
    told = {one.variable: one for one in found.who}
    assert (told["language"].source, told["language"].on) == ("City register", "2026-01-01")
    assert {one.group: one.residents for one in told["language"].groups} == {"en": 90, "es": 10}
    assert {one.label["es"] for one in told["language"].groups} == {"inglés", "español"}
    assert all(one.people is None or one.people % found.minimum == 0 for each in told.values() for one in each.groups)
    assert sum(one.people or 0 for one in told["channel"].groups) == 60, "61 in steps of ten"
