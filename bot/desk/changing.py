"""Answers that are changed or deleted, by whoever gave them or holds their receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import erasure, own_work
from bot.assessing.words import words as assessing
from bot.desk.hall import unread
from bot.handover import take_over
from bot.rounds import codes
from bot.rounds.lifecycle import State
from flows.model import Button, Prompt, Status
from flows.speak import listing
from storage import contacts, sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.correspondence import Correspondence
    from bot.desk.fates import Fates
    from bot.desk.hall import Hall, Prompts, Visit
    from bot.desk.kept import Kept
    from bot.desk.unsaying import Unsaying
    from bot.ledger import Guest
    from storage.rounds import RoundRow
    from storage.sessions import SessionRow


ON = "on"
"""Stands after what a receipt waits for, where the passage it opens is not finished."""
DELETING, RECEIPT = "delete", "receipt"
"""What the desk may be waiting for here."""
UNFINISHED = frozenset({Status.ACTIVE, Status.STOPPED})


class Changing:
    """CHANGE, DELETE, and what a receipt opens."""

    def __init__(
        self,
        hall: Hall,
        fates: Fates,
        unsaying: Unsaying,
        kept: Kept,
        people: Correspondence,
        mint: Callable[[], str],
    ) -> None:
        """`mint`: gives a new id, for whoever is forgotten and may come back as somebody new."""
        self._hall, self._library, self._keys = hall, hall.library, hall.keys
        self._participations = hall.participations
        self._fates = fates
        self._unsaying = unsaying
        self._kept = kept
        self._people = people
        self._mint = mint

    def change(self, visit: Visit) -> Prompts:
        """Show the answers handed in last to somebody who wants to change one."""
        row = self.finished(visit) or self._handed_in(visit)
        first = () if row is None else self._reopen(visit, row)
        yes = self._unsaying.unsay_ask(visit, waits=row is None or row.state != State.OPEN)
        if row is not None and row.state == State.OPEN:
            return (*yes, *first)
        return (*first, *yes) or (self._hall.say(visit, "change_none"),)

    def _handed_in(self, visit: Visit) -> RoundRow | None:
        """Return the last round that somebody has handed in answers for, also one that has closed since."""
        visit.ledger.flush(visit.db)
        done = [row for row in sessions.all_of(visit.db, visit.guest.contact.id) if row.finished]
        return self._hall.row(visit, max(done, key=_ended).round_id) if done else None

    def finished(self, visit: Visit) -> RoundRow | None:
        """Return the round in which somebody handed in answers last, or broke off when asked again; None: in none."""
        done = [each for each in reversed(visit.guest.rows) if self._changeable(visit.guest, each)]
        return next(filter(None, (self._hall.row(visit, round_id) for round_id in done)), None)

    @staticmethod
    def _changeable(guest: Guest, round_id: int) -> bool:
        """Whether somebody has come to the end of a round, and answers of the last time they were asked are there."""
        known, session = guest.rows[round_id], guest.session(round_id)
        if guest.status(round_id) == Status.COMPLETED:
            return True
        left = guest.status(round_id) == Status.EXPIRED and known.first_ended_at is not None
        return left and session is not None and bool(session.answers)

    def _reopen(self, visit: Visit, row: RoundRow) -> Prompts:
        if row.state != State.OPEN:
            return (self._fates.fixed(visit, row),)
        played, session = self._library.played(visit.db, row), visit.guest.session(row.id)
        if session is not None and not listing(played.flow.script(visit.language), session):
            return (self._hall.say(visit, "change_none"),)
        return self._participations.reopen(visit.ledger, visit.guest, played)

    def _forget_own_work(self, visit: Visit) -> Prompts:
        person_id = visit.guest.contact.person_id
        if person_id is None:
            return ()
        gone = own_work.forget(visit.db, person_id, visit.ledger.now)
        said = assessing(visit.language)
        return tuple(Prompt(said(key)) for key in (*(["kept.gone"] * gone), "kept.stays"))

    def ask_delete(self, visit: Visit) -> Prompts:
        """Ask whether to delete all that is kept of somebody, and say what cannot go."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        if contact.invite_again_at is None and not self._kept.all_kept(visit):
            return (self._hall.say(visit, "delete_none"),)
        visit.ledger.change(visit.guest, asks=DELETING)
        stays = erasure.Eraser(self._library, self._mint).stays(visit.db, contact)
        more = (*(["delete_stays"] * stays), *(["delete_blocked"] * (contact.blocked_at is not None)))
        ask = " ".join(self._hall.say(visit, key).text for key in ("delete_ask", *more))
        return (Prompt(ask, self._hall.yes_no(visit)),)

    def delete(self, visit: Visit, *, yes: bool) -> Prompts:
        """Delete what was asked about, all that is kept or the answers of one receipt, or keep it."""
        asks = (visit.guest.contact.asks or "").split()
        visit.ledger.change(visit.guest, asks=None)
        if not yes:
            return (self._hall.say(visit, "delete_kept"), *self._hall.back(visit))
        eraser = erasure.Eraser(self._library, self._mint)
        told: Prompts = ()
        if len(asks) > 1:
            closed = eraser.one(visit.db, visit.ledger, visit.guest, int(asks[1]), int(asks[2]))
        else:
            self._people.forget(visit)
            told = self._forget_own_work(visit)
            closed = eraser.everything(visit.db, visit.ledger, visit.guest)
        return (self._hall.say(visit, "delete_done_closed" if closed else "delete_done"), *told)

    def receipt(self, visit: Visit, receipt: str) -> Prompts:
        """Show the answers a receipt stands for, to whoever has it."""
        row = sessions.by_receipt(visit.db, self._keys.token_hash(receipt))
        of = None if row is None else self._hall.row(visit, row.round_id)
        if row is None or of is None:
            return (self._hall.say(visit, "receipt_unknown", example=codes.receipt("example")),)
        found = unread((*self._before(visit, row), self._kept.kept_in(visit, row, "receipt_found")))
        if of.state == State.PAUSED:
            return (*found, self._fates.closed(visit, of))
        if of.state != State.OPEN:
            return (*found, self._hall.say(visit, "receipt_fixed", closes_on=self._hall.closing(visit, of)))
        asks = f"{RECEIPT} {row.round_id} {row.contact_id}"
        if row.status in UNFINISHED and row.ended_at is None:
            visit.ledger.change(visit.guest, asks=f"{asks} {ON}")
            ok = Button(self._library.phrases[visit.language]["ok_label"], "@receipt:ok", helper=True)
            return (*found, Prompt(self._hall.say(visit, "receipt_unfinished").text, (ok,)))
        visit.ledger.change(visit.guest, asks=asks)
        ends = self._hall.closing(visit, of)
        return (*found, self._hall.say(visit, "receipt_changeable" if ends else "receipt_open", closes_on=ends))

    def _before(self, visit: Visit, row: SessionRow) -> Iterator[Prompt]:
        """Give the earlier passages through the round of a session that had the same receipt."""
        owner = contacts.get(visit.db, row.contact_id) if row.first_ended_at is not None else None
        for of, said in erasure.passages(visit.db, self._library, owner) if owner is not None else ():
            if of.id == row.round_id:
                yield self._kept.said_before(visit, of, said)

    def with_receipt(self, visit: Visit, word: str, asks: str) -> Prompts:
        """CHANGE or DELETE after a receipt was shown."""
        _, round_id, contact_id, *unfinished = asks.split()
        of = self._hall.row(visit, int(round_id))
        if of is None:
            return (self._hall.say(visit, "delete_none"),)
        if word != "delete":
            return self._taken_on(visit, of, int(contact_id), unfinished=bool(unfinished))
        visit.ledger.change(visit.guest, asks=f"{DELETING} {round_id} {contact_id}")
        topic = self._hall.topic(visit, of)
        return (Prompt(self._hall.say(visit, "delete_ask_round", topic=topic).text, self._hall.yes_no(visit)),)

    def _taken_on(self, visit: Visit, of: RoundRow, contact_id: int, *, unfinished: bool) -> Prompts:
        """Go on with a passage, or change it; one from elsewhere comes here first, if nothing of ours is in its way."""
        if of.state != State.OPEN:
            return (self._fates.fixed(visit, of),)
        which = self._hall.which(visit, of)
        here = contact_id == visit.guest.contact.id
        if not here and not take_over(visit.db, visit.ledger, self._library, visit.guest, of, contact_id):
            return (self._hall.say(visit, "change_elsewhere"), *self._hall.back(visit))
        if not unfinished:
            return (*which, *self._reopen(visit, of))
        played = self._library.played(visit.db, of)
        again = self._participations.resume(visit.ledger, visit.guest, played)
        return (*which, self._hall.say(visit, "resumed"), *again)


def _ended(row: SessionRow) -> datetime:
    return row.ended_at or row.updated_at


def heard_of_receipt(asks: str) -> frozenset[str]:
    """Return the words that mean something after a receipt was shown."""
    return frozenset({"delete", "change", "ok", "yes"} if asks.endswith(ON) else {"delete", "change"})
