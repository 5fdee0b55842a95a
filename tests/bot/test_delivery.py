from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot import letters, ownership
from bot.channels.base import Again, Ambiguous, Gone, Mail, Outbound, Picture, Relocated, Sent
from bot.compose import Part
from bot.delivery import GIVE_UP, LEASE, STUCK, Delivery, _Hands, _Result
from bot.pacing import Pace
from bot.rounds.hours import Hours
from flows.model import Button
from storage import contacts, leases, outbox, tables
from tests.bot.jobs.test_sweeps import agreed
from tests.support.house import NOON, Citizen, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.channels.base import Receipt

NIGHT = NOON.replace(hour=23)
REST = 600.0
"""Seconds a channel asks everyone to wait. Once all else is done the loop's clock is put on by so many."""


@asynccontextmanager
async def sending(house: House, delivery: Delivery | None = None) -> AsyncIterator[Delivery]:
    """Let a sender run to the end of the block."""
    delivery = delivery or house.new_delivery("me:1:x")
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        delivery.stop()
        await task


def statuses(house: House) -> list[str]:
    """Return what has become of each message, in order."""
    return [row.status for row in house.table("outbox")]


def enqueue(house: House, address: str, *texts: str, priority: int = letters.REPLY) -> None:
    """Decide to say something."""
    contact = house.contact(address)
    with house.database.transaction() as db:
        for text in texts:
            key = f"{address}/{text}/{priority}"
            outbox.enqueue(db, letters.letters(contact, (Part(text),), key, house.clock(), priority))


async def known(house: House, *addresses: str) -> None:
    """Let people have written once, and everything said to them be delivered."""
    for address in addresses:
        await Citizen(house, address).says("hello")
    await house.delivered()
    house.pigeon.sent.clear()


async def until(condition: object, within: float = 120.0) -> None:
    """Wait until something is so."""
    assert callable(condition)
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.02)


async def test_what_a_turn_says_arrives_and_is_marked_with_the_channels_name_for_it(
    house: House, citizen: Citizen
) -> None:
    await citizen.starts(house.pulse().code)
    (sent,) = await house.delivered()
    assert sent.address == "c1"
    assert sent == house.said("c1")[0]
    (row,) = house.table("outbox")
    assert (row.status, row.external_id, row.attempts) == ("sent", "1000", 1)


async def test_a_commit_wakes_delivery_at_once(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    async with sending(house) as delivery:
        house.turns.committed = delivery.wake
        await asyncio.sleep(0.3)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await citizen.starts(code)
        await until(lambda: house.pigeon.sent)
        assert loop.time() - began < 0.8


async def test_messages_of_one_chat_keep_their_order_and_chats_do_not_wait_for_each_other(house: House) -> None:
    names = [f"p{n}" for n in range(5)]
    await known(house, *names)
    for name in names:
        enqueue(house, name, "one", "two", "three")
    house.pigeon.slowness = 0.15
    loop = asyncio.get_running_loop()
    began = loop.time()
    await house.delivered()
    assert loop.time() - began < 15 * 0.15
    order = defaultdict(list)
    for message in house.pigeon.sent:
        order[message.address].append(message.text)
    assert list(order.values()) == [["one", "two", "three"]] * 5


async def test_replies_go_before_bulk(house: House) -> None:
    await known(house, *(f"p{n}" for n in range(8)))
    for n in range(7):
        enqueue(house, f"p{n}", "bulk", priority=letters.BULK)
    enqueue(house, "p7", "reply")
    house.paces["pigeon"] = Pace(rate=20.0)
    await house.delivered()
    assert house.pigeon.sent[0].text == "reply"


async def test_a_paced_channel_holds_its_rate_without_refusals(house: House) -> None:
    names = [f"p{n}" for n in range(20)]
    await known(house, *names)
    for name in names:
        enqueue(house, name, "news", priority=letters.BULK)
    house.paces["pigeon"] = Pace(rate=20.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await house.delivered()
    assert loop.time() - began > 0.9


async def test_who_taps_fast_rests_aside_and_holds_up_neither_bulk_nor_others(house: House) -> None:
    """A dozen chats beyond their allowance would fill every place there is, if they waited in line."""
    fast, slow = [f"fast{n}" for n in range(12)], [f"slow{n}" for n in range(10)]
    await known(house, *fast, *slow)
    house.paces["pigeon"] = Pace(rate=20.0, chat_rate=0.02, burst=1)
    for name in fast:
        enqueue(house, name, "one", "two")
    for name in slow:
        enqueue(house, name, "news", priority=letters.BULK)
    async with sending(house):
        await until(lambda: sum(message.text == "news" for message in house.pigeon.sent) == len(slow), within=30.0)
    assert "two" not in [message.text for message in house.pigeon.sent]


async def test_a_reply_overtakes_bulk_that_is_claimed_already(house: House) -> None:
    """Even where every place is taken: the channel lets nobody through for a while, and bulk fills the hand."""
    names = [f"p{n}" for n in range(30)]
    await known(house, *names, "chatty")
    house.paces["pigeon"] = Pace(rate=20.0)
    house.pigeon.receipts["p0"] = [Again(timedelta(seconds=2), "too many", everyone=True)]
    for name in names:
        enqueue(house, name, "news", priority=letters.BULK)
    async with sending(house) as delivery:
        await until(lambda: not house.pigeon.receipts["p0"] and statuses(house).count("sending") >= 10)
        before = len(house.pigeon.sent)
        enqueue(house, "chatty", "reply")
        delivery.wake()
        await until(lambda: statuses(house)[-1] == "sending")
        await until(lambda: len(house.pigeon.sent) > before)
    assert house.pigeon.sent[before].text == "reply"


async def test_what_is_held_back_for_long_stays_ours_and_costs_no_tries(house: House) -> None:
    """The channel asks everyone to wait far longer than a claim lasts."""
    names = [f"p{n}" for n in range(6)]
    await known(house, *names)
    house.paces["pigeon"] = Pace(rate=10.0)
    house.pigeon.receipts["p0"] = [Again(timedelta(seconds=1.5), "too many", everyone=True)]
    enqueue(house, "p0", "news")
    async with sending(house):
        await until(lambda: not house.pigeon.receipts["p0"])
        for name in names[1:]:
            enqueue(house, name, "news")
        for _ in range(4):
            await asyncio.sleep(0.3)
            house.clock.forward(seconds=LEASE.total_seconds() * 0.8)
        await until(lambda: set(statuses(house)) == {"sent"})
    assert {row.attempts for row in house.table("outbox")[-5:]} == {1}


async def test_who_is_no_longer_alone_for_sure_sends_nothing_new(house: House) -> None:
    """A process that was stopped in its tracks wakes with a full hand; another may have sent all of it."""
    await known(house, "p1", "p2", "p3")
    house.paces["pigeon"] = Pace(rate=2.0)
    for name in ("p1", "p2", "p3"):
        enqueue(house, name, "news")
    async with sending(house):
        await until(lambda: statuses(house).count("sending") >= 1 and house.pigeon.sent)
        with house.database.transaction() as db:
            house.clock.forward(seconds=LEASE.total_seconds() + 1)
            assert leases.acquire(db, "send:pigeon", "another:1:x", house.clock(), LEASE)
            outbox.orphan(db, "pigeon", "another:1:x", house.clock())
        before = len(house.pigeon.sent)
        await asyncio.sleep(1.5)
        assert len(house.pigeon.sent) == before


async def test_stopping_gives_back_at_once_what_has_not_left(house: House) -> None:
    names = [f"p{n}" for n in range(8)]
    await known(house, *names)
    house.paces["pigeon"] = Pace(rate=8.0)
    for name in names:
        enqueue(house, name, "news")
    async with sending(house):
        await until(lambda: house.pigeon.sent)
    assert set(statuses(house)) == {"sent", "due"}
    assert statuses(house).count("sent") == len(names) + len(house.pigeon.sent)
    house.paces.clear()
    await house.delivered()
    assert [message.address for message in house.pigeon.sent] == names


async def test_a_channel_that_says_not_now_gets_it_again_later(house: House) -> None:
    await known(house, "p1")
    house.pigeon.receipts["p1"] = [Again(timedelta(seconds=30), "slow down")]
    enqueue(house, "p1", "news")
    await house.delivered()
    assert house.pigeon.sent == []
    (row,) = [row for row in house.table("outbox") if row.status == "due"]
    assert row.due_at == house.clock() + timedelta(seconds=30)
    house.clock.forward(seconds=30)
    await house.delivered()
    assert [message.text for message in house.pigeon.sent] == ["news"]


async def test_a_channel_that_asks_everyone_to_wait_is_left_alone(house: House) -> None:
    await known(house, "p1", "p2", "p3")
    house.paces["pigeon"] = Pace(rate=20.0)
    house.pigeon.receipts["p1"] = [Again(timedelta(seconds=0.6), "too many", everyone=True)]
    enqueue(house, "p1", "news")
    async with sending(house):
        await until(lambda: not house.pigeon.receipts["p1"])
        loop = asyncio.get_running_loop()
        began = loop.time()
        enqueue(house, "p2", "news")
        enqueue(house, "p3", "news")
        await until(lambda: len(house.pigeon.sent) == 2)
        assert loop.time() - began > 0.3


async def test_who_has_gone_is_marked_and_nothing_more_is_sent_to_them(house: House) -> None:
    await known(house, "p1")
    house.pigeon.receipts["p1"] = [Gone("blocked")]
    enqueue(house, "p1", "one", "two")
    await house.delivered()
    assert statuses(house)[-2:] == ["gone", "gone"]
    assert house.contact("p1").unreachable_at == house.clock()
    assert house.pigeon.sent == []


async def test_a_message_that_is_refused_says_nothing_about_the_person(house: House) -> None:
    await known(house, "p1")
    house.pigeon.receipts["p1"] = [Gone("too long", unreachable=False)]
    enqueue(house, "p1", "one", "two")
    await house.delivered()
    assert statuses(house)[-2:] == ["gone", "sent"]
    assert house.contact("p1").unreachable_at is None


async def test_what_may_have_arrived_is_sent_again(house: House) -> None:
    await known(house, "p1")
    house.pigeon.receipts["p1"] = [Ambiguous("the line broke")]
    enqueue(house, "p1", "news")
    await house.delivered()
    house.clock.forward(seconds=5)
    await house.delivered()
    assert [message.text for message in house.pigeon.sent] == ["news"]


async def test_an_address_that_has_moved_is_followed_and_remembered(house: House) -> None:
    await known(house, "old")
    house.pigeon.receipts["old"] = [Relocated("new")]
    enqueue(house, "old", "news")
    await house.delivered()
    assert [message.address for message in house.pigeon.sent] == ["new"]
    assert house.keys.unseal(house.contact("new").address_sealed) == "new"


async def test_a_message_we_cannot_make_is_given_up_and_reported_and_holds_nobody_up(house: House) -> None:
    await known(house, "p1", "p2")
    mistakes: list[Receipt | Exception] = [RuntimeError("our mistake")] * 5
    house.pigeon.receipts["p1"] = mistakes
    enqueue(house, "p1", "one", "two")
    enqueue(house, "p2", "one")
    with capture_logs() as lines:
        for _ in range(6):
            await house.delivered()
            house.clock.forward(hours=1)
    assert [(message.address, message.text) for message in house.pigeon.sent] == [("p2", "one"), ("p1", "two")]
    assert [line["event"] for line in lines].count("delivery.given_up") == 1


async def test_an_address_the_keys_do_not_open_loses_no_message(house: House) -> None:
    """Somebody started the program with another installation's key file; when it is put right, all of it leaves."""
    await known(house, "p1", "p2")
    sealed, contact = house.contact("p1").address_sealed, house.contact("p1").id
    enqueue(house, "p1", "one", "two")
    enqueue(house, "p2", "one")
    reseal(house, contact, b"sealed by others")
    for _ in range(8):
        await house.delivered()
        house.clock.forward(hours=1)
    assert [message.address for message in house.pigeon.sent] == ["p2"]
    assert "key file" in house.table("outbox")[-3].error
    reseal(house, contact, sealed)
    await house.delivered()
    assert [message.text for message in house.pigeon.sent] == ["one", "one", "two"]


def reseal(house: House, contact: int, sealed: bytes) -> None:
    """Change what lies in the place of an address."""
    with house.database.transaction() as db:
        db.execute(update(tables.contacts).where(tables.contacts.c.id == contact).values(address_sealed=sealed))


async def test_a_message_nobody_takes_for_days_is_given_up(house: House) -> None:
    await known(house, "p1")
    house.pigeon.receipts["p1"] = [Ambiguous("no answer")] * 20
    enqueue(house, "p1", "one")
    for _ in range(8):
        await house.delivered()
        house.clock.forward(hours=GIVE_UP.total_seconds() / 3600 / 6)
    assert statuses(house)[-1] == "gone"
    assert house.contact("p1").unreachable_at is None


async def test_only_one_process_sends_on_a_channel(house: House) -> None:
    await known(house, *(f"p{n}" for n in range(10)))
    async with sending(house, house.new_delivery("elsewhere:1:a")), sending(house, house.new_delivery("else:2:b")):
        await asyncio.sleep(0.2)
        for n in range(10):
            enqueue(house, f"p{n}", "news")
        await until(lambda: set(statuses(house)) == {"sent"})
    assert len(house.pigeon.sent) == 10


async def test_what_a_dead_sender_had_claimed_is_sent_by_the_next_one_at_once(house: House) -> None:
    await known(house, "p1")
    enqueue(house, "p1", "news")
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    host = ownership.name_of(lambda: "x").split(":", maxsplit=1)[0]
    dead = f"{host}:{ended.pid}:abc"
    with house.database.transaction() as db:
        lease = leases.acquire(db, "send:pigeon", dead, house.clock() + timedelta(minutes=5), LEASE)
        assert lease is not None
        assert outbox.claim(db, "pigeon", dead, house.clock(), timedelta(minutes=5), 10)
    await house.delivered()
    assert [message.text for message in house.pigeon.sent] == ["news"]


async def test_a_stalled_sender_that_wakes_settles_nothing(house: House) -> None:
    await known(house, "p1")
    enqueue(house, "p1", "news")
    with house.database.transaction() as db:
        leases.acquire(db, "send:pigeon", "stalled", house.clock(), LEASE)
        (row,) = outbox.claim(db, "pigeon", "stalled", house.clock(), LEASE, 10)
    house.clock.forward(seconds=LEASE.total_seconds() + 1)
    await house.delivered()
    with house.database.transaction() as db:
        assert outbox.settle(db, [outbox.gone(row, house.clock(), "late")], "stalled") == 0
    assert statuses(house)[-1] == "sent"


LATE: dict[str, Receipt] = {
    "arrived": Sent("late"),
    "not now": Again(timedelta(minutes=9), "busy"),
    "unclear": Ambiguous("the line broke"),
    "blocked": Gone("blocked", unreachable=True),
    "refused": Gone("too long", unreachable=False),
    "renamed": Relocated("p1-new"),
    "renamed to somebody we know": Relocated("p2"),
}


@pytest.mark.parametrize("late", LATE)
async def test_whatever_a_stalled_sender_wakes_with_it_changes_nothing(house: House, late: str) -> None:
    """Another has taken over, sent, and the person has written again: their new reply must go to them."""
    await known(house, "p1", "p2")
    enqueue(house, "p1", "news")
    a, b = house.new_delivery("a:1:x"), house.new_delivery("b:2:x")
    stalled = a.exchange("pigeon", None, _Hands([], [], 10, outbox.BULK))
    house.clock.forward(seconds=LEASE.total_seconds() + 1)
    taken = b.exchange("pigeon", None, _Hands([], [], 10, outbox.BULK))
    b.exchange("pigeon", taken.lease, _Hands([_Result(taken.rows[0], Sent("7"))], [], 0, outbox.BULK))
    await Citizen(house, "p1").says("hello")
    stood = [house.table(name) for name in ("contacts", "outbox", "leases")]
    with capture_logs() as log:
        woken = a.exchange("pigeon", stalled.lease, _Hands([_Result(stalled.rows[0], LATE[late])], [], 10, outbox.BULK))
    assert (woken.lease, woken.rows) == (None, [])
    assert [house.table(name) for name in ("contacts", "outbox", "leases")] == stood
    assert [(line["event"], line["rows"]) for line in log] == [("delivery.fenced", 1)]
    (reply,) = b.exchange("pigeon", taken.lease, _Hands([], [], 10, outbox.BULK)).rows
    assert reply.contact_id == house.contact("p1").id


async def test_what_is_still_ours_is_settled_beside_what_is_not(house: House) -> None:
    await known(house, "p1", "p2")
    enqueue(house, "p1", "news")
    enqueue(house, "p2", "news")
    a = house.new_delivery("a:1:x")
    first = a.exchange("pigeon", None, _Hands([], [], 10, outbox.BULK))
    mine, theirs = first.rows
    with house.database.transaction() as db:
        db.execute(update(tables.outbox).where(tables.outbox.c.id == theirs.id).values(lease_owner="b:2:x"))
    came_back = [_Result(row, Gone("blocked", unreachable=True)) for row in (theirs, mine)]
    a.exchange("pigeon", first.lease, _Hands(came_back, [], 0, outbox.BULK))
    assert [house.contact(name).unreachable_at for name in ("p1", "p2")] == [house.clock(), None]
    assert statuses(house)[-2:] == ["gone", "sending"]


async def test_a_message_longer_on_its_way_than_its_lease_is_not_sent_twice_by_its_own_sender(house: House) -> None:
    await known(house, "p1")
    enqueue(house, "p1", "news")
    house.pigeon.slowness = 1.5
    async with sending(house):
        await asyncio.sleep(0.3)
        house.clock.forward(seconds=LEASE.total_seconds() + 1)
        await until(lambda: house.pigeon.sent)
    assert len(house.pigeon.sent) == 1
    assert statuses(house)[-1] == "sent"


async def test_stopping_lets_what_is_on_its_way_arrive(house: House) -> None:
    await known(house, "p1")
    enqueue(house, "p1", "news")
    house.pigeon.slowness = 0.5
    async with sending(house):
        await asyncio.sleep(0.2)
    assert statuses(house)[-1] == "sent"
    with house.database.reading() as db:
        lease = leases.get(db, "send:pigeon")
    assert lease is not None
    assert lease.until <= house.clock()


async def test_who_forgets_us_while_a_message_is_on_its_way_does_no_harm(house: House) -> None:
    await known(house, "p1")
    enqueue(house, "p1", "news")
    house.pigeon.slowness = 0.4
    async with sending(house):
        await asyncio.sleep(0.2)
        with house.database.transaction() as db:
            contacts.forget(db, house.contact("p1").id, house.clock())
    assert len(house.pigeon.sent) == 1


def test_a_message_survives_the_outbox_unchanged() -> None:
    picture = Picture(b"\x89PNG", "a chart")
    whole = Outbound(
        key="k",
        address="a",
        text="Hello",
        buttons=(Button("Yes", "t:s:yes", ticked=True), Button("Skip", "t:s:@skip", helper=True), Button("No", "x")),
        columns=2,
        wants="place",
        replaces="77",
        picture=picture,
        mail=Mail("Subject", "<p>Hello</p>", {"chart": picture}),
        language="es",
    )
    bare = Outbound("k", "a", "Hello")
    assert [letters.read(letters.write(each), "k", "a") for each in (whole, bare)] == [whole, bare]


def test_another_machines_processes_are_never_taken_for_dead() -> None:
    host = ownership.name_of(lambda: "x").split(":", maxsplit=1)[0]
    assert not ownership.is_dead("another-host:999999:abc")
    assert not ownership.is_dead(f"{host}:1:abc")
    assert not ownership.is_dead("nonsense")
    assert ownership.is_dead(f"{host}:{os.getpid()}:an earlier life")
    assert len(ownership.name_of(lambda: "x" * 99)) <= 40


async def test_stop_also_holds_for_what_is_on_its_way_and_would_be_tried_again(house: House, citizen: Citizen) -> None:
    await known(house, "c1")
    enqueue(house, "c1", "an invitation", priority=letters.BULK)
    house.pigeon.receipts["c1"] = [Again(timedelta(0), "not now")]
    house.pigeon.slowness = 0.3
    async with sending(house):
        await until(lambda: "sending" in statuses(house))
        await citizen.says("STOP")
        await until(lambda: not {"due", "sending"} & set(statuses(house)))
    assert "an invitation" not in [message.text for message in house.pigeon.sent]
    assert "no more messages" in house.pigeon.sent[-1].text


@asynccontextmanager
async def resting(house: House) -> AsyncIterator[str]:
    """Let a round's channel rest with all its invitations in the sender's hands; give the round's code."""
    await agreed(house, *"abcdef")
    await house.delivered()
    house.pigeon.sent.clear()
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.paces["pigeon"] = Pace(rate=20.0)
    slower = Again(timedelta(seconds=REST), "too many", everyone=True)
    house.pigeon.receipts.update({address: [slower] for address in "abcdef"})  # whoever comes first
    async with sending(house):
        await until(lambda: not all(house.pigeon.receipts[address] for address in "abcdef"))
        (first,) = (address for address in "abcdef" if not house.pigeon.receipts[address])
        await until(lambda: asked(house)[first] == "due")
        house.pigeon.receipts.clear()
        yield code


async def rested(house: House, reach: str) -> None:
    """Let the rest be over for those in the sender's hands, and then for whoever was refused; wait until all came."""
    loop = asyncio.get_running_loop()
    ticks = loop.time
    pytest.MonkeyPatch().setattr(loop, "time", lambda: ticks() + REST)  # for as long as the loop lives, as clocks go on
    await until(lambda: len(reached(house)) >= len(reach) - 1)
    house.clock.forward(seconds=REST)
    await until(lambda: reached(house) == list(reach))
    await until(lambda: "sending" not in asked(house).values())


def asked(house: House) -> dict[str, str]:
    """Return what has become of the invitations, by address."""
    whose = {house.contact(address).id: address for address in "abcdef" if knows(house, address)}
    return {whose[row.contact_id]: row.status for row in house.table("outbox") if row.key.startswith("invite.")}


def knows(house: House, address: str) -> bool:
    hash_ = house.keys.address_hash("pigeon", address)
    return any(row.address_hash == hash_ for row in house.table("contacts"))


def reached(house: House) -> list[str]:
    return sorted(message.address for message in house.pigeon.sent if message.key.startswith("invite."))


@pytest.mark.parametrize("word", ["STOP", "DELETE"])
async def test_stop_holds_for_what_is_claimed_and_rests(house: House, word: str) -> None:
    async with resting(house):
        await Citizen(house, "d").says(word)
        if word == "DELETE":
            await Citizen(house, "d").taps("Yes")
        await until(lambda: asked(house).get("d", "gone") == "gone")
        await rested(house, "abcef")
    assert asked(house).get("d", "gone") == "gone"


async def test_a_pause_holds_for_what_is_claimed_and_rests_and_all_come_once_it_goes_on(house: House) -> None:
    async with resting(house) as code:
        house.rounds.pause(code, why="flood")
        enqueue(house, "d", "a reply")
        await until(lambda: set(asked(house).values()) == {"held"})
        await rested(house, "")
        await until(lambda: [each.text for each in house.pigeon.sent if each.address == "d"][-1:] == ["a reply"])
        assert reached(house) == []
        house.rounds.resume(code)
        await until(lambda: reached(house) == list("abcdef"))


async def test_a_pause_that_is_over_before_anybody_looks_holds_nothing(house: House) -> None:
    async with resting(house) as code:
        house.rounds.pause(code, why="flood")
        house.rounds.resume(code)
        await rested(house, "abcdef")


@pytest.mark.parametrize("act", ["close", "cancel"])
async def test_nobody_is_asked_into_a_round_that_ends_while_the_channel_rests(house: House, act: str) -> None:
    async with resting(house) as code:
        getattr(house.rounds, act)(code, why="enough")
        await until(lambda: set(asked(house).values()) == {"gone"})
    assert reached(house) == []
    ends = {(row.state, row.reason) for row in house.table("audience")}
    assert ends == {("excluded", "closed")}, "nobody counts as invited whose invitation never left"


async def test_what_is_claimed_when_the_night_begins_waits_for_the_morning(house: House) -> None:
    async with resting(house):
        house.clock.now = NIGHT
        await until(lambda: set(asked(house).values()) == {"due"})
        await rested(house, "")
    assert reached(house) == []
    assert {row.due_at for row in house.table("outbox") if row.key.startswith("invite.")} == {
        Hours.of(house.config).opening(NIGHT)
    }


async def test_who_begins_a_round_while_the_channel_rests_is_not_called_into_it(house: House) -> None:
    async with resting(house) as code:
        await Citizen(house, "d").starts(code)
        await until(lambda: asked(house)["d"] == "gone")
        await rested(house, "abcef")
    assert (reached(house), asked(house)["d"]) == (list("abcef"), "gone")


async def test_what_was_called_back_and_whose_sender_died_is_not_sent_by_the_next(house: House) -> None:
    await known(house, "p1", "p2")
    for name in ("p1", "p2"):
        enqueue(house, name, "news", priority=letters.BULK)
    dead = house.new_delivery("me:1:dead")
    assert len(dead.exchange("pigeon", None, _Hands([], [], 10, outbox.BULK)).rows) == 2
    await Citizen(house, "p1").says("STOP")
    house.clock.forward(seconds=LEASE.total_seconds() + 1)
    await house.delivered()
    assert [each.address for each in house.pigeon.sent if each.text == "news"] == ["p2"]


async def test_a_channel_that_lets_nothing_through_for_a_minute_says_so(house: House) -> None:
    await known(house, "c1")
    house.pigeon.receipts["c1"] = [Again(timedelta(0), "the mail server refuses our login")]
    house.pigeon.slowness = 0.3
    enqueue(house, "c1", "one")
    async with sending(house) as delivery:
        sender = delivery.senders["pigeon"]
        now = asyncio.get_running_loop().time
        await until(lambda: sender.stuck(now() + STUCK + 1))
        assert sender.stuck(now()) is None, "one failure is no trouble yet"
        assert "refuses our login" in str(sender.stuck(now() + STUCK + 1))
        await until(lambda: house.pigeon.sent)
        await until(lambda: sender.stuck(now() + STUCK + 1) is None)


async def test_what_is_counted_now_is_what_lies_there_now(house: House) -> None:
    await known(house, "c1")
    enqueue(house, "c1", "one")
    for waiting in (['civicloop_rows{status="due",table="outbox"} 1.0'], []):
        with house.database.reading() as db:
            house.metrics.look(db, house.clock())
        counted = house.metrics.text().splitlines()
        assert [line for line in counted if line.startswith("civicloop_rows{") and "outbox" in line] == waiting
        await house.delivered()
