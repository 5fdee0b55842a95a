"""What leaves the house of a round's answers: of whom, how, and how much of what people said about themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.counter import Voice
from bot.rounds import exporting
from bot.rounds.findings import PAPER
from storage import answers, rounds
from storage.entries import GROUP, ORGANISATION
from tests.bot.test_counter import PULSE, Taking
from tests.support.answering import answered
from tests.support.house import NOON

if TYPE_CHECKING:
    from storage.answers import AnswerRow
    from tests.support.house import House


def team(house: House, code: str, *, every_text: bool = False, keyless: bool = False) -> list[dict[str, Any]]:
    """Return an export for the team, line by line; `keyless`: as if the round's key were gone."""
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        row = replace(row, key_sealed=None) if keyless else row
        lines = exporting.team(db, house.library, row, 5, ZoneInfo("Asia/Kathmandu"), every_text=every_text)
        return [dict(zip(exporting.COLUMNS[exporting.TEAM], line, strict=True)) for line in lines]


def several(house: House) -> str:
    """Return a closed pulse that people, a group, an organisation and somebody late have answered."""
    code = house.pulse().code
    answered(house.database, house.rounds.played(code), code, 12, house.clock())
    Taking(house, code, "phone", voice=Voice.of(GROUP, 24, "")).does(*PULSE)
    Taking(house, code, "desk", voice=Voice.of(ORGANISATION, None, "The Choir")).does(*PULSE)
    house.rounds.close(code)
    house.clock.forward(days=1)
    Taking(house, code, "paper").does(*PULSE)
    Taking(house, code, "paper", voice=Voice(late=True)).does(*PULSE)
    return code


def test_each_line_says_who_typed_it_for_whom_it_speaks_and_whether_it_came_late(house: House) -> None:
    lines = team(house, several(house))
    told = {(one["channel"], one["entry"], one["kind"], one["heads"], one["late"]) for one in lines}
    assert told == {
        ("web", "self", "individual", 1, "no"),
        ("phone", "staff", "group", 24, "no"),
        ("desk", "staff", "organisation", 1, "no"),
        ("paper", "staff", "individual", 1, "no"),
        ("paper", "staff", "individual", 1, "yes"),
    }
    assert "The Choir" not in json.dumps(lines, default=str), "the name leads to them"


def test_once_the_key_of_a_round_is_gone_nobody_can_tell_for_whom_a_line_speaks(house: House) -> None:
    lines = team(house, several(house), keyless=True)
    assert {(one["kind"], one["heads"], one["late"]) for one in lines} == {("", "", "")}


def test_who_was_in_the_middle_when_the_round_closed_is_told_apart(house: House) -> None:
    code = house.pulse().code
    flow = house.rounds.played(code)
    answered(house.database, flow, code, 5, house.clock())
    house.rounds.close(code)
    answered(house.database, flow, code, 1, house.clock() + timedelta(minutes=20), seed=3)
    assert [one["late"] for one in team(house, code) if one["state"] == "overall"] == ["no"] * 5 + ["grace"]


def test_lateness_is_reckoned_from_the_end_however_late_the_sweep_came(house: House) -> None:
    code = house.pulse().code
    house.rounds.extend(code, NOON + timedelta(days=1), why="it is enough")
    flow = house.rounds.played(code)
    answered(house.database, flow, code, 5, house.clock())
    answered(house.database, flow, code, 1, NOON + timedelta(days=1, minutes=20), seed=3)
    house.clock.forward(days=1, hours=8)
    house.sweeps.rounds()
    assert [one["late"] for one in team(house, code) if one["state"] == "overall"] == ["no"] * 5 + ["grace"]


def test_a_day_is_that_of_the_city(house: House) -> None:
    code = house.pulse().code
    flow = house.rounds.played(code)
    for hour in (17, 20):  # in Nepal 22:45, and 1:45 of the next day
        answered(house.database, flow, code, 1, NOON.replace(hour=hour), seed=hour)
    assert [one["day"] for one in team(house, code) if one["state"] == "overall"] == ["2026-11-24", "2026-11-25"]


def about(base: AnswerRow, who: int, channel: str, area: str, role: str) -> list[AnswerRow]:
    plain = base._replace(pseudonym=who.to_bytes(16, "big"), channel=channel, verb="choose", score=None, choices=None)
    told = {"you.area": area, "you.role": role}
    return [plain._replace(state=item.replace(".", "_"), item=item, choice=choice) for item, choice in told.items()]


def test_what_people_said_about_themselves_is_told_as_far_as_enough_share_it(house: House) -> None:
    code = house.pulse().code
    answered(house.database, house.rounds.played(code), code, 40, house.clock())
    said = [("web", "north", "citizen")] * 12 + [("web", "north", "worker")] * 6 + [("web", "south", "citizen")] * 7
    said += [("web", "south", "worker")] * 2 + [("paper", "north", "citizen")] * 3
    with house.database.transaction() as db:
        (base, *_) = answers.every(db, rounds.by_code(db, code).id)  # type: ignore[union-attr]
        answers.append(db, [row for who, one in enumerate(said) for row in about(base, who, *one)])
    lines = team(house, code)
    told = [(one["channel"], one["answer"]) for one in lines if one["item"] == "you.role"]
    areas = [(one["channel"], one["answer"]) for one in lines if one["item"] == "you.area"]
    assert areas == [("web", "north")] * 18 + [("web", "south")] * 9 + [("paper", None)] * 3
    assert told == [("web", "citizen")] * 12 + [("web", "worker")] * 6 + [("web", None)] * 9 + [("paper", None)] * 3


def told_of_areas(house: House, code: str, people: list[AnswerRow]) -> list[str | None]:
    """Return which areas an export for the team tells, once these answers are there, too."""
    with house.database.transaction() as db:
        answers.append(db, people)
    return [one["answer"] for one in team(house, code) if one["item"] == "you.area"]


def first(house: House, code: str) -> AnswerRow:
    answered(house.database, house.rounds.played(code), code, 1, house.clock())
    with house.database.reading() as db:
        one, *_ = answers.every(db, rounds.by_code(db, code).id)  # type: ignore[union-attr]
    return one


def test_who_alone_came_in_the_hour_of_grace_is_not_told_by_where_they_live(house: House) -> None:
    code = house.pulse().code
    base = first(house, code)
    house.rounds.close(code)
    after = base._replace(counted_at=house.clock() + timedelta(minutes=20))
    said = [row for who in range(12) for row in about(base, who, "web", "north", "citizen")]
    assert told_of_areas(house, code, [*said, *about(after, 12, "web", "north", "citizen")]) == ["north"] * 12 + [None]


def test_what_few_said_before_they_came_again_is_told_no_more_than_what_they_say_now(house: House) -> None:
    code = house.pulse().code
    base = first(house, code)
    said = [row for who in range(12) for row in about(base, who, "web", "north", "citizen")]
    moved = [*about(base, 12, "web", "south", "citizen"), *about(base, 12, "web", "north", "citizen")]
    others = [row for who in range(20, 27) for row in about(base, who, "web", "east", "citizen")]
    told = told_of_areas(house, code, [*moved, *said, *others])
    assert told == [None, None, *["north"] * 12, *[None] * 7]


def test_a_publication_says_what_was_counted_and_hides_with_a_star(house: House) -> None:
    code = several(house)
    answered(house.database, house.rounds.played(code), code, 60, house.clock(), seed=5)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    found = house.rounds.findings(code)
    assert found is not None
    flow = house.rounds.played(code)
    names = exporting.COLUMNS[exporting.PUBLICATION]
    lines: list[dict[str, Any]] = [
        dict(zip(names, line, strict=True)) for line in exporting.publication(flow, "deliver", found.lines)
    ]
    rated = [one for one in lines if one["state"] == "overall"]
    assert {one["kind"] for one in rated} == {"individual"}
    assert {one["late"] for one in rated} == {"no"}
    assert "*" in {one["answer"] for one in rated}, "a few people gave the rare answers"
    assert all(one["people"] >= 10 and one["people"] % 10 == 0 for one in lines)
    assert {one["entry"] for one in rated} <= {"self", "*"}


@pytest.mark.parametrize("every_text", [False, True])
def test_words_are_told_where_they_may_be_quoted_or_all_are_asked_for(house: House, *, every_text: bool) -> None:
    code = house.pulse().code
    answered(house.database, house.rounds.played(code), code, 5, house.clock())
    assert any(one["text"] for one in team(house, code, every_text=every_text)) == every_text
