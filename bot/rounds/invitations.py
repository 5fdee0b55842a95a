"""The first message of a round, one reminder, and what asks again: by day, never two rounds in one day to a person."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.channels.base import Mail, Outbound
from bot.compose import compose
from bot.letters import BULK, letters, write
from bot.rounds.tongues import in_language
from flows.model import Button, Prompt
from flows.words import fill
from storage import audience, contacts, outbox, rounds, trail
from storage.audience import INVITED, WAITING
from storage.outbox import NewMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.rounds.hours import Hours
    from bot.rounds.library import Library, Played
    from storage.audience import Rules
    from storage.contacts import Contact
    from storage.outbox import OutboxRow
    from storage.rounds import RoundRow

BATCH = 500
SOON = timedelta(days=1)
"""Nobody is reminded so soon after the invitation."""
MAIL = "mail"


def letters_of(round_id: int) -> tuple[str, ...]:
    """Return what the keys of the messages begin with that ask people into a round, or back into it."""
    return tuple(f"{begin}{round_id}." for begin in audience.ASKING)


def invite(
    db: Connection,
    played: Played,
    library: Library,
    channels: Mapping[str, Capabilities],
    by: Rules,
    hours: Hours,
    now: datetime,
) -> int:
    """Enqueue invitations for the next batch of the audience; return how many people that was about, 0: none now.

    Who cannot be asked any more is excluded with the reason.
    """
    row = played.row
    limit = min(BATCH, _allowed(db, row, hours, now))
    awake = [zone for zone in audience.zones(db, row.id, [WAITING]) if hours.day(now, zone)] if limit > 0 else []
    if not awake:
        return 0
    asked = audience.next_ones(db, by, awake, limit)
    audience.become(db, asked)
    fresh = rounds.invite(db, row.id, [one.contact_id for one in asked if not one.reason], "invitation", now)
    says = _Sayings(played, library, channels, prompt)
    outbox.enqueue(db, says.to(contacts.by_ids(db, fresh).values(), f"invite.{row.id}", now))
    return len(asked)


def _allowed(db: Connection, row: RoundRow, hours: Hours, now: datetime) -> int:
    """Return how many more may be asked by now, where the invitations are spread over hours."""
    if row.spread_hours is None or row.opened_at is None:
        return BATCH
    passed = hours.elapsed(row.opened_at, now) - rested(db, row.id, hours, now)
    share = passed / timedelta(hours=row.spread_hours)
    if share >= 1:
        return BATCH
    counted = audience.counts(db, row.id)
    waiting = counted.get((WAITING, ""), 0) - audience.came_first(db, row.id)
    counted.pop((audience.ANSWERED, audience.UNASKED), None)
    asked = sum(count for (state, _), count in counted.items() if state not in {WAITING, audience.EXCLUDED})
    return math.ceil((asked + waiting) * share) - asked


def rested(db: Connection, round_id: int, hours: Hours, now: datetime) -> timedelta:
    """Return how much sending time a round has spent paused: nobody is asked then."""
    whole, since = timedelta(), None
    for entry in trail.of(db, round_id):
        if entry.what == "paused":
            since = entry.at
        elif entry.what == "resumed" and since is not None:
            whole, since = whole + hours.elapsed(since, entry.at), None
    return whole if since is None else whole + hours.elapsed(since, now)


def remind(
    db: Connection,
    played: Played,
    library: Library,
    channels: Mapping[str, Capabilities],
    by: Rules,
    hours: Hours,
    now: datetime,
) -> int:
    """Enqueue the one reminder for the next batch of who was invited, agreed to it and is silent; return how many."""
    row = played.row
    awake = [zone for zone in audience.zones(db, row.id, [INVITED]) if hours.day(now, zone)]
    silent = audience.to_remind(db, by, awake, now - SOON, BATCH) if awake else []
    fresh = rounds.invite(db, row.id, silent, "reminder", now)
    says = _Sayings(played, library, channels, reminder)
    outbox.enqueue(db, says.to(contacts.by_ids(db, fresh).values(), f"remind.{row.id}", now))
    return len(silent)


def ask_again(
    db: Connection,
    played: Played,
    library: Library,
    channels: Mapping[str, Capabilities],
    by: Rules,
    hours: Hours,
    now: datetime,
) -> int:
    """Enqueue the letter that asks again, for the next batch of those who agreed to it some days ago; return how many.

    By day only, and not on a day on which another round has written to them; that waits like this one.
    """
    due = [
        contact_id
        for state, days in played.flow.comes_back.items()
        for contact_id, zone in audience.to_ask_again(db, by, state, now - timedelta(days=days), BATCH)
        if hours.day(now, zone)
    ]
    before = rounds.times(db, played.row.id, due, audience.AGAIN)
    says, asked = _Sayings(played, library, channels, again), 0
    for one in contacts.by_ids(db, due).values():
        which = f"{before.get(one.id, 0) + 1}"
        if rounds.invite(db, played.row.id, [one.id], f"{audience.AGAIN}{which}", now):
            asked += 1
            outbox.enqueue(db, says.to([one], f"{audience.AGAIN}{played.row.id}", now, f".{which}"))
    return asked


def by_day(db: Connection, rows: Sequence[OutboxRow], hours: Hours, now: datetime) -> dict[int, datetime]:
    """Return which of these messages may not leave now, by id, and their morning; what waits like them is put off too.

    So many may wait that the night comes first, or nobody could send; and whoever fell silent at night is due at night.
    A result is published, and a promise falls due, at any hour: what is written of it waits, too.
    """
    daily = [row for row in rows if row.key.startswith(audience.DAILY)]
    if not daily or hours.earliest == hours.latest:
        return {}
    ids = [row.contact_id for row in daily]
    zones, own = audience.zones_of(db, ids), audience.own_zones(db, ids)
    places = {row.id: _place(row, zones, own) for row in daily}
    asleep = {row: place for row, place in places.items() if not hours.day(now, place[1])}
    mornings = {place: hours.opening(now, place[1]) for place in set(asleep.values())}
    for (round_id, zone), morning in mornings.items():
        audience.put_off(db, round_id, zone, morning)
    return {row: mornings[place] for row, place in asleep.items()}


def _place(
    row: OutboxRow, zones: Mapping[tuple[int, int], str | None], own: Mapping[int, str]
) -> tuple[int, str | None]:
    """Return the round of a message and the zone of who gets it: None stands for the city's."""
    round_id = int(row.key.split(".")[1])
    return round_id, zones.get((round_id, row.contact_id)) or own.get(row.contact_id)


class _Sayings:
    """What many people are told, made once for each language and channel."""

    def __init__(
        self,
        played: Played,
        library: Library,
        channels: Mapping[str, Capabilities],
        said: Callable[[Played, Library, str], Prompt],
    ) -> None:
        self._played, self._library, self._channels, self._said = played, library, channels, said
        self._page = in_language(library.facts(played.row, played.flow).values["round_url"], "")
        self._prompts: dict[str, Prompt] = {}
        self._mails: dict[str, Outbound] = {}

    def to(self, people: Iterable[Contact], key: str, now: datetime, which: str = "") -> list[NewMessage]:
        """Return the messages to these people, whose channels there are; `which` tells several to one person apart."""
        return [letter for one in people for letter in self._to(one, f"{key}.{one.id}{which}", now)]

    def _to(self, contact: Contact, key: str, now: datetime) -> list[NewMessage]:
        language = contact.language
        if contact.channel == MAIL:
            if language not in self._mails:
                self._mails[language] = mail(self._played, self._library, language)
            return [NewMessage(f"{key}.0", contact.id, MAIL, BULK, write(self._own(contact, language)), now, now)]
        if language not in self._prompts:
            self._prompts[language] = self._said(self._played, self._library, language)
        return letters(contact, compose([self._prompts[language]], self._channels[contact.channel]), key, now, BULK)

    def _own(self, contact: Contact, language: str) -> Outbound:
        """Return the mail with a link that is the contact's alone."""
        said, row = self._mails[language], self._played.row
        return replace(said, text=said.text.replace(self._page, self._library.own_link(self._page, row, contact.id)))


def prompt(played: Played, library: Library, language: str) -> Prompt:
    """Return the invitation in a language, with its three answers."""
    return _asking(played, library, language, ("invitation", "invitation_running"))


def reminder(played: Played, library: Library, language: str) -> Prompt:
    """Return the reminder in a language, with the same answers."""
    return _asking(played, library, language, ("invitation_reminder", "invitation_reminder_running"))


def again(played: Played, library: Library, language: str) -> Prompt:
    """Return the letter to who agreed to be asked again, with its two answers."""
    phrases, code = library.phrases[language], played.row.code
    buttons = (Button(phrases["invitation_yes"], f"@round:{code}"), Button(phrases["again_enough"], f"@enough:{code}"))
    return Prompt(fill(phrases["again_letter"], _known(played, library, language)).strip(), buttons)


def _asking(played: Played, library: Library, language: str, keys: tuple[str, str]) -> Prompt:
    phrases, code = library.phrases[language], played.row.code
    buttons = (
        Button(phrases["invitation_yes"], f"@round:{code}"),
        Button(phrases["invitation_later"], f"@later:{code}"),
        Button(phrases["invitation_never"], "@never:all"),
    )
    return Prompt(_filled(played, library, language, keys), buttons)


def mail(played: Played, library: Library, language: str) -> Outbound:
    """Return the invitation to an address that the city holds: nobody listens there, so it brings the round's link."""
    subject = fill(library.phrases[language]["invitation_mail_subject"], _known(played, library, language))
    text = _filled(played, library, language, ("invitation_mail", "invitation_mail_running"))
    return Outbound("", "", text, mail=Mail(subject.strip(), ""), language=language)


def _filled(played: Played, library: Library, language: str, keys: tuple[str, str]) -> str:
    """Return the first of two phrases with the facts of the round, or the second, for a round without an end."""
    known = _known(played, library, language)
    return fill(library.phrases[language][keys[0] if known.get("closes_on") else keys[1]], known).strip()


def _known(played: Played, library: Library, language: str) -> dict[str, str]:
    values = library.facts(played.row, played.flow).values
    known = {name: in_language(value, language) for name, value in values.items()}
    return known | {"n": str(played.flow.asked), "minutes": str(played.flow.takes)}


def may_remind(contact: Contact) -> bool:
    """Whether a silent session may be reminded of: only with a yes to being written to, never after STOP or a block."""
    return contact.invite_again_at is not None and contact.may_be_written_to and contact.blocked_at is None
