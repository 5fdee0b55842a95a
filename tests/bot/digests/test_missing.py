"""Who is heard and who is missing, from a real database, for the chart and the sentence of a digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.digests.missing import unheard
from bot.digests.model import Reason, State, dump, load
from bot.digests.render import items
from bot.digests.render.book import sheets_of
from bot.digests.render.words import words
from bot.digests.weeks import Week
from bot.rounds.margins import Line
from bot.texts import texts
from storage import answers
from tests.bot.rounds.test_fairness import CENSUS, DAY, said, weighed
from tests.storage import makers

if TYPE_CHECKING:
    from tests.support.house import House


def test_groups_are_told_in_steps_beside_their_part_of_the_residents(house: House) -> None:
    weighed(house, harbour=10, old_town=10, hillside=10)
    code = house.need().code
    said(house, code, 101, "harbour")
    said(house, code, 12, "old_town")
    said(house, code, 2, "hillside")
    with house.database.reading() as db:
        missing, groups = unheard(db, house.library, house.config, "library")
    assert missing[0].group["en"] == "Hillside"
    told = {each.group["en"]: (each.answered, each.residents) for each in groups if each.variable == "area"}
    assert told["Hillside"] == (None, 33), "fewer than five are not told"
    assert {name: each[1] for name, each in told.items()} == {"Harbour": 33, "Old Town": 33, "Hillside": 33}
    assert (told["Harbour"][0], told["Old Town"][0]) == (87, 9), "100 and 10 of 115"


def test_a_group_that_is_hardly_heard_makes_a_digest_say_watch(house: House) -> None:
    """A tenth are 16 to 24 years old, and 15 of 600 answered; two larger groups miss more answers, but are heard."""
    ages = {"16_24": (10, 15), "25_44": (40, 180), "45_64": (30, 130), "65_74": (15, 175), "75_or_older": (5, 100)}
    lines = [Line(row, "age", age, str(living)) for row, (age, (living, _)) in enumerate(ages.items(), 2)]
    assert house.rounds.weigh(lines, CENSUS, DAY) == []
    code, at, zone = house.need().code, house.clock(), house.config.city.zone
    for age, (_, people) in ages.items():
        said(house, code, people, "harbour", at=at, age=age)
    week = Week.of(at, zone)
    with house.database.reading() as db:
        found = house.digests.of_week(db, "library", week, week.ends(zone) + timedelta(hours=8))
    assert found is not None
    assert [each.ratio for each in found.who.missing] == [0.25, 0.75]
    assert (found.state, [each.reason for each in found.alerts]) == (State.WATCH, [Reason.MISSING])
    assert "(ratio 0.25), " in items.missing(found, texts("en"))
    assert items.missing(found, texts("en")).endswith("(ratio 0.75).")


def test_a_group_is_missing_by_the_round_with_most_answers_alone(house: House) -> None:
    """The hillside answers as it should in the large round; in the small one nobody of it has."""
    weighed(house, harbour=10, old_town=10, hillside=10)
    small, large = house.need(title="Small").code, house.need(title="Large").code
    for code, areas, people in (
        (small, ("harbour", "old_town"), 20),
        (large, ("harbour", "old_town", "hillside"), 100),
    ):
        for area in areas:
            said(house, code, people, area)
    with house.database.reading() as db:
        missing, groups = unheard(db, house.library, house.config, "library")
    assert not [each for each in missing if each.variable == "area"]
    assert {each.answered for each in groups if each.variable == "area"} == {33}


def test_an_older_week_tells_nothing_of_the_rounds_that_are_open_today(house: House) -> None:
    weighed(house, harbour=10, old_town=10, hillside=10)
    at, zone = house.clock(), house.config.city.zone
    with house.database.transaction() as db:
        old = makers.add_round(db, "old", service="library", state="closed")
        then = at - timedelta(weeks=10)
        answers.append(db, [makers.answer(old, f"{n}".encode(), at=then) for n in range(30)])
    code = house.need().code
    for area in ("harbour", "old_town"):
        said(house, code, 20, area, at=at)
    with house.database.reading() as db:
        now = Week.of(at, zone).ends(zone) + timedelta(hours=8)
        for week, tells in ((Week.of(then, zone), False), (Week.of(at, zone), True)):
            found = house.digests.of_week(db, "library", week, now)
            assert (found is not None and bool(found.who.missing)) == tells


def test_people_who_are_too_few_to_tell_are_not_told_as_nobody(house: House) -> None:
    weighed(house, harbour=10, old_town=10, hillside=20)
    code, at, zone = house.need().code, house.clock(), house.config.city.zone
    for area, people in (("harbour", 8), ("old_town", 8), ("hillside", 4)):
        said(house, code, people, area, at=at)
    week = Week.of(at, zone)
    with house.database.reading() as db:
        found = house.digests.of_week(db, "library", week, week.ends(zone) + timedelta(hours=8))
    assert found is not None
    (hillside,) = (each for each in found.who.missing if each.variable == "area")
    assert (hillside.ratio, found.state) == (None, State.WATCH)
    assert "Hillside (fewer than 5 answered)" in items.missing(found, texts("en"))
    assert '"ratio":null' in dump(found)
    assert load(dump(found)) == found
    before = replace(found, who=replace(found.who, missing=(replace(hillside, ratio=0.0),)))
    for each in (found, before):
        (sheet,) = (one for one in sheets_of(each, words("en")) if one.name == "groups")
        assert ("Hillside", None) in sheet.rows
        assert "ratio 0" not in items.missing(each, texts("en"))


def test_where_nobody_knows_who_lives_there_nothing_is_compared(house: House) -> None:
    said(house, house.need().code, 50, "harbour")
    with house.database.reading() as db:
        assert unheard(db, house.library, house.config, "library") == ((), ())
