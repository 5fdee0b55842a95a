"""How many bursts among made-up weeks of a service are found, and how many weeks without one are said to have one.

People come more by day than by night and most in the evening; how many come in a week varies by a third, and of every
day anew by a half, as news and weather do. Weeks and bursts are drawn with a seed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bot.reading.bursts import bursts
from tests.evaluate.table import Row, at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDS = ()
MINIMUM = 5
DAY = [0.1] * 6 + [0.5] * 2 + [1.0] * 9 + [2.0] * 5 + [0.5] * 2
"""How many come in each hour of a day, beside others."""
SERVICES = (10, 50, 200, 1000)
"""People in a usual week."""
EACH = 100
"""Weeks of each."""
PEOPLE = (10, 20, 40)
"""In a burst, or as many as a tenth of a usual week if that is more."""


def week(people: int, drawn: random.Random) -> list[int]:
    """Return the hours in which people of a week come."""
    days = [drawn.gammavariate(4, 0.25) for _ in range(7)]
    many = round(people * drawn.gammavariate(9, 1 / 9))
    return drawn.choices(range(168), [day * hour for day in days for hour in DAY], k=many)


def rows(_data: Path, _cache: Path) -> Iterator[Row]:
    """Measure all."""
    drawn = random.Random(17)  # noqa: S311 - a made-up city
    weeks = [(people, [week(people, drawn) for _ in range(5)]) for people in SERVICES for _ in range(EACH)]
    stray = sum(bool(bursts(dict(enumerate(now)), before, MINIMUM)) for _, (now, *before) in weeks)
    yield Row(
        "bursts: weeks in vain per 1,000", f"{1000 * stray / len(weeks):.1f}", "≤ 10", stray <= len(weeks) / 100, ""
    )
    for people in PEOPLE:
        found = 0
        for usual, (now, *before) in weeks:
            hour, many = drawn.randrange(168), max(people, usual // 10)
            told = bursts(dict(enumerate([*now, *[hour] * many])), before, MINIMUM)
            found += any(each.hour <= hour < each.hour + each.hours for each in told)
        bound = 0.95 if people == max(PEOPLE) else 0.8
        yield at_least(f"bursts: of {people} people found", found / len(weeks), bound, f"{len(weeks)} weeks")
