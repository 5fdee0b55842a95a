"""Who takes part in a round: counted by group, against who lives there and what was aimed at."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count as counting
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from bot.channels.base import Gone
from bot.counter import Voice
from bot.erasure import Eraser
from bot.errors import Refused
from bot.rounds import complete
from bot.rounds.fairness import sentences
from bot.rounds.lately import FRESH
from bot.rounds.margins import Line
from storage import answers, contacts, entries, moves, rounds, sessions, turnout
from storage.contacts import NewContact
from storage.tables import margin_log
from storage.tables import sessions as sessions_table
from tests.bot.rounds.test_audience import people as agreed
from tests.bot.rounds.test_concluding import FULL
from tests.bot.test_counter import PULSE as TAKEN
from tests.bot.test_counter import Taking
from tests.bot.test_menu import at
from tests.bot.test_threads import employed
from tests.flows.talk import LANGUAGES
from tests.storage import makers
from tests.support.house import NOON, House

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.rounds.fairness import Numbers, Table
    from storage.turnout import Way

NUMBERS = counting()
CENSUS, DAY = "Census 2021, table 4", "2021-03-21"


def said(
    house: House, code: str, count: int, area: str = "", language: str = "en", *, at: datetime = NOON, **more: Any
) -> None:
    """Let so many people have handed in answers, in a language, and said where they live."""
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        begun = sum(sessions.counts(db, row.id).values())
        names = [f"{code} {begun + n}" for n in range(count)]
        new = [
            NewContact("pigeon", house.keys.address_hash("pigeon", name), house.keys.seal(name), language, NOON)
            for name in names
        ]
        made = contacts.add(db, new)
        sessions.save(db, [makers.session(one, row, at, status="completed", ended_at=at) for one in made])
        key = house.library.pseudonyms(row)
        chosen = {"area": area, **more}
        for one in made:
            about: dict[str, Any] = {"at": at, "who": key(one.address_hash), "language": language}
            asked = [
                makers.answer(row, state=f"about_{name}", verb="choose", item=f"you.{name}", choice=choice, **about)
                for name, choice in chosen.items()
                if choice
            ]
            answers.append(db, [makers.answer(row, **about), *asked])


def table(numbers: Numbers, variable: str) -> Table:
    return next(each for each in numbers.tables if each.variable.key == variable)


def counts(numbers: Numbers, variable: str) -> dict[str, int | None]:
    return {each.group: each.answers for each in table(numbers, variable).found.standings}


def weighed(house: House, code: str | None = None, why: str = "", **groups: int) -> None:
    lines = [Line(row, "area", group, str(number)) for row, (group, number) in enumerate(groups.items(), 2)]
    assert house.rounds.weigh(lines, CENSUS, DAY, code=code, why=why) == []


# --------------------------------------------------------------------------- who lives there


def test_the_city_is_described_once_for_all_rounds_and_a_round_may_say_it_otherwise(house: House) -> None:
    weighed(house, harbour=100, hillside=300)
    first, second = house.need(code="first").code, house.need(code="second").code
    weighed(house, first, harbour=9, hillside=1)
    assert house.rounds.margins(second)["area"].share("harbour") == 0.25
    assert house.rounds.margins(first)["area"].share("harbour") == 0.9
    assert house.rounds.margins()["area"].source == CENSUS
    house.rounds.unweigh("area", code=first, why="The city has counted anew")
    assert house.rounds.margins(first)["area"].share("harbour") == 0.25


def test_while_a_row_is_bad_nothing_is_kept(house: House) -> None:
    weighed(house, harbour=100, hillside=300)
    slips = house.rounds.weigh([Line(2, "area", "harbour", "1"), Line(3, "age", "16_24", "x")], CENSUS, DAY)
    assert [slip.row for slip in slips] == [3]
    assert set(house.rounds.margins()) == {"area"}
    assert house.rounds.margins()["area"].groups == {"harbour": 100, "hillside": 300}


def test_new_numbers_take_the_place_of_old_ones_and_say_who_entered_them(house: House) -> None:
    weighed(house, harbour=100, old_town=50, hillside=300)
    weighed(house, why="Counted anew", harbour=1, hillside=1)
    (row,) = house.rounds.entered()
    assert (row.entered_by, row.entered_at, row.valid_on) == ("command line", NOON, DAY)
    assert house.rounds.margins()["area"].groups == {"harbour": 1, "hillside": 1}


def test_what_was_said_of_the_city_is_replaced_and_forgotten_for_a_reason_and_all_of_it_is_kept(house: House) -> None:
    weighed(house, harbour=100, hillside=300)
    weighed(house, harbour=100, hillside=300)
    assert [one.what for one in house.rounds.weighings()] == ["entered"], "the same again is no act"
    with pytest.raises(Refused, match="say why"):
        weighed(house, harbour=1, hillside=1)
    with pytest.raises(Refused, match="say why"):
        house.rounds.unweigh("area", why=" ")
    with pytest.raises(Refused, match="the log keeps 500 at most"):
        weighed(house, why="x" * 501, harbour=1, hillside=1)
    assert house.rounds.margins()["area"].groups == {"harbour": 100, "hillside": 300}
    weighed(house, why="Counted anew", harbour=1, hillside=1)
    house.rounds.unweigh("area", why="Wrong table")
    first, second, last = house.rounds.weighings()
    assert (first.who, first.at, first.why, first.source, first.valid_on) == ("command line", NOON, "", CENSUS, DAY)
    assert (second.what, second.why, json.loads(second.groups)) == (
        "entered",
        "Counted anew",
        {"harbour": 1, "hillside": 1},
    )
    assert (last.what, last.why, last.groups) == ("forgotten", "Wrong table", second.groups)
    for act in (update(margin_log).values(why="None"), delete(margin_log)):
        with pytest.raises(DatabaseError, match="only ever added to"), house.database.transaction() as db:
            db.execute(act)


@pytest.mark.parametrize("state", ["scheduled", "open"])
def test_other_targets_and_residents_of_a_round_past_its_draft_take_a_reason(house: House, state: str) -> None:
    opens_at = None if state == "open" else NOON + timedelta(days=1)
    code = house.need(opened=False, opens_at=opens_at).code
    house.rounds.aim(code, 50, {})
    house.rounds.aim(code, 100, {})  # of a draft no reason is asked
    weighed(house, code, harbour=9, hillside=1)
    house.sign(code)
    house.rounds.open(code)
    found = house.rounds.find(code)
    assert found is not None
    assert found.state == state
    acts: tuple[Callable[[str], object], ...] = (
        lambda why: house.rounds.aim(code, 200, {}, why=why),
        lambda why: weighed(house, code, why, harbour=1, hillside=1),
        lambda why: house.rounds.unweigh("area", code=code, why=why),
    )
    for act in acts:
        before = len(house.rounds.log(code))
        with pytest.raises(Refused, match="say why"):
            act("")
        assert len(house.rounds.log(code)) == before
        act("More people than we thought ")
        assert house.rounds.log(code)[-1].reason == "More people than we thought"
    assert house.rounds.prove(code).whole


def test_what_a_round_goes_by_stands_in_its_log_and_the_log_stays_whole(house: House) -> None:
    code = house.need().code
    weighed(house, code, harbour=9, hillside=1)
    house.rounds.aim(code, 100, {"area": {"harbour": 60}})
    *_, weighing, aiming = house.rounds.log(code)
    assert (weighing.what, weighing.changed["margins.area"][1]["source"]) == ("margins", CENSUS)
    assert (aiming.what, aiming.changed["aims.answers"]) == ("aims", (None, 100))
    assert house.rounds.prove(code).whole
    house.rounds.aim(code, 100, {"area": {"harbour": 60}})
    assert len(house.rounds.log(code)) == aiming.number


def test_what_changes_behind_the_log_is_seen(house: House) -> None:
    code = house.need().code
    house.rounds.aim(code, 100, {})
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, aims='{"answers": 3}')
    assert house.rounds.prove(code).altered == ("aims",)


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        (lambda rounds: rounds.aim("here", 0, {}), "a target is a whole number of answers"),
        (lambda rounds: rounds.aim("here", None, {"area": {"moon": 3}}), '"moon" is no group of area'),
        (lambda rounds: rounds.aim("here", None, {"gender": {"man": 3}}), '"gender" is nothing to compare by'),
        (lambda rounds: rounds.unweigh("area"), "nobody has said who lives here by area"),
        (lambda rounds: rounds.unweigh("area", code="here"), "nobody has said who lives here by area"),
        (lambda rounds: rounds.weigh([], "", DAY), "say where the numbers come from"),
        (lambda rounds: rounds.aim("none", 3, {}), "there is no round with the code none"),
    ],
    ids=["none", "no group", "not asked", "city", "round", "source", "code"],
)
def test_what_cannot_be_is_refused_in_one_line(house: House, act: Any, fault: str) -> None:
    house.need(code="here")
    with pytest.raises(Refused, match=fault):
        act(house.rounds)


def test_once_a_round_is_over_its_aims_stay(house: House) -> None:
    code = house.need().code
    house.rounds.close(code)
    with pytest.raises(Refused, match="over already"):
        house.rounds.aim(code, 100, {})


@pytest.mark.parametrize("by_clock", [True, False], ids=["by the clock", "by hand"])
def test_a_closed_round_is_measured_by_what_was_said_of_the_city_until_then(house: House, *, by_clock: bool) -> None:
    weighed(house, harbour=300, hillside=100)
    assert house.rounds.weigh([Line(2, "age", "16_24", "1"), Line(3, "age", "65_74", "9")], CENSUS, DAY) == []
    code = house.need(record=FULL, closes_at=NOON + timedelta(days=1)).code
    assert fields_of(house, code) == 12
    said(house, code, 10, "harbour")
    if by_clock:
        house.clock.forward(days=1)
        assert house.sweeps.rounds()
    else:
        house.rounds.close(code)
    later = [Line(2, "area", "harbour", "1"), Line(3, "area", "hillside", "9")]
    assert house.rounds.weigh(later, "Another count", "2026-01-01", why="A later census") == []
    house.rounds.unweigh("age", why="Out of date")
    house.clock.forward(days=15)
    house.sweeps.findings()
    shown = table(house.rounds.numbers(code), "area")
    assert shown.margin is not None
    assert (shown.margin.source, shown.margin.share("harbour")) == (CENSUS, 0.75)
    assert [each.source for each in house.rounds.findings(code).who if each.variable == "area"] == [CENSUS]  # type: ignore[union-attr]
    closing = next(entry for entry in house.rounds.log(code) if entry.what == "closed")
    assert closing.changed["margins.area"][1]["source"] == CENSUS
    assert set(house.rounds.aims(code).margins) <= set(house.rounds.variables(code))
    assert fields_of(house, code) == 14
    assert house.rounds.prove(code).whole


def fields_of(house: House, code: str) -> int:
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        return complete.fields(row)


def test_where_nobody_said_who_lives_there_a_round_closes_without(house: House) -> None:
    code = house.need(record=FULL).code
    house.rounds.close(code)
    assert house.rounds.log(code)[-1].changed == {}
    assert fields_of(house, code) == 13
    weighed(house, harbour=300, hillside=100)
    assert house.rounds.margins(code) == {}, "what is said of the city afterwards is for later rounds"
    assert fields_of(house, code) == 13
    assert house.rounds.prove(code).whole


# --------------------------------------------------------------------------- who takes part


def test_how_many_had_their_answers_deleted_since_the_end_is_told_in_whole_steps(house: House) -> None:
    code, eraser = house.need().code, Eraser(house.library, house.mint)
    said(house, code, 12, "harbour")
    house.rounds.close(code)
    told = []
    for gone in range(7):
        with house.database.transaction() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            name = house.keys.address_hash("pigeon", f"{code} {gone}")
            eraser.said(db, row, house.library.pseudonyms(row)(name), house.clock())
        told.append(house.rounds.numbers(code).deleted)
    assert told == [0, 0, 0, 0, 5, 5, 5]
    assert house.rounds.prove(code).deletions == 7


def test_people_are_counted_by_area_and_language_in_steps(house: House) -> None:
    code = house.need().code
    said(house, code, 22, "harbour")
    said(house, code, 3, "hillside", "es")
    said(house, code, 9, "rather_not", "es")
    numbers = house.rounds.numbers(code)
    assert counts(numbers, "area") == {"harbour": 20, "old_town": None, "hillside": None}
    assert counts(numbers, "language") == {"en": 20, "es": 10}
    assert table(numbers, "area").found.base == 25
    assert (numbers.started, numbers.finished) == (34, 34)
    assert table(numbers, "language").ways["es"].started == 10


@pytest.mark.parametrize("whom", [None, '{"languages": ["en", "es"]}'], ids=["all", "chosen"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_on_one_page_no_part_is_told_as_more_than_its_sum(house: House, whom: str | None, data: st.DataObject) -> None:
    people = [data.draw(st.integers(0, 16), label) for label in ("en", "es")]
    code = house.need(code=f"sums{next(NUMBERS)}", audience="agreed").code
    for language, count in zip(("en", "es"), people, strict=True):
        said(house, code, count, "harbour" if language == "en" else "hillside", language)
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, whom=whom)
        moves.count(db, {(row.id, "2026-11-24", "@start", "opening"): sum(people)})
        everybody = db.execute(select(sessions_table.c.contact_id).where(sessions_table.c.round_id == row.id)).scalars()
        rounds.invite(db, row.id, list(everybody), "invitation", NOON)
    if data.draw(st.booleans(), "over"):
        house.rounds.close(code)
    numbers = house.rounds.numbers(code)
    ways_ = table(numbers, "language").ways.values()
    for whole, parts in (
        (numbers.sent, [way.sent for way in ways_]),
        (numbers.started, [way.started for way in ways_]),
        (numbers.finished, counts(numbers, "language").values()),
        (numbers.finished, counts(numbers, "area").values()),
        (numbers.started, [stop.people for stop in numbers.stops]),
    ):
        assert sum(part or 0 for part in parts) <= whole
        assert all(part is None or part % 5 == 0 for part in parts)
    assert numbers.started == sum(people)
    assert numbers.sent == (sum(people) // 5 * 5 if whom else sum(people))


def test_two_languages_of_eight_are_not_told_as_more_than_fifteen(house: House) -> None:
    code = house.need().code
    said(house, code, 8, "harbour")
    said(house, code, 8, "hillside", "es")
    assert [way.started for way in table(house.rounds.numbers(code), "language").ways.values()] == [5, 5]


def test_whoever_looks_after_each_answer_learns_of_nobody_which_group_they_are_of(house: House) -> None:
    """How many have answered is seen at once; what groups they are of, only when five more people have come."""
    code, chance = house.need().code, Random(3)  # noqa: S311 - the same people each time
    seen: list[tuple[int, dict[str, int | None], dict[str, int | None]]] = []
    for number in range(40):
        house.clock.forward(minutes=1)
        said(house, code, 1, chance.choice(["harbour", "old_town"]), chance.choice(["en", "es"]), at=house.clock())
        numbers = house.rounds.numbers(code)
        seen.append((numbers.finished, counts(numbers, "area"), counts(numbers, "language")))
        assert numbers.finished == number + 1
    changes = [now[0] for before, now in pairwise(seen) if before[1:] != now[1:]]
    assert len(changes) > 3
    assert all(later - earlier >= 5 for earlier, later in pairwise(changes))
    told = sum(people or 0 for people in seen[-1][2].values())
    assert told in {30, 35}


def test_whoever_looks_after_each_beginning_learns_of_nobody_which_language_they_read(house: House) -> None:
    code, chance = house.need().code, Random(3)  # noqa: S311 - the same people each time
    seen: list[tuple[int, list[int | None]]] = []
    for number in range(40):
        house.clock.forward(minutes=1)
        said(house, code, 1, language=chance.choice(["en", "es"]), at=house.clock())
        numbers = house.rounds.numbers(code)
        ways_ = table(numbers, "language").ways
        seen.append((numbers.started, [ways_[each].started for each in sorted(ways_)]))
        assert numbers.started == number + 1
    changes = [now[0] for before, now in pairwise(seen) if before[1] != now[1] and len(before[1]) == len(now[1])]
    assert len(changes) > 3
    assert all(later - earlier >= 5 for earlier, later in pairwise(changes))
    assert sum(people or 0 for people in seen[-1][1]) in {30, 35}
    house.rounds.close(code)
    house.clock.forward(days=20)
    assert house.sweeps.findings() == 1
    numbers = house.rounds.numbers(code)
    assert sum(way.started or 0 for way in table(numbers, "language").ways.values()) in {35, 40}


def test_who_glances_again_within_seconds_sees_what_was_counted(house: House) -> None:
    code = house.need().code
    said(house, code, 6, "harbour")
    assert [numbers.finished for _, numbers in (house.rounds.glance(code), house.rounds.glance(code, "es"))] == [6, 6]
    said(house, code, 5, "hillside")
    house.clock.forward(seconds=FRESH.total_seconds() - 1)
    assert house.rounds.glance(code)[1].finished == 6
    assert house.rounds.numbers(code).finished == 11, "whoever opens the page sees what is"
    house.clock.forward(seconds=1)
    counts_, numbers = house.rounds.glance(code)
    assert (counts_.answers, numbers.finished) == (11, 11)


def test_the_two_most_missing_groups_are_named_with_what_to_do(house: House) -> None:
    weighed(house, harbour=10, old_town=10, hillside=10)
    code = house.need().code
    said(house, code, 100, "harbour")
    said(house, code, 10, "old_town")
    numbers = house.rounds.numbers(code)
    assert [standing.group for _, standing in numbers.missing] == ["hillside", "old_town"]
    told = [sentences(of, standing, numbers.minimum, "en") for of, standing in numbers.missing]
    assert told[0][:2] == (
        "People who live in this area: Hillside.",
        "Fewer than 5 of about 110 people who answered. Of every 100 residents: 33.",
    )
    assert told[1][1] == "Of every 100 answers: 9. Of every 100 residents: 33."
    assert "Hang up a poster there" in told[0][2]


async def test_an_organiser_reads_in_the_chat_who_is_missing_while_the_round_runs(house: House) -> None:
    code = house.need().code
    said(house, code, 100, "harbour")
    omar = await employed(house, "Omar", ("organiser", "library"))
    assert "Who is missing most" not in (await at(omar, code)).text
    weighed(house, harbour=10, hillside=10)
    shown = (await at(omar, code)).text
    assert "Who is missing most:\n– People who live in this area: Hillside. Fewer than 5" in shown
    assert "Hang up a poster there" in shown
    house.rounds.close(code)
    assert "Who is missing most" not in (await at(omar, code)).text


@pytest.mark.parametrize("reader", LANGUAGES)
def test_who_is_missing_is_said_in_every_language_by_area_language_and_any_question(house: House, reader: str) -> None:
    code = house.need().code
    weights = {"area": ("harbour", "hillside"), "language": ("en", "es"), "age": ("16_24", "25_44")}
    lines = [Line(n, name, group, "50") for name, groups in weights.items() for n, group in enumerate(groups, 2)]
    assert house.rounds.weigh(lines, CENSUS, DAY, code=code) == []
    said(house, code, 100, "harbour", age="16_24")
    found = {each.variable.key: each for each in house.rounds.numbers(code).tables}
    told = [
        " ".join(sentences(found[name], found[name].found.missing[0], 5, reader))
        for name in ("area", "language", "age")
    ]
    assert all("{" not in one and "50" in one for one in told)
    assert len(set(told)) == 3


def test_a_question_of_the_flow_can_be_compared_too(house: House) -> None:
    code = house.pulse().code
    known = house.rounds.variables(code)
    assert list(known) == ["language", "step", "acted"]
    assert known["step"].label("arrive", "es") == "Llegar y entrar"


def test_groups_and_organisations_stay_apart(house: House) -> None:
    code = house.pulse().code
    said(house, code, 20)
    for kind, heads, name in (("group", 40, ""), ("organisation", None, "The Choir"), ("individual", None, "")):
        Taking(house, code, voice=Voice.of(kind, heads, name)).does(*TAKEN)
    numbers = house.rounds.numbers(code)
    assert numbers.finished == 21
    assert (numbers.voices.groups, numbers.voices.heads, numbers.voices.organisations) == (1, 40, ("The Choir",))
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        apart = [house.library.pseudonyms(row)(each) for each in entries.apart(db, row.id)]
        assert turnout.languages(db, row.id) == {"en": 23}
        assert turnout.languages(db, row.id, apart) == {"en": 21}
        assert turnout.choices(db, row.id, ["del.overall"], []) == {("del.overall", "4"): 23}
        assert turnout.choices(db, row.id, ["del.overall"], [], apart) == {("del.overall", "4"): 21}


def test_what_comes_after_the_last_day_counts_apart(house: House) -> None:
    code = house.pulse().code
    said(house, code, 20)
    house.rounds.close(code)
    Taking(house, code, "paper", Voice(late=True)).does(*TAKEN)
    numbers = house.rounds.numbers(code)
    assert (numbers.finished, numbers.voices.late) == (20, 1)
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        apart = [house.library.pseudonyms(row)(each) for each in entries.apart(db, row.id)]
        assert turnout.languages(db, row.id, apart) == {"en": 20}


def test_whoever_says_that_they_answer_for_a_group_is_no_resident(house: House) -> None:
    code = house.need().code
    said(house, code, 20, "harbour")
    said(house, code, 20, "harbour", role="group")
    assert counts(house.rounds.numbers(code), "language")["en"] == 20
    assert counts(house.rounds.numbers(code), "area")["harbour"] == 20


def test_what_was_taken_back_or_not_handed_in_does_not_count(house: House) -> None:
    code = house.need().code
    said(house, code, 20, "harbour")
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        lone = [makers.answer(row, b"x", "about_area", item="you.area", choice="hillside", counted_at=None)]
        answers.append(db, lone)
        answers.append(db, [makers.answer(row, b"y", "about_area", item="you.area", choice="hillside")])
        answers.withdraw(db, [(row.id, b"y", "about_area")], NOON)
        assert turnout.choices(db, row.id, ["you.area"], []) == {("you.area", "harbour"): 20}
        assert turnout.languages(db, row.id) == {"en": 20}


def test_once_nobody_can_be_linked_to_answers_the_numbers_stay(house: House) -> None:
    code = house.need().code
    said(house, code, 22, "harbour")
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.destroy_key(db, row.id)
    assert counts(house.rounds.numbers(code), "area")["harbour"] == 20


async def test_sent_and_reached_are_told_apart(house: House) -> None:
    agreed(house, "a", "b", "gone")
    house.pigeon.receipts["gone"] = [Gone("blocked")]
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    assert ways(house, code) == {}
    await house.delivered()
    house.sweeps.rounds()
    assert ways(house, code)["en"][:2] == (3, 2)
    assert (house.rounds.numbers(code).sent, house.rounds.numbers(code).reached) == (3, 2)


def test_a_letter_that_was_dropped_is_not_counted_as_sent(house: House) -> None:
    agreed(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.rounds.close(code)
    assert {row.status for row in house.table("outbox")} == {"gone"}
    assert ways(house, code) == {}


def ways(house: House, code: str) -> dict[str, Way]:
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        return turnout.ways(db, row.id)


# --------------------------------------------------------------------------- what is aimed at


def test_targets_follow_from_who_lives_there_but_for_those_said(house: House) -> None:
    weighed(house, harbour=100, old_town=100, hillside=200)
    code = house.need().code
    house.rounds.aim(code, 400, {"area": {"harbour": 150}})
    numbers = house.rounds.numbers(code)
    assert numbers.wanted == 400
    assert table(numbers, "area").wanted == {"harbour": 150, "old_town": 100, "hillside": 200}
    house.rounds.aim(code, None, {}, why="No target any more")
    assert house.rounds.numbers(code).wanted is None
    assert table(house.rounds.numbers(code), "area").wanted == {}


def test_the_questions_where_most_people_stop_are_named(house: House) -> None:
    code = house.need().code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        counted = {("@start", "opening"): 60, ("opening", "age"): 58, ("age", "begin"): 42}
        moves.count(db, {(row.id, "2026-11-24", *arrow): n for arrow, n in counted.items()})
    stops = house.rounds.numbers(code).stops
    assert [(stop.state, stop.people) for stop in stops] == [("begin", 40), ("age", 15)]
    assert stops[1].question.startswith("Are you")


def test_a_round_nobody_has_answered_has_numbers_too(house: House) -> None:
    numbers = house.rounds.numbers(house.need(opened=False).code)
    assert (numbers.sent, numbers.started, numbers.stops, numbers.missing) == (0, 0, (), ())
