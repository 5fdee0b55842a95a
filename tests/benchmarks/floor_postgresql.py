"""The floor on PostgreSQL: as `floor`, with psycopg 3, each table written by one statement of whole columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from tests.benchmarks.floor import ANSWERS, CONTACTS, INBOX, OUTBOX, ROUND, SESSIONS, Citizen, Survey, decode, load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TYPES = {
    "version": "int", "attempts": "int", "priority": "int", "revision": "int", "count": "int",
    "contact_id": "bigint", "round_id": "bigint", "score": "float8", "skipped": "bool", "quotable": "bool",
    "body": "text", "pseudonym": "bytea", "address_hash": "bytea", "address_sealed": "bytea", "receipt_hash": "bytea",
    "received_at": "timestamptz", "done_at": "timestamptz", "first_seen_at": "timestamptz", "due_at": "timestamptz",
    "last_seen_at": "timestamptz", "started_at": "timestamptz", "updated_at": "timestamptz",
    "ended_at": "timestamptz", "answered_at": "timestamptz", "created_at": "timestamptz",
}  # fmt: skip
"""Types of columns that are no text."""


def _columns(names: str, **types: str) -> str:
    """Return `%s::type[]` for each column, to be unnested."""
    known = _TYPES | types
    return ", ".join(f"%s::{known.get(name.strip(), 'text')}[]" for name in names.split(","))


def _insert(table: str, names: str, **types: str) -> str:
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({_columns(names, **types)})"  # noqa: S608 - our own words


_KEEP = _insert("inbox", INBOX, body="bytea") + " ON CONFLICT DO NOTHING RETURNING external_id"
_CONTACT = _insert("contacts", CONTACTS) + " ON CONFLICT DO NOTHING"
_SESSION, _ANSWER, _OUTBOX = _insert("sessions", SESSIONS), _insert("answers", ANSWERS), _insert("outbox", OUTBOX)
_FIND = (
    "SELECT address_hash, id FROM contacts WHERE channel = 'telegram' AND address_hash = ANY(%s) ORDER BY id FOR UPDATE"
)
_STOOD = "SELECT contact_id, revision, body FROM sessions WHERE round_id = 1 AND contact_id = ANY(%s)"
_MOVED = "status, state, body, updated_at, ended_at, revision, contact_id, round_id, was"
_MOVE = (
    "UPDATE sessions AS s SET status = v.status, state = v.state, body = v.body, updated_at = v.updated_at, "  # noqa: S608 - our own words
    f"ended_at = v.ended_at, revision = v.revision FROM unnest({_columns(_MOVED, was='int')}) AS v ({_MOVED}) "
    "WHERE s.contact_id = v.contact_id AND s.round_id = v.round_id AND s.revision = v.was"
)
_FINISH = "UPDATE answers SET counted_at = %s WHERE round_id = 1 AND pseudonym = ANY(%s) AND counted_at IS NULL"
_COUNT = (
    _insert("moves", 'round_id, day, origin, "to", count')
    + ' ON CONFLICT (round_id, day, origin, "to") DO UPDATE SET count = moves.count + excluded.count'
)


class PostgresqlFloor:
    """The floor on PostgreSQL: one connection, one transaction a batch."""

    def __init__(self, folder: Path, url: str) -> None:
        """Connect to a database that has its tables and its round."""
        self._survey = Survey()
        self._db = psycopg.connect(url)

    async def begin(self) -> None:
        """Nothing to prepare."""

    async def take(self, batch: bytes) -> None:
        """Read, step and write a batch."""
        updates = decode(batch).result
        now = datetime.now(UTC)
        with self._db.transaction():
            keys = [str(update.update_id) for update in updates]
            kept = [("telegram", key, b"", now, "done", 0, now) for key in keys]
            fresh = {key for (key,) in self._db.execute(_KEEP, _turned(kept), binary=True)}
            new = [update for update, key in zip(updates, keys, strict=True) if key in fresh]
            citizens = self._citizens({update.message.chat.id for update in new}, now)
            group = self._survey.group(new, citizens, now)
            with self._db.pipeline():
                self._many(_ANSWER, group.answers)
                self._many(_SESSION, group.begun)
                moved = self._many(_MOVE, group.moved)
                if group.finished:
                    self._db.execute(_FINISH, (now, [pseudonym for *_, pseudonym in group.finished]))
                day = now.date().isoformat()
                self._many(_COUNT, [(ROUND, day, *arrow, count) for arrow, count in sorted(group.moves.items())])
                self._many(_OUTBOX, group.outbox)
            if moved is not None and moved.rowcount != len(group.moved):
                raise RuntimeError("somebody else wrote a session")

    def _many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> psycopg.Cursor[Any] | None:
        return self._db.execute(statement, _turned(rows)) if rows else None

    def _citizens(self, chats: set[int], now: datetime) -> dict[int, Citizen]:
        addresses = {chat: self._survey.address(chat) for chat in chats}
        known = self._contacts(addresses)
        new = [
            ("telegram", address, self._survey.seal(chat), "en", now, now)
            for chat, address in addresses.items()
            if address not in known
        ]
        if new:
            self._many(_CONTACT, new)
            known = self._contacts(addresses)
        citizens = {chat: self._survey.citizen(known[address], address) for chat, address in addresses.items()}
        by_id = {citizen.id: citizen for citizen in citizens.values()}
        for contact, revision, body in self._db.execute(_STOOD, (list(by_id),)):
            by_id[contact].session, by_id[contact].revision = load(body), revision
        return citizens

    def _contacts(self, addresses: dict[int, bytes]) -> dict[bytes, int]:
        return {bytes(one): contact for one, contact in self._db.execute(_FIND, (list(addresses.values()),))}

    async def end(self) -> None:
        """Disconnect."""
        self._db.close()

    async def answers(self) -> int:
        """Count the answers that were handed in."""
        counted = "SELECT count(*) FROM answers WHERE counted_at IS NOT NULL AND withdrawn_at IS NULL"
        found = self._db.execute(counted).fetchone()
        return int(found[0]) if found else 0


def _turned(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Return the columns of these rows."""
    return [list(column) for column in zip(*rows, strict=True)]
