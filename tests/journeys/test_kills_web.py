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
from tests.bot.channels.web.test_staff_pages import stamp
from tests.bot.channels.web.test_staff_threads import form_of
from tests.journeys.ordeal import THROUGH_LIVES, Midwife, Ordeal, seen

if TYPE_CHECKING:
    from pathlib import Path

CHAT = "web.noted web.kept web.writes web.written web.chooses web.chosen".split()
THREADS = """thread.answers thread.answered thread.hands thread.handed thread.blocks thread.blocked thread.closes
thread.closed""".split()

CROSSINGS = [*CHAT, *THREADS]
WORDS = ("Open later", "Lend out tools", "A warmer reading room")


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

    async def presses(self, path: str, page: httpx.Response, **form: str) -> httpx.Response:
        """Send a form of a page for staff."""
        return await self._until_it_works("POST", path, {"stamp": stamp(page), **form})

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
        for n, crossing in enumerate(CHAT):
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
    assert ordeal.kills == len(CHAT)


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


# --------------------------------------------------------------------------- staff answer citizens

QUESTION, ANSWER = "Where is the lift?", "Behind the stairs."


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_staff_do_in_a_thread_happens_once_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife
) -> None:
    async with Ordeal(tmp_path, bare_url, midwife) as ordeal, AsyncExitStack() as clients:
        links = [await invited(ordeal, name) for name in ("Maya", "Omar")]
        await ordeal.lives()
        for number, link in enumerate(links):
            await ordeal.api.citizen(501 + number).sends(link["telegram"])
            await seen(ordeal.api.citizens[501 + number], "manager")
        ana = ordeal.api.citizen(503)
        for text in ("/start", "/human", QUESTION):
            await ana.sends(text)
        await seen(ordeal.api.citizens[502], QUESTION)
        browser = Browser(await clients.enter_async_context(client_of(ordeal)))
        token = links[0]["web"].partition("token=")[2]
        await browser.client.post("/manage/sign-in", data={"token": token})
        await ordeal.over()
        await ordeal.stops()
        work = asyncio.create_task(answers(browser))
        for crossing in THREADS:
            await ordeal.lives(f"{crossing}:1")
            assert await ordeal.dies(), ordeal.told()
        await ordeal.lives()
        page = await work
        await ordeal.over()
        await ordeal.stops()
        check_thread(ordeal)
    assert "The thread is closed." in page.text
    assert ordeal.kills == len(THREADS)


async def invited(ordeal: Ordeal, name: str) -> dict[str, str]:
    """Return the links of a new manager."""
    who = ("--role", "manager", "--service", "library", "--name", name, "--mail", f"{name.lower()}@city.example")
    links: dict[str, str] = await ordeal.asks("invite", *who)
    return links


async def answers(browser: Browser) -> httpx.Response:
    """Answer the citizen, hand the thread on to a colleague, and close it."""
    listed = await browser.gets("/manage/threads")
    (path,) = re.findall(r"/manage/threads/[\w-]+", listed.text)
    page = await browser.gets(path)
    await browser.presses(f"{path}/reply", page, text=ANSWER, form=form_of(page))
    (omar,) = re.findall(r'<option value="(\d+)">Omar', page.text)
    await browser.presses(f"{path}/hand", page, to=omar)
    await browser.presses(f"{path}/block", page, why="Insults")
    return await browser.presses(f"{path}/close", page)


def check_thread(ordeal: Ordeal) -> None:
    """The answer, the handing on and the end were written once, and each was told once to whom it concerns."""
    with ordeal.looking() as db:
        authors = db.execute(select(tables.thread_messages.c.author).order_by(tables.thread_messages.c.id)).scalars()
        assert list(authors) == ["citizen", "staff", "staff"]
        wanted = select(tables.outbox.c.key).where(tables.outbox.c.key.startswith("thread."))
        parts = [key.split(".")[2:] for key in db.execute(wanted).scalars()]
    words = [each for each in parts if not each[1].startswith(("thread_", "human_"))]
    assert sorted(each[1] for each in parts if each not in words) == [
        "human_closed",  # to the citizen
        "thread_answered",  # to the colleague, as the two below
        "thread_closed_by",
        "thread_handed",
    ]
    assert len(words) == len(
        ("the question to Maya", "to Omar", "the answer to the citizen", "the reason of the block")
    )
