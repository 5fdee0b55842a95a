"""After a restore: do once more what the log of deletions says was done since the backup, before anything is sent.

Each entry says itself whether it concerns what came back: a contact that was first seen after it is somebody who came
anew, and answers given after it are of a later part. So the moment of the backup need not be known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from bot import own_work, quoting
from bot.erasure import taking_back
from bot.parting import withhold
from storage import (
    answers,
    audience,
    contacts,
    deletions,
    looks,
    outbox,
    people,
    rounds,
    rulings,
    sessions,
    threads,
    wishes,
)
from storage import entries as taken_down
from storage.contacts import NewContact
from storage.deletions import (
    DELETED,
    DISMISSED,
    HUSHED,
    PARTED,
    RESUMED,
    SHOWN_AGAIN,
    STOPPED,
    UNINVITED,
    UNQUOTED,
    UNWISHED,
    WITHHELD,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.erasure import Eraser
    from storage.contacts import Contact
    from storage.deletions import Entry
    from storage.sealing import Keys


class _Gone(NamedTuple):
    """What the log says, by sign, each with when it was done last."""

    contacts: dict[str, datetime]
    parts: dict[str, datetime]
    traces: dict[tuple[str, int], datetime]
    """By contact and round: that somebody took part there."""
    quotes: dict[str, datetime]
    """By part: the yes to being quoted, also where it was given anew since: rather quote too little."""
    wishes: dict[tuple[str, int], datetime]
    """By contact and round: the wish for the result, as earlier versions noted it."""
    unwished: dict[tuple[str, int], datetime]
    """By part and round: the wish for the result."""


class Replay:
    """Goes through a restored database once, inside the transaction that restores it."""

    def __init__(self, db: Connection, keys: Keys, eraser: Eraser, entries: Iterable[Entry], now: datetime) -> None:
        self._db = db
        self._keys = keys
        self._eraser = eraser
        self._entries = sorted(entries, key=lambda entry: entry.at)
        self._now = now
        self._done: Counter[str] = Counter()
        self._parted: list[tuple[int, int]] = []
        """(contact id, round id) of the parts that went by their receipt."""

    def run(self) -> Counter[str]:
        """Do all of it; return how many contacts, parts, STOPs … it concerned."""
        gone = _gathered(self._entries)
        choices = _choices(self._entries)
        wanted = {*gone.contacts, *choices, *(who for who, _ in (*gone.traces, *gone.wishes))}
        for sign, contact in self._found(wanted):
            self._contact(sign, contact, gone, choices.get(sign, []))
        self._parts(gone.parts)
        for contact_id, round_id in self._parted:  # after the answers: an entry tells of whom they are
            taken_down.forget(self._db, contact_id, round_id)
        self._rule()
        self._unquote(gone.quotes)
        self._unwish(gone.unwished)
        self._hush()
        self._staff()
        return +self._done

    def _found(self, wanted: set[str]) -> list[tuple[str, Contact]]:
        """Return the contacts the log knows; one whose hash no key opens is left alone."""
        signed = ((deletions.sign_or_none(self._keys, one), one) for one in contacts.every(self._db))
        return [(sign, one) for sign, one in signed if sign is not None and sign in wanted]

    def _contact(self, sign: str, contact: Contact, gone: _Gone, choices: list[Entry]) -> None:
        stopped = self._stopped(contact, choices)
        deleted = gone.contacts.get(sign)
        if deleted is not None and contact.first_seen_at < deleted:
            for thread in threads.of_contact(self._db, contact.id):
                threads.forget_copies(self._db, thread.name)
            if contact.person_id is not None:
                own_work.forget(self._db, contact.person_id, self._now)
            self._eraser.of_contact(self._db, contact, self._now)
            self._done[DELETED] += 1
            self._keep_stop(contact, stopped, deleted)
            return
        for row in sessions.all_of(self._db, contact.id):
            at = gone.traces.get((sign, row.round_id))
            if at is not None and row.started_at < at:
                self._eraser.transcripts(self._db, row, contact)
                self._eraser.traces(self._db, row.round_id, contact.id)
                self._parted.append((contact.id, row.round_id))
                self._done[PARTED] += 1
        for round_id, at, what in wishes.since(self._db, contact.id):
            if what == wishes.RESULT and at < gone.wishes.get((sign, round_id), at):
                wishes.remove(self._db, [(round_id, contact.id)])
                self._done[UNWISHED] += 1
        self._choose(contact, stopped, choices)

    @staticmethod
    def _stopped(contact: Contact, choices: list[Entry]) -> datetime | None:
        """Return since when somebody is not to be written to: their last word counts."""
        stopped = contact.stopped_at
        for entry in choices:
            if entry.what == STOPPED:
                stopped = entry.at
            elif entry.what == RESUMED and (stopped is None or stopped < entry.at):
                stopped = None
        return stopped

    def _keep_stop(self, contact: Contact, stopped: datetime | None, at: datetime) -> None:
        """STOP, a role in the city and a block outlive a deletion."""
        if stopped is None and contact.person_id is None and contact.blocked_at is None:
            return
        new = NewContact(
            contact.channel, contact.address_hash, contact.address_sealed, contact.language, at, contact.person_id
        )
        (fresh,) = contacts.add(self._db, [new])
        contacts.set_stopped(self._db, fresh.id, stopped)
        contacts.set_blocked(self._db, fresh.id, contact.blocked_at, contact.blocked_why)

    def _choose(self, contact: Contact, stopped: datetime | None, choices: list[Entry]) -> None:
        for entry in choices:
            if entry.what == STOPPED:
                contacts.note_stop(self._db, contact.id, entry.at)
                self._wish_no_more(contact, entry.at)
        if stopped != contact.stopped_at:
            contacts.set_stopped(self._db, contact.id, stopped)
            self._done[STOPPED if stopped else RESUMED] += 1
        if stopped is not None:
            outbox.cancel(self._db, contact.id, self._now, bulk_only=True)
        no = max((entry.at for entry in choices if entry.what in {UNINVITED, STOPPED}), default=None)
        if no is not None and contact.invite_again_at is not None and contact.invite_again_at < no:
            contacts.set_invite_again(self._db, contact.id, None)
            self._done[UNINVITED] += 1

    def _wish_no_more(self, contact: Contact, stopped: datetime) -> None:
        """STOP took back the wishes for results that were there."""
        for round_id, at, what in wishes.since(self._db, contact.id):
            if what == wishes.RESULT and at < stopped:
                self._done[UNWISHED] += len(wishes.remove(self._db, [(round_id, contact.id)]))

    def _parts(self, gone: dict[str, datetime]) -> None:
        """Forget the answers of parts that went, of whomever they are: also of contacts that are forgotten by now."""
        found = self._found_parts(gone)
        rows = rounds.by_ids(self._db, {round_id for round_id, _ in found})
        for round_id, pseudonym in found:
            self._eraser.said(self._db, rows[round_id], pseudonym, self._now)
            self._done["answers"] += 1

    def _found_parts(self, gone: dict[str, datetime]) -> list[tuple[int, bytes]]:
        """Return (round id, pseudonym) of the parts the log knows, as far as they are older than what it says."""
        if not gone:
            return []
        return [
            (round_id, pseudonym)
            for round_id, pseudonym, since in answers.participations(self._db)
            if (at := gone.get(deletions.part(self._keys, pseudonym))) is not None and since < at
        ]

    def _rule(self) -> None:
        """Rule once more on words that stand as they stood then; what was ruled of them last counts."""
        last = {entry.who: entry for entry in deletions.of(self._entries, WITHHELD, SHOWN_AGAIN)}
        if not last:
            return
        signed = ((one, last.get(quoting.sign(self._keys, one))) for one in rulings.standing(self._db))
        for text, entry in [(one, entry) for one, entry in signed if entry is not None]:
            if quoting.again(self._db, text, entry):
                self._done[entry.what] += 1

    def _unquote(self, gone: dict[str, datetime]) -> None:
        found = self._found_parts(gone)
        rows = rounds.by_ids(self._db, {round_id for round_id, _ in found})
        for round_id, pseudonym in found:
            if any(each.quotable for each in answers.of(self._db, round_id, pseudonym)):
                with taking_back(self._db, rows[round_id], pseudonym, self._now):
                    self._done[UNQUOTED] += len(answers.quotable(self._db, [(round_id, pseudonym, False)]))

    def _unwish(self, gone: dict[tuple[str, int], datetime]) -> None:
        for of in rounds.by_ids(self._db, {round_id for _, round_id in gone}).values():
            for contact_id, since, address_hash in wishes.hashes(self._db, of.id):
                who = self._eraser.pseudonym(of, address_hash)
                if who is not None and since < gone.get((deletions.part(self._keys, who), of.id), since):
                    self._done[UNWISHED] += len(wishes.remove(self._db, [(of.id, contact_id)]))

    def _staff(self) -> None:
        """Take the roles away that were taken away; sign everybody out, and let no link work: it may have been used."""
        gone = {entry.who: entry.at for entry in deletions.of(self._entries, DISMISSED)}
        for person in people.everyone(self._db):
            had = people.roles_of(self._db, person.id)
            signed = ((deletions.role(self._keys, person, one), one) for one in had)
            over = [one for sign, one in signed if one.created_at < gone.get(sign, one.created_at)]
            for one in over:
                people.revoke(self._db, person.id, one.role, one.service)
                about = {"role": one.role, "person": person.name, "number": person.id}
                looks.did(self._db, one.service, self._now, "restore", "role_taken", **about)
            if over and len(over) == len(had):
                people.leave(self._db, person.id, self._now)
            elif over:
                withhold(self._db, person.id, self._now)
            self._done[DISMISSED] += len(over)
        people.shut_out(self._db)

    def _hush(self) -> None:
        marks = {bytes.fromhex(entry.who): entry.at for entry in deletions.of(self._entries, HUSHED)}
        for mark, at in marks.items():
            self._done[HUSHED] += audience.hush(self._db, [self._keys.rehash(mark)], at)


def _gathered(entries: list[Entry]) -> _Gone:
    """Read the log backwards: what went from one contact to another and was deleted there is to go where it was."""
    gone = _Gone({}, {}, {}, {}, {}, {})
    for entry in reversed(entries):
        match entry.what:
            case deletions.DELETED:
                gone.contacts.setdefault(entry.who, entry.at)
                _last(gone.parts, entry)
            case deletions.PARTED:
                gone.traces.setdefault((entry.who, entry.round), entry.at)
                _last(gone.parts, entry)
            case deletions.UNQUOTED:
                _last(gone.quotes, entry)
            case deletions.UNWISHED:
                gone.wishes.setdefault((entry.who, entry.round), entry.at)
                for part in entry.parts:
                    gone.unwished.setdefault((part, entry.round), entry.at)
            case deletions.MOVED:
                _where_it_was(gone, entry)
    return gone


def _where_it_was(gone: _Gone, entry: Entry) -> None:
    before, after = entry.parts[0], entry.parts[-1]
    if after in gone.quotes:
        gone.quotes.setdefault(before, gone.quotes[after])
    if (after, entry.round) in gone.unwished:
        gone.unwished.setdefault((before, entry.round), gone.unwished[after, entry.round])
    if after in gone.parts:
        gone.parts.setdefault(before, gone.parts[after])
        gone.traces.setdefault((entry.who, entry.round), gone.parts[after])


def _last(parts: dict[str, datetime], entry: Entry) -> None:
    for part in entry.parts:
        parts.setdefault(part, entry.at)


def _choices(entries: list[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in deletions.of(entries, STOPPED, RESUMED, UNINVITED):
        found[entry.who].append(entry)
    return found
