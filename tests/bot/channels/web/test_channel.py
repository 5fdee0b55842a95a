"""The web chat keeps what every channel promises."""

from __future__ import annotations

import asyncio
import html
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.channels.base import Gone, Outbound, Picture, Raw, Sent
from bot.channels.web import site
from bot.channels.web.channel import NAME, Post, WebChannel, address_of
from bot.channels.web.chat import COOKIE
from flows.model import Kind
from tests.bot.channels.contract import Feed, ListeningContract, ReadingContract, SendingContract, Shown
from tests.bot.channels.web.stage import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.bot.channels.web.stage import Program

TOKEN = "a-browser-of-chance"
ADDRESS = address_of(TOKEN)


@pytest.fixture
def channel(it: Program) -> WebChannel:
    """The channel of the program."""
    return it.chat


@pytest.fixture
def raws() -> list[Raw]:
    """One of each kind."""
    posts = [
        Post(ADDRESS, text="/start lib", start="lib", language="es"),
        Post(ADDRESS, Kind.TAP, data="t4g:overall:5"),
        Post(ADDRESS, Kind.PLACE, latitude=41.4, longitude=2.17),
        Post(ADDRESS, Kind.PHOTO, file="x.jpg", text="the door"),
        Post(ADDRESS, text="مرحبا 👋"),
    ]
    return [post.raw(f"n{number}") for number, post in enumerate(posts)]


@dataclass
class Browser:
    """A visitor's browser, without a script."""

    it: Program
    client: httpx.AsyncClient
    address: str = ADDRESS
    troubles: Mapping[str, type] = field(default_factory=lambda: {"forgotten": Gone})

    async def shown(self) -> Sequence[Shown]:
        page = (await self.client.get("/chat")).text
        pieces = dict(re.findall(r'<article [^>]*id="m(\d+)"(.*?)</article>', page, re.DOTALL))
        return [
            Shown(line.text, _labels(pieces[str(line.id)])) for line in self.it.chat.lines(ADDRESS) if not line.mine
        ]

    async def suffer(self, trouble: str) -> None:
        assert trouble == "forgotten"
        self.address = address_of("somebody who was never here")

    async def tap(self, label: str) -> Raw:
        line = next(line for line in reversed(self.it.chat.lines(ADDRESS)) if line.buttons)
        data = next(button.data for button in line.buttons if button.label == label)
        taken: list[Raw] = []

        async def accept(raws: Sequence[Raw]) -> None:
            taken.extend(raws)

        task = asyncio.create_task(self.it.chat.listen(accept))
        await asyncio.sleep(0)
        try:
            quiet = {"accept": "application/json"}
            await self.client.post("/chat", data={"data": data, "nonce": f"tap-{len(label)}-chance"}, headers=quiet)
        finally:
            task.cancel()
        return taken[-1]


def _labels(piece: str) -> tuple[str, ...]:
    """Return what stands on the buttons of one line of the page."""
    found = re.findall(r'<button name="data"[^>]*>(.*?)</button>', piece, re.DOTALL)
    return tuple(html.unescape(re.sub("<[^>]+>", "", label)).strip() for label in found)


@pytest.fixture
async def world(it: Program) -> AsyncIterator[Browser]:
    """A visitor who has said hello, with the line forgotten that says so."""
    raw = Post(ADDRESS, text="hello", shown="hello").raw("n")
    it.chats.note(raw, *it.chat.parse(raw))
    transport = httpx.ASGITransport(site(it))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", cookies={COOKIE: TOKEN}) as client:
        yield Browser(it, client)


class TestReading(ReadingContract):
    def test_the_same_form_twice_is_one_message(self) -> None:
        post = Post(ADDRESS, text="Good")
        assert post.raw("n1") == post.raw("n1")

    def test_other_words_another_form_or_another_visitor_are_other_messages(self) -> None:
        ids = {
            Post(ADDRESS, text="Good").raw("n1").external_id,
            Post(ADDRESS, text="Bad").raw("n1").external_id,
            Post(ADDRESS, text="Good").raw("n2").external_id,
            Post("x" * 40, text="Good").raw("n1").external_id,
        }
        assert len(ids) == 4

    def test_what_lies_in_the_inbox_opens_no_conversation(self, raws: Sequence[Raw]) -> None:
        """The secret of the browser's cookie is nowhere in it."""
        assert all(TOKEN not in raw.body.decode() for raw in raws)

    def test_a_start_keeps_its_code_and_language(self, channel: WebChannel, raws: Sequence[Raw]) -> None:
        (inbound,) = channel.parse(raws[0])
        assert (inbound.start, inbound.language, inbound.message.text) == ("lib", "es", "/start lib")


class TestSending(SendingContract):
    async def test_a_picture_of_ours_is_kept_once_per_key(self, it: Program, world: Browser) -> None:
        message = Outbound("digest-1", ADDRESS, "This week", picture=Picture(b"\x89PNG...", "a chart"))
        assert isinstance(await it.chat.send(message), Sent)
        assert isinstance(await it.chat.send(message), Sent)
        (line,) = [line for line in it.chat.lines(ADDRESS) if line.file]
        assert line.alt == "a chart"
        assert [file.name for file in it.uploads.iterdir()] == [line.file]


class TestListening(ListeningContract):
    @pytest.fixture
    async def feed(self, it: Program) -> AsyncIterator[Feed]:
        """Browsers that press Send, and press it again after an error."""
        transport = httpx.ASGITransport(site(it))
        client = httpx.AsyncClient(transport=transport, base_url="http://voice.test", cookies={COOKIE: TOKEN})
        sending: list[asyncio.Task[None]] = []

        async def press(number: int) -> None:
            while True:
                form = {"text": f"message {number}", "nonce": f"nonce-of-{number}"}
                answer = await client.post("/chat", data=form, headers={"accept": "application/json"})
                if answer.status_code == 200:
                    return
                await asyncio.sleep(0.01)

        async def arrive(count: int) -> None:
            sending.extend(asyncio.create_task(press(number)) for number in range(count))

        async def pending() -> int:
            await asyncio.sleep(0)
            return sum(not task.done() for task in sending)

        yield Feed(arrive, pending)
        for task in sending:
            task.cancel()
        await client.aclose()


async def test_a_visitors_words_stand_before_the_reply(it: Program) -> None:
    """Whoever posted it learns its number, by which the page knows what is said since."""
    async with listening(it):
        number = await it.chat.accept(Post(ADDRESS, text="hello"), "n", "hello")
    first, *rest = it.chat.lines(ADDRESS)
    assert (first.id, first.text, first.mine) == (number, "hello", True)
    assert rest
    assert not any(line.mine for line in rest)


async def test_closing_ends_listening(it: Program) -> None:
    """The loop can stop while pages are open."""

    async def accept(_raws: Sequence[Raw]) -> None: ...

    task = asyncio.create_task(it.chat.listen(accept))
    await asyncio.sleep(0)
    await it.chat.close()
    async with asyncio.timeout(1):
        await task


def test_an_address_tells_nothing_of_the_cookie() -> None:
    assert TOKEN not in ADDRESS
    assert len(ADDRESS) == 40
    assert json.dumps(ADDRESS)
    assert NAME == "web"
