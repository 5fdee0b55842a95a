"""ISO weeks in a place: when they begin and end there, whatever the clocks do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO 8601 week, Monday to Sunday; `2026-W47` as text."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return the ISO name."""
        return f"{self.year:04d}-W{self.number:02d}"

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> Week:
        """Return the week `moment` lies in, on the calendar of `zone`."""
        return cls.holding(moment.astimezone(zone).date())

    @classmethod
    def holding(cls, day: date) -> Week:
        """Return the week of a day."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read `2026-W47`. Raises ValueError where there is no such week."""
        found = re.fullmatch(r"(\d{4})-W(\d{2})", text)
        if not found:
            raise ValueError(f"{text!r} is no ISO week; write it like 2026-W47")
        week = cls(int(found[1]), int(found[2]))
        if not 1 < week.year < 9999:  # the weeks beside it lie in the calendar, too
            raise ValueError(f"{text!r} is no week of our time")
        date.fromisocalendar(week.year, week.number, 1)
        return week

    @property
    def monday(self) -> date:
        """The first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """The last day."""
        return self.monday + timedelta(days=6)

    def back(self, weeks: int) -> Week:
        """Return the week so many weeks earlier."""
        return Week.holding(self.monday - timedelta(weeks=weeks))

    def begins(self, zone: ZoneInfo) -> datetime:
        """Return its first moment in `zone`, in UTC."""
        return datetime.combine(self.monday, time(), zone).astimezone(UTC)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Return the first moment after it in `zone`, in UTC."""
        return self.back(-1).begins(zone)

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return its first moment in `zone` and the first after it, in UTC."""
        return self.begins(zone), self.ends(zone)
