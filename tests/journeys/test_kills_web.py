"""The process is killed at every crossing of the web chat, while a browser without a script talks over HTTP.

A browser sends its form again, as somebody does who presses once more after an error: the same form, the same number.
The web chat knows its messages by their keys, so here nothing at all may come twice.
"""

from __future__ import annotations

import asyncio
import html
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from storage import tables
from tests.bot.channels.web.test_chat_pages import nonce, said
from tests.journeys.ordeal import THROUGH_LIVES, Midwife, Ordeal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CROSSINGS = "web.noted web.kept web.writes web.written web.chooses web.chosen".split()
WORDS = ("Open later", "Lend out tools", "A warmer reading room")


@pytest.fixture(scope="module")
def midwife() -> Iterator[Midwife]:
    """Give one process to fork all lives of this module."""
    midwife = Midwife()
    yield midwife
    midwife.close()


class Browser:
    """A browser that is patient: what fails is sent again, the same form with the same number."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def gets(self, path: str) -> httpx.Response:
        """Look at a page."""
        return await self._until_it_works("GET", path)

    async def posts(self, path: str, page: httpx.Response, **form: str) -> httpx.Response:
        """Send a form of a page."""
        return await self._until_it_works("POST", path, {"nonce": nonce(page), **form})

    async def _until_it_works(self, how: str, path: str, form: dict[str, str] | None = None) -> httpx.Response:
        async with asyncio.timeout(THROUGH_LIVES):
            while True:
                try:
                    answer = await self.client.request(how, path, data=form)
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.is_success:
                    return answer
                await asyncio.sleep(0.1)

    async def sees(self, words: str) -> httpx.Response:
        """Wait until the last thing said has these words."""
        async with asyncio.timeout(THROUGH_LIVES):
            while words not in said(page := await self.gets("/chat"))[-1]:  # noqa: ASYNC110 - a page has no event
                await asyncio.sleep(0.1)
        return page


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_in_the_web_chat_nothing_is_lost_or_doubled_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife
) -> None:
    async with Ordeal(tmp_path, bare_url, midwife) as ordeal, AsyncExitStack() as clients:

        async def comes() -> tuple[Browser, asyncio.Task[None]]:
            """Let somebody come who talks from the beginning to the end."""
            browser = Browser(await clients.enter_async_context(client_of(ordeal)))
            return browser, asyncio.create_task(talks(ordeal, browser))

        ordeal.code = await ordeal.opened("matters")
        browser, talk = await comes()
        for n, crossing in enumerate(CROSSINGS):
            await ordeal.lives(f"{crossing}:{1 + n % 2}")
            while not await ordeal.dies(within=1):
                if talk.done():  # said all before it came to that
                    await talk
                    browser, talk = await comes()
        await ordeal.lives()
        await talk
        await ordeal.over()
        page = await browser.gets("/chat")
        await ordeal.stops()
        check(ordeal, page)
    assert ordeal.kills == len(CROSSINGS)


def client_of(ordeal: Ordeal) -> httpx.AsyncClient:
    """Return a browser's line to the installation, which comes and goes."""
    address = f"http://127.0.0.1:{ordeal.port}"
    return httpx.AsyncClient(base_url=address, headers={"origin": address}, follow_redirects=True)


async def talks(ordeal: Ordeal, browser: Browser) -> None:
    """Answer the pulse to its end, switching the language on the way."""
    page = await browser.gets(f"/chat/{ordeal.code}")
    await browser.posts("/chat/start", page, code=ordeal.code)
    for question in ("16 or older", "Shall we begin"):
        page = await browser.sees(question)
        await browser.posts("/chat", page, data=first_button(page))
    for question, words in zip(("comes first", "comes second", "comes third"), WORDS, strict=True):
        page = await browser.sees(question)
        page = await browser.posts("/language", page, language="en", back="/chat")
        await browser.posts("/chat", await browser.sees(question), text=words)
    for question in ("quote", "invite you again"):
        page = await browser.sees(question)
        await browser.posts("/chat", page, data=first_button(page))
    await browser.sees("Your receipt is")


def first_button(page: httpx.Response) -> str:
    """Return what the first button of the last line that has some sends."""
    line = re.findall(r"<article .*?</article>", page.text, re.DOTALL)[-1]
    return html.unescape(re.findall(r'<button name="data" value="([^"]+)"', line)[0])


def check(ordeal: Ordeal, page: httpx.Response) -> None:
    """Every answer and every line is there once, each reply after what it replies to."""
    with ordeal.looking() as db:
        people: dict[bytes, list[str]] = {}
        for pseudonym, text in db.execute(select(tables.answers.c.pseudonym, tables.answers.c.text)):
            people.setdefault(pseudonym, []).append(text)
        lines = db.execute(select(tables.messages.c.contact_id, tables.messages.c.key)).all()
        taken = set(db.execute(select(tables.inbox.c.external_id).where(tables.inbox.c.status == "done")).scalars())
        written = set(db.execute(select(tables.outbox.c.key).where(tables.outbox.c.status == "sent")).scalars())
    assert [sorted(texts) for texts in people.values()] == [sorted(WORDS)] * len(people)
    assert {key for _, key in lines} == {f"in:{key}" for key in taken} | {f"out:{key}" for key in written}
    mine = [text.partition(": ")[2] for text in said(page) if text.startswith("mine")]
    assert [text for text in mine if text in WORDS] == list(WORDS)
