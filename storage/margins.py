"""Who lives in the city, by one variable each: what rounds compare those who answer with."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from storage.rows import Insert, Shape
from storage.tables import margin_log, margins

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class MarginRow:
    """How the residents divide by one variable. `groups` is JSON, `valid_on` the ISO day when it held."""

    variable: str
    groups: str
    source: str
    valid_on: str
    entered_by: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Weighed:
    """What somebody said of who lives there, once: `what` is `ENTERED`, or `FORGOTTEN` with what it was."""

    variable: str
    what: str
    at: datetime
    who: str
    why: str
    groups: str
    source: str
    valid_on: str


ENTERED, FORGOTTEN = "entered", "forgotten"
_log = Shape(margin_log, Weighed)
_shape = Shape(margins, MarginRow)
_anew = ", ".join(f'"{name}" = excluded."{name}"' for name in _shape.names if name != "variable")
_put = Insert(margins, _shape.names, end=f"ON CONFLICT (variable) DO UPDATE SET {_anew}")


def put(db: Connection, rows: Iterable[MarginRow]) -> None:
    """Keep these in place of what was said by the same variables before.

    Written in one order always, so that two writers never wait for each other crosswise.
    """
    kept = sorted(rows, key=attrgetter("variable"))
    _put(db, [astuple(row) for row in kept])


def remove(db: Connection, variable: str) -> bool:
    """Forget what was said by a variable; return whether anything was."""
    return db.execute(delete(margins).where(margins.c.variable == variable)).rowcount == 1


def note(db: Connection, acts: Iterable[Weighed]) -> None:
    """Write down what was said, by whom, when and why; nothing of it is ever changed."""
    if lines := _log.write(acts):
        db.execute(insert(margin_log), lines)


def log(db: Connection) -> list[Weighed]:
    """Return all that was ever said, oldest first."""
    return _log.read(db.execute(select(*_log.columns).order_by(margin_log.c.id)))


def every(db: Connection) -> list[MarginRow]:
    """Return all, by the name of the variable."""
    return _shape.read(db.execute(select(*_shape.columns).order_by(margins.c.variable)))
