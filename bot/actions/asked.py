"""A question that was asked back, in the chat of who is asked: a button chosen, or words after a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.telling import load
from flows.model import Kind, Prompt
from flows.phrasebook import EVERYWHERE
from flows.words import clean, fill, whole
from storage import actions, rounds
from storage.actions import ASK, OPEN, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from bot.desk.hall import Prompts, Visit
    from bot.rounds.library import Library
    from storage.actions import Action

BUTTON = "@ask"
"""What the buttons of such a question begin with."""
ANSWERING = "asked"
"""What the desk waits for: words to a question."""
LEAVING = frozenset({"skip", "back", "no", "done"})
LONGEST = 2000


class AskedBack:
    """Takes the answers. Only who was asked can answer, once, while the question is open."""

    def __init__(self, library: Library, asking: Callable[[Visit, Reply], Prompts]) -> None:
        """`asking` gives what is asked about words that lead to a person."""
        self._library = library
        self._asking = asking

    def tapped(self, visit: Visit, value: str) -> Prompts | None:
        """Take a button; None where it is of no question this person was asked."""
        number, _, choice = value.partition(":")
        row = self._asked(visit, number)
        if row is None:
            return None
        if (said := self._closed(visit, row)) is not None:
            return (said,)
        if not choice:
            visit.ledger.change(visit.guest, asks=f"{ANSWERING} {row.id}")
            return (self._say(visit, "deed_write"),)
        letter = load(row.letter)
        offered = letter.choices.get(letter.in_(visit.language), ())
        place = whole(choice)
        if place is None or place >= len(offered):
            return None
        return self._keep(visit, row, choice=place)

    def heard(self, visit: Visit, asks: str, word: str | None) -> Prompts | None:
        """Take words as the answer; None where they mean something else, which ends the waiting."""
        visit.ledger.change(visit.guest, asks=None)
        row = self._asked(visit, asks.partition(" ")[2])
        if row is None or visit.message.kind is not Kind.TEXT:
            return None
        if word in LEAVING:
            return (self._say(visit, "deed_left"),)
        if word in EVERYWHERE:
            return None
        said, closed = clean(visit.message.text), self._closed(visit, row)
        if closed is not None:
            return (closed,)
        if len(said) > LONGEST:  # it may be written anew
            visit.ledger.change(visit.guest, asks=asks)
            return (self._say(visit, "ask_too_long", most=LONGEST, length=len(said)),)
        return self._keep(visit, row, text=said)

    def _asked(self, visit: Visit, number: str) -> Action | None:
        """Return the question, where this contact was asked it."""
        row = actions.get(visit.db, n) if (n := whole(number)) is not None else None
        asked = row and row.kind == ASK and actions.round_of(visit.db, row.id, visit.guest.contact.id) is not None
        return row if asked else None

    def _closed(self, visit: Visit, row: Action) -> Prompt | None:
        over = row.state != OPEN or row.expires_at is None or row.expires_at <= visit.ledger.now
        return self._say(visit, "deed_late") if over else None

    def _keep(self, visit: Visit, row: Action, *, choice: int | None = None, text: str | None = None) -> Prompts:
        """Keep the answer under the pseudonym of the round in which they raised it."""
        contact = visit.guest.contact
        round_id = actions.round_of(visit.db, row.id, contact.id)
        of = rounds.get(visit.db, round_id) if round_id else None
        pseudonym = self._library.pseudonym(of, contact.address_hash) if of else None
        if of is None or pseudonym is None:
            return (self._say(visit, "deed_late"),)
        said = Reply(row.id, of.id, pseudonym, choice, text, visit.language, visit.ledger.now)
        if not actions.reply(visit.db, said):
            return (self._say(visit, "deed_once"),)
        return (self._say(visit, "deed_thanks"), *self._asking(visit, said))

    def kept(self, visit: Visit) -> Prompts:
        """Return what is kept of a contact's answers to such questions (MYDATA)."""
        hash_ = visit.guest.contact.address_hash
        mine = [(of.id, self._library.pseudonym(of, hash_) or b"") for of in rounds.linked(visit.db)]
        found = [each for round_id, who in mine for each in actions.replied(visit.db, round_id, who)]
        return tuple(self._say(visit, "deed_mydata", said=in_words(visit.db, each, visit.language)) for each in found)

    def _say(self, visit: Visit, key: str, **values: object) -> Prompt:
        return Prompt(fill(self._library.phrases[visit.language][key], values).strip())


def in_words(db: Connection, said: Reply, language: str) -> str:
    """Return what somebody answered, in words."""
    row = actions.get(db, said.action_id)
    if said.choice is None or row is None:
        return said.text or ""
    letter = load(row.letter)
    offered = letter.choices.get(letter.in_(language), ())
    return offered[said.choice] if said.choice < len(offered) else ""
