"""A small real program behind the pages: SQLite, keys, the web channel and the engine; one flow with every verb."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import uvicorn

from bot.actions.acting import Actions
from bot.assessing.assessments import Assessments
from bot.channels import ASSISTED
from bot.channels.base import Gone, Outbound
from bot.channels.web import site
from bot.channels.web.channel import WebChannel
from bot.compose import compose
from bot.config import Config, load
from bot.counter import Counter
from bot.desk.desk import Desk
from bot.digests.writing import Digests
from bot.files import Files
from bot.jobs.sweeps import Sweeps
from bot.participation import Participations
from bot.rounds.library import Library
from bot.rounds.organising import Rounds
from bot.staff import Staff
from bot.threads import Threads
from flows.catalog import Catalog
from flows.engine import advance, ask_again, start
from flows.model import (
    Ask,
    Choose,
    Context,
    End,
    Flow,
    Option,
    Photo,
    Pick,
    Place,
    Prompt,
    Rate,
    Say,
    Script,
    Session,
    Stage,
    State,
    Transition,
)
from flows.words import table
from storage import contacts, messages, people
from storage.database import Database
from storage.migrate import upgrade
from storage.sealing import Keys
from tests.support.records import whole
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.channels.base import Inbound, Raw
    from bot.digests.model import Digest

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RATES = ("Very good", "Good", "Neither good nor poor", "Poor", "Very poor")


def to(state: str) -> tuple[Transition, ...]:
    return (Transition(state),)


def script(language: str, texts: Mapping[str, str]) -> Script:
    """Return a script with one question of every kind, its texts taken from `texts` or English."""

    def t(text: str) -> str:
        return texts.get(text, text)

    yes_no = (Option("yes", t("Yes")), Option("no", t("No"), next="bye"))
    needs = ("Later in the evening", "On Sundays", "Earlier in the morning")
    states: list[State] = [
        Say(id="hello", text=t("Hello. I am an automated assistant of Rivermouth. I am not a person."), next=to("age")),
        Choose(id="age", text=t("Are you 16 or older?"), options=yes_no, optional=False, next=to("overall")),
        Rate(
            id="overall",
            text=t("How is the library?"),
            scale="exp5",
            options=tuple(Option(str(5 - n), t(label), value=5 - n) for n, label in enumerate(RATES)),
            next=to("when"),
        ),
        Pick(
            id="when",
            text=t("When should it be open?"),
            options=tuple(Option(f"w{n}", t(label)) for n, label in enumerate(needs)),
            next=to("idea"),
        ),
        Ask(id="idea", text=t("What one thing would make it better?"), next=to("where")),
        Place(id="where", text=t("Where should the next one be?"), next=to("photo")),
        Photo(id="photo", text=t("Would you like to send a picture?"), next=to("end")),
        End(id="end", text=t("Thank you. Your receipt is {receipt}.")),
        End(id="bye", text=t("Thank you. I have kept no answers."), outcome="too_young"),
    ]
    phrases = {"skip_label": t("Skip"), "done_label": t("Done"), "choose_again": t("Please choose one of these.")}
    words = {"skip": "skip", "stop": "stop", "help": "help"}
    tables = {state.id: table(state.options, words) for state in states if isinstance(state, Choose | Rate | Pick)}
    return Script(language, {state.id: state for state in states}, phrases, words, tables=tables)


ARABIC = {
    "Hello. I am an automated assistant of Rivermouth. I am not a person.": "مرحبا. أنا مساعد آلي ولست إنسانا.",
    "Are you 16 or older?": "هل عمرك 16 سنة أو أكثر؟",
    "Yes": "نعم",
    "No": "لا",
    "How is the library?": "كيف ترى المكتبة؟",
    "Very good": "جيدة جدا",
}
FLOW = Flow(
    "library",
    1,
    Stage.DELIVER,
    "en",
    "hello",
    {"en": script("en", {}), "ar": script("ar", ARABIC), "es": script("es", {"Yes": "Sí"})},
    title={"en": "Library"},
    running=True,
    minutes=2,
)


@dataclass
class Chats:
    """The loop in a nutshell: one session per address, replies sent at once. `heard` is all that came in."""

    channel: WebChannel
    heard: list[Inbound] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    sessions: dict[str, Session] = field(default_factory=dict)
    broken: bool = False
    pending: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, raws: Sequence[Raw]) -> None:
        if self.broken:
            raise OSError("no space left on device")
        for raw in raws:
            if raw.external_id not in self.seen:
                self.seen.add(raw.external_id)
                for inbound in self.channel.parse(raw):
                    self.note(raw, inbound)
                    await self.turn(inbound)

    def note(self, raw: Raw, inbound: Inbound) -> None:
        """Write the visitor's line, as a turn does."""
        channel, line = self.channel, str(inbound.line)
        key = channel.keys.address_hash("web", inbound.address)
        new = contacts.NewContact("web", key, channel.keys.seal(inbound.address), inbound.language or "en", NOW)
        with channel.database.transaction() as db:
            (contact,) = contacts.add(db, [new])
            heard = messages.heard(raw.external_id)
            messages.append(db, [messages.NewLine(contact.id, heard, NOW, messages.CITIZEN, line)])

    async def turn(self, inbound: Inbound) -> None:
        self.heard.append(inbound)
        session = self.sessions.get(inbound.address)
        if inbound.start is not None and session is not None:
            prompts: Sequence[Prompt] = ask_again(FLOW, session)
        elif session is None:
            context = Context(inbound.language or "en", "web", f"t{len(self.sessions)}", "RC-4711")
            turn = start(FLOW, context, NOW)
            self.sessions[inbound.address], prompts = turn.session, turn.prompts
        else:
            turn = advance(FLOW, session, inbound.message, NOW)
            self.sessions[inbound.address], prompts = turn.session, turn.prompts
        await self.reply(inbound.address, prompts)

    async def reply(self, address: str, prompts: Sequence[Prompt]) -> None:
        language = self.sessions[address].language
        for n, part in enumerate(compose(prompts, self.channel.capabilities)):
            key = f"{len(self.heard)}-{n}"
            receipt = await self.channel.send(
                Outbound(key, address, part.text, part.buttons, part.columns, part.wants, language=language)
            )
            assert not isinstance(receipt, Gone)


@dataclass
class Program:
    """What the pages need, small: the real rounds, and the little loop above."""

    config: Config
    database: Database
    keys: Keys
    chat: WebChannel
    chats: Chats
    uploads: Path
    catalog: Catalog
    now: datetime = NOW
    minted: int = 0
    webhook: Any = None
    well: bool = True
    figures: dict[str, Digest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.with_flow()
        self.files = Files(dict.fromkeys(("web", *ASSISTED), self.chat))

    def with_flow(self, name: str = "", text: str = "") -> None:
        """Start anew on a catalogue with one more file, where one is given."""
        self.catalog = Catalog.of({**CATALOG.texts, name: text}) if name else self.catalog
        library = Library(self.config, self.catalog, self.keys, self.clock)
        self.rounds = Rounds(self.config, self.database, self.keys, self.catalog, library, self.clock, self.mint)
        capabilities = {"web": self.chat.capabilities}
        self.threads = Threads(self.config, library.phrases, self.keys, self.mint, capabilities)
        self.assessments = Assessments(self.config, self.catalog.bank, library)
        self.actions = Actions(self.config, library, self.catalog.bank, capabilities)
        desk, shown = self._desk(library), self.chat.capabilities
        self.counter = Counter(self.database, desk, library, self.keys, self.clock, self.mint, shown)

    def _desk(self, library: Library) -> Desk:
        participations = Participations(self.keys, self.mint, self.config.city.zone)
        staff = Staff(self.config, library, self.keys, self.mint, lambda *_: None, self.rounds, self.actions)
        return Desk(self.config, self.catalog, library, self.keys, participations, staff, self.threads, self.mint)

    def clock(self) -> datetime:
        return self.now

    def sweeps(self) -> Sweeps:
        """Return what the clock does to the rounds."""
        library = Library(self.config, self.catalog, self.keys, self.clock)
        digests = Digests(self.config, self.catalog.bank, library)
        channels = {"web": self.chat.capabilities}
        return Sweeps(self.config, self.database, library, digests, channels, self.clock, lambda: None)

    def mint(self) -> str:
        self.minted += 1
        return f"name-of-chance-{self.minted:06d}"

    def so_far(self, service: str) -> Digest | None:
        return self.figures.get(service)

    async def ready(self) -> tuple[bool, Mapping[str, str]]:
        return self.well, {"database": "ok" if self.well else "does not answer"}

    async def metrics(self) -> str:
        return "civicloop_turns_total 0\n"

    # ------------------------------------------------------------- what tests begin with

    def round(self, title: str, flow: str = "deliver_pulse", **facts: object) -> str:
        """Write a draft and return its code."""
        given: dict[str, Any] = {
            "record": {"duty": "none", "level": "collective"},
            "audience": "link",
            "opens_at": None,
            "closes_at": None,
            "service": "library",
        } | facts
        return self.rounds.create(flow=flow, title=title, who=None, **given).code

    def opened(self, title: str, flow: str = "deliver_pulse", **facts: object) -> str:
        """Open a round and return its code; a formal one of which no record is given has a whole one."""
        closes = facts.get("closes_at")
        if "record" not in facts and isinstance(closes, datetime) and not self.catalog.get(flow).running:
            facts["record"] = whole(closes)
        code = self.round(title, flow, **facts)
        sign(self.rounds, self.database, code, self.now)
        self.rounds.open(code, who=None)
        return code

    def link(self, *roles: tuple[str, str], name: str = "Ada", language: str = "en") -> str:
        """Return the token of a sign-in link of a new member of staff with these (role, service)."""
        token = self.mint()
        with self.database.transaction() as db:
            person = people.add(db, name, language, self.now)
            for role, service in roles:
                people.grant(db, person.id, role, service, self.now)
            until = self.now + timedelta(minutes=30)
            link = people.Link(self.keys.token_hash(token), "sign_in", self.now, until, person_id=person.id)
            people.add_link(db, link)
        return token


CATALOG = Catalog.load()


def program(folder: Path, languages: tuple[str, ...] = ("en", "es")) -> Program:
    """Return a program on a fresh database in `folder`."""
    config = load(None, {})
    config = replace(config, city=replace(config.city, languages=languages))
    database = Database.open(f"sqlite:///{folder}/test.db")
    upgrade(database)
    chances = iter(range(1000))
    keys = Keys.load(folder / "key", lambda: f"chance{next(chances)}")
    channel = WebChannel(database, keys, lambda: NOW, folder / "uploads")
    return Program(config, database, keys, channel, Chats(channel), folder / "uploads", CATALOG)


@contextlib.asynccontextmanager
async def listening(it: Program) -> AsyncIterator[None]:
    """Let the channel hand messages to the loop during the block."""
    task = asyncio.create_task(it.chat.listen(it.chats.accept))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _stopped(server: uvicorn.Server, it: Program) -> None:
    """End the streams of open pages as soon as the server is asked to stop, as the program does."""
    while not server.should_exit:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    await it.chat.close()


@contextlib.contextmanager
def served(it: Program, *texts: Path) -> Iterator[str]:
    """Serve the site on a free port of this machine, in a thread; give its address."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    app = site(it, texts=texts)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))

    async def run() -> None:
        async with listening(it):
            stopping = asyncio.create_task(_stopped(server, it))
            await server.serve()
            await stopping

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while not server.started and datetime.now(UTC) < deadline:
        threading.Event().wait(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
