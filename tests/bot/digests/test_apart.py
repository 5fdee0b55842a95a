"""Who is no voice of one person is in no figure of a week, and drives nothing: told beside, from a real database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot import config as configuration
from bot.digests import apart, render
from bot.digests.gather import keep
from bot.digests.model import Apart, dump, load
from bot.digests.weeks import Week
from bot.digests.writing import Digests
from bot.erasure import Eraser
from bot.rounds.library import Library
from bot.texts import languages, texts
from flows.catalog import Catalog
from storage import (
    answers,
    beside,
    contacts,
    digests,
    entries,
    findings,
    people,
    retention,
    rounds,
    sessions,
    themes,
    weekly,
)
from storage import apart as kept
from storage.retention import Policy
from tests.storage import makers
from tests.storage.makers import answer, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.model import Digest
    from storage.answers import AnswerRow
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.sealing import Keys

WEEK = Week(2022, 35)
NOON = datetime(2022, 8, 29, 12, tzinfo=UTC)
MONDAY = datetime(2022, 9, 5, 8, tzinfo=UTC)
CATALOG = Catalog.load()
MANY = [("organisation", 3), ("group", 2), ("late", 7)]


def config() -> Config:
    plain = configuration.load(None, {})
    return replace(plain, city=replace(plain.city, time_zone="UTC"))


@pytest.fixture
def library() -> Library:
    return Library(config(), CATALOG, makers.KEYS)


@pytest.fixture
def desk(library: Library) -> Digests:
    return Digests(config(), CATALOG.bank, library)


def digest(db: Connection, desk: Digests, now: datetime = MONDAY) -> Digest:
    made = desk.of_week(db, "library", WEEK, now)
    assert made is not None
    return made


def crowd(of: RoundRow, name: str, good: int, poor: int, at: datetime = NOON) -> list[AnswerRow]:
    choices = ["5"] * good + ["1"] * poor
    return [answer(of, f"{name} {n}".encode(), at=at, choice=choice) for n, choice in enumerate(choices)]


def taken_down(db: Connection, library: Library, of: RoundRow, kinds: Iterable[tuple[str, int]]) -> list[bytes]:
    """Staff take down that many passages of each kind; return under which pseudonyms."""
    found = []
    for kind, many in kinds:
        for n in range(many):
            late, what = kind == "late", "individual" if kind == "late" else kind
            contact = makers.add_contact(db, f"{kind} {n}", "paper")
            entries.add(db, entries.Entry(contact.id, of.id, None, what, 9, "", NOON, late=late))
            found.append(library.pseudonym(of, contact.address_hash) or b"")
    return found


def declared(of: RoundRow, people: int) -> list[AnswerRow]:
    facts: dict[str, Any] = {"at": NOON, "item": None, "verb": "choose"}
    kinds = ["organisation", "group"]
    first = [answer(of, b"many %d" % n, "for_whom.kind", choice=kinds[n % 2], **facts) for n in range(people)]
    return [*first, *(answer(of, b"many %d" % n, at=NOON, choice="1") for n in range(people))]


# --------------------------------------------------------------------------- for many, and late


@pytest.mark.parametrize("kept", [False, True])
def test_who_answers_for_many_or_late_moves_no_figure_and_is_told_beside(
    database: Database, desk: Digests, library: Library, kept: bool
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        answers.append(db, crowd(of, "before", 40, 0, NOON - timedelta(days=7)) + crowd(of, "now", 30, 0))
        plain = digest(db, desk)
        others = taken_down(db, library, of, MANY)
        answers.append(db, [answer(of, who, at=NOON, choice="1", channel="paper") for who in others])
        answers.append(db, declared(of, 4))
    if kept:
        keep(database, "library", config().city.zone, MONDAY)
    with database.reading() as db:
        made = digest(db, desk)
        assert (made.who.apart.organisations, made.who.apart.groups, made.who.apart.late) == (5, 4, 5)
        assert replace(made, who=replace(made.who, apart=plain.who.apart)) == plain
        told = render.message(made, texts("en"))
        assert (
            "30 people answered, 70 in total. Counted apart: 5 organisations, 4 groups, about 5 after the last" in told
        )
        assert answers.handed_in(db, [of.id]) == {of.id: 86}


def test_how_few_came_late_is_not_told(database: Database, desk: Digests, library: Library) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        (late,) = taken_down(db, library, of, [("late", 1)])
        answers.append(db, [*crowd(of, "now", 30, 0), answer(of, late, at=NOON, choice="1")])
        made = digest(db, desk)
    assert "Counted apart: fewer than 5 after the last day." in render.message(made, texts("en"))
    assert all("{" not in render.message(made, texts(language)) for language in languages())


def test_a_week_in_which_only_organisations_answered_says_so(
    database: Database, desk: Digests, library: Library
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        one, two = taken_down(db, library, of, [("organisation", 2)])
        answers.append(db, [answer(of, one, at=NOON), answer(of, two, at=NOON)])
        made = digest(db, desk)
    assert "Nobody answered, 0 people in total. Counted apart: 2 organisations." in render.message(made, texts("en"))


def test_the_running_week_leaves_them_out_as_the_whole_one_does(
    database: Database, desk: Digests, library: Library
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        others = taken_down(db, library, of, [("organisation", 12)])
        answers.append(db, [answer(of, who, at=NOON - timedelta(hours=2), choice="1") for who in others])
        answers.append(db, crowd(of, "now", 40, 0))
        (score,) = digest(db, desk, NOON + timedelta(days=1)).scores
    assert (score.positive.base, score.positive.part) == (35, 35)


def test_orders_and_themes_are_those_of_people_alone(database: Database, desk: Digests, library: Library) -> None:
    order: dict[str, Any] = {"verb": "rank", "item": None, "choice": None, "score": None, "state": "order"}
    with database.transaction() as db:
        of = makers.add_round(db, flow="deliver_pulse")
        others = taken_down(db, library, of, [("organisation", 12)])
        themes.add(db, "library", [("wait", {"en": "Waiting"})], themes.MANAGER, NOON)
        wait = themes.by_key(db, "library", "wait")
        assert wait is not None
        everybody = [b"now %d" % n for n in range(9)] + others
        for n, who in enumerate(everybody):
            kept = json.dumps(["hours"] if n < 9 else ["books"])
            answers.append(db, [answer(of, who, at=NOON, choices=kept, **order)])
            answers.append(db, [text(of, f"A long wait of {n}", who, NOON, quotable=True)])
        ids = [one.id for one in answers.texts(db, "library", *WEEK.span(config().city.zone), 99)]
        themes.keep(db, [themes.Reading(one, "library", None, "en", "test", NOON) for one in ids])
        themes.settle(db, themes.revision(db, "library"), ids, [themes.Sorted(one, wait.id, 0.9) for one in ids])
        made = digest(db, desk)
        span = WEEK.span(config().city.zone)
        told = weekly.told(db, "library", [span], library.beside(db, "library"))[span]
    assert [(each.name["en"], each.people, each.at_least) for each in made.problems] == [("Waiting", 5, True)]
    assert made.voices.total == 9
    assert {voice.text for voice in made.voices.quotes} <= {f"A long wait of {n}" for n in range(9)}
    assert {(each.option, each.people) for each in told} == {("", 9), ("hours", 9)}


def test_of_somebody_whose_word_no_longer_stands_nobody_says_it(database: Database) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        answers.append(db, declared(of, 2))
        assert set(beside.look(db, "library", {}).kinds.values()) == {"organisation", "group"}
        answers.withdraw(db, [(of.id, b"many 0", "for_whom.kind")], MONDAY)
        assert beside.look(db, "library", {}).kinds == {(of.id, b"many 1"): "group"}
        assert beside.look(db, "pool", {}) is beside.NOBODY


@pytest.mark.parametrize("alike", [False, True])
def test_after_a_digest_that_counted_them_totals_add_up_and_no_past_week_holds_them(
    database: Database, desk: Digests, library: Library, alike: bool
) -> None:
    last = WEEK.back(1)
    with database.transaction() as db:
        of, person = makers.add_round(db), people.add(db, "Ada", "en", MONDAY)
        others = taken_down(db, library, of, [("organisation", 12)])
        for back in (1, 0):
            at = NOON - timedelta(days=7 * back)
            answers.append(db, crowd(of, f"{back}", 30, 10, at))
            answers.append(db, [answer(of, b"by hand %d %d" % (back, n), at=at, channel="paper") for n in range(9)])
        at = NOON - timedelta(days=7)
        poor = [answer(of, who, at=at, choice="1" if n else "5", channel="paper") for n, who in enumerate(others)]
        answers.append(db, poor)
        with pytest.MonkeyPatch.context() as then:
            then.setattr(Library, "beside", lambda *_: beside.NOBODY)
            was = desk.of_week(db, "library", last, MONDAY - timedelta(days=7))
        assert was is not None
        body = json.loads(dump(was))
        if not alike:
            del body["who"]["apart"]
        digests.write(
            db, digests.DigestRow(person.id, "library", str(last), MONDAY, json.dumps(body, separators=(",", ":")))
        )
        made = digest(db, desk)
    assert sum(each.total.count or 0 for each in made.who.channels) == made.who.total + (12 if alike else 0)
    assert made.scores[0].weeks[-2].share.base == (61 if alike else 49)


def test_part_of_the_texts_that_were_read_is_told_of_people_alone(
    database: Database, desk: Digests, library: Library
) -> None:
    """Beside how many texts there are of all, the few that came late would follow from it."""
    with database.transaction() as db:
        of = makers.add_round(db)
        themes.add(db, "library", [("wait", {"en": "Waiting"})], themes.MANAGER, MONDAY)
        wait = themes.by_key(db, "library", "wait")
        assert wait is not None
        people = [b"now %d" % n for n in range(30)] + taken_down(db, library, of, [("late", 3)])
        answers.append(db, [answer(of, who, at=NOON, choice="2") for who in people])
        answers.append(db, [text(of, f"Slow at number {n}", who, NOON) for n, who in enumerate(people)])
        ids = sorted(answer_id for answer_id, *_ in answers.sent_words(db, "library", *WEEK.span(config().city.zone)))
        themes.keep(db, [themes.Reading(each, "library", None, "en", "test", MONDAY) for each in ids])
        revision = themes.revision(db, "library")
        themes.settle(db, revision, ids[1:], [themes.Sorted(each, wait.id, 0.9) for each in ids[1:20]])
        made = digest(db, desk)
    assert made.foot is not None
    assert (made.foot.read, made.foot.texts, made.voices.total) == (29, 30, 30)


def test_the_sample_of_texts_is_drawn_of_people_alone(
    database: Database, desk: Digests, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        people = [b"now %d" % n for n in range(30)] + taken_down(db, library, of, [("late", 3)])
        answers.append(db, [text(of, f"Slow at number {n}", who, NOON) for n, who in enumerate(people)])
        monkeypatch.setattr("bot.digests.gather.SAMPLE", 29)
        made = digest(db, desk)
    assert made.foot is not None
    assert (made.foot.sampled, made.foot.written) == (15, 30)


def test_organisations_are_not_among_those_who_began_and_came_to_the_end(
    database: Database, desk: Digests, library: Library
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        answers.append(db, crowd(of, "now", 33, 0))
        who = [makers.add_contact(db, f"someone {n}") for n in range(33)]
        sessions.save(db, [makers.session(each, of, NOON, status="completed", ended_at=NOON) for each in who])
        taken_down(db, library, of, [("organisation", 9), ("late", 2)])
        for one in entries.by_address(db, of.id).values():
            contact = contacts.get(db, one.contact_id)
            assert contact is not None
            sessions.save(db, [makers.session(contact, of, NOON)])
        made = digest(db, desk)
    assert made.who.finished is not None
    assert (made.who.new, made.who.finished.base) == (33, 33)


# --------------------------------------------------------------------------- campaigns, and who comes again

KEEP = "Please keep the small library in Mill Lane open on Saturdays, our children need it very much{} thanks"


@pytest.mark.parametrize("kept", [False, True])
def test_the_scores_of_a_campaign_are_in_no_share_and_drive_no_alert(
    database: Database, desk: Digests, kept: bool
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        for back in range(1, 5):
            answers.append(db, crowd(of, f"{back}", 30, 10, NOON - timedelta(days=7 * back)))
        answers.append(db, crowd(of, "now", 30, 10))
        sent = [text(of, KEEP.format("!" * (n % 9)), b"sent %d" % n, NOON) for n in range(60)]
        answers.append(db, [*crowd(of, "sent", 0, 60), *sent])
    if kept:
        keep(database, "library", config().city.zone, MONDAY)
    apart.seek(database, "library", WEEK, config().city.zone, 5, MONDAY)
    with database.reading() as db:
        made = digest(db, desk)
    (score,) = made.scores
    assert (score.positive.part, score.positive.base, made.who.new) == (30, 40, 100)
    assert "The score is from 40 people. They chose to take part" in render.message(made, texts("en"))
    assert made.alerts == ()
    assert score.change is not None
    assert score.change.points == 0
    assert "1 campaign of 60 senders, counted apart, their scores too." in render.message(made, texts("en"))
    body = json.loads(dump(made))
    del body["foot"]["scores"], body["foot"]["burst"]
    old = load(json.dumps(body))
    assert old is not None
    assert "1 campaign of 60 senders, counted apart. No figure" in render.message(old, texts("en"))


@pytest.mark.parametrize(("own", "total"), [(2, None), (7, 67)])
def test_few_who_did_not_answer_a_question_or_wrote_do_not_follow_from_the_senders_of_a_campaign(
    database: Database, desk: Digests, own: int, total: int | None
) -> None:
    """100 answered, 60 sent a campaign, 32 are in the share and 6 do not know: 2 are left, and have texts of theirs."""
    with database.transaction() as db:
        of = makers.add_round(db)
        answers.append(db, crowd(of, "now", 24, 8))
        answers.append(db, [answer(of, b"na %d" % n, at=NOON, choice="na") for n in range(6)])
        answers.append(db, [text(of, f"Words about my own visit {n}", b"own %d" % n, NOON) for n in range(own)])
        sent = [text(of, KEEP.format("!" * (n % 9)), b"sent %d" % n, NOON) for n in range(60)]
        answers.append(db, [*crowd(of, "sent", 0, 60), *sent])
    apart.seek(database, "library", WEEK, config().city.zone, 5, MONDAY)
    with database.reading() as db:
        made = digest(db, desk)
    (score,) = made.scores
    assert (made.who.new, score.positive.base) == (98 + own, 32)
    assert score.unknown == (None if own < 5 else 6)
    assert made.voices.total == total


@pytest.mark.parametrize("kept", [False, True])
def test_who_is_asked_again_within_a_week_counts_once_as_they_said_last(
    database: Database, desk: Digests, kept: bool
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        for day, choice in enumerate("5124"):
            at = NOON + timedelta(days=day)
            answers.append(db, [answer(of, b"%d" % n, at=at, choice=choice) for n in range(12)])
    if kept:
        keep(database, "library", config().city.zone, MONDAY)
    with database.reading() as db:
        (score,) = digest(db, desk).scores
    assert (score.positive.base, score.positive.band, score.negative.band) == (12, "over", "under")


def test_only_campaigns_of_the_weeks_that_are_told_are_looked_up(database: Database, library: Library) -> None:
    """A service with years of campaigns reads those of a digest's weeks."""
    zone, past = config().city.zone, WEEK.back(30)
    with database.transaction() as db:
        of = makers.add_round(db)
        for at in (NOON, NOON - timedelta(weeks=30)):
            answers.append(
                db, [text(of, KEEP.format("!" * (n % 9)), b"%d" % n + at.isoformat().encode(), at) for n in range(60)]
            )
    for week in (WEEK, past):
        apart.seek(database, "library", week, zone, 5, MONDAY)
    with database.reading() as db:
        assert len(library.beside(db, "library").sent) == 120
        lately = library.beside(db, "library", (WEEK.back(25).begins(zone), WEEK.ends(zone)))
        assert len(lately.senders(WEEK.span(zone))) == len(lately.sent) == len(lately.given) == 60


# --------------------------------------------------------------------------- once nothing else tells who they are


def told_again(database: Database, desk: Digests, keys: Keys, days: int) -> tuple[Digest, Digest]:
    """Return the digest of the week before and after what is past its date then has gone."""
    with database.reading() as db:
        before = digest(db, desk)
    with database.transaction() as db:
        retention.forget(db, MONDAY + timedelta(days=days), Policy(), keys)
    with database.reading() as db:
        return before, digest(db, desk)


def over(db: Connection, of: RoundRow, **facts: Any) -> None:
    """Let a round be closed and counted."""
    rounds.change(db, of.id, closed_at=MONDAY, **facts)
    findings.keep(db, of.id, MONDAY, "{}")


def test_who_is_counted_apart_stays_so_once_the_key_of_the_round_is_gone(
    database: Database, desk: Digests, library: Library
) -> None:
    with database.transaction() as db:
        of, other = makers.add_round(db), makers.add_round(db, "next")
        who = taken_down(db, library, of, MANY)
        answers.append(db, [*crowd(of, "now", 18, 32), *(answer(of, one, at=NOON, choice="1") for one in who)])
        over(db, of)
    before, after = told_again(database, desk, makers.KEYS, 60)
    assert dump(after) == dump(before)
    assert (before.who.new, before.who.apart) == (50, Apart(organisations=3, groups=2, late=5))
    with database.transaction() as db:
        row = rounds.get(db, of.id)
        assert row is not None
        assert row.key_sealed is None
        assert sorted(library.apart(db, row)) == sorted(who)
        assert library.apart(db, other) == []
        assert entries.by_address(db, of.id) == {}
        assert retention.forget(db, MONDAY + timedelta(days=500), Policy(), makers.KEYS)["counted_apart"] == len(who)


def test_who_said_to_answer_for_many_stays_apart_once_what_people_said_of_themselves_is_gone(
    database: Database, desk: Digests
) -> None:
    """After the report no answer tells it any more."""
    with database.transaction() as db:
        of = makers.add_round(db)
        answers.append(db, [*crowd(of, "now", 18, 32), *crowd(of, "many", 0, 6)])
        role = {"item": "you.role", "verb": "choose", "choice": "group"}
        answers.append(db, [answer(of, b"many %d" % n, "role", NOON, **role) for n in range(6)])
        over(db, of, reported_at=MONDAY)
    before, after = told_again(database, desk, makers.KEYS, 1)
    assert dump(after) == dump(before)
    assert before.who.apart == Apart(groups=6)
    with database.reading() as db:
        assert answers.who_chose(db, of.id, "you.role", ["group"]) == set()


def test_an_organisation_that_has_its_answers_deleted_after_the_count_stays_no_person(
    database: Database, desk: Digests, library: Library
) -> None:
    with database.transaction() as db:
        of = makers.add_round(db)
        who = taken_down(db, library, of, [("organisation", 6)])
        answers.append(db, [*crowd(of, "now", 18, 32), *(answer(of, one, at=NOON, choice="1") for one in who)])
        over(db, of, state="closed")
        before = digest(db, desk)
        row = rounds.get(db, of.id)
        assert row is not None
        assert Eraser(library, lambda: "n" * 16).said(db, row, who[0], MONDAY)
        after = digest(db, desk)
    assert dump(after) == dump(before)
    assert after.who.apart == Apart(organisations=6)


def test_nothing_leads_from_an_organisation_that_has_its_answers_deleted_to_what_stays_of_them(
    database: Database, library: Library
) -> None:
    """The only one of its round, kept under the pseudonym it had: that row would tell whose the new one is."""
    with database.transaction() as db:
        of = makers.add_round(db)
        answers.append(db, [answer(of, b"union", at=NOON, choice="1")])
        kept.keep(db, {(of.id, b"union"): "organisation"})
        over(db, of, state="closed")
        row = rounds.get(db, of.id)
        assert row is not None
        assert Eraser(library, lambda: "n" * 16).said(db, row, b"union", MONDAY)
        assert kept.kept(db, round_id=of.id) == {(of.id, b"n" * 16): "organisation"}
