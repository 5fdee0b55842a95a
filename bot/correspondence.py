"""HUMAN, in the chat: a citizen writes to the people of a service, and staff answer from theirs.

While somebody writes, the session at hand waits as it is. Words that mean something everywhere mean it here as well;
all but HELP and HUMAN end the writing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.menu.worker import mark_of, named
from bot.participation import Spoken
from bot.threads import Outcome, Sending
from flows.danger import speaks_of_danger
from flows.model import Button, Kind, Prompt
from flows.phrasebook import EVERYWHERE
from flows.speak import word_list
from flows.words import clean, whole
from storage import people, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.alarms import Alarms
    from bot.config import Config
    from bot.desk.hall import Prompts, Visit
    from bot.threads import Line, Threads
    from flows.model import Message, Script
    from storage.threads import Thread

WRITING, WHOM, REPLYING = "human", "whom", "reply"
"""What the desk may be waiting for: words for people, the service they are for, an answer of staff."""
MOST, WITHIN = 20, timedelta(hours=1)
"""A thread takes so many messages of a citizen in this time."""
OBJECTIONS, ANEW = 3, timedelta(days=1)
"""And so many of one whom staff have blocked: enough to object."""
LEAVING = frozenset({"done", "back", "skip"})
"""Words that end the writing and lead back to the questions."""
OF = "of:"
"""What a button carries before the mark of a service, which is never the name of a thread then."""
STAYING = frozenset({"help", "human"})
ASIDE = frozenset({"language", "mydata", "delete", "stop"})
"""What HELP names while somebody writes."""


class Correspondence:
    """What is said around threads, to citizens and to staff."""

    def __init__(
        self,
        config: Config,
        threads: Threads,
        alarms: Alarms,
        script: Callable[[str], Script],
        meaning: Callable[[Visit, str], str | None],
        back: Callable[[Visit], Prompts],
    ) -> None:
        """`script` gives the desk's words in a language, `meaning` what a text means, `back` the question at hand."""
        self._config = config
        self._threads = threads
        self._alarms = alarms
        self._script = script
        self._meaning = meaning
        self._back = back

    # ----------------------------------------------------------------- HUMAN

    def human(self, visit: Visit, service: str | None) -> Prompts | None:
        """Let a citizen write to the people of a service; None where nobody there can be reached by the bot.

        Where it is not known which service they mean, and there are several, they are asked.
        """
        offered = self._threads.answered_for(visit.db)
        if service is None and len(offered) > 1:
            names = self._offered(visit)
            visit.ledger.change(visit.guest, asks=f"{WHOM} {_all(names)}")
            buttons = (Button(name, f"@human:{OF}{mark_of(key)}") for key, name in names.items())
            return (Prompt(self._text(visit, "human_which"), tuple(buttons)),)
        chosen = service or next(iter(offered), "")
        return self._begin(visit, chosen) if chosen in offered else None

    def _offered(self, visit: Visit) -> dict[str, str]:
        """Return the services somebody can be reached for, each with its name."""
        offered = self._threads.answered_for(visit.db)
        return {each.key: each.label(visit.language) for each in self._config.services if each.key in offered}

    def _begin(self, visit: Visit, service: str, thread: Thread | None = None) -> Prompts:
        thread = thread or threads.going_on(visit.db, visit.guest.contact.id, service)
        self._wait(visit, service, thread)
        return self._opening(visit, service)

    def _wait(self, visit: Visit, service: str, thread: Thread | None) -> None:
        """The next words are for the people of a service: of a thread, or of one that will begin."""
        asks = [WRITING, mark_of(service), *([thread.name] if thread else [])]
        visit.ledger.change(visit.guest, asks=" ".join(asks))

    def _opening(self, visit: Visit, service: str) -> Prompts:
        """Say to whom the next words go, when an answer can be expected, and the way back."""
        city = self._config.city
        hours = city.human_hours.get(visit.language)
        when = self._text(visit, "human_hours", hours=hours) if hours else self._text(visit, "human_soon")
        spoken = self._config.service_of(service).spoken(visit.language)
        return (
            Prompt(self._text(visit, "human_open", service=spoken)),
            Prompt(when),
            Prompt(self._text(visit, "human", human_contact=city.human_contact)),
            self._with_done(visit, "human_done"),
        )

    # ----------------------------------------------------------------- what comes

    def passed(self, visit: Visit) -> Spoken | None:
        """Take a reply to a message of a thread, or a change of one that went into it; None for anything else."""
        inbound = visit.inbound
        if not (inbound.edited or inbound.reply_to) or self._is_word(visit):
            return None
        thread = self._meant(visit)
        if thread is None:
            return None
        if thread.contact_id == visit.guest.contact.id:
            return self._bring(visit, thread)
        return self._answer(visit, thread)

    def _meant(self, visit: Visit) -> Thread | None:
        inbound, mine = visit.inbound, visit.guest.contact.id
        if inbound.edited:
            return threads.holding(visit.db, threads.sent_as(mine, inbound.message_id or ""))
        to = inbound.reply_to or ""
        name = threads.name_of(visit.db, mine, to)
        return threads.named(visit.db, name) if name else threads.holding(visit.db, threads.sent_as(mine, to))

    def heard(self, visit: Visit, asks: str) -> Spoken | None:
        """Take the message as what we wait for; None where it is none, and we wait no more."""
        if visit.inbound.edited:
            return None
        kind, *rest = asks.split()
        match kind:
            case "human":
                return self._for_people(visit, rest)
            case "whom":
                return self._chosen(visit, "".join(rest))
            case _:
                return self._for_citizen(visit, rest[0])

    def _for_people(self, visit: Visit, rest: list[str]) -> Spoken | None:
        thread = threads.named(visit.db, rest[1]) if len(rest) > 1 else None
        mark = mark_of(thread.service) if thread else rest[0]
        service = named([each.key for each in self._config.services], mark)
        over = len(rest) > 1 and (thread is None or thread.closed_at is not None)
        word = self._word(visit)
        if not service or over or (word in EVERYWHERE and word not in LEAVING | STAYING):
            visit.ledger.change(visit.guest, asks=None)
            again = self.human(visit, None) if not service and word not in EVERYWHERE else None
            return Spoken(again) if again else None
        if word in LEAVING:
            return Spoken(self._leave(visit))
        if word in STAYING:
            return Spoken((*self._opening(visit, service), *self._list(visit, word)))
        return self._bring(visit, thread or self._new(visit, service))

    def _new(self, visit: Visit, service: str) -> Thread:
        return self._threads.begin(visit.db, visit.guest.contact, service, visit.ledger.now)

    def _list(self, visit: Visit, word: str) -> Prompts:
        if word != "help":
            return ()
        text = self._script(visit.language).phrases["help"]
        return word_list(self._script(visit.language), text, ASIDE, "@desk")[:1]

    def _chosen(self, visit: Visit, shown: str) -> Spoken | None:
        """Take a number or a name as the service to write to; a number where these are the services that were shown."""
        visit.ledger.change(visit.guest, asks=None)
        text, names = clean(visit.message.text).casefold(), self._offered(visit)
        if service := next((key for key, name in names.items() if text == name.casefold()), None):
            return Spoken(self._begin(visit, service))
        place = (whole(text) or 0) - 1
        if place < 0:
            return None
        if shown == _all(names):
            return Spoken(self._begin(visit, [*names][place])) if place < len(names) else None
        again = self.human(visit, None)
        return Spoken(again) if again else None

    # ----------------------------------------------------------------- buttons

    def tapped(self, visit: Visit, kind: str, value: str) -> Prompts | None:
        """Take one of our buttons; None where it leads nowhere any more."""
        if kind == "@human" and value == "done":
            return self._leave(visit)
        if kind == "@human" and value.startswith(OF):
            service = named(self._threads.answered_for(visit.db), value.removeprefix(OF))
            return self._begin(visit, service) if service else None
        if kind == "@human" and value.isdecimal():  # a place in the configuration, where another service may stand now
            return (Prompt(self._text(visit, "human_old")), *self._back(visit))
        if kind == "@alarm":
            taken = self._alarms.taken(visit.db, visit.guest.contact, value, visit.ledger.now)
            return (taken or Prompt(self._text(visit, "staff_only")),)
        thread = threads.named(visit.db, value)
        if thread is None:
            return (Prompt(self._text(visit, "thread_gone")),)
        if kind == "@human":
            return self._write_back(visit, thread)
        return self._of_staff(visit, kind, thread)

    def _write_back(self, visit: Visit, thread: Thread) -> Prompts | None:
        """A citizen writes on in their own thread, also where it was closed."""
        known = thread.service in {each.key for each in self._config.services}
        if thread.contact_id != visit.guest.contact.id or not known:
            return None
        threads.reopen(visit.db, thread.id)
        return self._begin(visit, thread.service, thread)

    def _of_staff(self, visit: Visit, kind: str, thread: Thread) -> Prompts:
        person = self._person(visit, thread)
        if person is None:
            return (Prompt(self._text(visit, "staff_only")),)
        if kind == "@close":
            self._threads.close(visit.db, thread, person, visit.ledger.now)
            return (Prompt(self._text(visit, "thread_closed", name=thread.name)),)
        visit.ledger.change(visit.guest, asks=f"{REPLYING} {thread.name}")
        caring = None if thread.person_id in {None, person.id} else people.get(visit.db, thread.person_id or 0)
        taken = (Prompt(self._text(visit, "thread_taken", who=caring.name, name=thread.name)),) if caring else ()
        return (*taken, Prompt(self._text(visit, "thread_ask", name=thread.name)))

    # ----------------------------------------------------------------- to the people of the service

    def _bring(self, visit: Visit, thread: Thread) -> Spoken:
        """Pass on what a citizen wrote; where it speaks of danger, say first what to do."""
        sent, now = sending(visit.message), visit.ledger.now
        if sent is None:
            return Spoken((self._with_done(visit, "place_live" if visit.message.live else "human_words"),))
        if threads.written_since(visit.db, thread.id, now - WITHIN) >= MOST:
            return Spoken((self._with_done(visit, "human_wait"),))
        blocked = visit.guest.contact.blocked_at is not None
        if blocked and threads.written_since(visit.db, thread.id, now - ANEW) >= OBJECTIONS:
            return Spoken((self._with_done(visit, "human_wait_blocked"),))
        urgent = self.urgent(visit, sent.text)
        told = self._threads.bring(visit.db, thread, sent, now, sent_as=self._sent_as(visit), danger=bool(urgent))
        if urgent:
            self._alarms.in_thread(visit.db, visit.guest.contact, thread.service, thread.name, sent.text, now)
        if self._writes(visit):
            self._wait(visit, thread.service, thread)
        return Spoken(
            (*urgent, self._with_done(visit, "human_passed" if told else "human_nobody")),
            urgent=bool(urgent),
            heeded=True,
        )

    def urgent(self, visit: Visit, text: str) -> Prompts:
        """Return what to do in danger, where a text speaks of some."""
        if not speaks_of_danger(self._script(visit.language), text):
            return ()
        number = self._config.city.emergency_number
        return (
            Prompt(self._text(visit, "urgent")),
            Prompt(self._text(visit, "urgent_number", number=number)),
        )

    def _leave(self, visit: Visit) -> Prompts:
        """Back to the questions; an answer finds its way."""
        visit.ledger.change(visit.guest, asks=None)
        return (Prompt(self._text(visit, "human_left")), *self._back(visit))

    def _writes(self, visit: Visit) -> bool:
        return (visit.guest.contact.asks or "").startswith(f"{WRITING} ")

    def _with_done(self, visit: Visit, key: str) -> Prompt:
        """Return a sentence, with a way back for whoever is writing."""
        label = self._text(visit, "human_done_label")
        done = (Button(label, "@human:done", helper=True),) if self._writes(visit) else ()
        return Prompt(self._text(visit, key, human_contact=self._config.city.human_contact), done)

    # ----------------------------------------------------------------- to the citizen

    def _for_citizen(self, visit: Visit, name: str) -> Spoken | None:
        visit.ledger.change(visit.guest, asks=None)
        word = self._word(visit)
        if word in {"back", "skip"}:
            return Spoken((Prompt(self._text(visit, "thread_not_sent")), *self._back(visit)))
        if word in EVERYWHERE:
            return None
        thread = threads.named(visit.db, name)
        if thread is None:
            return Spoken((Prompt(self._text(visit, "thread_gone")),), heeded=True)
        return self._answer(visit, thread)

    def _answer(self, visit: Visit, thread: Thread) -> Spoken:
        """Send a citizen what a member of staff wrote."""
        text = clean(visit.message.text) if visit.message.kind is Kind.TEXT else ""
        person = self._person(visit, thread)
        if person is None or not text:
            said = Prompt(self._text(visit, "thread_words" if person else "staff_only"))
            return Spoken((said,), heeded=person is not None)
        sent = self._sent_as(visit)
        outcome = self._threads.answer(visit.db, thread, person, text, visit.ledger.now, sent_as=sent)
        key = "thread_silent" if outcome is Outcome.SILENT else "thread_sent"
        return Spoken((Prompt(self._text(visit, key, name=thread.name)),), heeded=True)

    def _person(self, visit: Visit, thread: Thread) -> people.Person | None:
        """Return who of staff this is, where they may answer the thread."""
        person_id = visit.guest.contact.person_id
        if person_id is None or not self._threads.may_answer(visit.db, person_id, thread):
            return None
        return people.get(visit.db, person_id)

    # ----------------------------------------------------------------- a person's own data

    def kept(self, visit: Visit) -> Prompts:
        """Return a citizen's threads in words, each as one prompt."""
        return tuple(self._shown(visit, thread) for thread in threads.of_contact(visit.db, visit.guest.contact.id))

    def _shown(self, visit: Visit, thread: Thread) -> Prompt:
        names = {each.key: each.spoken(visit.language) for each in self._config.services}
        service = names.get(thread.service, thread.service)
        said = [
            self._text(visit, "mydata_they" if line.mine else "mydata_you", text=self._told(visit, line))
            for line in self._threads.lines(visit.db, thread)
        ]
        return Prompt("\n".join((self._text(visit, "mydata_thread", service=service), *said)))

    def _told(self, visit: Visit, line: Line) -> str:
        mark = self._text(visit, f"{line.kind}_mark") if line.kind else ""
        return " ".join(filter(None, (mark, line.text)))

    def stop(self, visit: Visit) -> None:
        """STOP: no answer comes any more, and staff learn that."""
        self._threads.leave(visit.db, visit.guest.contact.id, visit.ledger.now)

    def forget(self, visit: Visit) -> None:
        """DELETE: nothing that was sent to staff stays with us; that it has ended they learn."""
        for thread in threads.of_contact(visit.db, visit.guest.contact.id):
            threads.forget_copies(visit.db, thread.name)
        self.stop(visit)

    # ----------------------------------------------------------------- helpers

    def _word(self, visit: Visit) -> str | None:
        return self._meaning(visit, visit.message.text) if visit.message.kind is Kind.TEXT else None

    def _is_word(self, visit: Visit) -> bool:
        return self._word(visit) in EVERYWHERE

    def _sent_as(self, visit: Visit) -> str | None:
        message_id = visit.inbound.message_id
        return threads.sent_as(visit.guest.contact.id, message_id) if message_id else None

    def _text(self, visit: Visit, key: str, **values: object) -> str:
        return self._threads.say(visit.language, key, **values)


def _all(names: Iterable[str]) -> str:
    """Return what tells the services that are shown, in their order, from any others."""
    return mark_of(" ".join(names))


MAP = "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


def sending(message: Message) -> Sending | None:
    """Return what of a message can be passed on to people; None where that is nothing: a sticker, a film, a live place.

    A place is passed on as its figures and where a map shows them.
    """
    match message.kind:
        case Kind.TEXT if text := clean(message.text):
            return Sending(text)
        case Kind.PHOTO | Kind.VOICE if message.file:
            return Sending(clean(message.text), message.kind.value, message.file)
        case Kind.PLACE if message.latitude is not None and message.longitude is not None and not message.live:
            where = {"latitude": f"{message.latitude:.5f}", "longitude": f"{message.longitude:.5f}"}
            return Sending(f"{where['latitude']}, {where['longitude']}\n{MAP.format(**where)}")
        case _:
            return None
