"""The gap from a real database, once more with plain loops: in its owner's digest alone, and the same a year later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.assessing.gap import Placed
from bot.assessing.items import ITEMS
from bot.assessing.perception import Field
from bot.digests.model import dump, load
from bot.digests.weeks import Week
from storage import answers, assessments, digests, people, rounds, tables
from storage.assessments import Level, Prediction
from tests.bot.test_threads import employed
from tests.storage import makers

if TYPE_CHECKING:
    from bot.digests.model import Digest
    from storage.rounds import RoundRow
    from tests.support.house import House

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)
EASE = {"5": 10, "4": 5, "3": 5, "2": 20, "1": 10, "na": 3}
"""How many people found it how easy."""


def row_of(house: House, code: str) -> RoundRow:
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
    assert row is not None
    return row


def said(house: House, row: RoundRow, good: int, bad: int, *, at: datetime | None = None) -> None:
    """Let so many people say that it was good, and that it was poor."""
    moment = at or house.clock()
    choices = ["4"] * good + ["2"] * bad
    people_ = [f"{moment} {n}".encode() for n in range(len(choices))]
    with house.database.transaction() as db:
        answers.append(
            db,
            [makers.answer(row, who, at=moment, choice=one) for who, one in zip(people_, choices, strict=True)],
        )


async def expected(house: House, name: str, percent: int, code: str) -> int:
    """Employ a manager who expects so much; return who it is."""
    await employed(house, name, ("manager", "library"))
    with house.database.transaction() as db:
        person = next(each.id for each in people.everyone(db) if each.name == name)
        row = rounds.by_code(db, code)
        assert row is not None
        assessments.predict(db, Prediction(row.id, person, percent, house.clock()))
    return person


def assessed(house: House, person: int, level: int, top: tuple[str, ...] = ()) -> None:
    with house.database.transaction() as db:
        form = assessments.begin(db, person, "library", None, house.clock())
        levels = {item.id: Level(level, "shown.pdf") for item in ITEMS}
        assessments.finish(db, form, levels, top, house.clock())


def digest_of(house: House, person: int, period: str = "2026-W48") -> Digest:
    with house.database.reading() as db:
        row = digests.find(db, person, "library", period)
    found = load(row.body) if row else None
    assert found is not None
    return found


async def test_the_digest_tells_its_owner_what_they_expected_and_nobody_else(house: House) -> None:
    code = house.pulse().code
    max_, mia = await expected(house, "Max", 85, code), await expected(house, "Mia", 60, code)
    await employed(house, "Nora", ("manager", "library"))
    said(house, row_of(house, code), 34, 16)
    house.clock.now = MONDAY
    house.digests.sweep(house.database, MONDAY)
    gap = digest_of(house, max_).gap
    assert gap is not None
    (told,) = gap.foretold
    assert (told.predicted, told.percent, told.base, told.points, told.low, told.high) == (85, 68, 50, 17, 6, 31)
    assert (gap.quarter, gap.calibration, gap.before) == ("2026-Q4", 17, None)
    other = digest_of(house, mia).gap
    assert other is not None
    assert other.foretold[0].points == -8
    with house.database.reading() as db:
        nora = next(each.id for each in people.everyone(db) if each.name == "Nora")
    assert digest_of(house, nora).gap is None
    texts = [row.body for row in house.table("outbox") if row.key.startswith(f"digest:{max_}:")]
    assert any("17 points too optimistic" in body for body in texts)


async def test_a_base_under_ten_tells_nothing_and_under_thirty_only_an_indication(house: House) -> None:
    code = house.pulse().code
    max_ = await expected(house, "Max", 85, code)
    row = row_of(house, code)
    said(house, row, 5, 4)
    with house.database.reading() as db:
        assert (
            house.digests.assessments.gap(db, max_, "library", Week(2026, 48), house.config.city.zone, MONDAY) is None
        )
    said(house, row, 5, 6, at=house.clock() + timedelta(days=7))
    later = MONDAY + timedelta(days=7)
    with house.database.reading() as db:
        gap = house.digests.assessments.gap(db, max_, "library", Week(2026, 49), house.config.city.zone, later)
    assert gap is not None
    (told,) = gap.foretold
    assert (told.base, told.percent, told.indication) == (11, 45, True), "nine people wait until they may be told"


@pytest.mark.parametrize(
    ("weeks", "gaps"),
    [
        ([(25, 10)] * 3, [(35, 71), (70, 71), (105, 71)]),
        ([(5, 4), (5, 4), (5, 4), (25, 10)], [None, (18, 56), (18, 56), (53, 66)]),
    ],
)
async def test_who_left_after_a_week_was_told_shows_in_no_later_gap(
    house: House, weeks: list[tuple[int, int]], gaps: list[tuple[int, int] | None]
) -> None:
    """A week counts as it was told first, weeks of few people as they were told together; on the page, too."""
    code = house.pulse().code
    max_ = await expected(house, "Max", 85, code)
    row, zone = row_of(house, code), house.config.city.zone
    told = []
    for n, (good, bad) in enumerate(weeks):
        said(house, row, good, bad)
        house.clock.now = MONDAY + timedelta(days=7 * n)
        house.digests.sweep(house.database, house.clock())
        gap = digest_of(house, max_, str(Week.of(house.clock(), zone).back(1))).gap
        told.append((gap.foretold[0].base, gap.foretold[0].percent) if gap and gap.foretold else None)
        with house.database.transaction() as db:
            chose = select(tables.answers.c.pseudonym).where(tables.answers.c.choice == "42"[n % 2])
            who = db.execute(chose.order_by(tables.answers.c.id).limit(1)).scalar_one()
            assert not told[-1] or answers.forget(db, row.id, who, house.clock(), closed=False, anew=bytes(16))
    assert told == gaps
    with house.database.reading() as db:
        week = Week.of(house.clock(), zone).back(1)
        page = house.digests.assessments.gap(db, max_, "library", week, zone, house.clock())
    assert page is not None
    assert (page.foretold[0].base, page.foretold[0].percent) == told[-1]


@pytest.mark.parametrize(("people", "few"), [(29, True), (30, False)])
async def test_a_blind_spot_that_few_people_made_is_an_indication(house: House, people: int, few: bool) -> None:
    code = house.pulse().code
    max_ = await expected(house, "Max", 85, code)
    row = row_of(house, code)
    assessed(house, max_, 3)
    facts = {"item": "del.ease", "choice": "1", "score": None}
    with house.database.transaction() as db:
        answers.append(db, [makers.answer(row, bytes([n]), "ease", house.clock(), **facts) for n in range(people)])
    with house.database.reading() as db:
        gap = house.digests.assessments.gap(db, max_, "library", Week(2026, 48), house.config.city.zone, MONDAY)
    assert gap is not None
    assert gap.fields == (Placed("deliver", Field.BLIND_SPOT, few),)


async def test_practice_and_experience_are_those_of_plain_loops(house: House) -> None:
    code = house.pulse().code
    max_ = await expected(house, "Max", 85, code)
    row = row_of(house, code)
    assessed(house, max_, 3, ("SA10",))
    with house.database.transaction() as db:
        number = 0
        for choice, count in EASE.items():
            for _ in range(count):
                number += 1
                facts = {"item": "del.ease", "choice": choice, "score": None}
                answers.append(db, [makers.answer(row, bytes([number]), "ease", house.clock(), **facts)])
    worth, base = 0, 0
    for choice, count in EASE.items():
        if choice != "na":
            worth += (int(choice) - 1) * 25 * count
            base += count
    assert worth / base < 60
    with house.database.reading() as db:
        gap = house.digests.assessments.gap(db, max_, "library", Week(2026, 48), house.config.city.zone, MONDAY)
    assert gap is not None
    assert gap.fields == (Placed("deliver", Field.BLIND_SPOT),)
    (rated,) = gap.top
    assert rated.item == "SA10"
    assert rated.index is not None
    assert rated.index % 5 == 0
    assert abs(rated.index - worth / base) <= 2.5


async def test_the_gap_of_a_week_is_the_same_a_year_later(house: House) -> None:
    code = house.pulse().code
    max_ = await expected(house, "Max", 85, code)
    said(house, row_of(house, code), 34, 16)
    assessed(house, max_, 1)
    zone = house.config.city.zone
    with house.database.reading() as db:
        before = house.digests.assessments.gap(db, max_, "library", Week(2026, 48), zone, MONDAY)
    house.clock.now = MONDAY + timedelta(days=365)
    assessed(house, max_, 4)
    said(house, row_of(house, code), 40, 9)
    with house.database.reading() as db:
        after = house.digests.assessments.gap(db, max_, "library", Week(2026, 48), zone, MONDAY)
        digest = house.digests.of_week(db, "library", Week(2026, 48), MONDAY)
    assert before == after
    assert before is not None
    assert digest is not None
    assert load(dump(digest)) == digest
