"""An installation in one process: everything real but the channel, which is a pigeon, and the clock, which is set."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot import config, letters
from bot.actions.acting import Actions
from bot.channels.base import Capabilities, Document, Inbound, Raw, Sent
from bot.counter import Counter
from bot.delivery import Delivery
from bot.desk.desk import Desk
from bot.digests.writing import Digests
from bot.errors import Missing, Unreadable
from bot.flood import Flood
from bot.jobs.sweeps import Sweeps
from bot.menu.reading import Reading
from bot.metrics import Metrics
from bot.participation import Participations
from bot.rounds.hours import Hours
from bot.rounds.library import Library
from bot.rounds.organising import Rounds
from bot.staff import Staff
from bot.threads import Threads
from bot.turns import Turns
from flows.catalog import Catalog
from flows.model import Kind, Message
from storage import answers as stored
from storage import contacts, rounds, tables
from storage.sealing import Keys
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from bot.channels.base import Accept, Outbound, Receipt
    from bot.config import Config
    from bot.pacing import Pace
    from bot.rounds.looking import RoundView
    from storage.answers import AnswerRow
    from storage.database import Database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A Tuesday."""
CATALOG = Catalog.load()


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Pigeon:
    """A channel of a few lines: JSON comes in, what goes out is kept, and receipts are as told."""

    name = "pigeon"
    capabilities = Capabilities(buttons=100, label=60, text=4096, places=True, photos=True, edits=True)

    def __init__(self) -> None:
        self.sent: list[Outbound] = []
        self.receipts: dict[str, list[Receipt | Exception]] = defaultdict(list)
        """By address: what is answered to the next messages, before everything is taken."""
        self.slowness = 0.0
        self.files: dict[str, bytes | Exception] = {}
        """What can be fetched by its reference."""
        self._ids = itertools.count(1000)

    async def listen(self, accept: Accept) -> None:
        await asyncio.Event().wait()

    def parse(self, raw: Raw) -> list[Inbound]:
        try:
            update = json.loads(raw.body)
        except ValueError as error:
            raise Unreadable("no pigeon brought this") from error
        if "address" not in update:
            return []
        message = Message(**{"kind": Kind.TEXT, **update.get("message", {})} | _kind(update))
        about = update.get("about", {})
        if "document" in about:
            about["document"] = Document(*about["document"])
        return [Inbound("pigeon", update["address"], message, **about)]

    async def send(self, message: Outbound) -> Receipt:
        if self.slowness:
            await asyncio.sleep(self.slowness)
        waiting = self.receipts[message.address]
        receipt = waiting.pop(0) if waiting else Sent(str(next(self._ids)))
        if isinstance(receipt, Exception):
            raise receipt
        if isinstance(receipt, Sent):
            self.sent.append(message)
        return receipt

    async def fetch(self, file: str) -> bytes:
        if file not in self.files:
            raise Missing("no such file")
        if isinstance(found := self.files[file], Exception):
            raise found
        return found

    async def close(self) -> None:
        pass


def _kind(update: dict[str, Any]) -> dict[str, Any]:
    kind = update.get("message", {}).get("kind")
    return {"kind": Kind(kind)} if kind else {}


_updates = itertools.count(1)


def raw(address: str, *, key: str = "", about: dict[str, Any] | None = None, **message: Any) -> Raw:
    """Return an update of a citizen; the same `key` is the same update."""
    body = {"address": address, "message": message, "about": about or {}}
    return Raw("pigeon", key or f"u{next(_updates)}", json.dumps(body).encode())


@dataclass(slots=True)
class Citizen:
    """Somebody who writes by pigeon."""

    house: House
    address: str = "c1"

    async def says(self, text: str, **about: Any) -> list[Outbound]:
        """Send a text; return what is said to it."""
        return await self.sends(raw(self.address, text=text, about=about))

    async def starts(self, code: str = "") -> list[Outbound]:
        """Follow a deep link, or send /start."""
        return await self.sends(raw(self.address, text=f"/start {code}".strip(), about={"start": code}))

    async def taps(self, label: str, message: Outbound | None = None) -> list[Outbound]:
        """Press a button of the last message that has it, or of an earlier one."""
        return await self.sends(raw(self.address, kind="tap", data=self.button(label, message)))

    def button(self, label: str, message: Outbound | None = None) -> str:
        """Return what a button carries."""
        shown = [message] if message else reversed(self.house.said(self.address))
        return next(b.data for each in shown for b in each.buttons if b.label == label)

    async def sends(self, *raws: Raw) -> list[Outbound]:
        """Send updates at once; return what is said to them."""
        before = {message.key for message in self.house.said(self.address)}
        await self.house.turns.accept(raws)
        return [message for message in self.house.said(self.address) if message.key not in before]

    async def does(self, *steps: str) -> list[Outbound]:
        """Tap one button after the other; return what is said to the last."""
        said: list[Outbound] = []
        for step in steps:
            said = await self.taps(step)
        return said

    def answers(self, code: str) -> list[AnswerRow]:
        """Return this person's standing answers in a round."""
        return self.house.answers(code, self.address)


@dataclass(slots=True)
class House:
    """All parts, connected as in the program."""

    database: Database
    folder: Path
    mint: Callable[[], str]
    clock: Clock = field(default_factory=Clock)
    pigeon: Pigeon = field(default_factory=Pigeon)
    paces: dict[str, Pace] = field(default_factory=dict)
    catalog: Catalog = CATALOG
    config: config.Config = field(init=False)
    metrics: Metrics = field(default_factory=Metrics)
    without: tuple[str, ...] = ()
    """Services that are no longer set up."""
    ahead: tuple[str, ...] = ()
    """Services that now stand before all others, in this order."""
    edit: Callable[[Config], Config] = lambda read: read
    """What somebody has changed in the configuration."""

    def __post_init__(self) -> None:
        read = config.load(None, {})
        ahead = tuple(read.service(key) for key in self.ahead)
        services = (*ahead, *(one for one in read.services if one.key not in {*self.ahead, *self.without}))
        read = self.edit(replace(read, services=services))
        privacy = replace(read.privacy, key_file=self.folder / "keys")
        database = replace(read.database, files=self.folder / "files")
        self.config = replace(read, privacy=privacy, database=database)
        self.keys = Keys.load(self.config.privacy.key_file, self.mint)
        self.library = Library(self.config, self.catalog, self.keys, self.clock)
        self.rounds = Rounds(self.config, self.database, self.keys, self.catalog, self.library, self.clock, self.mint)
        self.rounds.channels = ("pigeon",)
        self.digests = Digests(self.config, self.catalog.bank, self.library)
        self.channels = {"pigeon": self.pigeon}
        self.threads = Threads(
            self.config, self.library.phrases, self.keys, self.mint, {"pigeon": self.pigeon.capabilities}
        )
        self.actions = Actions(self.config, self.library, self.catalog.bank, {"pigeon": self.pigeon.capabilities})
        self.desk = Desk(
            self.config,
            self.catalog,
            self.library,
            self.keys,
            Participations(self.keys, self.mint, self.config.city.zone),
            Staff(self.config, self.library, self.keys, self.mint, self.digests.so_far_text, self.rounds, self.actions),
            self.threads,
            self.mint,
            Flood(messages=1_000_000),  # the clock stands: all that somebody ever writes comes within a minute
        )
        capabilities = Capabilities(buttons=100, label=300, text=20_000)
        self.counter = Counter(self.database, self.desk, self.library, self.keys, self.clock, self.mint, capabilities)
        self.turns = self.new_turns()
        self.delivery = self.new_delivery("me:1:x")
        self.reading = Reading(
            self.database,
            {"pigeon": self.pigeon},
            {"pigeon": self.pigeon.capabilities},
            self.catalog,
            self.rounds,
            self.clock,
            lambda: None,
        )
        self.sweeps = Sweeps(
            self.config,
            self.database,
            self.library,
            self.digests,
            {"pigeon": self.pigeon.capabilities},
            self.clock,
            lambda: None,
        )

    keys: Keys = field(init=False)
    library: Library = field(init=False)
    rounds: Rounds = field(init=False)
    digests: Digests = field(init=False)
    channels: dict[str, Any] = field(init=False)
    threads: Threads = field(init=False)
    actions: Actions = field(init=False)
    desk: Desk = field(init=False)
    counter: Counter = field(init=False)
    turns: Turns = field(init=False)
    delivery: Delivery = field(init=False)
    sweeps: Sweeps = field(init=False)
    reading: Reading = field(init=False)

    def new_turns(self) -> Turns:
        """Return another writer, as a restarted process has one."""
        languages = self.config.city.languages
        return Turns(self.database, self.channels, self.desk, self.keys, languages, self.clock, self.metrics)

    def new_delivery(self, owner: str) -> Delivery:
        """Return another sender."""
        hours = Hours.of(self.config)
        return Delivery(
            self.database, self.channels, self.keys, owner, self.clock, self.metrics, self.paces, hours=hours
        )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[House]:
        """Run the writer to the end of the block."""
        self.turns.begin()
        try:
            yield self
        finally:
            await self.turns.end()

    # ----------------------------------------------------------------- rounds

    def pulse(self, service: str = "library", **facts: Any) -> RoundView:
        """Open a running round."""
        made = self.rounds.create(service=service, flow="deliver_pulse", title="How is it?", record={}, **facts)
        return self.rounds.open(made.code)

    def need(self, *, opened: bool = True, **facts: Any) -> RoundView:
        """Open a formal round."""
        given: dict[str, Any] = {
            "service": "library",
            "flow": "need_round",
            "title": "Opening hours",
            "record": RECORD,
            "closes_at": self.clock() + timedelta(days=20),
        }
        made = self.rounds.create(**given | facts)
        if not opened:
            return made
        self.sign(made.code)
        return self.rounds.open(made.code)

    def sign(self, code: str) -> None:
        """Let the second person sign a round."""
        sign(self.rounds, self.database, code, self.clock())

    # ----------------------------------------------------------------- looking

    def said(self, address: str) -> list[Outbound]:
        """Return everything decided to be said to an address, in order: also what arrived and is kept no more."""
        hash_ = self.keys.address_hash("pigeon", address)
        wanted = (
            select(tables.outbox.c.body, tables.outbox.c.key)
            .join(tables.contacts, tables.contacts.c.id == tables.outbox.c.contact_id)
            .where(tables.contacts.c.address_hash == hash_)
            .order_by(tables.outbox.c.id)
        )
        with self.database.reading() as db:
            found = db.execute(wanted).all()
        arrived = {each.key: each for each in self.pigeon.sent}
        kept = {key: letters.read(letters.opened(body, self.keys), key, address) for body, key in found if body}
        known = arrived | kept
        return [known[key] for _, key in found if key in known]

    def contact(self, address: str) -> contacts.Contact:
        """Return a contact."""
        key = ("pigeon", self.keys.address_hash("pigeon", address))
        with self.database.reading() as db:
            return contacts.find(db, [key])[key]

    def answers(self, code: str, address: str) -> list[AnswerRow]:
        """Return somebody's standing answers in a round."""
        with self.database.reading() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            assert row.key_sealed is not None
            key = self.keys.unseal(row.key_sealed)
            pseudonym = self.keys.pseudonym(key, self.keys.address_hash("pigeon", address))
            return stored.of(db, row.id, pseudonym)

    def table(self, name: str) -> Sequence[Any]:
        """Return all rows of a table, in the order written."""
        table = tables.metadata.tables[name]
        with self.database.reading() as db:
            return db.execute(select(table).order_by(*table.primary_key)).all()

    def _due(self) -> bool:
        """Whether anything can be sent now; who waits behind a message put off, no less urgent, waits with it."""
        put_off = dict[int, int]()
        for row in self.table("outbox"):
            if row.status == "due" and row.due_at > self.clock():
                put_off[row.contact_id] = min(row.priority, put_off.get(row.contact_id, row.priority))
            elif row.status in {"due", "sending"} and row.priority < put_off.get(row.contact_id, row.priority + 1):
                return True
        return False

    async def delivered(self, within: float = 10.0) -> list[Outbound]:
        """Send all that is due; return what has arrived so far."""
        sender = self.new_delivery("me:1:x")
        task = asyncio.create_task(sender.run())
        async with asyncio.timeout(within):
            while self._due():  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.02)
        sender.stop()
        await task
        return self.pigeon.sent


RECORD: dict[str, Any] = {
    "topic": {"en": "the opening hours of the library", "es": "el horario de la biblioteca"},
    "decider": "The city council",
    "decided_on": "2027-02-01",
    "open_points": {"en": "the hours", "es": "el horario"},
    "fixed_points": {"en": "the place", "es": "el lugar"},
    "influence": "ask",
    "duty": "none",
    "level": "collective",
    "lists": {"ideas": [["early", {"en": "Open earlier", "es": "Abrir antes"}], ["late", "Open later"]]},
    "feedback_on": "2027-01-15",
}
