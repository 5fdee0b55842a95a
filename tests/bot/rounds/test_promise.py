"""Whoever looks after a round is reminded of the day for which its result is promised."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from bot.rounds import promise
from storage import contacts, people, tables
from storage.contacts import NewContact
from tests.support.house import RECORD

if TYPE_CHECKING:
    from tests.support.house import House

DAY = date(2027, 2, 1)


@pytest.mark.parametrize(
    ("today", "reminded", "which"),
    [
        (date(2027, 1, 3), (), ""),
        (date(2027, 1, 4), (), "four_weeks"),
        (date(2027, 1, 5), ("four_weeks",), ""),
        (date(2027, 1, 25), ("four_weeks",), "one_week"),
        (date(2027, 1, 25), (), "one_week"),
        (date(2027, 1, 26), ("one_week",), ""),
        (date(2027, 2, 1), ("four_weeks", "one_week"), ""),
        (date(2027, 2, 2), ("four_weeks", "one_week"), "overdue"),
        (date(2027, 3, 1), ("overdue",), ""),
    ],
)
def test_it_comes_four_weeks_and_one_week_before_and_once_after(
    today: date, reminded: tuple[str, ...], which: str
) -> None:
    assert promise.due(DAY, today, reminded) == which


@pytest.mark.parametrize(
    ("state", "today", "days"),
    [
        ("closed", date(2027, 2, 1), 0),
        ("closed", date(2027, 2, 2), 1),
        ("decided", date(2027, 3, 1), 28),
        ("open", date(2027, 3, 1), 0),
        ("cancelled", date(2027, 3, 1), 0),
        ("reported_back", date(2027, 3, 1), 0),
    ],
)
def test_it_is_late_by_so_many_days_until_it_is_published(state: str, today: date, days: int) -> None:
    assert promise.overdue(state, {"feedback_on": DAY.isoformat()}, today) == days
    assert promise.overdue(state, {}, today) == 0


def test_nothing_is_promised_and_nobody_reminded() -> None:
    assert not promise.due(None, DAY, ())


def test_each_of_those_who_look_after_it_gets_each_reminder_once(house: House) -> None:
    for name, role, service in (("Ada", "organiser", "library"), ("Cyd", "manager", "*"), ("Eve", "manager", "bus7")):
        staff(house, name, role, service)
    code = house.need(record=RECORD | {"feedback_on": "2027-02-01"}).code
    house.rounds.close(code)
    assert house.sweeps.promises() == 0
    for days, which in ((41, "four_weeks"), (25, "one_week"), (5, "overdue")):
        house.clock.forward(days=days)
        assert [house.sweeps.promises(), house.sweeps.promises()] == [1, 0]
        assert house.rounds.log(code)[-1].why == which
    for name, told in (("Ada", 3), ("Cyd", 3), ("Eve", 0)):
        texts = [each.text for each in house.said(name)]
        assert len(texts) == told
        assert all("1 February 2027" in text and f"/manage/rounds/{code}" in text for text in texts)
    assert house.rounds.prove(code).whole


def test_where_nobody_can_be_reminded_whoever_runs_the_bot_hears_it_once_and_who_comes_later_is_reminded(
    house: House,
) -> None:
    staff(house, "Olga", "operator", "*")
    code = house.need(record=RECORD | {"feedback_on": "2027-02-01"}).code
    house.rounds.close(code)
    house.clock.forward(days=41)
    assert [house.sweeps.promises(), house.sweeps.promises()] == [0, 0]
    assert house.rounds.log(code)[-1].what == "closed"
    (told,) = (each.text for each in house.said("Olga"))
    assert "1 February 2027, and nobody who looks after it can be reminded" in told
    staff(house, "Ada", "organiser", "library")
    assert [house.sweeps.promises(), house.sweeps.promises()] == [1, 0]
    assert house.rounds.log(code)[-1].why == "four_weeks"
    assert len(house.said("Ada")) == 1


async def test_a_promise_is_brought_to_mind_by_day_in_the_zone_of_each(house: House) -> None:
    staff(house, "Ada", "organiser", "library")
    staff(house, "Bea", "organiser", "library")
    with house.database.transaction() as db:
        who = house.contact("Bea").person_id
        db.execute(update(tables.people).where(tables.people.c.id == who).values(zone="Asia/Kathmandu"))
    code = house.need(record=RECORD | {"feedback_on": "2027-02-01"}).code
    house.rounds.close(code)
    house.clock.now = datetime(2027, 1, 4, 0, 5, tzinfo=UTC)
    assert house.sweeps.promises() == 1

    async def came(hour: int, minute: int = 0) -> list[str]:
        house.clock.now = house.clock.now.replace(hour=hour, minute=minute)
        return sorted(one.address for one in await house.delivered() if one.key.startswith("due."))

    assert await came(3, 14) == []
    assert await came(3, 15) == ["Bea"]
    assert await came(8, 59) == ["Bea"]
    assert await came(9) == ["Ada", "Bea"]


def test_once_the_result_is_published_nobody_is_reminded(house: House) -> None:
    staff(house, "Ada", "organiser", "library")
    code = house.need(record=RECORD | {"feedback_on": "2027-02-01"}).code
    house.rounds.close(code)
    house.rounds.report_back(code, {"en": "We open.", "es": "Abrimos."}, signed="Ada Ames")
    house.clock.forward(days=90)
    assert house.sweeps.promises() == 0


def staff(house: House, name: str, role: str, service: str) -> None:
    """Let somebody with a role be reachable."""
    with house.database.transaction() as db:
        person = people.add(db, name, "en", house.clock())
        people.grant(db, person.id, role, service, house.clock())
        hash_ = house.keys.address_hash("pigeon", name)
        new = NewContact("pigeon", hash_, house.keys.seal(name), "en", house.clock(), person.id)
        contacts.add(db, [new])
