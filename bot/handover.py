"""Going on elsewhere: a passage begun on another device or channel, opened by its receipt.

The passage moves whole: session, answers, and the wish for the result. Nobody has two parts in one round, and answers
of two people never come together: whoever has said something in the round themselves takes over nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.model import Status
from storage import actions, answers, audience, contacts, entries, sessions, wishes
from storage.deletions import MOVED

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.ledger import Guest, Ledger
    from bot.rounds.library import Library
    from storage.rounds import RoundRow


def take_over(db: Connection, ledger: Ledger, library: Library, guest: Guest, of: RoundRow, contact_id: int) -> bool:
    """Let `guest` go on with the passage of the contact `contact_id` in a round; False where that cannot be."""
    ledger.flush(db)
    owner = contacts.get(db, contact_id)
    row = next((row for row in sessions.all_of(db, contact_id) if row.round_id == of.id), None)
    mine = library.pseudonym(of, guest.contact.address_hash)
    if owner is None or row is None or mine is None or _takes_part(db, guest, of, mine):
        return False
    theirs = library.pseudonym(of, owner.address_hash) or b""
    ledger.gone(MOVED, owner, [theirs, mine], of.id)
    sessions.forget(db, guest.contact.id, of.id)
    taken = sessions.hand_over(db, row, guest.contact.id)
    answers.carry(db, of.id, theirs, mine)
    actions.carry(db, of.id, (owner.id, theirs), (guest.contact.id, mine))
    wishes.carry(db, of.id, owner.id, guest.contact.id)
    entries.carry(db, of.id, owner.id, guest.contact.id)
    audience.carry(db, of.id, (owner.id, owner.address_hash), (guest.contact.id, guest.contact.address_hash))
    for other in ledger.guests.values():
        if other.contact.id == owner.id:
            other.drop(of.id)
    guest.take(taken)
    return True


def _takes_part(db: Connection, guest: Guest, of: RoundRow, pseudonym: bytes) -> bool:
    """Whether a guest has a part of their own in a round; to have opened it without a word is none."""
    return guest.status(of.id) not in {"", Status.ACTIVE} or bool(answers.of(db, of.id, pseudonym))
