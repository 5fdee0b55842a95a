"""A town whose bot is killed again and again while people talk to it; afterwards everything is counted.

Counted from both sides: what the Bot API server and the mail server saw, and what stands in the database.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any, Self

import psycopg
from sqlalchemy import func, select

from bot import config, letters
from bot.channels.telegram import updates
from bot.rounds.library import Library
from flows.catalog import Catalog
from flows.engine import advance, start
from flows.memory import dump, load
from flows.model import Context
from storage import rounds, tables
from storage.database import Database
from storage.sealing import Keys
from tests.journeys.town import UNWANTED, free_port
from tests.support.botapi import BotApi
from tests.support.botapi.citizen import written

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from flows.model import Flow, Session
    from tests.support.botapi.citizen import Citizen
    from tests.support.botapi.schema import Json

SETTINGS = """
[city]
name = "Rivermouth"
org = "the City of Rivermouth"
languages = ["en"]
time_zone = "Europe/Madrid"

[[services]]
key = "library"
name = "Central Library"
steps = [ { id = "arrive", en = "Getting in" }, { id = "borrow", en = "Borrowing" } ]
areas = [ { id = "harbour", en = "Harbour" }, { id = "hill", en = "Hillside" } ]
"""
MATTERS = """
flow = "matters"
version = 1
stage = "deliver"
language = "en"
title = "What matters?"
frame = "pulse"
start = "first"

[states.first]
ask = "What comes first?"

[states.second]
ask = "What comes second?"

[states.third]
ask = "What comes third?"
next = "thanks"
"""
BEN = "ben@city.example"
CHANGES = """
flow = "changes"
version = 1
stage = "design"
language = "en"
title = "What should change?"
frame = "round"
start = "change"

[states.change]
ask = "What should change?"
next = "thanks"
"""
LAMPS = """
flow = "lamps"
version = 1
stage = "deliver"
language = "en"
title = "Which lamp?"
frame = "pulse"
start = "lamp"

[states.lamp]
ask = "Which lamp is broken?"
joins_within_seconds = 1

[states.since]
ask = "Since when?"
next = "thanks"
"""
FLOWS = {"matters": MATTERS, "changes": CHANGES, "lamps": LAMPS}
ASKED = ("16 or older", "Shall we begin", "comes first", "comes second", "comes third", "quote", "invite you again")
STATES = ("first", "second", "third")
RECEIPT = "Your receipt is"
PATIENCE = 100.0
"""Seconds until something that should have happened counts as not happening."""
THROUGH_LIVES = 500.0
"""The same for people who wait while one life follows another."""
KILLED = -signal.SIGKILL
LEFT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'civicloop' AND datname = current_database()"
CONTACT = (tables.contacts.c.id, tables.contacts.c.address_sealed)
ANSWER = (tables.answers.c.pseudonym, tables.answers.c.state, tables.answers.c.text)
SESSION = (tables.sessions.c.contact_id, tables.sessions.c.body, tables.sessions.c.status)
MESSAGE = (tables.outbox.c.key, tables.outbox.c.contact_id, tables.outbox.c.body, tables.outbox.c.status)
TAPS = {
    "16 or older": "Yes",
    "Shall we begin": "Yes, let us begin",
    "quote": "No",
    "invite you again": "Yes",
}


def said(person: int) -> tuple[str, ...]:
    """What a person answers, in order; the free texts are nobody else's."""
    return ("yes", "yes", *(f"{state} matter of person{person}" for state in STATES), "no", "yes")


class Midwife:
    """The process that forks lives; see `tests.journeys.midwife`. One life at a time."""

    def __init__(self, *libraries: str) -> None:
        """`libraries` are loaded once beside those that every life needs."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(UNWANTED)}
        command = [sys.executable, "-m", "tests.journeys.midwife", *libraries]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env)

    def deliver(self, words: list[str], env: Mapping[str, str], log: Path) -> int:
        """Start a life and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"words": words, "env": dict(env), "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return self._line()

    async def burial(self) -> int:
        """Wait until the life is over and return its exit status."""
        return await asyncio.to_thread(self._line)

    def _line(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Let no more lives begin."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass
class Ordeal:
    """One installation in `folder`; use as an asynchronous context manager."""

    folder: Path
    database_url: str
    midwife: Midwife
    mode: str = "polling"
    code: str = ""
    """Of the always-open pulse people answer."""
    messages_per_second: int = 30
    env: dict[str, str] = field(default_factory=dict)
    kills: int = 0
    flying: list[dict[str, int]] = field(default_factory=list)
    """The messages that were on their way (key and contact), by kill."""
    talks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self.api = BotApi(patience=THROUGH_LIVES)
        await self.api.__aenter__()
        self.port = free_port()
        self.settings = self.folder / "config.toml"
        self.settings.write_text(SETTINGS, encoding="utf-8")
        (self.folder / "flows").mkdir()
        for name, text in FLOWS.items():
            (self.folder / "flows" / f"{name}.toml").write_text(text, encoding="utf-8")
        self.log = self.folder / "bot.log"
        self.env = {
            "CIVICLOOP_DATABASE__URL": self.database_url,
            "CIVICLOOP_DATABASE__FILES": f"{self.folder}/data/files",
            "CIVICLOOP_FLOWS__FOLDER": f"{self.folder}/flows",
            "CIVICLOOP_PRIVACY__KEY_FILE": f"{self.folder}/data/keys",
            "CIVICLOOP_TELEGRAM__TOKEN": self.api.token,
            "CIVICLOOP_TELEGRAM__BASE_URL": self.api.url,
            "CIVICLOOP_TELEGRAM__MESSAGES_PER_SECOND": str(self.messages_per_second),
            "CIVICLOOP_WEB__PORT": str(self.port),
            "CIVICLOOP_SENDING__EARLIEST": "00:00",  # these tests run at any hour
            "CIVICLOOP_SENDING__LATEST": "00:00",
            **self.env,
        }
        if self.mode == "webhook":
            self.api.bring_webhooks_to(f"http://127.0.0.1:{self.port}")
            self.env |= {
                "CIVICLOOP_TELEGRAM__MODE": "webhook",
                "CIVICLOOP_TELEGRAM__WEBHOOK_URL": "https://city.example/telegram",
                "CIVICLOOP_TELEGRAM__SECRET_TOKEN": "s3cret",
            }
        self.pid: int | None = None
        self._death: asyncio.Task[int] | None = None
        self._called = 0
        self._numbers = count(1001)
        return self

    async def __aexit__(self, *_error: object) -> None:
        for talk in self.talks:
            talk.cancel()
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            await self.dies()
        await self.api.__aexit__()

    async def command(self, *words: str, crash_at: str = "", status: int = 0) -> str:
        """Run one command of the command line and return what it prints; `status` is how it must end."""
        assert self.pid is None
        log = self.folder / "command.log"
        log.unlink(missing_ok=True)
        self.midwife.deliver([*words, "--config", str(self.settings)], self._armed(crash_at), log)
        ended = await self.midwife.burial()
        self.kills += ended == KILLED
        printed = log.read_text(encoding="utf-8")
        assert ended == status, printed
        return printed

    async def asks(self, *words: str) -> Any:
        """Run one command with `--json` and return what it reports."""
        return json.loads(await self.command(*words, "--json"))

    async def opened(self, flow: str, *facts: str) -> str:
        """Open a round of a flow, signed by a second person where it has an end, and return its code."""
        about = ("--service", "library", "--flow", flow, "--title", f"A round of {flow}")
        code: str = (await self.asks("round", "new", *about, *facts))["code"]
        if flow == "changes":
            await self.command("invite", "--role", "approver", "--service", "library", "--name", "Ben", "--mail", BEN)
            await self.command("round", "approve", code, "--as", "Ben")
        await self.command("round", "open", code)
        return code

    def set_clock(self, moment: datetime) -> None:
        """Put the rehearsal's clock to this moment, for the bot, the command line and Telegram."""
        fresh = self.folder / "clock.new"
        fresh.write_text(moment.isoformat(), encoding="utf-8")
        fresh.replace(self.folder / "clock")
        self.env["CIVICLOOP_CLOCK"] = str(self.folder / "clock")
        self.api.set_clock(moment)

    def _armed(self, crash_at: str) -> dict[str, str]:
        return self.env | ({"CIVICLOOP_CRASH_AT": crash_at} if crash_at else {})

    # ----------------------------------------------------------------- lives and deaths

    async def lives(self, crash_at: str = "") -> None:
        """Let a life begin, one that ends by itself at a crossing (`name:n`) if told so."""
        assert self.pid is None
        self._called = sum(self.api.world.counts.values())
        self.pid = self.midwife.deliver(["run", "--config", str(self.settings)], self._armed(crash_at), self.log)
        self._death = asyncio.create_task(self.midwife.burial())

    async def dies(self, within: float = PATIENCE) -> bool:
        """Wait until the life is over, by SIGKILL; return whether it was within these seconds."""
        assert self._death is not None
        done, _ = await asyncio.wait({self._death}, timeout=within)
        if not done:
            return False
        status, self.pid, self._death = self._death.result(), None, None
        assert status == KILLED, self.told()
        self.kills += 1
        await self._looked()
        return True

    async def works(self) -> None:
        """Wait until this life has called Telegram."""
        async with asyncio.timeout(PATIENCE):
            while sum(self.api.world.counts.values()) == self._called:  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0.01)

    async def killed(self, sign: signal.Signals = signal.SIGKILL) -> None:
        """Kill the life now; by SIGTERM, let it come to its last crossing."""
        assert self.pid is not None
        os.kill(self.pid, sign)
        assert await self.dies(), self.told()

    async def stops(self) -> None:
        """Stop the life as an operator would: once it has begun, though everybody may have been answered before."""
        await self.works()
        assert self.pid is not None
        assert self._death is not None
        os.kill(self.pid, signal.SIGTERM)
        status = await self._death
        self.pid = self._death = None
        assert status == 0, self.told()

    async def _looked(self) -> None:
        """Note what was on its way."""
        await asyncio.to_thread(self._let_go)
        with self.looking() as db:
            flying = {key: contact for key, contact, _, status in db.execute(select(*MESSAGE)) if status == "sending"}
        assert len(set(flying.values())) == len(flying), "two messages of one chat were on their way at once"
        self.flying.append(flying)

    def _let_go(self) -> None:
        """Wait until PostgreSQL has noticed that a dead process's connections are gone."""
        if self.database_url.startswith("sqlite"):
            return
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            while connection.execute(LEFT).fetchone() != (0,):
                time.sleep(0.01)

    def keys(self) -> Keys:
        """Return the keys of the installation."""
        return Keys.load(self.folder / "data" / "keys", lambda: "never")

    def told(self) -> str:
        """Return the last the process has printed."""
        return self.log.read_text(encoding="utf-8")[-4000:] if self.log.exists() else ""

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Look into the database."""
        with closing(Database.open(self.database_url)) as database, database.reading() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write into the database what no citizen could bring about."""
        with closing(Database.open(self.database_url)) as database, database.transaction() as db:
            yield db

    # ----------------------------------------------------------------- people

    def people(self, number: int, talk: Callable[[Ordeal, Citizen], Coroutine[Any, Any, None]]) -> None:
        """Let new people begin to talk in their own way."""
        for _ in range(number):
            citizen = self.api.citizen(next(self._numbers))
            self.talks.append(asyncio.create_task(talk(self, citizen)))

    async def over(self) -> None:
        """Wait until everybody has said all and nothing is left to do."""
        await asyncio.gather(*self.talks)
        async with asyncio.timeout(PATIENCE):
            while self.api.pending or self._unsent():  # noqa: ASYNC110 - a database has no event
                await asyncio.sleep(0.2)

    def _unsent(self) -> int:
        left = select(func.count()).where(tables.outbox.c.status.in_(("due", "sending")))
        with self.looking() as db:
            found: int = db.execute(left).scalar_one()
        return found


async def hasty(ordeal: Ordeal, citizen: Citizen) -> None:
    """Send everything at once, and wait for the end."""
    for text in (f"/start {ordeal.code}", *said(citizen.id)):
        await citizen.sends(text)
    await seen(citizen, RECEIPT)


async def patient(ordeal: Ordeal, citizen: Citizen) -> None:
    """Answer each question once it is there."""
    await citizen.sends(f"/start {ordeal.code}")
    for question, text in zip(ASKED, said(citizen.id), strict=True):
        await seen(citizen, question)
        await citizen.sends(text)
    await seen(citizen, RECEIPT)


async def tapping(ordeal: Ordeal, citizen: Citizen) -> None:
    """Press buttons where there are some."""
    await citizen.sends(f"/start {ordeal.code}")
    for question, text in zip(ASKED, said(citizen.id), strict=True):
        message = await seen(citizen, question)
        if question in TAPS:
            await citizen.taps(TAPS[question], on=message)
        else:
            await citizen.sends(text)
    await seen(citizen, RECEIPT)


async def seen(citizen: Citizen, words: str, since: int = 0) -> Json:
    """Wait for a message with these words, whatever is repeated meanwhile; `since` passes over so many."""
    async with asyncio.timeout(THROUGH_LIVES):
        while True:
            stirred = citizen.chat.stirred
            for happening in citizen.chat.happenings[since:]:
                if words in written(happening.message):
                    return happening.message
            await stirred.wait()


# --------------------------------------------------------------------------- counting


@dataclass(frozen=True)
class Count:
    """What was found, over all people."""

    people: int
    updates: int
    answers: int
    messages: int
    kills: int
    repeats: list[int]
    """By kill: how many messages came again, each in another chat."""


def counted(ordeal: Ordeal) -> Count:
    """Count everything from both sides; fails where anything is lost, doubled, in disorder or out of state."""
    settings = config.load(ordeal.settings, ordeal.env)
    keys = ordeal.keys()
    with ordeal.looking() as db:
        row = rounds.by_code(db, ordeal.code)
        assert row is not None
        flow = Library(settings, Catalog.load(extra=settings.flows.extra), keys).played(db, row).flow
        contacts = contacts_of(db, keys)
        assert sorted(contacts) == sorted(str(each) for each in ordeal.api.citizens)
        done = select(tables.inbox.c.external_id).where(tables.inbox.c.status == "done")
        taken = list(db.execute(done).scalars())
        assert sorted(taken) == sorted(map(str, ordeal.api.world.emitted)), "an update is lost or doubled"
        _check_answers(db, ordeal)
        _check_sessions(db, ordeal, flow, contacts)
        repeats = _repeats(db, ordeal, contacts)
    assert ordeal.api.violations == []
    return Count(
        people=len(contacts),
        updates=len(taken),
        answers=len(contacts) * len(STATES),
        messages=sum(len(sent(citizen)) for citizen in ordeal.api.citizens.values()),
        kills=ordeal.kills,
        repeats=repeats,
    )


def contacts_of(db: Connection, keys: Keys) -> dict[str, int]:
    """Return all contacts by their addresses."""
    return {keys.unseal(sealed): contact for contact, sealed in db.execute(select(*CONTACT))}


def _check_answers(db: Connection, ordeal: Ordeal) -> None:
    """Each person's answers are there once, at their questions, together under one pseudonym."""
    found: dict[bytes, list[tuple[str, str]]] = {}
    for pseudonym, state, text in db.execute(select(*ANSWER).order_by(tables.answers.c.id)):
        found.setdefault(pseudonym, []).append((state, text))
    wanted = [list(zip(STATES, said(person)[2:5], strict=True)) for person in ordeal.api.citizens]
    assert sorted(found.values()) == sorted(wanted), "an answer is lost, doubled or misplaced"


def _check_sessions(db: Connection, ordeal: Ordeal, flow: Flow, contacts: Mapping[str, int]) -> None:
    """Each session stands where the engine alone comes to with the person's own messages in order."""
    kept = {contact: (body, status) for contact, body, status in db.execute(select(*SESSION))}
    arrived: dict[str, list[Json]] = {}
    for update in ordeal.api.world.emitted.values():
        arrived.setdefault(str(_chat_id(update)), []).append(update)
    for address, contact in contacts.items():
        body, status = kept.pop(contact)
        replayed = _replayed(flow, load(body), arrived[address])
        assert (body, status) == (dump(replayed), "completed"), ordeal.api.citizens[int(address)]
    assert not kept


def _chat_id(update: Json) -> int:
    content = update.get("message") or update["callback_query"]["message"]
    return int(content["chat"]["id"])


def _replayed(flow: Flow, kept: Session, arrived: list[Json]) -> Session:
    """Play a session anew; only what chance and the clock gave it is taken from the one that was kept."""
    context = Context(language=kept.language, channel=kept.channel, tag=kept.tag, receipt=kept.receipt)
    now = datetime.fromisoformat(kept.started_at)
    session = start(flow, context, now).session
    for update in arrived[1:]:
        raw = updates.raw(json.dumps(update).encode())
        (inbound,) = updates.parse(raw)
        session = advance(flow, session, inbound.message, now).session
    return session


def sent(citizen: Citizen) -> list[str]:
    """Return the messages of the bot that came to a person, in order, as they came."""
    return [written(each.message) for each in citizen.chat.happenings if each.kind == "sent"]


def _repeats(db: Connection, ordeal: Ordeal, contacts: Mapping[str, int]) -> list[int]:
    """Every message decided on has come, in order. Return for each kill how many of those on their way came again."""
    decided: dict[int, list[tuple[str, str | None]]] = {}
    for key, contact, body, status in db.execute(select(*MESSAGE).order_by(tables.outbox.c.id)):
        assert status == "sent", key
        text = letters.read(body, key, "").text if body else None
        decided.setdefault(contact, []).append((key, text))
    again: Counter[str] = Counter()
    for identity, citizen in ordeal.api.citizens.items():
        again += _again(decided[contacts[str(identity)]], sent(citizen))
    return _by_kill(again, ordeal.flying)


def _again(decided: list[tuple[str, str | None]], came: list[str]) -> Counter[str]:
    """Match what was decided with what came, in order; return how often each message came again, by its key.

    Of what was sealed nothing is kept to match.
    """
    rest, again = list(came), Counter[str]()
    for key, text in decided:
        assert rest, f"missing: {text!r}"
        it = rest.pop(0)
        assert text in (None, it), (key, decided, came)
        again[key] = len(list(takewhile(lambda each, it=it: each == it, rest)))  # type: ignore[misc]
        del rest[: again[key]]
    assert not rest, f"nobody decided to send {rest}"
    return again


def _by_kill(again: Counter[str], flying: list[dict[str, int]]) -> list[int]:
    """Blame each repeat on a kill at which its message was on its way; none is without one."""
    found = []
    for keys in flying:
        mine = [key for key in keys if again[key] > 0]
        again.subtract(mine)
        found.append(len(mine))
    assert not +again, f"came again, but was not on its way at any kill: {+again}"
    return found
