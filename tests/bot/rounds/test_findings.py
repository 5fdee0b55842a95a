"""When what a round says is counted for everybody, from whom, and that it stays."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update

from bot.counter import Voice
from bot.digests.disclosure import stepped
from bot.digests.findings import dump, load
from bot.errors import Refused
from bot.rounds import exporting
from bot.rounds.findings import PAPER
from bot.rounds.lifecycle import GRACE
from bot.rounds.margins import Line
from storage import answers, rounds
from storage.entries import GROUP, ORGANISATION
from storage.tables import answers as table
from tests.bot.test_counter import PULSE, Taking
from tests.bot.test_turns import INTO
from tests.support.answering import answered
from tests.support.house import Citizen

README = Path(__file__).parents[3] / "README.md"

if TYPE_CHECKING:
    from tests.support.house import House


def closed(house: House, people: int = 40) -> str:
    """Return a formal round that so many have answered, just closed."""
    code = house.need().code
    answered(house.database, house.rounds.played(code), code, people, house.clock())
    house.rounds.close(code)
    return code


def test_documents_say_how_long_paper_has_time() -> None:
    assert timedelta(weeks=2) == PAPER
    assert "Two weeks after it has closed" in README.read_text("utf-8")


def test_it_is_counted_once_paper_has_had_its_time(house: House) -> None:
    code = closed(house)
    house.clock.forward(seconds=(PAPER - timedelta(seconds=1)).total_seconds())
    assert house.sweeps.findings() == 0
    assert house.rounds.findings(code) is None
    house.clock.forward(seconds=1)
    assert [house.sweeps.findings(), house.sweeps.findings()] == [1, 0]
    told = house.rounds.findings(code)
    assert told is not None
    assert (told.people, told.at) == (40, house.clock())
    assert house.rounds.log(code)[-1].what == "counted"
    assert house.rounds.prove(code).whole


def test_it_is_counted_earlier_where_the_answers_are_said_to_be_analysed(house: House) -> None:
    code = closed(house)
    house.rounds.analyse(code, "People want longer hours.")
    assert house.sweeps.findings() == 0, "somebody may still be in the middle"
    house.clock.forward(seconds=GRACE.total_seconds())
    assert house.sweeps.findings() == 1


def test_who_deletes_their_answers_later_changes_nothing_of_it(house: House) -> None:
    code = closed(house)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    before = house.rounds.findings(code)
    answered(house.database, house.rounds.played(code), code, 100, house.clock(), seed=2)
    house.sweeps.findings()
    assert house.rounds.findings(code) == before


async def test_who_is_in_the_middle_when_a_round_closes_goes_on_and_all_others_are_sealed(house: House) -> None:
    code = house.pulse().code
    done, amid = Citizen(house, "done"), Citizen(house, "amid")
    for each in (done, amid):
        await each.starts(code)
        await each.does(*INTO, "Good")
    await done.says("It was quick")
    await done.does("Skip", "Skip", "Skip", *["No"] * 3)
    assert house.rounds.counts(code).finished == 1
    house.rounds.close(code)
    await amid.says("BACK")
    await amid.says("4")
    assert [one.choice for one in house.answers(code, "amid")] == ["2"]
    assert house.rounds.prove(code).whole
    with house.database.transaction() as db:
        db.execute(update(table).where(table.c.text == "It was quick").values(text="It was slow"))
    assert house.rounds.prove(code).altered == ("answers",)


@pytest.mark.parametrize("by_clock", [False, True], ids=["by hand", "by the clock"])
def test_what_was_handed_in_is_sealed_when_the_round_closes(house: House, by_clock: bool) -> None:
    code = house.need().code
    answered(house.database, house.rounds.played(code), code, 30, house.clock())
    if by_clock:
        house.clock.forward(days=21)
        assert house.sweeps.rounds() == 1
    else:
        house.rounds.close(code)
    assert house.rounds.prove(code).whole
    with house.database.transaction() as db:
        db.execute(delete(table).where(table.c.pseudonym == select(table.c.pseudonym).limit(1).scalar_subquery()))
    assert house.rounds.prove(code).altered == ("answers",)


@pytest.mark.parametrize("state", ["open", "cancelled"])
def test_what_is_not_over_is_not_counted(house: House, state: str) -> None:
    code = house.need().code
    if state == "cancelled":
        house.rounds.cancel(code, why="a mistake")
    house.clock.forward(days=15)
    assert house.sweeps.findings() == 0
    assert house.rounds.findings(code) is None


def test_groups_organisations_and_whoever_came_late_stand_beside_the_figures(house: House) -> None:
    code = house.pulse().code
    answered(house.database, house.rounds.played(code), code, 40, house.clock())
    Taking(house, code, voice=Voice.of(GROUP, 24, "")).does(*PULSE)
    Taking(house, code, voice=Voice.of(ORGANISATION, None, "The Choir")).does(*PULSE)
    house.rounds.close(code)
    house.clock.forward(days=1)
    Taking(house, code, "paper").does(*PULSE)
    Taking(house, code, "paper", voice=Voice(late=True)).does(*PULSE)
    assert (house.rounds.voices(code).individuals, house.rounds.voices(code).late) == (1, 1)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    told = house.rounds.findings(code)
    assert told is not None
    assert told.people == 40, "41 in steps of ten"
    assert (told.groups, told.heads, told.organisations, told.late) == (1, 20, 1, None), "heads in steps of ten"
    assert {line.kind for line in told.lines} == {"individual"}, "one group is too few to be told of"


def test_what_was_kept_with_all_people_and_heads_of_groups_is_told_in_steps(house: House) -> None:
    code = closed(house)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    told = house.rounds.findings(code)
    assert told is not None
    for heads, shown in ((24, 20), (9, None), (0, 0)):
        assert load(dump(replace(told, heads=heads))).heads == shown
    for people, about in ((41, 40), (None, None)):
        assert load(dump(replace(told, people=people))).people == about


def test_who_says_that_they_answer_for_many_is_no_individual(house: House) -> None:
    code = house.need().code
    answered(house.database, house.rounds.played(code), code, 200, house.clock(), for_many=True)
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        many = len(answers.who_chose(db, row.id, "you.role", ["group"]))
    assert 9 < many < 60
    assert house.rounds.voices(code).declared == many
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    told = house.rounds.findings(code)
    assert told is not None
    assert (told.people, told.declared) == (stepped(200 - many, 10), stepped(many, 10))
    (role,) = [one for one in told.findings if one.item == "you.role"]
    assert {one.option: one.people for one in role.answers}["group"] is None, "they are not in the figures"
    assert {line.kind for line in told.lines} == {"individual", "declared"}
    assert (
        sum(line.people for line in told.lines if (line.state, line.kind) == (role.state, "declared")) == told.declared
    )
    with house.database.reading() as db:
        lines = list(exporting.team(db, house.library, row, 5, UTC, every_text=False))
    kinds = {line[0]: line[exporting.COLUMNS["team"].index("kind")] for line in lines}
    assert sum(kind == "declared" for kind in kinds.values()) == many


def test_paper_is_entered_until_all_has_been_counted(house: House) -> None:
    code = house.pulse().code
    half = Taking(house, code, "paper")
    half.does(*PULSE[:2])
    house.rounds.close(code)
    house.clock.forward(days=2)
    assert house.counter.takes(code)
    assert half.does(*PULSE[2:]).receipt
    assert Taking(house, code, "paper").does(*PULSE).receipt
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    assert not house.counter.takes(code)
    with pytest.raises(Refused):
        Taking(house, code, "paper")


def test_nothing_that_came_while_the_round_was_open_is_late(house: House) -> None:
    code = house.pulse().code
    Taking(house, code, "paper", voice=Voice(late=True)).does(*PULSE)
    assert house.rounds.voices(code).late == 0


def test_shares_are_weighted_by_who_lives_there_where_enough_answered(house: House) -> None:
    code = house.need().code
    flow = house.rounds.played(code)
    areas = house.rounds.variables(code)["area"].groups
    lines = [Line(row, "area", area, str(100 * row)) for row, area in enumerate(areas, 1)]
    house.rounds.weigh([*lines, Line(9, "area", "rest", "50")], "City register", "2026-01-01", code=code)
    answered(house.database, flow, code, 600, house.clock())
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    with house.database.reading() as db:
        rows = list(answers.every(db, rounds.by_code(db, code).id))  # type: ignore[union-attr]
    house.sweeps.findings()
    told = house.rounds.findings(code)
    assert told is not None
    assert told.weighing is not None
    assert (told.weighing.by, told.weighing.why) == (("area",), None)
    lives = {row.pseudonym: str(row.choice) for row in rows if row.item == "you.area" and row.choice in areas}
    people = Counter(lives.values())
    assert told.weighing.people == len(lives) // 10 * 10
    parts = {area: row / sum(range(1, len(areas) + 1)) for row, area in enumerate(areas, 1)}
    weight = {area: part * len(lives) / people[area] for area, part in parts.items()}
    shown = [(one, each) for one in told.findings for each in one.answers if each.weighted]
    assert len({one.state for one, _ in shown}) > 1
    for one, each in shown:
        outside = {other.option for other in one.answers if not other.counts}
        said = {row.pseudonym: json.loads(row.choices) if row.choices else [row.choice] for row in rows
                if row.state == one.state and row.pseudonym in lives and (row.choices or row.choice)}  # fmt: skip
        based = {who: chosen for who, chosen in said.items() if not {*chosen} & outside}
        weights = {who: weight[lives[who]] for who in based}
        slow = 100 * sum(weights[who] for who in based if each.option in based[who]) / sum(weights.values())
        assert each.weighted is not None
        assert each.weighted.percent == pytest.approx(slow, abs=2.5 + 1e-6), (one.state, each.option)
