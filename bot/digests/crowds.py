"""People who came in far larger numbers than usual within a few hours of a week: sought in the database, and told.

Whoever answers within a day after the bot wrote to people of their round comes because it did: they are expected, in
the week and in those it is compared with. Answers that staff enter came when somebody had time to type.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.channels import ASSISTED
from bot.digests.model import Burst
from bot.digests.summarise import BASE_WEEKS
from bot.reading.bursts import bursts
from storage import answers, audience

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from bot.digests.weeks import Week
    from bot.reading.bursts import Burst as Crowd
    from storage.apart import Participation

AFTER = timedelta(days=1)
"""So long after an invitation or a reminder answers are expected."""
HOUR = timedelta(hours=1)


def of_week(
    db: Connection, service: str, week: Week, zone: ZoneInfo, minimum: int, without: Collection[Participation] = ()
) -> list[Crowd]:
    """Return the bursts of a week, the most unlike the usual first; nobody is in them who is left out."""
    weeks = [week.back(back) for back in range(BASE_WEEKS + 1)]
    waves = _waves(db, service, weeks[-1].begins(zone) - AFTER, week.ends(zone))
    now, *before = (_came(db, service, each, zone, waves) for each in weeks)
    came: dict[Hashable, int] = {who: hour for who, hour in now.items() if who not in without}
    return bursts(came, [list(each.values()) for each in before], minimum)


def told(found: Sequence[Crowd], week: Week, zone: ZoneInfo, people: int, minimum: int) -> Burst | None:
    """Return the greatest burst as it may be told beside how many `people` answered in the week."""
    if not found:
        return None
    greatest = max(found, key=lambda each: len(each.who))
    many = len(greatest.who)
    on = (week.begins(zone) + greatest.hour * HOUR).astimezone(zone).date()
    most = None if people - many < minimum else many // minimum * minimum
    return Burst(on, greatest.hours, people, most)


def _waves(db: Connection, service: str, since: datetime, until: datetime) -> Mapping[int, list[datetime]]:
    found: defaultdict[int, list[datetime]] = defaultdict(list)
    for round_id, at in audience.waves(db, service, since, until):
        found[round_id].append(at)
    return found


def _came(
    db: Connection, service: str, week: Week, zone: ZoneInfo, waves: Mapping[int, list[datetime]]
) -> dict[Participation, int]:
    """Return in which hour of a week each person came whom nobody had called."""
    begins, ends = week.span(zone)
    first = answers.arrivals(db, service, begins, ends, channels_out=ASSISTED)
    return {who: int((at - begins) / HOUR) for who, at in first if not _called(at, waves.get(who[0], ()))}


def _called(at: datetime, waves: Sequence[datetime]) -> bool:
    """Whether the bot wrote to people of the round in the day before."""
    last = bisect_right(waves, at)
    return last > 0 and at - waves[last - 1] < AFTER
