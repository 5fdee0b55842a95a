"""Who is heard and who is missing, from a real database, for the chart and the sentence of a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests.missing import unheard
from tests.bot.rounds.test_fairness import said, weighed

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


def test_where_nobody_knows_who_lives_there_nothing_is_compared(house: House) -> None:
    said(house, house.need().code, 50, "harbour")
    with house.database.reading() as db:
        assert unheard(db, house.library, house.config, house.catalog.bank, "library") == ((), ())
