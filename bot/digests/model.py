"""The digest: what managers read of one service and one week. Plain data; holds only what may be shown.

Texts are kept per language where the digest itself carries them, so that an old digest can be read again in another
language. `dump` and `load` are exact inverses, and the same digest is always the same text.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field, replace
from datetime import date, datetime  # noqa: TC003 - the same
from enum import StrEnum
from typing import Final

import msgspec

from bot.assessing.gap import Gap  # noqa: TC001 - the same
from bot.digests.deeds import Deeds  # noqa: TC001 - the same
from bot.digests.disclosure import NOTHING, Running, Share
from bot.digests.results import Result  # noqa: TC001 - the same

FIELDS_OF_A_RECORD = 20
"""What a lawful round writes down, from its title to its lessons."""


class State(StrEnum):
    """Whether a manager must do something."""

    ACT = "act"
    WATCH = "watch"
    STEADY = "steady"


class Reason(StrEnum):
    """Why a digest says Act or Watch."""

    URGENT = "urgent"
    """Reports of danger are open."""
    OVERDUE = "overdue"
    """People wait for a report-back that is late."""
    FELL = "fell"
    """The share of a stage fell, beyond chance at 99 %."""
    DOUBLED = "doubled"
    """A theme at least doubled."""
    DROP = "drop"
    """The share of a small base fell by many points."""
    BELOW = "below"
    """Week after week under the median."""
    ABOVE = "above"
    MISSING = "missing"
    """A group is heard less than half as much as it is large."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One reason to act or to watch, with the figure it rests on."""

    reason: Reason
    count: int = 0
    """Reports, days late, people, points or weeks, as the reason has it."""
    name: Mapping[str, str] = field(default_factory=dict)
    """Title of the round, theme or group, by language."""
    stage: str = ""
    at_least: bool = False
    """Whether `count` is the fewest it can be."""

    @property
    def state(self) -> State:
        """What it asks of the manager."""
        return State.ACT if self.reason in ACTING else State.WATCH


ACTING = frozenset({Reason.URGENT, Reason.OVERDUE, Reason.FELL, Reason.DOUBLED})


class Form(StrEnum):
    """How much there is to tell."""

    FULL = "full"
    SHORT = "short"
    """Fewer new answers than the minimum: urgent reports, clock, who answered, actions, results that are whole."""


WHOLE: Final = f'"form":"{Form.FULL}"'
"""Stands in the JSON of a full digest; in no text that is quoted: in there quotation marks are escaped."""


class Tick(StrEnum):
    """What the clock tells of a round."""

    OPENS = "opens"
    CLOSES = "closes"
    DUE = "due"
    """Closed; people wait for the report-back."""
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Clock:
    """One deadline of a round."""

    tick: Tick
    code: str
    title: str
    on: date
    days: int
    """Days from the digest to `on`; days late where overdue."""
    written: int | None = None
    """How much of a lawful round's record is complete, of `FIELDS_OF_A_RECORD`; None where none is wanted."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title by language, where the round has it in several."""

    @property
    def name(self) -> Mapping[str, str]:
        """The title by language; as it was first written for all others."""
        return {"": self.title, **self.titles}


@dataclass(frozen=True, slots=True)
class Channel:
    """People who answered on one channel; None where there are too few to say."""

    name: str
    new: int | None
    total: Running
    """Those told of so far: who came in a week with too few to tell is not in it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A group of residents that is heard too little."""

    variable: str
    group: Mapping[str, str]
    """Its name by language."""
    ratio: float | None
    """Part of those who answered, divided by part of the residents; to two places. None: too few people to tell."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of residents in an open round: its part of those who answered beside its part of those who live there."""

    variable: str
    group: Mapping[str, str]
    """Its name by language."""
    answered: int | None
    """Percent of those who said which group is theirs, from counts in steps; None where too few to say."""
    residents: int
    """Percent of those who live there."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Who answered in the week and is no voice of one person: in no other figure, and counted as answers, not heads."""

    organisations: int = 0
    groups: int = 0
    late: int | None = 0
    """Came after the last day to answer, in steps of the minimum; None where too few to say."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who answered. `new` and `total` are bases: everybody who took part, exactly."""

    new: int
    total: int
    channels: tuple[Channel, ...] = ()
    finished: Share | None = None
    """Of those who began in the week, who came to the end; None where nobody counts it."""
    missing: tuple[Missing, ...] = ()
    """Of the groups that are missing those hardly heard, then those that most answers are missing of."""
    groups: tuple[Group, ...] = ()
    """All groups of residents that can be compared, by variable; those of a variable that misses somebody first."""
    apart: Apart = Apart()
    """Who is counted beside them."""


@dataclass(frozen=True, slots=True)
class Point:
    """The headline share of one week."""

    week: str
    share: Share


@dataclass(frozen=True, slots=True)
class Change:
    """This week's share minus that of the four full weeks before."""

    before: Share
    """The four weeks together, as far as each is shown."""
    real: bool | None
    """Whether the 95 % range of the difference leaves out zero (Newcombe); None where what is shown leaves it open."""
    points: int | None = None
    low: int | None = None
    high: int | None = None
    """The difference and its range in percentage points; None where a share is not exact."""


@dataclass(frozen=True, slots=True)
class Score:
    """The headline figure of one stage."""

    stage: str
    item: str
    positive: Share
    negative: Share
    unknown: int | None
    """People who said "do not know / does not apply"; None where too few to say."""
    change: Change | None
    """None where there is too little to compare."""
    weeks: tuple[Point, ...]
    """Earlier weeks and this one, oldest first."""
    good: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Words of the answers that count as positive, by language, best first."""
    bad: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    question: Mapping[str, str] = field(default_factory=dict)
    median: int | None = None
    """Of the weeks of half a year, in whole percent; None where there are too few of them."""
    side: int = 0
    """So many weeks in a row, this one the last, the share was above the median; below it where negative."""
    reworded: str = ""
    """The first of these weeks from which on the question is asked as now; empty where it is so in all of them."""
    net: tuple[int, int, int] | None = None
    """Points better minus points worse, with the two ends of its range; None where not asked for or not told."""
    alike: Share = NOTHING
    """Of those alone who were asked in the words of the weeks before, where others were asked in other words this week:
    what `change` compares. Nothing where all were asked as before, or none, or where it would tell of too few."""
    alike_since: str = ""
    """The first week with those words, where there is such a share; empty where none is known to have had others."""

    @property
    def compared(self) -> Share:
        """The share of this week that `change` compares."""
        return self.alike if self.alike.says else self.positive

    @property
    def past(self) -> list[Share]:
        """The shares of the four weeks before, as far as the question was worded as now, or as for those compared."""
        first = self.alike_since if self.alike.says else self.reworded
        return [point.share for point in self.weeks[-5:-1] if point.week >= first]


@dataclass(frozen=True, slots=True)
class Voice:
    """One citizen's own words, who agreed to be quoted."""

    on: date
    stage: str
    text: str
    tone: str = ""
    """`positive` or `negative` as this person scored; empty otherwise, and where it would show too few people."""
    answer: str = ""
    """Which answer it is, so that it goes when the answer goes; kept with a digest alone, empty in its file."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Free text, newest first."""

    quotes: tuple[Voice, ...] = ()
    total: int | None = 0
    """Texts written, quoted or not; None where too few to say."""
    since: date | None = None
    """First day covered, where words of earlier, too quiet weeks are in here too."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What several people wrote about."""

    key: str
    name: Mapping[str, str]
    people: int
    """Never fewer than the minimum."""
    before: int | None = None
    """People in the week before; None where too few to say."""
    compared: bool = False
    """Whether enough was written in the week before to compare with."""
    step: Mapping[str, str] = field(default_factory=dict)
    """Step of the service, or place, at which most of them had it; empty where none stands out."""
    quote: Voice | None = None
    organised: int = 0
    """So many more people wrote about it in campaigns alone, and are in no other figure; 0 below the minimum."""
    campaigns: int = 0
    """In so many campaigns."""
    share: Share = NOTHING
    """Of all who wrote something, campaigns left out; nothing where it could tell of the few who did not raise it."""
    change: Change | None = None
    """Against the four weeks before; None where there is too little to compare."""
    weeks: tuple[Point, ...] = ()
    """The shares of these four weeks and of this one, oldest first."""
    area: Mapping[str, str] = field(default_factory=dict)
    """Where it is raised more often than elsewhere, beyond chance at 99 %; empty where no area stands out."""
    at_least: bool = False
    """Whether `people` is the fewest it can be: the number would tell of the few on their side who did not raise it."""

    @property
    def past(self) -> list[Share]:
        """The shares of the four weeks before."""
        return [point.share for point in self.weeks[:-1]]


class Move(StrEnum):
    """What kind of step is proposed for this week."""

    FIX = "fix"
    ASK = "ask"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something a manager could do this week."""

    move: Move
    about: str
    """What it rests on: `urgent`, `theme`, `score`, `low`, `late`, `overdue`, `due`, `missing` or `quiet`."""
    name: Mapping[str, str] = field(default_factory=dict)
    """Theme, round or group by language."""
    stage: str = ""
    step: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Burst:
    """Far more people than usual within a few hours, who may have been called together."""

    on: date
    """The day it began."""
    hours: int
    of: int
    """All who answered in the week."""
    people: int | None = None
    """At least so many of them, in steps of the minimum; None: nearly all, fewer than the minimum came otherwise."""


@dataclass(frozen=True, slots=True)
class Foot:
    """What was left out of the figures, and what was done to them."""

    campaigns: int = 0
    """Texts sent by many in nearly the same words, each counted once as a campaign ..."""
    senders: int = 0
    """... by so many people; counted apart, not deleted."""
    about: tuple[Mapping[str, str], ...] = ()
    """Names of the themes they are about, as far as no line of a theme tells of them."""
    deletions: int = 0
    """Deletions in the city in this week."""
    sampled: int = 0
    """So many texts were drawn by lot and read; 0 where all were."""
    written: int = 0
    """Of so many."""
    read: int = 0
    """So many texts were sorted by theme when the digest was written ..."""
    texts: int = 0
    """... of so many; 0 where all were."""
    themes_wait: bool = False
    """Too many were not: the digest says nothing of themes, and one that is written later may."""
    scores: bool = False
    """Whether what those senders scored is left out of the shares, too: in digests written before it was, it is not."""
    resting: tuple[str, ...] = ()
    """Codes of rounds whose questions were altered: what people put in order there, and who is missing, is left out."""
    burst: Burst | None = None
    """The greatest burst of the week; None: none stood out, or nobody can say yet."""


@dataclass(frozen=True, slots=True)
class Worded:
    """The headline in a language model's words, which passed the check against the facts it cites."""

    text: str
    facts: tuple[str, ...]
    """What it cites: reasons (`alert1`, the first of `alerts`) and problems (`theme1`), in the order it tells them."""
    model: str
    """Which model wrote it."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One service, one week."""

    service: str
    name: Mapping[str, str]
    """The service's name by language."""
    area: str
    """The city, for the caveat."""
    period: str
    since: date
    until: date
    at: datetime
    """When it was put together."""
    form: Form
    so_far: bool
    """The week is still running: figures come in steps of the minimum."""
    minimum: int
    who: Who
    clock: tuple[Clock, ...] = ()
    scores: tuple[Score, ...] = ()
    results: tuple[Result, ...] = ()
    """What people want: options in order."""
    voices: Voices = Voices()
    hidden: int = 0
    """Cells not shown because too few people are in them."""
    gap: Gap | None = None
    """What the manager who gets it expected against what people said; None for all others."""
    urgent: int = 0
    """Reports of danger that were sent at once in this week."""
    alerts: tuple[Alert, ...] = ()
    """Why the digest says Act or Watch, the gravest first; at most three."""
    more_alerts: int = 0
    """Reasons left out."""
    problems: tuple[Theme, ...] = ()
    more_problems: int = 0
    """Themes left out."""
    works: Theme | None = None
    proposed: int = 0
    """New themes that wait for somebody to keep or to drop them."""
    deeds: Deeds | None = None
    proposals: tuple[Proposal, ...] = ()
    foot: Foot | None = None
    kept_too_long: int = 0
    """So many kinds of data the bot should have forgotten by then and had not: whoever runs it has to see to it."""
    again: tuple[str, ...] = ()
    """Items that say what they said in the digest before: a rendering does not repeat them."""
    sign_of_life: bool = False
    """Nobody answered and no clock runs: it only says that everything runs, and where actions stand."""
    worded: Mapping[str, Worded] = field(default_factory=dict)
    """The headline as a language model worded it, by language; a reader is told so. In others the plain one stands."""

    @property
    def state(self) -> State:
        """What is asked of the manager: the gravest of all alerts."""
        return self.alerts[0].state if self.alerts else State.STEADY


def dump(digest: Digest | None) -> str:
    """Return the digest as JSON; `null` for a silent week. Equal digests give equal text."""
    return msgspec.json.encode(digest, order="sorted").decode()


def published(digest: Digest | None) -> str:
    """Return the digest as JSON for programs: nothing in it says which answers its quotes are."""
    return dump(digest and _without_answers(digest))


def quoted(digest: Digest) -> tuple[str, ...]:
    """Return which answers a digest quotes."""
    themes = (*digest.problems, *([digest.works] if digest.works else []))
    voices = (*digest.voices.quotes, *(theme.quote for theme in themes if theme.quote))
    return tuple(dict.fromkeys(voice.answer for voice in voices))


def _without_answers(digest: Digest) -> Digest:
    voices = replace(digest.voices, quotes=tuple(replace(each, answer="") for each in digest.voices.quotes))
    problems = tuple(_unnumbered(theme) for theme in digest.problems)
    return replace(digest, voices=voices, problems=problems, works=digest.works and _unnumbered(digest.works))


def _unnumbered(theme: Theme) -> Theme:
    return replace(theme, quote=theme.quote and replace(theme.quote, answer=""))


def load(text: str) -> Digest | None:
    """Read a digest back. Raises `msgspec.ValidationError` where the text is none."""
    return msgspec.json.decode(text, type=Digest | None)
