"""Themes as a digest and its actions are told of them, from a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.actions import subjects
from bot.digests.gather import gather
from bot.digests.headlines import headlines
from bot.digests.weeks import Week
from bot.reading.private import Finder
from flows.catalog import Catalog
from storage import answers, tables, themes
from storage.themes import MANAGER, PROPOSAL, Sorted
from tests.storage.makers import DAY, NOW, add_round, answer, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.answers import AnswerRow
    from storage.database import Database

PLACE = ZoneInfo("UTC")
WEEK = Week.of(NOW, PLACE)
HEADLINES = headlines(Catalog.load().bank)


class Told(NamedTuple):
    """A theme on one side of the scale."""

    theme: str
    good: bool
    people: int


def heard(db: Connection) -> list[Told]:
    found = gather(db, "library", WEEK, PLACE, Finder(), HEADLINES).heard
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
    themes.settle(db, themes.revision(db, "library"), ids, [Sorted(one, about, 0.9) for one in ids])


@pytest.mark.parametrize(("origin", "people"), [(MANAGER, 6), (PROPOSAL, 0)])
def test_a_theme_nobody_has_confirmed_is_in_no_digest_and_not_acted_on(
    database: Database, origin: str, people: int
) -> None:
    with database.transaction() as db:
        of = add_round(db)
        say(db, [text(of, "a long wait", b"%d" % n) for n in range(6)], theme(db, "wait", origin))
        assert sum(one.people for one in heard(db)) == people
        assert len(subjects.of(db, "library", [], WEEK.span(PLACE), 5, "en")) == bool(people)


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
