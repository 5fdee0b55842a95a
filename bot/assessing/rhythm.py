"""When somebody is asked to look at their own work: at the start, once a quarter, and when a stage begins. Pure.

One message for all that is due, once for each occasion, and never a second one because nobody answered.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.assessing.scoring import quarter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

SETTLED: Final = timedelta(hours=12)
"""Whoever has just got a role is left in peace for so long."""
APART: Final = timedelta(days=45)
"""Two whole forms lie so far apart, also where a quarter ends in between."""


def of_round(round_id: int) -> str:
    """Return the occasion that a round is: its stage begins, and its result can still be foretold."""
    return f"round:{round_id}"


def due(
    since: datetime,
    last_done: datetime | None,
    called: Mapping[str, datetime],
    rounds: Collection[int],
    now: datetime,
    zone: ZoneInfo,
) -> list[str]:
    """Return the occasions on which somebody is asked now: this quarter for the whole form, rounds for their stage.

    `since` is when they came, `last_done` when they last came to the end of a whole form, `rounds` are those whose
    result they can still foretell and have not.
    """
    full = [quarter(now.astimezone(zone).date())] if _whole(since, last_done, called, now, zone) else []
    return [*full, *(each for each in map(of_round, sorted(rounds)) if each not in called)]


def _whole(
    since: datetime, last_done: datetime | None, called: Mapping[str, datetime], now: datetime, zone: ZoneInfo
) -> bool:
    this = quarter(now.astimezone(zone).date())
    if this in called or now - since < SETTLED or (last_done and quarter(last_done.astimezone(zone).date()) == this):
        return False
    return all(now - at >= APART for at in (*_of_quarters(called), *([last_done] if last_done else [])))


def _of_quarters(called: Mapping[str, datetime]) -> Iterable[datetime]:
    return (at for occasion, at in called.items() if not occasion.startswith("round:"))
