"""Who of the staff looked at what citizens sent, and what they did that no round tells of: only added to, and proved.

Triggers refuse everything else (revision 0020). Each entry carries a hash over itself and over that of the one before
at the same service, as entries of a round's trail do (`storage.trail`): whoever changes one, takes one out or puts one
in breaks every hash from there on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, text

from storage.rows import Shape
from storage.tables import looks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Looked:
    """One look; `what` is JSON of what the answers were picked out by, `rows` how many of them were shown.

    Of a deed, `what` has its name under `did`, and no answers were shown.
    """

    id: int
    service: str
    at: datetime
    who: str
    what: str
    rows: int
    hash: bytes | None = None
    """None: of before looks had one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a look at the looks of a service has shown."""

    looks: int
    last: bytes
    """The hash of the newest; empty where there is none."""
    wrong: int | None
    """The first one (its id) that is not as it was written, or before which one is missing; None: all are there."""


_shape = Shape(looks, Looked)


def note(db: Connection, service: str, at: datetime, who: str, what: Mapping[str, object], rows: int) -> None:
    """Note that somebody looks at answers, in the transaction in which they are read."""
    _one_at_a_time(db, service)
    by, who = json.dumps(what, ensure_ascii=False, sort_keys=True), who[:120]
    mine = select(looks.c.hash).where(looks.c.service == service).order_by(looks.c.id.desc()).limit(1)
    digest = _digest(db.execute(mine).scalar() or b"", service, at, who, by, rows)
    db.execute(insert(looks), {"service": service, "at": at, "who": who, "what": by, "rows": rows, "hash": digest})


def did(db: Connection, service: str, at: datetime, who: str, what: str, **about: object) -> None:
    """Note what somebody did (`blocked`, say), and to what, in the transaction in which it is done."""
    note(db, service, at, who, {"did": what, **about}, 0)


def _one_at_a_time(db: Connection, service: str) -> None:
    """Let no two looks at a service follow the same one; SQLite has one writer at a time anyway."""
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"looks {service}"})


def of(db: Connection, service: str, limit: int | None = 100) -> list[Looked]:
    """Return who looked and did what, the newest first; without `limit` all."""
    mine = select(*_shape.columns).where(looks.c.service == service).order_by(looks.c.id.desc())
    return _shape.read(db.execute(mine.limit(limit)))


def naming(db: Connection, who: str) -> int:
    """Return how many looks and deeds at all services are of somebody of this name."""
    return db.execute(select(func.count()).select_from(looks).where(looks.c.who == who)).scalar_one()


def prove(db: Connection, service: str) -> Proof:
    """Reckon every hash of the looks at a service anew."""
    count, last, wrong = 0, b"", None
    for row in db.execute(select(*_shape.columns).where(looks.c.service == service).order_by(looks.c.id)):
        look, count = Looked(*row), count + 1
        expected = _digest(last, service, look.at, look.who, look.what, look.rows)
        if look.hash != expected and (look.hash is not None or last) and wrong is None:
            wrong = look.id
        last = look.hash or b""
    return Proof(count, last, wrong)


def has(db: Connection, service: str, digest: bytes) -> bool:
    """Whether a hash that was noted earlier is that of a look at a service."""
    found = select(looks.c.id).where(looks.c.service == service, looks.c.hash == digest)
    return db.execute(found.limit(1)).first() is not None


def _digest(before: bytes, service: str, at: datetime, who: str, what: str, rows: int) -> bytes:
    said = [before.hex(), service, at.astimezone(UTC).isoformat(timespec="microseconds"), who, what, rows]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).digest()
