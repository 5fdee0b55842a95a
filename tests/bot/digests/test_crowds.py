"""Far more people than usual within an hour are told of, and short words they share are a campaign: from a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.digests import crowds, render
from bot.digests.model import Burst, dump, load, published
from bot.digests.render import items
from bot.rounds import organised
from bot.texts import languages, texts
from storage import answers, campaigns, digests
from storage.digests import DigestRow
from storage.tables import invitations
from tests.bot.digests.test_writing import MONDAY, SERVICE, WEEK, desk, hire, sample
from tests.storage import makers

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.digests.model import Digest
    from bot.digests.writing import Digests
    from storage.database import Database
    from storage.rounds import RoundRow

__all__ = ["desk"]
ZONE = sample().city.zone
EVENING = datetime(2022, 8, 30, 18, 5, tzinfo=UTC)
"""Tuesday of the week."""
SHORT = "Close the pool at once!"


def come(db: Connection, of: RoundRow, at: datetime, people: int, words: str = "", **facts: Any) -> None:
    """So many people answer from a moment on, one a second."""
    for n in range(people):
        who, moment = f"{at} {n} {words}".encode(), at + timedelta(seconds=n)
        told: dict[str, Any] = {"choice": "1" if words else "5", "score": 1.0 if words else 5.0, **facts}
        said = [makers.answer(of, who, at=moment, **told)]
        said += [makers.text(of, words, who, moment, quotable=True)] if words else []
        answers.append(db, said)


def usual(db: Connection, of: RoundRow, weeks: int = 5, people: int = 12) -> None:
    """So many come in each of the weeks, this one the last: two a day at different hours."""
    for back in range(weeks):
        for n in range(people):
            hours = timedelta(days=n // 2, hours=9 + 7 * (n % 2), minutes=n)
            come(db, of, WEEK.back(back).begins(ZONE) + hours, 1)


def made(database: Database, desk: Digests, now: datetime = MONDAY) -> Digest:
    desk.prepare(database, SERVICE, WEEK, now)
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, now)
    assert digest is not None
    return digest


def burst(digest: Digest) -> Burst | None:
    return digest.foot.burst if digest.foot else None


def test_a_burst_is_told_and_short_words_its_people_share_are_counted_apart(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        usual(db, of)
        come(db, of, EVENING, 60, SHORT)
        come(db, of, EVENING + timedelta(days=2), 1, SHORT)
    digest = made(database, desk)
    assert burst(digest) == Burst(EVENING.date(), 1, 73, 60)
    assert digest.foot is not None
    assert (digest.foot.campaigns, digest.foot.senders) == (1, 60), "who came at another time is in none"
    assert [score.positive.base for score in digest.scores] == [13], "nor are their scores in a share"
    assert digest.who.new == 73, "nobody is deleted"
    said = render.message(digest, texts("en"))
    assert "At least 60 of 73 people answered within one hour on 30 August: look whether it was organised." in said
    with database.reading() as db:
        assert organised.told(organised.found(db, of.id, 5), 5) == organised.Organised(1, 60, 60)
        assert organised.so_far(db, of.id, 5) == organised.Organised(1, 60, 60)
        assert set(organised.copies(db, of.id, 5).values()) == {1}


def test_short_words_without_a_burst_are_no_campaign(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        usual(db, of)
        for n in range(40):
            come(db, of, WEEK.begins(ZONE) + timedelta(hours=4 * n), 1, SHORT)
    digest = made(database, desk)
    assert digest.foot is not None
    assert (burst(digest), digest.foot.campaigns) == (None, 0)


@pytest.mark.parametrize(("which", "hours", "told"), [
    ("invitation", 2, False), ("reminder", 23, False), ("again.220829", 5, False),
    ("invitation", 25, True), ("report_back", 2, True), ("invitation", -1, True),
])  # fmt: skip
def test_who_comes_within_a_day_after_the_bot_wrote_is_expected(
    database: Database, desk: Digests, which: str, hours: int, *, told: bool
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        usual(db, of)
        come(db, of, EVENING, 60, SHORT)
        at = EVENING - timedelta(hours=hours)
        db.execute(invitations.insert().values(round_id=of.id, contact_id=None, which=which, created_at=at))
    assert (burst(made(database, desk)) is not None) is told


def test_a_letter_of_one_round_explains_no_burst_in_another_nor_hides_one_of_a_later_week(
    database: Database, desk: Digests
) -> None:
    """Whom the bot called is no measure of what is usual either."""
    with database.transaction() as db:
        of, other = makers.add_round(db), makers.add_round(db, "other")
        usual(db, of)
        before = EVENING - timedelta(days=7)
        for round_id, at in ((other.id, EVENING), (of.id, before)):
            letter = {"round_id": round_id, "which": "invitation", "created_at": at - timedelta(hours=2)}
            db.execute(invitations.insert().values(contact_id=None, **letter))
        come(db, of, before, 80)
        come(db, of, EVENING, 60)
    told = burst(made(database, desk))
    assert told is not None
    assert told.people == 60


@pytest.mark.parametrize("channel", ["paper", "phone", "desk"])
def test_what_staff_enter_in_one_go_is_none(database: Database, desk: Digests, channel: str) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        usual(db, of)
        come(db, of, EVENING, 60, channel=channel)
    assert burst(made(database, desk)) is None


@pytest.mark.parametrize(("others", "people"), [(0, None), (1, None), (4, None), (5, 60), (9, 60)])
def test_who_did_not_come_in_it_is_never_fewer_than_the_minimum(
    database: Database, desk: Digests, others: int, people: int | None
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        for back in range(1, 5):
            come(db, of, WEEK.back(back).begins(ZONE) + timedelta(hours=back), 6)
        come(db, of, EVENING, 63)
        for n in range(others):
            come(db, of, EVENING + timedelta(hours=10 + 9 * n), 1)
    digest = made(database, desk)
    assert burst(digest) == Burst(EVENING.date(), 1, 63 + others, people)
    nearly = "Nearly all of" in render.message(digest, texts("en"))
    assert nearly is (people is None)


def test_too_few_weeks_before_and_the_running_week_tell_of_none(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        usual(db, of, weeks=3)
        come(db, of, EVENING, 60)
    assert burst(made(database, desk)) is None
    with database.transaction() as db:
        usual(db, makers.add_round(db, "other"))
    with database.reading() as db:
        running = desk.of_week(db, SERVICE, WEEK, EVENING + timedelta(days=1))
    assert running is not None
    assert burst(running) is None


def test_it_is_told_as_it_was_first(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        person = hire(db, "telegram")
        of = makers.add_round(db)
        usual(db, of)
        come(db, of, EVENING, 60)
    first = made(database, desk)
    with database.transaction() as db:
        digests.write(db, DigestRow(person, SERVICE, str(WEEK), MONDAY, dump(first), 1))
        come(db, of, EVENING + timedelta(minutes=2), 30, channel="web")
    again = made(database, desk)
    assert burst(again) == burst(first) == Burst(EVENING.date(), 1, 72, 60)
    assert dump(again) == dump(first)
    assert burst(load(published(first)) or again) == burst(first)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("people", [60, None])
@pytest.mark.parametrize("hours", [1, 3, 6])
def test_every_language_says_how_many_when_and_what_to_do(language: str, people: int | None, hours: int) -> None:
    words = texts(language)
    said = items.burst(Burst(EVENING.date(), hours, 73, people), words)
    assert words.number(73) in said
    assert words.day(EVENING.date()) in said
    assert people is None or words.number(people) in said
    assert "{" not in said


def test_a_burst_is_sought_in_the_hours_of_the_place(database: Database) -> None:
    """The week begins at midnight in the place: an hour before it is the week before."""
    with database.transaction() as db:
        of = makers.add_round(db)
        usual(db, of)
        come(db, of, WEEK.begins(ZONE) - timedelta(minutes=30), 60)
    with database.reading() as db:
        this, last = (crowds.of_week(db, SERVICE, week, ZONE, 5) for week in (WEEK, WEEK.back(1)))
        assert campaigns.texts_of_round(db, of.id) == {}
    assert this == []
    assert [len(each.who) for each in last] == [60]
