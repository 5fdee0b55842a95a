"""What all at the desk share: a visit, and what is said and heard in the contact's own language."""

from __future__ import annotations

from dataclasses import replace as restate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from bot.participation import Spoken
from bot.rounds.lifecycle import State, as_of, closed_on
from bot.rounds.record import spoken_day
from bot.rounds.tongues import in_language
from flows.model import Button, Kind, Message, Prompt, Script, parse_button
from flows.phrasebook import EVERYWHERE
from flows.speak import WORD
from flows.words import fill, meaning
from storage import rounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Inbound
    from bot.config import Config
    from bot.ledger import Guest, Ledger
    from bot.participation import Participations
    from bot.rounds.library import Library
    from flows.catalog import Catalog
    from storage.rounds import RoundRow
    from storage.sealing import Keys


RIGHTS = frozenset({"stop", "delete", "mydata", "human", "help", "language"})
"""Words that are heard whatever else there is to say."""
SENDABLE = frozenset({*EVERYWHERE, "start", "mine"})
"""Words that have buttons."""
Prompts: TypeAlias = tuple[Prompt, ...]


class Visit(NamedTuple):
    """One message of one contact, and the transaction it is dealt with in."""

    db: Connection
    ledger: Ledger
    guest: Guest
    inbound: Inbound

    @property
    def message(self) -> Message:
        """What was sent."""
        return self.inbound.message

    @property
    def language(self) -> str:
        """The contact's language."""
        return self.guest.contact.language


class Hall:
    """Knows how to say something in the contact's language, what they mean, and how a round stands now."""

    def __init__(
        self, config: Config, catalog: Catalog, library: Library, participations: Participations, keys: Keys
    ) -> None:
        self.config = config
        self.catalog = catalog
        self.library = library
        self.participations = participations
        self.keys = keys
        self._scripts: dict[str, Script] = {}

    def is_right(self, visit: Visit) -> bool:
        """Whether a message asks for what everybody may ask for, whoever they are."""
        return self.asks_for(visit) in RIGHTS

    def asks_for(self, visit: Visit) -> str | None:
        """Return the word that is sent or pressed."""
        if visit.message.kind is Kind.TEXT and not visit.inbound.edited:
            return self.meaning(visit, visit.message.text)
        return pressed(visit.message)

    def blocked(self, visit: Visit) -> Spoken:
        """Say why nothing is taken from somebody, and how to object."""
        why = visit.guest.contact.blocked_why or ""
        return bare((self.say(visit, "blocked", why=why),))

    def which(self, visit: Visit, row: RoundRow) -> Prompts:
        """Say which round this is about, where another one was talked about last."""
        if visit.guest.current() in {None, row.id}:
            return ()
        return (self.say(visit, "about_now", topic=self.about(visit, row)),)

    def about(self, visit: Visit, row: RoundRow) -> str:
        """Return what a round is about: its topic, or its service where it runs without end."""
        running = self.library.shown(visit.db, row).running
        return self.service_name(visit, row.service) if running else self.topic(visit, row)

    def again(self, visit: Visit) -> Prompts:
        """Ask once more what the session at hand asks; nothing where there is none."""
        current = visit.guest.current()
        row = None if current is None else self.row(visit, current)
        if row is None or row.state != State.OPEN:
            return ()
        return self.participations.resume(visit.ledger, visit.guest, self.library.played(visit.db, row))

    def service_name(self, visit: Visit, key: str) -> str:
        """Return what a service is called."""
        return next((each.spoken(visit.language) for each in self.config.services if each.key == key), key)

    def back(self, visit: Visit) -> Prompts:
        """Lead back to the question of the session at hand, if there is one."""
        again = self.again(visit)
        return (self.say(visit, "human_back"), *again) if again else ()

    def day(self, visit: Visit, at: datetime) -> str:
        """Return the day of a moment, in the city's zone, as it is said."""
        return spoken_day(at.astimezone(self.config.city.zone).date(), visit.language)

    def say(self, visit: Visit, key: str, **values: object) -> Prompt:
        """Return a text of the bot in the contact's language, its blanks filled."""
        return Prompt(fill(self.library.phrases[visit.language][key], values).strip())

    def yes_no(self, visit: Visit) -> tuple[Button, ...]:
        """Return the buttons under the question whether to delete."""
        phrases = self.library.phrases[visit.language]
        return (Button(phrases["yes_label"], "@delete:yes"), Button(phrases["no_label"], "@delete:no"))

    def row(self, visit: Visit, round_id: int) -> RoundRow | None:
        """Return a round as it stands now; None where there is none of that id."""
        return visit.ledger.open_rounds.get(round_id) or self.standing(visit, rounds.get(visit.db, round_id))

    def standing(self, visit: Visit, row: RoundRow | None) -> RoundRow | None:
        """Return a round as it stands now: it rests while its questions are not those that were signed."""
        now = None if row is None else as_of(row, visit.ledger.now)
        if now is not None and now.state == State.OPEN and not self.library.asks(visit.db, now):
            return restate(now, state=State.PAUSED)
        return now

    def values(self, visit: Visit, row: RoundRow) -> dict[str, Any]:
        """Return what the round's texts are filled with, in the contact's language."""
        flow = self.library.shown(visit.db, row)
        values: Mapping[str, Any] = self.library.facts(row, flow).values
        return {name: in_language(value, visit.language) for name, value in values.items()}

    def topic(self, visit: Visit, row: RoundRow) -> str:
        """Return what a round asks about, else its title."""
        return str(self.values(visit, row).get("topic") or row.title)

    def closing(self, visit: Visit, row: RoundRow) -> str:
        """Return the last day of a round as it is said; empty where it runs without end."""
        day = closed_on(row.closes_at, row.closed_at, self.config.city.zone)
        return spoken_day(day, visit.language) if day else ""

    def meaning(self, visit: Visit, text: str) -> str | None:
        """Return the word that `text` is, in the contact's language or, failing that, in any other of the city's."""
        languages = dict.fromkeys((visit.language, *self.config.city.languages))
        return next(filter(None, (meaning(self.script(each), text.strip()) for each in languages)), None)

    def script(self, language: str) -> Script:
        """Return what the bot says and hears in a language outside the questions of a round."""
        if language not in self._scripts:
            words, danger = self.catalog.words(language), self.catalog.danger(language)
            others = tuple(self.catalog.danger(each) for each in self.config.city.languages if each != language)
            self._scripts[language] = Script(language, {}, self.library.phrases[language], words, danger, others)
        return self._scripts[language]


def bare(prompts: Prompts) -> Spoken:
    """Return what is said outside a session; what has neither text nor buttons is not said."""
    return Spoken(tuple(prompt for prompt in prompts if prompt.text or prompt.buttons))


def unread(prompts: Prompts) -> Prompts:
    """Seal what tells somebody's answers: among kept messages it would link them, also beyond the round's key."""
    return tuple(replace(each, secret=True) for each in prompts)


def pressed(message: Message) -> str:
    """Return the word that a button stands for; empty where it is another button, or none."""
    _, state, word = parse_button(message.data) or ("", "", "")
    return word if state == WORD and word in SENDABLE else ""
