"""Who lives in the city, by one variable each: what rounds compare those who answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from storage.rows import Shape
from storage.tables import margins

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


_shape = Shape(margins, MarginRow)


def put(db: Connection, rows: Iterable[MarginRow]) -> None:
    """Keep these in place of what was said by the same variables before."""
    new = list(rows)
    db.execute(delete(margins).where(margins.c.variable.in_([row.variable for row in new])))
    db.execute(insert(margins), _shape.write(new))


def remove(db: Connection, variable: str) -> bool:
    """Forget what was said by a variable; return whether anything was."""
    return db.execute(delete(margins).where(margins.c.variable == variable)).rowcount == 1


def every(db: Connection) -> list[MarginRow]:
    """Return all, by the name of the variable."""
    return _shape.read(db.execute(select(*_shape.columns).order_by(margins.c.variable)))
