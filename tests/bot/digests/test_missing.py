"""Who is heard and who is missing, from a real database, for the chart and the sentence of a digest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.digests.missing import unheard
from bot.digests.model import Reason, State
from bot.digests.render import items
from bot.digests.weeks import Week
from bot.rounds.margins import Line
from bot.texts import texts
from tests.bot.rounds.test_fairness import CENSUS, DAY, said, weighed

if TYPE_CHECKING:
    from tests.support.house import House


def test_groups_are_told_in_steps_beside_their_part_of_the_residents(house: House) -> None:
    weighed(house, harbour=10, old_town=10, hillside=10)
    code = house.need().code
    said(house, code, 101, "harbour")
    said(house, code, 12, "old_town")
    said(house, code, 2, "hillside")
    with house.database.reading() as db:
        missing, groups = unheard(db, house.library, house.config, house.catalog.bank, "library")
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


def test_where_nobody_knows_who_lives_there_nothing_is_compared(house: House) -> None:
    said(house, house.need().code, 50, "harbour")
    with house.database.reading() as db:
        assert unheard(db, house.library, house.config, house.catalog.bank, "library") == ((), ())
