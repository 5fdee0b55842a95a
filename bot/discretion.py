"""Who writes something that leads to a person is asked once, kindly, whether it shall go: REMOVE or KEEP.

The question stands beside the one at hand and holds nothing up: an answer to that one, or any other words, mean KEEP;
who asks WHY, for HELP or for MYDATA can still say which. It is answered until the round is counted for everybody.
Of the number of a house it is asked where somebody says that they live there; else a service needs the place. It is not
asked of what staff type for somebody.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from bot.channels import ASSISTED
from bot.erasure import is_counted, taking_back
from bot.participation import words_of
from bot.reading import private
from bot.reading.addresses import is_home
from bot.reading.spans import Found, Span, mask
from bot.texts import texts
from bot.transcripts import PRIVATE
from flows.model import Button, Kind, Prompt
from flows.words import fold, whole
from storage import actions, answers, rounds, sessions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.desk.hall import Visit
    from bot.participation import Participations, Spoken
    from bot.reading.private import Finder
    from bot.rounds.library import Library, Played
    from flows.model import Session
    from storage.actions import Reply
    from storage.rounds import RoundRow

ASKING = "private"
"""Stands before what the desk waits for."""
BUTTON = PRIVATE
REMOVE, KEEP = "remove", "keep"
ASIDE = frozenset({"why", "help", "mydata"})
"""Words after which the question still stands."""
REPLY = "reply"
"""Stands for the place of an answer to a question that was asked back, before the number of the question."""
SHOWN = 5
"""So many finds are named."""
FRESH = timedelta(minutes=1)
"""After so long the names of staff are read anew."""


class _Place(NamedTuple):
    """Which answer is meant: the round, and its question, whose name may be too long for a button."""

    round_id: int
    mark: str

    @classmethod
    def of(cls, round_id: int, state: str) -> _Place:
        return cls(round_id, hashlib.sha256(state.encode()).hexdigest()[:12])

    @classmethod
    def read(cls, written: str) -> _Place | None:
        number, _, mark = written.partition(".")
        return cls(int(number), mark) if number.isdecimal() and len(number) < len(str(2**62)) and mark else None

    def __str__(self) -> str:
        return f"{self.round_id}.{self.mark}"

    def state(self, session: Session) -> str:
        return next((each for each in session.answers if self.of(self.round_id, each) == self), "")


def _is_asked(text: str, span: Span) -> bool:
    return is_home(text, span) if span.found is Found.ADDRESS else span.found is not Found.DOUBT


class Discretion:
    """Asks, and does what is answered."""

    def __init__(self, config: Config, library: Library, participations: Participations) -> None:
        self._config = config
        self._library = library
        self._participations = participations
        self._known: tuple[datetime, Finder] | None = None

    def asking(self, visit: Visit, played: Played, before: Session | None, spoken: Spoken) -> Spoken:
        """Return what is said, with the question where an answer just given holds what leads to a person."""
        session = visit.guest.session(played.row.id)
        if not spoken.wrote or session is None or visit.inbound.channel in ASSISTED:
            return spoken
        state = spoken.wrote[-1]
        text = _written(played, session, state)
        was = _written(played, before, state) if before else ""
        found = [span for span in self._find(visit, text, session.language) if span.of(text) not in was]
        if not found:
            return spoken
        prompt = self._question(visit, text, found, str(_Place.of(played.row.id, state)))
        *first, last = spoken.prompts or (None,)
        said = [each for each in first if each is not None]
        after = [last] if last is not None and last.state else []
        if last is not None and not last.state:
            said.append(last)
        return spoken._replace(prompts=(*said, prompt, *after))

    def asking_of_reply(self, visit: Visit, said: Reply) -> tuple[Prompt, ...]:
        """Return the question about words to a question that was asked back; none where nothing in them leads on."""
        text = said.text or ""
        found = [] if visit.inbound.channel in ASSISTED else self._find(visit, text, said.language)
        return (self._question(visit, text, found, f"{REPLY}{said.action_id}"),) if found else ()

    def _find(self, visit: Visit, text: str, language: str) -> list[Span]:
        spans = self._finder(visit.db, visit.ledger.now).find(text, language, visit.inbound.names)
        return [span for span in spans if _is_asked(text, span)]

    def _finder(self, db: Connection, now: datetime) -> Finder:
        if self._known is None or not timedelta() <= now - self._known[0] < FRESH:
            self._known = now, private.finder(db, self._config)
        return self._known[1]

    @staticmethod
    def _question(visit: Visit, text: str, found: Sequence[Span], place: str) -> Prompt:
        shown = texts(visit.language)
        named = list(dict.fromkeys((span.found, " ".join(span.of(text).split())) for span in found))[:SHOWN]
        words = "; ".join(f"{shown(f'private.{what}')[1:-1]}: {said}" for what, said in named)
        if visit.guest.contact.asks is None:
            visit.ledger.change(visit.guest, asks=f"{ASKING} {place}")
        buttons = [Button(shown(f"private.{each}"), f"{BUTTON}:{each}.{place}", helper=True) for each in (REMOVE, KEEP)]
        return Prompt(shown("private.ask", found=words), tuple(buttons), secret=True)

    # ----------------------------------------------------------------- what is answered

    def heard(self, visit: Visit, asks: str, word: str | None) -> tuple[Prompt, ...] | None:
        """Take REMOVE or KEEP as typed; None for all else, and then nothing is waited for, but after words aside."""
        said = fold(visit.message.text)
        languages = dict.fromkeys((*self._config.city.languages, visit.language))
        typed = {fold(texts(each)(f"private.{what}")): what for each in languages for what in (REMOVE, KEEP)}
        if word in ASIDE and visit.message.kind is Kind.TEXT and not visit.inbound.edited:
            return None
        visit.ledger.change(visit.guest, asks=None)
        if visit.message.kind is not Kind.TEXT or visit.inbound.edited or said not in typed:
            return None
        return self._done(visit, typed[said], asks.partition(" ")[2])

    def tapped(self, visit: Visit, value: str) -> tuple[Prompt, ...] | None:
        """Take one of our buttons; None where it leads nowhere any more."""
        if (visit.guest.contact.asks or "").startswith(f"{ASKING} "):
            visit.ledger.change(visit.guest, asks=None)
        word, _, place = value.partition(".")
        return self._done(visit, word, place)

    def _done(self, visit: Visit, word: str, written: str) -> tuple[Prompt, ...] | None:
        if written.startswith(REPLY):
            return self._of_reply(visit, word, whole(written.removeprefix(REPLY)))
        place, shown = _Place.read(written), texts(visit.language)
        session = self._session(visit, place.round_id) if place else None
        state = place.state(session) if place and session else ""
        if place is None or session is None or not state:
            return None
        if word == KEEP:
            return (Prompt(shown("private.kept")),)
        of = rounds.get(visit.db, place.round_id)
        if of is None or word != REMOVE or is_counted(visit.db, of):
            return None
        text = self._remove(visit, of, state, session.language)
        return None if text is None else (Prompt(shown("private.removed", text=text)),)

    @staticmethod
    def _session(visit: Visit, round_id: int) -> Session | None:
        """Return the session in a round, also one of a round that is over."""
        if round_id not in visit.guest.rows:
            visit.ledger.flush(visit.db)
            for row in sessions.all_of(visit.db, visit.guest.contact.id):
                if row.round_id == round_id:
                    visit.guest.take(row)
        return visit.guest.session(round_id)

    def _of_reply(self, visit: Visit, word: str, number: int | None) -> tuple[Prompt, ...] | None:
        """Do what is answered about words to a question that was asked back; None where there are none of theirs."""
        contact, shown = visit.guest.contact, texts(visit.language)
        round_id = actions.round_of(visit.db, number, contact.id) if number is not None else None
        of = rounds.get(visit.db, round_id) if round_id is not None else None
        who = self._library.pseudonym(of, contact.address_hash) if of is not None else None
        if number is None or of is None or who is None:
            return None
        said = actions.replied_to(visit.db, number, of.id, who)
        if said is None or said.text is None or word not in {REMOVE, KEEP}:
            return None
        if word == KEEP:
            return (Prompt(shown("private.kept")),)
        text = self._masked(visit, said.text, said.language)
        actions.reword(visit.db, said, text)
        return (Prompt(shown("private.removed", text=text)),)

    def _remove(self, visit: Visit, of: RoundRow, state: str, language: str) -> str | None:
        """Take it out of the answer and of the session; return the words that stay, None where they are not found."""

        def reworded(text: str) -> str:
            return self._masked(visit, text, language)

        who = self._library.pseudonym(of, visit.guest.contact.address_hash)
        if who is None:
            return None
        row, flow = visit.guest.rows[of.id], self._library.shown(visit.db, of)
        text = self._participations.reword(visit.ledger, visit.guest, row, flow, state, reworded)
        if not text:
            return None
        visit.ledger.flush(visit.db)
        with taking_back(visit.db, of, who, visit.ledger.now):
            answers.reword(visit.db, of.id, who, state, text)
        return text

    def _masked(self, visit: Visit, text: str, language: str) -> str:
        shown = texts(visit.language)
        return mask(text, self._find(visit, text, language), lambda found: shown(f"private.{found}"))


def _written(played: Played, session: Session, state: str) -> str:
    given, question = session.answers.get(state), played.flow.script(session.language).states.get(state)
    return words_of(question, given) if given is not None else ""
