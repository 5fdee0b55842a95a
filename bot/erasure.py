"""DELETE: what goes when a person wants to be forgotten.

Before a round closes, everything goes and no longer counts. After it has closed, text, contact and about-you go and the
link is cut; figures already published stay. The proof says only that something was deleted, and when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rounds.lifecycle import State
from flows import memory
from storage import answers, contacts, rounds, sessions, wishes
from storage.contacts import NewContact

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from bot.ledger import Guest, Ledger
    from bot.participation import Participations
    from bot.rounds.library import Library
    from flows.model import Session
    from storage.sessions import SessionRow


class Eraser:
    """Forgets one participation, or a whole contact."""

    def __init__(self, library: Library, participations: Participations, mint: Callable[[], str]) -> None:
        self._library = library
        self._participations = participations
        self._mint = mint

    def everything(self, db: Connection, ledger: Ledger, guest: Guest) -> bool:
        """Forget a contact with all answers; return whether some stay as figures of a closed round.

        The contact starts anew, for the one message that says so; STOP and a role in the city outlive it.
        """
        ledger.flush(db)
        contact = guest.contact
        kept = [self._answers_of(db, row, contact.address_hash, ledger) for row in sessions.all_of(db, contact.id)]
        contacts.forget(db, contact.id, ledger.now)
        new = NewContact(
            contact.channel,
            contact.address_hash,
            contact.address_sealed,
            contact.language,
            ledger.now,
            contact.person_id,
        )
        (fresh,) = contacts.add(db, [new])
        guest.contact = fresh
        guest.rows.clear()
        ledger.change(guest, stopped_at=contact.stopped_at)
        return any(kept)

    def one(self, db: Connection, ledger: Ledger, guest: Guest, round_id: int, contact_id: int) -> bool:
        """Forget one participation by its receipt; return whether its figures stay, the round being closed."""
        ledger.flush(db)
        owner = contacts.get(db, contact_id)
        row = next((row for row in sessions.all_of(db, contact_id) if row.round_id == round_id), None)
        if owner is None or row is None:
            return False
        kept = self._answers_of(db, row, owner.address_hash, ledger)
        sessions.forget(db, contact_id, round_id)
        wishes.remove(db, [(round_id, contact_id)])
        if contact_id == guest.contact.id:
            guest.drop(round_id)
        return kept

    def _answers_of(self, db: Connection, row: SessionRow, address_hash: bytes, ledger: Ledger) -> bool:
        """Forget the answers of one session; return whether some stay as figures."""
        of = rounds.get(db, row.round_id)
        if of is None or of.key_sealed is None:  # the link is cut already: nobody can find them
            return of is not None
        closed = of.state != State.OPEN
        pseudonym = self._participations.pseudonym(self._library.played(db, of), address_hash)
        anew = self._mint().encode()[:16].ljust(16, b"\0")
        answers.forget(db, of.id, pseudonym, ledger.now, closed=closed, anew=anew)
        return closed


def session_of(row: SessionRow) -> Session | None:
    """Return the session a row holds; None where its body is gone."""
    try:
        return memory.load(row.body)
    except ValueError:
        return None
