"""What is decided and due leaves here: claimed under a lease, paced, sent, settled.

One task for each channel claims what is due (at most one message per chat, so that a chat keeps its order) and settles
what has come back, in one commit; another lets the claimed go, replies first, each at its moment. Whose chat must rest
waits aside and takes nobody's place. Bulk and digests that have waited here for a moment are looked at once more before
they leave: STOP, a pause, an end, the night and a deletion of what they quote hold for what is claimed, too. Whoever
stalls beyond the lease sends nothing new and settles nothing. What may have arrived is sent again: the rare duplicate
is a repeat, never a loss.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import structlog

from bot import letters, ownership
from bot.channels.base import Again, Ambiguous, Gone, Relocated, Sent
from bot.pacing import Pace, Pacer
from bot.rounds.invitations import by_day
from storage import audience, contacts, crossings, leases, outbox
from storage.database import StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Channel, Outbound, Receipt
    from bot.metrics import Metrics
    from bot.rounds.hours import Hours
    from storage.database import Database
    from storage.leases import Lease
    from storage.outbox import Claim, OutboxRow, Outcome
    from storage.sealing import Keys

LEASE = timedelta(seconds=10)
"""How long a sender is alone with a channel, and a claim with its message, without a sign of life."""
TICK = 1.0
"""Seconds between looks for rows that another process wrote or whose time has come."""
FLYING = 64
"""Most messages claimed ahead on a channel without a pace."""
AHEAD = 0.5
"""Seconds of a paced channel's work claimed ahead: enough to keep the pace while the database takes its time."""
REPLIES = 64
"""Most replies claimed beyond that: they do not wait for bulk to make room."""
LINGER = 0.05
"""Seconds a sender with work at hand waits for more to settle: a commit for each message would cost more than it."""
FRESH = 0.9
"""Seconds after which bulk or a digest that has not left is asked about anew: STOP holds within the second. At its pace
a channel lets everything go sooner, so that this costs something only where it rests.
"""
PATIENCE = 30.0
"""Seconds a message may take before we no longer know whether it arrived."""
PAUSES = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1))
"""Rest after the first, second, … try that told nothing; the last for all that follow."""
UNOPENED = timedelta(minutes=5)
"""Rest after an address that our keys do not open. Such a message is never given up: the right keys may come back."""
MISTAKES = 5
"""After so many tries a message that we cannot even make is given up and reported."""
STUCK = 60.0
"""Seconds without a single delivery, while deliveries are tried, after which a channel counts as stuck."""
GIVE_UP = timedelta(days=2)
"""A message nobody takes for so long is given up and reported."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one message on its way."""

    row: OutboxRow
    receipt: Receipt | None
    trouble: str = ""
    """Our own mistake, where there is no receipt."""
    left: bool = True
    """Whether it was handed to the channel at all."""

    @property
    def tells_of_the_person(self) -> bool:
        """Whether it changes what we know of the contact, not of the message alone."""
        return isinstance(self.receipt, Gone | Relocated)


def _lost(results: Sequence[_Result], outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Return (key, reason) of what can never arrive; what was called back is no failure."""
    paired = zip(results, outcomes, strict=True)
    gone = [(result.row.key, one.error or "") for result, one in paired if one.status == outbox.GONE]
    return [(key, why) for key, why in gone if why != outbox.CANCELLED]


def _cancelled(rows: Sequence[OutboxRow], outcomes: Sequence[Outcome]) -> list[str]:
    """Return the keys of what was called back for good."""
    back = {each.id for each in outcomes if each.status == outbox.GONE and each.error == outbox.CANCELLED}
    return [row.key for row in rows if row.id in back]


class Delivery:
    """Sends for all channels until it is stopped."""

    def __init__(  # noqa: PLR0913 - it stands between all of these
        self,
        database: Database,
        channels: Mapping[str, Channel],
        keys: Keys,
        owner: str,
        clock: Callable[[], datetime],
        metrics: Metrics,
        paces: Mapping[str, Pace],
        *,
        hours: Hours | None = None,
    ) -> None:
        """`hours`: when people may be asked into a round; None: at any time."""
        self._database = database
        self._keys = keys
        self._owner = owner
        self._clock = clock
        self.shared = clock
        """What time it is for all processes, by which leases run."""
        self._metrics = metrics
        self._hours = hours
        self.senders = {name: _Sender(self, channel, paces.get(name, Pace())) for name, channel in channels.items()}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Send until cancelled or stopped."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for sender in self.senders.values():
                group.create_task(sender.run())

    def wake(self) -> None:
        """Something is due: look at once. May be called from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed in between
                loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        for sender in self.senders.values():
            sender.woken.set()

    def stop(self) -> None:
        """Let what is on its way arrive, settle it, release the leases; `run` returns then."""
        for sender in self.senders.values():
            sender.stopping = True
            sender.woken.set()

    # ----------------------------------------------------------------- in the database, in worker threads

    def exchange(self, channel: str, lease: Lease | None, hands: _Hands) -> _Exchange:
        """Settle what has come back and claim as much as there is room for, in one commit."""
        now = self._clock()
        crossings.passed("delivery.settles")
        with self._database.transaction() as db:
            held = self._held(db, channel, lease, self.shared())
            backs = self._ours(db, hands)
            mine = [result for result in hands.results if result.row.claim in backs]
            came = [outbox.heeding(self._outcome(db, each, now), backs[each.row.claim], now) for each in mine]
            stale = [row for row in hands.stale if row.claim in backs]
            back = self._called_back(db, stale, backs, now)
            outbox.settle(db, [*came, *back.values()], self._owner)
            audience.failed(db, _lost(mine, came))
            audience.unsent_after_all(db, _cancelled([*(each.row for each in mine), *stale], [*came, *back.values()]))
            if held is not None and held != lease:
                outbox.extend(db, hands.claims, self._owner, now + LEASE)
            rows: list[OutboxRow] = []
            if held is not None and hands.room:
                rows = self._awake(db, outbox.claim(db, channel, self._owner, now, LEASE, hands.room, hands.least), now)
            crossings.passed("delivery.claimed" if rows else "delivery.settled")
        crossings.passed("delivery.committed")
        if len(mine) < len(hands.results):
            log.warning("delivery.fenced", channel=channel, rows=len(hands.results) - len(mine))
        return _Exchange(held, rows, {row.id for row in stale} - back.keys())

    def _called_back(
        self, db: Connection, stale: list[OutboxRow], backs: Mapping[Claim, str | None], now: datetime
    ) -> dict[int, Outcome]:
        """Return by row what becomes of those that shall not leave now after all."""
        mornings = by_day(db, stale, self._hours, now) if self._hours and stale else {}
        looks = [(row, outbox.postpone(row, mornings.get(row.id, row.due_at))) for row in stale]
        found = {row.id: outbox.heeding(outcome, backs[row.claim], now) for row, outcome in looks}
        return {row.id: found[row.id] for row in stale if backs[row.claim] or row.id in mornings}

    def _awake(self, db: Connection, rows: list[OutboxRow], now: datetime) -> list[OutboxRow]:
        """Return what may leave by day or night; the rest waits for its morning."""
        mornings = by_day(db, rows, self._hours, now) if self._hours else {}
        outbox.settle(db, [outbox.postpone(row, mornings[row.id]) for row in rows if row.id in mornings], self._owner)
        return [row for row in rows if row.id not in mornings]

    def holds(self, lease: Lease | None) -> bool:
        """Whether a sender is still alone with its channel, for all it knows."""
        return lease is not None and self.shared() < lease.until

    def release(self, lease: Lease) -> None:
        """Let others send at once."""
        with self._database.transaction() as db:
            leases.release(db, lease, self.shared())
            crossings.passed("delivery.releases")
        crossings.passed("delivery.released")

    def _held(self, db: Connection, channel: str, lease: Lease | None, now: datetime) -> Lease | None:
        """Hold the channel: renew the lease when a third of it is gone, or take it when it is free.

        Who takes it anew is alone from then on: what the one before had claimed is free at once.
        """
        if lease is None:
            taken = ownership.take(db, f"send:{channel}", self._owner, now, LEASE)
            if taken is not None:
                outbox.orphan(db, channel, self._owner, now)
                crossings.passed("delivery.takes_lease")
            return taken
        if LEASE * 2 / 3 < lease.until - now <= LEASE:
            return lease if leases.holds(db, lease, now) else None
        crossings.passed("delivery.renews_lease")
        return leases.renew(db, lease, now, LEASE)

    def _ours(self, db: Connection, hands: _Hands) -> dict[Claim, str | None]:
        """Return the claims that are still ours; of the rest nothing may be made, for anybody."""
        contacts.hold(db, [result.row.contact_id for result in hands.results if result.tells_of_the_person])
        rows = [*(result.row for result in hands.results), *hands.stale]
        return outbox.ours(db, [row.claim for row in rows], self._owner)

    def _outcome(self, db: Connection, result: _Result, now: datetime) -> Outcome:
        """Say what a receipt means for the message, and for the contact."""
        row = result.row
        if not result.left:
            return outbox.postpone(row, row.due_at)
        match result.receipt:
            case Sent(external_id=external_id):
                return outbox.sent(row, now, external_id)
            case Again(after=after, reason=reason):
                return self._later(db, row, now, now + after, reason)
            case Gone(reason=reason, unreachable=unreachable):
                if unreachable:
                    contacts.set_unreachable(db, row.contact_id, now)
                    outbox.cancel(db, row.contact_id, now, bulk_only=False)
                return outbox.gone(row, now, reason)
            case Relocated(address=address):
                hash_ = self._keys.address_hash(row.channel, address)
                contacts.relocate(db, row.contact_id, hash_, self._keys.seal(address))
                return outbox.postpone(row, now, "the address has a new name")
            case Ambiguous(reason=reason):
                return self._tried(db, row, now, reason)
            case None:
                if row.attempt >= MISTAKES:
                    kind = result.trouble.partition(":")[0]
                    log.error("delivery.given_up", channel=row.channel, outbox=row.id, reason=kind)
                    return outbox.gone(row, now, result.trouble)
                return self._tried(db, row, now, result.trouble)

    @staticmethod
    def _later(db: Connection, row: OutboxRow, now: datetime, until: datetime, reason: str) -> Outcome:
        """Due again, unless it is bulk and the person has said STOP while it was on its way."""
        if row.priority >= outbox.BULK:
            contact = contacts.get(db, row.contact_id)
            if contact is None or contact.stopped_at is not None:
                return outbox.gone(row, now, outbox.CANCELLED)
        return outbox.postpone(row, until, reason)

    def _tried(self, db: Connection, row: OutboxRow, now: datetime, reason: str) -> Outcome:
        if now - row.created_at > GIVE_UP and row.attempt > len(PAUSES):
            log.error("delivery.given_up", channel=row.channel, outbox=row.id, reason=reason)
            return outbox.gone(row, now, reason)
        return self._later(db, row, now, now + PAUSES[min(row.attempt, len(PAUSES)) - 1], reason)

    def count(self, channel: str, receipt: Receipt | None) -> None:
        """Count a delivery by what came of it."""
        self._metrics.sends.labels(channel, type(receipt).__name__.lower() if receipt else "mistake").inc()
        if isinstance(receipt, Again):
            self._metrics.refusals.labels(channel).inc()

    def letter(self, row: OutboxRow) -> Outbound:
        """Return the message with the address it goes to."""
        return letters.read(letters.opened(row.body, self._keys), row.key, self._keys.unseal(row.address_sealed))


@dataclass(frozen=True, slots=True)
class _Hands:
    """What a sender brings to an exchange: what came back, what it still holds, and how much more it can take."""

    results: list[_Result]
    claims: list[OutboxRow]
    room: int
    least: int
    stale: list[OutboxRow] = field(default_factory=list)
    """What is held here for so long that it may not leave without a look."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """The lease as it is now, and what was claimed."""

    lease: Lease | None
    rows: list[OutboxRow]
    standing: set[int] = field(default_factory=set)
    """What of the stale may leave."""


@dataclass(slots=True)
class _Sender:
    """Sends for one channel."""

    delivery: Delivery
    channel: Channel
    pace: Pace
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False
    trouble: str | None = None
    """Why nothing can be sent just now, in words for an operator."""
    _pacer: Pacer = field(init=False)
    _wires: asyncio.Semaphore = field(init=False)
    _lease: Lease | None = None
    _claims: dict[int, OutboxRow] = field(default_factory=dict)
    """Everything in our hands, by row. A claim that ran out and was claimed anew by ourselves is not sent twice."""
    _seen: dict[int, float] = field(default_factory=dict)
    """When, on the loop's clock, it was last certain that a row in our hands may leave."""
    _resting: dict[int, asyncio.TimerHandle] = field(default_factory=dict)
    """What waits for its chat's moment."""
    _waiting: list[tuple[int, datetime, int]] = field(default_factory=list)
    """What waits for the channel's next moment, as a heap: priority, since when, row."""
    _lined_up: asyncio.Event = field(default_factory=asyncio.Event)
    _flying: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _results: list[_Result] = field(default_factory=list)
    _failing: tuple[float, str] | None = None
    """Since when, on the loop's clock, nothing has gone through, and what was said last; None while all is well."""

    def __post_init__(self) -> None:
        self._pacer = Pacer(self.pace)
        self._wires = asyncio.Semaphore(self.pace.wires)

    def stuck(self, at: float) -> str | None:
        """Return why nothing has gone through for a while at this moment of the loop's clock; None where it does."""
        if self._failing is None or at - self._failing[0] < STUCK:
            return None
        return f"nothing has gone through for {at - self._failing[0]:.0f} seconds: {self._failing[1]}"

    async def run(self) -> None:
        """Claim, send, settle, until stopped and everything on its way has arrived."""
        try:
            async with asyncio.TaskGroup() as group:
                launching = group.create_task(self._launch())
                await self._trade()
                launching.cancel()
        finally:
            self._let_go()
            for task in self._flying.values():
                task.cancel()
        if self._lease is not None:
            with suppress(StorageTrouble):
                await asyncio.to_thread(self.delivery.release, self._lease)

    # ----------------------------------------------------------------- with the database

    async def _trade(self) -> None:
        while True:
            self.woken.clear()
            if self.stopping:
                self._results += [_Result(row, None, left=False) for row in self._let_go()]
            await self._step()
            if self.stopping and not self._claims and not self._results:
                return
            if not self.stopping or self._flying:
                await self._pause()

    async def _step(self) -> None:
        """Settle and claim once; a database that does not answer is tried again at the next tick."""
        results, self._results = self._results, []
        room, least = self._room()
        hands = _Hands(results, list(self._claims.values()), room, least, self._stale())
        try:
            exchange = await asyncio.to_thread(self.delivery.exchange, self.channel.name, self._lease, hands)
        except StorageTrouble as trouble:
            self._results = results + self._results
            self._say(str(trouble))
            await asyncio.sleep(TICK)
            return
        except Exception as error:  # a mistake of ours must not end the program: what has come back is settled later
            self._results = results + self._results
            if self.trouble != type(error).__name__:
                log.exception("delivery.mistake", channel=self.channel.name)
            self._say(type(error).__name__)
            await asyncio.sleep(TICK)
            return
        self.trouble = None
        self._lease = exchange.lease
        if self._lease is None:
            self._let_go()
        else:
            self._heed(hands.stale, exchange.standing)
        self._take_in(exchange.rows)

    def _room(self) -> tuple[int, int]:
        """Return how many more messages to claim, and how urgent they must be."""
        if self.stopping:
            return 0, outbox.BULK
        most = FLYING if self.pace.rate is None else max(1, int(self.pace.rate * AHEAD))
        if len(self._waiting) < most:
            return most - len(self._waiting), outbox.BULK
        replies = sum(priority < outbox.BULK for priority, _, _ in self._waiting)
        return max(0, REPLIES - replies), outbox.BULK - 1

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _stale(self) -> list[OutboxRow]:
        """Return what may not leave without a look. Nothing of it leaves while somebody looks."""
        now = self._now()
        held = (*self._resting, *(row for _, _, row in self._waiting))
        return [self._claims[row] for row in held if self._is_stale(row, now)]

    def _is_stale(self, row: int, now: float) -> bool:
        claim = self._claims[row]
        recallable = claim.priority >= outbox.DIGEST or claim.key.startswith(outbox.WRITTEN)
        return recallable and now - self._seen[row] >= FRESH

    def _heed(self, stale: list[OutboxRow], standing: set[int]) -> None:
        """Keep of what was looked at what may leave, and forget the rest."""
        self._seen |= dict.fromkeys(standing, self._now())
        over = {row.id for row in stale} - standing
        for row in over:
            if timer := self._resting.pop(row, None):
                timer.cancel()
            self._drop(row)
        if over:
            self._waiting = [each for each in self._waiting if each[2] not in over]
            heapify(self._waiting)
        self._lined_up.set()

    def _drop(self, row: int) -> OutboxRow:
        del self._seen[row]
        return self._claims.pop(row)

    def _take_in(self, rows: list[OutboxRow]) -> None:
        """Line up what was claimed; whose chat must rest comes later."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        landed = {result.row.id: n for n, result in enumerate(self._results)}
        for row in rows:
            if row.id in landed:  # it came back while its claim was made anew: settle it with the new one
                self._results[landed[row.id]] = replace(self._results[landed[row.id]], row=row)
                continue
            known, self._claims[row.id], self._seen[row.id] = row.id in self._claims, row, now
            if known:
                continue
            moment = self._pacer.in_chat(row.contact_id, now)
            if moment <= now:
                self._line_up(row)
            else:
                self._resting[row.id] = loop.call_at(moment, self._line_up, row)

    def _line_up(self, row: OutboxRow) -> None:
        self._resting.pop(row.id, None)
        heappush(self._waiting, (row.priority, row.due_at, row.id))
        self._lined_up.set()

    def _let_go(self) -> list[OutboxRow]:
        """Forget what has not left, and return it: others send it."""
        for timer in self._resting.values():
            timer.cancel()
        dropped = [self._drop(each) for each in (*self._resting, *(row for _, _, row in self._waiting))]
        self._resting.clear()
        self._waiting.clear()
        return dropped

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("delivery.trouble", channel=self.channel.name, reason=trouble)
        self.trouble = trouble

    async def _pause(self) -> None:
        """Wait for something to do: a commit, a message that came back, or the tick."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await self.woken.wait()
        if self._waiting and not self.stopping and not self._is_stale(self._waiting[0][2], self._now()):
            await asyncio.sleep(LINGER)

    # ----------------------------------------------------------------- with the channel

    async def _launch(self) -> None:
        """Let what waits go, the most urgent first, each at the channel's next moment."""
        loop = asyncio.get_running_loop()
        while True:
            await self._lined_up.wait()
            await self._wires.acquire()
            if await self._may_go():
                row = self._claims[heappop(self._waiting)[2]]
                self._pacer.slot(loop.time())
                self._flying[row.id] = loop.create_task(self._send(row))
            else:
                self._wires.release()

    async def _may_go(self) -> bool:
        """Wait for the next moment; tell whether there still is something to send, and we are alone with it."""
        loop = asyncio.get_running_loop()
        wait = self._pacer.free_at() - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        if not self._waiting:
            self._lined_up.clear()
            return False
        if self._pacer.free_at() > loop.time():  # we were asked to hold meanwhile
            return False
        if self._is_stale(self._waiting[0][2], loop.time()):
            self._lined_up.clear()
            self.woken.set()
            return False
        if not self.delivery.holds(self._lease):
            self.woken.set()
            await asyncio.sleep(LINGER)
            return False
        return True

    async def _send(self, row: OutboxRow) -> None:
        """Take one message to its channel."""
        receipt: Receipt | None = None
        trouble = ""
        try:
            receipt = await self._sent(row)
        except Exception as error:
            log.exception("delivery.mistake", channel=row.channel, outbox=row.id, attempt=row.attempt)
            trouble = f"{type(error).__name__}: {error}"
        finally:
            self._wires.release()
        self.delivery.count(row.channel, receipt)
        self._note(receipt, trouble)
        del self._flying[row.id]
        self._results.append(_Result(self._drop(row.id), receipt, trouble))
        self.woken.set()

    async def _sent(self, row: OutboxRow) -> Receipt:
        """Send, and heed what the channel asks of us."""
        try:
            message = self.delivery.letter(row)
        except StorageTrouble as trouble:  # the keys do not open the address: no fault of the message's
            return Again(UNOPENED, str(trouble))
        try:
            async with asyncio.timeout(PATIENCE):
                crossings.passed("delivery.sends")
                receipt = await self.channel.send(message)
                crossings.passed("delivery.sent")
        except TimeoutError:
            return Ambiguous(f"no answer within {PATIENCE:g} seconds")
        if isinstance(receipt, Again) and receipt.everyone:
            self._rest(receipt)
        return receipt

    def _rest(self, asked: Again) -> None:
        """Let nothing leave for a while; where we were too fast, go slower from then on."""
        now = asyncio.get_running_loop().time()
        until = now + asked.after.total_seconds()
        if asked.too_fast:
            self._pacer.refused(now, until)
        else:
            self._pacer.hold(until)

    def _note(self, receipt: Receipt | None, trouble: str) -> None:
        """Remember since when nothing goes through; the operator reads the first reason."""
        match receipt:
            case Again(reason=reason) | Ambiguous(reason=reason):
                said = reason
            case None:
                said = trouble.partition(":")[0]  # the rest may quote the message
            case _:
                self._failing = None
                return
        if self._failing is None:
            log.warning("delivery.failing", channel=self.channel.name, reason=said)
        since = self._failing[0] if self._failing else asyncio.get_running_loop().time()
        self._failing = (since, said)
