"""Managers are asked to look at their own work: one message for all that is due at a service, and none again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import rights
from bot.assessing import rhythm
from bot.assessing.words import words
from bot.channels.base import Mail, Outbound
from bot.compose import Part
from bot.letters import BULK, letters, write
from bot.rights import Right
from bot.rounds import record
from bot.threads import MAIL
from storage import assessments as stored
from storage import contacts, outbox, people
from storage.outbox import NewMessage

if TYPE_CHECKING:
    from collections.abc import Collection, Container
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.assessing.assessments import Assessments
    from bot.config import Config
    from storage.contacts import Contact
    from storage.rounds import RoundRow


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody to ask: on these occasions, with the first round whose result they can still foretell."""

    person: people.Person
    service: str
    occasions: tuple[str, ...]
    round: RoundRow | None
    foretell: bool = False
    """Whether its result can still be foretold."""


def due(db: Connection, kept: Assessments, config: Config, now: datetime) -> list[Due]:
    """Return whom to ask now."""
    called, done = stored.called(db), stored.last_done(db)
    found = []
    for service in (each.key for each in config.services):
        managers = rights.who(db, Right.READ_DIGESTS, service)
        gates = {row.id: row for row in kept.gates(db, service, now)} if managers else {}
        ahead = {row.id for row in kept.ahead(db, service, now)} if gates else set()
        for person in managers:
            last, known = done.get((person.id, service)), called.get((person.id, service), {})
            lately = last is not None and now - last < rhythm.APART
            wanted = (ahead if lately else set(gates)) - _foretold(db, person.id)
            occasions = tuple(rhythm.due(person.created_at, last, known, wanted, now, config.city.zone))
            first = _first(wanted, ahead, occasions)
            if occasions:
                found.append(Due(person, service, occasions, gates.get(first), first in ahead))
    return found


def _first(wanted: Collection[int], ahead: Collection[int], occasions: Collection[str]) -> int:
    """Return the round to speak of, one that can still be foretold before others; 0: none."""
    told = [each for each in wanted if rhythm.of_round(each) in occasions]
    return min(told, key=lambda each: (each not in ahead, each), default=0)


def _foretold(db: Connection, person_id: int) -> set[int]:
    return {each.round_id for each in stored.predictions(db, person_id)}


def call(db: Connection, one: Due, config: Config, channels: Container[str], now: datetime) -> int:
    """Queue the message to all addresses of a person, unless somebody else has; return whether it was queued now."""
    if not stored.call(db, one.person.id, one.service, one.occasions, now):
        return 0
    rows = [
        letter
        for contact in contacts.of_person(db, one.person.id)
        if contact.channel in channels and contact.may_be_written_to
        for letter in _letters(one, config, contact, now)
    ]
    outbox.enqueue(db, rows)
    return int(bool(rows))


def _letters(one: Due, config: Config, contact: Contact, now: datetime) -> list[NewMessage]:
    key = f"assess.{one.person.id}.{one.service}.{one.occasions[0]}.{contact.id}"
    text = _text(one, config, contact)
    if contact.channel != MAIL:
        return letters(contact, (Part(text),), key, now, BULK)
    subject = words(contact.language)("asked.subject", service=config.service_of(one.service).label(contact.language))
    body = write(Outbound(key, "", text, mail=Mail(subject, ""), language=contact.language))
    return [NewMessage(f"{key}.0", contact.id, MAIL, BULK, body, now, now)]


def _text(one: Due, config: Config, contact: Contact) -> str:
    """Return what is asked: the whole form, else the stage of the round that is about to ask people."""
    said, service = words(contact.language), config.service_of(one.service).label(contact.language)
    url = f"{record.public_url(config)}/manage/assess/{one.service}"
    go = said("asked.go_by_mail" if contact.channel == MAIL else "asked.go", url=url)
    if one.round is None or not one.occasions[0].startswith("round:"):
        return said("asked.full", service=service, go=go)
    if not one.foretell:
        return said("asked.stage_only", service=service, stage=said(f"stage.{one.round.stage}"), go=go)
    title = record.title(record.load(one.round.record), one.round.title, contact.language)
    return said("asked.stage", service=service, title=title, go=go)
