"""MYDATA as a file, for whoever wants to keep it or take it elsewhere (GDPR, articles 15 and 20).

The chat gives a link for an hour. The file is not kept anywhere: the link says, sealed, whose data it shows, and the
file is made when it is asked for.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from bot import letters, own_work, tokens
from bot.actions import asked
from bot.digests.render.sheet import safe
from bot.rounds.addresses import spellings
from bot.themes.starter import called
from storage import (
    actions,
    alarms,
    answers,
    apart,
    audience,
    campaigns,
    contacts,
    manuscripts,
    messages,
    outbox,
    people,
    rounds,
    rulings,
    sessions,
    themes,
    threads,
    wishes,
)
from storage import entries as taken_down
from storage.database import Unopened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.rounds.library import Library
    from storage.answers import AnswerRow
    from storage.contacts import Contact
    from storage.rounds import RoundRow
    from storage.sealing import Keys

LASTS: Final = timedelta(hours=1)
_FOR: Final = "my data "
"""Stands before what is sealed: nothing sealed for another purpose shows anybody's data."""
_MOST: Final = 10_000
"""Lines of a web chat in one file: they are kept for some weeks only."""


class Entry(NamedTuple):
    """One thing that is kept: what about, when it was said or done, its name, and what it is."""

    about: str
    round: str
    at: str
    name: str
    value: str


def link(keys: Keys, public_url: str, contact_id: int, now: datetime) -> str:
    """Return the address of a page that shows a contact's data until an hour from now."""
    return f"{public_url}/mydata/{tokens.written(keys.seal(f'{_FOR}{contact_id} {(now + LASTS).isoformat()}'))}"


def whose(keys: Keys, token: str, now: datetime) -> int | None:
    """Return whose data a token shows now; None where it is none of ours, or its hour is over."""
    with suppress(ValueError, Unopened):
        told = keys.unseal(tokens.read(token))
        if told.startswith(_FOR):
            contact_id, until = told.removeprefix(_FOR).split(" ")
            return int(contact_id) if now < datetime.fromisoformat(until) else None
    return None


def kept(db: Connection, config: Config, library: Library, keys: Keys, contact: Contact) -> list[Entry]:
    """Return everything that is kept of a contact and can still be found as theirs, as MYDATA tells it in words."""
    return [
        *_contact(keys, contact),
        *_taken_part(db, contact),
        *_listed(db, keys, contact),
        *_answers(db, library, contact),
        *_alarms(db, keys, contact),
        *_told(db, contact),
        *_written(db, keys, contact),
        *_sent(db, contact),
        *_own_work(db, config, contact),
    ]


def as_json(entries: list[Entry]) -> str:
    """Return the entries as a list of objects."""
    return json.dumps([each._asdict() for each in entries], ensure_ascii=False, indent=2)


def as_csv(entries: list[Entry]) -> str:
    """Return the entries as a table; no text of it is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(Entry._fields)
    writer.writerows([safe(cell) for cell in each] for each in entries)
    return out.getvalue()


_REFUSED = ("stopped_at", "said_stop_at", "blocked_at", "unreachable_at")


def _contact(keys: Keys, contact: Contact) -> Iterator[Entry]:
    facts = {"channel": contact.channel, "address": keys.unseal(contact.address_sealed), "language": contact.language}
    yield from (Entry("contact", "", "", name, text) for name, text in facts.items())
    for name in ("first_seen_at", "last_seen_at", "invite_again_at", *_REFUSED):
        at = getattr(contact, name)
        if at is not None:
            yield Entry("contact", "", at.isoformat(), name, "yes")
    if contact.blocked_why:
        yield Entry("contact", "", "", "blocked_why", contact.blocked_why)


def _taken_part(db: Connection, contact: Contact) -> Iterator[Entry]:
    known = sessions.all_of(db, contact.id)
    wished = wishes.of_contact(db, contact.id)
    written = rounds.written_to(db, contact.id)
    ids = {*(one.round_id for one in known), *(wish[0] for wish in wished), *(letter[0] for letter in written)}
    codes = _codes(db, ids)
    for row in known:
        yield Entry("session", codes[row.round_id], row.started_at.isoformat(), "started", row.status)
        for at in filter(None, (row.first_ended_at, row.ended_at)):
            yield Entry("session", codes[row.round_id], at.isoformat(), "handed_in", row.status)
    for round_id, what in wished:
        yield Entry("wish", codes[round_id], "", what, "yes")
    for round_id, which, at in written:
        yield Entry("written_to", codes[round_id], at.isoformat(), which, "yes")


def marks(keys: Keys, contact: Contact) -> list[bytes]:
    """Return the hashes under which somebody may stand on the quiet list, however a list spells their address."""
    address = keys.unseal(contact.address_sealed)
    return [keys.quiet_hash(contact.channel, each) for each in dict.fromkeys((address, *spellings(address)))]


def _listed(db: Connection, keys: Keys, contact: Contact) -> Iterator[Entry]:
    """Give the lists that somebody stands on: of whom a round asks, of who must not be written to, taken down."""
    hashes = marks(keys, contact)
    if since := audience.quiet_since(db, hashes):
        yield Entry("quiet_list", "", since.isoformat(), "never_written_to", "yes")
    found = audience.of_person(db, contact.id, contact.address_hash, hashes)
    taken = taken_down.of_contact(db, contact.id)
    codes = _codes(db, (*(row[0] for row in found), *(row.round_id for row in taken)))
    for round_id, state, reason, source in found:
        yield Entry("audience", codes[round_id], "", f"from_{source}", f"{state} {reason}".strip())
    for one in taken:
        said = " ".join(filter(None, (one.kind, str(one.heads), one.organisation)))
        yield Entry("taken_down", codes[one.round_id], one.created_at.isoformat(), "by_staff", said)


def _codes(db: Connection, ids: Iterable[int]) -> dict[int, str]:
    return {round_id: row.code for round_id, row in rounds.by_ids(db, set(ids)).items()}


def _alarms(db: Connection, keys: Keys, contact: Contact) -> Iterator[Entry]:
    """Give what words of danger led to: to how many addresses of staff it was told, and whether one looks after it.

    Until then with the words, as staff read them.
    """
    found = alarms.of_contact(db, contact.id)
    codes = _codes(db, (row.round_id for row in found if row.round_id is not None))
    for row in found:
        code = codes.get(row.round_id or 0, "")
        yield Entry("alarm", code, row.at.isoformat(), "staff_alerted_by_your_words", str(row.told))
        if row.sealed is not None:
            yield Entry("alarm", code, row.at.isoformat(), "your_words_as_staff_read_them", keys.unseal(row.sealed))
        if row.closed_at is not None:
            yield Entry("alarm", code, row.closed_at.isoformat(), "looked_after", "yes")


def _told(db: Connection, contact: Contact) -> Iterator[Entry]:
    found = actions.told_to(db, contact.id)
    codes = _codes(db, (row[2] for row in found))
    for action_id, what, round_id, at in found:
        action = actions.get(db, action_id)
        yield Entry("action", codes[round_id], at.isoformat(), what, action.words if action else "")


def _sent(db: Connection, contact: Contact) -> Iterator[Entry]:
    """Give the messages to somebody that are kept, and the files they sent.

    Of messages to somebody of the city no words, since they tell of others; nor of what is sealed until it is sent.
    """
    for at, status, body in outbox.of_contact(db, contact.id):
        words = ""
        if body and contact.person_id is None and not body.startswith(outbox.SEALED):
            with suppress(ValueError):  # of one that nobody can read any more its moment is told
                words = letters.read(body, "", "").text
        yield Entry("message", "", at.isoformat(), status, words)
    for at, name, state in manuscripts.of_contact(db, contact.id):
        yield Entry("manuscript", "", at.isoformat(), state, name)


def _answers(db: Connection, library: Library, contact: Contact) -> Iterator[Entry]:
    for of in rounds.linked(db):
        pseudonym = library.pseudonym(of, contact.address_hash)
        if pseudonym is None:
            continue
        for row in answers.of(db, of.id, pseudonym):
            yield Entry("answer", of.code, row.answered_at.isoformat(), row.item or row.state, _said(row))
        for row in answers.taken_back(db, of.id, pseudonym):
            yield Entry("answer_taken_back", of.code, row.answered_at.isoformat(), row.item or row.state, _said(row))
        for reply in actions.replied(db, of.id, pseudonym):
            said = asked.in_words(db, reply, contact.language)
            yield Entry("reply", of.code, reply.answered_at.isoformat(), "asked_back", said)
        for theme in themes.of_person(db, of.id, pseudonym):
            yield Entry("theme", of.code, "", "sorted_into", called(theme, contact.language))
        for at, language in themes.read_of(db, of.id, pseudonym):
            yield Entry("reading", of.code, at.isoformat(), "language_found", language)
        yield from _rulings(db, of, pseudonym)
        if texts := campaigns.of_person(db, of.id, pseudonym):
            yield Entry("campaign", of.code, "", "texts_counted_with_others", str(texts))
        if kind := apart.kind_of(db, of.id, pseudonym):
            yield Entry("counted_apart", of.code, "", "answers_for", kind)


def _rulings(db: Connection, of: RoundRow, pseudonym: bytes) -> Iterator[Entry]:
    """Give what people of the service ruled of the words that others may see: shown, or withheld and why."""
    for ruling in rulings.of_person(db, of.id, pseudonym):
        said = ": ".join(filter(None, (ruling.reason, ruling.words))) or "yes"
        yield Entry("ruling", of.code, ruling.at.isoformat(), f"your_words_{ruling.ruling}", said)


def _said(row: AnswerRow) -> str:
    if row.skipped:
        return ""
    found = (row.choice, row.choices, row.text, row.file, None if row.choice or row.score is None else f"{row.score:g}")
    return " ".join(each for each in found if each)


def _written(db: Connection, keys: Keys, contact: Contact) -> Iterator[Entry]:
    for thread in threads.of_contact(db, contact.id):
        for words in threads.said(db, thread.id):
            yield Entry("words", thread.service, words.at.isoformat(), words.author, keys.unseal(words.sealed))
    for line in messages.of(db, contact.id, limit=_MOST):
        yield Entry("chat", "", line.at.isoformat(), line.author, line.body)


def _own_work(db: Connection, config: Config, contact: Contact) -> Iterator[Entry]:
    """Give what is kept of somebody of the city about their own work; nothing of a citizen."""
    if contact.person_id is not None:
        yield from (Entry("staff", "", "", name, value) for name, value in own_work.settings(db, contact.person_id))
        for role in people.roles_of(db, contact.person_id):
            yield Entry("staff", "", role.created_at.isoformat(), role.role, role.service)
        for told in own_work.kept(db, config, contact.person_id, contact.language):
            yield Entry("own_work", "", "", "kept", told)


def find(db: Connection, config: Config, library: Library, keys: Keys, token: str, now: datetime) -> list[Entry] | None:
    """Return what the owner of a token may see; None where there is nobody, or no more."""
    contact_id = whose(keys, token, now)
    contact = None if contact_id is None else contacts.get(db, contact_id)
    return None if contact is None else kept(db, config, library, keys, contact)
