"""The digest: what managers read of one service and one week. Plain data; holds only what may be shown.

Texts are kept per language where the digest itself carries them, so that an old digest can be read again in another
language. `dump` and `load` are exact inverses, and the same digest is always the same text.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field
from datetime import date, datetime  # noqa: TC003 - the same
from enum import StrEnum

import msgspec

from bot.assessing.gap import Gap  # noqa: TC001 - the same
from bot.digests.disclosure import Running, Share  # noqa: TC001 - the same
from bot.digests.results import Result  # noqa: TC001 - the same


class Form(StrEnum):
    """How much there is to tell."""

    FULL = "full"
    SHORT = "short"
    """Fewer new answers than the minimum: clock and who answered only."""


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


@dataclass(frozen=True, slots=True)
class Channel:
    """People who answered on one channel; None where there are too few to say."""

    name: str
    new: int | None
    total: Running


@dataclass(frozen=True, slots=True)
class Who:
    """Who answered. `new` and `total` are bases: everybody who took part, exactly."""

    new: int
    total: int
    channels: tuple[Channel, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Voice:
    """One citizen's own words, who agreed to be quoted."""

    on: date
    stage: str
    text: str
    tone: str = ""
    """`positive` or `negative` as this person scored; empty otherwise, and where it would show too few people."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Free text, newest first."""

    quotes: tuple[Voice, ...] = ()
    total: int | None = 0
    """Texts written, quoted or not; None where too few to say."""
    since: date | None = None
    """First day covered, where words of earlier, too quiet weeks are in here too."""


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


def dump(digest: Digest | None) -> str:
    """Return the digest as JSON; `null` for a silent week. Equal digests give equal text."""
    return msgspec.json.encode(digest, order="sorted").decode()


def load(text: str) -> Digest | None:
    """Read a digest back. Raises `msgspec.ValidationError` where the text is none."""
    return msgspec.json.decode(text, type=Digest | None)
