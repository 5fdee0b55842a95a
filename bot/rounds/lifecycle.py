"""What is due in the life of rounds at a moment. Pure: the sweep applies what it returns.

draft → checked → scheduled → open → closed → analysed → decided → reported_back → archived. A round without an end
needs nobody to check it; one nobody has a duty to hold may report back as soon as it has closed. An open round may be
paused and go on; whatever has not closed may be cancelled, for a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime, tzinfo

    from storage.rounds import RoundRow


class State(StrEnum):
    """Where a round is in its life."""

    DRAFT = "draft"
    CHECKED = "checked"
    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    ANALYSED = "analysed"
    DECIDED = "decided"
    REPORTED_BACK = "reported_back"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


BEGINNING = (State.DRAFT, State.CHECKED, State.SCHEDULED)
"""Nobody has been asked yet: facts may change."""
RUNNING = (State.OPEN, State.PAUSED)
"""People have been asked, and may be asked again."""
ANSWERED = (State.CLOSED, State.ANALYSED, State.DECIDED)
"""Everything has been said; what comes of it has not been published."""
TOLD = (State.REPORTED_BACK, State.ARCHIVED)
"""What came of it has been published; what was learnt is written down."""
OVER = (*ANSWERED, *TOLD)
"""No more answers come."""
BEGUN = (*RUNNING, *OVER)
"""There may be answers."""


ANNOUNCED = frozenset({"scheduled", "opened"})
"""What the log says of a round that everybody could see: it keeps its page where it is cancelled then."""
LATEST = 2999
"""The last year of a round: other days are reckoned from its own, on and on."""
GRACE = timedelta(hours=1)
"""After a round has closed, whoever was in the middle of it may come to the end."""


def ended_at(round_: Closed) -> datetime | None:
    """Return when a round was over for people: at its end, however late the sweep came, or earlier by hand."""
    return min((at for at in (round_.closes_at, round_.closed_at) if at is not None), default=None)


def as_of(row: RoundRow, now: datetime) -> RoundRow:
    """Return a round as it stands at `now`: once its end is past it is closed, also before a sweep has come by."""
    if row.state not in RUNNING or row.closes_at is None or now < row.closes_at:
        return row
    return replace(row, state=State.CLOSED, closed_at=row.closes_at)


def may_finish(round_: Closed, began: datetime, now: datetime) -> bool:
    """Whether somebody who began a passage at `began` may still go on with it although the round is over."""
    over = ended_at(round_)
    return round_.state in OVER and over is not None and began <= over and now < over + GRACE


def last_day(end: datetime, zone: tzinfo) -> date:
    """Return the last day on which people may answer a round that closes at `end`: midnight is the day before's.

    Reckoned in UTC, as in some zones a year has a midnight that is not there.
    """
    return (end.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()


def first_at(opens_at: datetime | None, opened_at: datetime | None) -> datetime | None:
    """Return the moment from which people can answer, or could; None where nobody said when: at once.

    A round that was signed after its day has opened later than it was to.
    """
    return opens_at and max(opens_at, opened_at or opens_at)


def closed_on(closes_at: datetime | None, closed_at: datetime | None, zone: tzinfo) -> date | None:
    """Return the last day of a round that closes, or has closed: by its clock, or earlier by hand."""
    if closes_at is not None and (closed_at is None or closed_at >= closes_at):
        return last_day(closes_at, zone)
    return closed_at.astimezone(zone).date() if closed_at is not None else None


class Act(StrEnum):
    """What the clock does to a round."""

    OPEN = "open"
    INVITE = "invite"
    REMIND = "remind"
    REST = "rest"
    CLOSE = "close"


AGREED, LISTED, LINK = "agreed", "listed", "link"
"""Audiences: those who agreed to be invited again, beside a list that the city holds; that list alone; whoever has the
link."""
AUDIENCES = (AGREED, LISTED, LINK)
LAST = timedelta(days=3)
"""So long before its end a round reminds at the latest, unless its organiser chooses another moment."""


class Round(Protocol):
    """What must be known of a round to tell what is due."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def state(self) -> str:
        """See `State`."""

    @property
    def audience(self) -> str:
        """One of `AUDIENCES`."""

    @property
    def opens_at(self) -> datetime | None:
        """When it shall open; None: as soon as it is scheduled."""

    @property
    def closes_at(self) -> datetime | None:
        """When it shall close; None: never by itself."""

    @property
    def opened_at(self) -> datetime | None:
        """When it opened; None: it has not."""

    @property
    def remind_at(self) -> datetime | None:
        """When it shall remind; None: at the usual moment."""


class Closed(Protocol):
    """What must be known of a round to tell whether it still takes answers of those in the middle."""

    @property
    def state(self) -> str:
        """See `State`."""

    @property
    def closes_at(self) -> datetime | None:
        """When it shall close; None: never by itself."""

    @property
    def closed_at(self) -> datetime | None:
        """When it closed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do to one round."""

    round_id: int
    act: Act


def due(rounds: Iterable[Round], now: datetime) -> list[Step]:
    """Return the steps due at `now`, in order. Doing a step twice is harmless, so all of them may be repeated.

    A round whose whole time has passed unseen (the program was down) opens and closes, so that its record is true.
    """
    return [Step(each.id, act) for each in rounds for act in _acts(each, now)]


def _acts(each: Round, now: datetime) -> list[Act]:
    over = each.closes_at is not None and each.closes_at <= now
    invites = [Act.INVITE] if each.audience != LINK and not over else []
    at = reminds_at(each)
    reminds = [Act.REMIND] if invites and at is not None and at <= now else []
    match each.state:
        case State.SCHEDULED if each.opens_at is None or each.opens_at <= now:
            return [Act.OPEN, *invites, *([Act.CLOSE] if over else [])]
        case State.OPEN:
            return [Act.CLOSE] if over else [*invites, *reminds]
        case State.PAUSED:
            return [Act.CLOSE] if over else [Act.REST]
        case _:
            return []


def is_last(each: Round, rests: Collection[int], now: datetime) -> bool:
    """Whether a round is over before somebody who answers now could be asked again, after one of so many days of rest.

    A day must be left to answer then. False where nobody is asked again.
    """
    if each.closes_at is None or not rests:
        return False
    return each.closes_at < now + timedelta(days=min(rests) + 1)


def reminds_at(each: Round) -> datetime | None:
    """Return when a round reminds who has not answered; None: never, as it has no end or is too short.

    Where its organiser says nothing: at half of its time, and at least `LAST` before its end.
    """
    if each.remind_at is not None or each.opened_at is None or each.closes_at is None:
        return each.remind_at
    at = min(each.opened_at + (each.closes_at - each.opened_at) / 2, each.closes_at - LAST)
    return at if at > each.opened_at else None
