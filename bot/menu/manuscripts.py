"""Files in the chat: flows, taken in, tried out where they were sent, and published; documents of a draft.

A rehearsal is a session like any other, kept with the file: nothing of it is counted, and nothing is an answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import Refused
from bot.menu.after import After
from bot.menu.examining import LARGEST, playable
from bot.menu.worker import mark_of
from bot.participation import SILENCE
from bot.rights import Right
from bot.rounds import codes, papers
from bot.rounds.wording import Forbidden, spoken
from flows import engine, memory, transcript
from flows.examples import filled
from flows.model import Context, parse_button
from flows.words import whole
from storage import manuscripts
from storage.manuscripts import PUBLISHED, SOUND, NewManuscript

if TYPE_CHECKING:
    from bot.channels.base import Document
    from bot.menu.worker import Worker
    from bot.rounds.looking import RoundView
    from flows.model import Flow, Message, Prompt, Turn
    from storage.manuscripts import Manuscript

TRYING, PAPER = "o:try", "o:paper"
"""The menu may be waiting for: the next answer in a rehearsal, a document of a round."""
FLOWS = (".toml", ".xlsx")
"""A file that is called so is a flow, also while a document is waited for."""
MOST, WITHIN = 10, timedelta(hours=1)
"""So many files are taken of one person in this time."""
LONGEST_NAME = 100
KEPT = 32
"""Flows of files that are held ready; the oldest goes first."""


class Manuscripts(After):
    """Screens around files that were sent."""

    # ----------------------------------------------------------------- a file comes

    def sent(self, worker: Worker) -> Prompt | None:
        """Take a file in, to be looked at in a moment; None for whoever begins no rounds."""
        visit, document = worker.visit, worker.visit.inbound.document
        if document is None or not worker.may_somewhere(Right.LEAD_ROUNDS):
            return None
        kind, _, code = (visit.guest.contact.asks or "").partition(" ")
        if kind == PAPER and not document.name.lower().endswith(FLOWS):
            return self._paper_sent(worker, document, code)
        if document.size > LARGEST:
            return worker.screen(worker.text("file_large"), worker.button("to_menu", "home"))
        return self._taken_in(worker, document)

    def _taken_in(self, worker: Worker, document: Document, of_round: str | None = None) -> Prompt:
        """Keep a file, to be looked at in a moment."""
        visit, contact, now = worker.visit, worker.visit.guest.contact, worker.visit.ledger.now
        if manuscripts.count_since(visit.db, contact.id, now - WITHIN) >= MOST:
            return worker.screen(worker.text("file_many"), worker.button("to_menu", "home"))
        sent_as, name = f"{contact.id}:{visit.inbound.message_id}", document.name[:LONGEST_NAME]
        new = NewManuscript(contact.id, sent_as, document.file, name, now, now, of_round=of_round)
        manuscripts.add(visit.db, new)
        return worker.screen(worker.text("file_reading"))

    # ----------------------------------------------------------------- documents of a round

    def paper(self, worker: Worker, round_: RoundView, above: str = "") -> Prompt:
        """Ask for a document; several may follow one another."""
        if signed := worker.rounds.signature(round_.code):
            return self.freed(worker, round_, signed)
        worker.waits(f"{PAPER} {round_.code}")
        asked = worker.text("paper_ask", title=round_.title)
        return worker.screen([above, asked], worker.button("back", "round", round_.code))

    def _paper_sent(self, worker: Worker, document: Document, code: str) -> Prompt:
        """Take a document of a draft in; what is too large, or called too long, is asked for again."""
        round_ = self.seen(worker, code)
        if round_ is None or not self.writes(worker, round_):
            worker.waits(None)
            return self.gone(worker) if round_ is None else self.stale(worker, round_)
        if signed := worker.rounds.signature(round_.code):
            return self.freed(worker, round_, signed)
        if document.size > papers.LARGEST:
            large = Forbidden("document_large", most=papers.LARGEST // 1024**2)
            return self.paper(worker, round_, worker.text("refused", why=spoken(large, worker.language)))
        if long := self.too_long(worker, "document", document.name, LONGEST_NAME):
            return self.paper(worker, round_, long)
        return self._taken_in(worker, document, code)

    def asked_for_file(self, worker: Worker) -> Prompt:
        """Say what can be sent."""
        return worker.screen(worker.text("file_ask"), worker.button("back", "home"))

    # ----------------------------------------------------------------- which file

    def mine(self, worker: Worker, which: str) -> Manuscript | None:
        """Return a file that this chat has sent and that can be tried out."""
        found = manuscripts.get(worker.visit.db, n) if (n := whole(which)) is not None else None
        own = found is not None and found.contact_id == worker.visit.guest.contact.id
        return found if own and found is not None and found.state in {SOUND, PUBLISHED} else None

    def _flow_of(self, manuscript: Manuscript) -> Flow | None:
        """Return the flow of a file, with examples in its gaps."""
        if manuscript.id not in self._tried:
            flow = playable(self._rounds.catalog, manuscript.texts)
            if flow is None:
                return None
            while len(self._tried) >= KEPT:
                del self._tried[next(iter(self._tried))]
            self._tried[manuscript.id] = filled(flow)
        return self._tried[manuscript.id]

    # ----------------------------------------------------------------- a rehearsal

    def rehearse(self, worker: Worker, manuscript: Manuscript) -> tuple[Prompt, ...]:
        """Begin to walk through a flow as a citizen would."""
        flow, now = self._flow_of(manuscript), worker.visit.ledger.now
        if flow is None:
            return (self.gone(worker),)
        tag = codes.tag(f"{manuscript.id} {now.isoformat()}")
        language = worker.language if worker.language in flow.languages else flow.language
        context = Context(language, worker.visit.guest.contact.channel, tag, transcript.RECEIPT)
        intro = worker.screen(worker.text("try_begins"))
        return (intro, *self._walked(worker, manuscript, flow, engine.start(flow, context, now)))

    def tried(self, worker: Worker, which: str, message: Message) -> tuple[Prompt, ...] | None:
        """Take a message as the next one of a rehearsal; None where it is for somebody else."""
        manuscript = self.mine(worker, which)
        flow = self._flow_of(manuscript) if manuscript else None
        if manuscript is None or flow is None or manuscript.session is None:
            worker.waits(None)
            return (self.gone(worker),)
        session = memory.load(manuscript.session)
        if message.data and (parse_button(message.data) or ("",))[0] != session.tag:
            return None
        turn = engine.advance(flow, session, message, worker.visit.ledger.now)
        return self._walked(worker, manuscript, flow, turn)

    def _walked(self, worker: Worker, manuscript: Manuscript, flow: Flow, turn: Turn) -> tuple[Prompt, ...]:
        """Keep where a rehearsal stands, and say what it says; nobody waits for further words here."""
        said = list(turn.prompts)
        while turn.session.active and turn.session.wakes_at is not None:
            turn = engine.advance(flow, turn.session, SILENCE, worker.visit.ledger.now)
            said += turn.prompts
        active = turn.session.active
        manuscripts.remember(worker.visit.db, manuscript.id, memory.dump(turn.session) if active else None)
        worker.waits(f"{TRYING} {manuscript.id}" if active else None)
        if not active:
            return (*said, self._over(worker, manuscript))
        return tuple(said) or (worker.screen(worker.text("try_aside")),)

    def _over(self, worker: Worker, manuscript: Manuscript) -> Prompt:
        publish = (worker.button("publish", "publish", manuscript.id),) if manuscript.state == SOUND else ()
        again = worker.button("try", "try", manuscript.id)
        return worker.screen(worker.text("try_over"), again, *publish, worker.button("to_menu", "home"))

    # ----------------------------------------------------------------- publishing

    def publish(self, worker: Worker, manuscript: Manuscript) -> Prompt:
        """Let every round ask a flow from now on. Where somebody has done that already it is only said again."""
        flow = playable(self._rounds.catalog, manuscript.texts)
        if flow is None or not self._services(worker, flow):
            return worker.screen(worker.text("publish_not_yours"), worker.button("to_menu", "home"))
        try:
            if manuscript.state == SOUND:
                visit = worker.visit
                self._library.take_in(visit.db, manuscript.texts, visit.guest.contact.channel, visit.ledger.now)
                manuscripts.publish(visit.db, manuscript.id)
        except Refused as refused:
            why = worker.text("refused", why=spoken(refused, worker.language))
            return worker.screen(why, worker.button("to_menu", "home"))
        new = worker.button("new_with", "flow", mark_of(flow.id))
        return worker.screen(worker.text("published"), new, worker.button("to_menu", "home"))
