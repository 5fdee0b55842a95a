"""The composition root: the one place where the parts are made and connected, and the only one that asks the clock.

    config ─▶ database, keys, catalogue ─▶ channels ─▶ turns, delivery ─▶ schedule, pages

For rehearsals `CIVICLOOP_CLOCK` names a file that says what time it is (see `bot.clock`), and `CIVICLOOP_CRASH_AT`
where the process dies (see `storage.crossings`).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn

from bot import leaving, ownership, pacing
from bot import log as logs
from bot.actions.acting import Actions
from bot.channels import ASSISTED
from bot.channels.web import site
from bot.channels.web.channel import WebChannel
from bot.channels.web.safety import Gate
from bot.clock import CLOCK, clock_of, mint, rehearse, steady
from bot.counter import Counter
from bot.delivery import Delivery
from bot.demo import prepare
from bot.desk.desk import Desk
from bot.digests.writing import Digests, delay
from bot.errors import Trouble
from bot.files import Files
from bot.jobs import schedule
from bot.jobs.deeds import Deeds
from bot.jobs.schedule import Schedule
from bot.jobs.sweeps import Sweeps
from bot.machine.client import Machine
from bot.menu.reading import Reading
from bot.metrics import Metrics, ages
from bot.participation import Participations
from bot.rounds.hours import Hours
from bot.rounds.library import Library
from bot.rounds.organising import Rounds
from bot.rounds.record import public_url
from bot.staff import Staff
from bot.themes.sweeping import Themes
from bot.threads import Threads
from bot.turns import Turns
from flows.catalog import Catalog
from storage import crossings, leases, migrate
from storage.database import Database, StorageTrouble
from storage.unlocking import unlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.channels.base import Channel
    from bot.channels.telegram.channel import Telegram
    from bot.config import Config
    from bot.digests.model import Digest
    from flows.issues import Issue
    from storage.leases import Lease

RECEIVING: Final = timedelta(seconds=10)
"""How long one process is alone with fetching updates, without a sign of life."""
GRACE: Final = 10.0
"""Seconds that each part of the program gets to come to its end: messages on their way, for one."""
LATE: Final = 60.0
"""Seconds an update may wait or a message be overdue before `/readyz` says no."""

REQUESTS: Final = 1_000
"""Most requests answered at once; who comes then is told to come again (503), as Telegram does by itself."""
SWEEPING: Final = timedelta(seconds=60)
"""How long one process is alone with a sweep; should it take longer, another may do the same: harmless, but work."""

log = structlog.get_logger()


def main(config: Config) -> None:
    """Run until SIGTERM or Ctrl-C. Raises `Usage` or `Trouble` where it cannot start."""
    logs.set_up(config)
    rehearse(os.environ)
    listening = open_port(config.web.host, config.web.port)
    app = App.build(at_port(config, listening.getsockname()[1]), clock_of(os.environ), mint)
    settle()
    try:
        asyncio.run(app.run(listening))
    finally:
        app.database.close()


def _tell_unread(issues: Iterable[Issue]) -> None:
    """Let the log say of flows published in chats what keeps them from being read: all others are there."""
    for issue in issues:
        log.error("flow.unreadable", file=issue.file, line=issue.line, help=issue.message)


def settle() -> None:
    """What a start made stays: no collection looks through it again, 60 ms each in the midst of talks.

    And they come seldom: a group of turns makes thousands of objects that go together; looking through them on the way
    was 7 % of each turn.
    """
    gc.freeze()
    gc.set_threshold(25_000, 20, 20)


def at_port(config: Config, port: int) -> Config:
    """Return the configuration with the port that was found free, where it asked for any (0)."""
    if config.web.port:
        return config
    anywhere = f":{config.web.port}"
    public_url = config.web.public_url.replace(anywhere, f":{port}")
    privacy = replace(config.privacy, url=config.privacy.url.replace(anywhere, f":{port}"))
    return replace(config, web=replace(config.web, port=port, public_url=public_url), privacy=privacy)


@dataclass(frozen=True, slots=True)
class Hook:
    """Telegram's door among the pages."""

    telegram: Telegram

    def admits(self, secret: str | None) -> bool:
        """Whether who calls with this secret is Telegram."""
        return self.telegram.admits(secret or "")

    async def receive(self, body: bytes, secret: str | None) -> int:
        """Take one update and return the HTTP status to answer, after the commit."""
        from bot.channels.telegram.channel import SECRET_HEADER  # noqa: PLC0415 - loaded only where it is used

        return await self.telegram.webhook({SECRET_HEADER: secret or ""}, body)


class App:
    """The whole program; what the pages see of it is `bot.channels.web.backstage.Backstage`."""

    def __init__(
        self, config: Config, database: Database, clock: Callable[[], datetime], mint: Callable[[], str]
    ) -> None:
        """Make and connect all parts; nothing runs yet. Use `build`."""
        self.config = config
        self.database = database
        self.clock = clock
        self.steady = steady(os.environ, clock)
        self.mint = mint
        self.owner = ownership.name_of(mint)
        self.shared = ownership.SharedTime(database, time.monotonic)
        self.measures = Metrics()
        self.keys = unlock(database, config.privacy.key_file, mint)
        self.catalog = Catalog.load(extra=config.flows.extra)
        self.uploads = Path(config.database.files)
        self.library = Library(config, self.catalog, self.keys, clock)
        self.rounds = Rounds(config, database, self.keys, self.catalog, self.library, clock, mint)
        self.machine = self._machine()
        self.digests = Digests(config, self.catalog.bank, self.library, self.machine)
        self.assessments = self.digests.assessments
        self.chat = WebChannel(database, self.keys, clock, self.uploads)
        self.telegram = self._telegram()
        self.webhook = Hook(self.telegram) if self.telegram and config.telegram.mode == "webhook" else None
        self.channels = self._channels()
        here = dict.fromkeys(("web", *ASSISTED), self.chat)  # what staff take down lies where the web chat's files lie
        self.files = Files({**here, **({"telegram": self.telegram} if self.telegram else {})})
        if self.telegram is not None:
            telegram = self.telegram
            self.rounds.username = lambda: telegram.username
        capabilities = {name: channel.capabilities for name, channel in self.channels.items()}
        self.threads = Threads(config, self.library.phrases, self.keys, mint, capabilities)
        self.actions = Actions(config, self.library, self.catalog.bank, capabilities)
        self.desk = self._desk()
        self.counter = Counter(database, self.desk, self.library, self.keys, clock, mint, self.chat.capabilities)
        self.turns = Turns(
            self.database, self.channels, self.desk, self.keys, config.city.languages, self.clock, self.measures
        )
        paces = {"telegram": pacing.telegram(config.telegram.messages_per_second), "mail": pacing.MAIL}
        self.delivery = Delivery(
            database, self.channels, self.keys, self.owner, clock, self.measures, paces, hours=Hours.of(config)
        )
        self.delivery.shared = self.shared
        self.reading = Reading(
            database, self.files.sources, capabilities, self.catalog, self.rounds, clock, self.delivery.wake
        )
        self.turns.committed = self._committed
        self.schedule = self._schedule()
        self.stopping = asyncio.Event()

    @classmethod
    def build(cls, config: Config, clock: Callable[[], datetime], mint: Callable[[], str]) -> App:
        """Open the database and bring it up to date. Raises `Usage`, `Trouble`, `StorageTrouble`.

        What an earlier life had deleted when it was killed must not linger beside the database: so it is tidied first.
        """
        database = Database.open(config.database.url)
        migrate.upgrade(database)
        database.tidy()
        app = cls(config, database, clock, mint)
        with database.reading() as db:
            _tell_unread(app.library.learn(db))
            for issue in app.library.edited(db):
                log.warning("flow.edited", file=issue.file, line=issue.line, help=issue.message)
        return app

    def _machine(self) -> Machine | None:
        """Return the language model that may word headlines and names, where the city has named one."""
        settings = self.config.model
        if not settings.url:
            return None
        return Machine(
            settings, time.monotonic, lambda what, outcome: self.measures.machine.labels(what, outcome).inc()
        )

    def _telegram(self) -> Telegram | None:
        settings = self.config.telegram
        if not settings.token:
            return None
        from bot.channels.telegram.channel import Telegram, Webhook  # noqa: PLC0415 - slow to load, rarely needed

        hook = Webhook(settings.webhook_url, settings.secret_token.reveal()) if settings.mode == "webhook" else None
        return Telegram(
            settings.token.reveal(),
            phrases=self.catalog.phrases,
            commands={language: self.catalog.commands(language) for language in self.config.city.languages},
            base_url=settings.base_url,
            webhook=hook,
        )

    def _channels(self) -> dict[str, Channel]:
        channels: list[Channel] = [self.chat]
        if self.telegram is not None:
            channels.append(self.telegram)
        if self.config.mail.host:
            from bot.channels.mail import MailChannel  # noqa: PLC0415 - needed only where mail is set up

            speaker = self.config.city.speaker(self.config.city.languages[0])
            leave = partial(leaving.link, self.keys, public_url(self.config))
            channels.append(MailChannel(self.config.mail, speaker, self.clock, leave=leave))
        return {channel.name: channel for channel in channels}

    def _desk(self) -> Desk:
        config, keys = self.config, self.keys
        participations = Participations(keys, self.mint, config.city.zone)
        staff = Staff(config, self.library, keys, self.mint, self.digests.so_far_text, self.rounds, self.actions)
        return Desk(config, self.catalog, self.library, keys, participations, staff, self.threads, self.mint)

    def _committed(self) -> None:
        """Turns have said something: send it, and look whether a file was sent."""
        self.delivery.wake()
        self.reading.wake()

    def _learn(self) -> None:
        """Take in the flows that other processes have published."""
        with self.database.reading() as db:
            _tell_unread(self.library.learn(db))

    def _schedule(self) -> Schedule:
        capabilities = {name: channel.capabilities for name, channel in self.channels.items()}
        sweeps = Sweeps(
            self.config, self.database, self.library, self.digests, capabilities, self.steady, self.delivery.wake
        )
        alone: dict[str, Callable[[], object]] = {
            "rounds": sweeps.rounds,
            "heads": sweeps.heads,
            "promises": sweeps.promises,
            "findings": sweeps.findings,
            "digests": sweeps.digests,
            "alarms": sweeps.alarms,
            "assessments": sweeps.assessments,
            "sessions": sweeps.sessions,
            "actions": Deeds(self.config, self.database, self.actions, self.steady, self.delivery.wake).sweep,
            "themes": Themes(self.config, self.database, self.steady, machine=self.machine).sweep,
            "leaps": sweeps.leaps,
            "privacy": sweeps.privacy,
        }
        jobs: dict[str, Callable[[], object]] = {
            "time": self.shared.ask,
            "load": self._weigh,
            "inbox": self.turns.ring,
            "flows": self._learn,
            **{name: partial(self._alone, name, sweep) for name, sweep in alone.items()},
        }
        rehearsed = dict.fromkeys(jobs, schedule.REHEARSAL)
        return Schedule(
            jobs, self.measures, datetime.now(UTC), rehearsed if os.environ.get(CLOCK) else schedule.SECONDS
        )

    def _alone(self, name: str, sweep: Callable[[], object]) -> None:
        """Sweep, unless another process is at it: it would do no harm, and the same work once more."""
        with self.database.transaction() as db:
            lease = ownership.take(db, f"sweep:{name}", self.owner, self.shared(), SWEEPING)
            crossings.passed("sweep.leases")
        crossings.passed("sweep.leased")
        if lease is not None:
            try:
                sweep()
            finally:
                self._returned(lease)

    def _weigh(self) -> None:
        self.measures.weigh(time.monotonic())

    # ----------------------------------------------------------------- running

    async def run(self, listening: socket.socket) -> None:
        """Serve until asked to stop, then finish what is under way. Raises what keeps the program from working."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        secure = self.config.web.public_url.startswith("https://")
        server = _Server(
            uvicorn.Config(
                Gate(site(self), REQUESTS, self.measures.refusals.labels("requests").inc, secure=secure),
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )
        self.turns.begin()
        self.schedule.start()
        sending = asyncio.create_task(self.delivery.run(), name="delivery")
        serving = asyncio.create_task(server.serve(sockets=[listening]), name="pages")
        receiving = [asyncio.create_task(self._listen(each), name=f"listen {each.name}") for each in self._listeners()]
        receiving.append(asyncio.create_task(self.reading.run(), name="files"))
        asked = asyncio.create_task(self.stopping.wait(), name="stop")
        try:
            await self._welcome(server)
            await asyncio.wait({asked, sending, serving, *receiving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            broken = [task.exception() for task in (sending, serving, *receiving) if task.done()]
            await self._stop(server, serving, sending, receiving)
        for error in filter(None, broken):
            raise error

    def _listeners(self) -> list[Channel]:
        return [channel for channel in self.channels.values() if channel.name != "mail"]

    async def _welcome(self, server: _Server) -> None:
        """Say where we are, once the pages answer."""
        while not server.started and not server.should_exit and not self.stopping.is_set():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        log.info(
            "app.started", city=self.config.city.name, channels=sorted(self.channels), database=self.database.dialect
        )
        for line in await asyncio.to_thread(prepare, self):
            with contextlib.suppress(OSError):  # nobody reads along any more, or the disk of the log is full
                print(line, flush=True)  # noqa: T201 - addresses for the person who started it

    async def _stop(
        self,
        server: _Server,
        serving: asyncio.Task[None],
        sending: asyncio.Task[None],
        receiving: list[asyncio.Task[None]],
    ) -> None:
        """Receive no more, finish the turns, let messages on their way arrive, give the leases back."""
        self.schedule.stop()
        for task in receiving:
            task.cancel()
        await asyncio.wait(receiving, timeout=GRACE)
        await self.chat.close()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=GRACE)
        await self.turns.end()
        self.delivery.stop()
        await asyncio.wait({sending}, timeout=GRACE)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        for channel in self.channels.values():
            await channel.close()
        log.info("app.stopped")

    async def _listen(self, channel: Channel) -> None:
        """Receive; where only one process may fetch (polling), while we hold the lease for it."""
        if channel is not self.telegram or self.webhook is not None:
            await channel.listen(self.turns.accept)
            return
        name = f"receive:{channel.name}"
        stands_by = False
        while True:
            lease = await self._leased(name, None)
            if lease is None and not stands_by:
                log.info("receive.standing_by", channel=channel.name, reason="another process receives; we take over")
            stands_by = lease is None
            if lease is not None:
                task = asyncio.create_task(channel.listen(self.turns.accept))
                try:
                    while lease is not None and not task.done():
                        await asyncio.wait({task}, timeout=RECEIVING.total_seconds() / 3)
                        lease = await self._leased(name, lease)
                finally:
                    task.cancel()
                    for error in await asyncio.gather(task, return_exceptions=True):
                        if isinstance(error, Exception):
                            log.error("receive.failed", channel=channel.name, reason=repr(error))
                    await asyncio.to_thread(self._returned, lease)
            await asyncio.sleep(1)

    async def _leased(self, name: str, lease: Lease | None) -> Lease | None:
        """Take or keep a lease; a database that does not answer for a moment is no reason to let go."""

        def take() -> Lease | None:
            now = self.shared()
            with self.database.transaction() as db:
                crossings.passed("receive.renews_lease" if lease else "receive.takes_lease")
                if lease is None:
                    held = ownership.take(db, name, self.owner, now, RECEIVING)
                else:
                    held = leases.renew(db, lease, now, RECEIVING)
            crossings.passed("receive.holds_lease")
            return held

        try:
            return await asyncio.to_thread(take)
        except StorageTrouble as trouble:
            log.warning("lease.trouble", lease=name, reason=str(trouble))
            return lease

    def _returned(self, lease: Lease | None) -> None:
        if lease is not None:
            with contextlib.suppress(StorageTrouble), self.database.transaction() as db:
                leases.release(db, lease, self.shared())
                crossings.passed("lease.returns")
            crossings.passed("lease.returned")

    # ----------------------------------------------------------------- how it is

    def so_far(self, service: str) -> Digest | None:
        """Return the figures of the week that is running; None where nobody answered and no clock runs."""
        with self.database.reading() as db:
            return self.digests.so_far(db, service, self.clock())

    async def ready(self) -> tuple[bool, Mapping[str, str]]:
        """Return whether all parts work, and one short line for each part."""
        parts = {"scheduler": "ok" if self.schedule.running and not self.schedule.trouble else self.schedule.trouble}
        parts["scheduler"] = parts["scheduler"] or "stopped"
        parts["clock"] = self.steady.trouble or "ok"
        at = asyncio.get_running_loop().time()
        for name, sender in self.delivery.senders.items():
            trouble = sender.trouble or getattr(self.channels[name], "trouble", None) or sender.stuck(at)
            parts[name] = trouble or "ok"
        stored, load = await asyncio.to_thread(self._stored)
        human = await asyncio.to_thread(self._human)
        parts |= stored
        return all(line == "ok" for line in parts.values()), {**parts, "human": human, "load": load}

    def _human(self) -> str:
        """Return which services have nobody who can be told what citizens write; no part of ours that fails."""
        try:
            with self.database.reading() as db:
                answered = self.threads.answered_for(db)
        except StorageTrouble:
            return "unknown"
        nobody = [each.key for each in self.config.services if each.key not in answered]
        return f"nobody can be told for {', '.join(nobody)}" if nobody else "ok"

    def _stored(self) -> tuple[dict[str, str], str]:
        """Return how the database is, and how much there is to do."""
        try:
            with self.database.reading() as db:
                waiting = ages(db, self.clock())
                held = delay(db, self.config, self.clock())
        except StorageTrouble as trouble:
            return {"database": str(trouble)}, self.measures.load({})
        late = {table: f"the oldest row has waited {age:.0f} seconds" for table, age in waiting.items() if age > LATE}
        told = f"{held.unwritten} not written, {held.unsent} not sent, for over an hour" if held else "ok"
        parts = {"database": "ok", "inbox": "ok", "outbox": "ok", "digests": told}
        return {**parts, **late}, self.measures.load(waiting)

    async def metrics(self) -> str:
        """Return the measurements in Prometheus' text format."""

        def measure() -> str:
            with contextlib.suppress(StorageTrouble), self.database.reading() as db:
                self.measures.look(db, self.clock())
            return self.measures.text()

        return await asyncio.to_thread(measure)


class _Server(uvicorn.Server):
    """uvicorn without its own signals: the program stops as a whole."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program."""
        yield


def open_port(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `Trouble` in one line where the port is taken or the host is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Trouble(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it, "
            "or choose another with CIVICLOOP_WEB__PORT"
        ) from error
    listening.listen(512)
    return listening
