"""Two hundred weeks of answers in a real database, each number of each digest counted once more from plain lists."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

import pytest

from bot import config as configuration
from bot.digests.disclosure import Strength
from bot.digests.gather import keep
from bot.digests.model import Digest, Form, Tick
from bot.digests.weeks import Week
from bot.digests.writing import Digests
from bot.rounds.library import Library
from flows.catalog import Catalog
from storage import actions, answers, contacts, entries, migrate, proof, sessions, themes
from storage.actions import NewAction, Origin
from storage.database import Database
from tests.bot.digests import slow
from tests.bot.digests.material import One
from tests.storage import makers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.disclosure import Share
    from bot.digests.model import Change, Score
    from storage.rounds import RoundRow

CASES, BATCH, MINIMUM = 210, 30, 5
WEEK = Week(2026, 47)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
CHANNELS = ("telegram", "web", "sms")
CATALOG = Catalog.load()
KINDS = ("organisation", "group", "late", "says organisation", "says group", "is in a group")
"""Whom staff took down as such, and who said it themselves, in two ways."""
DELETED = 7
"""Parts in rounds that people of the city had deleted in the week."""

HERE = (
    "minimum who.new who.total who.apart who.channels.new who.channels.total.count who.finished clock.days "
    "scores.positive scores.negative scores.unknown scores.change scores.weeks scores.median scores.side "
    "voices.total hidden deeds.lines.days deeds.more deeds.told deeds.agreed foot.deletions more_problems proposed"
).split()
"""The numbers that are counted once more in this module, from what was written into the database."""
ELSEWHERE = {
    "who.missing": "test_missing.py",
    "who.groups": "test_missing.py",
    "clock.written": "test_writing.py",
    "scores.net": "test_statistics.py",
    "scores.alike": "test_reworded.py",
    "results": "test_results.py",
    "gap": "../assessing/test_gap.py",
    "urgent": "test_writing.py",
    "alerts": "test_two_hundred.py",
    "more_alerts": "test_two_hundred.py",
    "problems": "test_two_hundred.py",
    "works": "test_two_hundred.py",
    "deeds.lines.id": "test_deeds.py",
    "deeds.more_late": "test_deeds.py",
    "foot": "test_writing.py",
    "kept_too_long": "test_writing.py",
}
"""Those that other modules count once more, or hold to figures written down."""


class Case(NamedTuple):
    """A service: who answered, who only began, what is done."""

    service: str
    people: list[One]
    finished: list[bool]
    """Of those who began in the week, whether they came to the end."""
    closes_on: date
    done: list[tuple[int, int, int]]
    """Of each action how many agreed, how many were told, and in how many days it is due."""
    beside: list[tuple[str, date]]
    """Who is no voice of one person, by kind, and when they answered."""


@cache
def case(number: int) -> Case:
    chance = Random(1000 + number)  # noqa: S311 - the same two hundred each time
    size, mood = chance.choice([1, 3, 7, 12, 24]), chance.uniform(0.3, 0.95)
    made: list[One] = []
    for back in range(26):
        here = mood if back else min(max(mood + chance.choice([-0.3, 0, 0, 0.2]), 0.05), 0.98)
        for _ in range(max(int(chance.gauss(size, size / 3 + 1)), 0)):
            choice = chance.choice("54") if chance.random() < here else chance.choice(["3", "2", "1", "1", "na"])
            day = WEEK.back(back).monday + timedelta(days=chance.randrange(7))
            made.append(One(day, choice, chance.choice(["", "", "Slow."]), chance.choice(CHANNELS)))
    finished = [chance.random() < 0.7 for _ in range(chance.randrange(0, 40))]
    done = [(chance.randrange(0, 9), chance.randrange(0, 5), chance.randrange(-20, 20)) for _ in range(number % 7)]
    days = NOW.date() + timedelta(days=chance.randrange(0, 30))
    beside = [(chance.choice(KINDS), WEEK.back(chance.randrange(4)).monday) for _ in range(chance.choice([0, 3, 20]))]
    return Case(f"s{number}", sorted(made, key=lambda one: one.on), finished, days, done, beside)


@cache
def config() -> Config:
    plain = configuration.load(None, {})
    one = plain.services[0]
    services = tuple(replace(one, key=f"s{number}") for number in range(CASES))
    return replace(plain, services=services, city=replace(plain.city, time_zone="Europe/London"))


def written(database: Database, one: Case) -> None:
    """Write down what happened as the loop keeps it."""
    with database.transaction() as db:
        closes = datetime.combine(one.closes_on + timedelta(days=1), datetime.min.time(), UTC)
        round_ = makers.add_round(db, one.service, service=one.service, closes_at=closes)
        answers.append(db, [row for number, who in enumerate(one.people) for row in said(round_, number, who)])
        for number, (kind, on) in enumerate(one.beside):
            answers.append(db, [*for_many(db, round_, f"{one.service} beside {number}", kind, on)])
        new = [makers.new_contact(f"{one.service} {number}") for number in range(len(one.finished))]
        met = contacts.add(db, new)
        sessions.save(db, [began(contact, round_, done=done) for contact, done in zip(met, one.finished, strict=True)])
        for kind in (themes.PROPOSAL, themes.MANAGER):  # as many themes wait as there are actions, and as many do not
            names = [(f"{kind} {number}", {"en": f"{kind} {number}"}) for number in range(len(one.done))]
            themes.add(db, one.service, names, kind, NOW)
        for agreed, told, days in one.done:
            due = (NOW + timedelta(days=days)).date().isoformat()
            words = (one.service, "fix", "words", Origin("Queue"), "A desk", NOW - timedelta(days=30))
            actions.add(db, NewAction(*words, due_on=due, agreed=agreed + told, told=told), "Ana")


def said(round_: RoundRow, number: int, one: One) -> Iterator[Any]:
    who, moment = f"person {number}".encode(), datetime(one.on.year, one.on.month, one.on.day, 12, tzinfo=UTC)
    moment += timedelta(seconds=number)
    score = None if one.choice == "na" else float(one.choice)
    if number % 4 == 0:  # who is asked again in the same week has thought better of it
        before = moment - timedelta(hours=1)
        yield makers.answer(round_, who, at=before, choice="1" if number % 8 else "5", channel=one.channel)
    yield makers.answer(round_, who, at=moment, choice=one.choice, score=score, channel=one.channel)
    if one.text:
        yield makers.text(round_, one.text, who, moment, channel=one.channel)


def for_many(db: Connection, round_: RoundRow, name: str, kind: str, on: date) -> Iterator[Any]:
    """Somebody who is no voice of one person says the worst of the service, and why."""
    who, moment = name.encode(), datetime(on.year, on.month, on.day, 10, tzinfo=UTC)
    facts: dict[str, Any] = {"at": moment, "channel": "web"}
    match kind:
        case "organisation" | "group" | "late":
            contact = makers.add_contact(db, name, "paper")
            late, what = kind == "late", "individual" if kind == "late" else kind
            entries.add(db, entries.Entry(contact.id, round_.id, None, what, 2, "", NOW, late=late))
            who = Library(config(), CATALOG, makers.KEYS).pseudonym(round_, contact.address_hash) or b""
        case "is in a group":
            yield makers.answer(round_, who, "role", item="you.role", choice="group", **facts)
        case _:
            choice = kind.removeprefix("says ")
            yield makers.answer(round_, who, "for_whom.kind", item=None, verb="choose", choice=choice, **facts)
    yield makers.answer(round_, who, choice="1", **facts)
    yield makers.text(round_, "We all wait.", who, moment, channel="web")


def began(contact: contacts.Contact, round_: RoundRow, *, done: bool) -> sessions.SessionRow:
    at = datetime(2026, 11, 18, 12, tzinfo=UTC)
    over = {"status": "completed", "ended_at": at + timedelta(hours=1)} if done else {}
    return makers.session(contact, round_, at, **over)


@pytest.mark.parametrize("first", range(0, CASES, BATCH))
def test_each_number_of_a_digest_is_what_plain_loops_find_in_what_was_written(tmp_path: Path, first: int) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'town.db'}")
    migrate.upgrade(database)
    desk = Digests(config(), CATALOG.bank, Library(config(), CATALOG, makers.KEYS))
    cases = [case(number) for number in range(first, first + BATCH)]
    with database.transaction() as db:
        for _ in range(DELETED):
            proof.note(db, "answers", 3, datetime(2026, 11, 17, 9, tzinfo=UTC))
    full = 0
    for one in cases:
        written(database, one)
        keep(database, one.service, config().city.zone, NOW)
        with database.reading() as db:
            made = desk.of_week(db, one.service, WEEK, NOW)
        assert made is not None
        full += made.form is Form.FULL
        check(one, made)
    assert full > BATCH / 3
    database.close()


# --------------------------------------------------------------------------- each number once more


def check(one: Case, made: Digest) -> None:
    crowd = [who for who in one.people if WEEK.monday <= who.on <= WEEK.sunday]
    assert made.minimum == MINIMUM
    assert (made.who.new, made.who.total) == (len(crowd), len(one.people))
    assert (made.form is Form.FULL) == (len(crowd) >= MINIMUM)
    assert (made.more_problems, made.proposed) == (0, len(one.done))
    check_beside(one, made)
    check_clock(one, made)
    check_deeds(one, made)
    hidden = 0
    if made.form is Form.FULL:
        assert made.foot is not None
        assert made.foot.deletions == DELETED
        hidden = check_channels(one, crowd, made) + check_scores(one, crowd, made) + check_texts(one, made)
        assert made.who.finished is not None
        check_share(made.who.finished, slow.told(sum(one.finished), len(one.finished), MINIMUM))
    assert made.hidden == hidden


def check_beside(one: Case, made: Digest) -> None:
    here = [kind for kind, on in one.beside if on == WEEK.monday]
    told = made.who.apart
    assert told.organisations == here.count("organisation") + here.count("says organisation")
    assert told.groups == here.count("group") + here.count("says group") + here.count("is in a group")
    assert told.late == in_fives(here.count("late"))


def check_clock(one: Case, made: Digest) -> None:
    (clock,) = made.clock
    assert (clock.tick, clock.days) == (Tick.CLOSES, (one.closes_on - NOW.date()).days)


def check_deeds(one: Case, made: Digest) -> None:
    deeds = made.deeds
    assert deeds is not None
    late = sorted((-days for _, _, days in one.done if days < 0), reverse=True)
    assert [line.days for line in deeds.lines if line.days] == late[:4]
    assert deeds.more == max(len(one.done) - 4, 0)
    told, agreed = sum(told for _, told, _ in one.done), sum(agreed + told for agreed, told, _ in one.done)
    assert (deeds.told, deeds.agreed) == (in_fives(told), in_fives(agreed))


def in_fives(people: int) -> int | None:
    if people == 0:
        return 0
    return None if people < 5 else next(five for five in range(5, 1000, 5) if abs(five - people) <= 2)


def check_channels(one: Case, crowd: list[One], made: Digest) -> int:
    """Where all channels are large or empty their numbers are told; else those that are hidden are not looked at."""
    new, before = dict.fromkeys(CHANNELS, 0), dict.fromkeys(CHANNELS, 0)
    for who in one.people:
        (new if who in crowd else before)[who.channel] += 1
    there = {name for name in CHANNELS if new[name] + before[name]}
    assert {channel.name for channel in made.who.channels} == there
    small = [name for name in there if 0 < new[name] < MINIMUM]
    known = all(before[name] == 0 or before[name] >= MINIMUM for name in there)
    for channel in made.who.channels:
        assert channel.new == new[channel.name] or (channel.new is None and small)
        if known and not small:
            assert channel.total.count == new[channel.name] + before[channel.name]
        if channel.total.count is not None:
            parts = (0, new[channel.name], before[channel.name], new[channel.name] + before[channel.name])
            assert channel.total.count in parts
    return sum(channel.new is None for channel in made.who.channels)


def check_scores(one: Case, crowd: list[One], made: Digest) -> int:
    hidden = 0
    for score in made.scores:
        good, bad = slow.headline(one.people, WEEK, MINIMUM)
        check_share(score.positive, good)
        check_share(score.negative, bad)
        unknown = sum(who.choice == "na" for who in crowd)
        silent = len(crowd) - len([who for who in crowd if who.choice in "54321"]) - unknown
        few = 0 < unknown < MINIMUM or 0 < silent < MINIMUM or (not unknown and silent)
        assert score.unknown == (None if few else unknown)
        weeks = [slow.headline(one.people, WEEK.back(back), MINIMUM)[0] for back in range(25, -1, -1)]
        for point, told in zip(score.weeks, weeks[-9:], strict=True):
            check_share(point.share, told)
        assert (score.median, score.side) == middle_and_run(weeks)
        check_change(score)
        hidden += score.unknown is None
        if score.positive.base is None:
            hidden += 1
        else:
            hidden += (score.positive.strength is Strength.HIDDEN) + (score.negative.strength is Strength.HIDDEN)
    return hidden


def check_share(share: Share, told: tuple[object, ...]) -> None:
    assert slow.seen(share) == told
    if share.part is None or not share.base:
        assert (share.low, share.high) == (None, None)
    else:
        low, high = slow.wilson(share.part, share.base)
        assert (share.low, share.high) == (round(low, 6), round(high, 6))


def check_change(score: Score) -> None:
    """The four weeks before taken together, from what is told of each."""
    told = [point.share for point in score.weeks[-5:-1] if point.share.part is not None or point.share.band]
    base, least, most = 0, 0, 0
    for share in told:
        behind = slow.known(share, MINIMUM)
        base, least, most = base + (share.base or 0), least + behind[0], most + behind[-1]
    if not base or not (score.positive.band or score.positive.part is not None):
        assert score.change is None
        return
    assert score.change is not None
    check_before(score.change, base, least, most)
    now, then = score.positive, score.change.before
    if now.part is None or then.part is None or not now.base:
        assert (score.change.points, score.change.low, score.change.high) == (None, None, None)
        return
    shares = (now.part / now.base - then.part / base, *slow.newcombe(now.part, now.base, then.part, base))
    whole = tuple(away_from_nothing(100 * share) for share in shares)
    assert (score.change.points, score.change.low, score.change.high) == whole


def check_before(change: Change, base: int, least: int, most: int) -> None:
    if least == most:
        check_share(change.before, slow.told(least, base, MINIMUM))
        return
    over = [ten for ten in range(50, 100, 10) if ten * base <= 100 * (least - 1)]
    under = [ten for ten in range(50, 100, 10) if ten * base <= 100 * (base - most - 1)]
    band, edge = ("over", over[-1]) if over else ("under", 100 - under[-1]) if under else ("", 0)
    check_share(change.before, (base, None, band, edge))


def away_from_nothing(points: float) -> int:
    whole = int(abs(points) + 0.5 + 1e-7)
    return whole if points >= 0 else -whole


def middle_and_run(weeks: list[tuple[object, ...]]) -> tuple[int | None, int]:
    """Return the median of the weeks in whole percent, and how many of the last lie on one side of it."""
    shares = [
        None if part is None else int(100 * int(str(part)) / int(str(base)) + 0.5 + 1e-9) for base, part, *_ in weeks
    ]
    known = sorted(share for share in shares if share is not None)
    if len(known) < 12:
        return None, 0
    half = len(known) // 2
    centre = float(known[half]) if len(known) % 2 else (known[half - 1] + known[half]) / 2
    run = 0
    for share in reversed(shares):
        if share is None or share == centre or (run and (share > centre) != (run > 0)):
            break
        run += 1 if share > centre else -1
    return int(centre + 0.5), run


def check_texts(one: Case, made: Digest) -> int:
    """Words of the week, and of the weeks just before it that had too few people to be told of."""
    back = 0
    while back < 4 and 0 < sum(Week.holding(who.on) == WEEK.back(back + 1) for who in one.people) < MINIMUM:
        back += 1
    wrote = sum(bool(who.text) for who in one.people if WEEK.back(back).monday <= who.on <= WEEK.sunday)
    assert made.voices.total == (None if 0 < wrote < MINIMUM else wrote)
    return made.voices.total is None


# --------------------------------------------------------------------------- no number is left out


def numbers(kind: type, at: str = "") -> Iterator[str]:
    """Give the address of every number in a dataclass and in what it holds."""
    for field in fields(kind):
        yield from inside(get_type_hints(kind)[field.name], f"{at}.{field.name}".strip("."))


def inside(hint: Any, at: str) -> Iterator[str]:
    if hint in (int, float):
        yield at
    elif is_dataclass(hint) and isinstance(hint, type):
        yield from numbers(hint, at)
    for each in get_args(hint):
        yield from inside(each, at)


def test_every_number_of_a_digest_is_counted_once_more_somewhere() -> None:
    known = [*HERE, *ELSEWHERE]
    found = set(numbers(Digest))
    left = {one for one in found if not any(one == name or one.startswith(f"{name}.") for name in known)}
    assert left == set()
    assert {name for name in known if not any(one == name or one.startswith(f"{name}.") for one in found)} == set()


@pytest.mark.parametrize(("name", "module"), ELSEWHERE.items())
def test_what_is_counted_elsewhere_is_looked_at_there(name: str, module: str) -> None:
    said_there = (Path(__file__).parent / module).read_text(encoding="utf-8")
    assert re.search(rf"\b{name.rsplit('.', maxsplit=1)[-1]}\b", said_there)
