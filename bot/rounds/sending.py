"""How far the invitations of a round are: what has left, what waits, and when the last one leaves. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from bot.digests.disclosure import floored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.rounds.audience import Tally
    from bot.rounds.hours import Hours


@dataclass(frozen=True, slots=True)
class Sending:
    """The invitations of a round in numbers of people; who is left out is none of them."""

    sent: int
    """Their letter has left."""
    reached: int
    """It has not come back."""
    failed: int
    waiting: int
    """Their letter has not left yet."""
    asleep: int
    """So many of those wait because it is night where they are."""
    wakes_at: datetime | None
    """When the first of those may be written to."""
    ends_at: datetime | None
    """When the last letter leaves, at the pace that is permitted and by day; None: nobody waits."""
    over: bool
    """Whether nobody will be asked any more, whoever still waits."""
    step: int = 0
    """All of it in whole steps of so many people, rounded down; 0: exactly."""

    @property
    def people(self) -> int:
        """All who are asked."""
        return self.sent + self.waiting

    @property
    def done(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.over or not self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What decides how fast the invitations of a round leave."""

    rates: Mapping[str, float]
    """Messages a second, by channel; others go as fast as they take them."""
    hours: Hours
    opened_at: datetime | None
    spread_hours: int | None
    over: bool
    rested: timedelta = timedelta()
    """Sending time spent paused."""
    step: int = 0
    """Only whole steps of so many people may be told; 0: everybody."""

    def told(self, people: int) -> int:
        """Return of how many people may be told."""
        return floored(people, self.step or 1)


Waiting: TypeAlias = "Mapping[tuple[str | None, str], int]"
"""People by zone (None: the city's) and channel."""


def sending(tally: Tally, waits: Waiting, unsent: Waiting, plan: Plan, now: datetime) -> Sending:
    """Return how far it is; `waits` are those whose turn has not come, of `unsent` the letter is written."""
    came_back, written = sum(tally.failed.values()), sum(unsent.values())
    there, left = max(tally.invited + tally.answered - written, 0), tally.waiting + written
    sent, reached, failed, waiting = (plan.told(n) for n in (there + came_back, there, came_back, left))
    if plan.over or not waiting:
        return Sending(sent, reached, failed, waiting, 0, None, None, plan.over, plan.step)
    all_ = Counter(waits) + Counter(unsent)
    sleeping = {place: n for place, n in all_.items() if not plan.hours.day(now, place[0])}
    asleep = plan.told(sum(sleeping.values()))
    wakes = [plan.hours.opening(now, zone) for zone, _ in sleeping] if asleep else []
    known = Counter[tuple[str | None, str]]() if plan.step else all_
    ends = _ends(known, waiting - known.total(), plan, max([now, *wakes]))
    return Sending(sent, reached, failed, waiting, asleep, min(wakes, default=None), ends, plan.over, plan.step)


def _ends(waits: Waiting, unknown: int, plan: Plan, since: datetime) -> datetime:
    """Return when the last letter leaves; channels send beside one another, each at its pace.

    `unknown` people are not written down yet: they may be on any channel.
    """
    seconds = [
        (unknown + sum(n for (_, one), n in waits.items() if one == channel)) / rate
        for channel, rate in plan.rates.items()
    ]
    at = plan.hours.after(since, timedelta(seconds=max(seconds, default=0)))
    if plan.spread_hours is None or plan.opened_at is None:
        return at
    return max(at, plan.hours.after(plan.opened_at, timedelta(hours=plan.spread_hours) + plan.rested))
