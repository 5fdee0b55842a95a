"""Digests from a real database, written once and queued for every address of a manager."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from itertools import combinations
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import delete, select, update

from bot import config as configuration
from bot import doctor, letters
from bot.digests import gather
from bot.digests.disclosure import Strength
from bot.digests.headlines import headlines
from bot.digests.model import Form, Tick, dump, load
from bot.digests.render.book import xlsx
from bot.digests.render.items import foot
from bot.digests.render.told import page
from bot.digests.summarise import Headline
from bot.digests.weeks import Week
from bot.digests.writing import Delay, Digests, delay, files, page_url, refused, unreached
from bot.erasure import policy_of
from bot.errors import Refused
from bot.jobs.sweeps import Sweeps
from bot.metrics import Metrics
from bot.rounds.library import Library
from bot.texts import texts
from flows.catalog import Catalog
from storage import actions, alarms, answers, contacts, crossings, digests, people, retention, themes
from storage import outbox as sending
from storage import rounds as storage_rounds
from storage.actions import NewAction, Origin
from storage.retention import Policy
from storage.tables import digests as kept_digests
from storage.tables import outbox, rounds, weeks
from tests.bot.digests import slow
from tests.bot.digests.material import One
from tests.journeys.data import expected, feedback
from tests.storage import makers
from tests.support.house import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.model import Digest
    from bot.digests.schedule import Due
    from storage.actions import Action
    from storage.answers import AnswerRow
    from storage.database import Database
    from storage.rounds import RoundRow

SERVICE = "library"
WEEK = Week(2022, 35)
ZONE = "Europe/London"
MONDAY = datetime(2022, 9, 5, 7, 0, tzinfo=UTC)
"""Eight o'clock in London in summer."""


@cache
def sample() -> Config:
    plain = configuration.load(None, {})
    return replace(plain, city=replace(plain.city, time_zone=ZONE))


CATALOG = Catalog.load()


@pytest.fixture
def desk() -> Digests:
    return Digests(sample(), CATALOG.bank, Library(sample(), CATALOG, makers.KEYS))


def noon(day: date, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(seconds=second)


def rows(round_: RoundRow, number: int, one: One) -> list[AnswerRow]:
    """One person's answers as the loop keeps them."""
    who, moment = f"person {number}".encode(), noon(one.on, number)
    score = None if one.choice == "na" else float(one.choice)
    facts: dict[str, Any] = {"channel": one.channel, "quotable": one.quotable}
    said = [makers.answer(round_, who, at=moment, choice=one.choice, score=score, **facts)]
    why = makers.text(round_, one.text, who, moment, **facts) if one.text else None
    skipped = makers.answer(round_, who, "why", moment, verb="ask", choice=None, score=None, skipped=True, item=None)
    return [*said, (why or skipped)._replace(**facts)]


def keep(db: Connection, people_: Iterable[One], code: str = "pulse", **facts: object) -> RoundRow:
    round_ = makers.add_round(db, code, service=SERVICE, **facts)
    answers.append(db, [row for number, one in enumerate(people_) for row in rows(round_, number, one)])
    return round_


def hire(db: Connection, *channels: str, language: str = "en", service: str = SERVICE, name: str = "Ana") -> int:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    person = people.add(db, name, language, since).id
    people.grant(db, person, "manager", service, since)
    for channel in channels:
        new = makers.new_contact(f"{name}@{channel}", channel)
        contacts.add(db, [new._replace(person_id=person, language=language)])
    return person


def real() -> list[One]:
    return [One(each.on, each.option, each.text, quotable=n % 3 > 0) for n, each in enumerate(feedback())]


def queued(db: Connection) -> list[tuple[str, str, int]]:
    wanted = select(outbox.c.channel, outbox.c.body, outbox.c.priority).order_by(outbox.c.id)
    return [(row.channel, row.body, row.priority) for row in db.execute(wanted)]


# --------------------------------------------------------------------------- counting


def test_real_weeks_from_the_database_are_what_pandas_counts_from_the_file(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real())
    with database.reading() as db:
        for name, plain in expected().items():
            digest = desk.of_week(db, SERVICE, Week.parse(name), MONDAY)
            assert digest is not None
            (score,) = digest.scores
            assert digest.who.new == score.positive.base == plain.base
            assert digest.voices.total == plain.texts
            assert score.positive.part == plain.positive or score.positive.band == "over"
    assert digest is not None
    assert digest.who.total == 472


def test_no_words_in_a_digest_lead_to_a_person(database: Database, desk: Digests) -> None:
    """What leads to somebody is masked in the reader's language; a text that may name somebody is left to people."""
    said = (
        "Call me on 07400 123456.",
        "Torres Vidal was rude.",
        "People wait for Xanthe Zorblax there.",
        "Longer hours, please.",
    )
    with database.transaction() as db:
        hire(db, "telegram", language="de", name="Ana Torres Vidal")
        keep(db, [One(WEEK.monday, "5", said[n % 4], quotable=True) for n in range(12)])
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    told = {quote.text for quote in page(digest, texts("de")).quotes}
    assert told == {"„Call me on [Telefonnummer].“", "„[Name] was rude.“", "„Longer hours, please.“"}
    cells = {cell.value for sheet in load_workbook(BytesIO(xlsx(digest, "de"))) for row in sheet.rows for cell in row}
    assert "Call me on [Telefonnummer]." in cells
    assert "123456" not in dump(digest)
    assert "Zorblax" not in dump(digest)


def test_a_campaign_is_counted_apart_and_quoted_once_and_what_was_urgent_is_told(
    database: Database, desk: Digests
) -> None:
    words = "Please keep the swimming pool in Mill Lane open on Sundays, our children need it very much{} thanks"
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, "5", words.format("!" * n), quotable=True) for n in range(23)])
        alarms.sound(db, b"1", SERVICE, noon(WEEK.monday), contact_id=makers.add_contact(db, "c").id)
    desk.prepare(database, SERVICE, WEEK, MONDAY)
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    assert digest.foot is not None
    assert (digest.foot.campaigns, digest.foot.senders) == (1, 23)
    assert len([quote for quote in page(digest, texts("en")).quotes if "swimming pool" in quote.text]) == 1
    assert digest.urgent == 1


def test_a_digest_says_of_how_many_texts_it_was_made_where_not_all_were_read(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third text counts; a campaign is found in the same sample as quotes, old and new, and all of it counts."""
    words = "Please keep the swimming pool in Mill Lane open on Sundays, our children need it very much{} thanks"
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, "5", words.format("!" * n), quotable=True) for n in range(60)])
    monkeypatch.setattr("bot.digests.gather.SAMPLE", 20)
    desk.prepare(database, SERVICE, WEEK, MONDAY)
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    assert digest.foot is not None
    assert (digest.foot.sampled, digest.foot.written, digest.foot.senders) == (20, 60, 60)
    told = foot(digest, texts("en"))
    assert "Quotes and campaigns are from 20 of 60 texts, drawn by lot; themes are from all." in told
    assert len([quote for quote in page(digest, texts("en")).quotes if "swimming pool" in quote.text]) == 1


def test_only_what_stands_and_counts_is_counted(database: Database, desk: Digests) -> None:
    """Neither what was withdrawn, nor what was not handed in, nor another service's, nor what nobody asked to keep."""
    with database.transaction() as db:
        round_ = keep(db, [One(WEEK.monday, "5", "Word")] * 12)
        other = makers.add_round(db, "other", service="street_repair")
        answers.append(db, [row for n in range(9) for row in rows(other, n, One(WEEK.monday, "1"))])
        later = [row._replace(counted_at=None) for row in rows(round_, 90, One(WEEK.monday, "1", "Not yet"))]
        answers.append(db, later)
        answers.withdraw(db, [(round_.id, b"person 0", state) for state in ("overall", "why")], MONDAY)
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    assert (digest.who.new, digest.voices.total, digest.scores[0].positive.base) == (11, 11, 11)


def test_a_digest_is_the_same_text_whether_its_weeks_were_counted_before_or_not(
    database: Database, desk: Digests
) -> None:
    said = [One(WEEK.back(n % 6).monday, str(1 + n % 5), "Word", "web" if n % 3 else "mail") for n in range(150)]
    with database.transaction() as db:
        round_ = keep(db, said)

    def told() -> list[str]:
        with database.reading() as db:
            return [dump(desk.of_week(db, SERVICE, WEEK.back(n), MONDAY)) for n in range(3)]

    plainly = told()
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        assert db.execute(select(weeks.c.ready)).scalars().all() == [True] * 6
    assert told() == plainly
    with database.transaction() as db:
        answers.withdraw(db, [(round_.id, f"person {n}".encode(), "overall") for n in range(2, 150, 12)], MONDAY)
        answers.forget(db, round_.id, b"person 8", MONDAY, closed=False, anew=b"")
    changed = told()
    assert changed != plainly
    with database.transaction() as db:
        db.execute(delete(weeks))
    assert told() == changed


def test_a_manager_of_another_zone_reads_of_the_weeks_of_the_city_at_their_own_hour(
    database: Database, desk: Digests
) -> None:
    """Over the weeks of two zones the same figures would differ by a few people."""
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, "5")] * 6)
        people.change(db, hire(db, "mail"), zone="Pacific/Auckland")
    eight_there, over_here = datetime(2022, 9, 4, 20, tzinfo=UTC), datetime(2022, 9, 4, 23, tzinfo=UTC)
    assert [desk.sweep(database, now) for now in (eight_there, over_here - timedelta(seconds=1), over_here)] == [
        0,
        0,
        1,
    ]
    with database.reading() as db:
        assert set(db.execute(select(weeks.c.since)).scalars()) == {WEEK.begins(sample().city.zone)}


def test_the_last_second_of_sunday_belongs_to_the_week_of_the_place(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        round_ = makers.add_round(db, service=SERVICE)
        end = WEEK.ends(sample().city.zone)
        for number in range(12):
            moment = end - timedelta(seconds=1) if number < 7 else end
            answers.append(db, [makers.answer(round_, f"{number}".encode(), at=moment)])
    with database.reading() as db:
        found = [desk.of_week(db, SERVICE, week, MONDAY) for week in (WEEK, WEEK.back(-1))]
    assert [digest.who.new for digest in found if digest] == [7, 5]


def test_the_clock_reads_the_rounds(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        makers.add_round(db, "open", service=SERVICE, title="Night desk", closes_at=noon(date(2022, 9, 14)))
        late = json.dumps({"feedback_on": "2022-08-30"})
        makers.add_round(db, "late", service=SERVICE, title="Spring", state="closed", record=late)
        makers.add_round(db, "draft", service=SERVICE, state="draft", closes_at=noon(date(2022, 9, 9)))
        makers.add_round(db, "told", service=SERVICE, state="reported_back", record=late)
        makers.add_round(db, "odd", service=SERVICE, state="closed", record='{"feedback_on": "soon"}')
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    assert [(clock.tick, clock.title, clock.days) for clock in digest.clock] == [
        (Tick.OVERDUE, "Spring", 6),
        (Tick.CLOSES, "Night desk", 9),
    ]


def test_a_round_is_named_in_the_language_of_the_reader(database: Database, desk: Digests) -> None:
    said = {"feedback_on": "2022-08-30", "title": {"en": "Spring round", "es": "Ronda de primavera"}}
    with database.transaction() as db:
        makers.add_round(db, "late", service=SERVICE, title="Spring round", state="closed", record=json.dumps(said))
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    for language, named, other in (("es", "Ronda de primavera", "Spring"), ("de", "Spring round", "Ronda")):
        told = page(digest, texts(language))
        for line in (told.headline, *told.clock, told.proposals[-1]):
            assert named in line
            assert other not in line


def test_every_stage_has_its_headline_in_both_languages() -> None:
    found = headlines(Catalog.load().bank)
    assert [each.stage for each in found] == ["commission", "design", "pilot", "deliver", "assess", "renew"]
    for each in found:
        assert each.positive
        assert not each.positive & each.negative
        assert set(each.good) >= {"en", "es"}
    told = found[-1]
    assert (set(told.positive), told.tone("not_before"), told.tone("no")) == ({"clear"}, "", "neutral")


# --------------------------------------------------------------------------- the week so far


def test_a_look_at_the_running_week_shows_whole_steps_of_the_first_answers(database: Database, desk: Digests) -> None:
    """33 answers: the first 30 less one step are shown, in the order they came."""
    choices = ["5"] * 20 + ["1"] * 5 + ["5"] * 8
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, choice) for choice in choices])
    with database.reading() as db:
        digest = desk.so_far(db, SERVICE, noon(WEEK.monday, 3600))
        told = desk.so_far_text(db, SERVICE, "en", noon(WEEK.monday, 3600))
    assert digest is not None
    share = digest.scores[0].positive
    assert (digest.who.new, share.base, share.part, share.strength) == (33, 25, 20, Strength.INDICATION)
    assert told is not None
    assert "33 people answered" in told.text
    assert "/manage/digests/library/now" in told.text


def test_the_first_answer_is_seen_at_once(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, "5", "Lovely")])
    with database.reading() as db:
        told = desk.so_far_text(db, SERVICE, "en", noon(WEEK.monday, 60))
    assert told is not None
    assert "1 person answered, 1 in total." in told.text
    assert "Lovely" not in told.text


def test_nothing_yet_is_nothing(database: Database, desk: Digests) -> None:
    with database.reading() as db:
        assert desk.so_far_text(db, SERVICE, "en", MONDAY) is None


# --------------------------------------------------------------------------- writing


def test_a_sweep_writes_once_however_often_it_runs(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real())
        ana = hire(db, "telegram", "mail")
    assert [desk.sweep(database, MONDAY + timedelta(minutes=n)) for n in range(4)] == [2, 0, 0, 0]
    with database.reading() as db:
        (row,) = digests.of(db, ana)
        messages = queued(db)
        (kept,) = desk.past(db, ana)
    assert (row.period, [(channel, priority) for channel, _, priority in messages]) == (
        "2022-W35",
        [("telegram", 5), ("mail", 5)],
    )
    chat, mail = (letters.read(body, "key", "address") for _, body, _ in messages)
    assert "Deliver: 94% said very good or good (118 of 125)" in chat.text
    assert chat.picture is not None
    assert mail.mail is not None
    assert " ".join(mail.mail.subject.split()) == "Central Library: week 35, 29 Aug – 4 Sept 2022"
    assert set(mail.mail.inline) == {"chart"}
    assert kept == load(row.body)


def test_many_processes_at_once_write_once(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real()[-125:])
        hire(db, "telegram")
    with ThreadPoolExecutor(4) as threads:
        sent = list(threads.map(lambda _: desk.sweep(database, MONDAY), range(4)))
    assert sum(sent) == 1
    with database.reading() as db:
        assert len(queued(db)) == 1


def test_a_digest_that_fails_holds_up_no_other(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other manager still reads theirs, the failure is told, and the next sweep makes up for it."""
    with database.transaction() as db:
        keep(db, real()[-125:])
        hire(db, "telegram", name="Ana")
        hire(db, "telegram", name="Eva")
    write = desk.write
    failed: list[Due] = []

    def breaking(database_: Database, one: Due, now: datetime) -> int:
        if not failed:
            failed.append(one)
            raise ValueError("broken")
        return write(database_, one, now)

    monkeypatch.setattr(desk, "write", breaking)
    with pytest.raises(ExceptionGroup, match="could not be written"):
        desk.sweep(database, MONDAY)
    with database.reading() as db:
        assert len(queued(db)) == 1
    assert desk.sweep(database, MONDAY) == 1


def test_a_reading_that_fails_holds_up_no_other_digest(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as db:
        keep(db, real()[-125:])
        hire(db, "telegram", name="Ana")
        hire(db, "telegram", name="Eva")
    read, failed = themes.revision, list[str]()

    def breaking(db: Connection, service: str) -> int:
        if not failed:
            failed.append(service)
            raise ValueError("broken")
        return read(db, service)

    monkeypatch.setattr(themes, "revision", breaking)
    with pytest.raises(ExceptionGroup, match="could not be written"):
        desk.sweep(database, MONDAY)
    assert desk.sweep(database, MONDAY) == 1


def test_before_the_hour_nothing_goes(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real())
        hire(db, "telegram")
    desk.sweep(database, MONDAY - timedelta(days=7))
    with database.transaction() as db:
        db.execute(outbox.delete())
    assert desk.sweep(database, MONDAY - timedelta(minutes=1)) == 0


def test_a_silent_week_is_remembered_and_says_nothing(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        ana = hire(db, "telegram")
    assert desk.sweep(database, MONDAY) == 0
    with database.reading() as db:
        assert [row.body for row in digests.of(db, ana)] == ["null"]
        assert desk.past(db, ana) == []


def test_after_a_month_of_silence_a_sign_of_life_comes_once(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        ana = hire(db, "telegram")
    sent = [desk.sweep(database, MONDAY + timedelta(weeks=week, hours=1)) for week in range(10)]
    assert sent == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0]
    with database.reading() as db:
        texts_ = [json.loads(body)["text"] for _, body, _ in queued(db)]
        assert [made.sign_of_life for made in desk.past(db, ana)] == [True, True]
    assert all("Steady: nothing new, no date is near, and everything runs." in text for text in texts_)


@pytest.mark.parametrize(("every", "weeks"), [("fortnight", [5, 9, 13]), ("month", [4, 9, 13])])
def test_a_sign_of_life_comes_in_a_week_whose_digest_is_wanted(
    database: Database, desk: Digests, every: str, weeks: list[int]
) -> None:
    """What is not sent breaks no silence."""
    with database.transaction() as db:
        ana = hire(db, "telegram")
        people.change(db, ana, digest_every=every)
    sent = [desk.sweep(database, MONDAY + timedelta(weeks=week, hours=1)) for week in range(15)]
    assert [week for week, messages in enumerate(sent) if messages] == weeks
    with database.reading() as db:
        assert [made.sign_of_life for made in desk.past(db, ana)] == [True] * 3


def test_digests_that_were_not_sent_break_no_silence(database: Database, desk: Digests) -> None:
    """People answer in the second week of a month alone: whoever reads once a month hears that everything runs."""
    with database.transaction() as db:
        keep(db, [One(WEEK.back(-1).monday, "5", quotable=False) for _ in range(40)])
        ana = hire(db, "telegram")
        people.change(db, ana, digest_every="month")
    sent = [desk.sweep(database, MONDAY + timedelta(weeks=week, hours=1)) for week in range(5)]
    assert sent == [0, 0, 0, 0, 1]


def test_a_sign_of_life_says_what_is_late_and_not_that_no_date_is_near(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        ana = hire(db, "telegram")
        late = NewAction(SERVICE, "fix", "words", Origin("Queue"), "A desk", MONDAY, owner="Kim", due_on="2022-09-06")
        actions.add(db, late, "Ben")
    sent = [desk.sweep(database, MONDAY + timedelta(weeks=week, hours=1)) for week in range(5)]
    assert sent == [0, 0, 0, 0, 1]
    with database.reading() as db:
        (made,) = desk.past(db, ana)
        ((_, body, _),) = queued(db)
    assert made.sign_of_life
    assert "Steady: nobody answered, and everything runs." in (text := json.loads(body)["text"])
    assert "Late: A desk (Kim, due 6 September, 27 days late)." in text


def test_a_manager_who_wants_one_a_month_reads_the_others_on_the_page(database: Database, desk: Digests) -> None:
    """Of five weeks one comes due in the first seven days of a month; the mail is in the language that was chosen."""
    with database.transaction() as db:
        keep(db, [One(WEEK.back(-n).monday, "5", quotable=False) for n in range(5) for _ in range(40)])
        ana = hire(db, "telegram", "mail")
        people.change(db, ana, digest_every="month", digest_by="mail", digest_language="es")
    sent = [desk.sweep(database, MONDAY + timedelta(weeks=week)) for week in range(5)]
    assert sent == [1, 0, 0, 0, 1]
    with database.reading() as db:
        assert len(desk.past(db, ana)) == 5
        assert {channel for channel, _, _ in queued(db)} == {"mail"}
        assert all("semana" in json.loads(body)["text"] for _, body, _ in queued(db))


def test_a_digest_that_asks_to_act_comes_whatever_the_rhythm(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        ana = hire(db, "telegram")
        people.change(db, ana, digest_every="month")
        late = json.dumps({"feedback_on": "2022-09-01"})
        keep(db, [One(WEEK.monday, "5")] * 6, state="closed", record=late)
    assert [desk.sweep(database, MONDAY + timedelta(weeks=week)) for week in range(3)] == [1, 1, 1]


@pytest.fixture
def olga(database: Database) -> int:
    """Ana and Ben read digests, Olga runs the bot."""
    with database.transaction() as db:
        keep(db, real())
        hire(db, "telegram", name="Ana")
        hire(db, "mail", name="Ben")
        runs = hire(db, "web", name="Olga")
        people.revoke(db, runs, "manager", SERVICE)
        people.grant(db, runs, "operator", "*", datetime(2020, 1, 1, tzinfo=UTC))
    return runs


def rung(database: Database, desk: Digests, now: datetime) -> int:
    """Return what one ring of the clock has queued."""
    return Sweeps(
        sample(), database, Library(sample(), CATALOG, makers.KEYS), desk, {}, lambda: now, lambda: None
    ).digests()


def alarmed(database: Database) -> list[str]:
    with database.reading() as db:
        return [json.loads(body)["text"] for channel, body, _ in queued(db) if channel == "web"]


@pytest.mark.usefixtures("olga")
def test_late_digests_are_an_alarm_for_whoever_runs_the_bot(database: Database, desk: Digests) -> None:
    """Once a day, however many are late; the log and the doctor know too, until they have left."""
    late = MONDAY + timedelta(hours=3)
    with database.reading() as db:
        assert delay(db, sample(), MONDAY + timedelta(minutes=50)) == Delay(0, 0)
        assert delay(db, sample(), late) == Delay(2, 0)
    assert rung(database, desk, late) == 2
    with database.reading() as db:
        assert delay(db, sample(), late) == Delay(0, 0)
        assert delay(db, sample(), late + timedelta(hours=2)) == Delay(0, 2)
    assert alarmed(database) == [], "they are written now"
    for _ in range(2):
        assert rung(database, desk, late + timedelta(hours=2)) == 0
    assert alarmed(database) == ["Digests come late: by 2 hours. civicloop doctor says what is wrong."]


@pytest.mark.usefixtures("olga")
def test_a_digest_that_comes_due_in_the_past_is_no_alarm(database: Database, desk: Digests) -> None:
    """Somebody who has been there for years is made manager on a Wednesday: that of Monday is written at once."""
    assert rung(database, desk, MONDAY) == 2
    with database.transaction() as db:
        db.execute(delete(outbox))  # all of it has arrived
        ben = people.add(db, "Ben", "en", datetime(2020, 1, 1, tzinfo=UTC)).id
        people.grant(db, ben, "manager", SERVICE, MONDAY + timedelta(days=2))
        contacts.add(db, [makers.new_contact("ben@mail", "mail")._replace(person_id=ben)])
    assert rung(database, desk, MONDAY + timedelta(days=2)) == 1
    assert alarmed(database) == []


@pytest.mark.usefixtures("olga")
def test_digests_that_lie_unsent_are_an_alarm_each_day(database: Database, desk: Digests) -> None:
    assert rung(database, desk, MONDAY) == 2
    assert alarmed(database) == []
    for hours in (2, 3, 26):
        assert rung(database, desk, MONDAY + timedelta(hours=hours)) == 0
    assert [text.split(".")[0] for text in alarmed(database)] == [
        "Digests come late: by 2 hours",
        "Digests come late: by 26 hours",
    ]


@pytest.mark.usefixtures("olga")
def test_digests_refused_for_good_are_told_with_whose_they_were(database: Database, desk: Digests) -> None:
    """A mailbox that is no more; the next day it is no news, but doctor and measurements know it for a week."""
    assert rung(database, desk, MONDAY) == 2
    with database.transaction() as db:
        claimed = sending.claim(db, "mail", "one", MONDAY, timedelta(minutes=1), 9)
        sending.settle(db, [sending.gone(row, MONDAY, "550 5.1.1 no such user") for row in claimed], "one")
    for hours in (0, 1, 30):
        rung(database, desk, MONDAY + timedelta(hours=hours))
    refusals = [text for text in alarmed(database) if "refused" in text]
    assert refusals == ["1 digest was refused for good: Central Library (1). civicloop doctor says more."]
    with database.reading() as db:
        assert refused(db, MONDAY - timedelta(days=1)) == {SERVICE: 1}
        assert refused(db, MONDAY + timedelta(days=1)) == {}
        measured = Metrics()
        measured.look(db, MONDAY + timedelta(days=2))
    assert f'civicloop_digests_refused{{service="{SERVICE}"}} 1.0' in measured.text()
    assert f"within a week: 1 ({SERVICE} 1)" in doctor.written(database, MONDAY + timedelta(minutes=5), sample()).seen


@pytest.mark.usefixtures("olga")
def test_digests_of_somebody_whom_nothing_reaches_are_an_alarm(database: Database, desk: Digests) -> None:
    """Not those of a week that was silent for them, or that they did not want."""
    with database.transaction() as db:
        hire(db, name="Carl")
        dora = hire(db, "telegram", name="Dora")
        contacts.set_stopped(db, contacts.of_person(db, dora)[0].id, MONDAY)
    assert rung(database, desk, MONDAY) == 2
    for hours in (0, 1, 30):
        rung(database, desk, MONDAY + timedelta(hours=hours))
    told = "2 digests have no address to go to: Central Library (2). civicloop doctor says more."
    assert [text for text in alarmed(database) if "address" in text] == [told]
    seen = doctor.written(database, MONDAY + timedelta(minutes=5), sample()).seen
    assert seen == f"reached nobody within a week: 2 ({SERVICE} 2)"
    with database.transaction() as db:
        contacts.set_stopped(db, contacts.of_person(db, dora)[0].id, None)
        assert unreached(db, MONDAY) == {SERVICE: 1}


@pytest.mark.usefixtures("olga")
def test_digests_that_fail_at_every_sweep_are_an_alarm(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*_given: object) -> int:
        raise ValueError("broken")

    monkeypatch.setattr(desk, "write", breaking)
    for _ in range(2):
        with pytest.raises(ExceptionGroup, match="could not be written"):
            rung(database, desk, MONDAY + timedelta(hours=3))
    assert alarmed(database) == ["Digests come late: by 3 hours. civicloop doctor says what is wrong."]


def say(db: Connection, since: int = 0) -> list[int]:
    """Have all texts but the first so many sorted into a theme; return the ids of all."""
    themes.add(db, SERVICE, [("hours", {"en": "Opening hours"})], themes.MANAGER, MONDAY)
    theme = themes.by_key(db, SERVICE, "hours")
    assert theme is not None
    ids = sorted(each[0] for each in answers.sent_words(db, SERVICE, *WEEK.span(sample().city.zone)))
    themes.keep(db, [themes.Reading(one, SERVICE, None, "en", "test", MONDAY) for one in ids])
    revision = themes.revision(db, SERVICE)
    themes.settle(db, revision, ids[since:], [themes.Sorted(one, theme.id, 0.9) for one in ids[since:]])
    themes.caught_up(db, SERVICE, revision)
    return ids


def of_person(db: Connection, person: int) -> Digest:
    row = digests.find(db, person, SERVICE, str(WEEK))
    assert row is not None
    found = load(row.body)
    assert found is not None
    assert found.foot is not None
    return found


def test_a_digest_waits_for_its_texts_to_be_sorted(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        hire(db, "telegram")
        keep(db, [One(WEEK.monday, "2", f"Closed at {n}") for n in range(20)])
        say(db, 8)
    assert [desk.sweep(database, MONDAY + timedelta(minutes=past)) for past in (0, 20, 54)] == [0, 0, 0]
    with database.transaction() as db:
        say(db)
    assert desk.sweep(database, MONDAY + timedelta(minutes=54)) == 1
    with database.reading() as db:
        (told,) = desk.past(db, 1)
    assert [(each.key, each.people) for each in told.problems] == [("hours", 16)]
    assert told.foot is not None
    assert not told.foot.texts


def test_a_digest_waits_for_what_somebody_has_just_corrected(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        hire(db, "telegram")
        keep(db, [One(WEEK.monday, "2", f"Closed at {n}") for n in range(20)])
        say(db)
        themes.changed(db, SERVICE)
    assert desk.sweep(database, MONDAY) == 0
    with database.transaction() as db:
        themes.caught_up(db, SERVICE, themes.revision(db, SERVICE))
    assert desk.sweep(database, MONDAY) == 1


def test_a_digest_that_can_wait_no_longer_says_what_is_not_sorted_and_leaves_themes_to_a_later_one(
    database: Database, desk: Digests
) -> None:
    """Told once, half of a theme would stand for ever, and double in the week after."""
    late = MONDAY + timedelta(minutes=55)
    with database.transaction() as db:
        ana = hire(db, "telegram")
        keep(db, [One(WEEK.monday, "2", f"Closed at {n}") for n in range(20)])
        say(db, 8)
    assert desk.sweep(database, late) == 1
    with database.transaction() as db:
        first = of_person(db, ana)
        assert (first.problems, first.works) == ((), None)
        assert "12 of 20 texts were sorted by theme in time, so themes wait." in foot(first, texts("en"))
        say(db)
        eva = hire(db, "mail", name="Eva")
    assert desk.send(database, SERVICE, WEEK, late) == 1
    with database.transaction() as db:
        second = of_person(db, eva)
        assert [(each.key, each.people, each.at_least) for each in second.problems] == [("hours", 16, True)]
        assert second.foot is not None
        assert (second.foot.texts, second.foot.themes_wait) == (0, False)
        assert (second.scores, second.voices) == (first.scores, first.voices)
        answers.withdraw(db, [(1, b"person 3", "why")], late)
        ida = hire(db, "mail", name="Ida")
    assert desk.send(database, SERVICE, WEEK, late) == 1
    with database.reading() as db:
        assert of_person(db, ida).problems[0].people == 16


def test_a_few_texts_that_are_not_sorted_are_named_beside_the_themes(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        ana = hire(db, "telegram")
        keep(db, [One(WEEK.monday, "2", f"Closed at {n}") for n in range(40)])
        say(db, 2)
    assert desk.sweep(database, MONDAY + timedelta(minutes=55)) == 1
    with database.reading() as db:
        told = of_person(db, ana)
    assert [(each.people, each.at_least) for each in told.problems] == [(36, True)]
    assert "38 of 40 texts were sorted by theme in time." in foot(told, texts("en"))


def test_new_themes_that_wait_are_named_with_a_way_there(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        hire(db, "telegram", "mail")
        keep(db, [One(WEEK.monday, "5") for _ in range(9)])
        new = [(f"new.{n}", {"en": f"Something new {n}"}) for n in range(2)]
        themes.add(db, SERVICE, new, themes.PROPOSAL, MONDAY)
        themes.caught_up(db, SERVICE, themes.revision(db, SERVICE))
    assert desk.sweep(database, MONDAY) == 2
    with database.reading() as db:
        chat, mail = (json.loads(body) for _, body, _ in sorted(queued(db), reverse=True))
        (told,) = desk.past(db, 1)
    assert "2 new themes wait for you." in chat["text"]
    assert "Look at new themes" in json.dumps(chat["buttons"])
    staff, _, _ = page_url(sample(), told).partition("digests")
    assert f"Look at new themes: {staff}themes/{SERVICE}" in mail["text"]


@pytest.mark.usefixtures("olga")
def test_what_is_kept_beyond_its_date_is_told_to_whoever_runs_the_bot_once_a_day(
    database: Database, desk: Digests
) -> None:
    with database.transaction() as db:
        db.execute(update(rounds).values(closed_at=MONDAY, state="closed", key_sealed=b"key"))
    library, clock = Library(sample(), CATALOG, makers.KEYS), Clock(MONDAY)
    for days, told in ((31, 0), (2, 1), (0, 1), (1, 2)):
        clock.forward(days=days)
        Sweeps(sample(), database, library, desk, {}, clock, lambda: None).privacy()
        assert len(alarmed(database)) == told
    assert alarmed(database)[0].startswith("Something is kept beyond its date: 1.")


@pytest.mark.parametrize("many", [1, 9])
def test_what_is_kept_beyond_its_date_stands_at_the_foot_of_a_digest(
    database: Database, desk: Digests, many: int
) -> None:
    late = MONDAY - timedelta(days=40)
    with database.transaction() as db:
        hire(db, "telegram")
        keep(db, [One(WEEK.monday, "5") for _ in range(many)])
        makers.add_round(db, "old", service="bus7", state="closed", closed_at=late, key_sealed=b"key")
        makers.add_round(db, "older", service="bus7", state="closed", closed_at=late, key_sealed=b"key")
    assert desk.sweep(database, MONDAY) == 1
    with database.reading() as db:
        (kind,) = retention.overdue(db, MONDAY, policy_of(sample().privacy))
        ((_, body, _),) = queued(db)
        (told,) = desk.past(db, 1)
    assert kind == "rounds_uncounted"
    assert told.kept_too_long == 1
    assert "1 kind of data is past its date and still kept. Ask whoever runs civicloop." in json.loads(body)["text"]
    with database.transaction() as db:
        db.execute(update(rounds).where(rounds.c.code.in_(["old", "older"])).values(key_sealed=None))
    with database.reading() as db:
        assert not retention.overdue(db, MONDAY, policy_of(sample().privacy))
        again = desk.of_week(db, SERVICE, WEEK, MONDAY)
        later = desk.of_week(db, SERVICE, WEEK, MONDAY + timedelta(hours=1))
    assert again is not None
    assert later is not None
    assert (again.kept_too_long, later.kept_too_long) == (1, 0)


CROSSINGS = ["digest.alarms", "digest.alarmed"]
REFILLING = ["digest.refills", "digest.refilled"]
SWEEPING = """
import sys
from datetime import datetime
from bot.digests.writing import Delay
from storage import crossings
from storage.database import Database
from tests.bot.digests.test_writing import CATALOG, MONDAY, Digests, Library, makers, rung, sample

url, crossing, now = sys.argv[1:]
crossings.arm(f"{crossing}:1")
desk = Digests(sample(), CATALOG.bank, Library(sample(), CATALOG, makers.KEYS))
rung(Database.open(url), desk, datetime.fromisoformat(now))
"""


@pytest.mark.slow
@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize("crossing", CROSSINGS)
def test_killed_while_it_alarms_it_alarms_once(
    database: Database, database_url: str, desk: Digests, crossing: str
) -> None:
    rung(database, desk, MONDAY)
    late = MONDAY + timedelta(hours=3)
    words = [sys.executable, "-c", SWEEPING, database_url, crossing, late.isoformat()]
    assert subprocess.run(words, capture_output=True, check=False).returncode == -signal.SIGKILL
    rung(database, desk, late + timedelta(hours=2))
    assert len(alarmed(database)) == 1


FILLING = """
import sys
from storage import crossings
from storage.database import Database
from tests.bot.digests.test_writing import CATALOG, MONDAY, Digests, Library, makers, sample

url, crossing = sys.argv[1:]
crossings.arm(f"{crossing}:1")
Digests(sample(), CATALOG.bank, Library(sample(), CATALOG, makers.KEYS)).sweep(Database.open(url), MONDAY)
"""


@pytest.mark.slow
@pytest.mark.parametrize("crossing", REFILLING)
def test_killed_while_it_writes_letters_anew_it_writes_them_all(
    database: Database, database_url: str, desk: Digests, crossing: str
) -> None:
    round_, was = issued_to_two(database, desk)
    with database.transaction() as db:
        who = f"person {was.voices.quotes[0].text.split()[-1]}".encode()
        answers.forget(db, round_.id, who, MONDAY, closed=False, anew=b"x" * 16)
    words = [sys.executable, "-c", FILLING, database_url, crossing]
    assert subprocess.run(words, capture_output=True, check=False).returncode == -signal.SIGKILL
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        bodies = [body for _, body, _ in queued(db)]
        assert sending.counts(db) == {sending.DUE: len(bodies)}
    assert "" not in bodies


def test_each_address_is_written_to_in_its_language_and_none_that_said_stop(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real())
        hire(db, "telegram", language="es", name="Eva")
        ana = hire(db, "telegram", "mail", name="Ana")
        contacts.set_stopped(db, contacts.of_person(db, ana)[0].id, MONDAY)
    assert desk.sweep(database, MONDAY) == 2
    with database.reading() as db:
        bodies = [body for _, body, _ in queued(db)]
    assert sorted(json.loads(body)["language"] for body in bodies) == ["en", "es"]


def test_on_wish_a_mail_brings_the_digest_on_paper(database: Database) -> None:
    plain, catalog = sample(), Catalog.load()
    wishing = replace(plain, digest=replace(plain.digest, attach_paper=True))
    found: list[set[str]] = []
    with database.transaction() as db:
        keep(db, real())
    for config in (plain, wishing):
        desk = Digests(config, catalog.bank, Library(config, catalog, makers.KEYS))
        with database.reading() as db:
            digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
        assert digest is not None
        mail = desk.message(digest, "mail", "de").mail
        assert mail is not None
        assert all(pdf.startswith(b"%PDF") for pdf in mail.papers.values())
        found.append(set(mail.papers))
    assert found == [set(), {"library-2022-W35.pdf"}]


def test_the_next_digest_knows_the_last_one(database: Database, desk: Digests) -> None:
    """One erased answer of a past week does not change what was said of it."""
    with database.transaction() as db:
        round_ = keep(db, real())
        ana = hire(db, "telegram")
    desk.sweep(database, MONDAY - timedelta(days=7))
    with database.transaction() as db:
        week_ago = [n for n, one in enumerate(real()) if Week.holding(one.on) == WEEK.back(1)]
        answers.withdraw(db, [(round_.id, f"person {week_ago[0]}".encode(), "overall")], MONDAY)
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        last, before = desk.past(db, ana)
    assert last.scores[0].weeks[-2] == before.scores[0].weeks[-1]
    assert before.scores[0].weeks[-1].share.base == expected()[str(WEEK.back(1))].base


def test_what_is_done_is_not_told_twice_to_one_reader(database: Database, desk: Digests) -> None:
    """Ben, who had no digest before, reads what Ana does not read again."""
    since = MONDAY - timedelta(days=9)
    with database.transaction() as db:
        keep(db, real())
        ana = hire(db, "telegram")
        actions.add(db, NewAction(SERVICE, "fix", "words", Origin("Queue"), "New sign", since, owner="Ali"), "Ana")
    desk.sweep(database, MONDAY - timedelta(days=7))
    with database.transaction() as db:
        ben = hire(db, "telegram", name="Ben")
        actions.add(db, NewAction(SERVICE, "fix", "words", Origin("Queue"), "A desk", MONDAY, owner="Kim"), "Ana")
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        (now, before), (other,) = desk.past(db, ana), desk.past(db, ben)
    assert page(before, texts("en")).deeds == ("Under way: New sign (Ali).",)
    assert page(now, texts("en")).deeds == ("Under way: A desk (Kim).", "1 as last time.")
    assert page(other, texts("en")).deeds == ("Under way: New sign (Ali).", "Under way: A desk (Kim).")


def test_a_reader_of_each_month_is_told_against_the_last_one_they_were_sent(database: Database, desk: Digests) -> None:
    """An action begun after it, and one done in a week that was not sent, are news; what stood in it is not."""

    def doing(db: Connection, words: str, at: datetime) -> Action:
        return actions.add(db, NewAction(SERVICE, "fix", "words", Origin("Queue"), words, at), "Ben")

    with database.transaction() as db:
        keep(db, [One(WEEK.back(-n).monday, "52"[i % 2], quotable=False) for n in range(5) for i in range(40)])
        ana = hire(db, "telegram")
        people.change(db, ana, digest_every="month")
        doing(db, "A ramp", MONDAY - timedelta(days=1))
        sign = doing(db, "New sign", MONDAY - timedelta(days=1))
    assert desk.sweep(database, MONDAY) == 1
    with database.transaction() as db:
        doing(db, "A desk", MONDAY + timedelta(days=3))
        at = MONDAY + timedelta(days=4)
        actions.change(db, sign, at, "Ben", "done", state="done", settled_at=at, outcome="It hangs.")
    assert [desk.sweep(database, MONDAY + timedelta(weeks=week)) for week in range(1, 5)] == [0, 0, 0, 1]
    with database.reading() as db:
        now = desk.past(db, ana)[0]
    assert page(now, texts("en")).deeds == ("Done: New sign.", "Under way: A desk.", "1 as last time.")
    whole = page(replace(now, again=()), texts("en")).deeds
    assert whole == ("Done: New sign.", "Under way: A ramp.", "Under way: A desk.")


def test_to_whom_nothing_was_sent_nothing_is_as_last_time(database: Database, desk: Digests) -> None:
    """Not as what others read, nor as what was written for them and not sent."""
    with database.transaction() as db:
        keep(db, [One(WEEK.back(-n).monday, "52"[i % 2], quotable=False) for n in range(2) for i in range(40)])
        ana, ben = hire(db, "telegram"), hire(db, name="Ben")
        actions.add(db, NewAction(SERVICE, "fix", "words", Origin("Queue"), "A desk", MONDAY), "Ana")
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        cleo = hire(db, "telegram", name="Cleo")
    desk.sweep(database, MONDAY + timedelta(weeks=1))
    with database.reading() as db:
        assert [desk.past(db, each)[0].again for each in (ana, ben, cleo)] == [("deed.0",), (), ()]


def test_a_short_digest_does_not_repeat_what_the_last_one_said(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, [One(WEEK.back(-n).monday, "5", quotable=False) for n in range(2)])
        ana = hire(db, "telegram")
        actions.add(db, NewAction(SERVICE, "fix", "words", Origin("Queue"), "A desk", MONDAY), "Ana")
    for week in range(2):
        assert desk.sweep(database, MONDAY + timedelta(weeks=week)) == 1
    with database.reading() as db:
        last, first = desk.past(db, ana)
    assert (first.form, last.form) == (Form.SHORT, Form.SHORT)
    assert page(first, texts("en")).deeds == ("Under way: A desk.",)
    assert page(last, texts("en")).deeds == ("1 as last time.",)


def test_send_reaches_every_manager_who_has_not_got_it(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real())
        hire(db, "telegram", name="Ana")
        hire(db, "telegram", name="Eva", service="*")
        hire(db, "telegram", name="Zoe", service="street_repair")
    assert desk.send(database, SERVICE, WEEK, MONDAY) == 2
    assert desk.send(database, SERVICE, WEEK, MONDAY) == 0


def test_a_running_week_is_not_sent(database: Database, desk: Digests) -> None:
    """It would be the only digest of that week."""
    with database.transaction() as db:
        keep(db, real())
        hire(db, "telegram")
    with pytest.raises(Refused, match="still running"):
        desk.send(database, SERVICE, WEEK, WEEK.ends(sample().city.zone) - timedelta(seconds=1))
    with database.reading() as db:
        assert queued(db) == []


def test_the_same_database_gives_the_same_bytes(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, real())
    with database.reading() as db:
        made = [desk.of_week(db, SERVICE, WEEK, MONDAY) for _ in range(2)]
    assert made[0] is not None
    assert dump(made[0]) == dump(made[1])
    assert files(made[0], "en") == files(made[0], "en")
    assert set(files(made[0], "en")) == {
        f"library-2022-W35{end}" for end in (".json", ".chat.txt", ".png", ".mail.txt", ".mail.html", ".pdf", ".xlsx")
    }
    assert page_url(sample(), made[0]).endswith("/manage/digests/library/2022-W35")


def test_a_short_week_between_two_full_ones_loses_no_memory(database: Database, desk: Digests) -> None:
    """Running figures are held to the last full digest, not to the short one."""
    with database.transaction() as db:
        for back, count in ((2, 20), (1, 2), (0, 20)):
            keep(db, [One(WEEK.back(back).monday, "5")] * count, f"pulse{back}")
        ana = hire(db, "telegram")
    for past in (2, 1, 0):
        desk.sweep(database, MONDAY - timedelta(weeks=past))
    with database.reading() as db:
        forms = [digest.form for digest in desk.past(db, ana)]
    assert forms == [Form.FULL, Form.SHORT, Form.FULL]


def test_short_weeks_of_many_managers_lose_no_memory(database: Database, desk: Digests) -> None:
    """What was told is told again, however many short digests lie between."""
    with database.transaction() as db:
        round_ = keep(db, real())
        ana = hire(db, "telegram")
    desk.sweep(database, MONDAY - timedelta(weeks=2))
    with database.transaction() as db:
        (told,) = desk.past(db, ana)
        short = dump(replace(told, form=Form.SHORT, period=str(WEEK.back(1))))
        for each in [hire(db, "telegram", name=f"Eva {n}") for n in range(61)]:
            digests.write(db, digests.DigestRow(each, SERVICE, str(WEEK.back(1)), MONDAY, short))
        gone = next(n for n, one in enumerate(real()) if Week.holding(one.on) == WEEK.back(2))
        answers.withdraw(db, [(round_.id, f"person {gone}".encode(), "overall")], MONDAY)
        now = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert now is not None
    assert now.scores[0].weeks[-3] == told.scores[0].weeks[-1]


def test_all_the_figures_of_a_week_equal_a_slow_count(database: Database, desk: Digests) -> None:
    people_ = real()
    with database.transaction() as db:
        keep(db, people_)
    with database.reading() as db:
        digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert digest is not None
    for point in digest.scores[0].weeks:
        if point.share.base is not None:
            told, _ = slow.headline(people_, Week.parse(point.week), 5)
            assert slow.seen(point.share) == told


# --------------------------------------------------------------------------- issued once


def test_a_week_is_issued_once_whoever_leaves_later(database: Database, desk: Digests) -> None:
    """Ana reads on Monday, Ben on Wednesday, and somebody looks a year later: nobody finds the one who left."""
    with database.transaction() as db:
        round_ = keep(db, [One(WEEK.monday, "5", f"Fine {n}") for n in range(20)] + [One(WEEK.monday, "1")] * 12)
        hire(db, "telegram", name="Ana")
        people.change(db, hire(db, "telegram", name="Ben"), digest_day="wed")
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        (first,) = digests.before(db, SERVICE, "2022-W36")
        answers.forget(db, round_.id, b"person 3", MONDAY + timedelta(days=1), closed=False, anew=b"x" * 16)
    desk.sweep(database, MONDAY + timedelta(days=2))
    with database.reading() as db:
        _, second = digests.before(db, SERVICE, "2022-W36")
        later = desk.of_week(db, SERVICE, WEEK, MONDAY + timedelta(days=365))
    was, is_ = load(first), load(second)
    assert was is not None
    assert is_ is not None
    assert later is not None
    assert (was.who.new, was.scores[0].positive.part) == (32, 20)
    for made in (is_, later):
        assert (made.who, made.scores, made.hidden) == (was.who, was.scores, was.hidden)
        gone = {voice.text for voice in was.voices.quotes} - {voice.text for voice in made.voices.quotes}
        assert gone <= {"Fine 3"}


def test_a_digest_made_again_a_year_later_is_the_same_to_the_byte(database: Database, desk: Digests) -> None:
    """Deadlines and deeds are of the moment it is made for; everything else is as it was issued."""
    with database.transaction() as db:
        keep(db, real(), state="open", closes_at=noon(date(2022, 10, 1)))
        hire(db, "mail")
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        (kept,) = digests.before(db, SERVICE, "2022-W36")
        again = desk.of_week(db, SERVICE, WEEK, MONDAY)
    assert dump(again) == kept
    with database.transaction() as db:
        db.execute(delete(weeks))
    with database.reading() as db:
        assert dump(desk.of_week(db, SERVICE, WEEK, MONDAY)) == kept


def test_what_became_of_rounds_alarms_and_themes_changes_no_digest_made_again_for_its_moment(
    database: Database, desk: Digests
) -> None:
    """The result is told, the alarm closed, themes proposed and renamed: a digest of that Monday is as it was issued.

    Its reader had none for three weeks, so it told of more than a week.
    """
    later = MONDAY + timedelta(days=60)
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, "5") for _ in range(9)], state="open", closes_at=noon(date(2022, 9, 14)))
        late = json.dumps({"feedback_on": "2022-08-30"})
        spring = makers.add_round(db, "late", service=SERVICE, title="Spring", state="closed", record=late)
        alarm = alarms.sound(db, b"key", SERVICE, noon(WEEK.monday), contact_id=makers.add_contact(db).id)
        themes.add(db, SERVICE, [("a", {"en": "A theme"})], themes.PROPOSAL, MONDAY)
        themes.add(db, SERVICE, [("hours", {"en": "Sunday hours"})], themes.MANAGER, MONDAY - timedelta(days=9))
        themes.caught_up(db, SERVICE, themes.revision(db, SERVICE))
        assert alarm is not None
        hours = themes.by_key(db, SERVICE, "hours")
        assert hours is not None
        settled = MONDAY - timedelta(days=12)
        about = Origin(str(hours.id))
        deed = NewAction(SERVICE, "not_us", "theme", about, "County job.", settled, settled_at=settled)
        actions.add(db, replace(deed, state="not_done", outcome="County job."), "Ben")
        ana = hire(db, "mail")
        digests.write(db, digests.DigestRow(ana, SERVICE, "2022-W33", MONDAY - timedelta(days=21), "null", 1))
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        (kept,) = digests.before(db, SERVICE, "2022-W36")
        assert "Sunday hours" in kept
        themes.rename(db, hours, {"en": "Opening at weekends"})
        storage_rounds.change(db, spring.id, state="reported_back", reported_at=later)
        alarms.close(db, alarm, later)
        themes.add(db, SERVICE, [("b", {"en": "Another theme"})], themes.PROPOSAL, later)
    with database.reading() as db:
        assert dump(desk.of_week(db, SERVICE, WEEK, MONDAY)) == kept
        anew = desk.of_week(db, SERVICE, WEEK, MONDAY + timedelta(hours=1))
    assert anew is not None
    assert [each.tick for each in anew.clock] == [Tick.CLOSES], "for another moment it reads the rounds as they are"


@pytest.mark.parametrize("closed", [False, True])
def test_deleted_words_go_from_every_digest_that_is_kept_and_its_figures_stay(
    database: Database, desk: Digests, *, closed: bool
) -> None:
    round_, was = issued_to_two(database, desk)
    kept_words = was.voices.quotes[0].text
    with database.transaction() as db:
        who = f"person {kept_words.split()[-1]}".encode()
        answers.forget(db, round_.id, who, MONDAY + timedelta(days=1), closed=closed, anew=b"x" * 16)
    assert_gone_from_both(database, was, kept_words)
    with database.reading() as db:
        assert {body for _, body, _ in queued(db)} == {""}
    assert desk.sweep(database, MONDAY) == 0
    with database.reading() as db:
        letters = [json.loads(body)["text"] for _, body, _ in queued(db)]
        due = sending.counts(db)
    assert due == {sending.DUE: len(letters)}
    assert not [text for text in letters if kept_words in text]
    stays = [voice.text for voice in was.voices.quotes if voice.text != kept_words]
    assert [text for text in letters if any(words in text for words in stays)]


@pytest.mark.parametrize("sent", [True, False])
def test_of_a_letter_in_a_senders_hands_no_deleted_word_is_left(
    database: Database, desk: Digests, *, sent: bool
) -> None:
    """What arrived keeps no words; what comes back is written anew before it is tried again."""
    round_, was = issued_to_two(database, desk)
    with database.transaction() as db:
        claimed = sending.claim(db, "telegram", "me", MONDAY, YEAR, 9)
    with database.transaction() as db:
        who = f"person {was.voices.quotes[0].text.split()[-1]}".encode()
        answers.forget(db, round_.id, who, MONDAY, closed=False, anew=b"x" * 16)
    assert desk.sweep(database, MONDAY) == 0
    with database.transaction() as db:
        assert set(sending.ours(db, [row.claim for row in claimed], "me").values()) == {sending.HELD}
        back = [sending.sent(row, MONDAY) if sent else sending.postpone(row, MONDAY) for row in claimed]
        sending.settle(db, [sending.heeding(each, sending.HELD, MONDAY) for each in back], "me")
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        bodies = dict(db.execute(select(outbox.c.key, outbox.c.body)).all())
    assert not [body for body in bodies.values() if was.voices.quotes[0].text in body]
    assert {bodies[row.key] == "" for row in claimed} == {sent}


def all_but_one_delete(database: Database) -> None:
    with database.transaction() as db:
        for n in range(19):
            answers.forget(db, 1, f"person {n}".encode(), MONDAY, closed=False, anew=bytes([n]) * 16)


def test_words_deleted_while_a_digest_is_drawn_do_not_go_out(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_crossing(monkeypatch, "digest.drawn", lambda: all_but_one_delete(database))
    issued_to_one(database, desk)
    assert_only_said(database, desk, {"Fine 19"})


def test_words_deleted_while_a_digest_is_written_do_not_go_out(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Thread(target=all_but_one_delete, args=(database,))

    def begins() -> None:
        other.start()
        other.join(0.5)  # long enough to come as far as it can before the commit

    at_crossing(monkeypatch, "digest.written", begins)
    issued_to_one(database, desk)
    other.join()
    assert_only_said(database, desk, {"Fine 19"})


def test_words_not_to_be_quoted_any_more_while_a_digest_is_written_do_not_go_out(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses() -> None:
        with database.transaction() as db:
            answers.quotable(db, [(1, f"person {n}".encode(), False) for n in range(19)])

    other = Thread(target=refuses)

    def begins() -> None:
        other.start()
        other.join(0.5)

    at_crossing(monkeypatch, "digest.written", begins)
    issued_to_one(database, desk)
    other.join()
    assert_only_said(database, desk, {"Fine 19"})


def at_crossing(monkeypatch: pytest.MonkeyPatch, place: str, act: Callable[[], None]) -> None:
    """Let something happen the first time that `place` is passed."""
    left = [act]

    def passed(name: str) -> None:
        if name == place and left:
            left.pop()()

    monkeypatch.setattr(crossings, "passed", passed)


def issued_to_one(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        keep(db, [One(WEEK.monday, "5", f"Fine {n}") for n in range(20)])
        hire(db, "telegram", name="Ana")
    desk.sweep(database, MONDAY)


def assert_only_said(database: Database, desk: Digests, may: set[str]) -> None:
    """No word but these is in a digest or its letters, now and once these are written anew; and these go out."""
    for _ in range(2):
        with database.reading() as db:
            (kept,) = digests.before(db, SERVICE, "2022-W36")
            bodies = [body for _, body, _ in queued(db)]
        digest = load(kept)
        assert digest is not None
        assert {voice.text for voice in digest.voices.quotes} <= may
        assert {found for body in bodies for found in re.findall(r"Fine \d+", body)} <= may
        desk.sweep(database, MONDAY)
    assert bodies
    assert all(bodies)


def test_a_letter_of_a_digest_that_is_no_more_goes_nowhere(database: Database, desk: Digests) -> None:
    round_, was = issued_to_two(database, desk)
    with database.transaction() as db:
        who = f"person {was.voices.quotes[0].text.split()[-1]}".encode()
        answers.forget(db, round_.id, who, MONDAY, closed=False, anew=b"x" * 16)
        db.execute(delete(kept_digests))
        people.remove(db, 1)
        people.remove(db, 2)
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        assert sending.counts(db) == {}


def test_words_go_from_every_digest_when_their_writer_no_longer_agrees(database: Database, desk: Digests) -> None:
    round_, was = issued_to_two(database, desk)
    kept_words = was.voices.quotes[0].text
    with database.transaction() as db:
        answers.quotable(db, [(round_.id, f"person {kept_words.split()[-1]}".encode(), False)])
    assert_gone_from_both(database, was, kept_words)


def test_words_go_from_every_digest_and_unsent_letter_the_moment_they_are_taken_back(
    database: Database, desk: Digests
) -> None:
    round_, was = issued_to_two(database, desk)
    kept_words = was.voices.quotes[0].text
    with database.transaction() as db:
        answers.withdraw(db, [(round_.id, f"person {kept_words.split()[-1]}".encode(), "why")], MONDAY)
    assert_gone_from_both(database, was, kept_words)
    with database.reading() as db:
        assert {body for _, body, _ in queued(db)} == {""}
    assert desk.sweep(database, MONDAY) == 0
    with database.reading() as db:
        bodies = [body for _, body, _ in queued(db)]
    assert all(bodies)
    assert kept_words not in {found for body in bodies for found in re.findall(r"Fine \d+", body)}


def test_words_taken_back_while_a_digest_is_written_do_not_go_out(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        with database.transaction() as db:
            answers.withdraw(db, [(1, f"person {n}".encode(), "why") for n in range(19)], MONDAY)

    other = Thread(target=change)

    def begins() -> None:
        other.start()
        other.join(0.5)

    at_crossing(monkeypatch, "digest.written", begins)
    issued_to_one(database, desk)
    other.join()
    assert_only_said(database, desk, {"Fine 19"})


def test_words_go_from_every_digest_once_they_are_past_their_date(database: Database, desk: Digests) -> None:
    _, was = issued_to_two(database, desk)
    with database.transaction() as db:
        assert retention.forget(db, MONDAY, Policy()) == {}
    with database.transaction() as db:
        assert retention.forget(db, MONDAY + 2 * YEAR, Policy())[retention.QUOTES] == 2
    with database.reading() as db:
        left = [load(body) for body in digests.before(db, SERVICE, "2022-W36")]
    assert [each.voices for each in left if each] == [replace(was.voices, quotes=())] * 2


def test_the_file_of_a_digest_says_of_no_quote_which_answer_it_is(database: Database, desk: Digests) -> None:
    _, was = issued_to_two(database, desk)
    assert all(voice.answer for voice in was.voices.quotes)
    given = load(files(was, "en")[f"{SERVICE}-{was.period}.json"].decode())
    assert given is not None
    assert {voice.answer for voice in given.voices.quotes} == {""}
    assert [voice.text for voice in given.voices.quotes] == [voice.text for voice in was.voices.quotes]


def issued_to_two(database: Database, desk: Digests) -> tuple[RoundRow, Digest]:
    with database.transaction() as db:
        round_ = keep(db, [One(WEEK.monday, "5", f"Fine {n}") for n in range(20)])
        for name in ("Ana", "Ben"):
            hire(db, "telegram", name=name)
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        first, _ = digests.before(db, SERVICE, "2022-W36")
    was = load(first)
    assert was is not None
    assert was.voices.quotes
    return round_, was


def assert_gone_from_both(database: Database, was: Digest, words: str) -> None:
    stay = tuple(voice for voice in was.voices.quotes if voice.text != words)
    now = dump(replace(was, voices=replace(was.voices, quotes=stay)))
    with database.reading() as db:
        assert digests.before(db, SERVICE, "2022-W36") == [now, now]


YEAR = timedelta(days=365)
ASKED = Headline(
    "deliver", "del.overall", frozenset("54"), frozenset("3"), frozenset("21"), frozenset({"na"}), net=True
)
"""The same question with better minus worse, whose range is drawn by chance."""


def test_a_digest_counted_anew_a_year_later_is_the_same_to_the_byte_in_every_form(
    database: Database, desk: Digests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was kept of it is left but the answers, and a year of others with their deletions has passed."""
    monkeypatch.setattr(desk, "_headlines", (ASKED,))
    with database.transaction() as db:
        keep(db, [*real(), *(One(WEEK.monday, choice) for choice in "13" * 12)])
        hire(db, "mail")
    for past in (1, 0):
        desk.sweep(database, MONDAY - timedelta(weeks=past))
    with database.transaction() as db:
        (issued,) = [digest for digest in map(load, digests.before(db, SERVICE, "9999-W01"))
                     if digest and digest.period == str(WEEK)]  # fmt: skip
        db.execute(delete(weeks))
        db.execute(delete(kept_digests).where(kept_digests.c.period == str(WEEK)))
        later = [One(WEEK.back(-1 - n % 40).monday, "13"[n % 2], "Much later.") for n in range(200)]
        others = keep(db, later, "later")
        for number in range(0, 200, 9):
            at = MONDAY + timedelta(days=30 + number)
            answers.forget(db, others.id, f"person {number}".encode(), at, closed=False, anew=bytes([number]) * 16)
    now = MONDAY + YEAR
    gather.keep(database, SERVICE, sample().city.zone, now)
    with database.reading() as db:
        again = desk.of_week(db, SERVICE, WEEK, now)
    assert again is not None
    assert again.at == now
    assert issued.scores[0].net is not None
    again = replace(again, at=issued.at)
    assert dump(again) == dump(issued)
    for language in ("en", "ar"):
        assert files(again, language) == files(issued, language)


def test_who_leaves_changes_what_is_counted_anew_but_never_what_was_issued(database: Database, desk: Digests) -> None:
    """Ten people of the week leave: who counts again finds fewer, who reads again finds the same."""
    with database.transaction() as db:
        round_ = keep(db, [One(WEEK.monday, "5")] * 30 + [One(WEEK.monday, "1")] * 20)
        hire(db, "mail")
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        for number in range(10):
            who = f"person {number}".encode()
            answers.forget(db, round_.id, who, MONDAY + timedelta(days=1), closed=False, anew=bytes([number]) * 16)
    with database.reading() as db:
        (body,) = digests.before(db, SERVICE, "2022-W36")
        read = desk.of_week(db, SERVICE, WEEK, MONDAY + YEAR)
    issued = load(body)
    assert issued is not None
    assert read is not None
    assert dump(replace(read, at=issued.at)) == body
    with database.transaction() as db:
        db.execute(delete(kept_digests))
        db.execute(delete(weeks))
        anew = desk.of_week(db, SERVICE, WEEK, MONDAY + YEAR)
    assert anew is not None
    assert (issued.who.new, issued.scores[0].positive.part) == (50, 30)
    assert (anew.who.new, anew.scores[0].positive.part) == (40, 20)


@pytest.mark.parametrize("number", range(3))
def test_no_two_outputs_of_a_service_ever_tell_a_few_people_apart(
    database: Database, desk: Digests, number: int
) -> None:
    """An attacker keeps every digest and every look at a week, and subtracts any two of the same figure."""
    chance = Random(number)  # noqa: S311 - the same weeks each time
    crowd = sorted((someone(chance, after) for after in range(3) for _ in range(45)), key=lambda one: one.on)
    with database.transaction() as db:
        round_ = keep(db, crowd)
        for day in ("mon", "wed"):
            people.change(db, hire(db, "telegram", name=day), digest_day=day)
    seen: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    leaving = chance.sample(range(len(crowd)), len(crowd))
    for hours in range(0, 3 * 168 + 1, 60):
        now = MONDAY + timedelta(hours=hours)
        desk.sweep(database, now)
        for made in looks(database, desk, now):
            attack(made, seen)
        past = [who for who in leaving if Week.holding(crowd[who].on).ends(sample().city.zone) <= now][:2]
        with database.transaction() as db:
            for who in past:
                leaving.remove(who)
                answers.forget(db, round_.id, f"person {who}".encode(), now, closed=False, anew=bytes([who]) * 16)
    assert len(leaving) < len(crowd) - 10
    assert sum(len(spans) > 1 for spans in seen.values()) > 1
    for figure, spans in seen.items():
        for (least, most), (low, high) in combinations(sorted(spans), 2):
            assert low - most <= 0 or high - least >= 5, (figure, spans)


def someone(chance: Random, after: int) -> One:
    """Return somebody who answers in one of the weeks from `WEEK` on."""
    day = WEEK.back(-after).monday + timedelta(days=chance.randrange(7))
    return One(day, chance.choice("55431"), channel=chance.choice(["telegram", "web"]))


def looks(database: Database, desk: Digests, now: datetime) -> Iterator[Digest]:
    """Give the running week, all weeks that are over as a page counts them, and every digest that was sent."""
    over = [week for n in range(3) if (week := WEEK.back(-n)).ends(sample().city.zone) <= now]
    with database.reading() as db:
        found = [desk.so_far(db, SERVICE, now), *(desk.of_week(db, SERVICE, week, now) for week in over)]
        found += [load(body) for body in digests.before(db, SERVICE, "9999-W01")]
    yield from (each for each in found if each is not None)


def attack(made: Digest, seen: dict[tuple[str, str], set[tuple[int, int]]]) -> None:
    """Note the least and the most people that may be behind each number of a digest."""
    for score in made.scores:
        for point in score.weeks:
            off = 2 if made.so_far and point.week == made.period else 0
            if point.share.part is not None and point.share.base is not None:
                note(seen[point.week, "good"], point.share.part, off)
                note(seen[point.week, "not good"], point.share.base - point.share.part, off)
        if score.negative.part is not None:
            note(seen[made.period, "bad"], score.negative.part, 2 if made.so_far else 0)
    for channel in made.who.channels:
        if channel.new is not None:
            note(seen[made.period, channel.name], channel.new, 0)


def note(spans: set[tuple[int, int]], people_: int, off: int) -> None:
    spans.add((people_ - off, people_ + off))
