"""Who looked at the answers behind a figure, and at which: only ever added to (triggers, revision 0020)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from storage.rows import Shape
from storage.tables import looks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Looked:
    """One look; `what` is JSON of what the answers were picked out by, `rows` how many of them were shown."""

    id: int
    service: str
    at: datetime
    who: str
    what: str
    rows: int


_shape = Shape(looks, Looked)


def note(db: Connection, service: str, at: datetime, who: str, what: Mapping[str, object], rows: int) -> None:
    """Note that somebody looks at answers, in the transaction in which they are read."""
    by = json.dumps(what, ensure_ascii=False, sort_keys=True)
    db.execute(insert(looks), {"service": service, "at": at, "who": who[:120], "what": by, "rows": rows})


def of(db: Connection, service: str, limit: int = 100) -> list[Looked]:
    """Return who looked, the newest first."""
    mine = select(*_shape.columns).where(looks.c.service == service).order_by(looks.c.id.desc())
    return _shape.read(db.execute(mine.limit(limit)))
