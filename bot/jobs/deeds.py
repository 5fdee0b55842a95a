"""What the clock does to actions: it reminds their owners on the day and once it has passed, and ends questions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.actions.telling import DUE, OVERDUE
from bot.jobs.sweeps import all_of
from bot.rounds.acting import CLOCK
from bot.rounds.hours import Hours
from storage import actions, crossings
from storage.actions import DONE, OPEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.actions.acting import Actions
    from bot.config import Config
    from storage.actions import Action
    from storage.database import Database

REMINDED, EXPIRED = "reminded", "expired"
"""What the log of an action says of them; the reason of a reminder is which, and for which day."""


class Deeds:
    """The sweep of actions. A repeat is harmless: what was done stands in the log of the action."""

    def __init__(
        self,
        config: Config,
        database: Database,
        acts: Actions,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._acts = acts
        self._clock = clock
        self._wake = wake
        self._hours = Hours.of(config)

    def sweep(self) -> int:
        """Remind by day, each owner once when it is due and once when it is overdue; end old questions."""
        now = self._clock()
        today = self._acts.today(now).isoformat()
        with self._database.reading() as db:
            late = [row for row in actions.due(db, today) if _which(db, row, today)] if self._hours.day(now) else []
            over = actions.expired(db, now)
        reminds = [(f"action {row.id}", partial(self._remind, row.id, today, now)) for row in late]
        return all_of([*reminds, *((f"action {row.id}", partial(self._end, row.id, now)) for row in over)])

    def _remind(self, action_id: int, today: str, now: datetime) -> int:
        with self._database.transaction() as db:
            row = actions.get(db, action_id, lock=True)
            which = _which(db, row, today) if row is not None and row.state == OPEN else ""
            if row is not None and which:
                self._acts.teller.tell_owner(db, row, which, now)
                actions.change(db, row, now, CLOCK, REMINDED, _noted(row, which))
            crossings.passed("action.reminds")
        crossings.passed("action.reminded")
        self._wake()
        return int(bool(which))

    def _end(self, action_id: int, now: datetime) -> int:
        """What was answered to a question stands now, and can be shown."""
        with self._database.transaction() as db:
            row = actions.get(db, action_id, lock=True)
            if row is not None and row.state == OPEN:
                actions.change(db, row, now, CLOCK, EXPIRED, state=DONE, settled_at=now)
            crossings.passed("action.expires")
        crossings.passed("action.expired")
        return 1


def _which(db: Connection, row: Action, today: str) -> str:
    """Return which reminder an action wants that its owner has not had; empty: none."""
    if row.person_id is None or row.due_on is None or row.due_on > today:
        return ""
    which = OVERDUE if row.late(today) else DUE
    had = {each.why for each in actions.log(db, row.id) if each.what == REMINDED}
    return "" if _noted(row, which) in had else which


def _noted(row: Action, which: str) -> str:
    return f"{which} {row.due_on} {row.person_id}"
