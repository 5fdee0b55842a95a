"""The messages around an action: to those who raised it, and to whoever owns it. Each lies in the outbox as bulk."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.compose import Part, compose
from bot.letters import BULK, letters
from bot.rounds.record import public_url, spoken_day
from bot.texts import texts
from flows.model import Button, Prompt
from flows.words import fill
from storage import audience, contacts, outbox
from storage.actions import ASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.config import Config
    from bot.rounds.hours import Hours
    from storage.actions import Action, Link
    from storage.contacts import Contact
    from storage.outbox import NewMessage

DUE, OVERDUE, GIVEN = "due", "overdue", "given"
"""What the owner of an action is told."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What people are told or asked, in each language somebody wrote it in; of a question also what is offered."""

    texts: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def in_(self, language: str) -> str:
        """Return the language it goes out in to a reader of `language`: that one, or the first it was written in."""
        return language if language in self.texts else next(iter(self.texts), language)


def dump(letter: Letter) -> str:
    """Write a letter as JSON."""
    return json.dumps({"texts": dict(letter.texts), "choices": dict(letter.choices)}, ensure_ascii=False)


def load(text: str) -> Letter:
    """Read a letter from its JSON."""
    kept = json.loads(text)
    return Letter(kept.get("texts", {}), {one: tuple(said) for one, said in kept.get("choices", {}).items()})


class Teller:
    """Writes these messages into the transaction it is given."""

    def __init__(
        self,
        config: Config,
        phrases: Mapping[str, Mapping[str, str]],
        channels: Mapping[str, Capabilities],
        hours: Hours,
    ) -> None:
        self._config = config
        self._phrases = phrases
        self._channels = channels
        self._hours = hours

    def say(self, language: str, key: str, **values: object) -> str:
        """Return a sentence for citizens, its gaps filled."""
        return fill(self._phrases[language][key], values).strip()

    # ----------------------------------------------------------------- citizens

    def send(self, db: Connection, row: Action, about: str, links: Sequence[Link], now: datetime) -> int:
        """Tell or ask these people; by day, wherever they are. `about` says with which words it begins."""
        found = contacts.by_ids(db, [each.contact_id for each in links])
        zones = audience.zones_of(db, list(found))
        rows: list[NewMessage] = []
        for each in links:
            if (contact := found.get(each.contact_id)) is not None:
                zone = zones.get((each.round_id, contact.id))
                due_at = now if self._hours.day(now, zone) else self._hours.opening(now, zone)
                rows += [one._replace(due_at=due_at) for one in self._letters(row, about, contact, now)]
        return outbox.enqueue(db, rows)

    def _letters(self, row: Action, about: str, contact: Contact, now: datetime) -> list[NewMessage]:
        parts = compose([self.prompt(row, about, contact.language)], self._channels[contact.channel])
        return letters(contact, parts, f"action.{row.id}.{about}.{contact.id}", now, BULK)

    def prompt(self, row: Action, about: str, language: str) -> Prompt:
        """Return what a reader of a language is told of an action, or asked."""
        letter, spoken = load(row.letter), self._config.service_of(row.service).spoken(language)
        written = letter.in_(language)
        note = self.say(language, "deed_as_written", tongue=self._named(written)) if written != language else ""
        until = self._until(row, language) if row.kind == ASK and about == ASK else ""
        body = self.say(language, "deed_body", body=row.body) if row.body else ""
        said = (self.say(language, f"deed_{about}", service=spoken), letter.texts.get(written, row.outcome), body)
        why = self.say(language, "deed_why")
        buttons = self._buttons(row, letter.choices.get(written, ()), language) if about == ASK else ()
        return Prompt("\n\n".join(filter(None, (*said, note, until, why))), buttons)

    def _named(self, language: str) -> str:
        return self._phrases[language].get("language_name", language)

    def _until(self, row: Action, language: str) -> str:
        if row.expires_at is None:
            return ""
        day = spoken_day(row.expires_at.astimezone(self._config.city.zone), language)
        return self.say(language, "deed_until", day=day)

    def _buttons(self, row: Action, choices: Sequence[str], language: str) -> tuple[Button, ...]:
        if not choices:
            return (Button(self.say(language, "deed_write_label"), f"@ask:{row.id}"),)
        return tuple(Button(label, f"@ask:{row.id}:{n}") for n, label in enumerate(choices))

    # ----------------------------------------------------------------- whoever owns it

    def tell_owner(self, db: Connection, row: Action, what: str, now: datetime, by: str = "") -> int:
        """Tell the owner of an action that it is theirs, due or overdue; return how many messages."""
        if row.person_id is None:
            return 0
        known = self._reached(contacts.of_person(db, row.person_id))
        stamp = f"{what}.{row.due_on}" if what != GIVEN else f"{what}.{now:%y%m%d%H%M%S%f}"
        rows = [
            letter
            for contact in known
            for letter in letters(
                contact,
                (Part(self._owned(row, what, contact.language, by)),),
                f"deed.{row.id}.{stamp}.{contact.id}",
                now,
                BULK,
            )
        ]
        return outbox.enqueue(db, rows)

    def _reached(self, known: Iterable[Contact]) -> list[Contact]:
        return [contact for contact in known if contact.may_be_written_to and contact.channel in self._channels]

    def _owned(self, row: Action, what: str, language: str, by: str) -> str:
        said, on = texts(language), day_of(row.due_on)
        url = f"{public_url(self._config)}/manage/actions/{row.service}"
        day = spoken_day(on, language) if on else ""
        key = f"deed.{what}" if on or what != GIVEN else "deed.given_open"
        service = self._config.service_of(row.service).label(language)
        return said(key, words=row.words, day=day, url=url, service=service, who=by)


def day_of(text: str | None) -> date | None:
    """Return an ISO day; None where none is given or it is none."""
    from datetime import date  # noqa: PLC0415 - the name is for types alone elsewhere here

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
