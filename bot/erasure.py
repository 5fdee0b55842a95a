"""What is kept of a person, for MYDATA, and what goes with DELETE. Answers are found by who gave them, in every round.

Until a round is counted for everybody, everything goes and no longer counts. From then on text, contact and about-you
go and the link is cut; figures stay. Of a cancelled round everything goes: nothing comes of it. The proof says only
that something was deleted, and when.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.rounds.lifecycle import RUNNING, State
from bot.transcripts import conversation
from flows import memory
from storage import (
    actions,
    alarms,
    answers,
    apart,
    audience,
    contacts,
    entries,
    findings,
    messages,
    outbox,
    retention,
    rounds,
    seals,
    sessions,
    trail,
    wishes,
)
from storage.contacts import NewContact
from storage.database import Unopened
from storage.deletions import DELETED, PARTED
from storage.seals import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.ledger import Guest, Ledger
    from bot.rounds.library import Library
    from bot.settings import Privacy
    from flows.model import Session
    from storage.answers import AnswerRow
    from storage.contacts import Contact
    from storage.rounds import RoundRow
    from storage.sealing import Keys
    from storage.sessions import SessionRow


CITIZEN, FORGOTTEN, TAKEN_BACK = "citizen", "forgotten", "taken_back"
"""What the log of an ended round says of who had their answers deleted, or took some back: that it was, no name."""


class Eraser:
    """Forgets one participation, or a whole contact."""

    def __init__(self, library: Library, mint: Callable[[], str]) -> None:
        self._library = library
        self._mint = mint

    def everything(self, db: Connection, ledger: Ledger, guest: Guest) -> bool:
        """Forget a contact with all answers; return whether some stay as figures of a counted round.

        The contact starts anew, for the one message that says so; STOP, a role in the city and a block outlive it.
        """
        ledger.flush(db)
        contact = guest.contact
        ledger.gone(DELETED, contact, self._parts(db, contact))
        stays = self.of_contact(db, contact, ledger.now)
        new = NewContact(
            contact.channel,
            contact.address_hash,
            contact.address_sealed,
            contact.language,
            ledger.now,
            contact.person_id,
        )
        (fresh,) = contacts.add(db, [new])
        if contact.blocked_at is not None:  # who comes back is blocked until that would be forgotten anyway
            contacts.set_blocked(db, fresh.id, contact.blocked_at, contact.blocked_why)
            fresh = fresh._replace(blocked_at=contact.blocked_at, blocked_why=contact.blocked_why)
        guest.contact = fresh
        guest.forget_all()
        ledger.change(guest, stopped_at=contact.stopped_at)
        return stays

    def of_contact(self, db: Connection, contact: Contact, now: datetime) -> bool:
        """Forget a contact with all answers, and nothing more; return whether some stay as figures."""
        cut = any(row.key_sealed is None for row in self._rounds_of(db, contact.id))
        kept = [self._answers_in(db, of, contact.address_hash, now) for of in rounds.linked(db)]
        alarms.forget_copies(db, contact.id)
        contacts.forget(db, contact.id, now)
        return cut or any(kept)

    def stays(self, db: Connection, contact: Contact) -> bool:
        """Return whether figures of a contact would stay if everything were deleted now."""
        if any(row.key_sealed is None for row in self._rounds_of(db, contact.id)):
            return True
        return any(self._stays_of(db, of, contact.address_hash) for of in rounds.linked(db))

    def _stays_of(self, db: Connection, of: RoundRow, address_hash: bytes) -> bool:
        if not is_counted(db, of):
            return False
        who = self._library.pseudonym(of, address_hash)
        return who is not None and bool(answers.of(db, of.id, who))

    def _parts(self, db: Connection, contact: Contact) -> list[bytes]:
        """Return the pseudonyms of a contact in the rounds in which they said something."""
        found = [(of.id, self._library.pseudonym(of, contact.address_hash)) for of in rounds.linked(db)]
        return [who for round_id, who in found if who is not None and answers.of(db, round_id, who)]

    def one(self, db: Connection, ledger: Ledger, guest: Guest, round_id: int, contact_id: int) -> bool:
        """Forget one participation by its receipt; return whether its figures stay, the round being counted."""
        ledger.flush(db)
        owner = contacts.get(db, contact_id)
        row = next((row for row in sessions.all_of(db, contact_id) if row.round_id == round_id), None)
        if owner is None or row is None:
            return False
        of = rounds.get(db, round_id)
        pseudonym = None if of is None else self._library.pseudonym(of, owner.address_hash)
        ledger.gone(PARTED, owner, [] if pseudonym is None else [pseudonym], round_id)
        self.transcripts(db, row, owner, guest.contact.id)
        kept = of is not None and (of.key_sealed is None or self._answers_in(db, of, owner.address_hash, ledger.now))
        self.traces(db, round_id, contact_id)
        entries.forget(db, contact_id, round_id)
        if contact_id == guest.contact.id:
            guest.drop(round_id)
        return kept

    def transcripts(self, db: Connection, row: SessionRow, owner: Contact, reader: int | None = None) -> None:
        """Forget how the conversation of a session reads: in its chat, and its receipt also in that of a `reader`.

        To be done while its answers are there: an earlier passage is known by them.
        """
        session = session_of(row, self._library.keys)
        of = rounds.get(db, row.round_id)
        if session is None or of is None:
            return
        who = self.pseudonym(of, owner.address_hash)
        said = [] if who is None else [*answers.of(db, of.id, who), *answers.taken_back(db, of.id, who)]
        answered = {each.answered_at for each in said}
        words = [f'"tag":"{session.tag}"', session.receipt]
        for contact_id in sorted({owner.id, reader or owner.id}):
            lines = messages.of(db, contact_id, limit=None)
            messages.drop(db, conversation(lines, session.tag, session.receipt, answered))
            outbox.erase(db, outbox.holding(db, contact_id, filter(None, words)))

    @staticmethod
    def traces(db: Connection, round_id: int, contact_id: int) -> None:
        """Forget all that says of a contact that they took part in a round, but for the answers; ask them no more."""
        audience.decline(db, [(round_id, contact_id)])
        contacts.part(db, contact_id, round_id)
        sessions.forget(db, contact_id, round_id)
        rounds.forget_letters(db, round_id, contact_id)
        actions.unlink(db, round_id, contact_id)
        alarms.forget_copies(db, contact_id, round_id)
        for what in (wishes.RESULT, *wishes.HEARD):
            wishes.remove(db, [(round_id, contact_id)], what)

    def pseudonym(self, of: RoundRow, address_hash: bytes) -> bytes | None:
        """Return who a contact is in a round; None where nobody can tell."""
        try:
            return self._library.pseudonym(of, address_hash)
        except Unopened:
            return None

    @staticmethod
    def _rounds_of(db: Connection, contact_id: int) -> Iterable[RoundRow]:
        return rounds.by_ids(db, {row.round_id for row in sessions.all_of(db, contact_id)}).values()

    def _answers_in(self, db: Connection, of: RoundRow, address_hash: bytes, now: datetime) -> bool:
        """Forget what somebody said in a round whose key is there; return whether some stays as figures."""
        pseudonym = self._library.pseudonym(of, address_hash)
        return pseudonym is not None and self.said(db, of, pseudonym, now)

    def said(self, db: Connection, of: RoundRow, pseudonym: bytes, now: datetime) -> bool:
        """Forget what was said under a pseudonym of a round; return whether some stays as figures."""
        closed = of.state not in RUNNING
        if closed:
            rounds.by_code(db, of.code, lock=True)  # nobody counts it meanwhile
        stays = is_counted(db, of)
        kind = self._apart(db, of, pseudonym) if stays else ""
        anew = self._mint().encode()[:16].ljust(16, b"\0")
        sealed = seals.of_one(db, of.id, pseudonym) if closed else NOTHING
        touched = answers.forget(db, of.id, pseudonym, now, closed=stays, anew=anew)
        if stays and kind:
            apart.keep(db, {(of.id, anew): kind})
        if sealed.answers:
            noted = seals.forgotten(sealed, seals.of_one(db, of.id, anew))
            trail.add(db, of.id, now, CITIZEN, FORGOTTEN, sealed=noted)
        return touched > 0 and stays

    def _apart(self, db: Connection, of: RoundRow, pseudonym: bytes) -> str:
        """Return why somebody is counted apart in a round; empty: they are not. It is kept under a new pseudonym."""
        return self._library.kinds(db, of).get(pseudonym) or apart.said(db, of.id, pseudonym)


def is_counted(db: Connection, of: RoundRow) -> bool:
    """Return whether a round is over and counted: figures of it stand for good."""
    return of.state not in (*RUNNING, State.CANCELLED) and not findings.wanting(db, [of.id])


@contextmanager
def taking_back(db: Connection, of: RoundRow, pseudonym: bytes, now: datetime) -> Iterator[None]:
    """Let somebody take back some of what they said or agreed to; the log of a round that has ended says so."""
    closed = of.state not in RUNNING
    if closed:
        rounds.by_code(db, of.code, lock=True)  # nobody counts it meanwhile
    sealed = seals.of_one(db, of.id, pseudonym) if closed else NOTHING
    yield
    if sealed.answers:
        noted = seals.taken_back(sealed, seals.of_one(db, of.id, pseudonym))
        trail.add(db, of.id, now, CITIZEN, TAKEN_BACK, sealed=noted)


def passages(db: Connection, library: Library, contact: Contact) -> Iterator[tuple[RoundRow, list[AnswerRow]]]:
    """Give what a contact said and no session shows: a running round's earlier passages, and what outlived a session.

    Each list is one passage, no question twice in it.
    """
    began = {row.round_id: row.started_at for row in sessions.all_of(db, contact.id)}
    for of in rounds.linked(db):
        pseudonym = library.pseudonym(of, contact.address_hash)
        said = answers.of(db, of.id, pseudonym) if pseudonym is not None else []
        shown_since = began.get(of.id)
        yield from ((of, one) for one in _apart([a for a in said if not shown_since or a.answered_at < shown_since]))


def counted(db: Connection, library: Library, contact: Contact) -> Iterator[int]:
    """Give the ids of the rounds in which answers of a contact count, whether or not a session tells of them."""
    for of in rounds.linked(db):
        pseudonym = library.pseudonym(of, contact.address_hash)
        if pseudonym is not None and any(one.counted_at for one in answers.of(db, of.id, pseudonym)):
            yield of.id


def _apart(said: list[AnswerRow]) -> Iterator[list[AnswerRow]]:
    """Part answers where a question comes again: there a new passage begins."""
    one: list[AnswerRow] = []
    for answer in said:
        if any(answer.state == other.state for other in one):
            yield one
            one = []
        one.append(answer)
    if one:
        yield one


def session_of(row: SessionRow, keys: Keys) -> Session | None:
    """Return the session a row holds; None where its body is gone, or no key opens it."""
    try:
        return memory.load(sessions.shown(row.body, keys))
    except (ValueError, Unopened):
        return None


def policy_of(privacy: Privacy) -> retention.Policy:
    """Return how long what is kept, as the settings say."""
    return retention.Policy(
        transcript_days=privacy.transcript_days,
        draft_days=privacy.draft_days,
        close_days=privacy.close_days,
        answers_months=privacy.answers_months,
        approved=privacy.approved,
    )
