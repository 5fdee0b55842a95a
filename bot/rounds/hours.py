"""When people may be written to who have not written first: by day, wherever their clock stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, time

    from bot.config import Config

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `earliest` on and before `latest`, by the clock on the wall; both the same: at any hour."""

    earliest: time
    latest: time
    zone: ZoneInfo
    """Of the city, for whoever's zone is not known."""

    @classmethod
    def of(cls, config: Config) -> Hours:
        """Return the hours of a city."""
        return cls(config.sending.earliest, config.sending.latest, config.city.zone)

    def day(self, now: datetime, zone: str | None = None) -> bool:
        """Whether somebody in `zone` may be written to at `now`."""
        clock = now.astimezone(self._known(zone)).time()
        return self.earliest == self.latest or self.earliest <= clock < self.latest

    def begin(self, now: datetime) -> datetime:
        """Return the moment at which the city's day of `now` began."""
        return _instant(now.astimezone(self.zone).date(), None, self.zone)

    def opening(self, at: datetime, zone: str | None = None) -> datetime:
        """Return the first moment from `at` on at which somebody in `zone` may be written to."""
        there = replace(self, zone=self._known(zone))
        for begins, ends in there._spans(at, at + 3 * DAY):  # noqa: SLF001 - one of us
            if at < ends:
                return max(at, begins)
        return at

    def after(self, since: datetime, span: timedelta) -> datetime:
        """Return when so much sending time has passed in the city since a moment: the inverse of `elapsed`."""
        left, at = span, self.opening(since)
        for begins, ends in self._spans(since, since + (3 + span // timedelta(minutes=1)) * DAY):
            free = max(timedelta(), ends - max(begins, since))
            if free and left <= free:
                return max(begins, since) + left
            left, at = left - free, ends
        return at

    def elapsed(self, since: datetime, now: datetime) -> timedelta:
        """Return how much sending time has passed in the city: nights do not count.

        Reckoned in UTC, so that a day of 23 or 25 hours and a missing hour count for what they are.
        """
        spans = self._spans(since, now)
        return sum((max(timedelta(), min(ends, now) - max(begins, since)) for begins, ends in spans), timedelta())

    def _spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Give the sending time of each of the city's days from `since` to `until`, in UTC."""
        day, last = since.astimezone(self.zone).date(), until.astimezone(self.zone).date()
        whole = self.earliest == self.latest
        while day <= last:
            begins = _instant(day, None if whole else self.earliest, self.zone)
            yield begins, _instant(day + DAY, None, self.zone) if whole else _instant(day, self.latest, self.zone)
            day += DAY

    def _known(self, zone: str | None) -> ZoneInfo:
        try:
            return ZoneInfo(zone) if zone else self.zone
        except (ZoneInfoNotFoundError, ValueError):  # an older table of zones on this machine
            return self.zone


def _instant(day: date, at: time | None, zone: ZoneInfo) -> datetime:
    """Return a time of day in UTC, None being midnight; one in the missing hour is as far behind the hour before it."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the clock on the wall, given its zone here
    wall = midnight if at is None else midnight.replace(hour=at.hour, minute=at.minute)
    return wall.replace(tzinfo=zone).astimezone(UTC)
