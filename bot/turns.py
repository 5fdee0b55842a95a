"""Updates become turns, many to a commit.

One thread writes. It takes whatever is queued, and in one transaction keeps the keys of what is new, steps each
contact's session in memory and writes everything with a few statements. Nobody waits for a full group. If a group
fails, it is rolled back and its contacts are taken one by one, so that one bad row holds nobody up; what still fails is
kept as waiting and tried again, and given up, kept and reported after the third time.

The same thread lets sessions go on whose moment has come (`storage.sessions.due`). It wakes for those it has written
itself; the bell, which rings every few seconds, brings those of processes that are no more.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import structlog

from bot.channels.base import Raw
from bot.compose import compose
from bot.errors import Trouble, Unreadable
from bot.ledger import Guest, Ledger
from bot.letters import REPLY, letters
from bot.log import Alike, alike
from bot.rounds.lifecycle import as_of
from storage import contacts, crossings, inbox, messages, rounds, sessions
from storage.contacts import NewContact
from storage.database import Conflict, StorageTrouble, Unopened
from storage.messages import NewLine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Channel, Inbound
    from bot.desk.desk import Desk
    from bot.metrics import Metrics
    from bot.participation import Spoken
    from storage.contacts import Address
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.sealing import Keys

Result = TypeVar("Result")

GROUP = 200
"""Most updates to a commit."""
ATTEMPTS = 3
"""How often a turn is tried before it is given up and reported."""
CONFLICTS = 3
"""How often a group is begun because somebody else wrote the same session, or it and another waited for each other."""
OF_ONE = (Conflict, Unopened)
"""Troubles that concern a row: the database as such is well, so the others go on."""
QUEUED = 5_000
"""With so many calls waiting, the next ones are not taken: their channels keep them and bring them again."""
STOPPING = "the program is stopping: send it again"
SEEN_AGAIN = 3600
"""Seconds after which a contact's last visit is written anew."""
CATCH_UP = timedelta(seconds=5)
"""So long after a start no session goes on by itself: words sent in time may just be on their way."""
LATER = timedelta(seconds=30)
"""After so long a session that could not go on by itself is tried again."""

log = structlog.get_logger()
_turns = logging.getLogger("civicloop.turns")


class _Work(NamedTuple):
    """Updates of one call, and the future its caller waits for; a sweep's bell has neither."""

    raws: Sequence[Raw]
    done: asyncio.Future[None] | None


def _tell(works: Sequence[_Work], trouble: Exception | None = None) -> None:
    """Tell all callers at once: a signal to the event loop for each cost as much as half a turn."""
    waiting = [work.done for work in works if work.done is not None]
    for loop, group in groupby(waiting, key=asyncio.Future.get_loop):
        with suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(_resolve, list(group), trouble)


def _resolve(waiting: Sequence[asyncio.Future[None]], trouble: Exception | None) -> None:
    for done in waiting:
        if done.done():  # the caller has given up
            continue
        if trouble is None:
            done.set_result(None)
        else:
            done.set_exception(trouble)


class _Told(NamedTuple):
    """What the one log line of a turn says, in this order, and what is counted."""

    contact: int
    flow: str
    origin: str
    to: str
    ms: float
    channel: str
    urgent: bool


_LINE = ("contact", "flow", "origin", "to", "ms")


class _Read(NamedTuple):
    """An update and what it holds; `trouble` says why it cannot be read."""

    raw: Raw
    inbounds: tuple[tuple[Address, Inbound], ...] = ()
    """Each message with how its sender is found."""
    trouble: str = ""

    @property
    def of(self) -> bytes:
        """Whose it is, as a keyed hash; empty where it cannot be told."""
        return self.inbounds[0][0][1] if self.inbounds else b""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same update when it comes again."""
        return (self.raw.channel, self.raw.external_id)


class Turns:
    """Takes updates of all channels."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        desk: Desk,
        keys: Keys,
        languages: Sequence[str],
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._channels = channels
        self._desk = desk
        self._keys = keys
        self._languages = languages
        self._clock = clock
        self._metrics = metrics
        self._open = rounds.watch()
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._wakes_at: datetime | None = None
        """When the next session goes on by itself, as far as this process knows."""
        self._caught_up_at = clock()
        self.committed: Callable[[], None] = lambda: None
        """Called in the writing thread after each commit that has something to send."""

    # ----------------------------------------------------------------- from outside

    def begin(self) -> None:
        """Start the writing thread; it first takes what an earlier process left waiting."""
        self._caught_up_at = self._clock() + CATCH_UP
        self._thread = threading.Thread(target=self._write, name="turns", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> int:
        """How many calls wait for the writing thread."""
        return self._queue.qsize()

    async def accept(self, raws: Sequence[Raw]) -> None:
        """Return after the commit. Raises `Trouble` where the database does not take it: do not acknowledge then."""
        if raws:
            if self.queued >= QUEUED:
                self._metrics.refusals.labels("updates").inc(len(raws))
                raise Trouble("more arrives than can be written: send it again in a moment")
            done = self._put(raws)
            crossings.passed("turns.queued")
            if self._thread is None or not self._thread.is_alive():
                raise Trouble(STOPPING)
            await done
            crossings.passed("turns.told")

    async def end(self) -> None:
        """Finish what is queued, then stop the thread."""
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._refuse()  # who came while the thread was ending

    def ring(self) -> None:
        """Let the writing thread take what waits; a sweep rings here, from any thread."""
        self._queue.put(_Work((), None))

    async def again(self) -> None:
        """Let the writing thread take what waits, and return when it has."""
        await self._put(())

    def _put(self, raws: Sequence[Raw]) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(_Work(raws, done))
        return done

    # ----------------------------------------------------------------- the writing thread

    def _write(self) -> None:
        self._drain()
        self._wake()
        while True:
            works, last = self._queued()
            if works:
                self._settle(works)
            if last:
                self._refuse()
                return
            if self._patience() == 0:  # behind what is queued: it may be more words for the same answer
                self._wakes_at = None
                self.ring()

    def _patience(self) -> float | None:
        """Return the seconds until a session goes on by itself; None where none does."""
        if self._wakes_at is None:
            return None
        return max(0.0, (self._wakes_at - self._clock()).total_seconds())

    def _queued(self) -> tuple[list[_Work], bool]:
        """Return everything queued, at most a group, waiting for the first; and whether it is the last."""
        works: list[_Work] = []
        size = 0
        while size < GROUP:
            try:
                work = self._queue.get(block=not works, timeout=None if works else self._patience())
            except queue.Empty:
                break
            if work is None:
                return works, True
            works.append(work)
            size += len(work.raws)
        return works, False

    def _refuse(self) -> None:
        """Nobody takes what came in too late."""
        late = []
        while not self._queue.empty():
            work = self._queue.get()
            if work is not None:
                late.append(work)
        _tell(late, Trouble(STOPPING))

    def _settle(self, works: list[_Work]) -> None:
        """Commit a group, and tell those who wait."""
        raws = [raw for work in works for raw in work.raws]
        try:
            if raws:
                self._commit(raws)
        except Exception as error:  # noqa: BLE001 - whoever waits must learn of it; the thread goes on
            trouble = error if isinstance(error, StorageTrouble) else Trouble(f"cannot keep an update: {_told(error)}")
            log.error("turns.trouble", reason=str(trouble))  # noqa: TRY400 - one line says what to do
            _tell(works, trouble)
            return
        bells = [work for work in works if not work.raws]
        _tell([work for work in works if work.raws])
        if bells:
            self._drain()
            self._wake()
            _tell(bells)

    def _commit(self, raws: Sequence[Raw]) -> None:
        """Write a group in one transaction; contact by contact where that does not work."""
        try:
            self._group(raws)
        except StorageTrouble as trouble:
            if not isinstance(trouble, OF_ONE):
                raise
        except Exception:  # noqa: BLE001 - found and reported one by one
            log.warning("turns.group_failed", updates=len(raws))
        else:
            return
        for mine in self._by_contact(raws):
            _repeated(partial(self._alone, mine))

    def _group(self, raws: Sequence[Raw]) -> None:
        began = time.perf_counter()
        now = self._clock()
        reads = [self._read(raw) for raw in raws]
        crossings.passed("group.begins")
        fresh, told, spoke = _repeated(lambda: self._written(reads, now))
        self._report(told, len(raws) - fresh, fresh, time.perf_counter() - began, spoke=spoke)

    def _written(self, reads: Sequence[_Read], now: datetime) -> tuple[int, list[_Told], bool]:
        with self._database.transaction() as db:
            kept = self._keep(db, reads, now)
            crossings.passed("group.written")
        crossings.passed("group.committed")
        return kept

    def _keep(self, db: Connection, reads: Sequence[_Read], now: datetime) -> tuple[int, list[_Told], bool]:
        """Keep what is new and make its turns. Returns how many were new, their log lines, and whether any spoke."""
        known = self._meet(db, reads)
        held = inbox.held(db)  # after the contacts are ours: what another process has kept of them shows now
        good = [read for read in reads if not read.trouble and read.of not in held]
        fresh = inbox.take(db, [read.raw for read in good], now)
        crossings.passed("group.taken")
        new = good if len(fresh) == len(good) else _first_of(good, fresh)
        count = len(new)
        if len(good) < len(reads):
            count += self._keep_unreadable(db, [read for read in reads if read.trouble], now)
            behind = [read for read in reads if not read.trouble and read.of in held]
            count += len(self._put_aside(db, behind, known, now))
        told, spoke = self._take(db, new, known, now)
        return count, told, spoke

    @staticmethod
    def _meet(db: Connection, reads: Iterable[_Read]) -> dict[Address, contacts.Contact]:
        """Return the contacts these updates are of, as far as we know them; they are ours until the commit."""
        return contacts.meet(db, {address for read in reads for address, _ in read.inbounds})

    def _keep_unreadable(self, db: Connection, reads: Sequence[_Read], now: datetime) -> int:
        """Keep what nobody can read, whole, for a person to look at."""
        reasons = {read.key: read.trouble for read in reads}
        rows = inbox.accept(db, [read.raw for read in reads], now, self._keys, [b""] * len(reads))
        for row in rows:
            self._unreadable(db, row.id, row.channel, reasons[row.channel, row.external_id])
        return len(rows)

    def _unreadable(self, db: Connection, row_id: int, channel: str, reason: str) -> None:
        """Let a row that nobody can read lie for an operator, and say so."""
        inbox.fail(db, row_id, inbox.UNREADABLE, reason)
        log.error("update.unreadable", channel=channel, inbox=row_id, reason=reason)
        self._metrics.failures.labels("unreadable").inc()

    def _alone(self, raws: Sequence[Raw]) -> None:
        """Take one contact's updates; what does not work is kept as waiting, and what comes after it waits behind.

        In one transaction, so that on another process nothing of this contact goes first in between.
        """
        began, now = time.perf_counter(), self._clock()
        reads = [self._read(raw) for raw in raws]
        reason = ""
        with self._database.transaction() as db:
            known = self._meet(db, reads)
            try:
                with db.begin_nested():
                    fresh, told, spoke = self._keep(db, reads, now)
            except Exception as error:
                if isinstance(error, StorageTrouble) and not isinstance(error, OF_ONE):
                    raise
                reason = _told(error)
                if not isinstance(error, OF_ONE):
                    log.exception("turn.failed", channel=raws[0].channel, attempt=1)
                crossings.passed("alone.failed")
                kept = self._put_aside(db, reads, known, now)
                if kept:  # it has had one try
                    inbox.fail(db, kept[0].id, inbox.WAITING, reason)
            crossings.passed("alone.written")
        crossings.passed("alone.kept")
        if reason:
            self._metrics.failures.labels("turn").inc()
        else:
            self._report(told, len(raws) - fresh, fresh, time.perf_counter() - began, spoke=spoke)

    def _put_aside(
        self, db: Connection, reads: Sequence[_Read], known: dict[Address, contacts.Contact], now: datetime
    ) -> list[inbox.InboxRow]:
        """Keep updates for later; a conversation that we show has them all the same. Returns the new ones."""
        shown = [read for read in reads if any(each.line is not None for _, each in read.inbounds)]
        self._welcome(db, shown, known, now)
        _note(db, shown, known, now)
        return inbox.accept(db, [read.raw for read in reads], now, self._keys, [read.of for read in reads])

    def _drain(self) -> None:
        """Take what waits, each contact's in the order it came; what fails again holds up its own contact only."""
        failed: set[int] = set()
        try:
            while True:
                with self._database.reading() as db:
                    waiting = [row_id for row_id in inbox.waiting(db, GROUP + len(failed)) if row_id not in failed]
                if not waiting:
                    return
                failed.update(row_id for row_id in waiting if not self._retry(row_id))
        except Exception as error:  # noqa: BLE001 - the next ring tries again
            log.error("turns.drain_failed", reason=_told(error))  # noqa: TRY400 - one line is enough

    def _retry(self, row_id: int) -> bool:
        """Try one waiting update again; return whether it is done with, and what waits behind it may follow."""
        now = self._clock()
        attempts = 0
        try:
            with self._database.transaction() as db:
                row = inbox.claim_one(db, row_id)
                if row is None:  # another process has it
                    return False
                attempts = row.attempts
                read = self._opened(row)
                if read.trouble:
                    self._unreadable(db, row.id, row.channel, read.trouble)
                else:
                    told, spoke = self._take(db, [read], self._meet(db, [read]), now)
                    inbox.settle(db, [row_id], now)
                crossings.passed("again.written")
            crossings.passed("again.committed")
        except Exception as error:
            if isinstance(error, StorageTrouble) and not isinstance(error, OF_ONE):
                raise
            if isinstance(error, Conflict):  # no fault of the update: somebody else wrote at the same moment
                return False
            given_up = attempts + 1 >= ATTEMPTS
            log.exception("turn.given_up" if given_up else "turn.failed", attempt=attempts + 1, inbox=row_id)
            self._metrics.failures.labels("given_up" if given_up else "turn").inc()
            with self._database.transaction() as db:
                inbox.fail(db, row_id, inbox.FAILED if given_up else inbox.WAITING, _told(error))
                crossings.passed("again.failed")
            crossings.passed("again.noted")
            return given_up
        if not read.trouble:
            self._report(told, 0, 1, 0.0, spoke=spoke)
        return True

    def _opened(self, row: inbox.InboxRow) -> _Read:
        """Read an update that was kept sealed."""
        try:
            body = self._keys.unseal_bytes(row.body)
        except Unopened:
            return _Read(Raw(row.channel, row.external_id, b""), trouble="the key file does not open it")
        return self._read(Raw(row.channel, row.external_id, body))

    def _by_contact(self, raws: Sequence[Raw]) -> Iterable[list[Raw]]:
        found: dict[bytes, list[Raw]] = {}
        for raw in raws:
            found.setdefault(self._read(raw).of, []).append(raw)
        return found.values()

    # ----------------------------------------------------------------- what goes on by itself

    def _expect(self, wakes_at: datetime | None) -> None:
        """Wake no later than then."""
        self._wakes_at = min(filter(None, (self._wakes_at, wakes_at)), default=None)

    def _wake(self) -> None:
        """Let every session go on whose moment has come; one that fails holds up no other."""
        now = self._clock()
        if now < self._caught_up_at:
            self._expect(self._caught_up_at)
            return
        tried: set[sessions.Due] = set()
        try:
            while due := [each for each in self._due(now) if each not in tried]:
                tried.update(due)
                if not self._go_on(due, now):
                    for each in due:
                        self._go_on_alone(each, now)
        except Exception as error:  # noqa: BLE001 - the next ring tries again
            log.error("turns.wake_failed", reason=_told(error))  # noqa: TRY400 - one line is enough

    def _due(self, now: datetime) -> list[sessions.Due]:
        """Return the sessions to go on with, and expect the one that comes after them."""
        with self._database.reading() as db:
            self._wakes_at = sessions.next_due(db, now)
            return sessions.due(db, now, GROUP)

    def _go_on_alone(self, which: sessions.Due, now: datetime) -> None:
        if not self._go_on([which], now):
            self._metrics.failures.labels("wake").inc()
            with self._database.transaction() as db:
                sessions.put_off(db, which, now + LATER)
                crossings.passed("wake.puts_off")
            crossings.passed("wake.put_off")

    def _go_on(self, due: Sequence[sessions.Due], now: datetime) -> bool:
        """Write the turns that silence makes in one transaction; return whether that worked."""
        began = time.perf_counter()
        try:
            with self._database.transaction() as db:
                ledger = self._woken(db, due, now)
                held = inbox.held(db)
                told = [told for which in due if (told := self._silence(db, ledger, held, which))]
                ledger.flush(db, last=True)
                crossings.passed("wake.written")
            crossings.passed("wake.committed")
        except Exception as error:
            if isinstance(error, StorageTrouble) and not isinstance(error, OF_ONE):
                raise
            if len(due) == 1 and not isinstance(error, Conflict):
                log.exception("wake.failed", contact=due[0].contact_id)
            return False
        self._report(told, 0, 0, time.perf_counter() - began, spoke=ledger.enqueued > 0)
        return True

    def _woken(self, db: Connection, due: Sequence[sessions.Due], now: datetime) -> Ledger:
        """Load those whose sessions are due; they are ours until the commit."""
        ids = {which.contact_id for which in due}
        contacts.hold(db, ids)
        stood = sessions.of(db, ids)
        ledger = Ledger(now, self._takes(db, now), keys=self._keys)
        for contact in contacts.by_ids(db, ids).values():
            ledger.guests[contact.address] = Guest(
                contact, {row.round_id: row for row in stood.get(contact.id, ())}, self._keys
            )
        return ledger

    def _takes(self, db: Connection, now: datetime) -> dict[int, RoundRow]:
        """Return the rounds that take answers at `now`, by id."""
        return self._desk.asking(db, (row for row in self._open(db) if as_of(row, now) is row))

    def _silence(self, db: Connection, ledger: Ledger, held: Collection[bytes], which: sessions.Due) -> _Told | None:
        """Make the turn of a session whose moment has come; None where it waits on."""
        began = time.perf_counter()
        guest = next((each for each in ledger.guests.values() if each.contact.id == which.contact_id), None)
        row = guest.rows.get(which.round_id) if guest else None
        if guest is None or row is None or guest.contact.channel not in self._channels:
            sessions.put_off(db, which, None)
            return None
        if row.wakes_at != which.wakes_at:  # they have just said more
            return None
        if guest.contact.address_hash in held:  # what waits there was said before
            sessions.put_off(db, which, ledger.now + LATER)
            return None
        spoken = self._desk.wake(db, ledger, guest, which.round_id)
        if spoken is None:
            sessions.put_off(db, which, None)
            return None
        return self._say(ledger, guest, spoken, f"wake.{which.contact_id}.{which.round_id}.{row.revision}", began)

    # ----------------------------------------------------------------- a group

    def _take(
        self, db: Connection, reads: Sequence[_Read], known: dict[Address, contacts.Contact], now: datetime
    ) -> tuple[list[_Told], bool]:
        """Make a turn of each update, and write them all. Returns their log lines, and whether any says something."""
        ledger = self._ledger(db, reads, known, now)
        _note(db, reads, known, now)
        told = [self._turn(db, ledger, read.raw, *each) for read in reads for each in read.inbounds]
        crossings.passed("group.stepped")
        ledger.flush(db, last=True)
        self._expect(ledger.wakes_at)
        return told, ledger.enqueued > 0

    def _read(self, raw: Raw) -> _Read:
        channel = self._channels.get(raw.channel)
        if channel is None:
            return _Read(raw, trouble=f"the channel {raw.channel} is not switched on")
        try:
            inbounds = channel.parse(raw)
        except Unreadable as error:
            return _Read(raw, trouble=str(error))
        hashed = self._keys.address_hash
        return _Read(raw, tuple([((each.channel, hashed(each.channel, each.address)), each) for each in inbounds]))

    def _ledger(
        self, db: Connection, reads: Sequence[_Read], known: dict[Address, contacts.Contact], now: datetime
    ) -> Ledger:
        """Load everything the turns of these updates need, set-wise."""
        self._welcome(db, reads, known, now)
        ledger = Ledger(now, keys=self._keys)
        if not any(read.inbounds for read in reads):
            return ledger
        stood = sessions.of(db, [contact.id for contact in known.values()])
        ledger.open_rounds = self._takes(db, now)
        for address, contact in known.items():
            ledger.guests[address] = Guest(
                contact, {row.round_id: row for row in stood.get(contact.id, ())}, self._keys
            )
        self._seen(db, [contact for contact in known.values() if _long_unseen(contact, now)], now)
        return ledger

    def _welcome(
        self, db: Connection, reads: Iterable[_Read], known: dict[Address, contacts.Contact], now: datetime
    ) -> None:
        """Let who writes for the first time be a contact, and known."""
        first: dict[Address, Inbound] = {}
        for read in reads:
            for address, inbound in read.inbounds:
                if address not in known:
                    first.setdefault(address, inbound)
        if first:
            known |= contacts.welcome(db, [self._new(address, first[address], now) for address in sorted(first)])

    def _new(self, address: Address, inbound: Inbound, now: datetime) -> NewContact:
        language = spoken_language(inbound.language, self._languages)
        return NewContact(inbound.channel, address[1], self._keys.seal(inbound.address), language, now)

    @staticmethod
    def _seen(db: Connection, here: Sequence[contacts.Contact], now: datetime) -> None:
        contacts.seen(db, [contact.id for contact in here], now)

    def _turn(self, db: Connection, ledger: Ledger, raw: Raw, address: Address, inbound: Inbound) -> _Told:
        """Make one turn: the desk answers, the ledger notes, the outbox will speak."""
        began = time.perf_counter()
        guest = ledger.guests[address]
        if inbound.reachable is not None:
            ledger.change(guest, unreachable_at=None if inbound.reachable else ledger.now)
            if not inbound.reachable:
                ledger.cancel_bulk(guest)
            return _Told(guest.contact.id, "", "", "", 0.0, inbound.channel, urgent=False)
        if guest.contact.unreachable_at is not None:
            ledger.change(guest, unreachable_at=None)
        spoken = self._desk.answer(db, ledger, guest, inbound)
        return self._say(ledger, guest, spoken, f"{raw.channel}:{raw.external_id}", began, inbound.message_id)

    def _say(
        self, ledger: Ledger, guest: Guest, spoken: Spoken, key: str, began: float, replaces: str | None = None
    ) -> _Told:
        """Let the ledger note what is said; return what the log tells of it."""
        contact = guest.contact
        parts = compose(spoken.prompts, self._channels[contact.channel].capabilities)
        said = letters(contact, parts, key, ledger.now, REPLY, replaces, self._keys)
        for part, letter in zip(parts, said, strict=True):
            ledger.say(letter._replace(key=f"{letter.key}{messages.OWN}") if part.secret else letter)
        ms = round((time.perf_counter() - began) * 1000, 2)
        return _Told(contact.id, spoken.flow, spoken.origin, spoken.to, ms, contact.channel, spoken.urgent)

    def _report(self, told: Sequence[_Told], repeats: int, size: int, seconds: float, *, spoke: bool) -> None:
        """One line for each turn, no text; and let delivery know."""
        if spoke:
            self.committed()
        alike(_turns, "turn.completed", Alike(_LINE, [turn[: len(_LINE)] for turn in told]))
        for turn in [turn for turn in told if turn.urgent]:
            log.warning("turn.urgent", flow=turn.flow)  # not who: lines of a log outlive what is kept of them
            self._metrics.urgent.inc()
        for channel, count in Counter([turn.channel for turn in told]).items():
            self._metrics.turns.labels(channel).inc(count)
        if repeats:
            self._metrics.repeats.inc(repeats)
        if size:
            self._metrics.groups.observe(size)
            self._metrics.commits.observe(seconds)


def _note(db: Connection, reads: Iterable[_Read], known: Mapping[Address, contacts.Contact], now: datetime) -> None:
    """Write what people said into the conversations that we show; what stands there already is the same line."""
    lines = [
        NewLine(known[address].id, messages.heard(read.raw.external_id), now, messages.CITIZEN, inbound.line)
        for read in reads
        for address, inbound in read.inbounds
        if inbound.line is not None
    ]
    if lines:
        messages.append(db, lines)
        crossings.passed("web.noted")


def _repeated(act: Callable[[], Result]) -> Result:
    """Do it, again where somebody else was faster: nothing of the first try has happened then."""
    for _ in range(CONFLICTS - 1):
        with suppress(Conflict):
            return act()
    return act()


def _told(error: Exception) -> str:
    """Return what may be logged of an error: words we wrote ourselves, else its kind; it may quote a person."""
    return str(error) if isinstance(error, StorageTrouble | Trouble) else type(error).__name__


def _first_of(reads: Sequence[_Read], fresh: set[tuple[str, str]]) -> list[_Read]:
    """Return what is new, each once and where it came first: the same update may come twice in one group."""
    first: dict[tuple[str, str], _Read] = {}
    for read in reads:
        if read.key in fresh:
            first.setdefault(read.key, read)
    return list(first.values())


def _long_unseen(contact: contacts.Contact, now: datetime) -> bool:
    return contact.unreachable_at is not None or (now - contact.last_seen_at).total_seconds() > SEEN_AGAIN


def spoken_language(wanted: str | None, languages: Sequence[str]) -> str:
    """Return which of the city's languages a person reads best by what their app says; the city's first otherwise."""
    if wanted:
        exact = next((each for each in languages if each.casefold() == wanted.casefold()), None)
        near = next((each for each in languages if each.split("-")[0] == wanted.casefold().split("-")[0]), None)
        return exact or near or languages[0]
    return languages[0]
