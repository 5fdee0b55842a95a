"""You said, we did, we did not: what a service does about what it was told, as item 9 of the digest says it.

At most five lines: four actions and the told-back rate. First what is overdue, the longest first; then what was done
since its reader was told last, and what will not be done and why; then what is open, the nearest day first. What is
overdue leaves room for one that was done and one that will not be. The figures of any moment can be told again later:
what changed since is undone by the log (`storage.actions.as_of`).
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.digests.disclosure import about
from bot.themes.starter import named
from storage import actions, themes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from storage.actions import Action

LINES = 4
"""Actions that are told of, beside the told-back rate."""
LATE = 2
"""Of them so many that are overdue, where others wait for a line."""
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
    about: Mapping[str, str] = field(default_factory=dict)
    """What was answered, or is not ours: the theme, the question or the issue, by language; empty for all else."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Item 9 of a digest."""

    lines: tuple[Deed, ...] = ()
    more: int = 0
    """Actions there was no line for."""
    more_late: int = 0
    """Of them, those that are overdue."""
    told: int | None = 0
    """Times somebody was told what came of what they raised, of `agreed` times that they agreed to hear it.

    Both in steps of the minimum, nobody as such; None: fewer."""
    agreed: int | None = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.lines and self.agreed == 0


def deeds(
    db: Connection,
    service: str,
    moment: datetime,
    zone: ZoneInfo,
    minimum: int,
    since: datetime | None = None,
    questions: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Deeds:
    """Return what a service does about what it was told, as it stood at a moment, on the calendar of `zone`.

    `since`: when its reader was told last; `questions`: those of the bank that an action can be about, by language.
    """
    rows = {row.id: row for row in actions.as_of(db, service, moment)}
    told = summed(rows.values(), moment, zone, minimum, since)
    return replace(told, lines=tuple(replace(each, about=_about(db, rows[each.id], questions)) for each in told.lines))


def summed(
    rows: Iterable[Action], moment: datetime, zone: ZoneInfo, minimum: int, since: datetime | None = None
) -> Deeds:
    """Return the same of the actions of a service as they stand at that moment. Pure."""
    kept, today = list(rows), moment.astimezone(zone).date()
    lately = min(since or moment, moment - LATELY)
    news = [row for row in kept if row.state == actions.OPEN or _is_news(row, lately, moment)]
    every = sorted((_deed(row, today) for row in news), key=_order)
    told = _chosen(every)
    late = sum(each.stand is Stand.LATE for each in every) - sum(each.stand is Stand.LATE for each in told)
    rate = actions.told_back(kept)
    left = len(every) - len(told)
    return Deeds(told, left, late, about(rate.told, minimum), about(rate.agreed, minimum))


def _chosen(every: Sequence[Deed]) -> tuple[Deed, ...]:
    """Return those that get a line, in their order: two that are late, one done and one not, then whoever is first."""
    of = {stand: [each for each in every if each.stand is stand] for stand in Stand}
    first = [*of[Stand.LATE][:LATE], *of[Stand.DONE][:1], *of[Stand.NOT_DONE][:1]]
    rest = [each for each in every if each not in first]
    return tuple(sorted([*first, *rest][:LINES], key=_order))


def _about(db: Connection, row: Action, questions: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return what an action is about whose words are its reason, or those that people were told."""
    if row.kind not in {actions.ANSWER, actions.NOT_US} or row.words != row.outcome:
        return {}
    match row.source:
        case actions.THEME:
            theme = themes.get(db, int(row.of.name))
            return named(theme) if theme else {}
        case actions.SCORE:
            return questions.get(row.of.name, {})
        case _:
            return {"": row.of.name} if row.of.name not in {"", row.words} else {}


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
