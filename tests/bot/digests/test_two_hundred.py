"""Two hundred made-up weeks, each figure worked out once more with plain loops; and how they read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import pytest

from bot.digests import render
from bot.digests.deeds import Deed, Deeds, Stand
from bot.digests.disclosure import NOTHING
from bot.digests.model import Digest, Foot, Form, Missing, Reason, Theme, Tick
from bot.digests.render import items
from bot.digests.render.mail import words
from bot.digests.summarise import Deadline, Heard, summarise
from bot.digests.weeks import Week
from bot.texts import languages, texts
from tests.bot.digests import slow
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.bot.digests.polled import poll
from tests.bot.digests.sample import said
from tests.journeys.data import feedback

if TYPE_CHECKING:
    import pandas as pd

WEEK, MINIMUM, HOW_MANY = Week(2026, 47), 5, 232
"""Some weeks are silent: two hundred and a few digests are left."""
URL = "https://voice.rivermouth.example/manage/digests/ambulance/2026-W47"
STRICT = 2.5758293035489004
"""The quantile of 99 %."""
NAMES = ("Waiting at hand-over", "Text message too late", "Door too heavy", "Opening hours", "Friendly staff", "Price")
CASES = pytest.mark.parametrize("number", range(0, HOW_MANY, 8))
"""Eight digests in a test each, so that a slow machine shows where it is."""


def people(chance: Random) -> list[One]:
    """Return people of half a year: some weeks busy, some quiet, some better than others."""
    made: list[One] = []
    size, mood = chance.choice([0, 2, 8, 20, 60]), chance.uniform(0.3, 0.95)
    for back in range(26):
        here = mood if back else min(max(mood + chance.choice([-0.3, 0, 0, 0.2]), 0.05), 0.98)
        for _ in range(max(int(chance.gauss(size, size / 3 + 1)), 0)):
            choice = chance.choice("54") if chance.random() < here else chance.choice(["3", "2", "1", "1", "na"])
            text = chance.choice(TEXTS) if chance.random() < 0.4 else ""
            day = WEEK.back(back).monday + timedelta(days=chance.randrange(7))
            made.append(One(day, choice, text, chance.choice(["telegram", "web", "sms"]), chance.random() < 0.5))
    return sorted(made, key=lambda one: one.on)


TEXTS = [each.text for each in feedback() if each.text][:200]


@cache
def case(number: int) -> tuple[list[One], dict[str, object], Digest | None]:
    """Return the people of one week, what else there was, and the digest of it."""
    chance = Random(number)  # noqa: S311 - the same two hundred each time
    crowd = people(chance)
    heard = tuple(
        Heard(name, {"en": name}, chance.random() < 0.3, chance.randrange(0, 30), chance.randrange(0, 20),
              {"en": "Hand-over"}, chance.randrange(0, 12), (said(chance.choice(TEXTS), chance.choice("5421")),))
        for name in chance.sample(NAMES, chance.randrange(0, 6))
    )  # fmt: skip
    heard = tuple(with_part(one, chance) for one in heard)
    deadlines = [
        Deadline(f"r{n}", f"Round {n}", chance.choice(["open", "closed"]), None, date(2026, 11, 25), late, written=n)
        for n, late in enumerate(chance.choice([[], [date(2026, 11, 10)], [date(2026, 12, 1), date(2026, 11, 2)]]))
    ]
    ballots = [chance.sample("abc", 3) for _ in range(chance.choice([0, 3, 12, 40]))]
    began = chance.randrange(20, 90)
    facts: dict[str, object] = {
        "missing": tuple(Missing("age", {"en": f"group {n}"}, chance.choice([0.3, 0.6])) for n in range(number % 3)),
        "urgent_open": int(chance.random() < 0.1),
        "urgent": chance.randrange(0, 3),
        "deeds": Deeds((Deed(1, "assign", Stand.LATE, "SMS test", "Kim", date(2026, 11, 10), 13),), 2, 40, 60),
        "foot": Foot(deletions=number % 4, campaigns=number % 2, senders=23 * (number % 2)),
    }
    known = replace(counted(crowd, WEEK), heard=heard, polls=(poll("rank", ballots),) if ballots else (),
                    began=began, finished=chance.randrange(0, began))  # fmt: skip
    made = summarise(known, scope(WEEK, deadlines, **facts), monday_after(WEEK))  # type: ignore[arg-type] # of many types
    return crowd, {**facts, "heard": heard, "known": known, "crowd": crowd}, made


def with_part(heard: Heard, chance: Random) -> Heard:
    """Add who wrote at all, now and in the four weeks before, and where."""
    past = tuple((chance.randrange(0, 20), chance.randrange(20, 60)) for _ in range(3))
    here, there = chance.randrange(0, 20), chance.randrange(0, 20)
    places = (({"en": "Northgate"}, here, here + chance.randrange(0, 9)), ({"en": "Southside"}, there, there + 40))
    wrote = heard.people + chance.choice([0, 3, 30, 60])
    return replace(
        heard,
        wrote=wrote,
        past=(*past, (heard.people_before, 60)),
        places=places,
        organised=chance.choice([0, 3, 300]),
        campaigns=1,
    )


def digests() -> list[Digest]:
    return [made for number in range(HOW_MANY) if (made := case(number)[2])]


# --------------------------------------------------------------------------- each figure once more


@CASES
def test_each_figure_is_what_a_slow_count_finds(number: int) -> None:
    for one in range(number, number + 8):
        crowd, facts, made = case(one)
        if made is not None:
            check_people(crowd, facts, made)
            if made.form is Form.FULL:
                check_score(crowd, made)
                check_themes(facts, made)
            check_alerts(facts, made)


def check_people(crowd: list[One], facts: dict[str, object], made: Digest) -> None:
    new, by_channel = 0, {"telegram": 0, "web": 0, "sms": 0}
    for one in crowd:
        if WEEK.monday <= one.on <= WEEK.sunday:
            new += 1
            by_channel[one.channel] += 1
    assert (made.who.new, made.who.total) == (new, len(crowd))
    assert (made.form is Form.FULL) == (new >= MINIMUM)
    for channel in made.who.channels:
        assert channel.new in (None, by_channel[channel.name])
    if made.form is Form.FULL:
        known = facts["known"]
        told = slow.told(known.finished, known.began, MINIMUM)  # type: ignore[attr-defined] # what was counted
        assert made.who.finished is not None
        assert slow.seen(made.who.finished) == told


def check_score(crowd: list[One], made: Digest) -> None:
    for score in made.scores:
        assert (slow.seen(score.positive), slow.seen(score.negative)) == slow.headline(crowd, WEEK, MINIMUM)
        if score.positive.part is not None and score.positive.base:
            low, high = slow.wilson(score.positive.part, score.positive.base)
            assert (score.positive.low, score.positive.high) == (round(low, 6), round(high, 6))
        weeks = [slow.headline(crowd, WEEK.back(back), MINIMUM)[0] for back in range(25, -1, -1)]
        assert [slow.seen(point.share) for point in score.weeks] == weeks[-9:]
        assert (score.median, score.side) == slow_side(weeks)
        told = (score.change.points, score.change.low, score.change.high) if score.change else None
        check_change(crowd, told, weeks)


def check_change(crowd: list[One], told: tuple[int | None, ...] | None, weeks: list[tuple[object, ...]]) -> None:
    """The four weeks before taken together, where each of them and this one is exact."""
    if any(week[1] is None for week in weeks[-5:]):
        return
    now, then = slow.tally(crowd, WEEK.monday, WEEK.sunday), slow.tally(crowd, WEEK.back(4).monday, WEEK.back(1).sunday)
    shares = now.good / now.base - then.good / then.base, *slow.newcombe(now.good, now.base, then.good, then.base)
    assert told is not None
    if told[0] is not None:
        assert told == tuple(rounded(100 * share) for share in shares)


def rounded(points: float) -> int:
    """Round a half away from nothing."""
    whole = int(abs(points) + 0.5 + 1e-7)
    return whole if points >= 0 else -whole


def slow_side(weeks: list[tuple[object, ...]]) -> tuple[int | None, int]:
    """Return the median in whole percent, and the run on one side of it."""
    shares: list[int | None] = []
    for base, part, _, _ in weeks:
        exact = isinstance(part, int) and isinstance(base, int)
        whole = int(100 * part / base + 0.5 + 1e-9) if exact else None  # type: ignore[operator] # both are numbers then
        shares.append(whole)
    known = sorted(share for share in shares if share is not None)
    if len(known) < 12:
        return None, 0
    half = len(known) // 2
    centre = known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2
    above = below = 0
    for share in reversed(shares):
        if share is not None and share > centre and not below:
            above += 1
        elif share is not None and share < centre and not above:
            below += 1
        else:
            break
    return int(centre + 0.5), above - below


def check_themes(facts: dict[str, object], made: Digest) -> None:
    heard = [one for one in facts["heard"] if one.people >= MINIMUM]  # type: ignore[attr-defined] # a tuple of Heard
    crowd: list[One] = facts["crowd"]  # type: ignore[assignment] # a list of One
    told = {one.theme: raised(one, one.people, crowd, 0) for one in heard}
    order = sorted(heard, key=lambda one: (-told[one.theme][0], one.theme))
    bad = told_first([one for one in order if not one.good], facts)
    shown_ = [(each.key, (each.people, each.at_least)) for each in made.problems]
    assert [(one.theme, told[one.theme]) for one in bad[:3]] == shown_
    assert made.more_problems == max(len(bad) - 3, 0)
    good = [one for one in order if one.good]
    assert (made.works and made.works.key) == (good[0].theme if good else None)
    for each, one in zip(made.problems, bad, strict=False):
        shown = None if 0 < one.people_before < MINIMUM or not each.compared else one.people_before
        assert each.before == shown
        assert bool(each.step) == (one.step_people >= MINIMUM)
        assert each.organised == (one.organised if one.organised >= MINIMUM else 0)
        assert not (each.compared and raised(one, one.people_before, crowd, 1)[1])
        check_part(each, one, made.who.new, facts)


def told_first(bad: list[Heard], facts: dict[str, object]) -> list[Heard]:
    """Put those that doubled among the first three."""
    first = [*(one for one in bad if has_doubled(one, facts)), *bad]
    three = list(dict.fromkeys(one.theme for one in first))[:3]
    return [*(one for one in bad if one.theme in three), *(one for one in bad if one.theme not in three)]


def has_doubled(one: Heard, facts: dict[str, object]) -> bool:
    """Say whether a theme calls for action: ten people or more, and at least twice as many as the week before."""
    crowd: list[One] = facts["crowd"]  # type: ignore[assignment] # a list of One
    written: pd.DataFrame = facts["known"].written  # type: ignore[attr-defined] # Answers
    last = int(written.loc[written["week"] == str(WEEK.back(1)), "texts"].sum())
    before = 4 if 0 < one.people_before < MINIMUM else one.people_before
    many = raised(one, one.people, crowd, 0)[0] >= max(10, 2 * before)
    return last >= MINIMUM and not raised(one, one.people_before, crowd, 1)[1] and many


def raised(one: Heard, count: int, crowd: list[One], back: int) -> tuple[int, bool]:
    """Return what is told of people on one side of a theme, of all who scored so, or answered; and if as "at least"."""
    week = WEEK.back(back)
    there = [each for each in crowd if week.monday <= each.on <= week.sunday]
    (base, content, _, _), _ = slow.headline(crowd, week, MINIMUM)
    if base is not None and content is None:
        whole = len(there)
    else:
        liked = int(str(content or 0))
        whole = liked if one.good else len(there) - liked
    for each in sorted({whole, len(there)}):
        if max(each - MINIMUM, 4) < count <= each:
            return max(each - 4, MINIMUM), True
    return count, False


HIDDEN = (None, None, "", 0)


def numbered(part: int, wrote: int, new: int, told: list[int]) -> tuple[object, ...]:
    """Say what may be told of a part of those who wrote, beside all that answered and the people of each theme."""
    found = slow.told(part, wrote, MINIMUM)
    tells = any(0 < rest < MINIMUM for rest in (new - wrote, *(wrote - people for people in told)))
    return HIDDEN if tells or (found[1] is None and part >= MINIMUM) else found


def check_part(each: Theme, one: Heard, new: int, facts: dict[str, object]) -> None:
    """The part of those who wrote, against the four weeks before, and where it stands out."""
    heard: tuple[Heard, ...] = facts["heard"]  # type: ignore[assignment] # a tuple of Heard
    known: pd.DataFrame = facts["known"].people  # type: ignore[attr-defined] # Answers
    crowd: list[One] = facts["crowd"]  # type: ignore[assignment] # a list of One
    now = numbered(one.people, one.wrote, new, [other.people for other in heard if other.people >= MINIMUM])
    now = HIDDEN if raised(one, one.people, crowd, 0)[1] else now
    assert slow.seen(each.share) == now
    if now == HIDDEN:
        assert ([point.share for point in each.weeks], each.change) == ([NOTHING], None)
        return
    past = []
    for at, (part, wrote) in enumerate(one.past):
        there = int(known.loc[known["week"] == str(WEEK.back(4 - at)), "people"].sum())
        told = [other.past[at][0] for other in heard if other.past[at][0] >= MINIMUM]
        past.append(HIDDEN if raised(one, part, crowd, 4 - at)[1] else numbered(part, wrote, there, told))
    assert [slow.seen(point.share) for point in each.weeks[:-1]] == past
    if all(week[1] is not None for week in past):
        then = [sum(week[place] for week in one.past) for place in (0, 1)]
        assert each.change is not None
        assert each.change.real == slow.is_real(one.people, one.wrote, then[0], then[1])
    (_, here, wrote), (_, there, others) = one.places
    north = here >= there
    first, second = ((here, wrote), (there, others)) if north else ((there, others), (here, wrote))
    out = first[0] >= 10 and second[1] > 0 and slow.newcombe(*first, *second, STRICT)[0] > 0
    assert each.area == ({"en": "Northgate" if north else "Southside"} if out else {})


def check_alerts(facts: dict[str, object], made: Digest) -> None:
    """The rules once more, one after the other."""
    found: list[tuple[Reason, int]] = []
    if facts["urgent_open"]:
        found.append((Reason.URGENT, 1))
    late = sorted((clock.days for clock in made.clock if clock.tick is Tick.OVERDUE), reverse=True)
    found += [(Reason.OVERDUE, days) for days in late]
    for score in made.scores:
        now, then = slow.seen(score.positive), score.change and slow.seen(score.change.before)
        if then and now[1] is not None and then[1] is not None:
            good, base, liked, total = (int(str(each)) for each in (now[1], now[0], then[1], then[0]))
            fell = liked / total - good / base
            if base >= 30 and fell > 0 and slow.newcombe(good, base, liked, total, STRICT)[1] < 0:
                found.append((Reason.FELL, rounded(100 * fell)))
            if base < 30 and fell >= 0.15:
                found.append((Reason.DROP, rounded(100 * fell)))
    watched = {Reason.DROP, Reason.ABOVE, Reason.BELOW, Reason.MISSING}
    told = [(each.reason, each.count) for each in made.alerts]
    assert len(told) == 3 if made.more_alerts else len(told) <= 3
    kinds = {reason for reason, _ in told}
    if len(kinds) < len(told):  # a second of one reason is told only where each reason has one
        assert {reason for reason, _ in found} <= kinds
    if len(kinds) < 3:
        assert bool(facts["urgent_open"]) == (Reason.URGENT in kinds)
        assert bool(late) == (Reason.OVERDUE in kinds)
    overdue = [days for reason, days in told if reason is Reason.OVERDUE]
    assert overdue == late[: len(overdue)]
    assert len(late) - len(overdue) <= made.more_alerts
    for reason in (Reason.FELL, Reason.DROP):
        changes = [score.change for score in made.scores]
        shares = [score.positive for score in made.scores] + [change.before for change in changes if change]
        if all(changes) and all(share.exact for share in shares) and not made.more_alerts:
            assert [each for each in told if each[0] is reason] == [each for each in found if each[0] is reason]
    grave = [reason not in watched for reason, _ in told]
    assert grave == sorted(grave, reverse=True)


# --------------------------------------------------------------------------- how they read


def ease(text: str) -> float:
    """Return Flesch's reading ease (1948) of English: 60 and more is plain, 30 and less is for scholars."""
    sentences = [part for part in re.split(r"[.!?;:]\s|\n", text) if re.search(r"[A-Za-z]{2}", part)]
    spoken = [word for part in sentences for word in re.findall(r"[A-Za-z’']+", part)]
    sounds = sum(max(len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", word.lower()))), 1) for word in spoken)
    return 206.835 - 1.015 * len(spoken) / len(sentences) - 84.6 * sounds / len(spoken)


@pytest.mark.parametrize("language", languages())
def test_all_of_them_are_one_page(language: str) -> None:
    for made in digests():
        told = render.message(made, texts(language), URL)
        assert items.words(told) < 400
        assert told.endswith(URL)
        assert items.words(items.headline(made, texts(language))) <= items.WORDS


@pytest.mark.parametrize("number", range(0, HOW_MANY, 20))
def test_a_mail_of_any_of_them_is_one_page(number: int) -> None:
    for made in digests()[number : number + 20 : 4]:
        for language in ("en", "fr"):
            assert words(render.mail(made, texts(language), URL)[0]) < 400


def test_they_are_plain_to_read() -> None:
    """Without what citizens wrote: their words are theirs."""
    plain = [replace(made, voices=replace(made.voices, quotes=())) for made in digests()]
    scores = [ease(render.message(made, texts("en"))) for made in plain]
    assert len(scores) >= 200
    assert median(scores) >= 60
    assert min(scores) >= 50
