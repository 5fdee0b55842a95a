"""Sending in a world full of trouble: what becomes of the message, of the person, and of everybody else.

Everything is real but the clock: database, sender, channel, and a Bot API over HTTP in which things go wrong.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from bot.channels.base import Outbound, Picture
from bot.channels.telegram import Telegram, messages
from bot.delivery import Delivery
from bot.letters import apart, write
from bot.metrics import Metrics
from bot.pacing import Pace
from flows.model import Button
from storage import contacts, outbox, tables
from storage.contacts import Contact, NewContact
from storage.outbox import BULK, REPLY, NewMessage
from storage.sealing import Keys
from tests.bot.channels.contract import listening
from tests.support.botapi import BotApi
from tests.support.botapi.citizen import PNG
from tests.support.house import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from bot.channels.base import Raw
    from storage.database import Database

ANA, BEN, CEM = 7, 8, 9
KEYS = Keys([b"k" * 32])


@dataclass(slots=True)
class Post:
    """A sender with its database, and the Bot API it sends to."""

    database: Database
    api: BotApi
    channel: Telegram
    clock: Clock = field(default_factory=Clock)
    pace: Pace = field(default_factory=Pace)

    def people(self, *addresses: int) -> None:
        """Let these be known to us."""
        new = [NewContact("telegram", _hash(a), KEYS.seal(str(a)), "en", self.clock()) for a in addresses]
        with self.database.transaction() as db:
            contacts.add(db, new)

    def says(self, address: int, *texts: str, priority: int = REPLY, **about: Any) -> None:
        """Decide to say something."""
        now = self.clock()
        with self.database.transaction() as db:
            person = self.contact(address)
            for text in texts:
                body = write(Outbound("", "", text, **about))
                outbox.enqueue(db, [NewMessage(f"{address}/{text}", person.id, "telegram", priority, body, now, now)])

    def says_whole(self, address: int, message: Outbound) -> None:
        """Decide to say something as the parts it takes."""
        now, person = self.clock(), self.contact(address)
        parts = [(each.key, person.id, "telegram", REPLY, write(each), now, now) for each in apart(message)]
        with self.database.transaction() as db:
            outbox.enqueue(db, [NewMessage(*part) for part in parts])

    def contact(self, address: int) -> Contact:
        """Return somebody we know."""
        key = ("telegram", _hash(address))
        with self.database.reading() as db:
            return contacts.find(db, [key])[key]

    def rows(self) -> list[Any]:
        """Return the outbox as it is."""
        with self.database.reading() as db:
            return list(db.execute(select(tables.outbox).order_by(tables.outbox.c.id)))

    def statuses(self) -> list[str]:
        """Return what has become of each message, in the order decided."""
        return [row.status for row in self.rows()]

    async def heard(self, address: int) -> list[str]:
        """Return what somebody has been told, in order."""
        return [message.get("text", "") for message in await self.api.citizen(address).messages()]

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Let the sender run to the end of the block."""
        paces = {"telegram": self.pace}
        delivery = Delivery(self.database, {"telegram": self.channel}, KEYS, "me:1:x", self.clock, Metrics(), paces)
        task = asyncio.create_task(delivery.run())
        try:
            yield
        finally:
            delivery.stop()
            await task

    async def until(self, *statuses: str, within: float = 15.0) -> None:
        """Send until this has become of the messages, and each that is due again has been tried or waits behind one."""
        async with asyncio.timeout(within):
            while self.statuses() != list(statuses) or self._untried():  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.02)

    def _untried(self) -> bool:
        behind = {row.contact_id for row in self.rows() if row.error}
        return any(row.status == "due" and row.contact_id not in behind for row in self.rows())

    async def becomes(self, *statuses: str) -> None:
        """Send until this has become of the messages, and make sure that it stays so."""
        async with self.sending():
            await self.until(*statuses)
        assert self.statuses() == list(statuses)


def _hash(address: int) -> bytes:
    return KEYS.address_hash("telegram", str(address))


@pytest.fixture
async def post(database: Database, api: BotApi, channel: Telegram, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Give a sender that knows Ana, Ben and Cem, who have talked with the bot, and rests but shortly."""
    monkeypatch.setattr(messages, "SOON", timedelta(seconds=0.3))
    monkeypatch.setattr(messages, "LATER", timedelta(seconds=0.6))
    post = Post(database, api, channel)
    post.people(ANA, BEN, CEM)
    for address in (ANA, BEN, CEM):
        await api.citizen(address).sends("/start")
    return post


# --------------------------------------------------------------------------- too fast


async def test_a_busy_chat_waits_alone_and_keeps_its_order(post: Post) -> None:
    post.api.fault("sendMessage", chat=ANA, retry_after=30)
    post.says(ANA, "one", "two")
    post.says(BEN, "hello")
    await post.becomes("due", "due", "sent")
    first, second, _ = post.rows()
    assert first.due_at == post.clock() + timedelta(seconds=30)
    assert (first.attempts, second.attempts) == (1, 0)
    assert "retry" in first.error.lower()
    post.clock.forward(seconds=30)
    await post.becomes("sent", "sent", "sent")
    assert await post.heard(ANA) == ["one", "two"]
    assert post.contact(ANA).unreachable_at is None


async def test_a_picture_with_a_long_text_is_several_messages_and_a_refusal_repeats_none_that_has_arrived(
    post: Post,
) -> None:
    text = "\n\n".join(f"{n} {'word ' * 700}".strip() for n in range(3))
    post.says_whole(ANA, Outbound("long", "", text, picture=Picture(PNG, "A chart.")))
    post.api.limit(chat=(1.0, 2))
    await post.becomes("sent", "sent", "due", "due")
    post.api.limit()
    post.clock.forward(seconds=30)
    await post.becomes("sent", "sent", "sent", "sent")
    assert await post.heard(ANA) == ["", *text.split("\n\n")]
    assert [each["caption"] for each in await post.api.citizen(ANA).messages() if "caption" in each] == ["A chart."]


async def test_a_busy_bot_leaves_everybody_alone_for_as_long_as_it_is_told(post: Post) -> None:
    """Not one request more: who asks again too early is refused for longer."""
    post.pace = Pace(rate=20.0)
    post.api.fault("sendMessage", chat=ANA, retry_after=2)
    post.api.fault("sendMessage", chat=BEN, retry_after=2)
    post.says(ANA, "hello")
    post.says(BEN, "hello")
    async with post.sending():
        async with asyncio.timeout(10):
            while sum(row.error is not None for row in post.rows()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        refused = post.api.requests[-1].at
        post.says(CEM, "one", "two")
        post.clock.forward(seconds=2)
        await post.until("sent", "sent", "sent", "sent")
    later = [request.at - refused for request in post.api.requests if request.at > refused]
    assert min(later) > 1.9
    for address, texts in {ANA: ["hello"], BEN: ["hello"], CEM: ["one", "two"]}.items():
        assert await post.heard(address) == texts


async def test_two_busy_chats_with_others_served_between_hold_up_nobody(post: Post) -> None:
    post.pace = Pace(rate=20.0)
    post.api.fault("sendMessage", chat=ANA, retry_after=30)
    post.api.fault("sendMessage", chat=CEM, retry_after=30)
    post.says(ANA, "hello")
    await post.becomes("due")
    post.says(BEN, "one")
    await post.becomes("due", "sent")
    post.says(CEM, "hello")
    post.says(BEN, "two")
    await post.becomes("due", "sent", "due", "sent")


# --------------------------------------------------------------------------- nobody there, or nothing to be done


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (403, "Forbidden: bot was kicked from the group chat"),
        (403, "Forbidden: bot is not a member of the supergroup chat"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: user not found"),
        (400, "Bad Request: PEER_ID_INVALID"),
    ],
)
async def test_who_cannot_be_reached_is_marked_and_gets_nothing_more(post: Post, status: int, words: str) -> None:
    post.api.fault("sendMessage", chat=ANA, status=status, description=words)
    post.says(ANA, "one", "two")
    post.says(BEN, "hello")
    await post.becomes("gone", "gone", "sent")
    first, second, _ = post.rows()
    assert words.partition(": ")[2].lower() in first.error.lower()
    assert second.error == "cancelled"
    assert post.contact(ANA).unreachable_at == post.clock()
    assert post.contact(BEN).unreachable_at is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Bad Request: message is too long"),
        (400, "Bad Request: can't parse entities: unsupported start tag"),
        (400, "Bad Request: BUTTON_DATA_INVALID"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
        (400, "Bad Request: something nobody has heard of"),
        (413, "Request Entity Too Large"),
    ],
)
async def test_a_refused_message_is_given_up_and_the_person_hears_the_next_one(
    post: Post, status: int, words: str
) -> None:
    post.api.fault("sendMessage", chat=ANA, status=status, description=words)
    post.says(ANA, "one", "two")
    await post.becomes("gone", "sent")
    assert post.rows()[0].error
    assert post.contact(ANA).unreachable_at is None
    assert await post.heard(ANA) == ["two"]


@pytest.mark.parametrize(
    ("words", "anew"),
    [
        ("Bad Request: message is not modified", False),
        ("Bad Request: message to edit not found", True),
        ("Bad Request: message can't be edited", True),
    ],
)
async def test_a_message_that_cannot_be_changed_is_said_anew_unless_it_is_as_wanted(
    post: Post, words: str, anew: bool
) -> None:
    post.says(ANA, "first")
    await post.becomes("sent")
    post.api.fault("editMessageText", status=400, description=words)
    post.says(ANA, "changed", replaces=post.rows()[0].external_id)
    await post.becomes("sent", "sent")
    assert await post.heard(ANA) == (["first", "changed"] if anew else ["first"])


async def test_a_tap_answered_too_late_does_no_harm(post: Post) -> None:
    """There is no row for it: the clock on the button stops by itself."""
    kept: list[Raw] = []

    async def accept(raws: Sequence[Raw]) -> None:
        kept.extend(raws)

    post.says(ANA, "Well?", buttons=(Button("Yes", "t:q:yes"),))
    await post.becomes("sent")
    words = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    post.api.fault("answerCallbackQuery", status=400, description=words)
    await post.api.citizen(ANA).taps("Yes")
    async with listening(post.channel, accept), asyncio.timeout(10):
        while post.api.pending or not post.api.world.counts["answerCallbackQuery"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert b"t:q:yes" in kept[-1].body
    assert post.channel.trouble is None


async def test_a_group_that_became_a_supergroup_is_followed_there(post: Post) -> None:
    group = post.api.group(-5)
    post.people(-5)
    post.says(-5, "one")
    await post.becomes("sent")
    post.api.migrate(group, -1005)
    post.says(-5, "two", "three")
    await post.becomes("sent", "sent", "sent")
    moved = post.api.world.chats[-1005]
    assert [message["text"] for message in moved.messages.values() if "text" in message] == ["two", "three"]
    assert KEYS.unseal(post.contact(-1005).address_sealed) == "-1005"


# --------------------------------------------------------------------------- nobody knows whether it arrived


@pytest.mark.parametrize(
    ("trouble", "arrived"),
    [
        ({"slow": 3.3}, True),
        ({"cut": "before"}, False),
        ({"cut": "after"}, True),
        ({"body": "<html>hotel</html>"}, True),
    ],
    ids=["no answer in time", "a line cut before", "a line cut after", "nonsense for an answer"],
)
async def test_what_may_have_arrived_is_said_again_once_and_in_its_place(
    post: Post, trouble: dict[str, Any], arrived: bool
) -> None:
    """A repeat is the worst that happens: nothing is lost, nothing is out of order, nobody else waits."""
    post.api.fault("sendMessage", chat=ANA, **trouble)
    post.says(ANA, "one", "two")
    post.says(BEN, "hello")
    await post.becomes("due", "due", "sent")
    assert post.rows()[0].due_at == post.clock() + timedelta(seconds=1)
    post.clock.forward(seconds=1)
    await post.becomes("sent", "sent", "sent")
    assert await post.heard(ANA) == ["one"] * arrived + ["one", "two"]
    assert await post.heard(BEN) == ["hello"]
    assert post.contact(ANA).unreachable_at is None


# --------------------------------------------------------------------------- it certainly did not arrive


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500, "description": "Internal Server Error"},
        {"status": 502, "description": "Bad Gateway"},
        {"status": 503, "body": "<html>down for maintenance</html>"},
        {"status": 504, "body": ""},
    ],
    ids=["500", "502", "503 and a page", "504 and nothing"],
)
async def test_a_server_in_trouble_gets_it_again_and_others_go_on(post: Post, trouble: dict[str, Any]) -> None:
    post.api.fault("sendMessage", chat=ANA, **trouble)
    post.says(ANA, "one")
    post.says(BEN, "hello")
    await post.becomes("due", "sent")
    assert post.rows()[0].due_at == post.clock() + messages.SOON
    post.clock.forward(seconds=1)
    await post.becomes("sent", "sent")
    assert await post.heard(ANA) == ["one"]


@pytest.mark.parametrize("status", [400, 403])
async def test_a_firewalls_page_is_no_word_of_telegrams_about_anybody(post: Post, status: int) -> None:
    """It would make everybody unreachable, and their messages gone."""
    post.pace = Pace(rate=20.0)
    post.api.fault("sendMessage", times=2, status=status, body="<html>blocked by your network</html>")
    post.says(ANA, "hello")
    post.says(BEN, "hello")
    async with post.sending():
        async with asyncio.timeout(10):
            while sum(row.error is not None for row in post.rows()) < 1:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        for _ in range(4):
            post.clock.forward(seconds=1)
            await asyncio.sleep(0.7)
    assert post.statuses() == ["sent", "sent"]
    assert post.contact(ANA).unreachable_at is None


async def test_after_a_firewalls_page_nobody_is_asked_until_the_wait_is_over(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LATER", timedelta(seconds=3))
    post.api.fault("sendMessage", times=1, status=403, body="<html>blocked by your network</html>")
    post.says(ANA, "hello")
    async with post.sending():
        await _first_error(post)
        asked = len(post.api.requests)
        post.says(BEN, "hello")
        post.clock.forward(minutes=2)
        await asyncio.sleep(1.5)
        assert len(post.api.requests) == asked == 1, "somebody was asked while all wait"
        async with asyncio.timeout(10):
            while post.statuses() != ["sent", "sent"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def _first_error(post: Post) -> None:
    async with asyncio.timeout(10):
        while not any(row.error for row in post.rows()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_while_nobody_listens_everything_waits_and_then_all_of_it_leaves(
    database: Database, make: Callable[..., Telegram], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "SOON", timedelta(seconds=0.3))
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))  # nobody else gets this port, and nobody listens
        port = kept.getsockname()[1]
        post = Post(database, BotApi(port=port), make(base_url=f"http://127.0.0.1:{port}"), pace=Pace(rate=50.0))
        await _wait_for_the_server(post)
        await post.channel.close()


async def _wait_for_the_server(post: Post) -> None:
    post.people(ANA, BEN)
    post.says(ANA, "one", "two")
    post.says(BEN, "hello", priority=BULK)
    async with post.sending():
        async with asyncio.timeout(10):
            while not any(row.error for row in post.rows()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        assert "sent" not in post.statuses()
        async with post.api:
            for address in (ANA, BEN):
                await post.api.citizen(address).sends("/start")
            async with asyncio.timeout(15):
                while set(post.statuses()) != {"sent"}:
                    post.clock.forward(seconds=1)
                    await asyncio.sleep(0.1)
            assert await post.heard(ANA) == ["one", "two"]
            assert await post.heard(BEN) == ["hello"]


async def test_a_slow_server_is_asked_side_by_side_and_nothing_twice(post: Post) -> None:
    people = range(100, 130)
    post.people(*people)
    for address in people:
        await post.api.citizen(address).sends("/start")
        post.says(address, "hello")
    post.pace = Pace(rate=200.0, wires=64)
    post.api.fault("sendMessage", times=len(people), slow=1.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await post.becomes(*["sent"] * len(people))
    assert loop.time() - began < len(people) * 1.0 / 2
    assert Counter(request.parameters["chat_id"] for request in post.api.requests) == dict.fromkeys(people, 1)


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refused_token_stops_sending_loses_nothing_and_is_told(
    post: Post, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LATER", timedelta(seconds=3))
    post.pace = Pace(rate=20.0)
    post.api.fault("sendMessage", times=1, status=status, description="Unauthorized")
    post.says(ANA, "one", "two")
    async with post.sending():
        async with asyncio.timeout(10):
            while not any(row.error for row in post.rows()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert "token" in str(post.channel.trouble)
        post.says(BEN, "hello")
        asked = len(post.api.requests)
        await asyncio.sleep(0.3)
        assert len(post.api.requests) == asked
        post.clock.forward(seconds=3)
        await post.until("sent", "sent", "sent")
    assert post.channel.trouble is None
    assert await post.heard(ANA) == ["one", "two"]
    assert post.contact(ANA).unreachable_at is None
