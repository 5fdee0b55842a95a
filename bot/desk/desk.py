"""The front desk: who it is, which round they mean, and all that is said outside the questions of a round.

It reads as a message is read: a deep link, a command of staff, a button, an answer to something the desk asked, a turn
of the session at hand, or a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot import correspondence
from bot.actions import asked
from bot.alarms import Alarms
from bot.channels.base import Inbound
from bot.correspondence import Correspondence
from bot.desk.changing import DELETING, RECEIPT, Changing, heard_of_receipt
from bot.desk.choosing import CHOOSING, SWITCHING, Choosing
from bot.desk.entering import Entering
from bot.desk.fates import Fates
from bot.desk.hall import RIGHTS, SENDABLE, Hall, Visit, bare, pressed
from bot.desk.kept import Kept
from bot.desk.unsaying import UNSAYING, Unsaying
from bot.discretion import ASKING, Discretion
from bot.flood import Flood
from bot.menu import menu as menus
from bot.menu import worker
from bot.participation import SILENCE, WRITTEN_TO, Spoken
from bot.rounds import codes
from bot.rounds.lifecycle import GRACE, RUNNING, State, ended_at, may_finish
from bot.staff import STAFF
from flows import joining
from flows.model import Button, Kind, Message, Option, Prompt, parse_button
from flows.phrasebook import EVERYWHERE
from flows.speak import word_list
from flows.words import chosen, fold, is_command, table
from storage import outbox, rounds, sessions, wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.desk.hall import Prompts
    from bot.ledger import Guest, Ledger
    from bot.participation import Participations
    from bot.rounds.library import Library
    from bot.staff import Staff
    from bot.threads import Threads
    from flows.catalog import Catalog
    from storage.rounds import RoundRow
    from storage.sealing import Keys
    from storage.sessions import SessionRow


SHORT = 3
"""Words of so many letters name no round by themselves ("the", "de")."""
ROLE = "r_"
"""What the code of a role invitation begins with."""
LATE = "?"
"""Stands for the state an edited message once answered, where nobody can tell any more."""
LEAVING = frozenset({"stop", "delete"})
GREETING = "greeting"
"""A word that begins as START does, and does not end a STOP."""
GREETING = "greeting"
"""A word that begins as START does, and does not end a STOP."""
DESK = "@desk"
"""Stands in the desk's buttons of words where a session's have its tag."""
LANGUAGE = "language"
"""What the desk may be waiting for, beside what its parts wait for."""


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
        self._library = library
        self._keys = keys
        self._participations = participations
        self._staff = staff
        self._hall = hall = Hall(config, catalog, library, participations, keys)
        self._alarms = Alarms(config, keys, threads.channels)
        self._people = Correspondence(config, threads, self._alarms, hall.script, hall.meaning, hall.back)
        self._discretion = Discretion(config, library, participations)
        self._asked = asked.AskedBack(library, self._discretion.asking_of_reply)
        self._choosing = Choosing(hall)
        self._fates = Fates(hall)
        self._unsaying = Unsaying(hall)
        self._kept = Kept(hall, self._people, self._asked)
        self._changing = Changing(hall, self._fates, self._unsaying, self._kept, self._people, mint)
        self._entering = Entering(hall, self._choosing, self._fates)

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
        if spoken.heeded or inbound.message.kind is Kind.TAP or inbound.start is not None or self._hall.asks_for(visit):
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
            return bare(self._staff.answer(visit.db, visit.ledger, guest, said))._replace(heeded=at_work)
        if inbound.message.kind is Kind.TAP:
            return self._tapped(visit)
        if (screen := self._staff.called(visit)) is not None:
            return bare((screen,))
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
        return self._hall.asks_for(visit) in LEAVING

    def _too_fast(self, visit: Visit, passage: SessionRow | None) -> Spoken:
        """Say once that nothing more is taken for a while; what comes meanwhile is counted, and not kept.

        Danger is heard all the same, and what to do in it is also said once.
        """
        who, now = visit.guest.contact.id, visit.ledger.now
        urgent = self._warned(visit, passage)
        if urgent and not self._flood.warns(who, now):
            urgent = ()
        told = (self._hall.say(visit, "too_fast"),) if self._flood.tells(who, now) else ()
        return bare((*urgent, *told))._replace(urgent=bool(urgent))

    def asking(self, db: Connection, rows: Iterable[RoundRow]) -> dict[int, RoundRow]:
        """Return by id those of these open rounds that ask what was signed: nobody is asked anything else."""
        return {row.id: row for row in rows if self._library.asks(db, row)}

    def wake(self, db: Connection, ledger: Ledger, guest: Guest, round_id: int) -> Spoken | None:
        """Go on with a session whose moment has come; None where it is better to wait until they come back to it.

        So it is while they talk of another round, write to people, or cannot be reached, and once the round is over.
        """
        visit = Visit(db, ledger, guest, Inbound(guest.contact.channel, "", SILENCE))
        busy = guest.contact.asks is not None and not guest.contact.asks.startswith((RECEIPT, ASKING))
        row = self._hall.row(visit, round_id)
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
            return bare(self._changing.receipt(visit, receipt))
        if self._asks_what_came(visit):
            return bare(self._fates.mine(visit))
        going = self._choosing.going(visit)
        if len(going) > 1 and self._hall.meaning(visit, text) in {"start", GREETING}:
            return bare(self._choosing.switch(visit, going))
        return None

    def _asks_what_came(self, visit: Visit) -> bool:
        """Whether somebody who is asked something else asks what came of their answers.

        One word alone ("mine") is no such question: it may be what they answer.
        """
        text = visit.message.text
        return self._hall.asks_for(visit) == "mine" and (is_command(text.strip()) or " " in fold(text))

    def _on(self, visit: Visit, round_id: int, message: Message) -> Spoken:
        """Take the message as a turn of the session in this round."""
        row = self._hall.row(visit, round_id)
        if row is None or not self._takes(visit, row):
            return self._over(visit, round_id, row)
        if visit.guest.contact.blocked_at is not None and not self._hall.is_right(visit):
            return self._hall.blocked(visit)
        played = self._library.played(visit.db, row)
        which = (*self._closing_soon(visit, row), *self._hall.which(visit, row))
        before = visit.guest.session(round_id)
        spoken = self._participations.go_on(visit.ledger, visit.guest, played, message)
        spoken = self._discretion.asking(visit, played, before, spoken)._replace(heeded=True)
        spoken = spoken._replace(prompts=(*which, *spoken.prompts)) if which else spoken
        if spoken.urgent and (known := visit.guest.rows.get(round_id)):
            self._alarms.in_round(visit.db, visit.guest.contact, row, known.started_at, message.text, visit.ledger.now)
        if spoken.asked:
            return spoken.saying(*self._word(visit, spoken.asked))
        if spoken.ended and visit.guest.contact.stopped_at == visit.ledger.now:
            self._participations.stop_others(visit.ledger, visit.guest, round_id)
            self._unsaying.refuse(visit, WRITTEN_TO)
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
        until = (over + GRACE).astimezone(self._hall.config.city.zone)
        return (self._hall.say(visit, "round_closed_finish", until=f"{until:%H:%M}"),)

    def _over(self, visit: Visit, round_id: int, row: RoundRow | None) -> Spoken:
        """The round of this session is over, or rests: say so, and what else there is."""
        rests = row is not None and row.state == State.PAUSED
        if not rests and not self._waits_for_its_sweep(visit, round_id):
            self._participations.expire(visit.ledger, visit.guest, round_id)
        if row is None:
            return bare(self._choosing.choices(visit))
        if visit.message.kind is Kind.TEXT and self._hall.meaning(visit, visit.message.text) in RIGHTS:
            return self._at_desk(visit)
        if (word := pressed(visit.message)) in RIGHTS:
            return self._sent(visit, word)
        if self._hall.asks_for(visit) == "change" and (yes := self._unsaying.unsay_ask(visit, waits=True)):
            return bare(yes)
        said = "round_paused" if rests else "round_closed_meanwhile"
        return bare((self._hall.say(visit, said), *self._choosing.choices(visit)))

    @staticmethod
    def _waits_for_its_sweep(visit: Visit, round_id: int) -> bool:
        """Whether a round is over by the clock alone: as long as that may be wrong, no session is ended for it."""
        kept = rounds.get(visit.db, round_id)
        return kept is not None and kept.state in RUNNING

    def _left_open(self, visit: Visit) -> Prompts:
        """Come back to another session that was left for this one."""
        current = visit.guest.current()
        row = None if current is None else self._hall.row(visit, current)
        if row is None or row.state != State.OPEN or visit.guest.contact.stopped_at is not None:
            return ()
        played = self._library.played(visit.db, row)
        again = self._participations.resume(visit.ledger, visit.guest, played)
        return (
            self._hall.say(visit, "about_now", topic=self._hall.about(visit, row)),
            self._hall.say(visit, "resumed"),
            *again,
        )

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

    def _started(self, visit: Visit, code: str) -> Spoken:
        """`/start`, `/start CODE`: a round, a service, or an invitation to a role. It ends a STOP."""
        welcome: Prompts = ()
        if visit.guest.contact.stopped_at is not None:
            visit.ledger.change(visit.guest, stopped_at=None)
            welcome = (self._hall.say(visit, "start_again"),)
        visit.ledger.change(visit.guest, asks=None)
        if code.startswith(ROLE):
            return bare(self._staff.welcome(visit.db, visit.ledger, visit.guest, code.removeprefix(ROLE)))
        spoken = self._entering.named(visit, code) if code else bare(self._entering.begun(visit))
        return Spoken((*welcome, *spoken.prompts), spoken.flow, spoken.origin, spoken.to)

    def _tapped(self, visit: Visit) -> Spoken:
        """A button of a session, wherever that session stands, or one of the desk's own."""
        data = visit.message.data
        if data.startswith("@"):
            kind, _, value = data.partition(":")
            return self._own_button(visit, kind, value)
        if (rehearsed := self._staff.rehearsed(visit)) is not None:
            return bare(rehearsed)
        tag = (parse_button(data) or ("",))[0]
        if (visit.guest.contact.asks or "").startswith(f"{correspondence.WRITING} "):
            visit.ledger.change(visit.guest, asks=None)  # whoever answers a question writes to people no more
        for round_id in reversed(visit.guest.rows):
            session = visit.guest.session(round_id)
            if session is not None and session.tag == tag:
                if session.active:
                    return self._on(visit, round_id, visit.message)
                break
        word = pressed(visit.message)
        return self._sent(visit, word) if word else bare(self._stale(visit, tag))

    def _sent(self, visit: Visit, word: str) -> Spoken:
        """Take a button that stands for a word as the word itself."""
        inbound = visit.inbound._replace(message=Message(Kind.TEXT, f"/{word}"))
        return self.answer(visit.db, visit.ledger, visit.guest, inbound)

    def _stale(self, visit: Visit, tag: str) -> Prompts:
        """A button whose session is over or forgotten: say so, and where we are now."""
        again = self._hall.again(visit)
        if again:
            return (self._hall.say(visit, "old_button"), *again)
        row = next(
            (row for row in sessions.all_of(visit.db, visit.guest.contact.id) if f'"tag":"{tag}"' in row.body), None
        )
        of = None if row is None or not tag else self._hall.row(visit, row.round_id)
        if of is not None and of.state != State.OPEN:
            return (self._fates.closed(visit, of), *self._choosing.choices(visit))
        return (self._hall.say(visit, "nothing_running"),)

    def _own_button(self, visit: Visit, kind: str, value: str) -> Spoken:  # noqa: C901, PLR0911, PLR0912 - a table of buttons
        match kind:
            case "@round":
                return self._entering.named(visit, value)
            case "@service":
                keys = {row.service for row in visit.ledger.open_rounds.values()}
                service = value if value in keys else worker.named(keys, value)
                return bare(self._choosing.choices(visit, service=service or None))
            case "@enough":
                return self._entering.enough(visit, value)
            case "@later":
                return self._entering.not_now(visit, value)
            case "@never":
                visit.ledger.change(visit.guest, invite_again_at=None)
                visit.ledger.ask_no_more(visit.guest)
                self._unsaying.refuse(visit, frozenset({"invite"}))
                return bare((self._hall.say(visit, "invitation_never_done"),))
            case "@desk" if pressed(visit.message):
                return self._sent(visit, pressed(visit.message))
            case "@receipt" if (visit.guest.contact.asks or "").startswith(RECEIPT):
                asks = visit.guest.contact.asks or ""
                visit.ledger.change(visit.guest, asks=None)
                return bare(self._changing.with_receipt(visit, "change", asks))
            case "@clear" | "@partly" | "@unclear":
                return bare(self._heard_result(visit, kind.removeprefix("@"), value))
            case worker.MENU:
                screens = self._staff.tapped(visit, value)
                return bare(self._stale(visit, "") if screens is None else screens)
            case "@language" if value in self._hall.config.city.languages:
                return bare(self._speak(visit, value))
            case "@human" | "@reply" | "@close" | "@alarm":
                prompts = self._people.tapped(visit, kind, value)
                return bare(self._stale(visit, "") if prompts is None else prompts)
            case asked.BUTTON:
                prompts = self._asked.tapped(visit, value)
                return bare(self._stale(visit, "") if prompts is None else prompts)
            case "@unsay":
                prompts = self._unsaying.unsay(visit, value)
                return bare(self._stale(visit, "") if prompts is None else prompts)
            case "@private":
                done = self._discretion.tapped(visit, value)
                return bare(self._stale(visit, "") if done is None else done)
            case "@delete" if (visit.guest.contact.asks or "").startswith(DELETING):
                return bare(self._changing.delete(visit, yes=value == "yes"))
            case _:
                return bare(self._stale(visit, ""))

    def _asked_back(self, visit: Visit, asks: str, word: str | None) -> Prompts | None:
        """Take words as the answer to a question asked back, which waits on while they ask something themselves."""
        return self._fates.mine(visit) if self._asks_what_came(visit) else self._asked.heard(visit, asks, word)

    def _awaited(self, visit: Visit, asks: str) -> Spoken | None:
        """Take the message as the answer to what the desk asked; None where it is none."""
        text = visit.message.text.strip()
        kind = asks.split(maxsplit=1)[0]
        if kind in {correspondence.WRITING, correspondence.WHOM, correspondence.REPLYING}:
            return self._people.heard(visit, asks)
        word = self._hall.meaning(visit, text)
        if kind in {ASKING, asked.ANSWERING}:
            own = kind == ASKING
            prompts = self._discretion.heard(visit, asks, word) if own else self._asked_back(visit, asks, word)
            return None if prompts is None else bare(prompts)
        if kind == DELETING and word in {"yes", "no"}:
            return bare(self._changing.delete(visit, yes=word == "yes"))
        if kind == DELETING and (word not in EVERYWHERE or visit.message.kind is not Kind.TEXT):
            return bare((Prompt(self._hall.say(visit, "yes_or_no").text, self._hall.yes_no(visit)),))
        if kind == CHOOSING and visit.guest.current() is None and visit.message.kind is Kind.TEXT:
            return self._picked(visit, self._choosing.among(visit, asks), text, word)
        visit.ledger.change(visit.guest, asks=None)
        if kind == RECEIPT and word in heard_of_receipt(asks):
            return bare(self._changing.with_receipt(visit, word or "", asks))
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
            return bare(rehearsed)._replace(heeded=True)
        word = self._hall.meaning(visit, visit.message.text)
        aside = word in EVERYWHERE and word not in {"back", "skip", "ok", "yes", "no"}
        if aside or visit.inbound.edited:
            visit.ledger.change(visit.guest, asks=None if aside else asks)
            return None
        screen = self._staff.heard(visit, asks, word)
        return None if screen is None else bare((screen,))._replace(heeded=True)

    def _picked(self, visit: Visit, service: str | None, text: str, word: str | None) -> Spoken | None:
        """Take a number or a label as the choice; what is neither, no word and no receipt, shows the choices again."""
        yes = word in {"yes", "ok"}
        if (word and not yes) or codes.read_receipt(text) is not None:
            return None
        if service == "":
            return bare(self._choosing.choices(visit))
        offered = [Option(data, label) for label, data in self._choosing.offered(visit, service)]
        if not offered:
            visit.ledger.change(visit.guest, asks=None)
            return None
        data = offered[0].id if yes and len(offered) == 1 else meant(offered, text)
        if data:
            return self._own_button(visit, *data.split(":", 1))._replace(heeded=True)
        return bare((self._hall.say(visit, "choose_again"), *self._choosing.choices(visit, service=service)))

    def _unsaid(self, visit: Visit, text: str) -> Spoken | None:
        """Take a number or a label as the yes to take back; anything else means something else."""
        shown = self._unsaying.unsay_ask(visit, waits=True)
        visit.ledger.change(visit.guest, asks=None)
        data = meant([Option(each.data, each.label) for prompt in shown for each in prompt.buttons], text)
        return self._own_button(visit, *data.split(":", 1))._replace(heeded=True) if data else None

    def _switched(self, visit: Visit, text: str) -> Spoken | None:
        """Take a number or a label as the round to go on with; anything else is for the session at hand."""
        offered = [
            Option(f"@round:{row.code}", label)
            for row, label in self._choosing.labelled(visit, self._choosing.going(visit))
        ]
        data = meant(offered, text)
        return self._own_button(visit, *data.split(":", 1))._replace(heeded=True) if data else None

    def _language_named(self, visit: Visit, text: str) -> Spoken | None:
        for number, language in enumerate(self._hall.config.city.languages, 1):
            name = self._library.phrases[language].get("language_name", language)
            if text.casefold() in {str(number), language.casefold(), name.casefold()}:
                return bare(self._speak(visit, language))
        return None

    def _speak(self, visit: Visit, language: str) -> Prompts:
        visit.ledger.change(visit.guest, language=language, asks=None)
        return (self._hall.say(visit, "desk_language_set"),)

    def _at_desk(self, visit: Visit) -> Spoken:
        """Nothing is being asked: a word, a receipt, or something we do not understand."""
        message = visit.message
        if visit.inbound.edited:
            return bare((self._hall.say(visit, "amend_late"),) if self._asked_before(visit) else ())
        if message.kind is not Kind.TEXT:
            return bare((self._hall.say(visit, "media_not_understood"),))
        receipt = codes.read_receipt(message.text)
        if receipt is not None:
            return bare(self._changing.receipt(visit, receipt))
        word = self._hall.meaning(visit, message.text)
        if word == "start":
            return self._started(visit, "")
        if word == GREETING:
            visit.ledger.change(visit.guest, asks=None)
            return bare(self._entering.begun(visit))
        return bare(self._word(visit, word or ""))

    def _warned(self, visit: Visit, passage: SessionRow | None) -> Prompts:
        """Return what to do in danger where a text that answers no question speaks of some; people are told.

        `passage`: the one somebody is in, if any: then it is the people of its service.
        """
        text, contact, now = visit.message.text, visit.guest.contact, visit.ledger.now
        urgent = self._people.urgent(visit, text)
        row = self._hall.row(visit, passage.round_id) if urgent and passage is not None else None
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
                return (*self._kept.mydata(visit), *self._hall.back(visit))
            case "delete":
                return self._changing.ask_delete(visit)
            case "help":
                return (*self._staff.help(visit.db, visit.guest), *self._help(visit))
            case "language":
                return self._ask_language(visit)
            case "stop":
                return self._stop(visit)
            case "mine":
                return self._fates.mine(visit)
            case "change":
                return self._changing.change(visit)
            case "back" | "skip" | "why" | "ok" | "yes" | "no" | "done":
                return (self._hall.say(visit, "nothing_running"),)
            case _ if not visit.guest.rows and visit.guest.contact.asks is None:
                return self._choosing.choices(visit, greet=True)
            case _:
                return (self._hall.say(visit, "not_understood"),)

    def _human(self, visit: Visit) -> Prompts:
        """Let them write to the people of the service at hand; where nobody can be reached so, name a person."""
        at_hand = visit.guest.current() or next(reversed(visit.guest.rows), None)
        row = None if at_hand is None else self._hall.row(visit, at_hand)
        answerable = visit.guest.contact.unreachable_at is None  # nobody writes back to what staff take down
        prompts = self._people.human(visit, row.service if row else None) if answerable else None
        if prompts is not None:
            return prompts
        contact = self._hall.config.city.human_contact
        return (self._hall.say(visit, "human", human_contact=contact), *self._hall.back(visit))

    def _help(self, visit: Visit) -> Prompts:
        """Say what can be sent while nothing is asked, in words and as buttons."""
        changes = self._changing.finished(visit) is not None or bool(self._unsaying.said_yes(visit))
        leads = {"change": changes, "language": len(self._hall.config.city.languages) > 1}
        possible = {word for word in SENDABLE if leads.get(word, True)}
        text = self._library.phrases[visit.language]["desk_help"]
        return word_list(self._hall.script(visit.language), text, possible, DESK)

    def _heard_result(self, visit: Visit, what: str, code: str) -> Prompts:
        """Note whether the result of a round was clear to somebody; the last word counts."""
        row = rounds.by_code(visit.db, code)
        if row is None or not rounds.was_told(visit.db, row.id, visit.guest.contact.id):
            return self._stale(visit, "")
        mine = [(row.id, visit.guest.contact.id)]
        for other in wishes.HEARD:
            wishes.remove(visit.db, mine, other)
        wishes.add(visit.db, mine, visit.ledger.now, what)
        return (self._hall.say(visit, f"report_back_{what}_done"),)

    def _stop(self, visit: Visit) -> Prompts:
        if visit.guest.contact.stopped_at is not None:
            return (self._hall.say(visit, "stopped_already"),)
        visit.ledger.change(visit.guest, stopped_at=visit.ledger.now)
        visit.ledger.cancel_bulk(visit.guest)
        self._unsaying.refuse(visit, WRITTEN_TO)
        self._people.stop(visit)
        return (self._hall.say(visit, "stopped_all"),)

    def _ask_language(self, visit: Visit) -> Prompts:
        visit.ledger.change(visit.guest, asks=LANGUAGE)
        names = [
            (each, self._library.phrases[each].get("language_name", each)) for each in self._hall.config.city.languages
        ]
        buttons = tuple(Button(name, f"@language:{each}") for each, name in names)
        return (Prompt(self._hall.say(visit, "desk_language_ask").text, buttons),)


def meant(offered: Sequence[Option], text: str) -> str | None:
    """Return what of all that is offered a text means: its number or label, or words that stand in one label alone."""
    words = fold(text)
    near = [option.id for option in offered if len(words) > SHORT and f" {words} " in f" {fold(option.label)} "]
    return chosen(table(offered, {}), text) or (near[0] if len(near) == 1 else None)
