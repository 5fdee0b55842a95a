"""Whose digest is due. Pure: what is written already decides the rest, so any number of looks are harmless."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from bot.digests.weeks import Week
from storage.people import EVERY_SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from storage.people import Person

T = TypeVar("T")
EVERY = ("week", "fortnight", "month")
"""How often a digest is sent; each week is written all the same, and can be read on its page."""
BY = ("both", "chat", "mail")
MAIL = "mail"
FIRST_DAYS = 7
"""A digest of a month is that which comes due on one of its first seven days."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When digests come where a person has not chosen otherwise; `weekday` counts from Monday, 0."""

    zone: ZoneInfo
    weekday: int = 0
    at: time = time(8)

    def of(self, person: Person) -> Rhythm:
        """Return the rhythm of one person: their own choices laid over these; of a choice nobody can read, ours."""
        return Rhythm(
            _read(ZoneInfo, person.zone, self.zone),
            _read(DAYS.index, person.digest_day, self.weekday),
            _read(time.fromisoformat, person.digest_time, self.at),
        )

    def last(self, now: datetime) -> datetime:
        """Return the latest moment up to `now` at which a digest came due, in the zone.

        Compared by the clock on the wall: an hour that spring skips comes due right after it, one that autumn repeats
        comes due once.
        """
        wall = now.astimezone(self.zone).replace(tzinfo=None)
        monday = wall.date() - timedelta(days=wall.weekday())
        due = datetime.combine(monday + timedelta(days=self.weekday), self.at)
        return (due if due <= wall else due - timedelta(weeks=1)).replace(tzinfo=self.zone)


def _read(reader: Callable[[str], T], chosen: str | None, otherwise: T) -> T:
    if not chosen:
        return otherwise
    try:
        return reader(chosen)
    except (ValueError, OSError, KeyError):  # KeyError: no such zone
        return otherwise


def sent(person: Person, came_due: date, week: Week) -> bool:
    """Whether this person wants to be sent the digest of a week that came due on this day."""
    match person.digest_every:
        case "fortnight":
            return week.monday.toordinal() // 7 % 2 == 0
        case "month":
            return came_due.day <= FIRST_DAYS
        case _:
            return True


def chosen(person: Person, channels: Iterable[str]) -> set[str]:
    """Return to which of these channels a person wants digests; to all where none of those they chose is there."""
    there = set(channels)
    wanted = {"chat": there - {MAIL}, "mail": there & {MAIL}}.get(person.digest_by or "", there)
    return wanted or there


@dataclass(frozen=True, slots=True)
class Due:
    """One digest to write: the ISO week that had just ended when it came due.

    Everybody reads of the weeks of the city: over the weeks of two zones the same figures differ by a few people.
    """

    person: Person
    service: str
    week: Week
    zone: ZoneInfo
    """The city's."""
    at: datetime | None = None
    """When it came due; None where somebody asks for it."""


def due(
    managers: Iterable[tuple[Person, str]],
    services: Iterable[str],
    rhythm: Rhythm,
    written: Collection[tuple[int, str, str]],
    now: datetime,
) -> Iterator[Due]:
    """Give what is due at `now` and not written.

    `managers` are (person, service or `*`), `written` (person id, service, period).
    Only the latest week is due: after a long silence nobody gets a pile. Weeks before somebody was a manager are not.
    """
    every = list(services)
    for person, service in dict.fromkeys(_each(managers, every)):
        own = rhythm.of(person)
        came_due = own.last(now)
        week = Week.of(came_due, own.zone).back(1)
        ends = week.ends(rhythm.zone)
        if ends <= now and came_due >= person.created_at and (person.id, service, str(week)) not in written:
            yield Due(person, service, week, rhythm.zone, max(came_due, ends))


def _each(managers: Iterable[tuple[Person, str]], services: list[str]) -> Iterator[tuple[Person, str]]:
    for person, service in managers:
        for one in services if service == EVERY_SERVICE else [service]:
            if one in services:
                yield person, one
