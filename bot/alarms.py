"""Words of danger reach a person at once: the managers of the service, else who runs the bot, else who answers people.

Where nobody can be reached, the alarm waits, and is told to the first who can.

At most `A_DAY` times a day for each passage through a round, and so outside of rounds for each person: who wrote of
bare wires in the morning may write of despair at night, and may not ring all day. Staff read the words without what
leads to a person; whoever may read the answers of the service reads the number of a house, for that is where help has
to go. Who wrote they do not learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import structlog

from bot import rights
from bot.channels.base import Mail, Outbound
from bot.compose import compose
from bot.letters import REPLY, letters, sealed, write
from bot.reading.private import finder
from bot.reading.spans import Found, veil, worded
from bot.rights import Right
from bot.rounds.record import public_url, spoken_day
from bot.texts import texts
from bot.threads import MAIL, people_of, reached
from flows.model import Button, Prompt
from flows.words import whole
from storage import alarms, looks, outbox, people
from storage.outbox import NewMessage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.config import Config
    from storage.contacts import Contact
    from storage.people import Person
    from storage.rounds import RoundRow
    from storage.sealing import Keys

A_DAY = 3
"""So many texts of one person sound on one day in one passage; of further ones there is no sound."""

log = structlog.get_logger()


def page_of(service: str) -> str:
    """Return the address of the page on which the open urgent reports of a service stand."""
    return f"/manage/urgent/{service}"


class _Words(NamedTuple):
    """Somebody's words of danger, without what leads to a person."""

    veiled: str
    near: str
    """With the number of a house, for whoever reads the answers of the service."""


class Alarms:
    """Sounds alarms, and takes it that somebody looks after one."""

    def __init__(self, config: Config, keys: Keys, channels: Mapping[str, Capabilities]) -> None:
        self._config = config
        self._keys = keys
        self._channels = channels

    def in_round(
        self, db: Connection, contact: Contact, of: RoundRow, began_at: datetime, text: str, now: datetime
    ) -> None:
        """Sound the alarm for words written in a passage through a round."""
        alarm = alarms.sound(
            db,
            self._key(contact.id, of.id, began_at.isoformat(), *self._which(db, contact, of.id, now)),
            of.service,
            now,
            contact_id=contact.id,
            round_id=of.id,
        )
        if alarm is not None:
            self._tell(db, alarm, of.service, self._kept(db, alarm, contact, text), now)

    def outside(self, db: Connection, contact: Contact, text: str, now: datetime) -> None:
        """Sound the alarm for words written while no round was asking."""
        key = self._key(contact.id, *self._which(db, contact, None, now))
        alarm = alarms.sound(db, key, "", now, contact_id=contact.id)
        if alarm is not None:
            self._tell(db, alarm, "", self._veiled(db, contact, text), now)

    def _which(self, db: Connection, contact: Contact, round_id: int | None, now: datetime) -> tuple[str, int]:
        """Return the day in the city, and which alarm of the day it is; those too many are one that has sounded."""
        local = now.astimezone(self._config.city.zone)
        before = alarms.of_day(db, contact.id, round_id, local.replace(hour=0, minute=0, second=0, microsecond=0))
        return local.date().isoformat(), min(before, A_DAY - 1)

    def in_thread(self, db: Connection, contact: Contact, service: str, name: str, text: str, now: datetime) -> None:
        """Count words that people of a service were sent in a thread anyway; without any, tell who runs the bot."""
        alarm = alarms.sound(db, self._key(contact.id, name), service, now, contact_id=contact.id)
        if alarm is None:
            return
        words = self._kept(db, alarm, contact, text)
        if told := len(reached(db, people_of(db, service), self._channels)):
            alarms.told(db, alarm, told)
        else:
            self._tell(db, alarm, service, words, now)

    def taken(self, db: Connection, contact: Contact, number: str, now: datetime) -> Prompt | None:
        """Take it that a member of staff looks after an alarm; None where this is not theirs to do, or no alarm."""
        alarm = alarms.get(db, n) if (n := whole(number)) is not None else None
        if alarm is None or contact.person_id is None or not self._may(db, contact.person_id, alarm.service):
            return None
        fresh = self.done(db, alarm, contact.person_id, now)
        return Prompt(texts(contact.language)("alarm.taken" if fresh else "alarm.taken_before"))

    @staticmethod
    def done(db: Connection, alarm: alarms.Alarm, person_id: int, now: datetime) -> bool:
        """Note that a member of staff looks after an alarm, and in the log who; return whether nobody had before."""
        fresh, person = alarms.close(db, alarm.id, now), people.get(db, person_id)
        if fresh and person is not None and alarm.service:
            looks.did(db, alarm.service, now, person.name, "urgent_done", alarm=alarm.id)
        return fresh

    def tell_late(self, db: Connection, now: datetime) -> int:
        """Tell of the alarms that reached nobody, where somebody is reached by now; return how many were told.

        Without the words: of a service they stand on its page of urgent reports.
        """
        return sum(self._told_late(db, alarm, now) for alarm in alarms.untold(db, lock=True))

    def _told_late(self, db: Connection, alarm: alarms.Alarm, now: datetime) -> bool:
        whom = self._whom(db, alarm.service)
        for contact in whom:
            day = spoken_day(alarm.at.astimezone(self._config.city.zone).date(), contact.language)
            said = self._said(db, contact, alarm.service, "alarm.late", day=day)
            outbox.enqueue(db, self._letters(contact, alarm.id, alarm.service, said, now))
        if whom:
            alarms.told(db, alarm.id, len(whom))
        return bool(whom)

    def waits(self, db: Connection) -> bool:
        """Whether an alarm that reached nobody can be told now."""
        return any(self._whom(db, service) for service in {alarm.service for alarm in alarms.untold(db)})

    def _may(self, db: Connection, person_id: int, service: str) -> bool:
        those = (*self._managers(db, service), *self._operators(db), *self._others(db, service))
        return any(person.id == person_id for person in those)

    def _key(self, *parts: object) -> bytes:
        return self._keys.token_hash(".".join(("alarm", *map(str, parts))))

    # ----------------------------------------------------------------- whom it reaches

    @staticmethod
    def _managers(db: Connection, service: str) -> list[Person]:
        return rights.who(db, Right.HEAR_ALARMS, service) if service else []

    @staticmethod
    def _operators(db: Connection) -> list[Person]:
        return rights.who(db, Right.HEAR_FAULTS)

    @staticmethod
    def _others(db: Connection, service: str) -> list[Person]:
        """Return who answers the people of a service; of the city where it is about none."""
        return rights.who(db, Right.ANSWER_CITIZENS, service or None)

    def _whom(self, db: Connection, service: str) -> list[Contact]:
        """Return the addresses of the managers, else of who runs the bot, else of others; each once."""
        found = reached(db, self._managers(db, service), self._channels)
        found = found or reached(db, self._operators(db), self._channels)
        found = found or reached(db, self._others(db, service), self._channels)
        return list({contact.id: contact for contact in found}.values())

    def _kept(self, db: Connection, alarm: int, of: Contact, text: str) -> _Words:
        """Keep the words until somebody looks after it, and return them."""
        words = self._veiled(db, of, text)
        alarms.keep(db, alarm, self._keys.seal(words.near))
        return words

    def _veiled(self, db: Connection, of: Contact, text: str) -> _Words:
        found = finder(db, self._config).find(text, of.language)
        return _Words(veil(text, found), veil(text, (span for span in found if span.found is not Found.ADDRESS)))

    def _tell(self, db: Connection, alarm: int, service: str, words: _Words, now: datetime) -> None:
        whom = self._whom(db, service)
        for contact in whom:
            near = self._reads(db, contact, service)
            read = worded(words.near if near else words.veiled, texts(contact.language))
            said = self._said(db, contact, service, "alarm.new", words=read)
            outbox.enqueue(db, self._letters(contact, alarm, service, said, now))
        alarms.told(db, alarm, len(whom))
        if not whom:
            log.error("alarm.untold", service=service, alarm=alarm)

    def _named(self, service: str, language: str) -> str:
        """Return a service in words; one that is no longer there by its key."""
        if not service:
            return texts(language)("alarm.city")
        known = {each.key: each for each in self._config.services}
        return known[service].spoken(language) if service in known else service

    @staticmethod
    def _reads(db: Connection, contact: Contact, service: str) -> bool:
        """Whether the page of urgent reports of a service opens for somebody."""
        roles = people.roles_of(db, contact.person_id) if service and contact.person_id is not None else []
        return rights.may(roles, service, Right.READ_ANSWERS)

    def _said(self, db: Connection, contact: Contact, service: str, which: str, **values: str) -> str:
        """Return what a member of staff is told, with the page of urgent reports for whoever can open it."""
        shown, number = texts(contact.language), self._config.city.emergency_number
        said = shown(which, service=self._named(service, contact.language), number=number, **values)
        if not self._reads(db, contact, service):
            return said
        return f"{said}\n\n{shown('alarm.page', url=public_url(self._config) + page_of(service))}"

    def _letters(self, contact: Contact, alarm: int, service: str, said: str, now: datetime) -> list[NewMessage]:
        shown, name = texts(contact.language), self._named(service, contact.language)
        key = alarms.key(alarm, contact.id)
        if contact.channel == MAIL:
            mail = Mail(shown("alarm.subject", service=name), "")
            body = sealed(write(Outbound(key, "", said, mail=mail, language=contact.language)), self._keys)
            return [NewMessage(key, contact.id, MAIL, REPLY, body, now, now)]
        buttons = (Button(shown("alarm.taken_label"), f"@alarm:{alarm}"),)
        parts = compose((Prompt(said, buttons, secret=True),), self._channels[contact.channel])
        return letters(contact, parts, key, now, REPLY, keys=self._keys)
