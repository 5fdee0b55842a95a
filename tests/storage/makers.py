"""Short ways to put what a test needs into a database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from storage import contacts, rounds
from storage.answers import AnswerRow
from storage.contacts import Contact, NewContact
from storage.outbox import NewMessage
from storage.rounds import NewRound, RoundRow
from storage.sealing import Keys
from storage.sessions import SessionRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOW = datetime(2026, 11, 22, 12, 0, 30, 250_000, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KEYS = Keys([b"k" * 32])


@dataclass(frozen=True, slots=True)
class Update:
    """A raw update as a channel hands it over."""

    channel: str
    external_id: str
    body: bytes = b"{}"


def new_contact(address: str = "4711", channel: str = "telegram", at: datetime = NOW) -> NewContact:
    return NewContact(channel, KEYS.address_hash(channel, address), KEYS.seal(address), "en", at)


def add_contact(db: Connection, address: str = "4711", channel: str = "telegram", at: datetime = NOW) -> Contact:
    return contacts.add(db, [new_contact(address, channel, at)])[0]


def add_round(db: Connection, code: str = "library", **facts: Any) -> RoundRow:
    draft = NewRound(
        code=code,
        service="library",
        stage="deliver",
        flow="pulse",
        version=1,
        title="How is the library?",
        record="{}",
        audience="link",
        created_at=NOW,
        key_sealed=KEYS.seal(f"key of {code}"),
        state="open",
    )
    stamps = {name: facts.pop(name) for name in ("closed_at", "reported_at", "opened_at") if name in facts}
    made = rounds.add(db, replace(draft, **facts))
    if stamps:
        rounds.change(db, made.id, **stamps)
    found = rounds.get(db, made.id)
    assert found is not None
    return found


def session(contact: Contact, of: RoundRow, at: datetime = NOW, **facts: Any) -> SessionRow:
    row = SessionRow(
        contact_id=contact.id,
        round_id=of.id,
        flow=of.flow,
        version=of.version,
        status="active",
        state="overall",
        body='{"state": "overall"}',
        receipt_hash=KEYS.token_hash(f"{contact.id}/{of.id}"),
        started_at=at,
        updated_at=at,
    )
    return row._replace(**facts)


def answer(of: RoundRow, who: bytes = b"anna", state: str = "overall", at: datetime = NOW, **facts: Any) -> AnswerRow:
    """Return a "Good" that counts at once; `facts` say what is different."""
    row = AnswerRow(
        round_id=of.id,
        service=of.service,
        stage=of.stage,
        flow=of.flow,
        version=of.version,
        pseudonym=who,
        state=state,
        verb="rate",
        language="en",
        channel="telegram",
        answered_at=at,
        item="del.overall",
        choice="4",
        score=4.0,
        counted_at=at,
    )
    return row._replace(**facts)


def text(of: RoundRow, words: str, who: bytes = b"anna", at: datetime = NOW, **facts: Any) -> AnswerRow:
    said = answer(of, who, "why", at, verb="ask", item="del.reason", choice=None, score=None, text=words)
    return said._replace(**facts)


def message(contact: Contact, key: str, at: datetime = NOW, priority: int = 0, **facts: Any) -> NewMessage:
    row = NewMessage(key, contact.id, contact.channel, priority, f'{{"text": "{key}"}}', at, at)
    return row._replace(**facts)
