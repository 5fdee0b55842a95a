"""You said, we did, we did not: what a service does about what it was told, as item 9 of the digest says it.

At most five lines: four actions and the told-back rate. First what is overdue, the longest first; then what was done
since its reader was told last, and what will not be done and why; then what is open, the nearest day first. The figures
of any moment can be told again later: what changed since is undone by the log (`storage.actions.as_of`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.digests.disclosure import about
from storage import actions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from storage.actions import Action

LINES = 4
"""Actions that are told of, beside the told-back rate."""
LATELY = timedelta(weeks=1)
"""What was settled within this time is news, and what was since its reader was told last."""


class Stand(StrEnum):
    """Where an action stands."""

    LATE = "late"
    DONE = "done"
    NOT_DONE = "not_done"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Deed:
    """One action in one line."""

    id: int
    kind: str
    stand: Stand
    words: str
    owner: str = ""
    """Empty where nobody owns it."""
    due_on: date | None = None
    days: int = 0
    """Days late."""
    outcome: str = ""
    """What was done, or why not."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Item 9 of a digest."""

    lines: tuple[Deed, ...] = ()
    more: int = 0
    """Actions there was no line for."""
    told: int | None = 0
    """Times somebody was told what came of what they raised, of `agreed` times that they agreed to hear it.

    Both in steps of the minimum, nobody as such; None: fewer."""
    agreed: int | None = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.lines and self.agreed == 0


def deeds(
    db: Connection, service: str, moment: datetime, zone: ZoneInfo, minimum: int, since: datetime | None = None
) -> Deeds:
    """Return what a service does about what it was told, as it stood at a moment, on the calendar of `zone`.

    `since`: when its reader was told last.
    """
    return summed(actions.as_of(db, service, moment), moment, zone, minimum, since)


def summed(
    rows: Iterable[Action], moment: datetime, zone: ZoneInfo, minimum: int, since: datetime | None = None
) -> Deeds:
    """Return the same of the actions of a service as they stand at that moment. Pure."""
    kept, today = list(rows), moment.astimezone(zone).date()
    lately = min(since or moment, moment - LATELY)
    news = [row for row in kept if row.state == actions.OPEN or _is_news(row, lately, moment)]
    told = sorted((_deed(row, today) for row in news), key=_order)
    rate = actions.told_back(kept)
    return Deeds(tuple(told[:LINES]), len(told[LINES:]), about(rate.told, minimum), about(rate.agreed, minimum))


def _is_news(row: Action, since: datetime, moment: datetime) -> bool:
    return row.settled_at is not None and since < row.settled_at <= moment


def _deed(row: Action, today: date) -> Deed:
    due_on = date.fromisoformat(row.due_on) if row.due_on else None
    late = row.late(today.isoformat())
    days = (today - due_on).days if late and due_on else 0
    stand = Stand.LATE if late else Stand(row.state)
    return Deed(row.id, row.kind, stand, row.words, row.owner, due_on, days, row.outcome)


def _order(deed: Deed) -> tuple[int, int, date, int]:
    return list(Stand).index(deed.stand), -deed.days, deed.due_on or date.max, deed.id
