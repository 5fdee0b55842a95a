"""A yes that is taken back: to being quoted, to hearing the result, to further invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import erasure
from bot.participation import CHOICES
from bot.rounds.lifecycle import State
from flows.model import Button, Prompt
from flows.words import whole
from storage import answers, deletions, rounds, sessions, wishes

if TYPE_CHECKING:
    from bot.desk.hall import Hall, Prompts, Visit
    from storage.rounds import RoundRow


UNSAYING = "unsay"
"""What the desk may be waiting for here."""


class Unsaying:
    """Takes a yes back at any time, also once its round is over."""

    def __init__(self, hall: Hall) -> None:
        self._hall, self._library, self._participations = hall, hall.library, hall.participations

    def refuse(self, visit: Visit, roles: frozenset[str], only: int | None = None) -> None:
        """Let no session of theirs, or that of one round, say Yes any more to what they have taken back."""
        known = {row.round_id: row for row in sessions.all_of(visit.db, visit.guest.contact.id)} | visit.guest.rows
        found = rounds.by_ids(visit.db, known)
        for round_id, row in known.items():
            if round_id in found and only in {None, round_id}:
                flow = self._library.shown(visit.db, found[round_id])
                self._participations.refuse(visit.ledger, visit.guest, flow, row, roles)

    def unsay_ask(self, visit: Visit, *, waits: bool) -> Prompts:
        """Offer to take back a yes given in a round that takes no answers any more, at any time; nothing where none is.

        `waits`: a number may be sent as well, as no question of a session is asked beside it.
        """
        yes = self.said_yes(visit)
        if waits and visit.guest.contact.invite_again_at is not None:
            yes.append(Button(self._hall.say(visit, "invitation_never").text, "@unsay:invite.0"))
        if not yes:
            return ()
        if waits:
            visit.ledger.change(visit.guest, asks=UNSAYING)
        return (Prompt(self._hall.say(visit, "unsay_ask").text, tuple(yes), numbered=waits),)

    def said_yes(self, visit: Visit) -> list[Button]:
        """Return what takes back a yes to being quoted, or to the result, of each round that is not open."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        known = ((of.id, self._library.pseudonym(of, contact.address_hash)) for of in rounds.linked(visit.db))
        parts = [(round_id, who) for round_id, who in known if who is not None]
        found = [(round_id, "quote") for round_id in sorted(answers.quoted(visit.db, parts))]
        found += [(each, "result") for each, what in wishes.of_contact(visit.db, contact.id) if what == wishes.RESULT]
        rows = [(self._hall.row(visit, round_id), role) for round_id, role in found]
        return [
            Button(
                self._hall.say(visit, f"unsay_{role}", topic=self._hall.topic(visit, row)).text,
                f"@unsay:{role}.{row.id}",
            )
            for row, role in rows
            if row is not None and row.state != State.OPEN
        ]

    def unsay(self, visit: Visit, value: str) -> Prompts | None:
        """Take a yes back, whatever has become of its round; None where the button says nothing of today."""
        role, _, number = value.partition(".")
        of = rounds.get(visit.db, whole(number) or 0)
        waits = visit.guest.current() is None
        visit.ledger.change(visit.guest, asks=None)
        if role == "invite":
            visit.ledger.change(visit.guest, invite_again_at=None)
            visit.ledger.ask_no_more(visit.guest)
        elif of is not None and role in CHOICES:
            self._unsay_in(visit, of, role)
        else:
            return None
        self.refuse(visit, frozenset({role}), None if role == "invite" or of is None else of.id)
        return (self._hall.say(visit, "unsay_done"), *self.unsay_ask(visit, waits=waits))

    def _unsay_in(self, visit: Visit, of: RoundRow, role: str) -> None:
        contact = visit.guest.contact
        who = self._library.pseudonym(of, contact.address_hash)
        visit.ledger.flush(visit.db)
        if role == "quote" and who is not None:
            with erasure.taking_back(visit.db, of, who, visit.ledger.now):
                visit.ledger.quote((of.id, who), agreed=False)
                visit.ledger.flush(visit.db)
        elif role == "result" and who is not None:
            visit.ledger.wish((of.id, who), visit.guest, wanted=False)
        elif role == "result" and wishes.remove(visit.db, [(of.id, contact.id)]):
            visit.ledger.gone(deletions.UNWISHED, contact, round_id=of.id)
        visit.ledger.flush(visit.db)
