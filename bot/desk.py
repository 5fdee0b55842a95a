"""The front desk: who it is, which round they mean, and all that is said outside the questions of a round.

It reads as a message is read: a deep link, a command of staff, a button, an answer to something the desk asked, a turn
of the session at hand, or a word.
"""

from __future__ import annotations

from dataclasses import replace as restate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from bot import correspondence, erasure, own_data, own_work
from bot.actions import asked
from bot.alarms import Alarms
from bot.assessing.words import words as assessing
from bot.channels.base import Inbound
from bot.correspondence import Correspondence
from bot.discretion import ASKING, Discretion
from bot.flood import Flood
from bot.handover import take_over
from bot.menu import menu as menus
from bot.menu import worker
from bot.participation import CHOICES, SILENCE, WRITTEN_TO, Spoken, as_session, may_repeat, rest_of
from bot.rounds import codes, outcome, promise, record, report_back
from bot.rounds.lifecycle import ANNOUNCED, BEGINNING, GRACE, RUNNING, State, as_of, closed_on, ended_at, may_finish
from bot.rounds.record import spoken_day
from bot.rounds.tongues import in_language
from bot.staff import STAFF
from bot.themes.starter import called
from flows import joining
from flows.model import Button, Kind, Message, Option, Prompt, Script, Status, parse_button
from flows.phrasebook import EVERYWHERE
from flows.speak import WORD, listing, word_list
from flows.words import chosen, fill, fold, is_command, meaning, table, whole
from storage import (
    alarms,
    answers,
    audience,
    contacts,
    deletions,
    outbox,
    places,
    rounds,
    sessions,
    themes,
    trail,
    wishes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.ledger import Guest, Ledger
    from bot.participation import Participations
    from bot.rounds.library import Library, Played
    from bot.staff import Staff
    from bot.threads import Threads
    from flows.catalog import Catalog
    from storage.answers import AnswerRow
    from storage.places import Place
    from storage.rounds import RoundRow
    from storage.sealing import Keys
    from storage.sessions import SessionRow

MANY = 8
"""With more open rounds than this, people choose the service first."""
SHORT = 3
"""Words of so many letters name no round by themselves ("the", "de")."""
ROLE = "r_"
"""What the code of a role invitation begins with."""
LATE = "?"
"""Stands for the state an edited message once answered, where nobody can tell any more."""
RIGHTS = frozenset({"stop", "delete", "mydata", "human", "help", "language"})
"""Words that are heard whatever else there is to say."""
LEAVING = frozenset({"stop", "delete"})
GREETING = "greeting"
"""A word that begins as START does, and does not end a STOP."""
SENDABLE = frozenset({*EVERYWHERE, "start", "mine"})
"""Words that have buttons."""
DESK = "@desk"
"""Stands in the desk's buttons of words where a session's have its tag."""
CHOOSING, SWITCHING, DELETING, RECEIPT, LANGUAGE = "choose", "switch", "delete", "receipt", "language"
UNSAYING = "unsay"
"""What the desk may be waiting for."""
ON = "on"
"""Stands after what a receipt waits for, where the passage it opens is not finished."""
PAGED = frozenset({"web"})
"""Channels where a code opens a page, on which people then start."""
UNFINISHED = frozenset({Status.ACTIVE, Status.STOPPED})


class Visit(NamedTuple):
    """One message of one contact, and the transaction it is dealt with in."""

    db: Connection
    ledger: Ledger
    guest: Guest
    inbound: Inbound

    @property
    def message(self) -> Message:
        """What was sent."""
        return self.inbound.message

    @property
    def language(self) -> str:
        """The contact's language."""
        return self.guest.contact.language


Prompts: TypeAlias = tuple[Prompt, ...]


class Desk:
    """Answers every message: by a session of a round where there is one, else by itself."""

    def __init__(  # noqa: PLR0913, PLR0917 - a desk has that many colleagues
        self,
        config: Config,
        catalog: Catalog,
        library: Library,
        keys: Keys,
        participations: Participations,
        staff: Staff,
        threads: Threads,
        mint: Callable[[], str],
        flood: Flood | None = None,
    ) -> None:
        """`flood`: whose messages are too many; None: as many a minute as no thumb writes."""
        self._flood = flood or Flood()
        self._config = config
        self._catalog = catalog
        self._library = library
        self._keys = keys
        self._participations = participations
        self._staff = staff
        self._mint = mint
        self._scripts: dict[str, Script] = {}
        self._alarms = Alarms(config, keys, threads.channels)
        self._people = Correspondence(config, threads, self._alarms, self._script, self._meaning, self._back)
        self._discretion = Discretion(config, library, participations)
        self._asked = asked.AskedBack(library, self._discretion.asking_of_reply)

    def answer(self, db: Connection, ledger: Ledger, guest: Guest, inbound: Inbound) -> Spoken:
        """Return what is said to a message; what is to be remembered goes into the ledger.

        Words of danger are met wherever somebody stands; where the message was taken they are looked for first.
        """
        visit = Visit(db, ledger, guest, inbound)
        current = guest.current()
        passage = None if current is None else guest.rows.get(current)
        if self._flood.holds(guest.contact.id, ledger.now) and not self._leaves(visit):
            return self._too_fast(visit, passage)
        spoken = self._answered(visit)
        if spoken.heeded or inbound.message.kind is Kind.TAP or inbound.start is not None or self._asks_for(visit):
            return spoken
        urgent = self._warned(visit, passage)
        return spoken._replace(prompts=(*urgent, *spoken.prompts), urgent=True) if urgent else spoken

    def _answered(self, visit: Visit) -> Spoken:
        """Take a message where it belongs."""
        guest, inbound = visit.guest, visit.inbound
        if inbound.start is not None:
            return self._started(visit, inbound.start.strip())
        said = inbound.message.text
        if said.startswith("/") and said.partition(" ")[0] in STAFF and not inbound.edited:
            at_work = guest.contact.person_id is not None
            return self._bare(visit, self._staff.answer(visit.db, visit.ledger, guest, said))._replace(heeded=at_work)
        if inbound.message.kind is Kind.TAP:
            return self._tapped(visit)
        if (screen := self._staff.called(visit)) is not None:
            return self._bare(visit, (screen,))
        if (passed := self._people.passed(visit)) is not None:
            return passed
        if asks := guest.contact.asks:
            spoken = self._for_menu(visit, asks) if asks.startswith(menus.WAITING) else self._awaited(visit, asks)
            if spoken is not None:
                return spoken
        current = guest.current()
        if current is None:
            return self._at_desk(visit)
        return self._amid(visit) or self._on(visit, current, self._amended(visit))

    def _leaves(self, visit: Visit) -> bool:
        """Whether somebody wants to hear no more, or to be forgotten: that is taken whatever came before it."""
        return self._asks_for(visit) in LEAVING

    def _is_right(self, visit: Visit) -> bool:
        """Whether a message asks for what everybody may ask for, whoever they are."""
        return self._asks_for(visit) in RIGHTS

    def _asks_for(self, visit: Visit) -> str | None:
        """Return the word that is sent or pressed."""
        if visit.message.kind is Kind.TEXT and not visit.inbound.edited:
            return self._meaning(visit, visit.message.text)
        return _pressed(visit.message)

    def _blocked(self, visit: Visit) -> Spoken:
        """Say why nothing is taken from somebody, and how to object."""
        why = visit.guest.contact.blocked_why or ""
        return self._bare(visit, (self._say(visit, "blocked", why=why),))

    def _too_fast(self, visit: Visit, passage: SessionRow | None) -> Spoken:
        """Say once that nothing more is taken for a while; what comes meanwhile is counted, and not kept.

        Danger is heard all the same, and what to do in it is also said once.
        """
        who, now = visit.guest.contact.id, visit.ledger.now
        urgent = self._warned(visit, passage)
        if urgent and not self._flood.warns(who, now):
            urgent = ()
        told = (self._say(visit, "too_fast"),) if self._flood.tells(who, now) else ()
        return self._bare(visit, (*urgent, *told))._replace(urgent=bool(urgent))

    def asking(self, db: Connection, rows: Iterable[RoundRow]) -> dict[int, RoundRow]:
        """Return by id those of these open rounds that ask what was signed: nobody is asked anything else."""
        return {row.id: row for row in rows if self._library.asks(db, row)}

    def wake(self, db: Connection, ledger: Ledger, guest: Guest, round_id: int) -> Spoken | None:
        """Go on with a session whose moment has come; None where it is better to wait until they come back to it.

        So it is while they talk of another round, write to people, or cannot be reached, and once the round is over.
        """
        visit = Visit(db, ledger, guest, Inbound(guest.contact.channel, "", SILENCE))
        busy = guest.contact.asks is not None and not guest.contact.asks.startswith((RECEIPT, ASKING))
        row = self._row(visit, round_id)
        silent = guest.contact.unreachable_at is not None or guest.contact.blocked_at is not None
        if guest.current() != round_id or busy or silent:
            return None
        return self._on(visit, round_id, SILENCE) if row is not None and row.state == State.OPEN else None

    def _amid(self, visit: Visit) -> Spoken | None:
        """Take what the desk alone can answer amid a session: receipts, what came of answers, START where many go."""
        text = visit.message.text
        if visit.message.kind is not Kind.TEXT or visit.inbound.edited:
            return None
        receipt = codes.read_receipt(text)
        if receipt is not None and sessions.by_receipt(visit.db, self._keys.token_hash(receipt)):
            return self._bare(visit, self._receipt(visit, receipt))
        if self._asks_what_came(visit):
            return self._bare(visit, self._mine(visit))
        going = self._going(visit)
        if len(going) > 1 and self._meaning(visit, text) in {"start", GREETING}:
            return self._bare(visit, self._switch(visit, going))
        return None

    def _asks_what_came(self, visit: Visit) -> bool:
        """Whether somebody who is asked something else asks what came of their answers.

        One word alone ("mine") is no such question: it may be what they answer.
        """
        text = visit.message.text
        return self._asks_for(visit) == "mine" and (is_command(text.strip()) or " " in fold(text))

    def _going(self, visit: Visit) -> list[RoundRow]:
        """Return the open rounds whose sessions go on, the one last talked about first."""
        active = [each for each in reversed(visit.guest.rows) if visit.guest.status(each) == Status.ACTIVE]
        if len(active) <= 1:  # nearly always: then there is nothing to look up
            return [visit.ledger.open_rounds[each] for each in active if each in visit.ledger.open_rounds]
        rows = (self._row(visit, round_id) for round_id in active)
        return [row for row in rows if row is not None and row.state == State.OPEN]

    def _switch(self, visit: Visit, going: Sequence[RoundRow]) -> Prompts:
        """Ask which of several rounds to go on with."""
        visit.ledger.change(visit.guest, asks=SWITCHING)
        buttons = tuple(Button(label, f"@round:{row.code}") for row, label in self._labelled(visit, going))
        return (Prompt(self._say(visit, "open_choose").text, buttons),)

    def _which(self, visit: Visit, row: RoundRow) -> Prompts:
        """Say which round this is about, where another one was talked about last."""
        if visit.guest.current() in {None, row.id}:
            return ()
        return (self._say(visit, "about_now", topic=self._about(visit, row)),)

    def _about(self, visit: Visit, row: RoundRow) -> str:
        """Return what a round is about: its topic, or its service where it runs without end."""
        running = self._library.shown(visit.db, row).running
        return self._service_name(visit, row.service) if running else self._topic(visit, row)

    # ----------------------------------------------------------------- sessions

    def _on(self, visit: Visit, round_id: int, message: Message) -> Spoken:
        """Take the message as a turn of the session in this round."""
        row = self._row(visit, round_id)
        if row is None or not self._takes(visit, row):
            return self._over(visit, round_id, row)
        if visit.guest.contact.blocked_at is not None and not self._is_right(visit):
            return self._blocked(visit)
        played = self._library.played(visit.db, row)
        which = (*self._closing_soon(visit, row), *self._which(visit, row))
        before = visit.guest.session(round_id)
        spoken = self._participations.go_on(visit.ledger, visit.guest, played, message)
        spoken = self._discretion.asking(visit, round_id, before, spoken)._replace(heeded=True)
        spoken = spoken._replace(prompts=(*which, *spoken.prompts)) if which else spoken
        if spoken.urgent and (known := visit.guest.rows.get(round_id)):
            self._alarms.in_round(visit.db, visit.guest.contact, row, known.started_at, message.text, visit.ledger.now)
        if spoken.asked:
            return spoken.saying(*self._word(visit, spoken.asked))
        if spoken.ended and visit.guest.contact.stopped_at == visit.ledger.now:
            self._participations.stop_others(visit.ledger, visit.guest, round_id)
            self._refuse(visit, WRITTEN_TO)
            self._people.stop(visit)
        return spoken.saying(*self._left_open(visit)) if spoken.ended else spoken

    def _takes(self, visit: Visit, row: RoundRow) -> bool:
        """Whether a round takes the next message of this session: it is open, or has closed in the middle of it."""
        if row.state == State.OPEN:
            return True
        known = visit.guest.rows[row.id]
        going = known.ended_at is None and may_finish(row, known.started_at, visit.ledger.now)
        return going and self._library.asks(visit.db, row)

    def _closing_soon(self, visit: Visit, row: RoundRow) -> Prompts:
        """Say to somebody in the middle, once, that the round has closed and until when they can come to the end."""
        over, known = ended_at(row), visit.guest.rows[row.id]
        if row.state == State.OPEN or over is None or known.updated_at > over:
            return ()
        until = (over + GRACE).astimezone(self._config.city.zone)
        return (self._say(visit, "round_closed_finish", until=f"{until:%H:%M}"),)

    def _over(self, visit: Visit, round_id: int, row: RoundRow | None) -> Spoken:
        """The round of this session is over, or rests: say so, and what else there is."""
        rests = row is not None and row.state == State.PAUSED
        if not rests and not self._waits_for_its_sweep(visit, round_id):
            self._participations.expire(visit.ledger, visit.guest, round_id)
        if row is None:
            return self._bare(visit, self._choices(visit))
        if visit.message.kind is Kind.TEXT and self._meaning(visit, visit.message.text) in RIGHTS:
            return self._at_desk(visit)
        if (word := _pressed(visit.message)) in RIGHTS:
            return self._sent(visit, word)
        if self._asks_for(visit) == "change" and (yes := self._unsay_ask(visit, waits=True)):
            return self._bare(visit, yes)
        said = "round_paused" if rests else "round_closed_meanwhile"
        return self._bare(visit, (self._say(visit, said), *self._choices(visit)))

    @staticmethod
    def _waits_for_its_sweep(visit: Visit, round_id: int) -> bool:
        """Whether a round is over by the clock alone: as long as that may be wrong, no session is ended for it."""
        kept = rounds.get(visit.db, round_id)
        return kept is not None and kept.state in RUNNING

    def _left_open(self, visit: Visit) -> Prompts:
        """Come back to another session that was left for this one."""
        current = visit.guest.current()
        row = None if current is None else self._row(visit, current)
        if row is None or row.state != State.OPEN or visit.guest.contact.stopped_at is not None:
            return ()
        played = self._library.played(visit.db, row)
        again = self._participations.resume(visit.ledger, visit.guest, played)
        return (self._say(visit, "about_now", topic=self._about(visit, row)), self._say(visit, "resumed"), *again)

    def _again(self, visit: Visit) -> Prompts:
        """Ask once more what the session at hand asks; nothing where there is none."""
        current = visit.guest.current()
        row = None if current is None else self._row(visit, current)
        if row is None or row.state != State.OPEN:
            return ()
        return self._participations.resume(visit.ledger, visit.guest, self._library.played(visit.db, row))

    def _amended(self, visit: Visit) -> Message:
        """Say of an edited message which question of the session at hand it once answered."""
        inbound = visit.inbound
        message = replace(visit.message, sent_as=inbound.message_id or "")
        if not inbound.edited or message.amends is not None:
            return message
        current = visit.guest.current()
        session = None if current is None else visit.guest.session(current)
        if session is not None and (mine := joining.of(session, message.sent_as)):
            return replace(message, amends=mine)
        state, body = self._asked_before(visit) or (LATE, "")
        of_another = '"buttons"' in body and (session is None or f'"tag":"{session.tag}"' not in body)
        return replace(message, amends=LATE if of_another else state)

    @staticmethod
    def _asked_before(visit: Visit) -> tuple[str, str] | None:
        """Return (state, body) of the last question asked before this message was first sent, where that is known."""
        sent = visit.inbound.message_id or ""
        if not sent.isdigit():
            return None
        questions = outbox.asked(visit.db, visit.guest.contact.id)
        return next(((state, body) for state, key, body in questions if key.isdigit() and int(key) < int(sent)), None)

    # ----------------------------------------------------------------- deep links and /start

    def _started(self, visit: Visit, code: str) -> Spoken:
        """`/start`, `/start CODE`: a round, a service, or an invitation to a role. It ends a STOP."""
        welcome: Prompts = ()
        if visit.guest.contact.stopped_at is not None:
            visit.ledger.change(visit.guest, stopped_at=None)
            welcome = (self._say(visit, "start_again"),)
        visit.ledger.change(visit.guest, asks=None)
        if code.startswith(ROLE):
            return self._bare(visit, self._staff.welcome(visit.db, visit.ledger, visit.guest, code.removeprefix(ROLE)))
        spoken = self._named(visit, code) if code else self._bare(visit, self._begun(visit))
        return Spoken((*welcome, *spoken.prompts), spoken.flow, spoken.origin, spoken.to)

    def _begun(self, visit: Visit) -> Prompts:
        """Go on with what goes on, ask which where there are several, else show what is open."""
        going = self._going(visit)
        if len(going) > 1:
            return self._switch(visit, going)
        again = self._again(visit)
        return (self._say(visit, "resumed"), *again) if again else self._choices(visit, greet=True)

    def _named(self, visit: Visit, code: str) -> Spoken:
        """Start what a code names."""
        row = next((row for row in visit.ledger.open_rounds.values() if row.code == code), None)
        row = row or self._now(visit, rounds.by_code(visit.db, code))
        if row is not None:
            return self._enter(visit, row)
        if (place := places.by_code(visit.db, code)) is not None:
            return self._came_by(visit, place)
        ours = [row for row in visit.ledger.open_rounds.values() if row.service == code]
        if len(ours) == 1:
            return self._enter(visit, ours[0])
        if ours:
            return self._bare(visit, self._choices(visit, service=code, greet=True))
        if any(service.key == code for service in self._config.services):
            return self._bare(visit, self._choices(visit, greet=True))
        return self._bare(visit, (self._say(visit, "code_unknown"), *self._choices(visit)))

    def _came_by(self, visit: Visit, place: Place) -> Spoken:
        """Start the round of a place. Where its code opens a page first (the web chat), the page has counted that."""
        row = self._row(visit, place.round_id)
        if row is None:
            return self._bare(visit, (self._say(visit, "code_unknown"), *self._choices(visit)))
        if visit.guest.contact.channel not in PAGED:
            visit.ledger.arrive(place.id, places.SEEN)
        return self._enter(visit, row, place.id)

    def _enter(self, visit: Visit, row: RoundRow, came_by: int = 0) -> Spoken:
        """Start, or go on with, the session in this round; kindly say why not where that cannot be."""
        if row.state in BEGINNING:
            return self._bare(visit, self._not_yet(visit, row))
        if row.state != State.OPEN:
            return self._bare(visit, (self._closed(visit, row), *self._choices(visit)))
        if visit.guest.contact.blocked_at is not None:
            return self._blocked(visit)
        played = self._library.played(visit.db, row)
        visit.ledger.change(visit.guest, asks=None)
        known = visit.guest.rows.get(row.id)
        match visit.guest.status(row.id):
            case Status.ACTIVE | Status.STOPPED:
                which = self._which(visit, row)
                again = self._participations.resume(visit.ledger, visit.guest, played)
                return self._bare(visit, (*which, self._say(visit, "resumed"), *again))
            case Status.COMPLETED if known is not None and not may_repeat(played.flow, known, visit.ledger.now):
                return self._bare(visit, self._had(visit, played, known))
            case _:
                return self._participations.begin(visit.ledger, visit.guest, played, came_by)

    def _had(self, visit: Visit, played: Played, known: SessionRow) -> Prompts:
        session = visit.guest.session(known.round_id)
        rest = rest_of(played.flow, known)
        if played.flow.running and known.ended_at is not None and rest is not None:
            again_on = spoken_day((known.ended_at + rest).astimezone(self._config.city.zone), visit.language)
            return (self._say(visit, "asked_recently", again_on=again_on),)
        return (self._say(visit, "already_answered", receipt=session.receipt if session else ""),)

    def _not_yet(self, visit: Visit, row: RoundRow) -> Prompts:
        if row.state == State.DRAFT and any(each.what in ANNOUNCED for each in trail.of(visit.db, row.id)):
            return (self._say(visit, "round_days_change"),)
        if row.opens_at is None or row.state == State.DRAFT:
            return (self._say(visit, "code_unknown"), *self._choices(visit))
        opens_on = spoken_day(row.opens_at.astimezone(self._config.city.zone), visit.language)
        return (self._say(visit, "round_not_yet", opens_on=opens_on),)

    def _closed(self, visit: Visit, row: RoundRow) -> Prompt:
        """Say why a round takes no answers."""
        if row.state in {State.PAUSED, State.CANCELLED}:
            return self._with_reason(visit, row, self._say(visit, f"round_{row.state}"))
        values = self._told(visit, row)
        if row.report:
            return self._say(visit, "round_closed_published", **values)
        if values.get("feedback_on"):
            return self._say(visit, f"round_closed_{'late' if self._late(visit, row) else 'feedback'}", **values)
        return self._say(visit, "round_closed", **values)

    def _with_reason(self, visit: Visit, row: RoundRow, said: Prompt) -> Prompt:
        """Add why a round was given up that everybody could see."""
        log = trail.of(visit.db, row.id) if row.state == State.CANCELLED else []
        if not any(each.what in ANNOUNCED for each in log):
            return said
        why = report_back.public_reason(log, self._library.shown(visit.db, row).language)
        more = report_back.reason(self._library, why, visit.language) if why else ""
        return replace(said, text=f"{said.text}\n\n{more}".strip())

    def _told(self, visit: Visit, row: RoundRow) -> dict[str, Any]:
        """Return what is said of a round as a whole."""
        human, topic = self._config.city.human_contact, self._topic(visit, row)
        ours = {"topic": topic, "closes_on": self._closing(visit, row), "human_contact": human}
        return self._values(visit, row) | ours

    def _late(self, visit: Visit, row: RoundRow) -> bool:
        """Whether the day for which the result was promised is over."""
        day = promise.promised(row)
        return day is not None and day < visit.ledger.now.astimezone(self._config.city.zone).date()

    # ----------------------------------------------------------------- what is open

    def _choices(self, visit: Visit, *, service: str | None = None, greet: bool = False) -> Prompts:
        """Return the open rounds to choose from; with very many, the services."""
        offered = self._offered(visit, service)
        contact = visit.guest.contact
        greeting = "welcome" if contact.first_seen_at == contact.last_seen_at else "welcome_back"
        hello = (self._say(visit, greeting, org=self._config.city.speaker(visit.language)),) if greet else ()
        if not offered:
            human = self._config.city.human_contact
            return (*hello, self._say(visit, "open_none", human_contact=human))
        visit.ledger.change(visit.guest, asks=self._choosing(service))
        buttons = tuple(Button(label, data) for label, data in offered)
        return (*hello, Prompt(self._say(visit, "open_choose").text, buttons))

    def _offered(self, visit: Visit, service: str | None = None) -> list[tuple[str, str]]:
        """Return (label, button data) of what can be chosen."""
        open_rounds = [row for row in visit.ledger.open_rounds.values() if service in {None, row.service}]
        keys = list(dict.fromkeys(row.service for row in open_rounds))
        if service is None and len(open_rounds) > MANY and len(keys) > 1:
            names = {each.key: each.label(visit.language) for each in self._config.services}
            return [(names.get(key, key), f"@service:{worker.mark_of(key)}") for key in keys]
        return [(label, f"@round:{row.code}") for row, label in self._labelled(visit, open_rounds)]

    @staticmethod
    def _choosing(service: str | None) -> str:
        """Return what to wait for: a choice, where it is among the rounds of one service also the service's mark."""
        return CHOOSING if service is None else f"{CHOOSING} {worker.mark_of(service)}"

    @staticmethod
    def _among(visit: Visit, asks: str) -> str | None:
        """Return the service whose rounds are to be chosen from; None for all, empty where it has no open ones."""
        _, _, mark = asks.partition(" ")
        keys = {row.service for row in visit.ledger.open_rounds.values()}
        return (worker.named(keys, mark) or "") if mark else None

    def _labelled(self, visit: Visit, rows: Sequence[RoundRow]) -> list[tuple[RoundRow, str]]:
        """Return rounds with how each is offered; those that would read the same, by their titles."""
        labels = [self._label(visit, row) for row in rows]
        titles = [record.title(record.load(row.record), row.title, visit.language) for row in rows]
        told = [title if labels.count(label) > 1 else label for label, title in zip(labels, titles, strict=True)]
        return list(zip(rows, told, strict=True))

    def _label(self, visit: Visit, row: RoundRow) -> str:
        """Return how a round is offered: by its topic and end, or by its service where it runs without end."""
        values = self._values(visit, row)
        if self._library.shown(visit.db, row).running or not values.get("closes_on"):
            return self._say(visit, "open_service", service=self._service_name(visit, row.service)).text
        label = self._say(visit, "open_round", **({"topic": row.title} | values)).text
        return label[:1].upper() + label[1:]

    def _service_name(self, visit: Visit, key: str) -> str:
        return next((each.spoken(visit.language) for each in self._config.services if each.key == key), key)

    # ----------------------------------------------------------------- buttons

    def _tapped(self, visit: Visit) -> Spoken:
        """A button of a session, wherever that session stands, or one of the desk's own."""
        data = visit.message.data
        if data.startswith("@"):
            kind, _, value = data.partition(":")
            return self._own_button(visit, kind, value)
        if (rehearsed := self._staff.rehearsed(visit)) is not None:
            return self._bare(visit, rehearsed)
        tag = (parse_button(data) or ("",))[0]
        if (visit.guest.contact.asks or "").startswith(f"{correspondence.WRITING} "):
            visit.ledger.change(visit.guest, asks=None)  # whoever answers a question writes to people no more
        for round_id in reversed(visit.guest.rows):
            session = visit.guest.session(round_id)
            if session is not None and session.tag == tag:
                if session.active:
                    return self._on(visit, round_id, visit.message)
                break
        word = _pressed(visit.message)
        return self._sent(visit, word) if word else self._bare(visit, self._stale(visit, tag))

    def _sent(self, visit: Visit, word: str) -> Spoken:
        """Take a button that stands for a word as the word itself."""
        inbound = visit.inbound._replace(message=Message(Kind.TEXT, f"/{word}"))
        return self.answer(visit.db, visit.ledger, visit.guest, inbound)

    def _stale(self, visit: Visit, tag: str) -> Prompts:
        """A button whose session is over or forgotten: say so, and where we are now."""
        again = self._again(visit)
        if again:
            return (self._say(visit, "old_button"), *again)
        row = next(
            (row for row in sessions.all_of(visit.db, visit.guest.contact.id) if f'"tag":"{tag}"' in row.body), None
        )
        of = None if row is None or not tag else self._row(visit, row.round_id)
        if of is not None and of.state != State.OPEN:
            return (self._closed(visit, of), *self._choices(visit))
        return (self._say(visit, "nothing_running"),)

    def _not_now(self, visit: Visit, code: str) -> Spoken:
        """Decline an invitation: no reminder of this round follows, nor once it goes on where it is paused."""
        known = (row for row in visit.ledger.open_rounds.values() if row.code == code)
        row = next(known, None) or rounds.by_code(visit.db, code)
        if row is not None:
            visit.ledger.decline(row.id, visit.guest)
        return self._bare(visit, (self._say(visit, "invitation_declined"),))

    def _enough(self, visit: Visit, code: str) -> Spoken:
        """Ask somebody for the last time who wants to be asked no more; for others it is the button of the round."""
        row = next((row for row in visit.ledger.open_rounds.values() if row.code == code), None)
        known = None if row is None else visit.guest.rows.get(row.id)
        if row is None or known is None or visit.guest.status(row.id) != Status.COMPLETED:
            return self._named(visit, code)
        played = self._library.played(visit.db, row)
        if known.state not in played.flow.comes_back:
            return self._named(visit, code)
        visit.ledger.change(visit.guest, asks=None)
        spoken = self._participations.begin(visit.ledger, visit.guest, played, enough=True)
        return spoken._replace(prompts=(self._say(visit, "again_last"), *spoken.prompts))

    def _own_button(self, visit: Visit, kind: str, value: str) -> Spoken:  # noqa: C901, PLR0911, PLR0912 - a table of buttons
        match kind:
            case "@round":
                return self._named(visit, value)
            case "@service":
                keys = {row.service for row in visit.ledger.open_rounds.values()}
                service = value if value in keys else worker.named(keys, value)
                return self._bare(visit, self._choices(visit, service=service or None))
            case "@enough":
                return self._enough(visit, value)
            case "@later":
                return self._not_now(visit, value)
            case "@never":
                visit.ledger.change(visit.guest, invite_again_at=None)
                visit.ledger.ask_no_more(visit.guest)
                self._refuse(visit, frozenset({"invite"}))
                return self._bare(visit, (self._say(visit, "invitation_never_done"),))
            case "@desk" if _pressed(visit.message):
                return self._sent(visit, _pressed(visit.message))
            case "@receipt" if (visit.guest.contact.asks or "").startswith(RECEIPT):
                asks = visit.guest.contact.asks or ""
                visit.ledger.change(visit.guest, asks=None)
                return self._bare(visit, self._with_receipt(visit, "change", asks))
            case "@clear" | "@unclear":
                return self._bare(visit, self._heard_result(visit, kind.removeprefix("@"), value))
            case worker.MENU:
                screens = self._staff.tapped(visit, value)
                return self._bare(visit, self._stale(visit, "") if screens is None else screens)
            case "@language" if value in self._config.city.languages:
                return self._bare(visit, self._speak(visit, value))
            case "@human" | "@reply" | "@close" | "@alarm":
                prompts = self._people.tapped(visit, kind, value)
                return self._bare(visit, self._stale(visit, "") if prompts is None else prompts)
            case asked.BUTTON:
                prompts = self._asked.tapped(visit, value)
                return self._bare(visit, self._stale(visit, "") if prompts is None else prompts)
            case "@unsay":
                return self._bare(visit, self._unsay(visit, value))
            case "@private":
                done = self._discretion.tapped(visit, value)
                return self._bare(visit, self._stale(visit, "") if done is None else done)
            case "@delete" if (visit.guest.contact.asks or "").startswith(DELETING):
                return self._bare(visit, self._delete(visit, yes=value == "yes"))
            case _:
                return self._bare(visit, self._stale(visit, ""))

    # ----------------------------------------------------------------- what the desk asked

    def _asked_back(self, visit: Visit, asks: str, word: str | None) -> Prompts | None:
        """Take words as the answer to a question asked back, which waits on while they ask something themselves."""
        return self._mine(visit) if self._asks_what_came(visit) else self._asked.heard(visit, asks, word)

    def _awaited(self, visit: Visit, asks: str) -> Spoken | None:
        """Take the message as the answer to what the desk asked; None where it is none."""
        text = visit.message.text.strip()
        kind = asks.split(maxsplit=1)[0]
        if kind in {correspondence.WRITING, correspondence.WHOM, correspondence.REPLYING}:
            return self._people.heard(visit, asks)
        word = self._meaning(visit, text)
        if kind in {ASKING, asked.ANSWERING}:
            own = kind == ASKING
            prompts = self._discretion.heard(visit, asks, word) if own else self._asked_back(visit, asks, word)
            return None if prompts is None else self._bare(visit, prompts)
        if kind == DELETING and word in {"yes", "no"}:
            return self._bare(visit, self._delete(visit, yes=word == "yes"))
        if kind == DELETING and (word not in EVERYWHERE or visit.message.kind is not Kind.TEXT):
            return self._bare(visit, (Prompt(self._say(visit, "yes_or_no").text, self._yes_no(visit)),))
        if kind == CHOOSING and visit.guest.current() is None and visit.message.kind is Kind.TEXT:
            return self._picked(visit, self._among(visit, asks), text, word)
        visit.ledger.change(visit.guest, asks=None)
        if kind == RECEIPT and word in _heard_of_receipt(asks):
            return self._bare(visit, self._with_receipt(visit, word or "", asks))
        if kind in {SWITCHING, UNSAYING} and visit.message.kind is Kind.TEXT:
            return self._switched(visit, text) if kind == SWITCHING else self._unsaid(visit, text)
        if visit.guest.current() is not None:
            return None
        if kind == LANGUAGE:
            return self._language_named(visit, text)
        return None

    def _for_menu(self, visit: Visit, asks: str) -> Spoken | None:
        """Take the message as what the menu of staff waits for; the words that are heard everywhere end the waiting."""
        if (rehearsed := self._staff.rehearsed(visit)) is not None:
            return self._bare(visit, rehearsed)._replace(heeded=True)
        word = self._meaning(visit, visit.message.text)
        aside = word in EVERYWHERE and word not in {"back", "skip", "ok", "yes", "no"}
        if aside or visit.inbound.edited:
            visit.ledger.change(visit.guest, asks=None if aside else asks)
            return None
        screen = self._staff.heard(visit, asks, word)
        return None if screen is None else self._bare(visit, (screen,))._replace(heeded=True)

    def _picked(self, visit: Visit, service: str | None, text: str, word: str | None) -> Spoken | None:
        """Take a number or a label as the choice; what is neither, no word and no receipt, shows the choices again."""
        yes = word in {"yes", "ok"}
        if (word and not yes) or codes.read_receipt(text) is not None:
            return None
        if service == "":
            return self._bare(visit, self._choices(visit))
        offered = [Option(data, label) for label, data in self._offered(visit, service)]
        if not offered:
            visit.ledger.change(visit.guest, asks=None)
            return None
        data = offered[0].id if yes and len(offered) == 1 else _meant(offered, text)
        if data:
            return self._own_button(visit, *data.split(":", 1))._replace(heeded=True)
        return self._bare(visit, (self._say(visit, "choose_again"), *self._choices(visit, service=service)))

    def _unsaid(self, visit: Visit, text: str) -> Spoken | None:
        """Take a number or a label as the yes to take back; anything else means something else."""
        shown = self._unsay_ask(visit, waits=True)
        visit.ledger.change(visit.guest, asks=None)
        data = _meant([Option(each.data, each.label) for prompt in shown for each in prompt.buttons], text)
        return self._own_button(visit, *data.split(":", 1))._replace(heeded=True) if data else None

    def _switched(self, visit: Visit, text: str) -> Spoken | None:
        """Take a number or a label as the round to go on with; anything else is for the session at hand."""
        offered = [Option(f"@round:{row.code}", label) for row, label in self._labelled(visit, self._going(visit))]
        data = _meant(offered, text)
        return self._own_button(visit, *data.split(":", 1))._replace(heeded=True) if data else None

    def _language_named(self, visit: Visit, text: str) -> Spoken | None:
        for number, language in enumerate(self._config.city.languages, 1):
            name = self._library.phrases[language].get("language_name", language)
            if text.casefold() in {str(number), language.casefold(), name.casefold()}:
                return self._bare(visit, self._speak(visit, language))
        return None

    def _speak(self, visit: Visit, language: str) -> Prompts:
        visit.ledger.change(visit.guest, language=language, asks=None)
        return (self._say(visit, "desk_language_set"),)

    # ----------------------------------------------------------------- words

    def _at_desk(self, visit: Visit) -> Spoken:
        """Nothing is being asked: a word, a receipt, or something we do not understand."""
        message = visit.message
        if visit.inbound.edited:
            return self._bare(visit, (self._say(visit, "amend_late"),) if self._asked_before(visit) else ())
        if message.kind is not Kind.TEXT:
            return self._bare(visit, (self._say(visit, "media_not_understood"),))
        receipt = codes.read_receipt(message.text)
        if receipt is not None:
            return self._bare(visit, self._receipt(visit, receipt))
        word = self._meaning(visit, message.text)
        if word == "start":
            return self._started(visit, "")
        if word == GREETING:
            visit.ledger.change(visit.guest, asks=None)
            return self._bare(visit, self._begun(visit))
        return self._bare(visit, self._word(visit, word or ""))

    def _warned(self, visit: Visit, passage: SessionRow | None) -> Prompts:
        """Return what to do in danger where a text that answers no question speaks of some; people are told.

        `passage`: the one somebody is in, if any: then it is the people of its service.
        """
        text, contact, now = visit.message.text, visit.guest.contact, visit.ledger.now
        urgent = self._people.urgent(visit, text)
        row = self._row(visit, passage.round_id) if urgent and passage is not None else None
        if row is not None and passage is not None:
            self._alarms.in_round(visit.db, contact, row, passage.started_at, text, now)
        elif urgent:
            self._alarms.outside(visit.db, contact, text, now)
        return urgent

    def _word(self, visit: Visit, word: str) -> Prompts:  # noqa: C901, PLR0911 - a table of words
        match word:
            case "human":
                return self._human(visit)
            case "mydata":
                return (*self._mydata(visit), *self._back(visit))
            case "delete":
                return self._ask_delete(visit)
            case "help":
                return (*self._staff.help(visit.db, visit.guest), *self._help(visit))
            case "language":
                return self._ask_language(visit)
            case "stop":
                return self._stop(visit)
            case "mine":
                return self._mine(visit)
            case "change":
                return self._change(visit)
            case "back" | "skip" | "why" | "ok" | "yes" | "no" | "done":
                return (self._say(visit, "nothing_running"),)
            case _ if not visit.guest.rows and visit.guest.contact.asks is None:
                return self._choices(visit, greet=True)
            case _:
                return (self._say(visit, "not_understood"),)

    def _human(self, visit: Visit) -> Prompts:
        """Let them write to the people of the service at hand; where nobody can be reached so, name a person."""
        at_hand = visit.guest.current() or next(reversed(visit.guest.rows), None)
        row = None if at_hand is None else self._row(visit, at_hand)
        answerable = visit.guest.contact.unreachable_at is None  # nobody writes back to what staff take down
        prompts = self._people.human(visit, row.service if row else None) if answerable else None
        if prompts is not None:
            return prompts
        contact = self._config.city.human_contact
        return (self._say(visit, "human", human_contact=contact), *self._back(visit))

    def _help(self, visit: Visit) -> Prompts:
        """Say what can be sent while nothing is asked, in words and as buttons."""
        changes = self._finished(visit) is not None or bool(self._said_yes(visit))
        leads = {"change": changes, "language": len(self._config.city.languages) > 1}
        possible = {word for word in SENDABLE if leads.get(word, True)}
        text = self._library.phrases[visit.language]["desk_help"]
        return word_list(self._script(visit.language), text, possible, DESK)

    def _heard_result(self, visit: Visit, what: str, code: str) -> Prompts:
        """Note whether the result of a round was clear to somebody; the last word counts."""
        row = rounds.by_code(visit.db, code)
        if row is None or not rounds.was_told(visit.db, row.id, visit.guest.contact.id):
            return self._stale(visit, "")
        mine = [(row.id, visit.guest.contact.id)]
        for other in (wishes.CLEAR, wishes.UNCLEAR):
            wishes.remove(visit.db, mine, other)
        wishes.add(visit.db, mine, visit.ledger.now, what)
        return (self._say(visit, f"report_back_{what}_done"),)

    def _mine(self, visit: Visit) -> Prompts:
        """Say of each round somebody has handed in answers for, or is to hear the result of, what has come of it."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        ended = [each.round_id for each in sessions.all_of(visit.db, contact.id) if each.finished]
        done = list(dict.fromkeys((*ended, *erasure.counted(visit.db, self._library, contact))))
        found = [*(self._row(visit, round_id) for round_id in done), *self._wished(visit, {*done})]
        said = tuple(self._came_of(visit, row) for row in found if row is not None)
        return (*(said or (self._say(visit, "mine_none"),)), *self._back(visit))

    def _wished(self, visit: Visit, but: Container[int]) -> list[RoundRow]:
        """Return the rounds that are over whose result somebody wished for: no answers link them to these any more."""
        wished = [round_id for round_id, _ in wishes.of_contact(visit.db, visit.guest.contact.id)]
        known = sorted({*wished, *rounds.told_of(visit.db, visit.guest.contact.id)})
        rows = (self._row(visit, round_id) for round_id in known if round_id not in but)
        return [row for row in rows if row is not None and row.state in _FATE and row.state != State.PAUSED]

    def _came_of(self, visit: Visit, row: RoundRow) -> Prompt:
        values = self._told(visit, row)
        stem = f"mine_{_FATE.get(row.state, 'open')}"
        dated = _DATED.get(stem)
        if dated is not None and not values.get(dated):
            stem = f"{stem}_plain"
        elif dated == "feedback_on" and self._late(visit, row):
            stem = f"{stem}_late"
        said = self._say(visit, stem, **values)
        said = Prompt(f"{said.text[:1].upper()}{said.text[1:]}")
        if row.report:
            return Prompt(f"{said.text}\n\n{self._reported(visit, row)}")
        return self._with_reason(visit, row, said)

    def _reported(self, visit: Visit, row: RoundRow) -> str:
        """Return what came of a round as it was published, with who answers for it."""
        signed = outcome.load(row.outcome).signed
        report = record.load(row.report or "{}")
        said = report_back.published(self._library, row, report, visit.language)
        head = fill(self._library.phrases[visit.language]["report_back_signed"], {"name": signed}) if signed else ""
        return f"{said}\n\n{head}".strip()

    def _back(self, visit: Visit) -> Prompts:
        again = self._again(visit)
        return (self._say(visit, "human_back"), *again) if again else ()

    def _stop(self, visit: Visit) -> Prompts:
        if visit.guest.contact.stopped_at is not None:
            return (self._say(visit, "stopped_already"),)
        visit.ledger.change(visit.guest, stopped_at=visit.ledger.now)
        visit.ledger.cancel_bulk(visit.guest)
        self._refuse(visit, WRITTEN_TO)
        self._people.stop(visit)
        return (self._say(visit, "stopped_all"),)

    def _refuse(self, visit: Visit, roles: frozenset[str], only: int | None = None) -> None:
        """Let no session of theirs, or that of one round, say Yes any more to what they have taken back."""
        known = {row.round_id: row for row in sessions.all_of(visit.db, visit.guest.contact.id)} | visit.guest.rows
        found = rounds.by_ids(visit.db, known)
        for round_id, row in known.items():
            if round_id in found and only in {None, round_id}:
                flow = self._library.shown(visit.db, found[round_id])
                self._participations.refuse(visit.ledger, visit.guest, flow, row, roles)

    def _ask_language(self, visit: Visit) -> Prompts:
        visit.ledger.change(visit.guest, asks=LANGUAGE)
        names = [(each, self._library.phrases[each].get("language_name", each)) for each in self._config.city.languages]
        buttons = tuple(Button(name, f"@language:{each}") for each, name in names)
        return (Prompt(self._say(visit, "desk_language_ask").text, buttons),)

    def _change(self, visit: Visit) -> Prompts:
        """Show the answers handed in last to somebody who wants to change one."""
        row = self._finished(visit) or self._handed_in(visit)
        first = () if row is None else self._reopen(visit, row)
        yes = self._unsay_ask(visit, waits=row is None or row.state != State.OPEN)
        if row is not None and row.state == State.OPEN:
            return (*yes, *first)
        return (*first, *yes) or (self._say(visit, "change_none"),)

    # ----------------------------------------------------------------- a yes that is taken back

    def _unsay_ask(self, visit: Visit, *, waits: bool) -> Prompts:
        """Offer to take back a yes given in a round that takes no answers any more, at any time; nothing where none is.

        `waits`: a number may be sent as well, as no question of a session is asked beside it.
        """
        yes = self._said_yes(visit)
        if waits and visit.guest.contact.invite_again_at is not None:
            yes.append(Button(self._say(visit, "invitation_never").text, "@unsay:invite.0"))
        if not yes:
            return ()
        if waits:
            visit.ledger.change(visit.guest, asks=UNSAYING)
        return (Prompt(self._say(visit, "unsay_ask").text, tuple(yes), numbered=waits),)

    def _said_yes(self, visit: Visit) -> list[Button]:
        """Return what takes back a yes to being quoted, or to the result, of each round that is not open."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        found = [(of.id, "quote") for of in rounds.linked(visit.db) if self._is_quotable(visit, of)]
        found += [(each, "result") for each, what in wishes.of_contact(visit.db, contact.id) if what == wishes.RESULT]
        rows = [(self._row(visit, round_id), role) for round_id, role in found]
        return [
            Button(self._say(visit, f"unsay_{role}", topic=self._topic(visit, row)).text, f"@unsay:{role}.{row.id}")
            for row, role in rows
            if row is not None and row.state != State.OPEN
        ]

    def _is_quotable(self, visit: Visit, of: RoundRow) -> bool:
        who = self._library.pseudonym(of, visit.guest.contact.address_hash)
        return who is not None and any(each.quotable for each in answers.of(visit.db, of.id, who))

    def _unsay(self, visit: Visit, value: str) -> Prompts:
        """Take a yes back, whatever has become of its round."""
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
            return self._stale(visit, "")
        self._refuse(visit, frozenset({role}), None if role == "invite" or of is None else of.id)
        return (self._say(visit, "unsay_done"), *self._unsay_ask(visit, waits=waits))

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

    def _handed_in(self, visit: Visit) -> RoundRow | None:
        """Return the last round that somebody has handed in answers for, also one that has closed since."""
        visit.ledger.flush(visit.db)
        done = [row for row in sessions.all_of(visit.db, visit.guest.contact.id) if row.finished]
        return self._row(visit, max(done, key=_ended).round_id) if done else None

    def _finished(self, visit: Visit) -> RoundRow | None:
        """Return the round in which somebody handed in answers last, or broke off when asked again; None: in none."""
        done = [each for each in reversed(visit.guest.rows) if self._changeable(visit.guest, each)]
        return next(filter(None, (self._row(visit, round_id) for round_id in done)), None)

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
            return (self._fixed(visit, row),)
        played, session = self._library.played(visit.db, row), visit.guest.session(row.id)
        if session is not None and not listing(played.flow.script(visit.language), session):
            return (self._say(visit, "change_none"),)
        return self._participations.reopen(visit.ledger, visit.guest, played)

    def _fixed(self, visit: Visit, row: RoundRow) -> Prompt:
        """Say why answers cannot be changed: the round rests, or is over."""
        if row.state == State.PAUSED:
            return self._closed(visit, row)
        return self._say(visit, "change_closed", closes_on=self._closing(visit, row))

    # ----------------------------------------------------------------- a person's own data

    def _block(self, visit: Visit) -> Prompts:
        """Return that staff have blocked somebody, since when and why."""
        since, why = visit.guest.contact.blocked_at, visit.guest.contact.blocked_why or ""
        if since is None:
            return ()
        day = spoken_day(since.astimezone(self._config.city.zone).date(), visit.language)
        return (self._say(visit, "mydata_blocked", day=day, why=why),)

    def _mydata(self, visit: Visit) -> Prompts:
        """Return everything kept about a contact, in words."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        prompts = self._all_kept(visit)
        phrases = self._library.phrases[visit.language]
        invite = phrases["yes_label" if contact.invite_again_at else "no_label"]
        about = self._say(visit, "mydata_contact", language=phrases["language_name"], invite=invite)
        if not prompts:
            return (self._say(visit, "mydata_none"), about)
        link = own_data.link(self._keys, self._config.web.public_url, contact.id, visit.ledger.now)
        file = replace(self._say(visit, "mydata_file", link=link), secret=True)
        ends = (about, file, self._say(visit, "mydata_end"))
        return _unread((self._say(visit, "mydata_intro"), *prompts, *ends))

    def _all_kept(self, visit: Visit) -> Prompts:
        """Return all that is kept about a contact beside how they are written to."""
        contact = visit.guest.contact
        rows = sessions.all_of(visit.db, contact.id)
        return (
            *(self._said_before(visit, *each) for each in erasure.passages(visit.db, self._library, contact)),
            *(self._kept_in(visit, row) for row in rows),
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
                yield self._say(visit, "mydata_themes", topic=self._topic(visit, of), list=listed)

    def _written_to(self, visit: Visit) -> Iterator[Prompt]:
        """Give which rounds somebody was written to about, as far as that is remembered."""
        found = dict.fromkeys(round_id for round_id, _, _ in rounds.written_to(visit.db, visit.guest.contact.id))
        rows = [row for row in (self._row(visit, round_id) for round_id in found) if row is not None]
        if rows:
            listed = ", ".join(dict.fromkeys(self._topic(visit, row) for row in rows))
            yield self._say(visit, "mydata_written_to", list=listed)

    def _wishes(self, visit: Visit) -> Iterator[Prompt]:
        """Give of which rounds somebody wants the result, or has said whether it was clear."""
        found = wishes.of_contact(visit.db, visit.guest.contact.id)
        for key, kinds in (("mydata_wish", {wishes.RESULT}), ("mydata_heard", {wishes.CLEAR, wishes.UNCLEAR})):
            rows = (self._row(visit, round_id) for round_id, what in found if what in kinds)
            if topics := dict.fromkeys(self._topic(visit, row) for row in rows if row is not None):
                yield self._say(visit, key, list=", ".join(topics))

    def _listed(self, visit: Visit) -> Iterator[Prompt]:
        """Give which lists somebody stands on: of whom rounds ask, and of who must not be written to."""
        contact = visit.guest.contact
        marks = own_data.marks(self._keys, contact)
        found = audience.of_person(visit.db, contact.id, contact.address_hash, marks)
        rows = (self._row(visit, round_id) for round_id in dict.fromkeys(each[0] for each in found))
        if topics := dict.fromkeys(self._topic(visit, row) for row in rows if row is not None):
            yield self._say(visit, "mydata_audience", list=", ".join(topics))
        if since := audience.quiet_since(visit.db, marks):
            yield self._say(visit, "mydata_quiet", day=self._day(visit, since))

    def _alarmed(self, visit: Visit) -> Iterator[Prompt]:
        """Give on which days words of danger were told to staff."""
        days = dict.fromkeys(self._day(visit, each.at) for each in alarms.of_contact(visit.db, visit.guest.contact.id))
        if days:
            yield self._say(visit, "mydata_alarm", list=", ".join(days))

    def _day(self, visit: Visit, at: datetime) -> str:
        return spoken_day(at.astimezone(self._config.city.zone).date(), visit.language)

    def _own_work(self, visit: Visit) -> list[str]:
        """Return what is kept of somebody of the city about their own work; nothing of a citizen."""
        person_id = visit.guest.contact.person_id
        return [] if person_id is None else own_work.kept(visit.db, self._config, person_id, visit.language)

    def _forget_own_work(self, visit: Visit) -> Prompts:
        person_id = visit.guest.contact.person_id
        if person_id is None:
            return ()
        gone = own_work.forget(visit.db, person_id, visit.ledger.now)
        said = assessing(visit.language)
        return tuple(Prompt(said(key)) for key in (*(["kept.gone"] * gone), "kept.stays"))

    def _said_before(self, visit: Visit, of: RoundRow, said: list[AnswerRow]) -> Prompt:
        """Return one passage whose session is gone, question by question."""
        script = self._library.shown(visit.db, of).script(visit.language)
        session = as_session(said)
        day = spoken_day(said[0].answered_at.astimezone(self._config.city.zone), visit.language)
        head = self._say(visit, "mydata_earlier", topic=self._topic(visit, of), day=day).text
        return Prompt("\n".join((head, listing(script, session))))

    def _kept_in(self, visit: Visit, row: SessionRow, key: str = "mydata_round") -> Prompt:
        """Return one session's answers, question by question."""
        of = rounds.get(visit.db, row.round_id)
        session = erasure.session_of(row, self._keys)
        if of is None or session is None:
            return Prompt("")
        script = self._library.shown(visit.db, of).script(visit.language)
        head = self._say(visit, key, topic=self._topic(visit, of), receipt=session.receipt).text
        none = self._say(visit, "mydata_no_answer").text if script.states else ""
        said = listing(script, session) or none
        return Prompt(f"{head}\n{said}".strip())

    def _ask_delete(self, visit: Visit) -> Prompts:
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        if contact.invite_again_at is None and not self._all_kept(visit):
            return (self._say(visit, "delete_none"),)
        visit.ledger.change(visit.guest, asks=DELETING)
        stays = erasure.Eraser(self._library, self._mint).stays(visit.db, contact)
        more = (*(["delete_stays"] * stays), *(["delete_blocked"] * (contact.blocked_at is not None)))
        ask = " ".join(self._say(visit, key).text for key in ("delete_ask", *more))
        return (Prompt(ask, self._yes_no(visit)),)

    def _delete(self, visit: Visit, *, yes: bool) -> Prompts:
        asks = (visit.guest.contact.asks or "").split()
        visit.ledger.change(visit.guest, asks=None)
        if not yes:
            return (self._say(visit, "delete_kept"), *self._back(visit))
        eraser = erasure.Eraser(self._library, self._mint)
        told: Prompts = ()
        if len(asks) > 1:
            closed = eraser.one(visit.db, visit.ledger, visit.guest, int(asks[1]), int(asks[2]))
        else:
            self._people.forget(visit)
            told = self._forget_own_work(visit)
            closed = eraser.everything(visit.db, visit.ledger, visit.guest)
        return (self._say(visit, "delete_done_closed" if closed else "delete_done"), *told)

    def _receipt(self, visit: Visit, receipt: str) -> Prompts:
        """Show the answers a receipt stands for, to whoever has it."""
        row = sessions.by_receipt(visit.db, self._keys.token_hash(receipt))
        of = None if row is None else self._row(visit, row.round_id)
        if row is None or of is None:
            return (self._say(visit, "receipt_unknown", example=codes.receipt("example")),)
        found = _unread((*self._before(visit, row), self._kept_in(visit, row, "receipt_found")))
        if of.state == State.PAUSED:
            return (*found, self._closed(visit, of))
        if of.state != State.OPEN:
            return (*found, self._say(visit, "receipt_fixed", closes_on=self._closing(visit, of)))
        asks = f"{RECEIPT} {row.round_id} {row.contact_id}"
        if row.status in UNFINISHED and row.ended_at is None:
            visit.ledger.change(visit.guest, asks=f"{asks} {ON}")
            ok = Button(self._library.phrases[visit.language]["ok_label"], "@receipt:ok", helper=True)
            return (*found, Prompt(self._say(visit, "receipt_unfinished").text, (ok,)))
        visit.ledger.change(visit.guest, asks=asks)
        ends = self._closing(visit, of)
        return (*found, self._say(visit, "receipt_changeable" if ends else "receipt_open", closes_on=ends))

    def _before(self, visit: Visit, row: SessionRow) -> Iterator[Prompt]:
        """Give the earlier passages through the round of a session that had the same receipt."""
        owner = contacts.get(visit.db, row.contact_id) if row.first_ended_at is not None else None
        for of, said in erasure.passages(visit.db, self._library, owner) if owner is not None else ():
            if of.id == row.round_id:
                yield self._said_before(visit, of, said)

    def _with_receipt(self, visit: Visit, word: str, asks: str) -> Prompts:
        """CHANGE or DELETE after a receipt was shown."""
        _, round_id, contact_id, *unfinished = asks.split()
        of = self._row(visit, int(round_id))
        if of is None:
            return (self._say(visit, "delete_none"),)
        if word != "delete":
            return self._taken_on(visit, of, int(contact_id), unfinished=bool(unfinished))
        visit.ledger.change(visit.guest, asks=f"{DELETING} {round_id} {contact_id}")
        topic = self._topic(visit, of)
        return (Prompt(self._say(visit, "delete_ask_round", topic=topic).text, self._yes_no(visit)),)

    def _taken_on(self, visit: Visit, of: RoundRow, contact_id: int, *, unfinished: bool) -> Prompts:
        """Go on with a passage, or change it; one from elsewhere comes here first, if nothing of ours is in its way."""
        if of.state != State.OPEN:
            return (self._fixed(visit, of),)
        which = self._which(visit, of)
        here = contact_id == visit.guest.contact.id
        if not here and not take_over(visit.db, visit.ledger, self._library, visit.guest, of, contact_id):
            return (self._say(visit, "change_elsewhere"), *self._back(visit))
        if not unfinished:
            return (*which, *self._reopen(visit, of))
        played = self._library.played(visit.db, of)
        again = self._participations.resume(visit.ledger, visit.guest, played)
        return (*which, self._say(visit, "resumed"), *again)

    # ----------------------------------------------------------------- helpers

    def _bare(self, visit: Visit, prompts: Prompts) -> Spoken:
        del visit
        return Spoken(tuple(prompt for prompt in prompts if prompt.text or prompt.buttons))

    def _say(self, visit: Visit, key: str, **values: object) -> Prompt:
        return Prompt(fill(self._library.phrases[visit.language][key], values).strip())

    def _yes_no(self, visit: Visit) -> tuple[Button, ...]:
        phrases = self._library.phrases[visit.language]
        return (Button(phrases["yes_label"], "@delete:yes"), Button(phrases["no_label"], "@delete:no"))

    def _row(self, visit: Visit, round_id: int) -> RoundRow | None:
        return visit.ledger.open_rounds.get(round_id) or self._now(visit, rounds.get(visit.db, round_id))

    def _now(self, visit: Visit, row: RoundRow | None) -> RoundRow | None:
        """Return a round as it stands now: it rests while its questions are not those that were signed."""
        now = None if row is None else as_of(row, visit.ledger.now)
        if now is not None and now.state == State.OPEN and not self._library.asks(visit.db, now):
            return restate(now, state=State.PAUSED)
        return now

    def _values(self, visit: Visit, row: RoundRow) -> dict[str, Any]:
        """Return what the round's texts are filled with, in the contact's language."""
        flow = self._library.shown(visit.db, row)
        values: Mapping[str, Any] = self._library.facts(row, flow).values
        return {name: in_language(value, visit.language) for name, value in values.items()}

    def _topic(self, visit: Visit, row: RoundRow) -> str:
        return str(self._values(visit, row).get("topic") or row.title)

    def _closing(self, visit: Visit, row: RoundRow) -> str:
        day = closed_on(row.closes_at, row.closed_at, self._config.city.zone)
        return spoken_day(day, visit.language) if day else ""

    def _meaning(self, visit: Visit, text: str) -> str | None:
        """Return the word that `text` is, in the contact's language or, failing that, in any other of the city's."""
        languages = dict.fromkeys((visit.language, *self._config.city.languages))
        return next(filter(None, (meaning(self._script(each), text.strip()) for each in languages)), None)

    def _script(self, language: str) -> Script:
        if language not in self._scripts:
            words, danger = self._catalog.words(language), self._catalog.danger(language)
            others = tuple(self._catalog.danger(each) for each in self._config.city.languages if each != language)
            self._scripts[language] = Script(language, {}, self._library.phrases[language], words, danger, others)
        return self._scripts[language]


def _ended(row: SessionRow) -> datetime:
    return row.ended_at or row.updated_at


_FATE: Mapping[str, str] = {
    State.PAUSED: "paused",
    State.CLOSED: "closed",
    State.ANALYSED: "analysed",
    State.DECIDED: "decided",
    State.REPORTED_BACK: "reported",
    State.ARCHIVED: "reported",
    State.CANCELLED: "cancelled",
}
"""Where answers have got to, by the state of their round."""
_DATED: Mapping[str, str] = {
    "mine_open": "closes_on",
    "mine_closed": "feedback_on",
    "mine_analysed": "feedback_on",
    "mine_decided": "feedback_on",
}
"""The day that is said with it, where there is one."""


def _unread(prompts: Prompts) -> Prompts:
    """Seal what tells somebody's answers: among kept messages it would link them, also beyond the round's key."""
    return tuple(replace(each, secret=True) for each in prompts)


def _heard_of_receipt(asks: str) -> frozenset[str]:
    """Return the words that mean something after a receipt was shown."""
    return frozenset({"delete", "change", "ok", "yes"} if asks.endswith(ON) else {"delete", "change"})


def _pressed(message: Message) -> str:
    """Return the word that a button stands for; empty where it is another button, or none."""
    _, state, word = parse_button(message.data) or ("", "", "")
    return word if state == WORD and word in SENDABLE else ""


def _meant(offered: Sequence[Option], text: str) -> str | None:
    """Return what of all that is offered a text means: its number or label, or words that stand in one label alone."""
    words = fold(text)
    near = [option.id for option in offered if len(words) > SHORT and f" {words} " in f" {fold(option.label)} "]
    return chosen(table(offered, {}), text) or (near[0] if len(near) == 1 else None)
