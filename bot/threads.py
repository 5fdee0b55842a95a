"""Threads between a citizen and the people of a service: whom words reach, and what is said on either side.

Every act writes into the transaction it is given: the words, and the messages that carry them. Neither side learns the
other's address; staff know a citizen by the thread's name alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bot import rights
from bot.channels.base import Mail, Outbound
from bot.compose import compose
from bot.letters import REPLY, letters, write
from bot.rights import Right
from bot.rounds import codes
from bot.rounds.record import public_url
from flows.model import Button, Prompt
from flows.words import fill
from storage import contacts, looks, outbox, people, threads
from storage.audience import ASKING
from storage.outbox import NewMessage
from storage.threads import CITIZEN, STAFF, NewWords

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.config import Config
    from storage.contacts import Contact
    from storage.people import Person
    from storage.sealing import Keys
    from storage.threads import Thread

MAIL = "mail"


class Outcome(StrEnum):
    """What became of an answer of staff."""

    SENT = "sent"
    REPEATED = "repeated"
    """The same form was sent twice: nothing happened."""
    SILENT = "silent"
    """The citizen has sent STOP, or is gone: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something written in a thread, read; `who` is the name of the member of staff, empty for the citizen."""

    at: datetime
    text: str
    who: str
    mine: bool
    """Whether staff wrote it."""
    id: int = 0
    kind: str = ""
    """`photo` or `voice` where one came with the text."""
    file: str = ""


class Sending(NamedTuple):
    """What a citizen sends into a thread: words, and perhaps a photo or voice message by its channel's reference."""

    text: str
    kind: str = ""
    file: str = ""


def people_of(db: Connection, service: str) -> list[Person]:
    """Return who may read and answer for a service, each once, the first known first."""
    return rights.who(db, Right.ANSWER_CITIZENS, service)


def reached(db: Connection, staff: Iterable[Person], channels: Collection[str]) -> list[Contact]:
    """Return every address at which these people can be written to by one of these channels."""
    known = (contact for person in staff for contact in contacts.of_person(db, person.id))
    return [contact for contact in known if contact.may_be_written_to and contact.channel in channels]


def answered_for(db: Connection, config: Config, channels: Collection[str]) -> list[str]:
    """Return the services somebody can be reached for by one of these channels, as configured."""
    return [each.key for each in config.services if reached(db, people_of(db, each.key), channels)]


class Threads:
    """Carries words to and fro."""

    def __init__(
        self,
        config: Config,
        phrases: Mapping[str, Mapping[str, str]],
        keys: Keys,
        mint: Callable[[], str],
        channels: Mapping[str, Capabilities],
    ) -> None:
        self._config = config
        self._phrases = phrases
        self._keys = keys
        self._mint = mint
        self.channels = self._channels = channels
        """What each channel can do by which people are reached."""

    # ----------------------------------------------------------------- who is there

    def people_of(self, db: Connection, service: str) -> list[Person]:
        """Return who may read and answer for a service, each once, the first known first."""
        return people_of(db, service)

    def answered_for(self, db: Connection) -> list[str]:
        """Return the services somebody can be reached for, as configured."""
        return answered_for(db, self._config, self._channels)

    def may_answer(self, db: Connection, person_id: int | None, thread: Thread) -> bool:
        """Whether somebody may read and answer a thread."""
        return person_id is not None and rights.may(
            people.roles_of(db, person_id), thread.service, Right.ANSWER_CITIZENS
        )

    def _reached(self, db: Connection, staff: Iterable[Person]) -> list[Contact]:
        return reached(db, staff, self._channels)

    def _caring(self, db: Connection, thread: Thread) -> list[Contact]:
        """Return the addresses of who looks after a thread; of all of the service's people where that is nobody."""
        staff = self.people_of(db, thread.service)
        caring = self._reached(db, [person for person in staff if person.id == thread.person_id])
        return caring or self._reached(db, staff)

    def _others(self, db: Connection, thread: Thread, person: Person) -> list[Contact]:
        """Return the addresses of those who should learn what somebody did with a thread."""
        return [contact for contact in self._caring(db, thread) if contact.person_id != person.id]

    # ----------------------------------------------------------------- the citizen

    def begin(self, db: Connection, contact: Contact, service: str, now: datetime) -> Thread:
        """Return the open thread of a citizen with a service, or begin one."""
        going_on = threads.going_on(db, contact.id, service)
        return going_on or threads.open_(db, codes.thread(self._mint()), contact.id, service, now)

    def bring(
        self, db: Connection, thread: Thread, sent: Sending, now: datetime, *, sent_as: str | None = None, danger: bool
    ) -> bool:
        """Bring what a citizen sent to the people of the service; a closed thread goes on.

        Return whether anybody is told: where nobody can be, it waits on the page for whoever signs in.
        """
        waited = threads.last_author(db, thread.id) == CITIZEN
        if thread.closed_at is not None:
            threads.reopen(db, thread.id)
        sealed, kind, file = self._keys.seal(sent.text), sent.kind or None, sent.file or None
        written = threads.add(db, NewWords(thread.id, now, CITIZEN, sealed, sent_as=sent_as, kind=kind, file=file))
        caring = self._caring(db, thread)
        for contact in caring:
            if contact.channel != MAIL:
                self._tell(db, contact, thread, (self._brought(contact, thread, sent, danger=danger),), now, written)
            elif not waited:  # one mail, until somebody has answered
                self._mail(db, contact, thread, now, written)
        return bool(caring)

    def _brought(self, contact: Contact, thread: Thread, sent: Sending, *, danger: bool) -> Prompt:
        said = self.say(contact.language, "thread_new", service=self._service(thread, contact), name=thread.name)
        warning = self.say(contact.language, "thread_danger") if danger else ""
        file = self.say(contact.language, f"thread_{sent.kind}", url=self._url(thread)) if sent.file else ""
        words = "\n\n".join(filter(None, (said, warning, sent.text, file)))
        return Prompt(words, self._buttons(contact.language, thread))

    def _url(self, thread: Thread) -> str:
        return f"{public_url(self._config)}/manage/threads/{thread.name}"

    def _buttons(self, language: str, thread: Thread) -> tuple[Button, ...]:
        return (
            Button(self.say(language, "thread_reply_label"), f"@reply:{thread.name}"),
            Button(self.say(language, "thread_close_label"), f"@close:{thread.name}"),
        )

    def leave(self, db: Connection, contact_id: int, now: datetime) -> None:
        """The citizen wants no more messages: end their threads and tell who looks after them.

        What staff have written and has not left is called back, and they are told that it was not sent.
        """
        for thread in threads.of_contact(db, contact_id):
            unsent = self._withheld(db, thread, now)
            if not threads.close(db, thread.id, now) and not unsent:
                continue
            for contact in self._caring(db, thread):
                self._note(db, contact, thread, "thread_ended", now)
                if unsent:
                    self._note(db, contact, thread, "thread_silent", now)

    @staticmethod
    def _withheld(db: Connection, thread: Thread, now: datetime) -> bool:
        """Call back what has not left to the citizen of a thread; return whether an answer of staff stays here so."""
        if not outbox.recall(db, thread.contact_id, (threads.key(thread.name, ""),), now):
            return False
        answers = [
            threads.key(thread.name, each.id, "") for each in threads.said(db, thread.id) if each.author == STAFF
        ]
        return any(outbox.taken_back(db, thread.contact_id, each, now) for each in answers)

    # ----------------------------------------------------------------- staff

    def answer(
        self,
        db: Connection,
        thread: Thread,
        person: Person,
        text: str,
        now: datetime,
        *,
        sent_as: str | None = None,
        form: str | None = None,
    ) -> Outcome:
        """Send what a member of staff wrote to the citizen, and show it to the others who look after the thread."""
        citizen = self._hearing(db, thread)
        if citizen is None:
            return Outcome.SILENT
        words = NewWords(thread.id, now, STAFF, self._keys.seal(text), person.id, sent_as, form)
        written = threads.add(db, words)
        if written is None:
            return Outcome.REPEATED
        if thread.closed_at is not None:
            threads.reopen(db, thread.id)
        said = self.say(citizen.language, "human_answer", service=self._service(thread, citizen))
        again = Button(self.say(citizen.language, "human_write_label"), f"@human:{thread.name}")
        self._tell(db, citizen, thread, (Prompt(f"{said}\n\n{text}", (again,)),), now, written)
        for other in self._others(db, thread, person):
            self._note(db, other, thread, "thread_answered", now, who=person.name, text=text)
        threads.take(db, thread.id, person.id)
        return Outcome.SENT

    def _hearing(self, db: Connection, thread: Thread) -> Contact | None:
        """Return the citizen of a thread; None where they cannot be reached, or sent STOP after the last words."""
        citizen = contacts.get(db, thread.contact_id)
        if citizen is None or citizen.unreachable_at is not None or citizen.channel not in self._channels:
            return None
        return None if citizen.stopped_at is not None and citizen.stopped_at >= thread.spoken_at else citizen

    def close(self, db: Connection, thread: Thread, person: Person, now: datetime) -> None:
        """End a thread and tell the citizen and the others; a closed one stays as it is."""
        if not threads.close(db, thread.id, now):
            return
        citizen = self._hearing(db, thread)
        if citizen is not None:
            self._note(db, citizen, thread, "human_closed", now)
        for other in self._others(db, thread, person):
            self._note(db, other, thread, "thread_closed_by", now, who=person.name)

    def block(self, db: Connection, thread: Thread, person: Person, why: str, now: datetime) -> None:
        """Take no more answers from the citizen of a thread, and tell them why; the reason stands in the thread.

        What asks them into a round, or back into it, and has not left is called back: no answer would be taken.

        Nothing happens where they are blocked already: the same form may come twice.
        """
        citizen = contacts.get(db, thread.contact_id)
        if citizen is None or citizen.blocked_at is not None:
            return
        contacts.set_blocked(db, citizen.id, now, why)
        outbox.recall(db, citizen.id, ASKING, now)
        threads.add(db, NewWords(thread.id, now, STAFF, self._keys.seal(why), person.id))
        threads.take(db, thread.id, person.id)
        looks.did(db, thread.service, now, person.name, "blocked", thread=thread.name)
        self._told_of_block(db, thread, "blocked_told", now, why)

    def unblock(self, db: Connection, thread: Thread, person: Person, now: datetime) -> None:
        """Take answers again from the citizen of a thread; nothing happens where nobody is blocked."""
        citizen = contacts.get(db, thread.contact_id)
        if citizen is not None and citizen.blocked_at is not None:
            contacts.set_blocked(db, citizen.id, None, None)
            looks.did(db, thread.service, now, person.name, "unblocked", thread=thread.name)
            self._told_of_block(db, thread, "unblocked_told", now)

    def _told_of_block(self, db: Connection, thread: Thread, key: str, now: datetime, why: str = "") -> None:
        if (citizen := self._hearing(db, thread)) is not None:
            said = self.say(citizen.language, key, service=self._service(thread, citizen), why=why)
            self._tell(db, citizen, thread, (Prompt(said),), now, key, f"{now:%Y%m%d%H%M%S}")

    def hand_on(self, db: Connection, thread: Thread, person: Person, to: int | None, now: datetime) -> None:
        """Let somebody else look after a thread (None: all of the service's people), and show them where it stands.

        Nothing happens where they look after it already: the same form may come twice.

        Raises LookupError where they have no role for the service.
        """
        staff = self.people_of(db, thread.service)
        new = [each for each in staff if to in {None, each.id} and each.id != person.id]
        if to is not None and to not in {each.id for each in staff}:
            raise LookupError(to)
        if thread.person_id == to:
            return
        threads.hand_on(db, thread.id, to)
        last = next((line.text for line in reversed(self.lines(db, thread)) if not line.mine), "")
        for contact in self._reached(db, new):
            self._note(db, contact, thread, "thread_handed", now, who=person.name, text=last)

    # ----------------------------------------------------------------- reading

    def lines(self, db: Connection, thread: Thread) -> list[Line]:
        """Return what was written in a thread, the oldest first."""
        names = {person.id: person.name for person in people.everyone(db)}
        return [
            Line(
                each.at,
                self._keys.unseal(each.sealed),
                names.get(each.person_id or 0, ""),
                each.author == STAFF,
                each.id,
                each.kind or "",
                each.file or "",
            )
            for each in threads.said(db, thread.id)
        ]

    def say(self, language: str, key: str, **values: object) -> str:
        """Return a sentence, its gaps filled."""
        return fill(self._phrases[language][key], values).strip()

    # ----------------------------------------------------------------- letters

    def _service(self, thread: Thread, contact: Contact) -> str:
        spoken = (each.spoken(contact.language) for each in self._config.services if each.key == thread.service)
        return next(spoken, thread.service)

    def _note(
        self,
        db: Connection,
        contact: Contact,
        thread: Thread,
        key: str,
        now: datetime,
        *,
        text: str = "",
        who: str = "",
    ) -> None:
        """Say something about a thread; words of others go to chats only."""
        if contact.channel == MAIL:
            return
        values = {"name": thread.name, "who": who, "service": self._service(thread, contact)}
        said = self.say(contact.language, key, **values)
        staff = contact.id != thread.contact_id and bool(text)
        buttons = self._buttons(contact.language, thread) if staff else ()
        prompt = Prompt("\n\n".join(filter(None, (said, text))), buttons)
        self._tell(db, contact, thread, (prompt,), now, f"{now:%y%m%d%H%M%S%f}", key)

    def _tell(
        self,
        db: Connection,
        contact: Contact,
        thread: Thread,
        prompts: tuple[Prompt, ...],
        now: datetime,
        *key: object,
    ) -> None:
        parts = [part._replace(secret=True) for part in compose(prompts, self._channels[contact.channel])]
        name = threads.key(thread.name, *key, contact.id)
        outbox.enqueue(db, letters(contact, parts, name, now, REPLY, keys=self._keys))

    def _mail(self, db: Connection, contact: Contact, thread: Thread, now: datetime, written: object) -> None:
        """Tell by mail that somebody has written, and where to read it: no word of theirs leaves by mail."""
        service = self._service(thread, contact)
        text = self.say(contact.language, "thread_mail", service=service, name=thread.name, url=self._url(thread))
        subject = self.say(contact.language, "thread_mail_subject", service=service)
        key = threads.key(thread.name, written, contact.id)
        body = write(Outbound(key, "", text, mail=Mail(subject, ""), language=contact.language))
        outbox.enqueue(db, [NewMessage(key, contact.id, MAIL, REPLY, body, now, now)])
