"""Files that staff sent are fetched and looked at here, beside the turns: a slow network holds nobody up.

What waits lies in a table. A process that dies in between leaves it there, and who looks again tells the same once.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.compose import compose
from bot.errors import Missing, Refused, Trouble
from bot.letters import REPLY, letters
from bot.menu.examining import Examined, examine, playable
from bot.menu.telling import FREE, Frozen, papered, told
from bot.rights import Right, may
from bot.rounds.library import published
from bot.rounds.lifecycle import RUNNING, State
from bot.rounds.record import load, title
from bot.rounds.wording import Forbidden, spoken
from flows.checks.published import next_free
from storage import contacts, crossings, manuscripts, outbox, people, rounds
from storage.database import StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.files import Source
    from bot.rounds.organising import Rounds
    from flows.catalog import Catalog
    from flows.model import Prompt
    from storage.contacts import Contact
    from storage.database import Database
    from storage.manuscripts import Manuscript

EVERY = 5.0
"""Seconds after which we look whether another process has left something."""
TRIES, AGAIN = 5, timedelta(seconds=20)
"""How often a file is fetched, and how long after a failure."""
AT_ONCE = 20
FIXED = (State.CHECKED, State.SCHEDULED, *RUNNING)
"""States of rounds whose questions stay as they were signed."""

log = structlog.get_logger()


class Reading:
    """Looks at what was sent. Asynchronous where it fetches, in worker threads otherwise."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[str, Source],
        channels: Mapping[str, Capabilities],
        catalog: Catalog,
        rounds_: Rounds,
        clock: Callable[[], datetime],
        told: Callable[[], None],
    ) -> None:
        """`told` is called after each commit that has something to send."""
        self._database = database
        self._sources = sources
        self._channels = channels
        self._catalog = catalog
        self._rounds = rounds_
        self._clock = clock
        self._after = told
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            try:
                await self.look()
            except StorageTrouble as trouble:
                log.warning("manuscripts.trouble", reason=str(trouble))
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._woken.wait()

    def wake(self) -> None:
        """Something may have been sent: look at once. May be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # closed in between
                self._loop.call_soon_threadsafe(self._woken.set)

    async def look(self) -> None:
        """Look at all that waits now, one after the other."""
        for manuscript, channel in await asyncio.to_thread(self._due):
            await self._read(manuscript, channel)

    def _due(self) -> list[tuple[Manuscript, str]]:
        with self._database.reading() as db:
            return manuscripts.due(db, self._clock(), AT_ONCE)

    async def _read(self, manuscript: Manuscript, channel: str) -> None:
        body: bytes | None = None
        found: Examined | None
        try:
            body = await self._fetched(channel, manuscript.file)
        except Missing:
            found = Examined("file_gone")
        except Trouble as trouble:
            found = await self._later(manuscript, "manuscript.unfetched", trouble)
        else:
            flow = manuscript.of_round is None
            found = await asyncio.to_thread(examine, manuscript.name, body, self._catalog) if flow else Examined()
        if manuscript.of_round is not None and body is not None:
            found = await self._kept(manuscript, manuscript.of_round, body)
        if found is not None:
            await asyncio.to_thread(self._tell, manuscript, found)
        self._after()

    async def _kept(self, manuscript: Manuscript, code: str, body: bytes) -> Examined | None:
        """Let a file be a document of its round; return what is to be said of one that cannot be kept."""
        try:
            await asyncio.to_thread(self._attach, manuscript, code, body)
        except (OSError, Trouble) as trouble:
            return await self._later(manuscript, "manuscript.unkept", trouble)
        return None

    async def _later(self, manuscript: Manuscript, what: str, trouble: Exception) -> Examined | None:
        """Put off what has failed; return what is to be said once it has failed too often."""
        log.warning(what, manuscript=manuscript.id, reason=str(trouble))
        if manuscript.tries + 1 >= TRIES:
            return Examined("file_gone")
        await asyncio.to_thread(self._put_off, manuscript)
        return None

    async def _fetched(self, channel: str, file: str) -> bytes:
        source = self._sources.get(channel)
        if source is None:
            raise Missing(f"{channel} brings no files")
        return await source.fetch(file)

    def _put_off(self, manuscript: Manuscript) -> None:
        with self._database.transaction() as db:
            manuscripts.put_off(db, manuscript.id, manuscript.tries + 1, self._clock() + AGAIN)
            crossings.passed("manuscript.puts_off")
        crossings.passed("manuscript.put_off")

    def _tell(self, manuscript: Manuscript, found: Examined) -> None:
        """Say what was found, once: of two processes the first one says it."""
        becomes = manuscripts.SOUND if found.files else manuscripts.FAULTY
        with self._database.transaction() as db:
            contacts.hold(db, [manuscript.contact_id])
            contact = contacts.get(db, manuscript.contact_id)
            if manuscripts.settle(db, manuscript.id, becomes, found.files) and contact is not None:
                frozen = self._frozen(db, found, contact.language)
                prompt = told(contact.language, manuscript.id, found, self._catalog, frozen)
                parts = compose((prompt,), self._channels[contact.channel])
                outbox.enqueue(db, letters(contact, parts, f"manuscript:{manuscript.id}", self._clock(), REPLY))
            crossings.passed("manuscript.tells")
        crossings.passed("manuscript.told")

    def _attach(self, manuscript: Manuscript, code: str, body: bytes) -> None:
        """Let a file be a document of its round, and say so, or why not, once."""
        with self._database.transaction() as db:
            contacts.hold(db, [manuscript.contact_id])
            contact = contacts.get(db, manuscript.contact_id)
            if manuscripts.settle(db, manuscript.id, manuscripts.PAPER, {}) and contact is not None:
                prompt = self._attached(db, manuscript, code, body, contact)
                parts = compose((prompt,), self._channels[contact.channel])
                outbox.enqueue(db, letters(contact, parts, f"manuscript:{manuscript.id}", self._clock(), REPLY))
            crossings.passed("manuscript.tells")
        crossings.passed("manuscript.told")

    def _attached(self, db: Connection, manuscript: Manuscript, code: str, body: bytes, contact: Contact) -> Prompt:
        rounds_, who, title_, why = self._rounds.within(db), contact.person_id, "", ""
        of = rounds_.find(code)
        try:
            if of is None or who is None or not may(people.roles_of(db, who), of.service, Right.LEAD_ROUNDS):
                raise Forbidden("no_round", code=code)
            title_ = rounds_.attach(code, manuscript.name, body, who=who).title
        except Refused as refused:
            why = spoken(refused, contact.language)
        return papered(contact.language, code, title_, of.title if of else code, why)

    def _frozen(self, db: Connection, found: Examined, language: str) -> Frozen:
        """Return which rounds that were signed, and are not over, ask the flow of a file."""
        flow = playable(self._catalog, found.files) if found.files else None
        rows = [row for row in rounds.find(db, states=FIXED) if flow is not None and row.flow == flow.id]
        if flow is None or not rows:
            return FREE
        asking = tuple((title(load(row.record), row.title, language), row.version) for row in rows)
        return Frozen(asking, next_free(self._catalog, published(db), flow.id))
