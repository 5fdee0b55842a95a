"""The trail of each round: what was done to it, when, by whom and why. It is only ever added to, and it can be proved.

Each entry carries a hash over itself and over the hash of the entry before (a hash chain, as in Haber and Stornetta,
"How to time-stamp a digital document", 1991): whoever changes one, takes one out or puts one in breaks every hash from
there on. The database refuses to change or delete entries (triggers, revision 0011). Against somebody who owns the
database and writes a whole trail anew helps a hash that was noted elsewhere: `prove` tells whether the trail has it.
Each entry also notes a hash of the round's facts as they were then, so that a round changed behind its trail is seen.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from storage.rows import Shape
from storage.tables import flow_versions, round_log, rounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

FACTS = (
    "code",
    "service",
    "stage",
    "flow",
    "version",
    "title",
    "record",
    "audience",
    "state",
    "opens_at",
    "closes_at",
    "report",
)
"""Columns of a round that no act changes without an entry."""
LATER = ("outcome", "whom", "spread_hours", "remind_at", "aims")
"""Such columns too, of later revisions: where they hold nothing, the hash is what it was without them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done to a round; `number` counts from 1.

    `details` is JSON: `round` the hash of the round's facts after it, `questions` that of its published flow, `by` the
    id of the member of staff, `changed` the facts that are other than before, each with its old and its new value.
    """

    round_id: int
    number: int
    at: datetime
    who: str
    what: str
    why: str
    details: str
    hash: bytes

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """What is other than before: (old, new) by the name of the fact."""
        return {name: (old, new) for name, (old, new) in json.loads(self.details).get("changed", {}).items()}

    @property
    def by(self) -> int | None:
        """Id of the member of staff who did it; None: the clock, or somebody at the command line."""
        by: int | None = json.loads(self.details).get("by")
        return by


@dataclass(frozen=True, slots=True)
class Proof:
    """What a look at a round's trail has shown."""

    entries: int
    head: str
    """Hash of the last entry, in hex; empty where there is none."""
    broken: int | None = None
    """The first entry that is not as it was written, or that is missing; None: the trail is whole."""
    altered: tuple[str, ...] = ()
    """`round` or `questions`, where they are not what the last entry that notes them says."""

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return self.broken is None and not self.altered


_shape = Shape(round_log, Entry)
_facts = select(*(rounds.c[name] for name in (*FACTS, *LATER)))
_of = select(*_shape.columns).order_by(round_log.c.number)


def add(  # noqa: PLR0913, PLR0917 - all that an entry says
    db: Connection,
    round_id: int,
    at: datetime,
    who: str,
    what: str,
    why: str = "",
    changed: Mapping[str, tuple[Any, Any]] | None = None,
    by: int | None = None,
) -> Entry:
    """Write down what was done to a round, after it was done. Two who write at once come one after the other.

    Values in `changed` are such as JSON knows.
    """
    row = db.execute(_facts.where(rounds.c.id == round_id).with_for_update(key_share=True)).one()
    found = db.execute(_of.where(round_log.c.round_id == round_id).order_by(None).order_by(round_log.c.number.desc()))
    last = found.first()
    number, before = (last.number + 1, last.hash) if last else (1, b"")
    noted: dict[str, Any] = {"round": _seal(row), "questions": _questions(db, row), "by": by}
    if changed:
        noted["changed"] = {name: list(pair) for name, pair in changed.items()}
    details = _packed({name: value for name, value in noted.items() if value})
    hash_ = _digest(before, row.code, number, at, who, what, why, details)
    entry = Entry(round_id, number, at, who, what, why, details, hash_)
    db.execute(insert(round_log), _shape.write([entry]))
    return entry


def of(db: Connection, round_id: int) -> list[Entry]:
    """Return what was done to a round, oldest first."""
    return _shape.read(db.execute(_of.where(round_log.c.round_id == round_id)))


def prove(db: Connection, round_id: int) -> Proof:
    """Reckon every hash of a round's trail anew, and compare the round as it is with what the trail says of it."""
    row = db.execute(_facts.where(rounds.c.id == round_id)).one()
    entries = of(db, round_id)
    head = entries[-1].hash.hex() if entries else ""
    return Proof(len(entries), head, _broken(row.code, entries), _altered(db, row, entries))


def holds(db: Connection, round_id: int, head: str) -> bool:
    """Whether a hash that was noted earlier, in hex, is that of an entry of the trail."""
    return any(entry.hash.hex() == head.strip().lower() for entry in of(db, round_id))


def _broken(code: str, entries: Sequence[Entry]) -> int | None:
    before = b""
    for number, each in enumerate(entries, 1):
        reckoned = _digest(before, code, number, each.at, each.who, each.what, each.why, each.details)
        if each.number != number or each.hash != reckoned:
            return number
        before = each.hash
    return None if entries else 1


def _altered(db: Connection, row: Row[Any], entries: Sequence[Entry]) -> tuple[str, ...]:
    """Compare with what was noted last; entries from before hashes were noted say nothing."""
    noted: dict[str, Any] = {}
    for entry in entries:
        noted |= json.loads(entry.details)
    now = {"round": _seal(row), "questions": _questions(db, row)}
    return tuple(name for name, value in now.items() if noted.get(name, value) != value)


def _questions(db: Connection, row: Row[Any]) -> str | None:
    """Return the hash of the questions a round asks, once it has left its draft: until then they may change."""
    if row.state == "draft":
        return None
    which = (flow_versions.c.flow == row.flow, flow_versions.c.version == row.version)
    found: str | None = db.execute(select(flow_versions.c.sha256).where(*which)).scalar()
    return found


def _seal(row: Row[Any]) -> str:
    """Return the hash of a round's facts, in hex."""
    named = dict(zip((*FACTS, *LATER), row, strict=True))
    facts: list[Any] = [_moment(named[name]) if name.endswith("_at") else named[name] for name in FACTS]
    facts += [
        {name: _moment(named[name]) if name.endswith("_at") else named[name]}
        for name in LATER
        if named[name] is not None
    ]
    return hashlib.sha256(_packed(facts).encode()).hexdigest()


def _digest(before: bytes, code: str, number: int, at: datetime, who: str, what: str, why: str, details: str) -> bytes:  # noqa: PLR0913, PLR0917 - all that an entry says
    said = [before.hex(), code, number, _moment(at), who, what, why, details]
    return hashlib.sha256(_packed(said).encode()).digest()


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _packed(said: object) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
