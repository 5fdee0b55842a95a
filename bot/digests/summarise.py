"""From answers, counted by the database, to a digest. Pure: the same material and moment give the same digest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.digests import disclosure, quotes, signals, statistics
from bot.digests.deeds import Stand
from bot.digests.disclosure import Share, Strength
from bot.digests.model import (
    Apart,
    Change,
    Channel,
    Clock,
    Digest,
    Foot,
    Form,
    Group,
    Missing,
    Point,
    Reason,
    Score,
    Theme,
    Tick,
    Voice,
    Voices,
    Who,
)
from bot.digests.results import result
from bot.digests.statistics import Posneg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    import pandas as pd

    from bot.digests.deeds import Deeds
    from bot.digests.model import Alert, Proposal
    from bot.digests.quotes import Said
    from bot.digests.results import Poll, Result
    from bot.digests.weeks import Week

HISTORY = 8
"""Weeks before this one that the trend shows."""
MEDIAN_WEEKS = 25
"""Weeks before this one whose median a run is measured against: half a year with this one."""
BASE_WEEKS = 4
"""Full weeks before this one that a change is measured against."""
NOBODY = Posneg(0, 0, 0)
QUOTES = 20
"""Most quotes a digest keeps; renderings show fewer."""
QUOTED = 5
"""So many of them a mail shows: those are not quoted again in the next digest while there are others."""
PROBLEMS = 3
"""Themes told as problems; the others are counted."""
UNREAD = 0.05
"""Part of a week's texts that may be unsorted where themes are told."""
ABOUT = 2
"""Themes of campaigns that are named where campaigns are counted."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The question that stands for a stage, and how its answers count. Answers named nowhere are not in the base."""

    stage: str
    item: str
    positive: frozenset[str]
    neutral: frozenset[str]
    negative: frozenset[str]
    unknown: frozenset[str] = frozenset()
    good: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bad: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    question: Mapping[str, str] = field(default_factory=dict)
    net: bool = False
    """Whether what counts is the share better minus the share worse."""

    @property
    def raised(self) -> frozenset[str]:
        """What those chose who are to hear of it: the bad answers; where none is, all in the base but the good ones."""
        return self.negative or self.neutral

    def tone(self, choice: str) -> str:
        """Return `positive`, `neutral`, `negative`, `unknown` or, for any other answer, nothing."""
        kinds = {
            "positive": self.positive,
            "neutral": self.neutral,
            "negative": self.negative,
            "unknown": self.unknown,
        }
        return next((kind for kind, choices in kinds.items() if choice in choices), "")


@dataclass(frozen=True, slots=True)
class Deadline:
    """What the clock needs of a round."""

    code: str
    title: str
    state: str
    opens_on: date | None = None
    closes_on: date | None = None
    feedback_on: date | None = None
    written: int | None = None
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """How many people wrote about a theme in the week and in the one before, counted once each.

    `good`: they were asked what works, or give the reason for a good score; otherwise it is a problem to them. `step`
    is where most of them had it, by language, with the people who said so. `quotes` are texts whose writers agreed to
    be quoted.
    """

    theme: str
    name: Mapping[str, str]
    good: bool
    people: int
    people_before: int = 0
    step: Mapping[str, str] = field(default_factory=dict)
    step_people: int = 0
    quotes: tuple[Said, ...] = ()
    organised: int = 0
    """So many more wrote about it in a campaign alone, and are in no other figure ..."""
    campaigns: int = 0
    """... in so many campaigns, good or bad."""
    wrote: int = 0
    """People who wrote something in the week, whatever of; campaigns left out."""
    past: tuple[tuple[int, int], ...] = ()
    """The same two numbers, of the theme and of all who wrote, in the four weeks before, oldest first."""
    places: tuple[signals.Place, ...] = ()
    """By area of those who told theirs: its name, who raised the theme, and who wrote at all."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the database counted, for one service. Answers count once handed in and not withdrawn.

    `counts`: week, stage, item, choice, people. `people`: week, channel, people who answered in it. `totals`: channel,
    people who answered up to the end of the week. `said`: quotable texts, newest first. `written`: week, texts
    (how many, quotable or not). Weeks are ISO names on the manager's calendar.
    `polls`: questions whose options people put in order. `heard`: themes of free text. `began` and `finished`: people
    who began in the week, and those of them who came to the end; None where it is not counted.
    """

    counts: pd.DataFrame
    people: pd.DataFrame
    totals: pd.DataFrame
    written: pd.DataFrame
    said: tuple[Said, ...] = ()
    polls: tuple[Poll, ...] = ()
    heard: tuple[Heard, ...] = ()
    began: int | None = None
    finished: int = 0
    campaigns: tuple[int, ...] = ()
    """Senders of each campaign of the week."""
    senders_past: tuple[int, ...] = ()
    """Senders of all campaigns of each of the four weeks before, oldest first."""
    apart: Mapping[str, int] = field(default_factory=dict)
    """Who answered in the week but is no voice of one person, by kind: `organisation`, `group`, `late`."""
    asked: tuple[tuple[str, Mapping[int, int]], ...] = ()
    """Weeks, oldest first, with the people whose scores are in the shares, by round."""
    unread: tuple[int, int] = (0, 0)
    """Texts of the week that were not sorted by theme yet, and all of them; nothing where no codebook is in use."""
    senders: int = 0
    """People among those who answered in the week who sent a campaign: their scores are in no share."""
    sent: int = 0
    """Texts of campaigns among those of the week."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What those said in a week of two wordings who were asked in the one of the weeks before, from `since` on."""

    said: Mapping[str, int]
    """People by choice."""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose digest, of which week, under which rules."""

    service: str
    name: Mapping[str, str]
    area: str
    week: Week
    zone: ZoneInfo
    headlines: tuple[Headline, ...]
    deadlines: tuple[Deadline, ...] = ()
    minimum: int = disclosure.MINIMUM
    so_far: bool = False
    earlier: Digest | None = None
    """The digest shown before this one: running figures may not differ from it by a few people."""
    alike: bool = True
    """Whether that one, too, counted apart who is no voice of one person; else its running totals go on no more."""
    issued: Digest | None = None
    """The first digest of this same week that anybody got."""
    same_moment: bool = False
    """Whether that one was made for this very moment: then nothing that has become of rounds since is told."""
    urgent: int = 0
    """Reports of danger sent at once in the week."""
    urgent_open: int = 0
    """Those nobody has closed, of any week."""
    missing: tuple[Missing, ...] = ()
    groups: tuple[Group, ...] = ()
    reworded: Mapping[str, str] = field(default_factory=dict)
    """By item the first week from which on it was asked as it is now, where it was asked otherwise before."""
    alike_words: Mapping[str, Alike] = field(default_factory=dict)
    """By item who of this week was asked as people were in the weeks before, where others were asked otherwise."""
    deeds: Deeds | None = None
    foot: Foot | None = None
    proposed: int = 0
    """New themes that nobody has looked at yet."""
    kept_too_long: int = 0
    """Kinds of data that are past their date."""


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a week says of people: issued once, and told so for ever."""

    form: Form
    who: Who
    scores: tuple[Score, ...]
    results: tuple[Result, ...]
    voices: Voices
    problems: tuple[Theme, ...]
    more_problems: int
    works: Theme | None
    hidden: int


def summarise(answers: Answers, scope: Scope, now: datetime) -> Digest | None:
    """Return the week's digest; None where nobody answered and no clock runs: then managers are left in peace.

    Of a week that somebody has had a digest of before, the figures are those: two that are counted at different times
    would differ by the few people who left in between. Deadlines, deeds and what is asked are of the moment it is made
    for; made again for the moment it was issued at it is the same, whatever has become of rounds, alarms and themes.
    """
    clock = _clock(scope, now)
    new = _people(answers, str(scope.week))
    if not new and not answers.apart and not clock and not scope.urgent_open and not scope.issued:
        return None
    found = _once_more(scope.issued, answers) if scope.issued else _figures(answers, scope, full=new >= scope.minimum)
    found = _with_themes(found, answers, scope)
    full = found.form is Form.FULL
    every = signals.alerts(
        urgent=scope.urgent_open,
        clock=clock,
        scores=() if scope.so_far else found.scores,
        themes=found.problems,
        missing=found.who.missing,
        minimum=scope.minimum,
        issued=scope.issued.alerts if scope.issued else (),
    )
    alerts = signals.told(every)
    told = Digest(
        service=scope.service,
        name=scope.name,
        area=scope.area,
        period=str(scope.week),
        since=scope.week.monday,
        until=scope.week.sunday,
        at=now,
        form=found.form,
        so_far=scope.so_far,
        minimum=scope.minimum,
        who=found.who,
        clock=clock,
        scores=found.scores,
        results=found.results,
        voices=found.voices,
        hidden=found.hidden,
        urgent=scope.urgent,
        alerts=alerts,
        more_alerts=len(every) - len(alerts) + _lost(scope.issued),
        problems=found.problems[:PROBLEMS],
        more_problems=found.more_problems,
        works=found.works,
        proposed=scope.proposed,
        deeds=scope.deeds,
        proposals=_steps(every, clock, found, scope),
        foot=_foot(answers, scope, found) if full else None,
        kept_too_long=scope.kept_too_long,
    )
    if scope.issued and scope.same_moment:
        return _of_moment(told, scope.issued)
    if scope.issued and scope.issued.alerts == alerts:
        told = replace(told, worded=scope.issued.worded)
    return told


def _of_moment(told: Digest, issued: Digest) -> Digest:
    """Return a digest with what it says of rounds, alarms, new themes and late forgetting as it was issued."""
    return replace(
        told,
        clock=issued.clock,
        urgent=issued.urgent,
        alerts=issued.alerts,
        more_alerts=issued.more_alerts,
        worded=issued.worded,
        proposed=issued.proposed,
        proposals=issued.proposals,
        kept_too_long=issued.kept_too_long,
    )


def _steps(every: Sequence[Alert], clock: Sequence[Clock], found: _Figures, scope: Scope) -> tuple[Proposal, ...]:
    late = scope.deeds is not None and any(each.stand is Stand.LATE for each in scope.deeds.lines)
    quiet = found.form is not Form.FULL
    return signals.proposals(every, clock, found.problems, found.who.missing, late=late, quiet=quiet)


def _lost(issued: Digest | None) -> int:
    """Return how many reasons of the first digest nothing in it tells of any more: those of themes it left out."""
    if issued is None:
        return 0
    known = signals.alerts(
        urgent=sum(each.count for each in issued.alerts if each.reason is Reason.URGENT),
        clock=issued.clock,
        scores=issued.scores,
        themes=issued.problems,
        missing=issued.who.missing,
        minimum=issued.minimum,
        issued=issued.alerts,
    )
    return max(len(issued.alerts) + issued.more_alerts - len(known), 0)


def _foot(answers: Answers, scope: Scope, found: _Figures) -> Foot | None:
    """Campaigns and deletions, too, are told as they were first; what themes come of, as themes are."""
    if scope.issued and scope.issued.foot and not scope.issued.foot.themes_wait:
        return scope.issued.foot
    told = scope.issued.foot if scope.issued and scope.issued.foot else scope.foot
    if not scope.issued and answers.campaigns:
        told = replace(told or Foot(), campaigns=len(answers.campaigns), senders=sum(answers.campaigns), scores=True)
    if told is None or scope.so_far:
        return told
    unread, texts = answers.unread
    tells = unread and _texts(texts, answers, scope.minimum) is not None
    read, texts = (texts - unread, texts) if tells else (0, 0)
    waits = _wait(answers)
    about = () if waits else _about(answers, scope, found)
    return replace(told, read=read, texts=texts, themes_wait=waits, about=about)


def _wait(answers: Answers) -> bool:
    """Whether so few texts are sorted that themes are not told: told once, their figures would stand for ever."""
    unread, texts = answers.unread
    return unread > texts * UNREAD


def _about(answers: Answers, scope: Scope, found: _Figures) -> tuple[Mapping[str, str], ...]:
    """Return the themes of campaigns that no line of a theme names, most people first."""
    named = {theme.key for theme in (*found.problems[:PROBLEMS], *([found.works] if found.works else []))}
    people = Counter[str]()
    for one in answers.heard:
        people[one.theme] += 0 if one.theme in named else one.organised
    names = {one.theme: one.name for one in answers.heard}
    told = [theme for theme, count in people.items() if count >= scope.minimum]
    return tuple(names[theme] for theme in sorted(told, key=lambda theme: (-people[theme], theme))[:ABOUT])


def _figures(answers: Answers, scope: Scope, *, full: bool) -> _Figures:
    who = _who(answers, scope, full=full)
    scores = _scores(answers, scope, _beside_shares(answers, who.new)) if full else ()
    results = _results(answers, scope, full=full)
    voices = _voices(answers, scope, scores) if full else Voices()
    hidden = _hidden(who, scores, voices) + sum(each.base is None for each in results)
    form = Form.FULL if full else Form.SHORT
    return _Figures(form, who, scores, results, voices, (), 0, None, hidden)


def _with_themes(found: _Figures, answers: Answers, scope: Scope) -> _Figures:
    """Add themes, where nobody has been told of any yet and enough texts are sorted."""
    told = scope.issued and not (scope.issued.foot and scope.issued.foot.themes_wait)
    if told or scope.so_far or found.form is not Form.FULL or _wait(answers):
        return found
    problems, works = _themes(answers, scope, found)
    rare = sum(0 < one.people < scope.minimum for one in answers.heard) if problems or works else 0
    problems = _told_first(problems, scope.minimum)
    more, works_ = len(problems[PROBLEMS:]), next(iter(works), None)
    return replace(found, problems=problems, more_problems=more, works=works_, hidden=found.hidden + rare)


def _told_first(problems: Sequence[Theme], minimum: int) -> tuple[Theme, ...]:
    """Return themes, first the three that are told: those that doubled, then those that most people raised."""
    asked = sorted(problems, key=lambda each: not signals.doubled(each, minimum))[:PROBLEMS]
    return tuple(sorted(problems, key=lambda each: each not in asked))


def _once_more(issued: Digest, answers: Answers) -> _Figures:
    """What was told of the week, without the words of whoever has had them deleted since."""
    there = {said.text for said in answers.said}
    quotes_ = tuple(voice for voice in issued.voices.quotes if voice.text in there)
    return _Figures(
        issued.form,
        issued.who,
        issued.scores,
        issued.results,
        replace(issued.voices, quotes=quotes_),
        tuple(_still(theme, there) for theme in issued.problems),
        issued.more_problems,
        _still(issued.works, there) if issued.works else None,
        issued.hidden,
    )


def _still(theme: Theme, there: set[str]) -> Theme:
    return theme if theme.quote is None or theme.quote.text in there else replace(theme, quote=None)


def sign_of_life(scope: Scope, now: datetime) -> Digest:
    """Return the digest of a silent week after a month of silence: that everything runs, and what is done."""
    week = scope.week
    return Digest(
        scope.service,
        scope.name,
        scope.area,
        str(week),
        week.monday,
        week.sunday,
        now,
        Form.SHORT,
        scope.so_far,
        scope.minimum,
        Who(0, 0),
        deeds=scope.deeds,
        sign_of_life=True,
    )


def same_for_reader(told: Digest, earlier: Digest) -> Iterator[str]:
    """Name what says no more to one person than the last digest they were sent did."""
    if told.who.missing and told.who.missing == earlier.who.missing:
        yield "missing"
    if told.proposed and told.proposed == earlier.proposed:
        yield "proposed"
    before = {(each.code, each.state): each for each in earlier.results}
    for each in told.results:
        if before.get((each.code, each.state)) == each:
            yield f"result.{each.code}.{each.state}"
    yield from (f"proposal.{n}" for n, each in enumerate(told.proposals) if each in earlier.proposals)
    now, then = told.deeds, earlier.deeds
    if now and then:
        yield from (f"deed.{n}" for n, each in enumerate(now.lines) if each in then.lines)
        if now.agreed != 0 and (now.told, now.agreed) == (then.told, then.agreed):
            yield "deeds.told"
    if told.gap and earlier.gap:
        parts = earlier.gap.parts
        yield from (name for name, part in told.gap.parts.items() if part == parts[name])


def _hidden(who: Who, scores: Sequence[Score], voices: Voices) -> int:
    cells = [channel.new for channel in who.channels] + [score.unknown for score in scores] + [voices.total]
    return sum(count is None for count in cells) + sum(map(_hidden_shares, scores))


def _hidden_shares(score: Score) -> int:
    """A stage with too few answers is one figure not shown, not two."""
    if score.positive.base is None:
        return 1
    told = [score.positive.strength, *([score.negative.strength] if score.bad else [])]
    return told.count(Strength.HIDDEN)


# --------------------------------------------------------------------------- clock


def _clock(scope: Scope, now: datetime) -> tuple[Clock, ...]:
    today = now.astimezone(scope.zone).date()
    ticks = [tick for deadline in scope.deadlines if (tick := _tick(deadline, today))]
    return tuple(sorted(ticks, key=lambda tick: (tick.tick is not Tick.OVERDUE, tick.on, tick.code)))


def _tick(deadline: Deadline, today: date) -> Clock | None:
    match deadline.state:
        case "scheduled" if deadline.opens_on and deadline.opens_on >= today:
            tick, on = Tick.OPENS, deadline.opens_on
        case "open" | "paused" if deadline.closes_on and deadline.closes_on >= today:
            tick, on = Tick.CLOSES, deadline.closes_on
        case "closed" | "analysed" | "decided" if deadline.feedback_on:
            tick, on = Tick.OVERDUE if deadline.feedback_on < today else Tick.DUE, deadline.feedback_on
        case _:
            return None
    days = abs((on - today).days)
    return Clock(tick, deadline.code, deadline.title, on, days, deadline.written, deadline.titles)


# --------------------------------------------------------------------------- who answered


def in_week(answers: Answers, week: Week) -> int:
    """Return how many people answered in a week."""
    return _people(answers, str(week))


def _people(answers: Answers, week: str) -> int:
    people = answers.people
    return int(people.loc[people["week"] == week, "people"].sum())


def _who(answers: Answers, scope: Scope, *, full: bool) -> Who:
    totals = _by_channel(answers.totals)
    who = Who(_people(answers, str(scope.week)), sum(totals.values()), missing=scope.missing if full else (),
              groups=scope.groups if full else (), apart=_apart(answers, scope.minimum))  # fmt: skip
    if not full or scope.so_far:
        return who
    began = answers.began
    finished = None if began is None else disclosure.share(min(answers.finished, began), began, scope.minimum)
    new = _by_channel(answers.people[answers.people["week"] == str(scope.week)])
    told = scope.earlier.who.channels if scope.earlier and scope.alike else ()
    earlier = {channel.name: channel.total for channel in told}
    before = [earlier.get(name) for name in totals]
    come = [new.get(name, 0) for name in totals]
    shown, fresh = disclosure.running(list(totals.values()), come, str(scope.week), before, scope.minimum)
    channels = tuple(Channel(*each) for each in zip(totals, fresh, shown, strict=True))
    return replace(who, channels=tuple(sorted(channels, key=_most_first)), finished=finished)


def _apart(answers: Answers, minimum: int) -> Apart:
    told = answers.apart
    return Apart(told.get("organisation", 0), told.get("group", 0), disclosure.about(told.get("late", 0), minimum))


def _by_channel(people: pd.DataFrame) -> dict[str, int]:
    return {str(name): int(count) for name, count in people.groupby("channel", sort=True)["people"].sum().items()}


def _most_first(channel: Channel) -> tuple[int, str]:
    return -(channel.new or 0), channel.name


# --------------------------------------------------------------------------- score by stage


def _beside_shares(answers: Answers, new: int) -> list[int]:
    """Return how many people may be in a share, and how many there are by what is told of senders of campaigns."""
    return [new - answers.senders, *{new, new - sum(answers.campaigns)}]


def _scores(answers: Answers, scope: Scope, people: Sequence[int]) -> tuple[Score, ...]:
    """Return the figure of each stage; so many `people` answered anything in the week, by each way to reckon it."""
    groups = _groups(answers, scope.headlines)
    scores = (_score(groups.get((each.stage, each.item), {}), scope, each, people) for each in scope.headlines)
    return tuple(score for score in scores if score)


def _score(groups: Mapping[str, Posneg], scope: Scope, headline: Headline, people: Sequence[int]) -> Score | None:
    weeks = [str(scope.week.back(back)) for back in range(MEDIAN_WEEKS, -1, -1)]
    known = [groups[week] for week in weeks[-1 - BASE_WEEKS :] if week in groups]
    if not any(group.base for group in known) and not groups.get(weeks[-1], NOBODY).unknown:
        return None
    current = groups.get(weeks[-1], NOBODY)
    if scope.so_far:
        sides = disclosure.sides_in_steps(current.positive, current.neutral, current.negative, scope.minimum)
        current = Posneg(*sides, current.unknown)
        groups = {**groups, weeks[-1]: current}
    positive, negative = shares(current, scope.minimum)
    points = _trend(groups, weeks, scope, headline)
    since = scope.reworded.get(headline.item, "")
    line = [point.share for point in points if point.week >= since]
    alike = _alike(current, positive, scope, headline)
    first = scope.alike_words[headline.item].since if alike.says else since
    before = [point.share for point in points[-1 - BASE_WEEKS : -1] if point.week >= first]
    return Score(
        stage=headline.stage,
        item=headline.item,
        positive=positive,
        negative=negative,
        unknown=_unknown(current, people, scope),
        change=change_of(alike if alike.says else positive, before, scope.minimum),
        weeks=points[-1 - HISTORY :],
        reworded=since if since > weeks[-1 - HISTORY] else "",
        median=signals.middle(line),
        side=signals.side(line),
        net=_net(positive, negative, scope, headline),
        good=headline.good,
        bad=headline.bad,
        question=headline.question,
        alike=alike,
        alike_since=first if alike.says else "",
    )


def _alike(everybody: Posneg, told: Share, scope: Scope, headline: Headline) -> Share:
    """Return the share of those who were asked as in the weeks before, where others were asked otherwise.

    With the share of all beside it, it tells that of the others: nothing unless each could be told alone.
    """
    found = scope.alike_words.get(headline.item)
    if found is None or scope.so_far or not told.exact:
        return disclosure.NOTHING
    some = Counter[str]()
    for choice, people in found.said.items():
        some[headline.tone(choice)] += people
    own = _posneg(some)
    rest = disclosure.share(everybody.positive - own.positive, everybody.base - own.base, scope.minimum)
    share = disclosure.share(own.positive, own.base, scope.minimum)
    return share if share.exact and rest.exact else disclosure.NOTHING


def _unknown(group: Posneg, people: Sequence[int], scope: Scope) -> int | None:
    """How many did not know, beside those who said nothing at all: how many there are of both is known.

    Of a running week nobody is counted: its base comes in steps.
    """
    if scope.so_far:
        return disclosure.cell(group.unknown, scope.minimum)
    own, *known = (max(each - group.base - group.unknown, 0) for each in people)
    return disclosure.beside(group.unknown, [own, *known] if group.unknown else [own], scope.minimum)


def _net(positive: Share, negative: Share, scope: Scope, headline: Headline) -> tuple[int, int, int] | None:
    """Points better minus worse, from the two shares as they are told; the range is the same whenever it is drawn."""
    if not headline.net or positive.part is None or negative.part is None or not positive.base:
        return None
    group = Posneg(positive.part, positive.base - positive.part - negative.part, negative.part)
    span = statistics.net_range(group, statistics.seed(f"{scope.service}/{headline.item}", str(scope.week)))
    return statistics.points(group.net), statistics.points(span.low), statistics.points(span.high)


def _groups(answers: Answers, headlines: Sequence[Headline]) -> dict[tuple[str, str], dict[str, Posneg]]:
    """Return for stage and item of each headline the people by week. One groupby for all: each costs milliseconds."""
    asked = {(headline.stage, headline.item): headline for headline in headlines}
    tallies: dict[tuple[str, str], dict[str, Counter[str]]] = {key: {} for key in asked}
    people = answers.counts.groupby(["stage", "item", "week", "choice"], as_index=False)["people"].sum()
    for stage, item, week, choice, count in people.itertuples(index=False, name=None):
        if headline := asked.get((stage, item)):
            tallies[stage, item].setdefault(week, Counter())[headline.tone(choice)] += int(count)
    return {key: {week: _posneg(tally) for week, tally in weeks.items()} for key, weeks in tallies.items()}


def _posneg(tally: Counter[str]) -> Posneg:
    return Posneg(tally["positive"], tally["neutral"], tally["negative"], tally["unknown"])


def shares(group: Posneg, minimum: int) -> tuple[Share, Share]:
    """Return the positive and the negative share as they may be shown beside each other."""
    return disclosure.shares(group.positive, group.neutral, group.negative, minimum)


def change_of(now: Share, past: Sequence[Share], minimum: int) -> Change | None:
    """Compare shares as they are shown: nothing hidden can follow from it."""
    then = disclosure.together(past, minimum)
    if not now.says or then.base is None:
        return None
    real = disclosure.changed(now, past, minimum)
    if now.part is None or then.part is None or not now.base:
        return Change(then, real)
    span = statistics.newcombe(now.part, now.base, then.part, then.base)
    difference = now.part / now.base - then.part / then.base
    return Change(then, real, *(statistics.points(value) for value in (difference, span.low, span.high)))


def _trend(groups: Mapping[str, Posneg], weeks: Sequence[str], scope: Scope, headline: Headline) -> tuple[Point, ...]:
    earlier = _earlier_points(scope, headline)
    points = [Point(week, shares(groups.get(week, NOBODY), scope.minimum)[0]) for week in weeks]
    steady = partial(disclosure.steady, minimum=scope.minimum, alike=scope.alike)
    return (*(Point(at.week, steady(at.share, earlier.get(at.week))) for at in points[:-1]), points[-1])


def _earlier_points(scope: Scope, headline: Headline) -> dict[str, Share]:
    if scope.earlier is None:
        return {}
    return {
        point.week: point.share
        for score in scope.earlier.scores
        if (score.stage, score.item) == (headline.stage, headline.item)
        for point in score.weeks
    }


# --------------------------------------------------------------------------- what people want


def _results(answers: Answers, scope: Scope, *, full: bool) -> tuple[Result, ...]:
    """In a quiet week only those of rounds that are over: many more people than this week's answered them."""
    return tuple(result(poll, scope.minimum) for poll in answers.polls if full or poll.whole)


# --------------------------------------------------------------------------- in their words


def _voices(answers: Answers, scope: Scope, scores: Sequence[Score]) -> Voices:
    """Words of this week and of the quiet weeks just before it, which had too few people to be told of."""
    first = scope.week
    while 0 < _people(answers, str(first.back(1))) < scope.minimum and first > scope.week.back(BASE_WEEKS):
        first = first.back(1)
    weeks = {str(first.back(-ahead)) for ahead in range(BASE_WEEKS + 1) if first.back(-ahead) <= scope.week}
    written = answers.written
    total = int(written.loc[written["week"].isin(weeks), "texts"].sum())
    drawn, tones = _drawn([said for said in answers.said if said.week in weeks], scope), _tones(scope, scores)
    told = quotes.both_sides(drawn, _majority(scores), lambda one: _side(one, tones))[:QUOTES]
    return Voices(
        tuple(_voice(one, tones, scope) for one in told),
        _texts(total, answers, scope.minimum),
        None if first == scope.week else first.monday,
    )


def _texts(total: int, answers: Answers, minimum: int) -> int | None:
    """Return how many texts there are; None where few are left of them without campaigns, whose senders are told."""
    left = (total, total - answers.sent, total - sum(answers.campaigns))
    return None if any(0 < each < minimum for each in left) else total


def _drawn(said: Iterable[Said], scope: Scope) -> list[Said]:
    """Texts by lot, those first that were not quoted in the digest before, last those that all of its readers saw.

    What several wrote in the same words is among them once.
    """
    seen, known = _quoted(scope.earlier)
    drawn = quotes.once(quotes.by_lot(said, str(scope.week)))
    return sorted(drawn, key=lambda one: (quotes.same(one.text) in seen, quotes.same(one.text) in known))


def _voice(one: Said, tones: Mapping[str, tuple[Headline, Score]], scope: Scope) -> Voice:
    return Voice(one.on, one.stage, one.text, _tone(one, tones, str(scope.week)), one.key)


def _quoted(digest: Digest | None) -> tuple[set[str], set[str]]:
    """Return the words that every rendering of a digest quotes, and all that it keeps."""
    if digest is None:
        return set(), set()
    themes = [*digest.problems, *([digest.works] if digest.works else [])]
    beside = {quotes.same(theme.quote.text) for theme in themes if theme.quote}
    apart = [said for voice in digest.voices.quotes if (said := quotes.same(voice.text)) not in beside]
    return beside | {*apart[:QUOTED]}, beside | {*apart}


def _majority(scores: Sequence[Score]) -> str:
    """The side most people of the week are on, by what is told, a number or a band; empty where that is not clear."""
    sides = {_good(score.positive) for score in scores if score.positive.says}
    return "" if len(sides) != 1 else ("positive" if sides == {True} else "negative")


def _good(share: Share) -> bool:
    return share.band == "over" if share.percent is None else share.percent >= disclosure.HALF


def _tones(scope: Scope, scores: Sequence[Score]) -> dict[str, tuple[Headline, Score]]:
    by_stage = {score.stage: score for score in scores}
    return {each.stage: (each, by_stage[each.stage]) for each in scope.headlines if each.stage in by_stage}


def _side(said: Said, tones: Mapping[str, tuple[Headline, Score]]) -> str:
    """How the writer really scored: no reader is told but by `_tone`."""
    headline = tones[said.stage][0] if said.stage in tones else None
    return headline.tone(said.choice) if headline and said.item == headline.item else ""


def _tone(said: Said, tones: Mapping[str, tuple[Headline, Score]], week: str) -> str:
    """How the writer scored, and only where that share itself is shown this week."""
    if said.stage not in tones or said.week != week:
        return ""
    kind, (_, score) = _side(said, tones), tones[said.stage]
    share = {"positive": score.positive, "negative": score.negative}.get(kind, disclosure.NOTHING)
    return kind if share.exact else ""


# --------------------------------------------------------------------------- themes


def _themes(answers: Answers, scope: Scope, found: _Figures) -> tuple[tuple[Theme, ...], tuple[Theme, ...]]:
    """Return what is a problem to people and what works, each with those most people wrote about first."""
    written = answers.written
    last = int(written.loc[written["week"] == str(scope.week.back(1)), "texts"].sum())
    people = {(one.theme, one.good): _raised(one, answers, scope, found.scores, 0) for one in answers.heard}
    told = sorted(
        (one for one in answers.heard if one.people >= scope.minimum),
        key=lambda one: (-people[one.theme, one.good][0], one.theme),
    )
    quoted: set[str] = set()
    themes = []
    for one in told:
        weeks = _theme_weeks(one, answers, scope, found)
        compared = last >= scope.minimum and _comparable(one, answers, scope, found.scores)
        theme = _theme(one, scope, found, weeks, quoted, compared=compared)
        number, at_least = people[one.theme, one.good]
        organised = _organised(one, _senders(answers, scope), scope.minimum)
        theme = replace(theme, people=number, at_least=at_least, organised=organised,
                        campaigns=one.campaigns if organised else 0)  # fmt: skip
        quoted |= {quotes.same(theme.quote.text)} if theme.quote else set()
        themes.append((one.good, theme))
    return tuple(each for good, each in themes if not good), tuple(each for good, each in themes if good)


def _theme(
    heard: Heard, scope: Scope, found: _Figures, weeks: tuple[Point, ...], quoted: set[str], *, compared: bool
) -> Theme:
    """Return one theme; its quote stands beside no other theme of the week."""
    tones = _tones(scope, found.scores)
    fresh = (one for one in _drawn(heard.quotes, scope) if quotes.same(one.text) not in quoted)
    return Theme(
        key=heard.theme,
        name=heard.name,
        people=heard.people,
        before=_before(heard, scope) if compared else None,
        compared=compared,
        step=heard.step if heard.step_people >= scope.minimum else {},
        quote=next((_voice(one, tones, scope) for one in fresh), None),
        share=weeks[-1].share,
        change=change_of(weeks[-1].share, [each.share for each in weeks[:-1]], scope.minimum),
        weeks=weeks if weeks[-1].share.exact else weeks[-1:],
        area=signals.stands_out(heard.places, scope.minimum),
    )


def _raised(heard: Heard, answers: Answers, scope: Scope, scores: Sequence[Score], back: int) -> tuple[int, bool]:
    """Return how many raised a theme so many weeks back, and whether that is told as "at least".

    Those to whom it works may all be among those who scored well, whose number the scores tell, and those it is a
    problem to among all others; and all who raised a theme, or are told to have, are among all who answered.
    """
    week, minimum = str(scope.week.back(back)), scope.minimum
    part, other = _both(heard, answers, back)
    if part < minimum:
        return part, False
    everybody = {_people(answers, week), _people(answers, week) - _senders(answers, scope, back)}
    content = _content(scores, week)
    if content is None and other >= minimum:
        left = [each - part - other for each in everybody]
        return (minimum, True) if any(0 <= each < minimum for each in left) else (part, False)
    if content is None:
        return disclosure.inside(part, everybody, minimum)
    score = {content} if heard.good else {each - content for each in everybody}
    return disclosure.inside(part, score | everybody, minimum)


def _both(heard: Heard, answers: Answers, back: int) -> tuple[int, int]:
    """Return how many raised a theme on one side so many weeks back, and how many on the other."""
    sides = [one for one in answers.heard if one.theme == heard.theme and one.good != heard.good]
    own, *others = (_so_many(one, back) for one in (heard, *sides))
    return own, sum(others)


def _so_many(heard: Heard, back: int) -> int:
    if not back:
        return heard.people
    return heard.past[-back][0] if back <= len(heard.past) else (heard.people_before if back == 1 else 0)


def _content(scores: Sequence[Score], week: str) -> int | None:
    """Return how many scored well in a week, as anybody can add it up; None where that is left open."""
    shares_ = [point.share for score in scores for point in score.weeks if point.week == week]
    return None if any(each.base and not each.exact for each in shares_) else sum(each.part or 0 for each in shares_)


def _comparable(heard: Heard, answers: Answers, scope: Scope, scores: Sequence[Score]) -> bool:
    """Whether the week before may be told of: not where it was, or would be, told as "at least"."""
    if scope.earlier and scope.earlier.period == str(scope.week.back(1)):
        told = next(iter(_told_before(heard, scope)), None)
        if told is not None:
            return not told.at_least
    return not _raised(heard, answers, scope, scores, 1)[1]


def _theme_weeks(heard: Heard, answers: Answers, scope: Scope, found: _Figures) -> tuple[Point, ...]:
    """Return the share of a theme among those who wrote, week by week; as it was told before, where it was.

    Whoever reads how many answered, how many sent a campaign and how many raised each theme subtracts: where that
    leaves a few people in any way, no share is told, and so not how many wrote.
    """
    sides = [(one.theme, one.people) for one in answers.heard]
    rest = _rest(heard.wrote, found.who.new, _senders(answers, scope), sides, scope.minimum)
    open_ = _raised(heard, answers, scope, found.scores, 0)[1]
    now = disclosure.NOTHING if open_ else disclosure.numbered(heard.people, heard.wrote, rest, scope.minimum)
    known = {point.week: point.share for each in _told_before(heard, scope) for point in each.weeks}
    weeks = [str(scope.week.back(back)) for back in range(len(heard.past), 0, -1)]
    past = (
        Point(week, disclosure.steady(share, known.get(week), scope.minimum))
        for week, share in zip(weeks, _past_shares(heard, answers, scope, found.scores), strict=True)
    )
    return (*past, Point(str(scope.week), now))


def _past_shares(heard: Heard, answers: Answers, scope: Scope, scores: Sequence[Score]) -> Iterator[Share]:
    """Give the shares of past weeks by the rules of this one: what was hidden then stays so."""
    for at, (part, wrote) in enumerate(heard.past):
        back = len(heard.past) - at
        sides = [(one.theme, one.past[at][0]) for one in answers.heard if at < len(one.past)]
        new, senders = _people(answers, str(scope.week.back(back))), _senders(answers, scope, back)
        rest = _rest(wrote, new, senders, sides, scope.minimum)
        open_ = _raised(heard, answers, scope, scores, back)[1]
        yield disclosure.NOTHING if open_ else disclosure.numbered(part, wrote, rest, scope.minimum)


def _senders(answers: Answers, scope: Scope, back: int = 0) -> int:
    """Return how many senders of campaigns the foot tells of, or that of so many weeks back."""
    if back:
        return answers.senders_past[-back] if back <= len(answers.senders_past) else 0
    issued = scope.issued.foot if scope.issued else None
    return issued.senders if issued else sum(answers.campaigns)


def _rest(wrote: int, new: int, senders: int, sides: Iterable[tuple[str, int]], minimum: int) -> list[int]:
    """Return who is left of those who wrote, or beside them, when what is told is taken away."""
    by_theme: dict[str, list[int]] = {}
    for theme, people in sides:
        by_theme.setdefault(theme, []).append(people if people >= minimum else 0)
    told = {*(people for each in by_theme.values() for people in each), *map(sum, by_theme.values())} - {0}
    return [new - wrote, new - wrote - senders, *(wrote - people for people in sorted(told))]


def _told_before(heard: Heard, scope: Scope) -> list[Theme]:
    """Return the theme as the digest before told it, on the same side."""
    if scope.earlier is None:
        return []
    works = [scope.earlier.works] if scope.earlier.works else []
    return [each for each in (works if heard.good else scope.earlier.problems) if each.key == heard.theme]


def _organised(heard: Heard, senders: int, minimum: int) -> int:
    """Return how many raised a theme in campaigns alone; 0 where that tells of a few of them, or of all others."""
    few = 0 < senders - heard.organised < minimum
    return 0 if few or heard.organised < minimum else heard.organised


def _before(heard: Heard, scope: Scope) -> int | None:
    """People in the week before; as it was told then, where it was: whoever left since does not show.

    As counted now where the minimum of people came or went since: with a theme that was merged into this one, say.
    """
    if scope.earlier and scope.earlier.period == str(scope.week.back(1)):
        told = next((theme.people for theme in _told_before(heard, scope)), None)
        if told is not None and abs(heard.people_before - told) < scope.minimum:
            return told
    return disclosure.cell(heard.people_before, scope.minimum)
