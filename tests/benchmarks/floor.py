"""The floor: the survey written by hand for this one purpose, set-wise, into the very tables of the program.

As many rows and about the same bytes as ours, the same pragmas, as many updates to a commit. No flow engine, no other
channel, no retry, no log, no measurement: what is left is what any program must do that keeps the same promise.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from storage.database import PRAGMAS
from tests.benchmarks import survey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ROUND, TAG = 1, "TAGTAG"


class _Chat(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    chat: _Chat
    text: str


class _Update(msgspec.Struct):
    update_id: int
    message: _Message


class _Batch(msgspec.Struct):
    result: list[_Update]


SEALED = 41
"""So many letters longer is a receipt that is kept sealed, as ours is; a floor leaves the sealing out."""


class Session(msgspec.Struct):
    """Where one citizen stands."""

    tag: str
    receipt: str
    flow: str = "survey"
    version: int = 1
    language: str = "en"
    channel: str = "telegram"
    state: int = 0
    status: str = "active"
    tries: int = 0
    seal: str = "=" * SEALED
    trail: list[str] = []
    answers: list[tuple[str, str, str]] = []


decode = msgspec.json.Decoder(_Batch).decode
dump = msgspec.json.Encoder().encode
load = msgspec.json.Decoder(Session).decode


@dataclass(frozen=True, slots=True)
class Step:
    """One question: what may be typed, what is asked, what is said to anything else."""

    id: str
    verb: str
    prompt: str
    again: str
    options: dict[str, tuple[str, float | None]]


def steps() -> list[Step]:
    """Return the survey with its messages as JSON, made once; the last one only says goodbye."""
    made = []
    for question in survey.questions():
        scores = [float(5 - n) for n in range(len(question.options))] if len(question.options) == 5 else []
        ids = [f"option{n}" for n in range(len(question.options))]
        options = {label: (ids[n], scores[n] if scores else None) for n, label in enumerate(question.options)}
        buttons = [[label, f"{TAG}:{question.id}:{one}"] for label, one in zip(question.options, ids, strict=True)]
        skip = ["Skip", f"{TAG}:{question.id}:@skip", False, True]
        body = {"text": question.text, "language": "en", "buttons": [*buttons, skip], "columns": 1}
        again = body | {"text": f"Please choose one of the answers below. {question.text}"}
        verb = "rate" if scores else "choose" if options else "ask"
        made.append(Step(question.id, verb, json.dumps(body), json.dumps(again), options))
    return [*made, Step("thanks", "end", json.dumps({"text": survey.ending(), "language": "en"}), "", {})]


@dataclass(slots=True)
class Group:
    """What one group of updates writes. `now` is what the driver takes for a moment."""

    now: Any
    inbox: list[tuple[Any, ...]] = field(default_factory=list)
    begun: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    answers: list[tuple[Any, ...]] = field(default_factory=list)
    finished: list[tuple[Any, ...]] = field(default_factory=list)
    outbox: list[tuple[Any, ...]] = field(default_factory=list)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class Citizen:
    """One contact inside a group."""

    id: int
    pseudonym: bytes
    session: Session | None = None
    revision: int = 0


class Survey:
    """Steps citizens through the survey; holds the keys."""

    def __init__(self) -> None:
        self.steps = steps()
        self._key = secrets.token_bytes(32)
        self._cipher = AESSIV(secrets.token_bytes(64))

    def address(self, chat: int) -> bytes:
        """Return how a contact is found."""
        return hmac.digest(self._key, f"telegram\0{chat}".encode(), "sha256")

    def seal(self, chat: int) -> bytes:
        """Return an address as it is kept."""
        return self._cipher.encrypt(str(chat).encode(), None)

    def citizen(self, contact: int, address: bytes) -> Citizen:
        """Return a contact with its pseudonym."""
        return Citizen(contact, hmac.digest(self._key, address, "sha256")[:16])

    def group(self, updates: Iterable[_Update], citizens: dict[int, Citizen], now: Any) -> Group:
        """Make all turns; returns what is to be written."""
        group = Group(now)
        for update in updates:
            citizen = citizens[update.message.chat.id]
            said = self._turn(group, citizen, update.message.text)
            group.inbox.append(("telegram", str(update.update_id), b"", now, "done", 0, now))
            key = f"telegram:{update.update_id}.0"
            state = self.steps[citizen.session.state].id if citizen.session else ""
            group.outbox.append((key, citizen.id, "telegram", 0, said, state, "due", now, now, 0))
        for citizen in citizens.values():
            self._keep(group, citizen)
        return group

    def _turn(self, group: Group, citizen: Citizen, text: str) -> str:
        session = citizen.session
        if session is None:
            session = citizen.session = Session(secrets.token_hex(3), secrets.token_hex(7))
            group.moves["@start", self.steps[0].id] += 1
            return self.steps[0].prompt.replace(TAG, session.tag)
        step = self.steps[session.state]
        if step.options and text not in step.options:
            session.tries += 1
            return step.again.replace(TAG, session.tag)
        choice, score = step.options[text] if step.options else (None, None)
        group.answers.append(
            (ROUND, "library", "deliver", "survey", 1, citizen.pseudonym, step.id, step.verb, choice, score,
             None if choice else text, False, False, "en", "telegram", group.now)
        )  # fmt: skip
        session.answers.append((step.id, choice or text, ""))
        session.trail.append(step.id)
        session.state += 1
        following = self.steps[session.state]
        group.moves[step.id, following.id] += 1
        if following.verb == "end":
            session.status = "completed"
            group.finished.append((group.now, ROUND, citizen.pseudonym))
        return following.prompt.replace(TAG, session.tag)

    def _keep(self, group: Group, citizen: Citizen) -> None:
        session, now = citizen.session, group.now
        if session is None:
            return
        ended = now if session.status == "completed" else None
        body, state = dump(session).decode(), self.steps[session.state].id
        if citizen.revision:
            written = (
                session.status,
                state,
                body,
                now,
                ended,
                citizen.revision + 1,
                citizen.id,
                ROUND,
                citizen.revision,
            )
            group.moved.append(written)
        else:
            receipt = hmac.digest(self._key, session.receipt.encode(), "sha256")
            group.begun.append(
                (citizen.id, ROUND, "survey", 1, session.status, state, 1, body, receipt, now, now, ended)
            )


INBOX = "channel, external_id, body, received_at, status, attempts, done_at"
CONTACTS = "channel, address_hash, address_sealed, language, first_seen_at, last_seen_at"
SESSIONS = (
    "contact_id, round_id, flow, version, status, state, revision, body, receipt_hash, started_at, updated_at, ended_at"
)
ANSWERS = (
    "round_id, service, stage, flow, version, pseudonym, state, verb, choice, score, text, skipped, quotable, "
    "language, channel, answered_at"
)
OUTBOX = "key, contact_id, channel, priority, body, state, status, due_at, created_at, attempts"
MOVE = (
    "UPDATE sessions SET status = ?, state = ?, body = ?, updated_at = ?, ended_at = ?, revision = ? "
    "WHERE contact_id = ? AND round_id = ? AND revision = ?"
)
FINISH = "UPDATE answers SET counted_at = ? WHERE round_id = ? AND pseudonym = ? AND counted_at IS NULL"
COUNT = (
    'INSERT INTO moves (round_id, day, origin, "to", count) VALUES (?, ?, ?, ?, ?) '
    'ON CONFLICT (round_id, day, origin, "to") DO UPDATE SET count = count + excluded.count'
)


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - our own words


def _marks(count: int) -> str:
    return ", ".join("?" * count)


class SqliteFloor:
    """The floor on SQLite: one connection, one transaction a batch."""

    def __init__(self, folder: Path) -> None:
        """Open the file in which the program has made its tables and opened the round."""
        self._survey = Survey()
        self._db = sqlite3.connect(folder / "civicloop.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", *PRAGMAS):
            self._db.execute(f"PRAGMA {pragma}")

    async def begin(self) -> None:
        """Nothing to prepare."""

    async def take(self, batch: bytes) -> None:
        """Read, step and write a batch."""
        updates = decode(batch).result
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        self._db.execute("BEGIN IMMEDIATE")
        updates = self._new(updates)
        group = self._survey.group(updates, self._citizens(updates, now), now)
        self._write(group, now[:10])
        self._db.execute("COMMIT")

    def _new(self, updates: list[_Update]) -> list[_Update]:
        """Leave out what is known already."""
        ids = [str(update.update_id) for update in updates]
        wanted = f"SELECT external_id FROM inbox WHERE channel = 'telegram' AND external_id IN ({_marks(len(ids))})"  # noqa: S608 - marks
        known = {key for (key,) in self._db.execute(wanted, ids)}
        return [update for update, key in zip(updates, ids, strict=True) if key not in known] if known else updates

    def _citizens(self, updates: list[_Update], now: str) -> dict[int, Citizen]:
        addresses = {chat: self._survey.address(chat) for chat in {update.message.chat.id for update in updates}}
        known = self._contacts(addresses)
        new = [
            ("telegram", address, self._survey.seal(chat), "en", now, now)
            for chat, address in addresses.items()
            if address not in known
        ]
        if new:
            self._db.executemany(_insert("contacts", CONTACTS), new)
            known = self._contacts(addresses)
        citizens = {chat: self._survey.citizen(known[address], address) for chat, address in addresses.items()}
        by_id = {citizen.id: citizen for citizen in citizens.values()}
        stood = f"SELECT contact_id, revision, body FROM sessions WHERE round_id = 1 AND contact_id IN ({_marks(len(by_id))})"  # noqa: E501, S608 - marks
        for contact, revision, body in self._db.execute(stood, list(by_id)):
            by_id[contact].session, by_id[contact].revision = load(body), revision
        return citizens

    def _contacts(self, addresses: dict[int, bytes]) -> dict[bytes, int]:
        wanted = f"SELECT address_hash, id FROM contacts WHERE channel = 'telegram' AND address_hash IN ({_marks(len(addresses))})"  # noqa: E501, S608 - marks
        return dict(self._db.execute(wanted, list(addresses.values())).fetchall())

    def _write(self, group: Group, day: str) -> None:
        many = self._db.executemany
        many(_insert("inbox", INBOX), group.inbox)
        many(_insert("answers", ANSWERS), group.answers)
        many(FINISH, group.finished)
        many(_insert("sessions", SESSIONS), group.begun)
        moved = many(MOVE, group.moved).rowcount if group.moved else 0
        if moved != len(group.moved):
            raise RuntimeError("somebody else wrote a session")
        many(COUNT, [(ROUND, day, *arrow, count) for arrow, count in group.moves.items()])
        many(_insert("outbox", OUTBOX), group.outbox)

    async def end(self) -> None:
        """Close the database."""
        self._db.close()

    async def answers(self) -> int:
        """Count the answers that were handed in."""
        counted = "SELECT count(*) FROM answers WHERE counted_at IS NOT NULL AND withdrawn_at IS NULL"
        return int(self._db.execute(counted).fetchone()[0])
