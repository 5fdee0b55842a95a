"""How an act on a round is done: whole or not at all, one after the other, with a line in its log."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from bot.rounds import record, wording
from bot.rounds.lifecycle import State
from bot.rounds.looking import Looking, signature
from bot.rounds.record import forgets_at
from storage import crossings, people, rounds, trail
from storage.database import Ongoing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.rounds import RoundRow
    from storage.seals import Noted

CLOCK = "clock"
COMMAND_LINE = "command line"
LONGEST = 500
"""Characters of a reason or a note: the log has room for no more, and cuts none."""


class Acting(Looking):
    """The rounds of an installation, to act on. Synchronous; each act is one transaction.

    `who` acts is a member of staff by their id; None: the `operator`, an account at the command line.
    """

    def within(self, db: Connection) -> Self:
        """Return the same rounds inside a transaction that somebody else has begun: a turn, say.

        What an act writes there is kept with the turn, and what it refuses leaves the turn as it was.
        """
        inside = copy.copy(self)
        inside._database = Ongoing(db)  # noqa: SLF001 - one of us
        return inside

    @contextmanager
    def _act(self) -> Iterator[Connection]:
        """One act of an organiser, done whole or not at all."""
        with self._database.transaction() as db:
            yield db
            crossings.passed("round.acts")
        crossings.passed("round.acted")

    def _held(self, db: Connection, code: str) -> RoundRow:
        """Return a round that is to be changed: whoever acts on it at the same time waits, and sees it changed."""
        row = rounds.by_code(db, code, lock=True)
        if row is None:
            raise wording.Forbidden("no_round", code=code)
        return row

    def _redrafted(self, db: Connection, row: RoundRow) -> None:
        """Make a round a draft again that has just changed, unless it may wait on for its day: what it asks is kept."""
        row = self._unsettled(db, row)
        if self._waits_on(db, row):
            self._library.freeze(db, row, self._clock())
        else:
            rounds.move(db, row.id, (State.CHECKED, State.SCHEDULED), State.DRAFT)

    def _unsettled(self, db: Connection, row: RoundRow) -> RoundRow:
        """Let a round that has not begun go by the configuration as it is now, until it is signed or opened."""
        said = forgets_at(record.load(row.record), self._config.city.zone)
        rounds.change(db, row.id, told=None, forget_at=said)
        return replace(row, told=None, forget_at=said)

    @staticmethod
    def _reasoned(why: str) -> None:
        if not why.strip():
            raise wording.Forbidden("no_reason")

    def _why_changed(self, db: Connection, row: RoundRow, why: str) -> str:
        """Return why a round is changed. Raises `Refused` where somebody has signed it as it is and nothing is said."""
        if signature(trail.of(db, row.id)):
            self._reasoned(why)
        return why.strip()

    @staticmethod
    def _must_be(row: RoundRow, states: Sequence[str], key: str, **values: object) -> None:
        if row.state not in states:
            raise wording.Forbidden(key, **values)

    def _note(  # noqa: PLR0913 - all that a line of the log says
        self,
        db: Connection,
        row: RoundRow,
        who: int | None,
        what: str,
        now: datetime,
        why: str = "",
        *,
        changed: Mapping[str, tuple[Any, Any]] | None = None,
        sealed: Noted | None = None,
    ) -> None:
        """Write into the log what was done to a round; `row` is the round as it was before, `sealed` what is final.

        Raises `Refused` for a reason that the log has no room for: then nothing of the act is done.
        """
        fits("why", why, LONGEST)
        name, by = name_of(db, who, self.operator), self.operator
        trail.add(db, row.id, now, name, what, why, changed, by=who, operator=by, before=row, sealed=sealed)


def fits(what: str, text: str, most: int) -> None:
    """Refuse a text that is longer than there is room for: nothing is cut in silence.

    `what` names the text: `<what>_too_long` in texts/*.toml says so. Raises `Refused`.
    """
    if len(text) > most:
        raise wording.Forbidden(f"{what}_too_long", name=what, most=most, n=len(text))


def name_of(db: Connection, who: int | None, operator: str | None = None) -> str:
    """Return what a member of staff is called in a log; None: the operator at a command line."""
    person = people.get(db, who) if who is not None else None
    unnamed = f"operator {operator}" if operator else COMMAND_LINE
    return (person.name if person is not None else unnamed)[:120]
