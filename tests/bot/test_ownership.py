"""Leases run by one clock for all processes, and free themselves where they must."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot import ownership
from bot.delivery import LEASE, Delivery, _Hands
from storage import leases
from storage.database import StorageTrouble
from storage.outbox import BULK
from tests.support.house import Citizen, Clock

if TYPE_CHECKING:
    import pytest

    from bot.channels.base import Outbound, Receipt
    from storage.database import Database
    from tests.support.house import House


class Stopwatch:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_the_shared_time_is_the_databases_and_goes_on_by_the_stopwatch(database: Database) -> None:
    ticks = Stopwatch()
    shared = ownership.SharedTime(database, ticks)
    before = shared()
    assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
    ticks.seconds += 7
    assert shared() - before == timedelta(seconds=7)
    shared.ask()  # the stopwatch ran ahead; the database knows better
    assert shared() - before < timedelta(seconds=7)


def test_the_shared_time_goes_on_where_the_database_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = ownership.SharedTime(database, Stopwatch())
    before = shared()

    def down(_: object) -> datetime:
        raise StorageTrouble("cannot be reached")

    monkeypatch.setattr(leases, "server_time", down)
    try:
        shared.ask()
    except StorageTrouble:
        assert shared() == before
    else:
        raise AssertionError("the trouble was kept quiet")


def test_a_clock_put_forward_or_back_costs_nobody_a_lease(house: House) -> None:
    ours, theirs = house.new_delivery("me:1:x"), house.new_delivery("you:2:y")
    shared = Clock()
    ours.shared = theirs.shared = shared
    lease = _exchanged(ours, None)
    assert lease is not None
    for hours in (1, -2, 24 * 30):
        house.clock.forward(hours=hours)
        assert _exchanged(theirs, None) is None
        lease = _exchanged(ours, lease)
        assert lease is not None
    shared.forward(seconds=LEASE.total_seconds() + 1)
    assert _exchanged(theirs, None) is not None
    assert _exchanged(ours, lease) is None


def test_a_lease_from_before_the_servers_clock_was_put_back_is_free(database: Database) -> None:
    now = Clock()()
    with database.transaction() as db:
        stale = leases.acquire(db, "send:web", "dead", now + timedelta(hours=1), LEASE)
        assert stale is not None
        assert leases.acquire(db, "send:web", "next", now, LEASE) is not None


def test_a_holder_renews_at_once_where_the_servers_clock_was_put_back(house: House) -> None:
    ours = house.new_delivery("me:1:x")
    ours.shared = shared = Clock()
    lease = _exchanged(ours, None)
    shared.forward(hours=-1)
    renewed = _exchanged(ours, lease)
    assert renewed is not None
    assert renewed.until == shared() + LEASE


async def test_what_comes_back_while_its_claim_is_made_anew_is_not_sent_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that leaps lets claims run out; the messages on their way are in our hands all the same."""
    ours, loop = house.new_delivery("me:1:x"), asyncio.get_running_loop()
    ours.shared = Clock()
    may_arrive, arrived = asyncio.Event(), threading.Event()
    exchange, send = ours.exchange, house.pigeon.send

    def overtaken(*words: Any) -> Any:
        done = exchange(*words)
        if done.rows and done.rows[0].attempt == 2:  # claimed anew: the answer comes before we can heed it
            loop.call_soon_threadsafe(may_arrive.set)
            assert arrived.wait(10)
        return done

    async def slow(message: Outbound) -> Receipt:
        if not may_arrive.is_set():
            house.clock.forward(seconds=11)
            ours.wake()
            await may_arrive.wait()
        loop.call_later(0.05, arrived.set)
        return await send(message)

    monkeypatch.setattr(ours, "exchange", overtaken)
    monkeypatch.setattr(house.pigeon, "send", slow)
    await Citizen(house).says("hello")
    task = asyncio.create_task(ours.run())
    while [row.status for row in house.table("outbox")] != ["sent"]:  # noqa: ASYNC110 - only the database knows
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    ours.stop()
    await task
    assert len(house.pigeon.sent) == 1


def _exchanged(delivery: Delivery, lease: leases.Lease | None) -> leases.Lease | None:
    """Look once, with nothing in hand; return the lease as it is then."""
    return delivery.exchange("pigeon", lease, _Hands([], [], room=0, least=BULK)).lease
