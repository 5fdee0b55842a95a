"""The ways into a round: a code, a place's poster, a service, a button of an invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk.hall import bare
from bot.participation import Spoken, may_repeat, rest_of
from bot.rounds.lifecycle import ANNOUNCED, BEGINNING, State
from bot.rounds.record import spoken_day
from flows.model import Status
from storage import places, rounds, trail

if TYPE_CHECKING:
    from bot.desk.choosing import Choosing
    from bot.desk.fates import Fates
    from bot.desk.hall import Hall, Prompts, Visit
    from bot.rounds.library import Played
    from storage.places import Place
    from storage.rounds import RoundRow
    from storage.sessions import SessionRow


PAGED = frozenset({"web"})
"""Channels where a code opens a page, on which people then start."""


class Entering:
    """Brings somebody into the round they mean, or kindly says why not."""

    def __init__(self, hall: Hall, choosing: Choosing, fates: Fates) -> None:
        self._hall, self._library = hall, hall.library
        self._participations = hall.participations
        self._choosing = choosing
        self._fates = fates

    def begun(self, visit: Visit) -> Prompts:
        """Go on with what goes on, ask which where there are several, else show what is open."""
        going = self._choosing.going(visit)
        if len(going) > 1:
            return self._choosing.switch(visit, going)
        again = self._hall.again(visit)
        return (self._hall.say(visit, "resumed"), *again) if again else self._choosing.choices(visit, greet=True)

    def named(self, visit: Visit, code: str) -> Spoken:
        """Start what a code names."""
        row = next((row for row in visit.ledger.open_rounds.values() if row.code == code), None)
        row = row or self._hall.standing(visit, rounds.by_code(visit.db, code))
        if row is not None:
            return self._enter(visit, row)
        if (place := places.by_code(visit.db, code)) is not None:
            return self._came_by(visit, place)
        ours = [row for row in visit.ledger.open_rounds.values() if row.service == code]
        if len(ours) == 1:
            return self._enter(visit, ours[0])
        if ours:
            return bare(self._choosing.choices(visit, service=code, greet=True))
        if any(service.key == code for service in self._hall.config.services):
            return bare(self._choosing.choices(visit, greet=True))
        return bare((self._hall.say(visit, "code_unknown"), *self._choosing.choices(visit)))

    def _came_by(self, visit: Visit, place: Place) -> Spoken:
        """Start the round of a place. Where its code opens a page first (the web chat), the page has counted that."""
        row = self._hall.row(visit, place.round_id)
        if row is None:
            return bare((self._hall.say(visit, "code_unknown"), *self._choosing.choices(visit)))
        if visit.guest.contact.channel not in PAGED:
            visit.ledger.arrive(place.id, places.SEEN)
        return self._enter(visit, row, place.id)

    def _enter(self, visit: Visit, row: RoundRow, came_by: int = 0) -> Spoken:
        """Start, or go on with, the session in this round; kindly say why not where that cannot be."""
        if row.state in BEGINNING:
            return bare(self._not_yet(visit, row))
        if row.state != State.OPEN:
            return bare((self._fates.closed(visit, row), *self._choosing.choices(visit)))
        if visit.guest.contact.blocked_at is not None:
            return self._hall.blocked(visit)
        played = self._library.played(visit.db, row)
        visit.ledger.change(visit.guest, asks=None)
        known = visit.guest.rows.get(row.id)
        match visit.guest.status(row.id):
            case Status.ACTIVE | Status.STOPPED:
                which = self._hall.which(visit, row)
                again = self._participations.resume(visit.ledger, visit.guest, played)
                return bare((*which, self._hall.say(visit, "resumed"), *again))
            case Status.COMPLETED if known is not None and not may_repeat(played.flow, known, visit.ledger.now):
                return bare(self._had(visit, played, known))
            case _:
                return self._participations.begin(visit.ledger, visit.guest, played, came_by)

    def _had(self, visit: Visit, played: Played, known: SessionRow) -> Prompts:
        session = visit.guest.session(known.round_id)
        rest = rest_of(played.flow, known)
        if played.flow.running and known.ended_at is not None and rest is not None:
            again_on = spoken_day((known.ended_at + rest).astimezone(self._hall.config.city.zone), visit.language)
            return (self._hall.say(visit, "asked_recently", again_on=again_on),)
        return (self._hall.say(visit, "already_answered", receipt=session.receipt if session else ""),)

    def _not_yet(self, visit: Visit, row: RoundRow) -> Prompts:
        if row.state == State.DRAFT and any(each.what in ANNOUNCED for each in trail.of(visit.db, row.id)):
            return (self._hall.say(visit, "round_days_change"),)
        if row.opens_at is None or row.state == State.DRAFT:
            return (self._hall.say(visit, "code_unknown"), *self._choosing.choices(visit))
        opens_on = spoken_day(row.opens_at.astimezone(self._hall.config.city.zone), visit.language)
        return (self._hall.say(visit, "round_not_yet", opens_on=opens_on),)

    def not_now(self, visit: Visit, code: str) -> Spoken:
        """Decline an invitation: no reminder of this round follows, nor once it goes on where it is paused."""
        known = (row for row in visit.ledger.open_rounds.values() if row.code == code)
        row = next(known, None) or rounds.by_code(visit.db, code)
        if row is not None:
            visit.ledger.decline(row.id, visit.guest)
        return bare((self._hall.say(visit, "invitation_declined"),))

    def enough(self, visit: Visit, code: str) -> Spoken:
        """Ask somebody for the last time who wants to be asked no more; for others it is the button of the round."""
        row = next((row for row in visit.ledger.open_rounds.values() if row.code == code), None)
        known = None if row is None else visit.guest.rows.get(row.id)
        if row is None or known is None or visit.guest.status(row.id) != Status.COMPLETED:
            return self.named(visit, code)
        played = self._library.played(visit.db, row)
        if known.state not in played.flow.comes_back:
            return self.named(visit, code)
        visit.ledger.change(visit.guest, asks=None)
        spoken = self._participations.begin(visit.ledger, visit.guest, played, enough=True)
        return spoken._replace(prompts=(self._hall.say(visit, "again_last"), *spoken.prompts))
