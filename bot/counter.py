"""The counter: members of staff take down what somebody says on the telephone, on paper or at a desk.

It is the same conversation, spoken by the same desk. Each entry is a person of its own, at an address nobody but the
entry's page knows; nothing is ever sent there, so what asks to be written to later is answered with no. One message is
one transaction: heard, answered and written down, without inbox and outbox.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from bot import letters
from bot.channels import ASSISTED
from bot.channels.base import Inbound
from bot.compose import compose
from bot.ledger import Guest, Ledger
from bot.participation import SILENCE, Spoken
from bot.rounds import wording
from bot.rounds.acting import name_of
from bot.rounds.lifecycle import State, as_of
from bot.rounds.looking import ENTERED
from flows.model import Kind, Message, Status, button_data
from storage import contacts, crossings, entries, findings, messages, rounds, sessions, trail
from storage.contacts import NewContact
from storage.entries import GROUP, INDIVIDUAL, KINDS, ORGANISATION, Entry
from storage.messages import BOT, CITIZEN, NewLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.compose import Part
    from bot.desk.desk import Desk
    from bot.rounds.library import Library
    from flows.model import Session
    from storage.contacts import Address
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.sealing import Keys

LATER = frozenset({"result", "invite"})
"""What asks whether the bot may write later: it cannot, to somebody without an address."""
MOST_HEADS = 10_000
LONGEST = 120
"""Letters of an organisation's name."""


@dataclass(frozen=True, slots=True)
class Voice:
    """For whom an entry speaks: one person, a group of so many, or an organisation by its name."""

    kind: str = INDIVIDUAL
    heads: int = 1
    organisation: str = ""
    late: bool = False
    """It reached us after the last day to answer."""

    @classmethod
    def of(cls, kind: str, heads: int | None, organisation: str, *, late: bool = False) -> Voice:
        """Return it as it is kept.

        Raises `Refused` for a group without heads, an organisation without a name, and for what goes with another kind:
        a club entered as one person, its twelve heads dropped, would be counted as one.
        """
        name = " ".join(organisation.split())
        if kind not in KINDS:
            raise wording.Forbidden("no_such_group", value=kind, known=", ".join(KINDS))
        if kind == GROUP and not 2 <= (heads or 0) <= MOST_HEADS:
            raise wording.Forbidden("no_heads", most=MOST_HEADS)
        if kind == ORGANISATION and not 0 < len(name) <= LONGEST:
            raise wording.Forbidden("no_organisation", most=LONGEST)
        if (heads is not None and kind != GROUP) or (name and kind != ORGANISATION):
            raise wording.Forbidden("voice_unclear")
        return cls(kind, (heads or 1) if kind == GROUP else 1, name if kind == ORGANISATION else "", late)


@dataclass(frozen=True, slots=True)
class Talk:
    """An entry as it stands: its lines, and what was said last."""

    channel: str
    lines: tuple[messages.Line, ...]
    parts: tuple[Part, ...] = ()
    over: bool = False
    """Nothing is asked any more."""
    receipt: str = ""
    """For the person, once their answers are handed in."""
    language: str = "en"


class Begun(NamedTuple):
    """A new entry: its name, and what it says first."""

    name: str
    parts: tuple[Part, ...]


class Counter:
    """Takes entries down. Synchronous; each message is one transaction."""

    operator: str | None = None
    """The account at whose command line it is done; None: it is done elsewhere."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        library: Library,
        keys: Keys,
        clock: Callable[[], datetime],
        mint: Callable[[], str],
        capabilities: Capabilities,
    ) -> None:
        """`capabilities` are those of what staff read the questions on."""
        self._database = database
        self._desk = desk
        self._library = library
        self._keys = keys
        self._clock = clock
        self._mint = mint
        self._capabilities = capabilities

    def takes(self, code: str) -> bool:
        """Whether answers may be entered in a round now."""
        with self._database.reading() as db:
            row = self._row(db, code)
            return row is not None and self._takes(db, row)

    def begin(self, code: str, channel: str, language: str, voice: Voice, who: int | None) -> Begun:
        """Begin an entry in a round that is open, or has closed and not been counted; `who` is the member of staff.

        What came after the last day is `voice.late`; in an open round nothing is. The name is a secret of the entry's
        page. Raises `Refused` where the round takes no answers.
        """
        if channel not in ASSISTED:
            raise wording.Forbidden("no_such_group", value=channel, known=", ".join(ASSISTED))
        name, now = f"{channel}-{self._mint()}", self._clock()
        with self._database.transaction() as db:
            row = self._open(db, code)
            flow = self._library.played(db, row).flow
            language = language if language in flow.scripts else flow.language
            hash_ = self._keys.address_hash(channel, name)
            new = NewContact(channel, hash_, self._keys.seal(name), language, now)
            contact = contacts.welcome(db, [new])[channel, hash_]
            contacts.set_unreachable(db, contact.id, now)
            late = voice.late and row.state == State.CLOSED
            mine = (contact.id, row.id, who, voice.kind, voice.heads, voice.organisation, now)
            taken = Entry(*mine, late=late)
            entries.add(db, taken)
            name_ = name_of(db, who, self.operator)
            trail.add(db, row.id, now, name_, ENTERED, by=who, operator=self.operator, taken=taken)
            first = Inbound(channel, name, Message(Kind.TEXT, ""), start=code)
            parts = self._heard(db, row, (channel, hash_), first, "start")
            crossings.passed("counter.begins")
        crossings.passed("counter.begun")
        return Begun(name, parts)

    def say(self, code: str, name: str, message: Message, shown: str, form: str) -> Talk:
        """Take one message down; the same `form` twice is one message.

        Raises `Refused` where there is no such entry.
        """
        with self._database.transaction() as db:
            row, address = self._entry(db, code, name)
            parts = self._heard(db, row, address, Inbound(address[0], name, message), form, shown)
            crossings.passed("counter.hears")
        crossings.passed("counter.heard")
        return self._talk(code, name, parts)

    def look(self, code: str, name: str) -> Talk:
        """Return an entry as it stands. Raises `Refused` where there is none of that name in the round."""
        return self._talk(code, name, ())

    def _talk(self, code: str, name: str, parts: tuple[Part, ...]) -> Talk:
        with self._database.reading() as db:
            row, address = self._entry(db, code, name)
            contact = contacts.find(db, [address])[address]
            lines = tuple(messages.of(db, contact.id))
            guest = self._guest(db, address)
            session = guest.session(row.id)
            done = session is not None and session.status is Status.COMPLETED
            over = session is None or not session.active or not self._takes(db, row)
            receipt = session.receipt if session is not None and done else ""
        return Talk(address[0], lines, parts, over=over, receipt=receipt, language=contact.language)

    # ----------------------------------------------------------------- one message

    def _heard(
        self, db: Connection, row: RoundRow, address: Address, inbound: Inbound, form: str, shown: str = ""
    ) -> tuple[Part, ...]:
        """Answer one message and write both down; nothing where it was heard before."""
        contacts.meet(db, [address])
        guest, now = self._guest(db, address), self._clock()
        key = f"{inbound.address[-40:]}:{form[:40]}"
        said = json.dumps({"text": shown, "language": guest.contact.language}, ensure_ascii=False)
        line = NewLine(guest.contact.id, messages.heard(key), now, CITIZEN, said)
        if shown and not messages.append(db, [line]):
            return ()
        open_rounds = self._desk.asking(db, (*rounds.open_ones(db), *_reopened(db, row)))
        ledger = Ledger(now, open_rounds, {address: guest}, keys=self._keys)
        spoken = self._plain(db, ledger, guest, row, self._desk.answer(db, ledger, guest, inbound))
        parts = compose(spoken.prompts, self._capabilities)
        ledger.change(guest, stopped_at=None, invite_again_at=None)
        messages.append(db, [_line(guest, part, f"out:{key}.{n}", now) for n, part in enumerate(parts)])
        ledger.flush(db, last=True)
        return parts

    def _plain(self, db: Connection, ledger: Ledger, guest: Guest, row: RoundRow, spoken: Spoken) -> Spoken:
        """Wait for no further words, and answer with no what asks whether the bot may write later."""
        while (message := self._answered_here(db, guest, row)) is not None:
            on = self._desk.answer(db, ledger, guest, Inbound(guest.contact.channel, "", message))
            before = spoken.prompts if message.kind is Kind.SILENCE else spoken.prompts[:-1]
            spoken = on._replace(prompts=(*before, *on.prompts))
        return spoken

    def _answered_here(self, db: Connection, guest: Guest, row: RoundRow) -> Message | None:
        """Return what the counter itself says next; None where the person is asked."""
        session = guest.session(row.id)
        if session is None or not session.active or not self._library.asks(db, row):
            return None
        if session.wakes_at is not None:
            return SILENCE
        return self._no(db, row, session) if not session.editing and not session.asking else None

    def _no(self, db: Connection, row: RoundRow, session: Session) -> Message | None:
        flow = self._library.played(db, row).flow
        state = flow.script(session.language).states.get(session.state)
        if getattr(state, "role", None) not in LATER:
            return None
        return Message(Kind.TAP, data=button_data(session.tag, session.state, "no"))

    # ----------------------------------------------------------------- what is known

    def _row(self, db: Connection, code: str) -> RoundRow | None:
        row = rounds.by_code(db, code)
        return None if row is None else as_of(row, self._clock())

    def _open(self, db: Connection, code: str) -> RoundRow:
        row = self._row(db, code)
        if row is None:
            raise wording.Forbidden("no_round", code=code)
        if not self._takes(db, row):
            raise wording.Forbidden("not_open")
        return row

    def _takes(self, db: Connection, row: RoundRow) -> bool:
        return _takes(db, row) and self._library.asks(db, row)

    def _entry(self, db: Connection, code: str, name: str) -> tuple[RoundRow, Address]:
        """Return the round and the address of an entry."""
        row, channel = self._row(db, code), name.partition("-")[0]
        address = (channel, self._keys.address_hash(channel, name))
        contact = contacts.find(db, [address]).get(address) if channel in ASSISTED else None
        if row is None or contact is None or entries.get(db, contact.id, row.id) is None:
            raise wording.Forbidden("no_entry")
        return row, address

    def _guest(self, db: Connection, address: Address) -> Guest:
        contact = contacts.find(db, [address])[address]
        stood = sessions.all_of(db, contact.id)
        return Guest(contact, {each.round_id: each for each in stood}, self._keys)


def _takes(db: Connection, row: RoundRow) -> bool:
    """Whether staff may still enter answers: paper comes in after the last day, until everything has been counted."""
    return row.state == State.OPEN or (row.state == State.CLOSED and findings.get(db, row.id) is None)


def _reopened(db: Connection, row: RoundRow) -> tuple[RoundRow, ...]:
    """Return a closed round as open, for this entry alone."""
    late = row.state == State.CLOSED and _takes(db, row)
    return (replace(row, state=State.OPEN),) if late else ()


def _line(guest: Guest, part: Part, key: str, now: datetime) -> NewLine:
    body = letters.line(part.text, guest.contact.language, part.buttons, part.columns, part.wants)
    return NewLine(guest.contact.id, key, now, BOT, json.dumps(body, ensure_ascii=False))
