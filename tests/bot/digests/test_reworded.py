"""A question that is worded otherwise goes into the trend with a word, and no change is told across it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.digests import render, reworded
from bot.digests.model import Reason
from bot.texts import languages, texts
from storage import answers, flow_versions
from tests.bot.digests.test_apart import CATALOG, MONDAY, NOON, crowd, desk, digest, library
from tests.storage import makers

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.digests.writing import Digests
    from bot.rounds.library import Library
    from storage.database import Database
    from storage.rounds import RoundRow

__all__ = ["desk", "library"]
ENGLISH = "Overall, how was your experience with {service} this time?"


def published(db: Connection, version: int, english: str) -> RoundRow:
    """A round of a version whose question is asked in these words."""
    flow = CATALOG.get("deliver_pulse", 1)
    files, _ = CATALOG.bundle(flow)
    source = {
        name: text.replace(ENGLISH, english).replace("\nversion = 1\n", f"\nversion = {version}\n")
        for name, text in files.items()
    }
    flow_versions.publish(db, "deliver_pulse", version, str(version), json.dumps(source), MONDAY)
    return makers.add_round(db, f"v{version}", flow="deliver_pulse", version=version)


@pytest.mark.parametrize(
    ("english", "weeks", "since"), [(ENGLISH, 1, ""), ("Are you happy?", 1, "W35"), ("Hm?", 3, "W33")]
)
def test_no_change_is_told_against_weeks_in_which_it_was_asked_in_other_words(
    database: Database, desk: Digests, english: str, weeks: int, since: str
) -> None:
    with database.transaction() as db:
        old, new = makers.add_round(db, flow="deliver_pulse"), published(db, 9, english)
        for back in range(6):
            at = NOON - timedelta(days=7 * back)
            of, good = (new, 30) if back < weeks else (old, 78)
            answers.append(db, crowd(of, f"{back}", good, 80 - good, at))
        made = digest(db, desk)
    (score,) = made.scores
    assert score.reworded == (since and f"2022-{since}")
    assert len(score.weeks) == 9
    told = {language: render.message(made, texts(language)) for language in languages()}
    if not since:
        assert [each.reason for each in made.alerts] == [Reason.FELL]
        return
    assert made.alerts == ()
    assert (score.change is None) == (weeks == 1)
    if score.change:
        assert (score.change.before.base, score.change.real) == (160, False)
    number = str(int(since[1:]))
    assert f"worded otherwise before week {number}: those weeks are not compared." in told["en"]
    assert "Too few answers in the last 4 weeks" not in told["en"]
    assert all(number in each and "{" not in each for each in told.values())


def test_what_cannot_be_read_or_is_asked_in_another_language_alone_says_nothing(
    database: Database, library: Library, desk: Digests
) -> None:
    with database.transaction() as db:
        gone, old = makers.add_round(db, "gone"), makers.add_round(db, "old", flow="deliver_pulse")
        weeks = [
            ("2022-W33", {gone.id}),
            ("2022-W34", {old.id}),
            ("2022-W35", {gone.id, old.id}),
            ("2022-W36", set[int]()),
        ]
        assert reworded.since(db, library, desk._headlines, weeks) == {}


def test_two_wordings_side_by_side_are_the_same_in_each_week_that_has_both(
    database: Database, library: Library, desk: Digests
) -> None:
    with database.transaction() as db:
        one, two = published(db, 8, "How was it?"), published(db, 9, "Was it good?")
        both = {one.id, two.id}
        for first, since in (({one.id}, "2022-W34"), (both, None)):
            weeks = [("2022-W33", first), ("2022-W34", both), ("2022-W35", both)]
            found = reworded.since(db, library, desk._headlines, weeks)
            assert found.get("del.overall") == since
