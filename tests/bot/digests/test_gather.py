"""Themes as a digest and its actions are told of them, from a real database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.actions import subjects
from bot.digests import apart
from bot.digests.gather import gather
from bot.digests.headlines import headlines
from bot.digests.model import Reason
from bot.digests.render import items
from bot.digests.sides import of_bank
from bot.digests.summarise import summarise
from bot.digests.weeks import Week
from bot.quoting import Quoting
from bot.reading.private import Finder
from bot.texts import texts
from bot.themes.starter import codes
from flows.catalog import Catalog
from storage import answers, tables, themes
from storage.sides import NO_SIDES
from storage.themes import MANAGER, PROPOSAL, Sorted
from tests.bot.digests.material import scope as sample_scope
from tests.storage.makers import DAY, NOW, add_round, answer, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.answers import AnswerRow
    from storage.database import Database
    from storage.rounds import RoundRow

PLACE = ZoneInfo("UTC")
WEEK = Week.of(NOW, PLACE)
MONDAY = WEEK.ends(PLACE)
BANK = Catalog.load().bank
HEADLINES, SIDES = headlines(BANK), of_bank(BANK)


class Told(NamedTuple):
    """A theme on one side of the scale."""

    theme: str
    good: bool
    people: int


def heard(db: Connection) -> list[Told]:
    found = gather(db, "library", WEEK, PLACE, Quoting(Finder()), SIDES).heard
    return [Told(one.theme, one.good, one.people) for one in found if one.people]


def theme(db: Connection, key: str, origin: str = MANAGER) -> int:
    themes.add(db, "library", [(key, {"en": key})], origin, NOW)
    found = themes.by_key(db, "library", key)
    assert found is not None
    return found.id


def say(db: Connection, rows: Sequence[AnswerRow], about: int) -> None:
    """Keep answers in their order, and sort those texts into a theme that are in none."""
    answers.append(db, rows)
    known = select(tables.text_themes.c.answer_id)
    new = select(tables.answers.c.id).where(tables.answers.c.verb == "ask", tables.answers.c.id.not_in(known))
    ids = list(db.execute(new).scalars())
    themes.keep(db, [themes.Reading(one, "library", None, "en", "test", NOW) for one in ids])
    themes.settle(db, themes.revision(db, "library"), ids, [Sorted(one, about, 0.9) for one in ids])


@pytest.mark.parametrize(("origin", "people"), [(MANAGER, 6), (PROPOSAL, 0)])
def test_a_theme_nobody_has_confirmed_is_in_no_digest_and_not_acted_on(
    database: Database, origin: str, people: int
) -> None:
    with database.transaction() as db:
        of = add_round(db)
        say(db, [text(of, "a long wait", b"%d" % n) for n in range(6)], theme(db, "wait", origin))
        assert sum(one.people for one in heard(db)) == people
        assert len(subjects.of(db, "library", [], WEEK.span(PLACE), 5, "en", NO_SIDES)) == bool(people)


def test_a_starter_code_has_its_name_in_whatever_language_the_digest_is_read(database: Database) -> None:
    code = codes(("en", "es"))[0]
    with database.transaction() as db:
        themes.add(db, "library", [(code.key, code.names)], themes.STARTER, NOW)
        about = themes.by_key(db, "library", code.key)
        assert about
        of = add_round(db)
        say(db, [text(of, "a long wait", b"%d" % n) for n in range(6)], about.id)
        name = gather(db, "library", WEEK, PLACE, Quoting(Finder()), SIDES).heard[0].name
    assert name["fr"] == codes(("fr",))[0].names["fr"]


KEEP = "Please keep the small library in Mill Lane open on Saturdays, our children need it very much{} thanks"


def flood(db: Connection, of: RoundRow, people: int, about: int, at: datetime = NOW) -> None:
    """Let so many people send nearly the same words, all of them of a poor score."""
    for n in range(people):
        answers.append(db, [answer(of, b"sent %d" % n, choice="1", at=at)])
    say(db, [text(of, KEEP.format("!" * (n % 9)), b"sent %d" % n, at) for n in range(people)], about)


@pytest.mark.parametrize("own", [0, 6])
def test_an_organised_campaign_stands_beside_the_themes_and_drives_no_alert(database: Database, own: int) -> None:
    with database.transaction() as db:
        of = add_round(db)
        wait, hours = theme(db, "wait"), theme(db, "hours")
        people = [b"%d" % n for n in range(8)]
        answers.append(db, [answer(of, who, choice="2") for who in [*people, *(b"silent %d" % n for n in range(6))]])
        say(db, [text(of, f"I waited for {who!r} minutes", who) for who in people], wait)
        say(db, [text(of, f"Closed again at {n}", b"%d" % n) for n in range(own)], hours)
        flood(db, of, 300, hours)
    apart.seek(database, "library", WEEK, PLACE, 5, MONDAY)
    with database.reading() as db:
        counted = gather(db, "library", WEEK, PLACE, Quoting(Finder()), SIDES)
    assert counted.campaigns == (300,)
    told = summarise(counted, replace(sample_scope(WEEK), zone=PLACE, headlines=HEADLINES), MONDAY)
    assert told is not None
    assert told.foot is not None
    assert (told.foot.campaigns, told.foot.senders) == (1, 300)
    assert [each for each in told.alerts if each.reason is Reason.DOUBLED] == []
    assert not told.more_problems
    lines = items.problems(told, texts("en"))
    assert lines[0].startswith("1. wait: 8 people.")
    assert all("Mill Lane" not in line for line in lines)
    if own:
        assert lines[1].startswith("2. hours: 6 people, + 300 people in one organised campaign.")
    else:
        assert len(lines) == 1
        assert "Campaigns about: hours." in items.foot(told, texts("en"))


def test_a_campaign_has_one_lot_however_many_send_it(database: Database) -> None:
    """Drawn once for each sender, the words of 60 came first in nearly every week, among 20 others."""
    weeks = [WEEK.back(-n) for n in range(12)]
    with database.transaction() as db:
        of, hours = add_round(db), theme(db, "hours")
        for n, _ in enumerate(weeks):
            at = NOW + 7 * n * DAY
            own = [text(of, f"My own words, {n} {m}", b"%d %d" % (n, m), at, quotable=True) for m in range(20)]
            say(db, own, hours)
            sent = [text(of, KEEP.format("!" * (m % 9)), b"sent %d %d" % (n, m), at, quotable=True) for m in range(60)]
            answers.append(db, sent)
    places = []
    for week in weeks:
        apart.seek(database, "library", week, PLACE, 5, week.ends(PLACE) + DAY)
        with database.reading() as db:
            said = [one.text for one in gather(db, "library", week, PLACE, Quoting(Finder()), SIDES).said]
        assert len(said) == 21
        (place,) = (n for n, one in enumerate(said) if "Mill Lane" in one)
        places.append(place)
    assert sum(place == 0 for place in places) <= 2
    assert max(places) > 10


def test_a_campaign_of_the_week_before_does_not_hide_that_a_theme_doubled(database: Database) -> None:
    """Both weeks are told without campaigns; searching them twice finds nothing more."""
    with database.transaction() as db:
        of, hours = add_round(db), theme(db, "hours")
        flood(db, of, 40, hours, NOW - 7 * DAY)
        say(db, [text(of, f"My own words of {n}", b"%d" % n) for n in range(12)], hours)
        answers.append(db, [answer(of, b"silent %d" % n) for n in range(6)])
    for _ in range(2):
        apart.seek(database, "library", WEEK, PLACE, 5, MONDAY)
    with database.reading() as db:
        counted = gather(db, "library", WEEK, PLACE, Quoting(Finder()), SIDES)
    assert [(one.people, one.people_before, one.organised) for one in counted.heard if not one.good] == [(12, 0, 0)]
    told = summarise(counted, replace(sample_scope(WEEK), zone=PLACE, headlines=HEADLINES), MONDAY)
    assert told is not None
    assert [each.count for each in told.alerts if each.reason is Reason.DOUBLED] == [12]


def test_a_theme_tells_its_share_its_change_and_where_it_is_raised_more_often(database: Database) -> None:
    with database.transaction() as db:
        of, wait, rest = add_round(db), theme(db, "wait"), theme(db, "rest")
        for back in range(1, 5):
            at = NOW - 7 * back * DAY
            say(db, [text(of, f"A wait of {n}", b"w%d.%d" % (back, n), at) for n in range(5)], wait)
            say(db, [text(of, f"A word of {n}", b"r%d.%d" % (back, n), at) for n in range(45)], rest)
        for n in range(60):
            area = "north" if n < 18 else "south"
            answers.append(db, [answer(of, b"%d" % n, "area", item="you.area", choice=area)])
        say(db, [text(of, f"A wait of {n}", b"%d" % n) for n in range(20)], wait)
        say(db, [text(of, f"A word of {n}", b"%d" % n) for n in range(20, 60)], rest)
        areas = {"north": {"en": "Northgate"}, "south": {"en": "Southside"}}
        counted = gather(db, "library", WEEK, PLACE, Quoting(Finder()), SIDES, ({}, areas))
    told = summarise(counted, replace(sample_scope(WEEK), zone=PLACE, headlines=HEADLINES), MONDAY)
    assert told is not None
    found = next(each for each in told.problems if each.key == "wait")
    assert (found.share.part, found.share.base, found.before) == (20, 60, 5)
    assert found.change is not None
    assert (found.change.before.part, found.change.before.base, found.change.real) == (20, 200, True)
    (line,) = (each for each in items.problems(told, texts("en")) if "wait:" in each)
    assert (
        "20 people, 33% of those who wrote (range 23–46), 5 the week before, more than in the last 4 weeks (10%)"
        in line
    )
    assert "most often from “Northgate”" in line
    other = next(each for each in told.problems if each.key == "rest")
    assert other.area == {"en": "Southside"}


def test_what_somebody_scored_long_ago_says_nothing_of_what_they_write_now(database: Database) -> None:
    with database.transaction() as db:
        of, wait = add_round(db), theme(db, "wait")
        answers.append(db, [answer(of, at=NOW - 120 * DAY, choice="5")])
        say(db, [answer(of, choice="1"), text(of, "a long wait")], wait)
        assert heard(db) == [("wait", False, 1)]


def test_who_comes_twice_in_a_week_counts_once_and_as_they_scored_last(database: Database) -> None:
    with database.transaction() as db:
        of, wait = add_round(db), theme(db, "wait")
        say(db, [answer(of, at=NOW - DAY, choice="5"), text(of, "quick", at=NOW - DAY)], wait)
        say(db, [answer(of, choice="4"), text(of, "as quick")], wait)
        say(db, [answer(of, b"ben", choice="2"), text(of, "slow", b"ben")], wait)
        assert heard(db) == [("wait", False, 1), ("wait", True, 1)]
