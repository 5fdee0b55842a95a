"""What it costs to send, and how well a permitted rate is kept, beside python-telegram-bot as it comes.

The server is in a process of its own (`loopback`). "Ours" is the Telegram channel as the program makes it; where a rate
is kept, the whole way from the outbox row to its settlement, on SQLite with `synchronous=FULL`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import structlog
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import NetworkError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot import pacing
from bot.channels.base import Outbound, Sent
from bot.channels.telegram import Telegram
from bot.clock import clock_of
from bot.delivery import Delivery
from bot.letters import write
from bot.metrics import Metrics
from bot.pacing import Pace
from flows.model import Button
from storage import contacts, migrate, outbox, tables
from storage.contacts import NewContact
from storage.database import Database
from storage.outbox import BULK, NewMessage
from storage.sealing import Keys
from tests.benchmarks import loopback
from tests.benchmarks.contest import DISK, Lost
from tests.benchmarks.loopback import TOKEN, Loopback
from tests.benchmarks.table import ROUNDS, Row, Sample, alternate, cheaper, cpu, cpu_us, faster, rate, timed
from tests.support.rows import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from bot.channels.base import Receipt

TEXT = "How was your visit to the library today? One tap is enough; nobody sees who you are."
BUTTONS = (Button("Good", "t:q:5"), Button("Bad", "t:q:1"))
AT_ONCE = 32
"""Sends in flight at once where only their cost is measured."""
LIMITED = 128
"""Sends in flight at once of the peer whose limiter holds them back."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent."""

    ours: int
    theirs: int
    slow: int
    """Messages at 30 a second."""
    fast: int
    """Messages at 1,000 a second."""
    patience: float
    """Seconds after which a sender that does not get on is stopped."""
    rounds: int


WHOLE = Size(ours=4000, theirs=1000, slow=240, fast=4000, patience=20.0, rounds=ROUNDS)
QUICK = Size(ours=40, theirs=40, slow=6, fast=40, patience=3.0, rounds=1)


def rows(quick: bool) -> list[Row]:
    """Measure."""
    size = QUICK if quick else WHOLE
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with loopback.running() as server:
        return [*_costs(server, size), *_thirty(server, size), _thousand(server, size)]


# --------------------------------------------------------------------------- what a send costs


def _costs(server: Loopback, size: Size) -> list[Row]:
    taken = alternate(
        {
            "ours": lambda: _sample(size.ours, _ours(server, size.ours)),
            "theirs": lambda: _sample(size.theirs, _theirs(server, size.theirs)),
            "durable": lambda: _durable(server, size.ours),
        },
        size.rounds,
    )
    ours, theirs, durable = taken["ours"], taken["theirs"], taken["durable"]
    speed, mine = faster(ours, theirs), cpu_us(ours)
    return [
        Row(
            "sends a second over loopback HTTP, one process",
            f"{rate(ours):,.0f}/s",
            "python-telegram-bot as it comes (httpx)",
            f"{rate(theirs):,.0f}/s",
            speed,
            "≥ 4×, ≤ 600 µs",
            met=speed >= 4 and mine <= 600,
            cpu_us=mine,
            note=f"{AT_ONCE} in flight; CPU of theirs {cpu_us(theirs):,.0f} µs, ours {cheaper(ours, theirs):.2f} of it",
        ),
        Row(
            "the same with its outbox row: claimed, sent, settled",
            f"{rate(durable):,.0f}/s",
            cpu_us=cpu_us(durable),
            note="SQLite, synchronous=FULL; no pace",
        ),
    ]


def _sample(count: int, sending: Callable[[], Coroutine[Any, Any, None]]) -> Sample:
    gc.collect()
    return timed(count, lambda: asyncio.run(sending()))


def _ours(server: Loopback, count: int) -> Callable[[], Coroutine[Any, Any, None]]:
    async def send() -> None:
        channel = _channel(server)

        async def one(n: int) -> None:
            receipt = await channel.send(Outbound(f"k{n}", str(1000 + n), TEXT, BUTTONS, columns=2))
            assert isinstance(receipt, Sent), receipt

        await _all(count, one)
        await channel.close()

    server.limit(0, 0)
    return send


def _theirs(server: Loopback, count: int) -> Callable[[], Coroutine[Any, Any, None]]:
    async def send() -> None:
        async with Bot(TOKEN, f"{server.url}/bot") as bot:

            async def one(n: int) -> None:
                await bot.send_message(1000 + n, TEXT, reply_markup=_keyboard())

            await _all(count, one)

    server.limit(0, 0)
    return send


async def _all(count: int, one: Callable[[int], Coroutine[Any, Any, None]], workers: int = AT_ONCE) -> None:
    """Do all, so many at once."""
    numbers = iter(range(count))

    async def worker() -> None:
        for n in numbers:
            await one(n)

    await asyncio.gather(*(worker() for _ in range(workers)))


def _channel(server: Loopback) -> Telegram:
    return Telegram(TOKEN, phrases=lambda _language: {}, commands={}, base_url=server.url)


def _keyboard() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(each.label, callback_data=each.data) for each in BUTTONS]])


# --------------------------------------------------------------------------- the whole way


@dataclass(slots=True)
class Counted:
    """The Telegram channel, and how many messages it has delivered."""

    channel: Telegram
    most: int
    done: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    def __post_init__(self) -> None:
        self.name, self.capabilities = self.channel.name, self.channel.capabilities
        self.parse, self.listen, self.close = self.channel.parse, self.channel.listen, self.channel.close

    async def send(self, message: Outbound) -> Receipt:
        """Send and count."""
        receipt = await self.channel.send(message)
        self.sent += isinstance(receipt, Sent)
        if self.sent == self.most:
            self.done.set()
        return receipt

    name: str = ""
    capabilities: Any = None
    parse: Any = None
    listen: Any = None
    close: Any = None


def _durable(server: Loopback, count: int) -> Sample:
    """Send everything as fast as it goes."""
    server.limit(0, 0)
    return _delivered(server, count, Pace(wires=AT_ONCE), patience=300.0)


def _delivered(server: Loopback, count: int, pace: Pace, patience: float) -> Sample:
    """Let `count` people's news leave by the sender of the program. The clock runs until the last is settled."""
    with _outbox(count) as (database, keys):
        gc.collect()
        began, used = time.perf_counter(), cpu()
        asyncio.run(_deliver(server, database, keys, pace, count, patience))
        sample = Sample(count, time.perf_counter() - began, cpu() - used)
        with database.reading() as db:
            settled = statuses(db, tables.outbox).get("sent", 0)
        assert settled == server.told()["taken"], "what was taken must be settled"
    return sample


@contextlib.contextmanager
def _outbox(count: int) -> Iterator[tuple[Database, Keys]]:
    """Make a database in which `count` people are to be told something."""
    clock, keys = clock_of({}), Keys([b"k" * 32])
    with tempfile.TemporaryDirectory(dir=DISK if DISK.is_dir() else None) as folder:
        database = Database.open(f"sqlite:///{Path(folder)}/civicloop.db")
        migrate.upgrade(database)
        now = clock()
        body = write(Outbound("", "", TEXT, BUTTONS, columns=2))
        with database.transaction() as db:
            addresses = [str(1000 + n) for n in range(count)]
            new = [NewContact("telegram", keys.address_hash("telegram", a), keys.seal(a), "en", now) for a in addresses]
            people = contacts.add(db, new)
            outbox.enqueue(db, [NewMessage(f"k{p.id}", p.id, p.channel, BULK, body, now, now) for p in people])
        try:
            yield database, keys
        finally:
            database.close()


async def _deliver(server: Loopback, database: Database, keys: Keys, pace: Pace, count: int, patience: float) -> None:
    channel = Counted(_channel(server), count)
    delivery = Delivery(
        database, {"telegram": channel}, keys, "me:1:bench", clock_of({}), Metrics(), {"telegram": pace}
    )
    running = asyncio.create_task(delivery.run())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await channel.done.wait()
    delivery.stop()
    await running
    await channel.close()


# --------------------------------------------------------------------------- a permitted rate


@dataclass(frozen=True, slots=True)
class Kept:
    """How a permitted rate was kept: the part of it that was reached, and how many messages were refused."""

    reached: float
    refused: int
    cpu_us: float

    def __str__(self) -> str:
        """Both in words."""
        return f"{self.reached:.1%}, {self.refused} refused"


def _thirty(server: Loopback, size: Size) -> list[Row]:
    """Measure 30 a second: with a second's burst allowed, with none, and where no two may ever come close together."""
    told = [
        (30, "a burst of 30 allowed", 0.99),
        (2, "no burst allowed (bucket of 2)", 0.99),
        (1, "not even a late one before one in time (bucket of 1)", 0.99),
    ]
    return [
        _paced(server, size, 30, burst, f"paced bulk at 30 a second, {words}", size.slow, target)
        for burst, words, target in told
    ]


def _paced(server: Loopback, size: Size, per_second: int, burst: int, what: str, count: int, target: float) -> Row:
    ours, theirs = [], []
    for _ in range(size.rounds):
        ours.append(_ours_paced(server, per_second, burst, count, size.patience))
        theirs.append(_theirs_paced(server, per_second, burst, count, size.patience))
    mine, other = _middle(ours), _middle(theirs)
    refused = max(each.refused for each in ours)
    return Row(
        what,
        str(mine),
        "python-telegram-bot's AIORateLimiter",
        str(other),
        mine.reached / other.reached if other.reached else None,
        f"≥ {target:.0%} of the rate, 0 refused",
        met=mine.reached >= target and refused == 0,
        cpu_us=mine.cpu_us,
        note=f"the server refuses for a second after each excess; at most {refused} of ours refused in a run",
    )


def _thousand(server: Loopback, size: Size) -> Row:
    """Measure the paid rate: a server that allows a tenth of a second's burst."""
    what = "paced bulk at 1,000 a second, a burst of 100 allowed"
    return _paced(server, size, 1000, 100, what, size.fast, 0.95)


def _middle(runs: list[Kept]) -> Kept:
    return Kept(
        median(each.reached for each in runs),
        int(median(each.refused for each in runs)),
        median(each.cpu_us for each in runs),
    )


def _ours_paced(server: Loopback, per_second: int, burst: int, count: int, patience: float) -> Kept:
    server.limit(per_second, burst)
    sample = _delivered(server, count, pacing.telegram(per_second), patience + count / per_second)
    return _kept(server, per_second, sample)


def _theirs_paced(server: Loopback, per_second: int, burst: int, count: int, patience: float) -> Kept:
    """Send as the library's documentation shows: the limiter is told the rate and to try again.

    Many at once, but no more than its connections carry: with all at once it waits for them in vain and gives up.
    """

    async def send() -> None:
        limiter = AIORateLimiter(overall_max_rate=per_second, overall_time_period=1, max_retries=1000)
        request = HTTPXRequest(connection_pool_size=LIMITED, pool_timeout=None)
        async with ExtBot(TOKEN, f"{server.url}/bot", request=request, rate_limiter=limiter) as bot:

            async def one(n: int) -> None:
                with contextlib.suppress(NetworkError):  # what timed out counts as not taken
                    await bot.send_message(1000 + n, TEXT, reply_markup=_keyboard())

            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience + count / per_second):
                    await _all(count, one, LIMITED)

    server.limit(per_second, burst)
    gc.collect()
    sample = timed(count, lambda: asyncio.run(send()))
    if not server.told()["taken"]:
        raise Lost("the peer got nothing through: nothing is compared")
    return _kept(server, per_second, sample)


def _kept(server: Loopback, per_second: int, sample: Sample) -> Kept:
    """Reckon the rate from the first message taken to the last, or to the end of patience where not all were."""
    told = server.told()
    whole = told["taken"] >= sample.count
    seconds = told["seconds"] if whole else sample.wall
    reached = (told["taken"] - 1) / seconds / per_second if seconds else 0.0
    return Kept(max(0.0, reached), int(told["refused"]), sample.cpu_us)
