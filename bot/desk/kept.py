"""All that is kept of a person, in words: what MYDATA answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot import erasure, own_data, own_work
from bot.correspondence import Correspondence
from bot.desk.hall import unread
from bot.participation import as_session
from bot.rounds.record import spoken_day
from bot.themes.starter import called
from flows.model import Prompt
from flows.speak import listing
from storage import alarms, audience, rounds, sessions, themes, wishes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.actions.asked import AskedBack
    from bot.correspondence import Correspondence
    from bot.desk.hall import Hall, Prompts, Visit
    from storage.answers import AnswerRow
    from storage.rounds import RoundRow
    from storage.sessions import SessionRow


class Kept:
    """Tells people what is kept of them."""

    def __init__(self, hall: Hall, people: Correspondence, asked: AskedBack) -> None:
        self._hall, self._library, self._keys = hall, hall.library, hall.keys
        self._people = people
        self._asked = asked

    def _block(self, visit: Visit) -> Prompts:
        """Return that staff have blocked somebody, since when and why."""
        since, why = visit.guest.contact.blocked_at, visit.guest.contact.blocked_why or ""
        if since is None:
            return ()
        day = spoken_day(since.astimezone(self._hall.config.city.zone).date(), visit.language)
        return (self._hall.say(visit, "mydata_blocked", day=day, why=why),)

    def mydata(self, visit: Visit) -> Prompts:
        """Return everything kept about a contact, in words."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        prompts = self.all_kept(visit)
        phrases = self._library.phrases[visit.language]
        invite = phrases["yes_label" if contact.invite_again_at else "no_label"]
        about = self._hall.say(visit, "mydata_contact", language=phrases["language_name"], invite=invite)
        if not prompts:
            return (self._hall.say(visit, "mydata_none"), about)
        link = own_data.link(self._keys, self._hall.config.web.public_url, contact.id, visit.ledger.now)
        file = replace(self._hall.say(visit, "mydata_file", link=link), secret=True)
        ends = (about, file, self._hall.say(visit, "mydata_end"))
        return unread((self._hall.say(visit, "mydata_intro"), *prompts, *ends))

    def all_kept(self, visit: Visit) -> Prompts:
        """Return all that is kept about a contact beside how they are written to."""
        contact = visit.guest.contact
        rows = sessions.all_of(visit.db, contact.id)
        return (
            *(self.said_before(visit, *each) for each in erasure.passages(visit.db, self._library, contact)),
            *(self.kept_in(visit, row) for row in rows),
            *self._people.kept(visit),
            *self._asked.kept(visit),
            *self._sorted_into(visit),
            *self._written_to(visit),
            *self._wishes(visit),
            *self._listed(visit),
            *self._alarmed(visit),
            *map(Prompt, self._own_work(visit)),
            *self._block(visit),
        )

    def _sorted_into(self, visit: Visit) -> Iterator[Prompt]:
        """Give what a program made of somebody's texts, round by round."""
        for of in rounds.linked(visit.db):
            pseudonym = self._library.pseudonym(of, visit.guest.contact.address_hash)
            found = themes.of_person(visit.db, of.id, pseudonym) if pseudonym else []
            if found:
                listed = ", ".join(called(theme, visit.language) for theme in found)
                yield self._hall.say(visit, "mydata_themes", topic=self._hall.topic(visit, of), list=listed)

    def _written_to(self, visit: Visit) -> Iterator[Prompt]:
        """Give which rounds somebody was written to about, as far as that is remembered."""
        found = dict.fromkeys(round_id for round_id, _, _ in rounds.written_to(visit.db, visit.guest.contact.id))
        rows = [row for row in (self._hall.row(visit, round_id) for round_id in found) if row is not None]
        if rows:
            listed = ", ".join(dict.fromkeys(self._hall.topic(visit, row) for row in rows))
            yield self._hall.say(visit, "mydata_written_to", list=listed)

    def _wishes(self, visit: Visit) -> Iterator[Prompt]:
        """Give of which rounds somebody wants the result, or has said whether it was clear."""
        found = wishes.of_contact(visit.db, visit.guest.contact.id)
        for key, kinds in (("mydata_wish", {wishes.RESULT}), ("mydata_heard", set(wishes.HEARD))):
            rows = (self._hall.row(visit, round_id) for round_id, what in found if what in kinds)
            if topics := dict.fromkeys(self._hall.topic(visit, row) for row in rows if row is not None):
                yield self._hall.say(visit, key, list=", ".join(topics))

    def _listed(self, visit: Visit) -> Iterator[Prompt]:
        """Give which lists somebody stands on: of whom rounds ask, and of who must not be written to."""
        contact = visit.guest.contact
        marks = own_data.marks(self._keys, contact)
        found = audience.of_person(visit.db, contact.id, contact.address_hash, marks)
        rows = (self._hall.row(visit, round_id) for round_id in dict.fromkeys(each[0] for each in found))
        if topics := dict.fromkeys(self._hall.topic(visit, row) for row in rows if row is not None):
            yield self._hall.say(visit, "mydata_audience", list=", ".join(topics))
        if since := audience.quiet_since(visit.db, marks):
            yield self._hall.say(visit, "mydata_quiet", day=self._hall.day(visit, since))

    def _alarmed(self, visit: Visit) -> Iterator[Prompt]:
        """Give on which days words of danger were told to staff."""
        days = dict.fromkeys(
            self._hall.day(visit, each.at) for each in alarms.of_contact(visit.db, visit.guest.contact.id)
        )
        if days:
            yield self._hall.say(visit, "mydata_alarm", list=", ".join(days))

    def _own_work(self, visit: Visit) -> list[str]:
        """Return what is kept of somebody of the city about their own work; nothing of a citizen."""
        person_id = visit.guest.contact.person_id
        return [] if person_id is None else own_work.kept(visit.db, self._hall.config, person_id, visit.language)

    def said_before(self, visit: Visit, of: RoundRow, said: list[AnswerRow]) -> Prompt:
        """Return one passage whose session is gone, question by question."""
        script = self._library.shown(visit.db, of).script(visit.language)
        session = as_session(said)
        day = spoken_day(said[0].answered_at.astimezone(self._hall.config.city.zone), visit.language)
        head = self._hall.say(visit, "mydata_earlier", topic=self._hall.topic(visit, of), day=day).text
        return Prompt("\n".join((head, listing(script, session))))

    def kept_in(self, visit: Visit, row: SessionRow, key: str = "mydata_round") -> Prompt:
        """Return one session's answers, question by question."""
        of = rounds.get(visit.db, row.round_id)
        session = erasure.session_of(row, self._keys)
        if of is None or session is None:
            return Prompt("")
        script = self._library.shown(visit.db, of).script(visit.language)
        head = self._hall.say(visit, key, topic=self._hall.topic(visit, of), receipt=session.receipt).text
        none = self._hall.say(visit, "mydata_no_answer").text if script.states else ""
        said = listing(script, session) or none
        return Prompt(f"{head}\n{said}".strip())
