"""Texts that many sent in nearly the same words are told beside a round: to its staff, then to everybody."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.digests import apart
from bot.digests.weeks import Week
from bot.rounds import exporting, organised
from bot.rounds.findings import PAPER
from bot.rounds.organised import Group, Organised
from storage import retention, rounds
from storage.retention import Policy
from tests.support.answering import CAMPAIGN, answered, copied

if TYPE_CHECKING:
    from tests.support.house import House

ALIKE = "Please do keep the old bridge open for everybody who walks to school and don't sell the land beside it!"
OWN = "My own wish is a bench under each of the trees on the square, where one can rest in the shade of summer."


def asked(house: House, people: int = 40) -> str:
    code = house.pulse().code
    answered(house.database, house.rounds.played(code), code, people, house.clock())
    return code


def test_staff_read_of_the_weeks_that_are_over_while_a_round_runs(house: House) -> None:
    code = asked(house)
    copied(house.database, code, range(12), house.clock())
    copied(house.database, code, range(20, 21), house.clock(), OWN)
    assert house.rounds.numbers(code).organised == Organised()
    zone, week = house.config.city.zone, Week.of(house.clock(), house.config.city.zone)
    house.clock.forward(days=7)
    apart.seek(house.database, "library", week, zone, 5, house.clock())
    assert house.rounds.numbers(code).organised == Organised(1, 12, 12)


def test_it_is_counted_of_all_texts_and_stays_known_when_they_are_gone(house: House) -> None:
    code = asked(house)
    copied(house.database, code, range(4), house.clock())
    house.clock.forward(days=8)
    copied(house.database, code, range(3, 12), house.clock(), ALIKE)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    assert house.sweeps.findings() == 1
    assert house.rounds.numbers(code).organised == Organised(1, 12, 13), "two weeks are one campaign"
    findings = house.rounds.findings(code)
    assert findings is not None
    assert (findings.campaigns, findings.senders, findings.texts) == (1, 10, 10), "in steps of ten"
    with house.database.transaction() as db:
        retention.forget(db, house.clock() + timedelta(days=500), Policy())
    assert house.table("answers") == []
    assert house.rounds.numbers(code).organised == Organised(1, 12, 13)
    assert house.rounds.prove(code).whole


def test_few_senders_are_told_to_staff_alone_and_fewer_to_nobody(house: House) -> None:
    code = asked(house)
    copied(house.database, code, range(6), house.clock())
    copied(house.database, code, range(6, 10), house.clock(), OWN)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    assert house.sweeps.findings() == 1
    assert house.rounds.numbers(code).organised == Organised(1, 6, 6)
    findings = house.rounds.findings(code)
    assert findings is not None
    assert (findings.campaigns, findings.senders, findings.texts) == (0, 0, 0)


def test_in_an_export_for_the_team_copies_have_a_number_in_common(house: House) -> None:
    code = asked(house)
    copied(house.database, code, range(6), house.clock())
    copied(house.database, code, range(6, 13), house.clock(), OWN)
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        for every_text, told in ((True, {("1", OWN): 7, ("2", CAMPAIGN): 6}), (False, {})):
            lines = exporting.team(db, house.library, row, 5, UTC, every_text=every_text)
            named = [dict(zip(exporting.COLUMNS["team"], line, strict=True)) for line in lines]
            assert Counter((str(one["campaign"]), one["text"]) for one in named if one["campaign"]) == told


@pytest.mark.parametrize(("minimum", "told"), [(3, Organised(2, 4, 6)), (4, Organised())])
def test_who_sent_two_is_one_person(minimum: int, told: Organised) -> None:
    groups = [Group(3, frozenset("abc")), Group(3, frozenset("bcd"))]
    assert organised.told(groups, minimum) == told
