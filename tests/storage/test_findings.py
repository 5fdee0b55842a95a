"""What a closed round says and who took part in it, with however many people left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage import answers, findings, turnout
from tests.storage.makers import NOW, add_round, answer

if TYPE_CHECKING:
    from storage.database import Database

MANY = 70_000
"""More than one statement takes parameters, on either database."""


@pytest.mark.parametrize("more", [0, MANY])
def test_as_many_people_are_left_out_of_a_round_or_looked_at_as_there_may_be(database: Database, more: int) -> None:
    with database.transaction() as db:
        of = add_round(db)
        own = {b"anna": "5", b"ben": "4", b"\x00late\xff": "1"}
        answers.append(db, [answer(of, who, choice=choice) for who, choice in own.items()])
        answers.append(db, [answer(of, who, "area", item="you.area", choice="north") for who in own])
    out = [b"\x00late\xff", *(b"nobody %d" % n for n in range(more))]
    with database.reading() as db:
        assert findings.people(db, of.id) == 3
        assert findings.people(db, of.id, out) == 2
        assert findings.answered(db, of.id, out) == {"overall": 2, "area": 2}
        assert {(one.choice, one.people) for one in findings.count(db, of.id, out)} == {
            ("5", 1),
            ("4", 1),
            ("north", 2),
        }
        assert findings.declared(db, of.id, out) == set()
        assert sum(one.people for one in findings.crossed(db, of.id, out)) == 4
        assert sum(one.people for one in findings.crossed(db, of.id, among=out)) == 2
        assert findings.crossed_for_many(db, of.id, out) == []
        assert findings.cells(db, of.id, ["you.area"], out) == {("north",): 2}
        assert sum(one.people for one in findings.celled(db, of.id, ["you.area"], out)) == 4
        assert turnout.individuals(db, of.id, out) == 2
        assert turnout.came(db, of.id, 2, out) == NOW
        assert turnout.choices(db, of.id, ["you.area"], [], out) == {("you.area", "north"): 2}
        assert sum(turnout.channels(db, of.id, out).values()) == 2
